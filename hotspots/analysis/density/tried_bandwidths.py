"""The best of the bandwidths tried: which predicts later events best, and which as well within chance."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from hotspots.errors import AnalysisError
from hotspots.model import Extract

__all__ = ["BestBandwidth", "best_bandwidth"]


class BestBandwidth(NamedTuple):
    """The bandwidth that predicts best.

    Parameters
    ----------
    metres
        The bandwidth with the highest hit rate.
    as_good
        Bandwidths whose difference from it is within chance, itself included.
    words
        The finding, in sentences.
    """

    metres: float
    as_good: tuple[float, ...]
    words: str


def best_bandwidth(predictions: Extract, *, share: float = 0.05) -> BestBandwidth:
    """Return the bandwidth that predicts best at a share of the area, and those whose difference is within chance.

    A bandwidth differs by more than chance where the interval of its paired difference excludes 0. The best is chosen
    on these events, so its hit rate is a little too high.

    Parameters
    ----------
    predictions
        From `predictive_accuracy`.
    share
        One of its shares of the area.

    Raises
    ------
    AnalysisError
        If the share is not in the table.
    """
    table = predictions.table
    rows = table[np.isclose(table["share_of_area"], share)]
    if rows.empty:
        known = ", ".join(f"{one:g}" for one in sorted(table["share_of_area"].unique()))
        raise AnalysisError(
            f"The table has no share of area of {share:g}.", found=f"shares {known}", advice="choose one of them"
        )
    top = rows.iloc[int(rows["hit_rate"].to_numpy().argmax())]
    as_good = tuple(float(one) for one in rows.loc[rows["behind_low"] <= 0, "bandwidth"])
    metres = float(top["bandwidth"])
    words = (
        f"With the densest {100 * share:g}% of the area flagged, a bandwidth of {metres:,.0f} m"
        f"{edge_of_tried(metres, rows['bandwidth'].tolist())} captures most: "
        f"{100 * top['hit_rate']:.1f}% of {top['events']:,.0f} later events (95% interval "
        f"{100 * top['hit_rate_low']:.1f} to {100 * top['hit_rate_high']:.1f}%). "
    )
    others = [one for one in as_good if one != metres]
    worse = sorted(set(rows["bandwidth"]) - set(as_good))
    if others:
        words += f"The difference from {_metres(others)} is within chance. "
    if worse:
        words += f"{_metres(worse)} captured fewer, by more than chance. "
    return BestBandwidth(metres, as_good, words.strip())


def edge_of_tried(metres: float, tried: Sequence[float]) -> str:
    """Return ", the smallest tried," or ", the largest tried,": beyond an edge a better bandwidth may lie.

    Examples
    --------
    >>> edge_of_tried(500.0, [500.0, 1000.0]), edge_of_tried(750.0, [500.0, 750.0, 1000.0])
    (', the smallest tried,', '')
    """
    low, high = min(tried), max(tried)
    if low == high:
        return ", the only one tried,"
    return {low: ", the smallest tried,", high: ", the largest tried,"}.get(metres, "")


def _metres(widths: Sequence[float]) -> str:
    """Return bandwidths in words."""
    words = [f"{one:,.0f}" for one in widths]
    return f"{' and '.join([', '.join(words[:-1]), words[-1]] if len(words) > 1 else words)} m"
