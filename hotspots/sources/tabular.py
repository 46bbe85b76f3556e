"""Tables as text: what every reader of a CSV or Parquet file shares, with errors that name the row."""

from __future__ import annotations

import csv
import gzip
import io
import re
import warnings
import zlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from hotspots.errors import SourceError, list_briefly, nearest
from hotspots.vocabulary import tidy_code

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
    """

    path: Path
    frame: pd.DataFrame
    notes: tuple[str, ...] = ()

    def __len__(self) -> int:
        return len(self.frame)

    def find(self, *names: str) -> str | None:
        """Return the first column with one of these names (letter case, spaces and underscores aside), or None."""
        return find_column(self.frame.columns, names)

    def need(self, *names: str, option: str = "", what: str = "") -> str:
        """Return the first column with one of these names.

        Raises
        ------
        SourceError
            If there is none. `what` says what the column holds, `option` how another one is named.
        """
        return need_column(self.frame.columns, names, path=self.path, option=option, what=what)

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
    >>> fold("LSOA_11 code")
    'lsoa11code'
    """
    return re.sub(r"[^a-z0-9]+", "", str(name).casefold())


def find_column(columns: Iterable[object], names: Sequence[str]) -> str | None:
    """Return the first column with one of these names (letter case, spaces and underscores aside), or None."""
    known: dict[str, str] = {}
    for column in columns:
        known.setdefault(fold(column), str(column))
    return next((known[fold(name)] for name in names if fold(name) in known), None)


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
    found = find_column(known, names)
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
    if path.is_file():
        return path
    if path.is_dir():
        raise SourceError(f"{path} is a folder, not a file.", advice="name a file in it")
    if not path.parent.is_dir():
        raise SourceError(f"There is no file {path}.", found=f"no folder {path.parent}", advice="correct the path")
    names = sorted(entry.name for entry in path.parent.iterdir() if entry.is_file())
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
    frame = _parse(path, text)
    if frame.empty:
        raise SourceError(f"{path} has no rows.", found="a header only", advice="fetch or export the file again")
    return TextTable(path, frame, notes)


def _read_bytes(path: Path) -> bytes:
    try:
        raw = path.read_bytes()
    except OSError as error:
        raise SourceError(
            f"{path} can't be opened.",
            found=str(error.strerror or error),
            advice="close the program that has it open, or ask for permission to read it",
        ) from error
    if raw[:2] != b"\x1f\x8b":
        return raw
    try:
        return gzip.decompress(raw)
    except (gzip.BadGzipFile, EOFError, zlib.error) as error:
        raise SourceError(
            f"{path} can't be unpacked.", found=str(error), advice="fetch the file again; it is cut off or damaged"
        ) from error


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
    frame = frame.apply(lambda column: column.str.strip())
    blank: pd.Series = (frame == "").all(axis=1)
    filled: pd.DataFrame = frame.loc[~blank]
    return filled


def _word_parser(words: str, text: str) -> str:
    """Return what pandas says of a ragged row in plainer words."""
    if "EOF inside string" in words:
        return "a double quote that is never closed"
    rows = csv.reader(io.StringIO(text))
    header, row = len(next(rows)), 2
    for cells in rows:
        if len(cells) > header:
            return f"row {row} has {len(cells):,} cells, the header {header:,}"
        row = rows.line_num + 1
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
    try:
        frame = pd.read_parquet(path)
    except (OSError, ValueError) as error:
        raise SourceError(
            f"{path} can't be read as a Parquet file.",
            found=str(error).splitlines()[0],
            advice="fetch or export the file again",
        ) from error
    if frame.index.name:
        frame = frame.reset_index()
    frame = pd.DataFrame({str(column): _as_text(frame[column]) for column in frame.columns if column != "geometry"})
    if frame.empty:
        raise SourceError(f"{path} has no rows.", advice="fetch or export the file again")
    frame.index = pd.RangeIndex(1, len(frame) + 1, name="row")
    return TextTable(path, frame)


def _as_text(column: pd.Series) -> pd.Series:
    text = column.astype(object).where(column.notna(), "").map(str).str.strip()
    if pd.api.types.is_float_dtype(column.dtype):
        # Numbers of schools and codes become 103258.0 where one of them is missing.
        text = text.str.replace(r"\.0$", "", regex=True)
    return text


def to_number(column: pd.Series, marks: Mapping[str, str] | None = None, *, path: Path, advice: str = "") -> Numbers:
    """Return a column of text as numbers.

    Understood are thousands separators (``1,234``) and percent signs (``12.5%`` is 0.125). An empty cell is
    missing, with the reason ``"blank"``.

    Parameters
    ----------
    column
        Text, as in `TextTable.frame`; its name and index stand in errors.
    marks
        Mark → reason, by the file's own key: these cells are missing for that reason.
    advice
        What to try where a cell is no number, if something better can be said than here.

    Raises
    ------
    SourceError
        If a cell is neither a number nor one of the marks.
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
    return Numbers(values, reasons)


def _not_a_number(
    column: pd.Series, odd: pd.Series, *, path: Path, marks: Mapping[str, str], advice: str
) -> SourceError:
    first = odd.iloc[0]
    others = f"; {len(odd):,} such cells: {list_briefly(odd.unique())}" if len(odd) > 1 else ""
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


def to_years(text: pd.Series) -> pd.Series:
    """Return the first four digits in a row of each cell, as numbers, missing where there are none."""
    return pd.to_numeric(text.astype(str).str.extract(r"([0-9]{4})", expand=False), errors="coerce").astype(float)
