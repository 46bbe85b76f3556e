"""What scans in space and time find where nothing is planted, and where something is: part of make power.

Usage:
    python benchmarks/space_time_level.py [--maps 100] [--world WORDS ...]

200 square areas of 1 km with 1,000 to 5,000 people, the twelve months of a year, 20 events an area; circles up to 10%
of the people or events, runs of up to three months, 100 maps drawn for a p-value. Given is the share of maps on which
the most likely cluster has a p-value of at most 5%; ± is one standard error; seconds are of the processor, a map.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from level import LEVEL, Floats, gamma, lognormal, share, tenfold

import hotspots as hs

ROWS, COLUMNS, MONTHS, MEAN = 10, 20, 12, 20.0
DAYS = np.array([31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31], dtype=float)
LIMITS = {"share": 0.1, "longest": 0.25, "draws": 100, "most": 1}
PLANTED = np.array([64, 65, 84, 85])
"""Four squares in the middle; from May to July."""
World = Callable[[np.random.Generator, Floats], Floats]


def usual(people: Floats) -> Floats:
    """Return the events expected where everyone has the same risk on every day (areas, months)."""
    return np.outer(people / people.sum(), DAYS / DAYS.sum()) * MEAN * len(people)


def between_areas(risk: Callable[[np.random.Generator, Floats], Floats]) -> World:
    """Return counts of areas whose risks differ, all year."""
    return lambda rng, people: rng.poisson(usual(people) * risk(rng, people[:, None])[:, None])


def between_months(rng: np.random.Generator, people: Floats) -> Floats:
    """Return counts with a season, three times as many events in its best month as in its worst, everywhere alike."""
    season = 1 + 0.5 * np.sin(2 * np.pi * np.arange(MONTHS) / MONTHS)
    return rng.poisson(usual(people) * season)


def between_both(rng: np.random.Generator, people: Floats) -> Floats:
    """Return counts of areas whose risks differ, with months that differ."""
    return rng.poisson(usual(people) * np.outer(rng.gamma(1.5, 1 / 1.5, len(people)), rng.gamma(4, 0.25, MONTHS)))


def each_alone(rng: np.random.Generator, people: Floats) -> Floats:
    """Return counts whose risk differs from month to month in every area of its own."""
    return rng.poisson(usual(people) * rng.gamma(4, 0.25, (len(people), MONTHS)))


def in_pairs(rng: np.random.Generator, people: Floats) -> Floats:
    """Return events of which every other comes with a second one, in the same area and month."""
    incidents = rng.poisson(usual(people) / 1.5)
    return incidents + rng.binomial(incidents, 0.5)


def growing(fold: float) -> World:
    """Return counts of which the eastern half's grow over the year by this factor, as a population does."""

    def draw(rng: np.random.Generator, people: Floats) -> Floats:
        growth = np.where(np.arange(len(people)) % COLUMNS < COLUMNS / 2, 1.0, fold)
        return rng.poisson(usual(people) * growth[:, None] ** (np.arange(MONTHS) / (MONTHS - 1)))

    return draw


def planted(fold: float, *, months: slice = slice(4, 7)) -> World:
    """Return counts of areas whose risks differ (gamma of shape 4), with a cluster."""

    def draw(rng: np.random.Generator, people: Floats) -> Floats:
        risk = np.repeat(rng.gamma(4, 0.25, len(people))[:, None], MONTHS, axis=1)
        risk[PLANTED[:, None], np.arange(MONTHS)[months]] *= fold
        return rng.poisson(usual(people) * risk)

    return draw


WORLDS: dict[str, World] = {
    "constant": lambda rng, people: rng.poisson(usual(people)),
    "areas: gamma, shape 10": between_areas(gamma(10)),
    "areas: gamma, shape 1.5": between_areas(gamma(1.5)),
    "areas: lognormal 1.0": between_areas(lognormal(1.0)),
    "areas: 1 in 100 at tenfold": between_areas(tenfold),
    "months: a season of 1 to 3": between_months,
    "areas and months: gamma": between_both,
    "each month of each area: gamma, shape 4": each_alone,
    "every other event comes with a second": in_pairs,
    "half of the map grows 1.2-fold": growing(1.2),
    "half of the map grows 1.5-fold": growing(1.5),
    "planted: 2 times, May to July": planted(2),
    "planted: 3 times, May to July": planted(3),
    "planted: 3 times, all year": planted(3, months=slice(0, MONTHS)),
}


def make_area(rng: np.random.Generator) -> hs.StudyArea:
    """Return the squares with their people."""
    squares = [shapely.box(x, y, x + 1_000, y + 1_000) for y in range(0, ROWS * 1_000, 1_000)
               for x in range(0, COLUMNS * 1_000, 1_000)]  # fmt: skip
    ids = [f"A{number:04d}" for number in range(len(squares))]
    table = gpd.GeoDataFrame({"name": ids, "la_code": "A", "la_name": "A"}, geometry=squares, index=ids, crs=27700)
    area = hs.StudyArea(table, geography="square", identity=hs.studies.Identity(release="invented"))
    return area.with_population(pd.Series(rng.integers(1_000, 5_000, len(ids)).astype(float), index=ids))


def main() -> None:
    """Print the share of maps with a finding, a line for each world."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--maps", type=int, default=100)
    parser.add_argument("--world", nargs="*", default=list(WORLDS))
    asked = parser.parse_args()
    area = make_area(np.random.default_rng(0))
    people, months = area.areas["population"].to_numpy(), [f"2019-{month:02d}" for month in range(1, 13)]
    print(f"{'':42} {'permutation':>14} {'poisson':>14} {'seconds':>8}")
    for world in asked.world:
        found, start = {"permutation": [], "poisson": []}, time.process_time()
        for seed in range(asked.maps):
            counts = hs.clusters.PeriodCounts(
                area,
                pd.DataFrame(WORLDS[world](np.random.default_rng([seed, 7]), people), index=area.ids, columns=months),
                by="month",
                identity=hs.studies.Identity(release="invented"),
            )
            for model, findings in found.items():
                likeliest = hs.clusters.scan_space_time(counts, model=model, **LIMITS).table
                findings.append(bool((likeliest["p_high"] <= LEVEL).any()))
        seconds = (time.process_time() - start) / asked.maps
        print(f"{world:42} {share(found['permutation']):>14} {share(found['poisson']):>14} {seconds:8.2f}", flush=True)


if __name__ == "__main__":
    main()
