"""How often change points are found where there are none, and where there is one; how well intervals of change hold.

Usage:
    python benchmarks/series.py [SERIES]

SERIES (default 500) is how many series are drawn for each line. Printed: false change points (at most 7 % wished for),
steps of 20 % found (at least 70 % without correlation), and coverage of the 95 % intervals of change since the first
year (at least 92 %; with 12 or more years at most 98 %), each with the standard error, and seconds a series. Beside
them, in the same run, what is in wide use: exact segmentation by `ruptures` (levels, the usual penalty 2 s² ln n), and
Poisson intervals.
"""

from __future__ import annotations

import sys
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from time import perf_counter

import numpy as np

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))

from drifting import NULLS, draw, series_of

from hotspots.analysis.series.change import change_since, ratio_interval
from hotspots.analysis.series.change_points import find_change_points

YEARLY = {"Poisson": (0.0, 0.0), "5 % a year": (0.05, 0.0), "AR .5": (0.05, 0.5), "AR .8": (0.05, 0.8)}


def found(task: tuple[np.ndarray, int]) -> tuple[bool, bool, float, float]:
    """Return whether the search, and whether the peer, cut one series; and the seconds of both."""
    counts, seed = task
    started = perf_counter()
    table = find_change_points(series_of(counts), rng=np.random.default_rng(seed), draws=199).table
    between = perf_counter()
    theirs = by_ruptures(counts)
    return len(table) > 1, theirs, between - started, perf_counter() - between


def by_ruptures(counts: np.ndarray) -> bool:
    """Return whether exact segmentation into levels cuts a series, its noise taken from differences of neighbours."""
    import ruptures

    noise = np.var(np.diff(counts)) / 2
    search = ruptures.Pelt(model="l2", min_size=2, jump=1).fit(counts)
    return len(search.predict(pen=2 * noise * np.log(len(counts)))) > 1


def covered(task: tuple[np.ndarray, int]) -> tuple[float, bool, float]:
    """Return the share of years, and whether the last, whose interval holds the true ratio 1; the same of Poisson."""
    counts, _ = task
    years = series_of(counts, periods=[str(1990 + n) for n in range(len(counts))])
    change = change_since(years, "1990").iloc[1:]
    inside = (change["ratio_low"] <= 1) & (change["ratio_high"] >= 1)
    low, high = ratio_interval(counts[1:], np.full(len(counts) - 1, counts[0]))
    return float(inside.mean()), bool(inside.iloc[-1]), float(((low <= 1) & (high >= 1)).mean())


def percent(values: list[float]) -> str:
    """Return the mean of shares with its standard error."""
    share = float(np.mean(values))
    return f"{share:6.1%} ({np.sqrt(share * (1 - share) / len(values)):.1%})"


def main(size: int) -> None:
    """Print both tables."""
    with ProcessPoolExecutor(2) as pool:
        print(f"28 quarters, mean 750, {size} series a line: cut by this search, by ruptures (s.e.); seconds each")
        steps = {f"step of 20 %, {name}": (*NULLS[name][:2], 0.0, 0.2) for name in list(NULLS)[:5]}
        nulls = NULLS | {"2 % a year, AR .6": (0.05, 0.6, 0.02)}  # the hardest of those tried: drift beside a slope
        for name, (sd, correlation, growth, step) in ({k: (*v, 0.0) for k, v in nulls.items()} | steps).items():
            rng = np.random.default_rng(len(name))
            drawn = draw(rng, sd=sd, correlation=correlation, growth=growth, step=step, size=size)
            ours, theirs, own, peer = zip(
                *pool.map(found, zip(drawn, range(size), strict=True), chunksize=10), strict=True
            )
            seconds = f"{np.mean(own):.3f}  {np.mean(peer):.4f}"
            print(f"  {name:32} {percent(ours)}   {percent(theirs)}   {seconds}", flush=True)
        print("change since the first year, mean 3,000: coverage of all years, of the last, of Poisson intervals (all)")
        for n in (7, 12, 20):
            for name, (sd, correlation) in YEARLY.items():
                drawn = draw(np.random.default_rng(n), n=n, mean=3_000, sd=sd, correlation=correlation, size=size)
                every, last, poisson = zip(*pool.map(covered, zip(drawn, range(size), strict=True)), strict=True)
                print(f"  {n:2} years, {name:12} {percent(every)}   {percent(last)}   {percent(poisson)}", flush=True)


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 500)
