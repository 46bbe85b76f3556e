"""People by area and age: single years or bands, as ONS and census tables lay them out."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Final

import pandas as pd

from hotspots.errors import SourceError, list_briefly
from hotspots.model import Ages, Identity, Note, Period
from hotspots.sources import _area_rows, _cell_values, _tabular
from hotspots.sources.population import rows_of_year
from hotspots.vocabulary import OPEN

__all__ = ["read_ages"]

LEAD: Final = r"(?:age[sd]?|years?|persons?|people|population|pop|all)?[ _]*(?:age[sd]?)?[ _]*"
TAIL: Final = r"[ _]*(?:years?)?(?:[ _]old)?"
SINGLE: Final = re.compile(rf"{LEAD}([0-9]{{1,3}}){TAIL}", re.I)
BAND: Final = re.compile(rf"{LEAD}([0-9]{{1,3}})[ _]*(?:-|–|to|_)[ _]*([0-9]{{1,3}}){TAIL}", re.I)
UNDER: Final = re.compile(rf"{LEAD}(?:under|<)[ _]*([0-9]{{1,3}}){TAIL}|(u)([0-9]{{1,2}})", re.I)
OPEN_ENDED: Final = re.compile(
    rf"{LEAD}([0-9]{{1,3}})[ _]*(?:\+|plus|and[ _]over|or[ _]over|and[ _]above|or[ _]more){TAIL}", re.I
)
LAST: Final = 10_000
"""Stands for the upper end of the last band."""


def read_ages(
    path: Path | str,
    *,
    id_column: str | None = None,
    year: int | None = None,
    title: str = "population by age",
    source: str = "",
    period: str = "",
    release: str = OPEN,
) -> Ages:
    """Return people by area and age, for all areas of the file.

    Columns are known by what they say: ``age_0`` ... ``age_90plus``, ``0-4``, ``Aged 5 to 9 years``, ``85+``. They must
    cover all ages without a gap and without overlap; totals and other columns are ignored, with a note.

    Parameters
    ----------
    path
        A CSV or Parquet file with a row an area and a column an age or a band of ages.
    id_column
        The column of area codes, where it has none of ONS's names.
    year
        Needed where the file holds several years.

    Raises
    ------
    SourceError
        If the file or the ages are missing or have a gap, an area appears twice, or a number is missing or negative.
    """
    table = _tabular.read_table(path)
    rows = rows_of_year(table, year)
    areas = _area_rows.find_area_codes(table, id_column, rows=rows)
    bands = _bands([column for column in table.frame.columns if column != areas.column], path=table.path)
    frame = table.frame[rows]
    values = {
        first: _cell_values.to_number(frame[table.need_one(column)], path=table.path, kind="amount").values
        for column, (first, _) in bands.items()
    }
    people = pd.DataFrame({first: values[first] for first in sorted(values)})
    _need_people(table, people, areas.codes, bands)
    when = period or (f"mid-{year}" if year else "")
    return Ages(
        people.set_axis(areas.as_index),
        vintage=areas.vintage,
        identity=Identity(
            release=release,
            title=title,
            sources=(source,),
            period=Period.read(when),
            notes=(
                *table.notes,
                Note(
                    f"Ages in {len(bands)} bands, from 0 to {max(people.columns)} and over.",
                    of="publication",
                    numbers=(len(bands), 0, int(max(people.columns))),
                ),
            ),
        ),
    )


def parse_band(column: str) -> tuple[int, int] | None:
    """Return the youngest and the oldest age that the name of a column says, or None.

    Examples
    --------
    >>> parse_band("age_7"), parse_band("Aged 5 to 9 years"), parse_band("85+"), parse_band("age_90plus")
    ((7, 7), (5, 9), (85, 10000), (90, 10000))
    >>> parse_band("total_population"), parse_band("lsoa11_code"), parse_band("2019")
    (None, None, None)
    """
    text = column.strip()
    match = OPEN_ENDED.fullmatch(text)
    if match:
        return int(match[1]), LAST
    match = BAND.fullmatch(text)
    if match:
        return int(match[1]), int(match[2])
    match = UNDER.fullmatch(text)
    if match:
        return 0, int(match[1] or match[3]) - 1
    match = SINGLE.fullmatch(text)
    return (int(match[1]), int(match[1])) if match else None


def _bands(columns: list[str], *, path: Path) -> dict[str, tuple[int, int]]:
    """Return column → youngest and oldest age: the narrowest bands that cover all ages once."""
    named = {column: band for column in columns if (band := parse_band(column)) is not None}
    chosen: dict[str, tuple[int, int]] = {}
    # The narrowest first: 0 and 1-4 rather than 0-4, single years rather than "under 18".
    for column, (first, last) in sorted(named.items(), key=lambda item: (item[1][1] - item[1][0], item[1][0])):
        if all(last < youngest or first > oldest for youngest, oldest in chosen.values()):
            chosen[column] = (first, last)
    ordered = sorted(chosen.values())
    covered = 0
    for first, last in ordered:
        if first != covered:
            break
        covered = last + 1
    if not ordered or covered != LAST + 1:
        what = f"no age {covered}" if ordered else "no column of an age"
        raise SourceError(
            f"{path} does not have people of all ages.",
            found=f"{what}; columns {list_briefly(named or columns, 24)}",
            advice="name columns by age: age_0 ... age_90plus, or 0-4, 5-9 ... 85+",
        )
    return chosen


def _need_people(
    table: _tabular.TextTable, people: pd.DataFrame, codes: pd.Series, bands: dict[str, tuple[int, int]]
) -> None:
    """Stop where an area has no number of people of some age, or a negative one."""
    odd = people.isna() | (people < 0)
    if not bool(odd.to_numpy().any()):
        return
    row = odd.index[odd.any(axis=1)][0]
    start = int(odd.columns[odd.loc[row]][0])
    column = next(name for name, (first, _) in bands.items() if first == start)
    raise SourceError(
        f"Area {codes[row]!r} has no usable population.",
        found=f"{table.frame.at[row, column]!r} in column {column!r}, row {row} of {table.path}",
        advice="complete the file",
    )
