"""CSV files as tables of text: bytes, encoding, rows and cells, with errors that name the row."""

from __future__ import annotations

import csv
import gzip
import io
import re
import warnings
import zlib
from pathlib import Path
from typing import Final

import numpy as np
import pandas as pd

from hotspots.errors import SourceError, list_briefly, nearest
from hotspots.model import Note
from hotspots.sources import _cell_values

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


SEEN_AS_SPACE: Final = " \t" + "".join(chr(one) for one in range(0x10000) if UNSEEN.fullmatch(chr(one)))


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
            f"There is no file {_cell_values.brief(str(path), 120)}.",
            found=str(getattr(error, "strerror", None) or error),
            advice="correct the path, or ask for permission to read the folder",
        ) from error
    near = nearest(path.name, names)
    advice = f"is it {path.parent / near}?" if near else "correct the path"
    listed = list_briefly(names) if names else "no files"
    raise SourceError(f"There is no file {path}.", found=f"in that folder: {listed}", advice=advice)


def read_text(path: Path) -> tuple[pd.DataFrame, tuple[Note, ...], frozenset[str]]:
    """Return the rows of a CSV file by the line they start on, notes, and names of columns given twice.

    Raises
    ------
    SourceError
        If it can't be read as a table of text, or has no rows.
    """
    text, notes = _decode(path, _read_bytes(path))
    frame, twice = _names_given_twice(_parse(path, text), text)
    if frame.empty:
        raise SourceError(f"{path} has no rows.", found="a header only", advice="fetch or export the file again")
    return frame, notes, twice


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
        raise too_large(path, size)
    if raw[:2] != b"\x1f\x8b":
        return raw
    try:
        with gzip.GzipFile(fileobj=io.BytesIO(raw)) as file:
            unpacked = file.read(MOST_BYTES + 1)
        if len(unpacked) > MOST_BYTES:
            raise too_large(path, len(unpacked))
        return unpacked
    except (gzip.BadGzipFile, EOFError, zlib.error) as error:
        raise SourceError(
            f"{path} can't be unpacked.", found=str(error), advice="fetch the file again; it is cut off or damaged"
        ) from error


def too_large(path: Path, size: int) -> SourceError:
    """Return the error for a file that would fill the memory."""
    return SourceError(
        f"{path} is too large to be read at once.",
        found=f"{'more than ' if size == MOST_BYTES + 1 else ''}{size / 2**20:,.0f} MB of text",
        advice=f"split it, by year or by force, into files of at most {MOST_BYTES / 2**20:,.0f} MB",
    )


def _decode(path: Path, raw: bytes) -> tuple[str, tuple[Note, ...]]:
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
    words = f"{path.name} is not in UTF-8 (row {row}) and was read as Windows-1252."
    return text, (Note(words, of="publication", numbers=(path.name, row, "UTF-8", "Windows-1252")),)


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
                    f"The number {_cell_values.brief(bare)!r} contains an invisible character.",
                    found=f"column {UNSEEN.sub('', str(name))!r}, row {row} of {path}: "
                    f"{_cell_values.brief(ascii(shown))}",
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
                found=f"row {row}, column {_cell_values.brief(name)!r}",
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
