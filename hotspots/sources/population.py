"""Numbers by area: population estimates, and others that events may depend on."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Final

import pandas as pd

from hotspots.errors import SourceError, list_briefly
from hotspots.sources import _area_rows, _cell_values, _tabular

COLUMNS: Final = ("population", "total_population", "all_ages", "total", "persons", "all_persons", "usual_residents")


def read_population(
    path: Path | str, *, id_column: str | None = None, column: str | None = None, year: int | None = None
) -> pd.Series:
    """Return people by area: a Series of floats indexed by `area_id`, for all areas of the file.

    Parameters
    ----------
    path
        A CSV or Parquet file.
    id_column
        The column of area codes, where it has none of ONS's names.
    column
        The column of people, e.g. ``"u25"``; one called population, all ages or total if None.
    year
        Needed where the file holds several years.

    Raises
    ------
    SourceError
        If the file or a column is missing, the year is not in the file or not given, an area appears twice, or a
        number is missing or negative.
    """
    table = _tabular.read_table(path)
    rows = rows_of_year(table, year)
    areas = _area_rows.find_area_codes(table, id_column, rows=rows)
    people = table.need(*((column,) if column else COLUMNS), option="column", what="number of people")
    cells = table.frame[people][rows]
    values = _cell_values.to_number(cells, path=table.path, kind="amount").values
    odd = values[values.isna() | (values < 0)]
    if len(odd):
        raise SourceError(
            f"Area {areas.codes[odd.index[0]]!r} has no usable population.",
            found=f"{cells[odd.index[0]]!r} in column {people!r}, row {odd.index[0]} of {table.path}",
            advice="complete the file, or name another column",
        )
    if not bool((values > 0).any()):
        raise SourceError(
            f"Nobody lives in any area of {table.path}.",
            found=f"only 0 in column {people!r}, {len(values):,} rows",
            advice="name another column",
        )
    people_by_area = pd.Series(values.to_numpy(dtype=float), index=areas.as_index, name="population")
    people_by_area.attrs = {"column": areas.column, "vintage": areas.vintage}
    return people_by_area


def read_covariates(
    path: Path | str,
    columns: Sequence[str],
    *,
    id_column: str | None = None,
    year: int | None = None,
    option: str = "given",
) -> pd.DataFrame:
    """Return columns of numbers by area, indexed by `area_id`, for all areas of the file; an empty cell is missing.

    Parameters
    ----------
    path
        A CSV or Parquet file with one row per area.
    columns
        The columns to read, matched as everywhere (letter case, spaces and punctuation aside).
    id_column
        The column of area codes, where it has none of ONS's names.
    year
        Needed where the file holds several years.
    option
        The study key that names columns, for errors.

    Raises
    ------
    SourceError
        If the file or a column is missing, an area appears twice, or a cell is not a number.
    """
    table = _tabular.read_table(path)
    rows = rows_of_year(table, year)
    areas = _area_rows.find_area_codes(table, id_column, rows=rows)
    found = {}
    for column in columns:
        cells = table.frame[table.need(column, option=option, what="numbers by area")][rows]
        found[column] = _cell_values.to_number(cells, path=table.path).values.to_numpy(dtype=float)
    numbers = pd.DataFrame(found, index=areas.as_index)
    numbers.attrs = {"column": areas.column, "vintage": areas.vintage}
    return numbers


def rows_of_year(table: _tabular.TextTable, year: int | None) -> pd.Series:
    """Return which rows are of the year."""
    column = table.find("year", "mid_year")
    if column is None:
        if year is not None:
            raise SourceError(
                f"{table.path} has no column of years.",
                found=f"columns {list_briefly(table.frame.columns, 12)}",
                advice=f"leave year = {year} out if the whole file is of that year",
            )
        return pd.Series(True, index=table.frame.index)
    years = _cell_values.to_years(table.frame[column], path=table.path)
    known = sorted({int(one) for one in years.dropna()})
    if year is None and len(known) == 1:
        year = known[0]
    if year not in known:
        problem = f"{table.path} has no population of {year}." if year else f"Which year of {table.path} is meant?"
        raise SourceError(problem, found=f"years {list_briefly(known, 40)}", advice="name one of them with year")
    return years == year
