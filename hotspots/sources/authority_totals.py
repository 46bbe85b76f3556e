"""Permanent exclusions by authority and school year: what the totals say of the sum of their schools."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd

from hotspots.errors import SourceError
from hotspots.sources import _cell_values, _tabular
from hotspots.sources._school_years import in_words, is_secondary, tell_years
from hotspots.sources.exclusions import HIDDEN_MARK, MARKS, Exclusions


def read_authority_totals(path: Path | str, exclusions: Exclusions, *, hidden: tuple[int, int]) -> pd.DataFrame:
    """Return what the published totals of authorities say of the sum of their schools' exclusions.

    Where the schools' file has fewer schools of an authority and year than the total counts (`num_schools`), the
    total is only the most that they can have. Where it has more, or where a school's count was a fraction and had to
    be rounded, the total gives no information. A suppressed total is an interval.

    Parameters
    ----------
    path
        Permanent exclusions by authority, year and type of school.
    exclusions
        The exclusions by school, for the years and schools in question.
    hidden
        Lowest and highest number behind the mark ``x``.

    Returns
    -------
    DataFrame
        Indexed by `la_code` and `year`: `low`, `high` (missing where unknown) and `name`, for errors.

    Raises
    ------
    SourceError
        If the file or a column is missing, it has no total of these authorities and years, an authority has two
        totals of a year, or a cell can't be read.
    """
    table = _tabular.read_table(path)
    rows = _total_rows(table, hidden).set_index(["la_code", "year"])
    schools = exclusions.rows.groupby(["la_code", "year"]).agg(number=("laestab", "size"), fraction=("fraction", "any"))
    rows = rows.join(schools, how="inner").sort_index()
    if rows.empty:
        first = schools.index[0] if len(schools) else ("", "")
        raise SourceError(
            f"{table.path} has no totals of these authorities and years.",
            found=f"the schools' first are {first[0]!r} in {first[1]!r}",
            advice="name the file by authority that was published with the one by school",
        )
    says_nothing = rows["fraction"] | (rows["number"] > rows["schools"]) | (rows["low"] % 1 != 0)
    rows["low"] = rows["low"].mask(rows["number"] < rows["schools"], 0.0)
    rows[["low", "high"]] = rows[["low", "high"]].mask(says_nothing)
    return rows[["low", "high", "name"]]


def _total_rows(table: _tabular.TextTable, hidden: tuple[int, int]) -> pd.DataFrame:
    """Return one row per authority and year: `la_code`, `year`, `schools` (where given), `low`, `high`, `name`."""
    frame = table.frame
    level, kind = table.find("geographic_level"), table.need("school_type", what="the type of school")
    frame = frame[is_secondary(frame[kind])]
    if level is not None:
        frame = frame[frame[level].str.casefold() == "local authority"]
    code, year = (
        table.need("new_la_code", "la_code", what="the code of the authority"),
        table.need("time_period", "year"),
    )
    count = _cell_values.to_number(
        frame[table.need("perm_excl")], _cell_values.with_brackets(MARKS), path=table.path, kind="amount"
    )
    is_hidden = count.reasons == MARKS[HIDDEN_MARK]
    number, name = table.find("num_schools"), table.find("la_name")
    schools = (
        _cell_values.to_number(frame[number], _cell_values.with_brackets(MARKS), path=table.path, kind="count").values
        if number
        else np.nan
    )
    rows = pd.DataFrame(
        {
            "la_code": frame[code],
            "year": tell_years(table, frame[year]),
            "schools": schools,
            "low": count.values.mask(is_hidden, float(hidden[0])),
            "high": count.values.mask(is_hidden, float(hidden[1])),
        }
    )
    _tabular.need_distinct(
        rows,
        ("la_code", "year"),
        path=table.path,
        problem="Authority {!r} has two totals of {}.",
        advice="keep one row for each authority, year and type of school",
    )
    authorities = frame[name] if name else frame[code]
    return rows.assign(
        name=[
            f"the secondary schools of {la} in {in_words(year)}"
            for la, year in zip(authorities, rows["year"], strict=True)
        ]
    )
