"""Intervals of suppressed counts, narrowed by published totals.

A publisher who suppresses the small counts of schools or areas, but publishes the total of their authority, discloses
more about each count than its mark does. If three schools have suppressed counts of 1 or 2 and a total of 3, each count
must be 1, which is what the publisher suppressed. So the narrowed intervals are correct, but only a restricted study
may use them.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from hotspots.errors import AnalysisError, list_briefly
from hotspots.model import AreaCounts, Note
from hotspots.vocabulary import INVENTED, RESTRICTED

if TYPE_CHECKING:
    import pandas as pd
    from numpy.typing import ArrayLike, NDArray

    Floats = NDArray[np.float64]


def tighten(
    low: ArrayLike,
    high: ArrayLike,
    groups: Sequence[ArrayLike],
    total_low: ArrayLike,
    total_high: ArrayLike,
    *,
    names: Sequence[str] = (),
) -> tuple[Floats, Floats]:
    """Return the lowest and highest value that each count can have, given totals of groups of counts.

    Take one group with a total from T to U, and a member with a count from a to b. The other counts can add up to every
    whole number from l, the sum of their lower bounds, to h, the sum of their upper bounds. So the member can have the
    count v if and only if v + l <= U and v + h >= T. Its bounds are max(a, T - h) and min(b, U - l), the narrowest
    possible. The total itself lies between max(T, a + l) and min(U, b + h).

    Groups may be nested (authorities in a region) or the same. A group is then the sum of the largest groups in it and
    of its other members, and both steps are repeated for all groups until no bound changes. Nested groups form a tree,
    so the bounds are again the narrowest possible. Where groups overlap without being nested, the bounds are valid, but
    may be wider than necessary.

    Parameters
    ----------
    low, high
        Bounds of the counts, whole numbers; shape (n,). A missing count can be any number and stays missing.
    groups
        For each total the positions of its members, from 0 to n - 1.
    total_low, total_high
        Bounds of the totals, one for each group; equal where the total is known, infinite where it is not.
    names
        Names of the groups, for errors.

    Raises
    ------
    AnalysisError
        If a bound is no whole number, or no counts within the bounds have these totals.

    Examples
    --------
    Three counts from 1 to 2 with a total of 3, and three with a total of 5.

    >>> low, high = tighten([1, 1, 1, 1, 1, 1], [2, 2, 2, 2, 2, 2], [[0, 1, 2], [3, 4, 5]], [3, 5], [3, 5])
    >>> low.tolist(), high.tolist()
    ([1.0, 1.0, 1.0, 1.0, 1.0, 1.0], [1.0, 1.0, 1.0, 2.0, 2.0, 2.0])
    """
    members = [frozenset(np.asarray(group, dtype=int).tolist()) for group in groups]
    missing = np.isnan(np.asarray(low, dtype=float))
    lows = np.concatenate([np.where(missing, 0.0, low), np.asarray(total_low, dtype=float)])
    highs = np.concatenate([np.where(missing, np.inf, high), np.asarray(total_high, dtype=float)])
    _need_whole(lows, highs)
    count = len(missing)
    sums = [
        (count + group, np.array(parts, dtype=int), names[group] if names else f"group {group}")
        for group, parts in _parts(members, count)
    ]
    changed = True
    # Bounds only narrow, and by whole numbers, so this ends.
    while changed:
        before = lows.copy(), highs.copy()
        for total, parts, name in sums:
            _narrow(lows, highs, total, parts, name)
        changed = not (np.array_equal(lows, before[0]) and np.array_equal(highs, before[1]))
    return np.where(missing, np.nan, lows[:count]), np.where(missing, np.nan, highs[:count])


def _need_whole(lows: Floats, highs: Floats) -> None:
    bounds = np.concatenate([lows, highs])
    odd = bounds[np.isnan(bounds) | (np.isfinite(bounds) & (bounds != np.round(bounds)))]
    if len(odd):
        raise AnalysisError(
            f"{odd[0]:g} is not a whole number.",
            found=f"{len(odd):,} such bounds of counts or totals",
            advice="totals can narrow whole numbers only: leave out the groups with fractions",
        )
    crossed = np.flatnonzero(lows > highs)
    if len(crossed):
        raise AnalysisError(
            f"An interval runs backwards, from {lows[crossed[0]]:g} to {highs[crossed[0]]:g}.",
            found=f"{len(crossed):,} such intervals of counts or totals",
            advice="give the lower bound first",
        )


def _parts(groups: Sequence[frozenset[int]], count: int) -> list[tuple[int, list[int]]]:
    """Return each group with its parts: the largest groups in it (as `count` + group), and members in none of them."""
    order = sorted(range(len(groups)), key=lambda group: len(groups[group]))
    parts_of_groups = []
    for rank, group in enumerate(order):
        remaining, parts = set(groups[group]), []
        # The largest first: the parts of a region are whole authorities, then the counts in none of them.
        for smaller in reversed(order[:rank]):
            if groups[smaller] and groups[smaller] <= remaining:
                parts.append(count + smaller)
                remaining -= groups[smaller]
        parts_of_groups.append((group, [*parts, *sorted(remaining)]))
    return parts_of_groups


def _narrow(lows: Floats, highs: Floats, total: int, parts: NDArray[np.int64], name: str) -> None:
    """Narrow a total to the sums that its parts can have, and each part to what the total allows; both in place."""
    least, most = lows[parts].sum(), highs[parts].sum()
    if least > highs[total] or most < lows[total]:
        of_total = _as_range(lows[total], highs[total])
        raise AnalysisError(
            f"No counts of {name} add up to its total.",
            found=f"{_as_range(least, most)} in {len(parts):,} parts, and a total of {of_total}",
            advice="use totals of the same areas or schools, years and kind, and check what each mark stands for",
        )
    lows[total], highs[total] = max(lows[total], least), min(highs[total], most)
    others_low, others_high = _sum_of_others(lows[parts]), _sum_of_others(highs[parts])
    lows[parts] = np.maximum(lows[parts], lows[total] - others_high)
    highs[parts] = np.minimum(highs[parts], highs[total] - others_low)


def _sum_of_others(values: Floats) -> Floats:
    """Return for each value the sum of the other values, which may be infinite."""
    infinite = np.isinf(values)
    finite = np.where(infinite, 0.0, values)
    # Infinite values are counted apart: the sum less an infinite value would be inf - inf.
    others: Floats = np.where(infinite.sum() - infinite > 0, np.inf, finite.sum() - finite)
    return others


def _as_range(low: float, high: float) -> str:
    if low == high:
        return f"{low:,.0f}"
    return f"{low:,.0f} or more" if np.isinf(high) else f"{low:,.0f} to {high:,.0f}"


# --------------------------------------------------------------------------- tables and counts of areas


def tighten_table(table: pd.DataFrame, totals: pd.DataFrame, *, by: Sequence[str]) -> pd.DataFrame:
    """Return a table of counts with `low` and `high` tightened by the totals of its groups.

    Parameters
    ----------
    table
        One row for each count, with `low`, `high` and the columns `by`.
    totals
        Indexed by the values of `by`: `low`, `high` (missing where the total is not known) and `name`. Totals of groups
        that are not in the table are ignored, and groups without a total stay as they are.

    Raises
    ------
    AnalysisError
        If no counts within the bounds have these totals.
    """
    positions: dict[tuple[object, ...], list[int]] = {}
    for row, key in enumerate(zip(*(table[column] for column in by), strict=True)):
        positions.setdefault(key, []).append(row)
    keys = [key if isinstance(key, tuple) else (key,) for key in totals.index]
    usable = totals["low"].notna().to_numpy() & np.array([key in positions for key in keys], dtype=bool)
    chosen = totals[usable]
    low, high = tighten(
        table["low"].to_numpy(dtype=float),
        table["high"].to_numpy(dtype=float),
        [positions[key] for key, used in zip(keys, usable, strict=True) if used],
        chosen["low"].to_numpy(dtype=float),
        chosen["high"].to_numpy(dtype=float),
        names=[str(name) for name in chosen["name"]],
    )
    return table.assign(low=low, high=high)


def tighten_counts(
    counts: AreaCounts, totals: Mapping[str, tuple[float, float]], *, whole: tuple[float, float] | None = None
) -> AreaCounts:
    """Return restricted counts whose intervals are narrowed by published totals of their authorities.

    The result is restricted, whatever the release mark of the counts, because a narrowed interval may disclose what the
    publisher suppressed. So it is marked on every map and layer. `hotspots.protect` refuses it: widening a narrowed
    interval does not always give the published one. A publish study never calls this function and uses the source's own
    intervals. Invented counts remain invented: they disclose nobody.

    Parameters
    ----------
    counts
        Counts of whole authorities: the total of an authority that is only partly in the study does not apply.
    totals
        Code of an authority → lowest and highest value of its total; equal where it is known. Counts of authorities
        without a total stay as they are.
    whole
        Lowest and highest value of the total of the whole study area.

    Raises
    ------
    AnalysisError
        If a code is not that of an authority of the study, or no counts within the intervals have these totals.
    """
    authorities = counts.area.authorities
    unknown = [code for code in totals if code not in authorities]
    if unknown:
        raise AnalysisError(
            f"There is no authority {unknown[0]!r} in the study area.",
            found=f"authorities {list_briefly(f'{code} {name}' for code, name in authorities.items())}",
            advice="give totals of these authorities",
        )
    authority_of_area = counts.area.areas["la_code"].to_numpy()
    groups = [np.flatnonzero(authority_of_area == code) for code in totals]
    bounds, names = list(totals.values()), [f"{authorities[code]} ({code})" for code in totals]
    if whole is not None:
        groups, bounds, names = [*groups, np.arange(len(counts))], [*bounds, whole], [*names, "the study area"]
    own_low, own_high = (counts.table[column].to_numpy() for column in ("observed_low", "observed_high"))
    low, high = tighten(
        own_low, own_high, groups, [total[0] for total in bounds], [total[1] for total in bounds], names=names
    )
    narrower = int(np.sum((high - low) < (own_high - own_low)))
    words = (
        f"Published totals narrow the intervals of {narrower:,} of {counts.hidden:,} suppressed or rounded counts: "
        "restricted."
    )
    note = Note(words, of="records", numbers=(narrower, counts.hidden))
    return replace(
        counts,
        table=counts.table.assign(observed_low=low, observed_high=high),
        identity=replace(
            counts.identity,
            notes=(*counts.notes, note),
            release=INVENTED if counts.release == INVENTED else RESTRICTED,
        ),
    )
