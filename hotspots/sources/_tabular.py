"""Tables as text, whatever their format: their columns by name, also by ONS's, and which of their rows are kept."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Literal, NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from hotspots.errors import SourceError, list_briefly, nearest, suggest
from hotspots.model import Note, Period, StudyArea
from hotspots.sources import _parquet, _text_files
from hotspots.vocabulary import is_newer_lsoa


@dataclass(frozen=True, eq=False, slots=True)
class TextTable:
    """A file read as text, nothing interpreted yet.

    Parameters
    ----------
    path
        The file.
    frame
        Text without spaces at the ends, empty where the file has nothing. The index is the row as a text
        editor numbers it: the header is row 1. (In Parquet, which has no header, the first row is row 1.)
    notes
        What a reader must know of the reading, e.g. an unexpected encoding.
    twice
        Names that several columns with different contents share: none of them can be used.
    """

    path: Path
    frame: pd.DataFrame
    notes: tuple[Note, ...] = ()
    twice: frozenset[str] = frozenset()

    def __len__(self) -> int:
        return len(self.frame)

    def find(self, *names: str) -> str | None:
        """Return the first column with one of these names, as `find_column` does, or None."""
        found = find_column(self.frame.columns, names, path=self.path)
        return self.need_one(found) if found is not None else None

    def need(self, *names: str, option: str = "", what: str = "") -> str:
        """Return the first column with one of these names.

        Raises
        ------
        SourceError
            If there is none. `what` says what the column holds, `option` how another one is named.
        """
        return self.need_one(need_column(self.frame.columns, names, path=self.path, option=option, what=what))

    def need_one(self, column: str) -> str:
        """Return a column by its exact name.

        Raises
        ------
        SourceError
            If several columns have it, with different contents.
        """
        if column in self.twice:
            raise SourceError(
                f"{self.path} has several columns called {column!r}, with different contents.",
                found=f"columns {list_briefly(self.frame.columns, 40)}",
                advice="remove or rename all but one of them",
            )
        return column


def fold(name: object) -> str:
    """Return a name without letter case, spaces and punctuation, for comparing names of columns.

    Examples
    --------
    >>> fold("LSOA_11 code"), fold("Admissions (%)")
    ('lsoa11code', 'admissionspercent')
    """
    return re.sub(r"[^a-z0-9]+", "", str(name).casefold().replace("%", "percent"))


def find_column(columns: Iterable[object], names: Sequence[str], *, path: Path | None = None) -> str | None:
    """Return the first column with one of these names, or None.

    A name is looked for to the letter, then without regard to letter case, then without spaces and punctuation.

    Raises
    ------
    SourceError
        If several columns have the name in the same of these senses.
    """
    known = [str(column) for column in columns]
    alike: tuple[Callable[[str], str], ...] = (str, str.casefold, fold)
    for name in names:
        for form in alike:
            found = [column for column in known if form(column) == form(name) and form(name)]
            if len(found) > 1:
                raise SourceError(
                    f"Which column is meant by {name!r}?",
                    found=f"{list_briefly(repr(one) for one in found)}{f' in {path}' if path else ''}",
                    advice="write the name exactly as in the file, or rename the other columns",
                )
            if found:
                return found[0]
    return None


def need_column(
    columns: Iterable[object], names: Sequence[str], *, path: Path, option: str = "", what: str = ""
) -> str:
    """Return the first column with one of these names.

    Raises
    ------
    SourceError
        If there is none.
    """
    known = [str(column) for column in columns]
    found = find_column(known, names, path=path)
    if found is not None:
        return found
    near = nearest(names[0], known)
    listed = list_briefly(known, 40)
    if len(known) == 1 and re.search(r"[;\t|]", known[0]):
        advice = "save it with commas between the columns (CSV)"
    else:
        advice = f"is it {near!r}? " if near else ""
        advice += f"name the column with {option}" if option else "rename the column in the file"
    wanted = f"{names[0]!r}" + (f" ({what})" if what else "")
    raise SourceError(f"{path} has no column {wanted}.", found=f"columns {listed}", advice=advice)


def need_distinct(rows: pd.DataFrame, keys: Sequence[str], *, path: Path, problem: str, advice: str) -> None:
    """Stop where two rows have the same values in the columns `keys`.

    Parameters
    ----------
    problem
        The sentence of the error, with a place for each value: ``"School {!r} has two rows of {}."``.

    Raises
    ------
    SourceError
        With the first two rows that have the same values.
    """
    repeated = rows.loc[rows.duplicated(list(keys), keep=False), list(keys)]
    if len(repeated):
        values = repeated.iloc[0]
        same = repeated.index[(repeated == values).all(axis=1)]
        raise SourceError(problem.format(*values), found=f"rows {same[0]} and {same[1]} of {path}", advice=advice)


def read_table(path: Path | str) -> TextTable:
    """Return a CSV (also compressed with gzip) or Parquet file as text.

    Nothing is taken for missing: ``NA``, ``None`` and ``x`` are words, and their meaning is the file's own.

    Raises
    ------
    SourceError
        If there is no such file, it is empty, or it can't be read as a table of text.
    """
    path = _text_files.need_file(path)
    if path.stat().st_size == 0:
        raise SourceError(f"{path} is empty.", found="0 bytes", advice="fetch or export the file again")
    if path.suffix.lower() in _parquet.PARQUET:
        return TextTable(path, _parquet.read_parquet(path))
    return TextTable(path, *_text_files.read_text(path))


class Columns(dict[str, str]):
    """Role → name of column; `named` are the roles whose column the caller named, and which must be there."""

    named: frozenset[str]


def choose_columns(usual: Mapping[str, str], given: Mapping[str, str] | None) -> Columns:
    """Return role → name of column: the usual names, replaced by those given.

    Raises
    ------
    SourceError
        If a role is given that the format does not have, or one column for two roles.
    """
    given = given or {}
    for role in given:
        if role not in usual:
            raise SourceError(
                f"{role!r} is not a column this format has.",
                found=f"columns {list_briefly(usual, 20)}",
                advice=suggest(role, usual, otherwise="use one of those on the left side of columns"),
            )
    chosen = Columns({**usual, **given})
    chosen.named = frozenset(given)
    _need_apart(chosen)
    return chosen


def _need_apart(chosen: Columns) -> None:
    """Stop where one column is named for two roles, or for the role that has it under its usual name."""
    for role in sorted(chosen.named):
        for other in sorted(set(chosen) - {role}):
            # A date may stand for both: where there is one only, it is that of the other role too.
            if {role, other} != {"admission", "start"} and fold(chosen[role]) == fold(chosen[other]) != "":
                first, second = sorted((role, other))
                raise SourceError(
                    f"One column can't be both {first} and {second}: {chosen[role]!r}.",
                    found=f"{role} = {chosen[role]!r}, {other} = {chosen[other]!r}",
                    advice=f"name a column for each with columns = {{ {first} = ..., {second} = ... }}",
                )


# --------------------------------------------------------------------------- ONS's names for columns of areas

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

SMALL_AREAS: Final = ("oa", "lsoa", "msoa")
VINTAGES: Final = (2001, 2011, 2021)
"""Of small areas: their codes changed with the censuses."""
PLAIN_CODES: Final = ("area_id", "area_code", "gss_code", "geography_code", "geo_code", "code")
CODE_LIKE: Final = re.compile(r"lsoa|msoa|lad|ward|area|gss|geo|code")
"""What stands in the name of a column that might be meant."""


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
    folded = fold(column)
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
    plain = find_column(columns, PLAIN_CODES)
    if plain is not None:
        return plain
    if len(columns) == 1:
        # The whole header in one column: the wrong separator is what there is to say.
        return need_column(columns, PLAIN_CODES, path=path, option=option)
    near = next((c for c in columns if CODE_LIKE.search(fold(c))), None)
    raise SourceError(
        f"{path} has no column of area codes.",
        found=f"columns {list_briefly(columns, 40)}",
        advice=f"{f'is it {near!r}? ' if near else ''}name the column with {option}",
    )


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


# --------------------------------------------------------------------------- rows that are kept


class Sieve:
    """Which rows of a table are still kept, and how many were left out for which reason.

    Examples
    --------
    >>> sieve = Sieve(3)
    >>> sieve.drop(np.array([True, False, False]), "no date")
    >>> sieve.drop(np.array([True, True, False]), "too old")
    >>> sieve.keep.tolist(), sieve.dropped
    ([False, False, True], {'no date': 1, 'too old': 1})
    """

    def __init__(self, rows: int) -> None:
        self.keep: NDArray[np.bool_] = np.ones(rows, dtype=bool)
        self.dropped: dict[str, int] = {}

    def drop(self, which: NDArray[np.bool_] | pd.Series, reason: str) -> None:
        """Leave out these rows, where they are not left out already."""
        now = self.keep & np.asarray(which, dtype=bool)
        if now.any():
            self.dropped[reason] = self.dropped.get(reason, 0) + int(now.sum())
            self.keep = self.keep & ~now

    def drop_years(self, when: pd.Series, years: tuple[int, int] | None) -> None:
        """Leave out rows without a usable date, and those outside the years (both included)."""
        self.drop(when.isna(), "no usable date")
        if years is not None:
            self.drop(~when.dt.year.between(*years), f"outside {years[0]} to {years[1]}")


def note_unplaced(kept: pd.DataFrame, what: str, *, lacking: str, period: Period) -> list[Note]:
    """Return a sentence on events without a place, with their period: other charts of the file count other years."""
    number = int(kept[["easting", "northing", "area_code"]].isna().all(axis=1).sum())
    of = f" of {period}" if period else ""
    words = f"{number:,} {what}{of} have no {lacking}; they are not counted in any area."
    return [Note(words, of="records", numbers=(number, str(period)))] if number else []
