"""Tables into files whose bytes depend on the table alone."""

import gzip
import io
from pathlib import Path

import pandas as pd


def write_table(table: pd.DataFrame, path: Path) -> None:
    """Write a table as UTF-8 CSV with LF line ends, compressed where the name ends in ``.gz``."""
    path.parent.mkdir(parents=True, exist_ok=True)
    text = table.to_csv(index=False, lineterminator="\n").encode("utf-8")
    path.write_bytes(compress(text) if path.suffix == ".gz" else text)


def compress(content: bytes) -> bytes:
    """Return gzip bytes with neither a name, nor a time, nor the operating system in the header."""
    buffer = io.BytesIO()
    # gzip.compress would write the operating system's number; GzipFile always writes "unknown".
    with gzip.GzipFile(filename="", mode="wb", fileobj=buffer, mtime=0, compresslevel=9) as file:
        file.write(content)
    return buffer.getvalue()
