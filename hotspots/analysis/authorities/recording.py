"""Children in need: how completely authorities record factors, and contradictory numbers."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import numpy as np
import pandas as pd

from hotspots.errors import AnalysisError, list_briefly, suggest
from hotspots.model import Extract, Factors, Note, combine

__all__ = ["check_recording", "compare_recording"]

NOT_COLLECTED: Final = "x"
JUMP: Final = 1.25
"""Ratio of factors per assessment from one year to the next from which a note is given."""

MANY: Final = 1.5
"""Episodes with a factor per episode begun in the year from which a note is given."""

WORDS: Final = (
    "A share is of episodes of need with at least one factor at the end of assessment. Left out are assessments at "
    "which no factor was found or none was recorded. A factor mentioned for the child, a parent and another person "
    "counts three times, and a child with two episodes counts twice: mentions are not children. Shares cannot be "
    "compared between authorities that record one factor per assessment and authorities that record all."
)


def compare_recording(
    factors: Sequence[Factors], *, theme: str = "Domestic abuse", episodes: pd.DataFrame | None = None
) -> Extract:
    """Return, by authority and year, the number of factors per assessment and the share with one theme.

    Do not read a difference in shares as a difference in need where factors per assessment differ as well.

    Parameters
    ----------
    factors
        One or more years, as from `read_all_factors`.
    theme
        The factor, whoever it is about: ``"Domestic abuse"`` is the child's, a parent's and another person's.
    episodes
        From `read_episodes`: adds `started` (episodes of need begun in the year) and `per_started` (episodes with a
        factor per episode begun).

    Returns
    -------
    Extract
        One row per authority and year: `assessments` (episodes with a factor), `mentions` (of any factor: at least this
        many), `hidden` (number of suppressed numbers), `per_assessment`, `theme_mentions`, `theme_hidden`,
        `theme_share` (missing where a part is suppressed), `kinds` (number of factors collected). The notes are the
        findings of `check_recording`.

    Raises
    ------
    AnalysisError
        If there are no factors, or none of this theme.
    """
    if not factors:
        raise AnalysisError("There are no factors to compare.", advice="read at least one year")
    table = pd.concat([year.table.assign(period=str(year.period)) for year in factors], ignore_index=True)
    table["theme"] = table["factor"].map(theme_of)
    _need_theme(table, theme)
    rows = [
        _one_authority(part, theme) | {"la_code": code, "la_name": part["la_name"].iloc[0], "period": period}
        for (code, period), part in table.groupby(["la_code", "period"], sort=False)
    ]
    found = pd.DataFrame(rows)
    if episodes is not None:
        started = episodes.set_index(["la_code", "period"])["started"]
        keys = pd.MultiIndex.from_frame(found[["la_code", "period"]])
        found["started"] = started.reindex(keys).to_numpy()
        found["per_started"] = found["assessments"] / found["started"]
    return Extract(
        found,
        kind="recording",
        sentences=(WORDS,),
        identity=combine(
            *factors,
            name="children_in_need_recording",
            title=theme,
            period=factors[0].period.to(factors[-1].period),
            notes=check_recording(factors, episodes=episodes),
        ),
    )


def theme_of(factor: str) -> str:
    """Return a factor without whom it is about.

    Examples
    --------
    >>> theme_of("Domestic abuse (parent)"), theme_of("Gangs")
    ('Domestic abuse', 'Gangs')
    """
    return factor.split(" (", maxsplit=1)[0]


def _need_theme(table: pd.DataFrame, theme: str) -> None:
    known = sorted(set(table["theme"]))
    if theme not in known:
        raise AnalysisError(
            f"No factor is {theme!r}.",
            found=f"{list_briefly(known, 30)}",
            advice=suggest(theme, known, otherwise="name one of these"),
        )


def _one_authority(part: pd.DataFrame, theme: str) -> dict[str, object]:
    """Return the numbers of one authority and year."""
    assessments = float(part["assessments"].iloc[0])
    hidden = part["mentions"].isna() & (part["mark"] != NOT_COLLECTED)
    own = part["theme"] == theme
    mentions, of_theme = float(part["mentions"].sum()), float(part.loc[own, "mentions"].sum(min_count=1))
    theme_hidden = int((hidden & own).sum())
    usable = assessments > 0
    return {
        "assessments": assessments,
        "mentions": mentions,
        "hidden": int(hidden.sum()),
        "per_assessment": mentions / assessments if usable else np.nan,
        "theme": theme,
        "theme_mentions": of_theme,
        "theme_hidden": theme_hidden,
        "theme_share": of_theme / assessments if usable and not theme_hidden else np.nan,
        "kinds": int((part["mark"] != NOT_COLLECTED).sum()),
    }


# --------------------------------------------------------------------------- what contradicts itself


def check_recording(factors: Sequence[Factors], *, episodes: pd.DataFrame | None = None) -> tuple[Note, ...]:
    """Return, in sentences, what in the numbers contradicts itself or can't be compared.

    Looked for are factors with more mentions than there are assessments, authorities with fewer factors than
    assessments with a factor, more episodes with a factor than there were episodes (or many more than began), factors
    per assessment that jump from one year to the next, and kinds of factors that were not collected in all years.

    Parameters
    ----------
    factors, episodes
        As in `compare_recording`.
    """
    said: list[Note] = []
    for year in factors:
        said += _check_year(year, episodes)
    if episodes is not None:
        said += _check_begun(factors, episodes)
    said += _check_jumps(factors)
    kinds = {
        str(year.period): int((year.table["mark"] != NOT_COLLECTED).groupby(year.table["factor"]).any().sum())
        for year in factors
    }
    if len(set(kinds.values())) > 1:
        counted = ", ".join(f"{period}: {number}" for period, number in kinds.items())
        words = f"The number of kinds of factors that were asked for is not the same in all years ({counted})."
        said.append(Note(words, of="publication", numbers=(counted,)))
    return tuple(said)


def _of_file(words: str, *numbers: float | str) -> Note:
    """Return a note with numbers of children's episodes."""
    return Note(words, of="records", numbers=numbers)


def _check_year(factors: Factors, episodes: pd.DataFrame | None) -> list[Note]:
    """Return what contradicts itself within one year."""
    said, when = [], str(factors.period) or "the year"
    over = factors.table[factors.table["mentions"] > factors.table["assessments"]]
    for row in over.to_dict("records"):
        mentions, assessments = row["mentions"], row["assessments"]
        words = (
            f"{row['la_name']}, {when}: {mentions:,.0f} mentions of {row['factor']!r} in {assessments:,.0f} episodes "
            "with a factor; a share over 100% is not a share of children."
        )
        said.append(_of_file(words, when, row["factor"], mentions, assessments, 100))
    for _, part in factors.table.groupby("la_code", sort=False):
        name, assessments = part["la_name"].iloc[0], float(part["assessments"].iloc[0])
        mentions = float(part["mentions"].sum())
        hidden = bool((part["mentions"].isna() & (part["mark"] != NOT_COLLECTED)).any())
        if mentions < assessments and not hidden:
            words = (
                f"{name}, {when}: {mentions:,.0f} factors in {assessments:,.0f} episodes that each have at least one; "
                "both can't be right."
            )
            said.append(_of_file(words, when, mentions, assessments))
        for theme, own in part.groupby(part["factor"].map(theme_of), sort=False):
            total = float(own["mentions"].sum())
            if len(own) > 1 and total > assessments > 0 and not bool((own["mentions"] > assessments).any()):
                words = (
                    f"{name}, {when}: {total:,.0f} mentions of {str(theme).lower()} in {assessments:,.0f} episodes: "
                    "some episodes have it more than once, so this is no share of children."
                )
                said.append(_of_file(words, when, total, assessments))
        if episodes is not None:
            said += _check_episodes(episodes, part, str(name), str(factors.period), assessments)
    return said


def _check_episodes(
    episodes: pd.DataFrame, part: pd.DataFrame, name: str, period: str, assessments: float
) -> list[Note]:
    same = episodes[(episodes["la_code"] == part["la_code"].iloc[0]) & (episodes["period"] == period)]
    if same.empty:
        return []
    at_any = float(same["any_point"].iloc[0])
    if assessments > at_any:
        words = (
            f"{name}, {period}: {assessments:,.0f} episodes with a factor, but only {at_any:,.0f} episodes at any "
            "point in the year; both can't be right."
        )
        return [_of_file(words, period, assessments, at_any)]
    return []


def _check_begun(factors: Sequence[Factors], episodes: pd.DataFrame) -> list[Note]:
    """Return which authorities have many more episodes with a factor than began, and in which years."""
    begun = episodes.set_index(["la_code", "period"])[["started", "any_point"]]
    found: dict[str, list[str]] = {}
    for year in factors:
        for row in year.table.drop_duplicates("la_code").itertuples():
            key = (str(row.la_code), str(year.period))
            if key not in begun.index:
                continue
            started, at_any = begun.loc[[key]].iloc[0]
            if MANY * started <= row.assessments <= at_any:
                found.setdefault(str(row.la_name), []).append(str(year.period))
    return [
        _of_file(
            f"{name} has at least {MANY:g} times as many episodes with a factor as episodes that began in the year "
            f"({list_briefly(periods, 10)}): it may count differently from other authorities.",
            list_briefly(periods, 10),
            MANY,
        )
        for name, periods in found.items()
    ]


def _check_jumps(factors: Sequence[Factors]) -> list[Note]:
    """Return where factors per assessment changed so much from one year to the next that practice may have."""
    per = pd.DataFrame(
        {
            str(year.period): year.table.groupby("la_name", sort=False)["mentions"].sum()
            / year.table.groupby("la_name", sort=False)["assessments"].first()
            for year in factors
        }
    )
    said = []
    for before, after in zip(per.columns[:-1], per.columns[1:], strict=True):
        for name, row in per.iterrows():
            first, second = float(row[before]), float(row[after])
            if first > 0 and second > 0 and max(second / first, first / second) >= JUMP:
                words = (
                    f"{name}: factors in an episode went from {first:.1f} in {before} to {second:.1f} in {after}; "
                    "recording may have changed, and shares of the two years can't be compared."
                )
                said.append(_of_file(words, before, after, round(first, 1), round(second, 1)))
    return said
