"""Permanent exclusions by school and year, with the marks of the Department for Education."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

import numpy as np
import pandas as pd

from hotspots.errors import SourceError
from hotspots.model import AUGUST, Note, Period
from hotspots.sources import _cell_values, _tabular
from hotspots.sources._school_years import (
    choose_secondary,
    choose_years,
    in_words,
    need_authorities,
)
from hotspots.sources._successors import find_in_register, find_successors, follow

HIDDEN_MARK: Final = "x"
MARKS: Final = {
    HIDDEN_MARK: "suppressed small number (x)",
    "c": "confidential (c)",
    ".": "not applicable (.)",
    ":": "not available (:)",
    "z": "not applicable (z)",
    "low": "rounds to zero (low)",
}
"""The key of this file only: elsewhere ``x`` is something else."""

MOST_PUPILS: Final = 20_000
"""In a school, and exclusions from it in a year. The largest school of England has some 4,000 pupils; several schools
that publish as one, and every pupil excluded, stay below it. More is a slip, or the number of an authority."""

MOST_HIDDEN: Final = 1_000
"""Largest number that a mark for a small number can mean; publishers suppress numbers below ten or so."""

NO_PUPILS: Final = "no pupils"
WITHOUT_TYPE: Final = "No column school_type: every row was treated as a state-funded secondary school."


@dataclass(frozen=True, eq=False, slots=True)
class Exclusions:
    """Permanent exclusions of state-funded secondary schools over some years.

    Parameters
    ----------
    rows
        One row per school and year: `laestab`, `year`, `urn`, `name`, `la_code` (GSS), `la_name`, `pupils`, `low`,
        `high` (permanent exclusions), `reason` (why the year can't be used), `hidden` (whether it is suppressed) and
        `fraction` (whether the published count was rounded to a whole one). `number` is the `laestab` in the file; it
        differs where a school's years are counted with those of its successor.
    years
        The years read, as six digits.
    notes
        What was left out or rounded, in sentences.
    tightened
        Whether the intervals say more than the file does by itself: then they are for named readers only.
    """

    rows: pd.DataFrame
    years: tuple[str, ...]
    notes: tuple[Note, ...]
    tightened: bool = False

    @property
    def table(self) -> pd.DataFrame:
        """The sums over the usable years, indexed by `laestab`.

        Columns `urn`, `name`, `la_code`, `la_name`, `pupils` (pupil-years), `low`, `high`, `years` (usable ones),
        `marks` (what stood there instead of numbers, and how often), `hidden_years` (usable ones with a hidden number),
        `predecessors` (whose years are counted here) and `reason` (why no year could be used).
        """
        return _sum_years(self.rows)

    def link_successors(self) -> Exclusions:
        """Return the same with the years of a school that took another number under the new one.

        In the year of change the one may have the pupils and the other the exclusions: they become one year.
        """
        links = find_successors(self.rows)
        if links.empty:
            return self
        ends = follow(links, self.rows["laestab"].unique())
        rows = self.rows.assign(laestab=self.rows["laestab"].map(ends))
        words = (
            f"{len(links):,} schools changed their number (same name and authority, one after the other); their years "
            "are counted under the new number."
        )
        note = Note(words, of="publication", numbers=(len(links),))
        rows, before = _merge_years(rows), _notes(self.rows)
        kept = [note for note in self.notes if note not in before]
        return replace(self, rows=rows, notes=(*kept, *_notes(rows), note))

    def renamed_in(self, register: pd.DataFrame, *, taken: Collection[str]) -> pd.DataFrame:
        """Return which schools carry on under a number that only the register has, as `find_in_register` does.

        Parameters
        ----------
        register
            Rows of the register that no number links: `laestab`, `name`.
        taken
            Numbers of schools that are in the register, open and under their own number.
        """
        rows = self.rows
        return find_in_register(rows[~rows["laestab"].isin(taken)], register, year=rows["year"].max())

    def tighten(self, rows: pd.DataFrame) -> Exclusions:
        """Return the same with the bounds of these rows, tightened with totals: for named readers only."""
        narrower = int(((rows["high"] - rows["low"]) < (self.rows["high"] - self.rows["low"])).sum())
        hidden = int(self.rows["hidden"].sum())
        words = (
            f"Totals of authorities narrow {narrower:,} of {hidden:,} suppressed numbers further than the mark does: "
            "restricted to named readers."
        )
        note = Note(words, of="records", numbers=(narrower, hidden))
        return replace(self, rows=rows.copy(), notes=(*self.notes, note), tightened=True)

    @property
    def period(self) -> Period:
        """The years, e.g. ``2014/15 to 2016/17``."""
        words = [in_words(year) for year in self.years]
        steps = {int(b[:4]) - int(a[:4]) for a, b in zip(self.years, self.years[1:], strict=False)}
        if len(words) == 1:
            return Period.read(words[0], year_ends=AUGUST)
        return Period.read(f"{words[0]} to {words[-1]}" if steps == {1} else ", ".join(words), year_ends=AUGUST)


def read_exclusions(path: Path | str, *, years: Sequence[str] | None, hidden: tuple[int, int]) -> Exclusions:
    """Return headcounts and permanent exclusions summed over the years, by school.

    A year in which the number is confidential, not applicable or missing is left out, pupils included; a suppressed
    small number is an interval.

    Raises
    ------
    SourceError
        If the file, a column or a year is missing, a school has two rows of a year, a cell can't be read or holds more
        than a school can have, or `hidden` are not small numbers.
    """
    _need_small(hidden)
    table = _tabular.read_table(path)
    frame = table.frame
    kind = table.find("school_type")
    every = [] if kind else [Note(WITHOUT_TYPE, of="publication")]
    if kind is not None:
        frame, every = choose_secondary(table, kind)
    year, chosen = choose_years(table, frame, years)
    frame = frame[year.isin(chosen)]
    rows = _school_years(table, frame, year[year.isin(chosen)], hidden)
    return Exclusions(rows, chosen, (*table.notes, *every, *_notes(rows)))


def _need_small(hidden: tuple[int, int]) -> None:
    low, high = hidden
    if not (low % 1 == high % 1 == 0 and 0 <= low <= high <= MOST_HIDDEN):
        raise SourceError(
            f"A suppressed number of exclusions is a small whole number; {low:g} to {high:g} is not possible.",
            found=f"hidden = ({low:g}, {high:g})",
            advice=f"say what the mark {HIDDEN_MARK} means, e.g. (1, 2), at most {MOST_HIDDEN:,}",
        )


def _need_at_most(cells: pd.Series, values: pd.Series, path: Path, *, what: str) -> None:
    """Stop at a number that no school has."""
    odd = cells[values > MOST_PUPILS]
    if len(odd):
        raise SourceError(
            f"{odd.iloc[0]!r} is more {what}.",
            found=f"column {cells.name!r}, row {odd.index[0]} of {path}; {len(odd):,} such cells",
            advice=f"correct the cell: at most {MOST_PUPILS:,} are possible",
        )


def _need_fewer(cells: pd.Series, count: pd.Series, pupils: pd.Series, path: Path) -> None:
    """Stop at more exclusions than pupils; a school without pupils may have those of the number it had before."""
    odd = cells[(count > pupils) & (pupils > 0)]
    if len(odd):
        raise SourceError(
            f"{odd.iloc[0]!r} is more permanent exclusions than the school has pupils.",
            found=f"column {cells.name!r}, row {odd.index[0]} of {path}: {pupils[odd.index[0]]:,.0f} pupils",
            advice="correct the cell, or the headcount of the row",
        )


def _school_years(
    table: _tabular.TextTable, frame: pd.DataFrame, year: pd.Series, hidden: tuple[int, int]
) -> pd.DataFrame:
    """Return one row per school and year: `laestab`, `pupils`, `low`, `high`, `reason` and who it is."""
    pupils, excluded = frame[table.need("headcount")], frame[table.need("perm_excl")]
    headcount = _cell_values.to_number(pupils, _cell_values.with_brackets(MARKS), path=table.path, kind="count")
    # Numbers of early years are grossed up from those that were reported, and are fractions.
    count = _cell_values.to_number(excluded, _cell_values.with_brackets(MARKS), path=table.path, kind="amount")
    _need_at_most(pupils, headcount.values, table.path, what="pupils than a school has")
    _need_at_most(excluded, count.values, table.path, what="permanent exclusions than a school has in a year")
    _need_fewer(excluded, count.values, headcount.values, table.path)
    is_hidden = count.reasons == MARKS[HIDDEN_MARK]
    whole = count.values.round()
    reason = headcount.reasons.where(headcount.reasons != "", count.reasons.mask(is_hidden, ""))
    reason = reason.mask((reason == "") & (headcount.values <= 0), NO_PUPILS)
    laestab = frame[table.need("laestab")].str.replace(r"[/ -]", "", regex=True)

    need_authorities(table, frame)

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
            "number": laestab,
        }
    )
    _tabular.need_distinct(
        rows,
        ("laestab", "year"),
        path=table.path,
        problem="School {!r} has two rows of {}.",
        advice="remove one of them",
    )
    return rows


def _merge_years(rows: pd.DataFrame) -> pd.DataFrame:
    """Return the rows with those of one school and year made one: the sum, under the name of the later number."""
    twice = rows.duplicated(["laestab", "year"], keep=False)
    order = rows[twice].assign(later=rows["number"] == rows["laestab"])
    order = order.sort_values(["laestab", "year", "later"], kind="stable")
    together = order.groupby(["laestab", "year"])
    merged = together.last().drop(columns="later")
    # A number without pupils of its own has its exclusions among the pupils of the other.
    odd = order["reason"].where(order["reason"] != NO_PUPILS, "")
    reason = odd.groupby([order["laestab"], order["year"]]).agg(lambda found: next(filter(None, found), ""))
    for column in ("pupils", "low", "high"):
        merged[column] = together[column].sum(min_count=1)
    for column in ("fraction", "hidden"):
        merged[column] = together[column].any()
    merged["reason"] = reason.mask((reason == "") & ~(merged["pupils"] > 0), NO_PUPILS)
    merged["number"] = together["number"].agg(", ".join)
    return pd.concat([rows[~twice], merged.reset_index()[rows.columns]], ignore_index=True)


def _sum_years(rows: pd.DataFrame) -> pd.DataFrame:
    """Return one row per school: sums over the usable years, names from the last year."""
    last = rows.sort_values(["laestab", "year"]).groupby("laestab")[["urn", "name", "la_code", "la_name"]].last()
    usable = rows[rows["reason"] == ""]
    sums = usable.groupby("laestab")[["pupils", "low", "high"]].sum()
    sums = sums.reindex(last.index).assign(
        years=usable.groupby("laestab").size().reindex(last.index, fill_value=0),
        hidden_years=usable.groupby("laestab")["hidden"].sum().reindex(last.index, fill_value=0),
    )
    without = rows[~rows["laestab"].isin(usable["laestab"])]
    reasons = without.groupby("laestab")["reason"].agg(lambda found: ", ".join(sorted(set(found))))
    reason = ("no usable year: " + reasons).reindex(last.index)
    marks, earlier = _word_marks(rows).reindex(last.index), _word_predecessors(rows).reindex(last.index)
    return last.join(sums).assign(
        marks=marks.where(marks.notna(), "").astype(object),
        predecessors=earlier.where(earlier.notna(), "").astype(object),
        reason=reason.where(reason.notna(), "").astype(object),
    )


def _word_predecessors(rows: pd.DataFrame) -> pd.Series:
    """Return the earlier numbers whose years are counted under a school's, by school, with the evidence."""
    pairs = rows.assign(number=rows["number"].str.split(", ")).explode("number")
    pairs = pairs.loc[pairs["number"] != pairs["laestab"], ["laestab", "number"]].drop_duplicates()
    words = pairs.groupby("laestab")["number"].agg(lambda found: ", ".join(sorted(found)))
    return words + " (same name and authority, one after the other)"


def _word_marks(rows: pd.DataFrame) -> pd.Series:
    """Return the marks instead of numbers by school: e.g. ``"suppressed small number (x): 2 years; blank: 1 year"``."""
    mark = rows["reason"].where(rows["reason"] != "", np.where(rows["hidden"], MARKS[HIDDEN_MARK], ""))
    numbers = rows.assign(mark=mark)[mark != ""].groupby(["laestab", "mark"]).size().rename("years").reset_index()
    plural = np.where(numbers["years"] > 1, "s", "")
    numbers["words"] = numbers["mark"].astype(object) + ": " + numbers["years"].astype(str) + " year" + plural
    words: pd.Series = numbers.groupby("laestab")["words"].agg("; ".join)
    return words


def _notes(rows: pd.DataFrame) -> list[Note]:
    notes = []
    left_out = rows.loc[rows["reason"] != "", "reason"].value_counts()
    if len(left_out):
        listed = "; ".join(f"{reason}: {number:,}" for reason, number in left_out.sort_index().items())
        words = f"School years left out, with their pupils: {listed}."
        notes.append(Note(words, of="publication", numbers=(listed,)))
    number = int((rows["hidden"] & (rows["reason"] == "")).sum())
    if number:
        low, high = rows.loc[rows["hidden"], ["low", "high"]].iloc[0]
        words = f"{number:,} numbers of a school and year are suppressed ({HIDDEN_MARK}): {low:g} to {high:g} each."
        notes.append(Note(words, of="publication", numbers=(number, float(low), float(high))))
    fractions = int(rows["fraction"].sum())
    if fractions:
        words = f"{fractions:,} published counts are not whole numbers and were rounded."
        notes.append(Note(words, of="publication", numbers=(fractions,)))
    return notes
