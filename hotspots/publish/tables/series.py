"""Series, extracts, clusters and the like as CSV files that a spreadsheet opens: the numbers behind the charts."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd

from hotspots.model import Agreement, Clusters, Extract, Series, Stability, need_released, renamed_arguments
from hotspots.publish.page import replace_file
from hotspots.publish.text import release_sentence

__all__ = ["plain_cell", "write_table"]


Tabled = Series | Extract | Clusters | Stability | Agreement


@renamed_arguments(noun="data")
def write_table(path: Path | str, data: Tabled, *, also: pd.DataFrame | None = None) -> Path:
    """Write the table of a series, an extract, clusters, stability or agreement as CSV.

    The file is UTF-8 with a byte order mark, for Excel. What is missing is empty; a hidden number
    stands as its lowest and highest value. Source and release mark stand in the last two columns of every row, so that
    a copied table still says what it is.

    Parameters
    ----------
    path
        Where to write.
    data
        What to write.
    also
        Further columns by `period` and `group` for a series, as from `change_since`.

    Returns
    -------
    Path
        The file.

    Raises
    ------
    DisclosureError
        If it was made of unprotected counts of people.
    OutputError
        If the file can't be written.
    """
    need_released(data, "A table")
    # A polygon is for the layer; its number or code comes first.
    on_map = isinstance(data, Clusters | Stability | Agreement)
    table = data.table.drop(columns="geometry").reset_index() if on_map else data.table.copy()
    if isinstance(data, Series):
        table["provisional"] = table["period"].isin(data.provisional)
        if data.rate_per:
            table["rate_per"] = data.rate_per
        if also is not None:
            new = [column for column in also.columns if column not in table.columns]
            table = table.merge(also[["period", "group", *new]], on=["period", "group"], how="left")
    table["source"], table["release"] = data.source, release_sentence(data.release)
    # Without an upper limit a ratio has an empty cell: a spreadsheet would read "inf" as text.
    table = table.replace([np.inf, -np.inf], np.nan)
    text = table.map(plain_cell).to_csv(index=False, lineterminator="\r\n", float_format="%.10g")
    return replace_file(Path(path), lambda unfinished: unfinished.write_bytes(text.encode("utf-8-sig")))


def plain_cell(value: object) -> object:
    """Return text that a spreadsheet does not take for a formula; everything else as it is."""
    return f"'{value}" if isinstance(value, str) and value[:1] in {"=", "+", "-", "@"} else value
