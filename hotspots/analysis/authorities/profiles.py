"""Who lives where: population, age and deprivation of every authority and place."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from itertools import pairwise
from typing import Final

import numpy as np
import pandas as pd

from hotspots.analysis.authorities.standardisation import units_of
from hotspots.model import EXTRACT_COLUMNS, NO_PERIOD, Ages, Deprivation, Extract, Note, Place, StudyArea, combine

__all__ = ["describe_authorities"]

BANDS: Final = (0, 16, 25, 45, 65)
"""Bands of ages that are shown, as far as the file of ages has them."""
DECILES: Final = range(1, 11)


def describe_authorities(
    area: StudyArea,
    *,
    deprivation: Deprivation | None = None,
    ages: Ages | None = None,
    places: Sequence[Place] = (),
    source: str = "",
) -> Extract:
    """Return population, age and deprivation of every authority, every place and the whole study area.

    Deprivation of an authority is the mean of its areas' scores, each area counted by its children (0 to 15) where ages
    are given, as the Indices of Deprivation do for IDACI; else by its people. An average hides the most deprived parts:
    the shares of areas and of people in the most deprived tenth are given too.

    Parameters
    ----------
    area
        The areas, with a population if there is one.
    deprivation
        Score and decile of the areas; those without a score are left out and counted.
    ages
        People by age; of the areas' geography.
    places
        Parts of the study area, each some of its authorities.
    source
        Where the population comes from.

    Returns
    -------
    Extract
        One row per authority, place and the study area. People and areas are numbers, `area_km2` square kilometres,
        `children` (0 to 15), `under_25`, `over_64`, `most_deprived_areas` and `most_deprived_people` shares from 0 to
        1, `deprivation` the mean score, `deprivation_areas` the number of areas that have one. What was not given is
        missing. Then `age_0`, ... (shares by band) and `decile_1` to `decile_10` (shares of people).

    References
    ----------
    Ministry of Housing, Communities and Local Government (2019), The English Indices of Deprivation 2019, technical
    report: summary measures for larger areas (average score; share of areas in the most deprived tenth).
    """
    facts = _facts(area, deprivation, ages)
    bands = [start for start in BANDS if ages is not None and start in ages.starts]
    by_band = ages.into(bands).table.reindex(area.ids) if ages is not None and bands else None
    rows = []
    for code, name, kind, codes in units_of(area, places):
        inside = area.areas["la_code"].isin(codes).to_numpy()
        row = {"code": code, "name": name, "kind": kind, **_one_unit(facts[inside])}
        if by_band is not None:
            total = by_band[inside].sum()
            row |= {f"age_{start}": total[start] / total.sum() for start in by_band.columns}
        rows.append(row)
    title = deprivation.title if deprivation is not None else ""
    identity = combine(
        area,
        ages,
        deprivation,
        name="",
        title=title,
        period=ages.period if ages else NO_PERIOD,
        notes=_notes(facts, area, deprivation, ages),
    )
    return Extract(
        pd.DataFrame(rows).reindex(columns=_columns(rows)),
        kind="profile",
        sentences=(_words(deprivation, ages, bands),),
        identity=replace(identity, sources=(source, *identity.sources)),
    )


def _columns(rows: list[dict[str, object]]) -> list[str]:
    """Return the columns of a profile, then those of bands and deciles in order."""
    further = list(dict.fromkeys(column for row in rows for column in row))
    first = EXTRACT_COLUMNS["profile"]
    return [*first, *(column for column in further if column not in first)]


def _facts(area: StudyArea, deprivation: Deprivation | None, ages: Ages | None) -> pd.DataFrame:
    """Return a row an area: people, children, square kilometres, score and decile; missing where not known."""
    facts = pd.DataFrame(index=area.ids)
    facts["area_km2"] = area.areas.geometry.area.to_numpy() / 1e6
    by_age = ages.table.sum(axis=1).reindex(area.ids) if ages is not None else pd.Series(np.nan, index=area.ids)
    facts["people"] = area.areas["population"] if area.has_population else by_age
    facts["by_age"] = by_age
    for name, youngest, oldest in (("children", 0, 15), ("under_25", 0, 24), ("over_64", 65, None)):
        found = ages.between(youngest, oldest) if ages is not None else None
        facts[name] = np.nan if found is None else found.reindex(area.ids)
    for name in ("score", "decile"):
        facts[name] = np.nan if deprivation is None else deprivation.table[name].reindex(area.ids)
    # Each area counts in an average by its children, else by its people, else once.
    weights = (facts["children"], facts["people"], pd.Series(1.0, index=area.ids))
    facts["weight"] = next(weight for weight in weights if bool(weight.notna().all()))
    return facts


def _one_unit(facts: pd.DataFrame) -> dict[str, object]:
    """Return the numbers of some areas together."""
    people, km2 = facts["people"].sum(min_count=len(facts)), float(facts["area_km2"].sum())
    by_age = facts["by_age"].sum(min_count=len(facts))
    row: dict[str, object] = {"areas": len(facts), "population": people, "area_km2": km2}
    row["people_per_km2"] = people / km2
    for name in ("children", "under_25", "over_64"):
        row[name] = facts[name].sum(min_count=len(facts)) / by_age
    scored, ranked = facts[facts["score"].notna()], facts[facts["decile"].notna()]
    weight = float(scored["weight"].sum())
    row["deprivation"] = float((scored["score"] * scored["weight"]).sum()) / weight if weight > 0 else np.nan
    row["deprivation_areas"] = max(len(scored), len(ranked))
    row["most_deprived_areas"] = float((ranked["decile"] == 1).mean()) if len(ranked) else np.nan
    total = float(ranked["people"].sum())
    row["most_deprived_people"] = np.nan
    if total > 0:
        shares = ranked["people"].groupby(ranked["decile"].astype(int)).sum().reindex(DECILES, fill_value=0.0) / total
        row["most_deprived_people"] = float(shares[1])
        row |= {f"decile_{decile}": float(share) for decile, share in shares.items()}
    return row


def _words(deprivation: Deprivation | None, ages: Ages | None, bands: Sequence[int]) -> str:
    """Return how the numbers were made."""
    said = []
    if deprivation is not None:
        told = ages is not None and ages.between(0, 15) is not None
        by = "children aged 0 to 15" if told else "people"
        estimated = " (estimated scores)" if deprivation.estimated else ""
        said.append(
            f"{deprivation.title}{estimated}: mean score of the areas, weighted by {by}; decile 1 is the most deprived "
            "tenth of areas nationally."
        )
    if len(bands) > 1:
        names = [f"{first} to {last - 1}" for first, last in pairwise(bands)]
        said.append(f"Ages in bands {', '.join(names)} and {bands[-1]} and over.")
    return " ".join(said)


def _notes(
    facts: pd.DataFrame, area: StudyArea, deprivation: Deprivation | None, ages: Ages | None
) -> tuple[Note, ...]:
    """Return what is missing, and where two sources of people differ."""
    notes = []
    if deprivation is not None:
        without = int((facts["score"].isna() & facts["decile"].isna()).sum())
        if without:
            words = f"{without:,} of {len(facts):,} areas have no {deprivation.title}: left out of its columns."
            notes.append(Note(words, of="publication", numbers=(without, len(facts), deprivation.title)))
    else:
        notes.append(Note("No deprivation was given.", of="settings"))
    if ages is None:
        notes.append(Note("No ages were given.", of="settings"))
    elif area.has_population:
        one, other = float(facts["people"].sum()), float(facts["by_age"].sum())
        missing = int(facts["by_age"].isna().sum())
        if missing:
            words = f"{missing:,} of {len(facts):,} areas have no ages."
            notes.append(Note(words, of="publication", numbers=(missing, len(facts))))
        elif abs(one - other) > 0.005 * one:
            words = f"Population ({one:,.0f}) and ages ({other:,.0f} people) are of different estimates."
            notes.append(Note(words, of="publication", numbers=(round(one), round(other))))
    return tuple(notes)
