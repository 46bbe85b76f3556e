"""Schools with few exclusions and few schools: which files are fitted, what that takes, and whether limits hold.

Counts are negative binomial around a line over the index, as schools are compared (`hotspots.schools`): pupils
lognormal, index beta, nothing planted. Prints two tables; some five minutes with 400 files.
"""

from __future__ import annotations

import sys
import time
import tracemalloc
from typing import NamedTuple

import numpy as np
from scipy.stats import nbinom, poisson

from hotspots.analysis.common import counts_of
from hotspots.analysis.schools.method_text import POINTS_OF_SHARE, slope_of
from hotspots.analysis.schools.model import Judgement, judge_counts
from hotspots.errors import AnalysisError

Floats = np.ndarray

SLOPE = 1.2
MEANS, DISPERSIONS = (0.3, 0.6, 1.0, 3.0), (0.5, 1.0, 1.5, 2.0)
SIZES = (25, 50, 200)
LIMITS = ((15.0, 0.0), (15.0, 0.4), (3.0, 0.5), (0.6, 1.0))
"""Mean and dispersion of the files whose limits are tried: ordinary ones, few exclusions, very few."""


class File(NamedTuple):
    """Pupil-years, design, expected counts and counts of schools."""

    pupils: Floats
    design: Floats
    expected: Floats
    counts: Floats


def draw(rng: np.random.Generator, n: int, mean: float, dispersion: float) -> File:
    """Return schools with this mean on average and this dispersion."""
    pupils, index = rng.lognormal(np.log(2_700), 0.45, n), rng.beta(2, 5, n)
    expected = pupils * np.exp(SLOPE * index)
    expected *= mean / expected.mean()
    risk = rng.gamma(1 / dispersion, dispersion, n) if dispersion else np.ones(n)
    return File(pupils, np.column_stack([np.ones(n), index]), expected, rng.poisson(expected * risk).astype(float))


def judge(file: File) -> Judgement | None:
    """Return the schools of a file as `diverging_schools` judges them; None where they are refused."""
    try:
        return judge_counts(counts_of(file.counts), file.design, exposure=file.pupils, level=0.05)
    except (AnalysisError, MemoryError):
        return None


def print_fitted(files: int) -> None:
    """Print how many files of 200 schools are fitted, by which fit, and the most memory one took."""
    print(f"{files} files of 200 schools\nmean, dispersion | fitted | by likelihood | MB | seconds a file | dispersion")
    for mean in MEANS:
        for dispersion in DISPERSIONS:
            rng, start = np.random.default_rng(int(100 * mean + 10 * dispersion)), time.process_time()
            tracemalloc.start()
            judged = [judge(draw(rng, 200, mean, dispersion)) for _ in range(files)]
            peak, seconds = tracemalloc.get_traced_memory()[1] / 1e6, (time.process_time() - start) / files
            tracemalloc.stop()
            fits = [one.fit for one in judged if one is not None]
            likely = sum(fit.method == "maximum-likelihood" for fit in fits)
            median = float(np.median([fit.dispersion for fit in fits])) if fits else np.nan
            print(f"{mean:g}, {dispersion:g} | {len(fits)} | {likely} | {peak:.0f} | {seconds:.2f} | {median:.2f}")


def print_limits(files: int) -> None:
    """Print whether intervals and limits hold: of the slope, of new counts, of the schools' own, and "far".

    New counts are of the same schools, by the true distribution, against the limits of the fit.
    """
    print(f"{files} files, in per cent")
    print("schools, mean, dispersion | fitted | slope in its interval | new counts inside | own outside | any far")
    for mean, dispersion in LIMITS:
        for n in SIZES:
            rng = np.random.default_rng(n + int(100 * mean + 10 * dispersion))
            rows = []
            for _ in range(files):
                file = draw(rng, n, mean, dispersion)
                found = judge(file)
                if found is None:
                    continue
                slope, (low, high) = slope_of(found.fit, POINTS_OF_SHARE), found.limits_95
                size = 1 / dispersion if dispersion else 0.0
                new = nbinom(size, size / (size + file.expected)) if dispersion else poisson(file.expected)
                rows.append([
                    slope.low <= np.exp(0.1 * SLOPE) <= slope.high,
                    (new.cdf(high) - new.cdf(low - 1)).mean(),
                    (np.minimum(found.p_above, found.p_below) < 0.025).mean(),
                    np.isin(found.classes, ["far_above", "far_below"]).any(),
                ])  # fmt: skip
            shares = " | ".join(f"{100 * share:.1f}" for share in np.mean(rows, axis=0))
            print(f"{n}, {mean:g}, {dispersion:g} | {len(rows)} | {shares}", flush=True)


if __name__ == "__main__":
    files = int(sys.argv[1]) if len(sys.argv) > 1 else 400
    print_fitted(min(files, 100))
    print_limits(files)
