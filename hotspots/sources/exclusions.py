"""Permanent exclusions by school and year, with the marks of the Department for Education."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import pandas as pd

from hotspots.errors import SourceError, list_briefly, nearest
from hotspots.sources import tabular

HIDDEN_MARK: Final = "x"
MARKS: Final = {
    HIDDEN_MARK: "hidden small number (x)",
    "c": "confidential (c)",
    ".": "not applicable (.)",
    ":": "not available (:)",
    "z": "not applicable (z)",
}
"""The key of this file only: elsewhere ``x`` is something else."""

SECONDARY: Final = "secondary"


@dataclass(frozen=True, eq=False, slots=True)
class Exclusions:
    """Permanent exclusions of state-funded secondary schools over some years.

    Parameters
    ----------
    table
        Indexed by `laestab`: `urn`, `name`, `la_code` (GSS), `la_name`, `pupils` (pupil-years), `low`, `high`
        (permanent exclusions), `years` (usable ones), `reason` (why no year could be used).
    years
        The years read, as six digits.
    notes
        What was left out or rounded, in sentences.
    """

    table: pd.DataFrame
    years: tuple[str, ...]
    notes: tuple[str, ...]

    @property
    def period(self) -> str:
        """The years in words, e.g. ``"2014/15 to 2016/17"``."""
        words = [f"{year[:4]}/{year[4:]}" for year in self.years]
        steps = {int(b[:4]) - int(a[:4]) for a, b in zip(self.years, self.years[1:], strict=False)}
        if len(words) == 1:
            return words[0]
        return f"{words[0]} to {words[-1]}" if steps == {1} else ", ".join(words)


def read_exclusions(path: Path | str, *, years: Sequence[str] | None, hidden: tuple[int, int]) -> Exclusions:
    """Return headcounts and permanent exclusions summed over the years, by school.

    A year in which the number is confidential, not applicable or missing is left out, pupils included; a hidden
    small number is an interval.

    Raises
    ------
    SourceError
        If the file, a column or a year is missing, a school has two rows of a year, or a cell can't be read.
    """
    table = tabular.read_table(path)
    frame = table.frame
    kind = table.find("school_type")
    if kind is not None:
        frame = frame[frame[kind].str.contains(SECONDARY, case=False)]
        if frame.empty:
            raise SourceError(
                f"{table.path} has no state-funded secondary schools.",
                found=f"school types {list_briefly(table.frame[kind].unique(), 12)}",
                advice="use the file by school with secondary schools",
            )
    year, chosen = _choose_years(table, frame, years)
    frame = frame[year.isin(chosen)]
    rows = _school_years(table, frame, year[year.isin(chosen)], hidden)
    return Exclusions(_sum_years(rows), chosen, (*table.notes, *_notes(rows)))


def _choose_years(
    table: tabular.TextTable, frame: pd.DataFrame, wanted: Sequence[str] | None
) -> tuple[pd.Series, tuple[str, ...]]:
    """Return the year of each row and the years to read, as six digits (``201617``)."""
    column = table.need("time_period", "year", what="the school year")
    year = frame[column].map(_six_digits)
    known = sorted(set(year) - {""})
    chosen = [_six_digits(one) for one in wanted] if wanted else known
    for given, one in zip(wanted or known, chosen, strict=True):
        if one not in known:
            near = nearest(one, known)
            raise SourceError(
                f"{table.path} has no school year {given!r}.",
                found=f"years {list_briefly(known, 20)}",
                advice=f"is it {near!r}?" if near else "name years of the file",
            )
    return year, tuple(sorted(set(chosen)))


def _six_digits(year: str) -> str:
    """Return a school year as the file has it, e.g. 201617 for ``2016/17`` or ``2016-2017``."""
    digits = "".join(character for character in str(year) if character.isdigit())
    return digits[:4] + digits[6:] if len(digits) == 8 else digits


def _school_years(
    table: tabular.TextTable, frame: pd.DataFrame, year: pd.Series, hidden: tuple[int, int]
) -> pd.DataFrame:
    """Return one row per school and year: `laestab`, `pupils`, `low`, `high`, `reason` and who it is."""
    headcount = tabular.to_number(frame[table.need("headcount")], tabular.with_brackets(MARKS), path=table.path)
    count = tabular.to_number(frame[table.need("perm_excl")], tabular.with_brackets(MARKS), path=table.path)
    is_hidden = count.reasons == MARKS[HIDDEN_MARK]
    whole = count.values.round()
    reason = headcount.reasons.where(headcount.reasons != "", count.reasons.mask(is_hidden, ""))
    reason = reason.mask((reason == "") & (headcount.values <= 0), "no pupils")
    laestab = frame[table.need("laestab")].str.replace(r"[/ -]", "", regex=True)

    def maybe(*names: str) -> pd.Series | str:
        column = table.find(*names)
        return frame[column] if column else ""

    rows = pd.DataFrame(
        {
            "laestab": laestab,
            "year": year,
            "urn": maybe("urn", "urn_201718", "school_urn"),
            "name": maybe("school_name", "school_name_201718", "estab_name"),
            "la_code": maybe("new_la_code"),
            "la_name": maybe("la_name"),
            "pupils": headcount.values,
            "low": whole.mask(is_hidden, float(hidden[0])),
            "high": whole.mask(is_hidden, float(hidden[1])),
            "reason": reason,
            "fraction": (count.values - whole).abs() > 1e-9,
            "hidden": is_hidden,
        }
    )
    _need_one_row(rows, table.path)
    return rows


def _need_one_row(rows: pd.DataFrame, path: Path) -> None:
    twice = rows[rows.duplicated(["laestab", "year"], keep=False)]
    if len(twice):
        same = twice[(twice["laestab"] == twice["laestab"].iloc[0]) & (twice["year"] == twice["year"].iloc[0])]
        raise SourceError(
            f"School {same['laestab'].iloc[0]!r} has two rows of {same['year'].iloc[0]}.",
            found=f"rows {same.index[0]} and {same.index[1]} of {path}",
            advice="remove one of them",
        )


def _sum_years(rows: pd.DataFrame) -> pd.DataFrame:
    """Return one row per school: sums over the usable years, names from the last year."""
    last = rows.sort_values(["laestab", "year"]).groupby("laestab")[["urn", "name", "la_code", "la_name"]].last()
    usable = rows[rows["reason"] == ""]
    sums = usable.groupby("laestab")[["pupils", "low", "high"]].sum()
    sums = sums.reindex(last.index).assign(years=usable.groupby("laestab").size().reindex(last.index, fill_value=0))
    without = rows[~rows["laestab"].isin(usable["laestab"])]
    reasons = without.groupby("laestab")["reason"].agg(lambda found: ", ".join(sorted(set(found))))
    reason = ("no usable year: " + reasons).reindex(last.index)
    return last.join(sums).assign(reason=reason.where(reason.notna(), "").astype(object))


def _notes(rows: pd.DataFrame) -> list[str]:
    notes = []
    left_out = rows.loc[rows["reason"] != "", "reason"].value_counts()
    if len(left_out):
        listed = "; ".join(f"{reason}: {number:,}" for reason, number in left_out.sort_index().items())
        notes.append(f"School years left out, their pupils too: {listed}.")
    number = int((rows["hidden"] & (rows["reason"] == "")).sum())
    if number:
        low, high = rows.loc[rows["hidden"], ["low", "high"]].iloc[0]
        notes.append(f"{number:,} numbers of a school and year are hidden ({HIDDEN_MARK}): {low:g} to {high:g} each.")
    fractions = int(rows["fraction"].sum())
    if fractions:
        notes.append(f"{fractions:,} published counts are not whole numbers and were rounded.")
    return notes
