"""The same crimes in several files: which rows come again, by ID and by content."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final, NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from hotspots.errors import list_briefly
from hotspots.sources import times

__all__ = ["Repeats", "find_repeats"]

SAME_ID: Final = "the same Crime ID in another file"
TWICE: Final = "repeated Crime ID"
SAME_ROW: Final = "an equal row without an ID in another file"


class Repeats(NamedTuple):
    """Rows that come again."""

    dropped: Mapping[str, NDArray[np.bool_]]
    """Reason → which rows."""
    notes: tuple[str, ...]


def find_repeats(table: pd.DataFrame) -> Repeats:
    """Return the rows of street-level crime that come again.

    The unit is a month of a force. A row with an ID comes again where an earlier row has its ID and crime type. Of
    rows without an ID, equal ones of one file are separate crimes: the k-th of them in one file and the k-th in another
    are the same crime, so that as many count as the file with most of them has.

    Parameters
    ----------
    table
        Columns `file` (number), `force`, `when`, `id` (empty where there is none), `kind`, `content` (a hash of all
        that says which crime a row is).
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
    without = pd.DataFrame({**unit, "content": table["content"], "file": table["file"]})[~has_id]
    without["which"] = without.groupby(["force", "month", "content", "file"]).cumcount()
    equal = np.zeros(len(table), dtype=bool)
    equal[~has_id] = without.duplicated(["force", "month", "content", "which"]).to_numpy()
    dropped = {SAME_ID: again & elsewhere, TWICE: again & ~elsewhere, SAME_ROW: equal}
    others = int(with_id.duplicated(["force", "month", "id"]).sum()) - int(again.sum())
    notes = (
        [f"{others:,} rows have the Crime ID of another row and another crime type: they are kept."] if others else []
    )
    return Repeats(dropped, (*notes, *_shared_months(table, unit, again & elsewhere | equal)))


def _shared_months(table: pd.DataFrame, unit: Mapping[str, pd.Series], again: NDArray[np.bool_]) -> list[str]:
    """Return a sentence on the months that several files hold."""
    files = table["file"].groupby([unit["force"], unit["month"]]).nunique()
    shared = files[files > 1]
    if shared.empty:
        return []
    months = [times.month_in_words(pd.Period(month)) for _, month in shared.index if month != "NaT"]
    return [
        f"Several files hold the same months ({list_briefly(dict.fromkeys(months))}): {int(again.sum()):,} rows are in "
        "another file too and count once."
    ]
