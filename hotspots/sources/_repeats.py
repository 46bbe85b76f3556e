"""The same crimes in several files: which rows come again, by ID and by content."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final, NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from hotspots.errors import list_briefly, plural
from hotspots.model import Note
from hotspots.sources import _cell_values, _tabular

__all__ = ["Repeats", "content_of", "find_repeats"]

SAME_ID: Final = "the same Crime ID in another file"
REPEATED_ID: Final = "repeated Crime ID"
ONE_PLACE: Final = 10.0
"""Metres: more than the grids of the two layouts differ by, less than map points are apart."""
SAME_ROW: Final = "an equal row without an ID in another file"

STREET_COLUMNS: Final = frozenset(
    _tabular.fold(name)
    for name in (
        "Crime ID", "Month", "Reported by", "Falls within", "Longitude", "Latitude", "Easting", "Northing", "Location",
        "LSOA code", "LSOA name", "Crime type", "Last outcome category", "Context",
    )
)  # fmt: skip
"""Of the old and the new layout; a download may have others besides."""


class Repeats(NamedTuple):
    """Rows that come again."""

    dropped: Mapping[str, NDArray[np.bool_]]
    """Reason → which rows."""
    notes: tuple[Note, ...]


def content_of(table: _tabular.TextTable, kind: pd.Series) -> pd.Series:
    """Return a hash of the columns that identify a crime, besides its force, month and place, in either layout.

    Outcomes change from one download to the next, and so do codes and names of areas: those of 2011 became those of
    2021 while the points stayed.
    """
    frame, location = table.frame, table.find("Location")
    others = [str(column) for column in frame.columns if _tabular.fold(column) not in STREET_COLUMNS]
    columns = {"kind": kind.astype(str).str.casefold(), "location": frame[location] if location else ""}
    identifying = pd.DataFrame(columns, index=frame.index).join(frame[sorted(others)])
    return pd.util.hash_pandas_object(identifying, index=False)


def find_repeats(table: pd.DataFrame) -> Repeats:
    """Return the rows of street-level crime that repeat another row.

    Rows are compared within a month of a force. A row with an ID is a repeat if an earlier row has its ID and crime
    type. Equal rows without an ID are separate crimes where they are in one file. The k-th of them in one file and the
    k-th in another are the same crime, so they count as often as in the file that has most of them. A file without any
    ID (the old layout) may also have rows that another file has with IDs.

    Parameters
    ----------
    table
        Columns `file` (number), `force`, `when`, `id` (empty where there is none), `kind`, `easting`, `northing`,
        `area_code`, `content` (a hash of the other columns that identify a crime).
    """
    month = table["when"].dt.to_period("M").astype(str)
    unit = {"force": table["force"].astype(str), "month": month}
    has_id = (table["id"] != "").to_numpy()
    with_id = pd.DataFrame({**unit, "id": table["id"].astype(str), "kind": table["kind"].astype(str)})[has_id]
    again = np.zeros(len(table), dtype=bool)
    again[has_id] = with_id.duplicated()
    first_file = table["file"][has_id].groupby([with_id[name] for name in with_id.columns]).transform("first")
    elsewhere = np.zeros(len(table), dtype=bool)
    elsewhere[has_id] = (first_file != table["file"][has_id]).to_numpy()
    equal = _equal_rows(table, unit, has_id, again) if table["file"].nunique() > 1 else np.zeros(len(table), dtype=bool)
    dropped = {SAME_ID: again & elsewhere, REPEATED_ID: again & ~elsewhere, SAME_ROW: equal}
    others = int(with_id.duplicated(["force", "month", "id"]).sum()) - int(again.sum())
    rows = plural(others, "row shares", "rows share")
    words = f"{rows} a Crime ID with another row, but not its crime type; kept."
    notes = [Note(words, of="records", numbers=(others,))] if others else []
    return Repeats(dropped, (*notes, *_shared_months(table, unit, again & elsewhere | equal)))


def _equal_rows(
    table: pd.DataFrame, unit: Mapping[str, pd.Series], has_id: NDArray[np.bool_], again: NDArray[np.bool_]
) -> NDArray[np.bool_]:
    """Return the rows without an ID that repeat a row of another file."""
    same = pd.DataFrame({**unit, "content": table["content"], "place": _places(table), "file": table["file"]})
    crime = ["force", "month", "content", "place"]
    known = same[has_id & ~again].groupby(crime, sort=False).size().rename("known").reset_index()
    rows = same[~has_id].reset_index().merge(known, on=crime, how="left")
    ids = pd.Series(has_id).groupby([same[name] for name in ("force", "month", "file")]).transform("any")
    without_ids = ~ids.to_numpy()[rows["index"]]
    # The k-th of equal rows; of a file without IDs, the first are those that have one in another file.
    which = rows.groupby([*crime, "file"], sort=False).cumcount() - rows["known"].fillna(0).where(without_ids, 0)
    repeats = np.zeros(len(table), dtype=bool)
    repeats[rows["index"]] = (which < 0) | rows[crime].assign(which=which).duplicated()
    return repeats


def _places(table: pd.DataFrame) -> NDArray[np.object_]:
    """Return what tells the place of every row: points of both layouts within a few metres are one.

    The old layout has metres and the new one degrees, and the two grids agree to a few metres. Where there is no point
    the area code tells places apart.
    """
    from scipy.sparse import coo_array
    from scipy.sparse.csgraph import connected_components
    from scipy.spatial import cKDTree

    place = table["area_code"].fillna("").astype(object).to_numpy(copy=True)
    located = table[["easting", "northing"]].notna().all(axis=1).to_numpy()
    # As complex numbers, because numpy sorts pairs ten times slower.
    metres = table["easting"].to_numpy(dtype=float) + 1j * table["northing"].to_numpy(dtype=float)
    spots, which = np.unique(metres[located], return_inverse=True)
    if not len(spots):
        return place
    pairs = cKDTree(np.column_stack([spots.real, spots.imag])).query_pairs(ONE_PLACE, output_type="ndarray")
    links = coo_array((np.ones(len(pairs)), (pairs[:, 0], pairs[:, 1])), shape=(len(spots), len(spots)))
    place[located] = connected_components(links, directed=False)[1][which]
    return place


def _shared_months(table: pd.DataFrame, unit: Mapping[str, pd.Series], again: NDArray[np.bool_]) -> list[Note]:
    """Return a sentence on the months that several files hold."""
    files = table["file"].groupby([unit["force"], unit["month"]]).nunique()
    shared = files[files > 1]
    if shared.empty:
        return []
    months = [_cell_values.month_in_words(pd.Period(month)) for _, month in shared.index if month != "NaT"]
    number, which = int(again.sum()), list_briefly(dict.fromkeys(months))
    rows = plural(number, "row is", "rows are")
    words = f"Several files hold the same months ({which}): {rows} in another file too, and counted once."
    return [Note(words, of="records", numbers=(number, which))]
