"""Recorded crime by police force and quarter, as the Home Office publishes it in tables of open data."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path
from typing import Final

import numpy as np
import pandas as pd

from hotspots.errors import SourceError, list_briefly, suggest
from hotspots.model import Identity, Note, Series
from hotspots.sources import _cell_values, _tabular
from hotspots.vocabulary import OPEN

__all__ = ["read_recorded"]

FORCE: Final = ("Force Name", "Police force area", "Police force", "Force")
YEAR: Final = ("Financial Year", "Year")
QUARTER: Final = ("Financial Quarter", "Quarter")
COUNT: Final = ("Knife Crime", "Number of Offences", "Offences", "Total", "Count")
REGION: Final = ("Region", "Region Name")
POPULATION: Final = ("Population",)
FINANCIAL_YEAR: Final = re.compile(r"^((?:19|20)[0-9]{2})\s*[/–-]\s*((?:19|20)[0-9]{2}|[0-9]{2})$")


def read_recorded(
    path: Path | str,
    *,
    force: str,
    count_column: str | None = None,
    years: tuple[int, int] | None = None,
    group: str = "all ages",
    title: str = "",
    name: str = "recorded",
    population_unit: float = 1_000.0,
    provisional: Sequence[str] = (),
    source: str = "Home Office: police recorded crime, by police force area",
    release: str = OPEN,
) -> Series:
    """Return the offences of one police force by quarter of the financial year.

    A financial year runs from April to March: ``2018/19 Q4`` is January to March 2019. Add quarters to years with
    `sum_to_years`. Numbers below zero are corrections of earlier quarters; they are kept and noted, never set to 0.
    Rows of one quarter (e.g. one an offence) are added up; a row that appears twice is an error.

    Parameters
    ----------
    force
        The name of the force as in the file, letter case aside. The region of the same name is another thing.
    count_column
        The column that is counted; ``Knife Crime`` or one like it if None.
    years
        First and last financial year by the calendar year they begin in, both included: (2012, 2018) is 2012/13 to
        2018/19. All of the file if None; quarters that are not in the file are gaps.
    group
        What to call the line in the series.
    population_unit
        People in one unit of the column of population (the Home Office gives thousands).
    provisional
        Quarters that their source still expects to change, e.g. ``("2018/19 Q4",)``.

    Returns
    -------
    Series
        One row per quarter with `begins` (its first day), and `population` where the file has it; intervals are made
        by `with_intervals`. The notes say how many rows are of the force and how many are not.

    Raises
    ------
    SourceError
        If the file, a column or the force is missing, a row appears twice, a year or quarter can't be read, a cell is
        no number, or rows of one quarter have different populations.
    """
    table = _tabular.read_table(path)
    frame = _rows_of(table, force)
    counted = table.need(
        *((count_column,) if count_column else COUNT), option="count_column", what="the number of offences"
    )
    starts, quarters = _years(table, frame), _quarters(table, frame)
    numbers = pd.DataFrame({"start": starts, "quarter": quarters})
    numbers["low"] = _cell_values.to_number(
        frame[counted], path=table.path, kind="whole", advice="negative corrections may stay"
    ).values
    people = table.find(*POPULATION)
    if people is not None:
        numbers["population"] = (
            _cell_values.to_number(frame[people], path=table.path, kind="amount").values * population_unit
        )
        _need_one_population(table, frame[people], numbers)
    _need_numbers(table, numbers["low"], counted)
    series = _by_quarter(numbers, years, path=table.path)
    known = set(series["period"])
    unknown = [period for period in provisional if period not in known]
    if unknown:
        raise SourceError(
            f"There is no quarter {unknown[0]!r} to mark as provisional.",
            found=f"quarters {series['period'].iloc[0]} to {series['period'].iloc[-1]}",
            advice="write quarters like '2018/19 Q4'",
        )
    words = title or f"{counted.replace('_', ' ').strip().lower()}, {frame[table.need(*FORCE)].iloc[0]} force"
    series = series.assign(group=group, high=series["low"], ci_low=np.nan, ci_high=np.nan)
    first = ["period", "group", "low", "high", "ci_low", "ci_high"]
    return Series(
        series[[*first, *(column for column in series.columns if column not in first)]],
        unit=words,
        provisional=tuple(provisional),
        identity=Identity(
            release=release,
            name=name,
            title=words,
            sources=(source,),
            notes=(*table.notes, *_notes(table, frame, numbers, series, counted)),
        ),
    )


def _rows_of(table: _tabular.TextTable, force: str) -> pd.DataFrame:
    """Return the rows of a police force, found by the column of forces and never by that of regions."""
    column = table.need(*FORCE, what="the name of the police force")
    frame = table.frame[table.frame[column].str.casefold() == force.strip().casefold()]
    if len(frame):
        twice = frame.index[frame.duplicated()]
        if len(twice):
            raise SourceError(
                f"A row of {table.path} appears twice.",
                found=f"row {twice[0]}; {len(twice):,} such rows",
                advice="remove the copies, or the quarter would be counted twice",
            )
        return frame
    known = sorted(set(table.frame[column]) - {""})
    region = table.find(*REGION)
    in_region = table.frame[table.frame[region].str.casefold() == force.strip().casefold()] if region else frame
    if len(in_region):
        raise SourceError(
            f"{force!r} is a region in {table.path}, not a police force.",
            found=f"forces of the region: {list_briefly(sorted(set(in_region[column])), 12)}",
            advice="name one force",
        )
    raise SourceError(
        f"{table.path} has no police force {force!r}.",
        found=f"forces {list_briefly(known, 50)}",
        advice=suggest(force, known, otherwise="name one of them"),
    )


def _years(table: _tabular.TextTable, frame: pd.DataFrame) -> pd.Series:
    """Return the calendar year in which each row's financial year begins."""
    column = table.need(*YEAR, what="the financial year")
    parts = frame[column].str.extract(FINANCIAL_YEAR).astype(float)
    begins, ends = parts[0], parts[1].where(parts[1] >= 100, parts[0] // 100 * 100 + parts[1])
    follows = (begins + 1 - ends) % 100 == 0  # 1999/00 goes on into the next century
    odd = frame.index[~follows]
    if len(odd):
        raise SourceError(
            f"{frame.at[odd[0], column]!r} is not a financial year.",
            found=f"column {column!r}, row {odd[0]} of {table.path}; {len(odd):,} such cells",
            advice="write financial years as 2018/19",
        )
    return begins.astype(int)


def _quarters(table: _tabular.TextTable, frame: pd.DataFrame) -> pd.Series:
    """Return the quarter of the financial year, 1 to 4: 1 is April to June, 4 January to March."""
    column = table.need(*QUARTER, what="the quarter of the financial year")
    quarters = pd.to_numeric(frame[column].str.extract(r"^(?:Q|Qtr|Quarter)?\s*([1-4])$", flags=re.I)[0])
    odd = frame.index[quarters.isna()]
    if len(odd):
        raise SourceError(
            f"{frame.at[odd[0], column]!r} is not a quarter.",
            found=f"column {column!r}, row {odd[0]} of {table.path}; {len(odd):,} such cells",
            advice="write quarters as 1 to 4 or Q1 to Q4; Q1 is April to June",
        )
    return quarters.astype(int)


def _need_numbers(table: _tabular.TextTable, values: pd.Series, column: str) -> None:
    odd = values.index[values.isna()]
    if len(odd):
        raise SourceError(
            f"A quarter of {table.path} has no number.",
            found=f"column {column!r}, row {odd[0]}; {len(odd):,} such cells",
            advice="leave the row out: a quarter without a row is a gap",
        )


def _need_one_population(table: _tabular.TextTable, cells: pd.Series, numbers: pd.DataFrame) -> None:
    """Stop where rows of one quarter, e.g. of different offences, have different populations."""
    with_population = numbers[numbers["population"].notna()]
    quarter = with_population["start"] * 4 + with_population["quarter"]
    first_population = with_population.groupby(quarter)["population"].transform("first")
    odd = with_population.index[with_population["population"] != first_population]
    if len(odd):
        first = quarter.index[quarter == quarter[odd[0]]][0]
        raise SourceError(
            f"Two rows of one quarter have different populations: {cells[first]!r} and {cells[odd[0]]!r}.",
            found=f"column {cells.name!r}, rows {first} and {odd[0]} of {table.path}",
            advice="correct one of them: rates need one population in a quarter",
        )


def _by_quarter(numbers: pd.DataFrame, years: tuple[int, int] | None, *, path: Path) -> pd.DataFrame:
    """Return one row for every quarter from the first to the last; what the file does not have is a gap."""
    first, last = years or (int(numbers["start"].min()), int(numbers["start"].max()))
    kept = numbers[numbers["start"].between(first, last)]
    if kept.empty:
        raise SourceError(
            f"{path} has none of the financial years {first} to {last}.",
            found=f"years that begin in {numbers['start'].min()} to {numbers['start'].max()}",
            advice="correct the years: give the year in which each financial year begins",
        )
    whole = pd.MultiIndex.from_product([range(first, last + 1), range(1, 5)], names=["start", "quarter"])
    if years is None:
        ends = kept["start"] * 4 + kept["quarter"]
        place = whole.get_level_values(0) * 4 + whole.get_level_values(1)
        whole = whole[(place >= ends.min()) & (place <= ends.max())]
    grouped = kept.groupby(["start", "quarter"])
    table = grouped[["low"]].sum()
    if "population" in kept.columns:
        table["population"] = grouped["population"].first()
    table = table.reindex(whole).reset_index()
    table["period"] = [
        f"{start}/{(start + 1) % 100:02d} Q{quarter}"
        for start, quarter in zip(table["start"], table["quarter"], strict=True)
    ]
    # The fourth quarter lies in the next calendar year.
    begins = [
        f"{start + (quarter == 4)}-{(3 * quarter) % 12 + 1:02d}-01"
        for start, quarter in zip(table["start"], table["quarter"], strict=True)
    ]
    table["begins"] = pd.to_datetime(begins).astype("datetime64[s]")
    return table.drop(columns=["start", "quarter"])


def _notes(
    table: _tabular.TextTable, frame: pd.DataFrame, numbers: pd.DataFrame, series: pd.DataFrame, counted: str
) -> list[Note]:
    """Return the audit of the file in sentences."""
    force = table.need(*FORCE)
    name, region = frame[force].iloc[0], table.find(*REGION)
    inside = numbers["start"].between(int(series["period"].iloc[0][:4]), int(series["period"].iloc[-1][:4]))
    others = int((~inside).sum())
    outside = f", {others:,} of them of other years and not counted" if others else ""
    numbers = numbers[inside]
    words = f"{len(frame):,} of {len(table):,} rows are of the {name} force{outside}; the others are of other forces."
    notes = [Note(words, of="publication", numbers=(len(frame), len(table), others))]
    if region and bool((table.frame[region].str.casefold() == str(name).casefold()).any()):
        words = f"{name} is also a region of the file; these numbers are of the force alone."
        notes.append(Note(words, of="publication"))
    negative = int((numbers["low"] < 0).sum())
    if negative:
        words = f"{negative} numbers are below 0: corrections of earlier quarters, kept as they are."
        notes.append(Note(words, of="records", numbers=(negative, 0)))
    gaps = series.loc[series["low"].isna(), "period"]
    if len(gaps):
        which = list_briefly(gaps, 8)
        notes.append(Note(f"No row for {which}: a gap, not a zero.", of="publication", numbers=(which,)))
    if "population" in series.columns:
        unknown = series.loc[series["low"].notna() & series["population"].isna(), "period"]
        if len(unknown):
            which = list_briefly(unknown, 8)
            words = f"No population for {which}: these periods have a number but no rate."
            notes.append(Note(words, of="publication", numbers=(which,)))
    if "population" in numbers.columns and numbers["population"].nunique() == 1 and len(numbers) > 4:
        words = "The file has one population for all years: rates change with the counts only."
        notes.append(Note(words, of="publication"))
    return notes
