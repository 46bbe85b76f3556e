"""Whether published totals and parts of the same events, taken together, reveal a suppressed count."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np

from hotspots.disclosure.rules import Rule, find_rule
from hotspots.model import AreaCounts, Series

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    from numpy.typing import ArrayLike

__all__ = ["OVERLAPPING", "gives_back", "tells_of_areas"]


def gives_back(whole: ArrayLike, parts: ArrayLike, *, all_of_them: bool = True) -> bool:
    """Return whether two ways to cut the same events tell, taken together, more of one number than it says itself.

    Parameters
    ----------
    whole
        Lowest and highest of each number of the one, e.g. years; shape (cells, 2).
    parts
        Lowest and highest of each number of the other, e.g. areas, and what lies in none of them; shape (cells, 2).
    all_of_them
        Whether both hold the same events; else `whole` holds some of them only.

    Examples
    --------
    Three areas with 1 to 7 each are 3 to 21 events. From 8 to 12 any of them can be 1, and any can be 7; from 3 to 7
    none can be more than 5.

    >>> areas = [(1, 7)] * 3
    >>> gives_back([(8, 12)], areas), gives_back([(3, 7)], areas)
    (False, True)
    """
    cells, others = (np.asarray(one, dtype=float).reshape(-1, 2) for one in (whole, parts))
    cells, others = cells[~np.isnan(cells[:, 0])], others[~np.isnan(others[:, 0])]
    (low, high), (least, most) = cells.sum(axis=0), others.sum(axis=0)
    # The number with the widest interval is the first that can't take both its ends.
    widest = float(np.ptp(np.vstack([cells, others]), axis=1).max(initial=0.0))
    return bool(low > most - widest or (all_of_them and high < least + widest))


def tells_of_areas(
    series: Series,
    counts: AreaCounts,
    *,
    rule: str | Rule | Mapping[str, int],
    dropped: Mapping[str, int],
    years: tuple[int, int],
    complete: Collection[str],
) -> bool:
    """Whether a protected series and the areas' intervals together narrow a suppressed count further than the rule.

    Parameters
    ----------
    series
        By year, protected.
    counts
        By area, as they were before the gate: of what lies in no area, the rule's intervals are needed one by one.
    dropped
        Reason → rows left out of both.
    years
        First and last year of the areas' counts.
    complete
        Groups of the series that hold every event of the areas.
    """
    chosen = find_rule(rule)
    unplaced = [int(number) - int(dropped.get(reason, 0)) for reason, number in counts.dropped.items()]
    bounds = counts.table[["observed_low", "observed_high"]].to_numpy()
    parts = [(chosen.interval(low)[0], chosen.interval(high)[1]) for low, high in bounds]
    parts += [chosen.interval(number) for number in (int(counts.outside), *unplaced)]
    table = series.table[series.table["period"].astype(int).between(*years)]
    return any(
        gives_back(rows[["low", "high"]], parts, all_of_them=group in complete)
        for group, rows in table.groupby("group", sort=False)
    )


OVERLAPPING: Final = frozenset(
    {
        "kept",
        "outside_by_code",
        "outside_by_point",
        "outside_by_code_point_inside",
        "passed_over_codes",
        "distinct_points",
    }
)
"""Numbers of the audit that overlap with others: several of them could give a suppressed one by subtraction."""
