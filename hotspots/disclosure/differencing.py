"""Whether published totals and parts of the same events, taken together, reveal a suppressed count."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np

from hotspots.disclosure.rules import Rule, find_rule
from hotspots.model import AreaCounts, Series

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    from numpy.typing import ArrayLike

__all__ = ["OVERLAPPING", "reveals_area_counts", "reveals_more"]


def reveals_more(whole: ArrayLike, parts: ArrayLike, *, same_events: bool = True) -> bool:
    """Return whether two breakdowns of the same events together narrow the interval of one of their counts.

    Parameters
    ----------
    whole
        Lowest and highest value of each count of one breakdown, e.g. years; shape (cells, 2).
    parts
        Lowest and highest value of each count of the other, e.g. areas and events in none of them; shape (cells, 2).
    same_events
        Whether both breakdowns have the same events; if not, `whole` has only some of those of `parts`.

    Examples
    --------
    Three areas with 1 to 7 events each have 3 to 21 together. If the total is from 8 to 12, each area can still have
    any count from 1 to 7. If it is from 3 to 7, none can have more than 5.

    >>> areas = [(1, 7)] * 3
    >>> reveals_more([(8, 12)], areas), reveals_more([(3, 7)], areas)
    (False, True)
    """
    cells, others = (np.asarray(bounds, dtype=float).reshape(-1, 2) for bounds in (whole, parts))
    cells, others = cells[~np.isnan(cells[:, 0])], others[~np.isnan(others[:, 0])]
    (low, high), (least, most) = cells.sum(axis=0), others.sum(axis=0)
    # If any count is narrowed, the one with the widest interval is.
    widest = float(np.ptp(np.vstack([cells, others]), axis=1).max(initial=0.0))
    return bool(low > most - widest or (same_events and high < least + widest))


def reveals_area_counts(
    series: Series,
    counts: AreaCounts,
    *,
    rule: str | Rule | Mapping[str, int],
    dropped: Mapping[str, int],
    years: tuple[int, int],
    complete: Collection[str],
) -> bool:
    """Return whether a protected series and the areas' intervals together narrow a suppressed count.

    Parameters
    ----------
    series
        By year, protected.
    counts
        By area, before protection: each number of events outside the areas needs its own interval under the rule.
    dropped
        Reason → rows left out of both.
    years
        First and last year of the areas' counts.
    complete
        Groups of the series that have all events of the areas.
    """
    chosen = find_rule(rule)
    unplaced = [int(number) - int(dropped.get(reason, 0)) for reason, number in counts.dropped.items()]
    bounds = counts.table[["observed_low", "observed_high"]].to_numpy()
    parts = [(chosen.interval(low)[0], chosen.interval(high)[1]) for low, high in bounds]
    parts += [chosen.interval(number) for number in (int(counts.outside), *unplaced)]
    table = series.table[series.table["period"].astype(int).between(*years)]
    return any(
        reveals_more(rows[["low", "high"]], parts, same_events=group in complete)
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
