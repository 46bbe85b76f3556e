"""Published totals against the suppressed numbers of their parts: what remains possible for each.

A publisher who suppresses the small numbers of schools or areas, but publishes the total of their authority, discloses
more about each than its mark does. The tightened intervals are right, and they are for inference under a restricted
study only: where the numbers of three schools are suppressed, 1 or 2 each, and add up to 3, each must be 1, which is
what the publisher suppressed.
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
    """Return what each count can still be, given totals of groups of them.

    Take one group with a total from T to U, and a member i from a to b. The others can add up to every whole number
    from l, the sum of their lower bounds, to h, the sum of their upper bounds. So a count v of the member is possible
    just where v + l <= U and v + h >= T, and the member lies between max(a, T - h) and min(b, U - l): no wider, and
    no narrower. The total itself lies between max(T, a + l) and min(U, b + h).

    Groups may lie in one another (authorities in a region) or be the same. A group is then the sum of the largest
    groups in it and of what is left, and the two steps are repeated, up and down, until nothing changes. As the groups
    form a tree, in which each number is a part of one sum and the total of one, the bounds are again as narrow as can
    be. Where groups overlap without lying in one another, they are right, but may be wider than need be.

    Parameters
    ----------
    low, high
        Bounds of the counts, whole numbers; shape (n,). A missing count can be any number and stays missing.
    groups
        For each total the positions of its members, from 0 to n - 1.
    total_low, total_high
        Bounds of the totals, one for each group; equal where the total is known, infinite where nothing is.
    names
        What each group is called in an error.

    Raises
    ------
    AnalysisError
        If a bound is no whole number, or no counts within the bounds have these totals.

    Examples
    --------
    Three counts from 1 to 2 that are 3 together; and three that are 5.

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
        for whole, parts, name in sums:
            _narrow(lows, highs, whole, parts, name)
        changed = not (np.array_equal(lows, before[0]) and np.array_equal(highs, before[1]))
    return np.where(missing, np.nan, lows[:count]), np.where(missing, np.nan, highs[:count])


def _need_whole(lows: Floats, highs: Floats) -> None:
    bounds = np.concatenate([lows, highs])
    odd = bounds[np.isnan(bounds) | (np.isfinite(bounds) & (bounds != np.round(bounds)))]
    if len(odd):
        raise AnalysisError(
            f"{odd[0]:g} is not a whole number.",
            found=f"{len(odd):,} such bounds of counts or totals",
            advice="totals tell something of whole numbers only: leave out the groups with fractions",
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
    found = []
    for place, group in enumerate(order):
        left, parts = set(groups[group]), []
        # The largest first: a region takes whole authorities, and only the rest count by count.
        for other in reversed(order[:place]):
            if groups[other] and groups[other] <= left:
                parts.append(count + other)
                left -= groups[other]
        found.append((group, [*parts, *sorted(left)]))
    return found


def _narrow(lows: Floats, highs: Floats, whole: int, parts: NDArray[np.int64], name: str) -> None:
    """Narrow a total to what its parts can add up to, and each part to what the total leaves it; both in place."""
    least, most = lows[parts].sum(), highs[parts].sum()
    if least > highs[whole] or most < lows[whole]:
        raise AnalysisError(
            f"No counts of {name} add up to its total.",
            found=f"{_say(least, most)} in {len(parts):,} parts, and a total of {_say(lows[whole], highs[whole])}",
            advice="use totals of the same areas or schools, years and kind, and check what each mark stands for",
        )
    lows[whole], highs[whole] = max(lows[whole], least), min(highs[whole], most)
    others_low, others_high = _others(lows[parts]), _others(highs[parts])
    lows[parts] = np.maximum(lows[parts], lows[whole] - others_high)
    highs[parts] = np.minimum(highs[parts], highs[whole] - others_low)


def _others(values: Floats) -> Floats:
    """Return the sum of all others for each value; a value may be infinite."""
    infinite = np.isinf(values)
    finite = np.where(infinite, 0.0, values)
    # With infinite bounds the total less one value would be inf - inf.
    others: Floats = np.where(infinite.sum() - infinite > 0, np.inf, finite.sum() - finite)
    return others


def _say(low: float, high: float) -> str:
    if low == high:
        return f"{low:,.0f}"
    return f"{low:,.0f} or more" if np.isinf(high) else f"{low:,.0f} to {high:,.0f}"


# --------------------------------------------------------------------------- tables and counts of areas


def tighten_table(table: pd.DataFrame, totals: pd.DataFrame, *, by: Sequence[str]) -> pd.DataFrame:
    """Return a table of counts with `low` and `high` tightened by the totals of its groups.

    Parameters
    ----------
    table
        One row a count, with `low`, `high` and the columns `by`.
    totals
        Indexed by the values of `by`: `low`, `high` (missing where the total says nothing) and `name`. Totals of
        groups that are not in the table are passed over, and groups without a total stay as they are.

    Raises
    ------
    AnalysisError
        If no counts within the bounds have these totals.
    """
    positions: dict[tuple[object, ...], list[int]] = {}
    for place, key in enumerate(zip(*(table[column] for column in by), strict=True)):
        positions.setdefault(key, []).append(place)
    keys = [key if isinstance(key, tuple) else (key,) for key in totals.index]
    use = totals["low"].notna().to_numpy() & np.array([key in positions for key in keys], dtype=bool)
    chosen = totals[use]
    low, high = tighten(
        table["low"].to_numpy(dtype=float),
        table["high"].to_numpy(dtype=float),
        [positions[key] for key, used in zip(keys, use, strict=True) if used],
        chosen["low"].to_numpy(dtype=float),
        chosen["high"].to_numpy(dtype=float),
        names=[str(name) for name in chosen["name"]],
    )
    return table.assign(low=low, high=high)


def tighten_counts(
    counts: AreaCounts, totals: Mapping[str, tuple[float, float]], *, whole: tuple[float, float] | None = None
) -> AreaCounts:
    """Return counts whose intervals are tightened by published totals of their authorities, for named readers only.

    The result is marked restricted, whatever the counts were marked: each interval may disclose what its publisher
    suppressed. So it carries the marking on every map and layer, `hotspots.protect` refuses it (widening a tightened
    interval need not give the published one back), and a publish study, which never calls this, uses the source's own
    intervals. (Invented counts remain invented: they disclose nobody.)

    Parameters
    ----------
    counts
        Counts of whole authorities: an authority of which the study has a part would be tightened wrongly.
    totals
        Code of an authority → lowest and highest of its total; equal where it is known. Authorities without a total
        stay as they are.
    whole
        Lowest and highest of the total of the whole study area.

    Raises
    ------
    AnalysisError
        If a code is no authority of the study, or no counts within the intervals have these totals.
    """
    authorities = counts.area.authorities
    unknown = [code for code in totals if code not in authorities]
    if unknown:
        raise AnalysisError(
            f"There is no authority {unknown[0]!r} in the study area.",
            found=f"authorities {list_briefly(f'{code} {name}' for code, name in authorities.items())}",
            advice="give totals of these authorities",
        )
    of_area = counts.area.areas["la_code"].to_numpy()
    groups = [np.flatnonzero(of_area == code) for code in totals]
    bounds, names = list(totals.values()), [f"{authorities[code]} ({code})" for code in totals]
    if whole is not None:
        groups, bounds, names = [*groups, np.arange(len(counts))], [*bounds, whole], [*names, "the study area"]
    own_low, own_high = (counts.table[column].to_numpy() for column in ("observed_low", "observed_high"))
    low, high = tighten(own_low, own_high, groups, [t[0] for t in bounds], [t[1] for t in bounds], names=names)
    narrower = int(np.sum((high - low) < (own_high - own_low)))
    words = (
        f"Totals narrow {narrower:,} of {counts.hidden:,} hidden counts to less than the source says of them: "
        "for named readers only."
    )
    note = Note(words, of="records", numbers=(narrower, counts.hidden))
    return replace(
        counts,
        table=counts.table.assign(observed_low=low, observed_high=high),
        notes=(*counts.notes, note),
        release=INVENTED if counts.release == INVENTED else RESTRICTED,
    )
