"""Parquet files as tables of text."""

from __future__ import annotations

from pathlib import Path
from typing import Final

import pandas as pd

from hotspots.errors import SourceError
from hotspots.sources import _cell_values, _text_files

PARQUET = (".parquet", ".geoparquet", ".pq")


MOST_TABLE_CELLS: Final = 100_000_000
"""Cells of a Parquet file, which can hold a thousand equal ones in a byte."""


def read_parquet(path: Path) -> pd.DataFrame:
    """Return the columns but a geometry as text; the index is the row, which has no header above it.

    Raises
    ------
    SourceError
        If it is no Parquet file, is too large, or has no rows.
    """
    need_small_parquet(path)
    import pyarrow as pa

    try:
        frame = pd.read_parquet(path)
    except (OSError, ValueError, KeyError, TypeError, pa.ArrowException) as error:
        raise _no_parquet(path, error) from error
    if frame.index.name:
        frame = frame.reset_index()
    frame = pd.DataFrame({str(column): _as_text(frame[column]) for column in frame.columns if column != "geometry"})
    if frame.empty:
        raise SourceError(f"{path} has no rows.", advice="fetch or export the file again")
    frame.index = pd.RangeIndex(1, len(frame) + 1, name="row")
    return frame


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
        metadata = pq.read_metadata(path)
    except (OSError, ValueError, pa.ArrowException) as error:
        raise _no_parquet(path, error) from error
    size = sum(metadata.row_group(group).total_byte_size for group in range(metadata.num_row_groups))
    if size > _text_files.MOST_BYTES:
        raise _text_files.too_large(path, size)
    cells = metadata.num_rows * metadata.num_columns
    if cells > MOST_TABLE_CELLS:
        raise SourceError(
            f"{path} is too large to be read at once.",
            found=f"{metadata.num_rows:,} rows of {metadata.num_columns:,} columns",
            advice=f"leave columns out, or split it into files of at most {MOST_TABLE_CELLS:,} cells",
        )


def _no_parquet(path: Path, error: Exception) -> SourceError:
    return SourceError(
        f"{path} can't be read as a Parquet file.",
        found=_cell_values.brief((str(error).splitlines() or [type(error).__name__])[0], 120),
        advice="fetch or export the file again",
    )


def _as_text(column: pd.Series) -> pd.Series:
    text = column.astype(object).where(column.notna(), "").map(str).str.strip()
    if pd.api.types.is_float_dtype(column.dtype):
        # Numbers of schools and codes become 103258.0 where one of them is missing.
        text = text.str.replace(r"\.0$", "", regex=True)
    return text
