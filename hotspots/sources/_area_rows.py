"""Tables with one row per area: the code of each row, in capitals and once."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import pandas as pd

from hotspots.errors import SourceError
from hotspots.sources import _cell_values, _tabular


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
        column = table.need_one(_tabular.find_code_column(list(table.frame.columns), path=table.path))
    else:
        column = table.need(id_column, option="id_column")
    codes = _cell_values.to_codes(table.frame[column][rows]).fillna("")
    need_unique_codes(codes.tolist(), codes.index.tolist(), path=table.path)
    return AreaCodes(column, codes, _tabular.find_vintage(column, codes.tolist()))


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
