"""Place names for labels."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pandas as pd

from hotspots.errors import SourceError
from hotspots.sources import _cell_values, _tabular

__all__ = ["read_place_labels"]


def read_place_labels(path: Path | str) -> pd.DataFrame:
    """Return place names for labels: `name`, `easting`, `northing` (metres), `population` (people), `credit`.

    The largest come first. `population` is 0 and `credit` empty where the file has no such column. Rows without a name
    or a coordinate are left out; how many and why is in ``attrs["dropped"]``.

    Raises
    ------
    SourceError
        If the file or a column is missing, a coordinate is not a number, or no row is left.
    """
    table = _tabular.read_table(path)
    columns: dict[str, Any] = {"name": table.frame[table.need("name")]}
    for axis in ("easting", "northing"):
        columns[axis] = _cell_values.to_number(table.frame[table.need(axis)], path=table.path, kind="number").values
    people = table.find("population")
    columns["population"] = (
        _cell_values.to_number(table.frame[people], path=table.path, kind="amount").values if people else 0.0
    )
    credit = table.find("credit", "source")
    columns["credit"] = table.frame[credit] if credit else ""
    places = pd.DataFrame(columns)
    sieve = _tabular.Sieve(len(places))
    sieve.drop(places["name"] == "", "no name")
    sieve.drop(places[["easting", "northing"]].isna().any(axis=1), "no coordinates")
    if not sieve.keep.any():
        raise SourceError(
            f"{table.path} has no place with a name and coordinates.",
            found="; ".join(f"{rows:,} {reason}" for reason, rows in sieve.dropped.items()),
            advice="complete the file, or leave labels out",
        )
    places = places[sieve.keep].sort_values(
        ["population", "name"], ascending=[False, True], kind="stable", ignore_index=True
    )
    places.attrs["dropped"] = sieve.dropped
    return places
