"""Tables as text: what every reader of a CSV or Parquet file shares, with errors that name the row."""

from __future__ import annotations

import csv
import gzip
import io
import re
import warnings
import zlib
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Literal

import numpy as np
import pandas as pd

from hotspots.errors import SourceError, list_briefly, nearest
from hotspots.vocabulary import tidy_code

MOST_BYTES: Final = 2**30
"""Of text in one file. Read, it takes some ten times as much memory."""

LONGEST: Final = 100_000
"""Letters in a cell: three times what a spreadsheet holds. More is a quote closed far below, or no table."""

UNSEEN: Final = re.compile("[\x01-\x08\x0b\x0c\x0e-\x1f\x7f\u200b-\u200f\u2028-\u202e\u2060-\u2064\ufeff]")
"""Control characters, and others without width."""

AROUND_QUOTES: Final = re.compile(rf'(?<![^,\n])(?:{UNSEEN.pattern})+(?=")|(?<=")(?:{UNSEEN.pattern})+(?=[,\n]|$)')
"""Such characters beside the double quotes around a cell, which they would hide."""

NUMERIC: Final = re.compile(r"[+-]?[0-9.,][0-9.,:/%+\-\s]*(?:[eE][+-]?[0-9]+)?")
"""A number, a date or a time of day: a character within it may hide that two things stand in one cell."""

MOST_CELLS: Final = 100_000_000
"""Cells of a Parquet file, which can hold a thousand equal ones in a byte."""

SEEN_AS_SPACE: Final = " \t" + "".join(chr(one) for one in range(0x10000) if UNSEEN.fullmatch(chr(one)))

Kind = Literal["share", "number", "whole", "amount", "count"]
WHAT_IT_IS: Final[Mapping[Kind, str]] = {
    "share": "a share or score",
    "number": "a number here",
    "whole": "a whole number",
    "amount": "a number of people, or another amount from 0",
    "count": "a count: a whole number from 0",
}

ONE_YEAR: Final = re.compile(r"(?<![0-9])([0-9]{4})(?![0-9])")
TWO_YEARS: Final = re.compile(r"^((?:19|20)[0-9]{2})\s*[/–-]?\s*((?:19|20)?[0-9]{2})$")

LARGEST: Final = 1e12
SMALLEST: Final = 1e-12
"""Whatever is counted or measured here lies between; a number beyond is a slip or a test."""

NUMBER = r"[+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?"
GROUPED = r"[+-]?[0-9]{1,3}(?:,[0-9]{3})+(?:\.[0-9]*)?"
PARQUET = (".parquet", ".geoparquet", ".pq")


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
    notes: tuple[str, ...] = ()
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

    def where_is(self, position: int) -> str:
        """Return e.g. ``"row 14 of lsoa.csv"`` for a row by position."""
        return f"row {self.frame.index[position]} of {self.path}"


@dataclass(frozen=True, eq=False, slots=True)
class Numbers:
    """A column as numbers: `values` (float, missing where there is none) and `reasons` (text, empty where there is)."""

    values: pd.Series
    reasons: pd.Series


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


def need_file(path: Path | str) -> Path:
    """Return the path of a file that exists.

    Raises
    ------
    SourceError
        If there is no such file; the file most like it in that folder is named.
    """
    path = Path(path)
    try:
        if path.is_file():
            return path
        if path.is_dir():
            raise SourceError(f"{path} is a folder, not a file.", advice="name a file in it")
        if not path.parent.is_dir():
            raise SourceError(f"There is no file {path}.", found=f"no folder {path.parent}", advice="correct the path")
        names = sorted(entry.name for entry in path.parent.iterdir() if entry.is_file())
    except (OSError, ValueError) as error:
        # A name too long or with a zero byte in it, or a folder that may not be listed.
        raise SourceError(
            f"There is no file {brief(str(path), 120)}.",
            found=str(getattr(error, "strerror", None) or error),
            advice="correct the path, or ask for permission to read the folder",
        ) from error
    near = nearest(path.name, names)
    advice = f"is it {path.parent / near}?" if near else "correct the path"
    listed = list_briefly(names) if names else "no files"
    raise SourceError(f"There is no file {path}.", found=f"in that folder: {listed}", advice=advice)


def read_table(path: Path | str) -> TextTable:
    """Return a CSV (also compressed with gzip) or Parquet file as text.

    Nothing is taken for missing: ``NA``, ``None`` and ``x`` are words, and their meaning is the file's own.

    Raises
    ------
    SourceError
        If there is no such file, it is empty, or it can't be read as a table of text.
    """
    path = need_file(path)
    if path.stat().st_size == 0:
        raise SourceError(f"{path} is empty.", found="0 bytes", advice="fetch or export the file again")
    if path.suffix.lower() in PARQUET:
        return _read_parquet(path)
    text, notes = _decode(path, _read_bytes(path))
    frame, twice = _names_given_twice(_parse(path, text), text)
    if frame.empty:
        raise SourceError(f"{path} has no rows.", found="a header only", advice="fetch or export the file again")
    return TextTable(path, frame, notes, twice)


def _read_bytes(path: Path) -> bytes:
    try:
        size = path.stat().st_size
        raw = path.read_bytes() if size <= MOST_BYTES else b""
    except OSError as error:
        raise SourceError(
            f"{path} can't be opened.",
            found=str(error.strerror or error),
            advice="close the program that has it open, or ask for permission to read it",
        ) from error
    if size > MOST_BYTES:
        raise _too_large(path, size)
    if raw[:2] != b"\x1f\x8b":
        return raw
    try:
        with gzip.GzipFile(fileobj=io.BytesIO(raw)) as file:
            unpacked = file.read(MOST_BYTES + 1)
        if len(unpacked) > MOST_BYTES:
            raise _too_large(path, len(unpacked))
        return unpacked
    except (gzip.BadGzipFile, EOFError, zlib.error) as error:
        raise SourceError(
            f"{path} can't be unpacked.", found=str(error), advice="fetch the file again; it is cut off or damaged"
        ) from error


def _too_large(path: Path, size: int) -> SourceError:
    return SourceError(
        f"{path} is too large to be read at once.",
        found=f"{'more than ' if size == MOST_BYTES + 1 else ''}{size / 2**20:,.0f} MB of text",
        advice=f"split it, by year or by force, into files of at most {MOST_BYTES / 2**20:,.0f} MB",
    )


def _decode(path: Path, raw: bytes) -> tuple[str, tuple[str, ...]]:
    """Return the text and notes: UTF-8, or else Windows-1252, which is what older official files are in."""
    if raw[:2] == b"PK" and path.suffix.lower() == ".zip":
        raise SourceError(f"{path} is a zip archive, not a text file.", advice="unpack it and name the file in it")
    if raw[:2] == b"PK" or raw[:4] == b"\xd0\xcf\x11\xe0":
        raise SourceError(f"{path} is a workbook, not a text file.", advice="open it and save the sheet as CSV (UTF-8)")
    start = raw[:200].lstrip(b"\xef\xbb\xbf \r\n\t").lower()
    if start.startswith((b"<!doctype", b"<html", b"<?xml", b"%pdf")):
        what = "a PDF file" if start.startswith(b"%pdf") else "a web page"
        raise SourceError(f"{path} is {what}, not a table.", advice="fetch the file itself, as CSV")
    if raw[:2] in (b"\xff\xfe", b"\xfe\xff"):
        raise SourceError(f"{path} is in UTF-16, not in UTF-8.", advice="save it again as CSV (UTF-8)")
    if b"\x00" in raw:
        raise SourceError(
            f"{path} is not a text file.",
            found=f"a zero byte at position {raw.index(0):,}",
            advice="name a CSV file, or export this one as CSV (UTF-8)",
        )
    try:
        return raw.decode("utf-8-sig"), ()
    except UnicodeDecodeError as error:
        row = raw.count(b"\n", 0, error.start) + 1
    try:
        text = raw.decode("cp1252")
    except UnicodeDecodeError as error:
        raise SourceError(
            f"{path} is neither in UTF-8 nor in Windows-1252.",
            found=f"byte 0x{raw[error.start]:02x} in row {raw.count(10, 0, error.start) + 1}",
            advice="save it again as CSV (UTF-8)",
        ) from error
    return text, (f"{path.name} is not in UTF-8 (row {row}) and was read as Windows-1252.",)


def _parse(path: Path, text: str) -> pd.DataFrame:
    """Return the table, with the line of the file as index."""
    if not text.strip():
        raise SourceError(f"{path} is empty.", found="no text", advice="fetch or export the file again")
    if "\r" in text:
        # One kind of line end: a lone carriage return ends a line too, as on old systems.
        text = text.replace("\r\n", "\n").replace("\r", "\n")
    # Characters that can't be seen: no name means them, and no page can show them.
    has_unseen = UNSEEN.search(text) is not None
    text = AROUND_QUOTES.sub("", text) if has_unseen else text
    try:
        with warnings.catch_warnings():
            # pandas only warns where it leaves out fields for which there is no header.
            warnings.simplefilter("error", pd.errors.ParserWarning)
            frame = pd.read_csv(
                io.StringIO(text), dtype=str, na_filter=False, index_col=False, skip_blank_lines=False, low_memory=False
            )
    except (pd.errors.ParserError, pd.errors.ParserWarning) as error:
        raise SourceError(
            f"{path} is not a table with the same columns in every row.",
            found=_word_parser(str(error), text),
            advice="start with the header, put text with commas in it in double quotes, or export the file again",
        ) from error
    # A row that is too short has missing values at its end.
    frame = frame.fillna("")
    frame.columns = [str(column).strip() for column in frame.columns]
    frame.index = _lines(frame, text)
    _need_short_cells(path, frame, text)
    frame = frame.apply(lambda column: column.str.strip())
    frame = _without_unseen(path, frame) if has_unseen else frame
    blank: pd.Series = (frame == "").all(axis=1)
    filled: pd.DataFrame = frame.loc[~blank]
    return filled


def _without_unseen(path: Path, frame: pd.DataFrame) -> pd.DataFrame:
    """Return the table without characters that can't be seen; inside a number they are an error."""
    cleaned = {}
    for at, name in enumerate(frame.columns):
        cells = frame.iloc[:, at]
        inside = cells.str.strip(SEEN_AS_SPACE).str.contains(UNSEEN)
        for row, cell in cells[inside].items():
            bare = UNSEEN.sub("", cell)
            if NUMERIC.fullmatch(bare):
                shown = cell.encode("ascii", "backslashreplace").decode()
                raise SourceError(
                    f"The number {brief(bare)!r} has a character inside it that can't be seen.",
                    found=f"column {UNSEEN.sub('', str(name))!r}, row {row} of {path}: {brief(ascii(shown))}",
                    advice="type the cell again",
                )
        cleaned[at] = cells.str.replace(UNSEEN, "", regex=True).str.strip()
    found = pd.DataFrame(cleaned, index=frame.index)
    found.columns = pd.Index([UNSEEN.sub("", str(name)).strip() for name in frame.columns])
    return found


def _need_short_cells(path: Path, frame: pd.DataFrame, text: str) -> None:
    """Stop at a cell that is too long to be one: it has swallowed the rows below it, or is not text."""
    if len(text) <= LONGEST:
        return
    over_lines = '"' in text and text.rstrip("\n").count("\n") > len(frame)
    if not over_lines and max(map(len, io.StringIO(text))) <= LONGEST:
        return
    for name, cells in zip(frame.columns, (frame.iloc[:, at] for at in range(len(frame.columns))), strict=True):
        long = cells.str.len() > LONGEST
        if len(name) > LONGEST or bool(long.any()):
            row = 1 if len(name) > LONGEST else frame.index[int(np.argmax(long.to_numpy()))]
            raise SourceError(
                f"{path} has a cell of more than {LONGEST:,} letters.",
                found=f"row {row}, column {brief(name)!r}",
                advice="close the double quote that opens there, or leave that column out of the file",
            )


def _names_given_twice(frame: pd.DataFrame, text: str) -> tuple[pd.DataFrame, frozenset[str]]:
    """Return the table without copies of columns, and the names that columns with different contents share.

    pandas numbers columns of one name: ``people``, ``people.1``.
    """
    try:
        header = [cell.strip() for cell in next(csv.reader(io.StringIO(text)))]
    except (csv.Error, StopIteration):
        return frame, frozenset()
    first: dict[str, int] = {}
    copies, twice = [], set()
    for position, name in enumerate(header[: len(frame.columns)]):
        if name and name in first:
            same = frame.iloc[:, first[name]].equals(frame.iloc[:, position])
            copies += [position] if same else []
            twice |= set() if same else {name}
        first.setdefault(name, position)
    return frame.iloc[:, [i for i in range(len(frame.columns)) if i not in copies]], frozenset(twice)


def _word_parser(words: str, text: str) -> str:
    """Return what pandas says of a ragged row in plainer words."""
    if "EOF inside string" in words:
        return "a double quote that is never closed"
    rows = csv.reader(io.StringIO(text))
    try:
        header, row = len(next(rows)), 2
        for cells in rows:
            if len(cells) > header:
                return f"row {row} has {len(cells):,} cells, the header {header:,}"
            row = rows.line_num + 1
    except csv.Error as error:
        return str(error)
    return "rows with more cells than the header"


def _lines(frame: pd.DataFrame, text: str) -> pd.Index:
    """Return the line on which each row starts; quoted fields may run over several lines."""
    lines = np.arange(2, len(frame) + 2)
    if '"' in text and text.rstrip("\r\n").count("\n") > len(frame):
        header = sum(column.count("\n") for column in frame.columns)
        breaks = sum((frame[column].str.count("\n") for column in frame.columns), pd.Series(0, index=frame.index))
        lines = lines + header + np.concatenate([[0], np.cumsum(breaks.to_numpy())[:-1]]).astype(int)
    return pd.Index(lines, name="row")


def _read_parquet(path: Path) -> TextTable:
    need_small_parquet(path)
    try:
        frame = pd.read_parquet(path)
    except (OSError, ValueError, KeyError, TypeError, NotImplementedError) as error:
        raise SourceError(
            f"{path} can't be read as a Parquet file.",
            found=brief((str(error).splitlines() or [type(error).__name__])[0], 120),
            advice="fetch or export the file again",
        ) from error
    if frame.index.name:
        frame = frame.reset_index()
    frame = pd.DataFrame({str(column): _as_text(frame[column]) for column in frame.columns if column != "geometry"})
    if frame.empty:
        raise SourceError(f"{path} has no rows.", advice="fetch or export the file again")
    frame.index = pd.RangeIndex(1, len(frame) + 1, name="row")
    return TextTable(path, frame)


def need_small_parquet(path: Path) -> None:
    """Stop before a Parquet file is unpacked that would take more memory than there is.

    Raises
    ------
    SourceError
        If it is no Parquet file, or is too large.
    """
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        held = pq.read_metadata(path)
    except (OSError, ValueError, pa.ArrowException) as error:
        raise SourceError(
            f"{path} can't be read as a Parquet file.",
            found=brief((str(error).splitlines() or [type(error).__name__])[0], 120),
            advice="fetch or export the file again",
        ) from error
    size = sum(held.row_group(group).total_byte_size for group in range(held.num_row_groups))
    if size > MOST_BYTES:
        raise _too_large(path, size)
    cells = held.num_rows * held.num_columns
    if cells > MOST_CELLS:
        raise SourceError(
            f"{path} is too large to be read at once.",
            found=f"{held.num_rows:,} rows of {held.num_columns:,} columns",
            advice=f"leave columns out, or split it into files of at most {MOST_CELLS:,} cells",
        )


def _as_text(column: pd.Series) -> pd.Series:
    text = column.astype(object).where(column.notna(), "").map(str).str.strip()
    if pd.api.types.is_float_dtype(column.dtype):
        # Numbers of schools and codes become 103258.0 where one of them is missing.
        text = text.str.replace(r"\.0$", "", regex=True)
    return text


def to_number(
    column: pd.Series,
    marks: Mapping[str, str] | None = None,
    *,
    path: Path,
    kind: Kind = "share",
    advice: str = "",
) -> Numbers:
    """Return a column of text as numbers.

    Understood are thousands separators (``1,234``) and, of shares, percent signs (``12.5%`` is 0.125). An empty cell
    is missing, with the reason ``"blank"``.

    Parameters
    ----------
    column
        Text, as in `TextTable.frame`; its name and index stand in errors.
    marks
        Mark → reason, by the file's own key: these cells are missing for that reason.
    kind
        What the column holds: shares or scores (``"share"``), coordinates (``"number"``), counts with
        corrections below 0 (``"whole"``), people or other amounts from 0 (``"amount"``), or counts (``"count"``).
    advice
        What to try where a cell is no number, if something better can be said than here.

    Raises
    ------
    SourceError
        If a cell is neither a number nor one of the marks, or is a number that the column can't hold.
    """
    text = column.astype(str).str.strip()
    reasons = pd.Series("", index=text.index, dtype=object)
    reasons[text == ""] = "blank"
    for mark, reason in (marks or {}).items():
        reasons[text == mark] = reason
    percent = text.str.endswith("%")
    bare = text.where(~percent, text.str[:-1].str.rstrip()) if bool(percent.any()) else text
    grouped = bare.str.fullmatch(GROUPED)
    bare = bare.where(~grouped, bare.str.replace(",", "", regex=False)) if bool(grouped.any()) else bare
    fine = bare.str.fullmatch(NUMBER) & (reasons == "")
    odd = ~fine & (reasons == "")
    if bool(odd.any()):
        raise _not_a_number(column, text[odd], path=path, marks=marks or {}, advice=advice)
    values = pd.Series(np.nan, index=text.index, name=column.name)
    # Written as a power of ten, 20.6% becomes 0.206; divided by 100 it would become 0.20600000000000002.
    values[fine] = bare.where(~percent, bare + "e-2")[fine].astype(float)
    _need_possible(column, values, percent & fine, path=path, kind=kind, advice=advice)
    return Numbers(values, reasons)


def _need_possible(
    column: pd.Series, values: pd.Series, percent: pd.Series, *, path: Path, kind: Kind, advice: str
) -> None:
    """Stop where a number can't be what its column holds."""
    size = values.abs()
    wrong = (size > LARGEST) | ((size > 0) & (size < SMALLEST))
    if kind != "share":
        wrong |= percent
    if kind in ("amount", "count"):
        wrong |= values < 0
    if kind in ("count", "whole"):
        wrong |= values != values.round()
    odd = column[wrong & values.notna()]
    if len(odd):
        raise SourceError(
            f"{brief(odd.iloc[0])!r} can't be {WHAT_IT_IS[kind]}.",
            found=f"column {column.name!r}, row {odd.index[0]} of {path}; {len(odd):,} such cells",
            advice=advice or "correct the cell, or name another column",
        )


def brief(value: object, most: int = 40) -> str:
    """Return a value as text, the middle of a long one left out."""
    words = str(value)
    return words if len(words) <= most else f"{words[: most - 12]}…{words[-11:]}"


def _not_a_number(
    column: pd.Series, odd: pd.Series, *, path: Path, marks: Mapping[str, str], advice: str
) -> SourceError:
    first = brief(odd.iloc[0])
    others = f"; {len(odd):,} such cells: {list_briefly(map(brief, odd.unique()))}" if len(odd) > 1 else ""
    known = f" (marks known here: {list_briefly(marks, 12)})" if marks else ""
    return SourceError(
        f"{first!r} is not a number.",
        found=f"column {column.name!r}, row {odd.index[0]} of {path}{others}",
        advice=f"{advice or 'correct the cell, or name another column'}{known}",
    )


def with_brackets(marks: Mapping[str, str]) -> dict[str, str]:
    """Return marks and their reasons, also as newer files write them: ``[x]`` for ``x``."""
    return {**marks, **{f"[{mark}]": reason for mark, reason in marks.items()}}


def to_codes(column: pd.Series) -> pd.Series:
    """Return codes as `tidy_code` has them, as objects, None where the cell is empty."""
    text = column.astype(str)
    tidy = text.map({one: tidy_code(one) for one in text.unique()}).astype(object)
    return tidy.where(tidy != "", None)


def to_years(column: pd.Series, *, path: Path, ending: bool = False) -> pd.Series:
    """Return the year in each cell, as numbers, missing where the cell is empty.

    Parameters
    ----------
    column
        Text, as in `TextTable.frame`; its name and index stand in errors.
    ending
        Whether years such as ``201718`` or ``2017/18`` may stand there, which go by the year they end in.

    Raises
    ------
    SourceError
        If a cell has no year: four digits with no others beside them.
    """
    text = column.astype(str).str.strip()
    years = pd.to_numeric(text.str.extract(ONE_YEAR, expand=False), errors="coerce").astype(float)
    if ending:
        parts = text.str.extract(TWO_YEARS).astype(float)
        follows = (parts[0] + 1) % 100 == parts[1] % 100
        years = years.mask(parts[0].notna(), (parts[0] + 1).where(follows))
    odd = column[years.isna() & (text != "")]
    if len(odd):
        raise SourceError(
            f"{brief(odd.iloc[0])!r} is not a year.",
            found=f"column {column.name!r}, row {odd.index[0]} of {path}; {len(odd):,} such cells",
            advice="write years as 2019" + (" or 2018/19" if ending else ""),
        )
    return years
