"""ONS's names for columns of areas: which column has the codes, and of which geography and year they are."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final, Literal, NamedTuple

import pandas as pd

from hotspots.errors import SourceError, list_briefly, nearest
from hotspots.model import StudyArea
from hotspots.sources import _cell_values, _tabular
from hotspots.vocabulary import is_newer_lsoa, tidy_code

GEOGRAPHIES: Final[Mapping[str, str]] = {
    "oa": "output area",
    "lsoa": "LSOA",
    "msoa": "MSOA",
    "wd": "ward",
    "ward": "ward",
    "lad": "local authority",
    "ltla": "local authority",
    "la": "local authority",
    "pfa": "police force area",
}
"""How ONS begins the names of its columns → what the areas are; the smallest first."""

AUTHORITIES: Final = ("lad", "ltla", "la")
SMALL_AREAS: Final = ("oa", "lsoa", "msoa")
VINTAGES: Final = (2001, 2011, 2021)
"""Of small areas: their codes changed with the censuses."""
PLAIN_CODES: Final = ("area_id", "area_code", "gss_code", "geography_code", "geo_code", "code")
CODE_LIKE: Final = re.compile(r"lsoa|msoa|lad|ward|area|gss|geo|code")
"""What stands in the name of a column that might be meant."""
PLAIN_NAMES: Final = ("area_name", "geography_name", "name")


class AreaColumn(NamedTuple):
    """What the name of a column says: ``LSOA11CD`` is the code of an LSOA of 2011."""

    prefix: str
    year: int | None
    kind: Literal["code", "name"]


def parse_column(column: str) -> AreaColumn | None:
    """Return what the name of a column of area codes or names says, or None.

    Understood are ONS's own names, those of its catalogues, and both cut to ten characters by a shapefile.

    Examples
    --------
    >>> parse_column("LSOA11CD")
    AreaColumn(prefix='lsoa', year=2011, kind='code')
    >>> parse_column("LSOA name (2021)")
    AreaColumn(prefix='lsoa', year=2021, kind='name')
    >>> parse_column("lsoa21_code").year, parse_column("LSOA11").year, parse_column("location")
    (2021, 2011, None)
    >>> parse_column("lsoa11_cod").kind, parse_column("lsoa11_nam").kind
    ('code', 'name')
    """
    prefixes = "|".join(sorted(GEOGRAPHIES, key=len, reverse=True))
    year = r"(20[0-9]{2}|[0-9]{2})"
    long = {"localauthoritydistrict": "lad", "lowersuperoutputarea": "lsoa", "lowerlayersuperoutputarea": "lsoa"}
    folded = _tabular.fold(column)
    for words, prefix in long.items():
        folded = folded.replace(words, prefix)
    match = re.fullmatch(rf"({prefixes}){year}?(cd|code|cod|nm|name|nam){year}?", folded)
    if match is None:
        # Hospital records have the code under the bare name of the geography.
        bare = re.fullmatch(rf"(oa|lsoa|msoa){year}", folded)
        return AreaColumn(bare[1], _year(bare[2]), "code") if bare else None
    return AreaColumn(match[1], _year(match[2] or match[4]), "code" if match[3].startswith("c") else "name")


def _year(digits: str | None) -> int | None:
    return int(digits) % 100 + 2000 if digits else None


def find_code_column(columns: Sequence[str], *, path: Path, option: str = "id_column") -> str:
    """Return the column with the code of the smallest geography.

    Raises
    ------
    SourceError
        If there is none, or more than one.
    """
    parsed = {column: what for column in columns if (what := parse_column(column))}
    for prefix in GEOGRAPHIES:
        found = [column for column, what in parsed.items() if what.prefix == prefix and what.kind == "code"]
        if len(found) > 1:
            raise SourceError(
                f"{path} has more than one column of {GEOGRAPHIES[prefix]} codes.",
                found=list_briefly(found),
                advice=f"name the one that is meant with {option}",
            )
        if found:
            return found[0]
    plain = _tabular.find_column(columns, PLAIN_CODES)
    if plain is not None:
        return plain
    if len(columns) == 1:
        # The whole header in one column: the wrong separator is what there is to say.
        return _tabular.need_column(columns, PLAIN_CODES, path=path, option=option)
    near = next((c for c in columns if CODE_LIKE.search(_tabular.fold(c))), None)
    raise SourceError(
        f"{path} has no column of area codes.",
        found=f"columns {list_briefly(columns, 40)}",
        advice=f"{f'is it {near!r}? ' if near else ''}name the column with {option}",
    )


class AreaCodes(NamedTuple):
    """The area codes of a table: their column, the code of each row, and the year of their geography, if known."""

    column: str
    codes: pd.Series
    vintage: int | None

    @property
    def as_index(self) -> pd.Index:
        """The codes as an index with the name `area_id`."""
        index: pd.Index = pd.Index(self.codes.to_numpy(dtype=object), name="area_id", dtype=object)
        return index


def find_area_codes(
    table: _tabular.TextTable, id_column: str | None, *, rows: pd.Series | slice = slice(None)
) -> AreaCodes:
    """Return the area codes of a table with one row per area, in capitals.

    Parameters
    ----------
    id_column
        The column that has the codes; found by ONS's names if None.
    rows
        Which rows of the table to read, as True and False; all by default.

    Raises
    ------
    SourceError
        If there is no such column or more than one, or a code is missing or appears twice.
    """
    if id_column is None:
        column = table.need_one(find_code_column(list(table.frame.columns), path=table.path))
    else:
        column = table.need(id_column, option="id_column")
    codes = _cell_values.to_codes(table.frame[column][rows]).fillna("")
    need_unique_codes(codes.tolist(), codes.index.tolist(), path=table.path)
    return AreaCodes(column, codes, find_vintage(column, codes.tolist()))


def need_unique_codes(codes: Sequence[str], rows: Sequence[object], *, path: Path, option: str = "id_column") -> None:
    """Stop where a code is empty or stands twice.

    Raises
    ------
    SourceError
        With the rows in question.
    """
    first: dict[str, object] = {}
    for code, row in zip(codes, rows, strict=True):
        if not code:
            raise SourceError(
                f"A row of {path} has no area.",
                found=f"row {row}",
                advice=f"fill it in, or name a column with {option}",
            )
        if code in first:
            raise SourceError(
                f"Two rows share the area {code!r}.",
                found=f"rows {first[code]} and {row} of {path}",
                advice=f"remove one, or name another column with {option}",
            )
        first[code] = row


def find_authorities(wanted: Sequence[str], known: Mapping[str, str], *, where: str) -> list[str]:
    """Return the codes of authorities that are named by code or by name.

    Parameters
    ----------
    wanted
        Codes or names.
    known
        Code → name of the authorities that there are.
    where
        What they are of, for the error.

    Raises
    ------
    SourceError
        If there is no authority of such a code or name.
    """
    by_name = {name.casefold(): code for code, name in known.items()}
    codes = []
    for word in wanted:
        code = tidy_code(word)
        found = code if code in known else by_name.get(code.casefold())
        if found is None:
            named = [f"{code} {name}" for code, name in sorted(known.items())]
            near = nearest(word, [*known, *known.values()])
            raise SourceError(
                f"There is no local authority {word!r} in {where}.",
                found=f"{len(known):,} authorities: {list_briefly(named, 12)}",
                advice=f"is it {near}?" if near else "name them by these codes or names",
            )
        codes.append(found)
    return codes


def find_vintage(column: str, codes: Sequence[str]) -> int | None:
    """Return the year of the geography of codes, by the column's name or by codes that are new in 2021.

    Examples
    --------
    >>> find_vintage("LSOA11CD", ["E01008881"]), find_vintage("code", ["E01034955"])
    (2011, 2021)
    """
    named = parse_column(column)
    if named is not None and named.prefix in SMALL_AREAS and named.year in VINTAGES:
        return named.year
    return 2021 if any(is_newer_lsoa(code) for code in codes) else None


def need_vintage(vintage: int | None, area: StudyArea, *, path: Path, column: str) -> None:
    """Stop where codes are of another vintage than the areas: areas that were split or merged would have no number.

    Raises
    ------
    SourceError
        If both vintages are known and differ.
    """
    if vintage is not None and area.vintage in VINTAGES and vintage != area.vintage:
        raise SourceError(
            f"{path} has codes of {vintage}, but the boundaries are of {area.vintage}.",
            found=f"column {column!r}; {area.geography} {area.vintage}",
            advice=f"use a file of {area.vintage}, boundaries of {vintage}, or recode it with ONS's lookup",
        )
