"""Schools as CSV files that a spreadsheet opens: every school, those that stand out, and what is said in space."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

import pandas as pd

from hotspots.model import SchoolResult, need_released
from hotspots.publish.page import replace_file
from hotspots.publish.tables.series import plain_cell
from hotspots.publish.text import flagged_schools, release_sentence, with_holds_words

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["write_school_tables"]


def write_school_tables(
    folder: Path | str, result: SchoolResult, *, looks: Mapping[str, pd.DataFrame] | None = None
) -> list[Path]:
    """Write ``schools.csv``, ``schools_that_stand_out.csv`` and a file for each look at schools in space.

    UTF-8 with a byte order mark, for Excel; what is missing is empty, a hidden number stands as its lowest and highest
    value. Index, source and release mark stand in the last columns of every row.

    Parameters
    ----------
    folder
        Where to write.
    result
        The schools.
    looks
        Name \u2192 table, indexed by school, authority or kind of look: written as ``schools_<name>.csv``.

    Returns
    -------
    list of Path
        The files.

    Raises
    ------
    DisclosureError
        If they were made of unprotected counts of people.
    OutputError
        If a file can't be written.
    """
    need_released(result, "A table")
    return [_write(Path(folder) / f"{stem}.csv", table, result) for stem, table in _tables(result, looks or {})]


def _tables(result: SchoolResult, looks: Mapping[str, pd.DataFrame]) -> Iterator[tuple[str, pd.DataFrame]]:
    every = pd.DataFrame(result.table.drop(columns="geometry"))
    yield "schools", with_holds_words(every).rename_axis("school_id").reset_index()
    yield "schools_that_stand_out", flagged_schools(result)
    named = pd.DataFrame({"school_id": every.index, "name": every["name"].to_numpy()})
    for name, table in looks.items():
        if table.empty:
            continue
        first = str(table.index.name or "look")
        flat = table.rename_axis(first).reset_index()
        if first == "school_id":
            flat = named.merge(flat, on="school_id", how="right")
        yield f"schools_{name}", flat


def _write(path: Path, table: pd.DataFrame, result: SchoolResult) -> Path:
    labelled = table.assign(index=result.index_title, source=result.source, release=release_sentence(result.release))
    text = labelled.map(plain_cell).to_csv(index=False, lineterminator="\r\n", float_format="%.10g")
    return replace_file(path, lambda unfinished: unfinished.write_bytes(text.encode("utf-8-sig")))
