"""What every null hypothesis flags where nothing is planted, and what it finds where something is: part of make power.

Usage:
    python benchmarks/level.py [--maps 200] [--planted 30] [--mean 5 20 80] [--null NULL ...] [--world WORDS ...]

The map is that of the West Midlands, 1,680 areas of 1,000 to 5,000 people, Gi* with Queen neighbours and all other
settings as they are by default. First table, nothing planted: the share of areas flagged at 5 % before adjustment, the
share of maps with any finding after adjustment (at most 5 % wished for), and how many areas of a map are found hot and
cold. Second table: gamma risks of shape 10, seven neighbouring areas at two or three times the risk; which share of
them is found. ± is one standard error over maps; seconds are of the processor, a map.

In the last three worlds risks are not scattered but lie in a pattern, which no null of scattered risk holds: it finds
the pattern, as it should, and a reader has to know that.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd

from hotspots import getis_ord, link_neighbours

DATA = Path(__file__).resolve().parents[1] / "data" / "boundaries"
LEVEL = 0.05
Floats = np.ndarray
World = Callable[[np.random.Generator, Floats], Floats]


def gamma(shape: float) -> World:
    """Return risks of a gamma with mean 1."""
    return lambda rng, place: rng.gamma(shape, 1 / shape, len(place))


def lognormal(spread: float) -> World:
    """Return risks of a lognormal with mean 1 and this standard deviation of the logarithm."""
    return lambda rng, place: rng.lognormal(-(spread**2) / 2, spread, len(place))


def tenfold(rng: np.random.Generator, place: Floats) -> Floats:
    """Return ten times the risk in one area of a hundred: a prison, a hospital, a shopping centre."""
    risk = np.ones(len(place))
    risk[rng.choice(len(place), len(place) // 100, replace=False)] = 10
    return risk


def half_empty(rng: np.random.Generator, place: Floats) -> Floats:
    """Return no risk in half of the areas, the same in all others."""
    return np.where(rng.random(len(place)) < 0.5, 0.0, 2.0)


def two_populations(rng: np.random.Generator, place: Floats) -> Floats:
    """Return a third of the areas with three times the risk of the others."""
    return np.where(rng.random(len(place)) < 1 / 3, 3.0, 1.0)


def gradient(fold: float) -> World:
    """Return a risk that grows smoothly from west to east by this factor."""

    def draw(rng: np.random.Generator, place: Floats) -> Floats:
        share = (place[:, 0] - place[:, 0].min()) / np.ptp(place[:, 0])
        return np.asarray(fold**share)

    return draw


def nearby(rng: np.random.Generator, place: Floats) -> Floats:
    """Return scatter of a quarter that areas within a kilometre or two share."""
    centres = place[rng.choice(len(place), 400, replace=False)]
    weight = np.exp(-((place[:, None, :] - centres) ** 2).sum(axis=2) / (2 * 800.0**2))
    field = weight @ rng.standard_normal(400) / np.sqrt((weight**2).sum(axis=1) + 1e-12)
    return np.asarray(np.exp(0.25 * field))


WORLDS: dict[str, World] = {
    "constant": lambda rng, place: np.ones(len(place)),
    "gamma, shape 4": gamma(4),
    "gamma, shape 1.5": gamma(1.5),
    "lognormal 0.5": lognormal(0.5),
    "lognormal 0.8": lognormal(0.8),
    "lognormal 1.0": lognormal(1.0),
    "1 in 100 at tenfold": tenfold,
    "half at none": half_empty,
    "a third at threefold": two_populations,
    "smooth gradient 1.5-fold": gradient(1.5),
    "smooth gradient 2.3-fold": gradient(2.3),
    "scatter shared nearby": nearby,
}
NULLS: dict[str, dict[str, str]] = {
    "scattered-risk": {"null": "scattered-risk"},
    "exchangeable-risk": {"null": "exchangeable-risk"},
    "constant-risk": {"null": "constant-risk"},
    "randomisation, rate": {"null": "randomisation", "measure": "rate"},
    "randomisation, shrunken rate": {"null": "randomisation", "measure": "empirical-bayes"},
}


def west_midlands() -> tuple[gpd.GeoDataFrame, Floats]:
    """Return the areas in the order of their codes, with their people, and the centres of the areas (n, 2)."""
    areas = gpd.read_file(DATA / "west_midlands_lsoa11.gpkg", layer="lsoa11").set_index("lsoa11_code").sort_index()
    people = pd.read_csv(DATA / "population_lsoa11_census2011.csv").set_index("lsoa11_code")["population"]
    centres = areas.geometry.centroid
    return areas[["geometry"]].assign(people=people.reindex(areas.index)), np.column_stack([centres.x, centres.y])


def share(values: list[bool]) -> str:
    """Return a share of maps in per cent, with its standard error."""
    mean = float(np.mean(values))
    return f"{100 * mean:5.1f} ± {100 * np.sqrt(max(mean * (1 - mean), 0.25 / len(values)) / len(values)):.1f}"


def seven_together(matrix: Any, rng: np.random.Generator) -> list[int]:
    """Return seven areas around one drawn at random, by a sparse matrix of neighbours."""
    cluster = [int(rng.integers(matrix.shape[0]))]
    while len(cluster) < 7:
        around = [int(one) for one in matrix[cluster].indices if one not in cluster]
        cluster += list(dict.fromkeys(around))[: 7 - len(cluster)]
    return cluster


def main() -> None:
    """Print both tables."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--maps", type=int, default=200)
    parser.add_argument("--planted", type=int, default=30)
    parser.add_argument("--mean", type=float, nargs="+", default=[5, 20, 80])
    parser.add_argument("--null", nargs="+", default=list(NULLS), choices=list(NULLS))
    parser.add_argument("--world", nargs="+", default=list(WORLDS), choices=list(WORLDS))
    asked = parser.parse_args()
    areas, place = west_midlands()
    links, people = link_neighbours(areas), areas["people"].to_numpy(float)
    exposure = people / people.mean()

    def test(count: Floats, null: str) -> pd.DataFrame:
        found = getis_ord(areas.assign(events=count), links, column="events", population="people", **NULLS[null])
        return found.table

    print("nothing planted: null, world, events an area; % flagged, % of maps with a finding, hot, cold; seconds a map")
    for null in asked.null:
        for world in asked.world:
            for mean in asked.mean:
                rng, start = np.random.default_rng([int(mean), 1]), time.process_time()
                flagged, any_found, hot, cold = [], [], [], []
                for _ in range(asked.maps):
                    table = test(rng.poisson(mean * exposure * WORLDS[world](rng, place)), null)
                    found = table["p_adjusted_high"] <= LEVEL
                    up = table["p_hot_high"] < table["p_cold_high"]
                    flagged.append(float((table["p_high"] <= LEVEL).mean()))
                    any_found.append(bool(found.any()))
                    hot.append(int((found & up).sum()))
                    cold.append(int((found & ~up).sum()))
                seconds = (time.process_time() - start) / asked.maps
                print(
                    f"  {null:28} {world:26} {mean:3.0f}   {100 * np.mean(flagged):5.1f}   {share(any_found)}"
                    f"   {np.mean(hot):6.2f} {np.mean(cold):6.2f}   {seconds:.2f}",
                    flush=True,
                )
    matrix = links.matrix().tocsr()
    print("seven areas planted, gamma risks of shape 10: null, risk, events an area; % of them found")
    for null in asked.null:
        for times in (2.0, 3.0):
            for mean in asked.mean:
                rng, shares = np.random.default_rng([int(mean), 2]), []
                for _ in range(asked.planted):
                    cluster = seven_together(matrix, rng)
                    risk = rng.gamma(10, 0.1, len(people))
                    risk[cluster] *= times
                    table = test(rng.poisson(mean * exposure * risk), null)
                    hot = (table["p_adjusted_high"] <= LEVEL) & (table["p_hot_high"] < table["p_cold_high"])
                    shares.append(float(hot.to_numpy()[cluster].mean()))
                error = np.std(shares) / np.sqrt(len(shares))
                print(
                    f"  {null:28} {times:g} {mean:3.0f}   {100 * np.mean(shares):5.1f} ± {100 * error:.1f}", flush=True
                )


if __name__ == "__main__":
    main()
