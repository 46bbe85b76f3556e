"""What is flagged and found where risk follows a known pattern, and is tested beyond it: part of make power.

Usage:
    python benchmarks/given.py [--maps 200] [--planted 60] [--mean 5 20] [--table level small planted]
                               [--pattern WORDS ...]

The map and settings are those of level.py, under the default null hypothesis. Risks follow a pattern: exp(2 x IDACI)
with the invented IDACI of the sample study, or 2.3-fold from west to east; and may scatter around it. They are tested
beyond the population alone, given IDACI, and beyond a smooth trend whose knots lie 20 or 10 km apart.

level: nothing is planted: areas flagged at 5% before adjustment, maps with any finding after it.
small: the same on 50 and 150 neighbouring areas.
planted: seven neighbouring areas at two or three times the risk that the pattern gives them, gamma risks of shape 10;
the share of them that is found, and on the map without a pattern by the plain test.
"""

from __future__ import annotations

import argparse
import time
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
from level import LEVEL, WORLDS, Floats, gamma, seven_together, share, west_midlands

from hotspots import getis_ord, link_neighbours
from hotspots.model import AreaCounts, Identity, StudyArea
from hotspots.topics.clusters import with_expected_given

DATA = Path(__file__).resolve().parents[1] / "data" / "events"
SCATTERS = ("constant", "gamma, shape 4", "lognormal 0.8", "1 in 100 at tenfold", "half at none")
PATTERNS = ("none", "exp(2 IDACI)", "2.3-fold eastwards")
PLAIN: dict[str, Any] = {}


class World:
    """Areas, their people and patterns of risk."""

    def __init__(self, areas: gpd.GeoDataFrame, place: Floats, idaci: Floats) -> None:
        named = areas.assign(name=areas.index, la_code="E00000000", la_name="Here", population=areas["people"])
        self.area = StudyArea(named.drop(columns="people"), identity=Identity(release="open"))
        self.place, self.idaci = place, idaci
        self.people = areas["people"].to_numpy(float)
        self.links = link_neighbours(self.area)
        self.covariates = pd.DataFrame({"IDACI": idaci}, index=areas.index)

    def patterns(self) -> dict[str, Floats]:
        """Return the patterns, each with mean 1 over people."""
        east = (self.place[:, 0] - self.place[:, 0].min()) / np.ptp(self.place[:, 0])
        risks = (np.ones(len(east)), np.exp(2 * self.idaci), 2.3**east)
        return {
            name: risk * self.people.sum() / (risk @ self.people) for name, risk in zip(PATTERNS, risks, strict=True)
        }

    def test(self, count: Floats, given: dict[str, Any]) -> pd.DataFrame:
        """Return the areas tested beyond what is given; nothing is the population alone."""
        table = pd.DataFrame({"observed_low": count, "observed_high": count}, index=self.area.ids)
        counts = AreaCounts(self.area, table, identity=Identity(release="invented"))
        counts = with_expected_given(counts, **given) if given else counts
        return getis_ord(counts, self.links).table

    def ways(self, pattern: str, *, small: bool = False) -> dict[str, dict[str, Any]]:
        """Return what a pattern is tested beyond: name and arguments."""
        by_idaci: dict[str, dict[str, Any]] = {"IDACI": {"covariates": self.covariates}}
        trends: dict[str, dict[str, Any]] = {f"trend of {km} km": {"trend_km": km} for km in (20, 10)}
        if small:  # a plane, which 50 areas are too few for
            trends = {"trend of 20 km": {"trend_km": 20}} if len(self.people) >= 100 else {}
        return {"none": by_idaci | trends, "exp(2 IDACI)": by_idaci, "2.3-fold eastwards": trends}[pattern]


def level_row(world: World, risk: str, scatter: str, *, mean: float, given: dict[str, Any], maps: int) -> str:
    """Return what is flagged where nothing is planted."""
    rng, start = np.random.default_rng([int(mean), 3]), time.process_time()
    exposure = world.people / world.people.mean() * world.patterns()[risk]
    flagged, some, hot, cold = [], [], [], []
    for _ in range(maps):
        table = world.test(rng.poisson(mean * exposure * WORLDS[scatter](rng, world.place)), given)
        found = table["p_adjusted_high"] <= LEVEL
        up = table["p_hot_high"] < table["p_cold_high"]
        flagged.append(float((table["p_high"] <= LEVEL).mean()))
        some.append(bool(found.any()))
        hot.append(int((found & up).sum()))
        cold.append(int((found & ~up).sum()))
    seconds = (time.process_time() - start) / maps
    return f"{100 * np.mean(flagged):5.1f}   {share(some)}   {np.mean(hot):6.2f} {np.mean(cold):6.2f}   {seconds:.2f}"


def planted_row(world: World, risk: str, times: float, *, mean: float, given: dict[str, Any], maps: int) -> str:
    """Return the share of seven planted areas that is found, in per cent."""
    rng, shares, matrix = np.random.default_rng([int(mean), 4]), [], world.links.matrix().tocsr()
    exposure = world.people / world.people.mean() * world.patterns()[risk]
    for _ in range(maps):
        cluster = seven_together(matrix, rng)
        scatter = gamma(10)(rng, world.place)
        scatter[cluster] *= times
        table = world.test(rng.poisson(mean * exposure * scatter), given)
        hot = (table["p_adjusted_high"] <= LEVEL) & (table["p_hot_high"] < table["p_cold_high"])
        shares.append(float(hot.to_numpy()[cluster].mean()))
    return f"{100 * np.mean(shares):5.1f} ± {100 * np.std(shares) / np.sqrt(len(shares)):.1f}"


def some_of(areas: gpd.GeoDataFrame, place: Floats, idaci: Floats, number: int) -> World:
    """Return the areas nearest to the middle."""
    near = np.argsort(np.hypot(*(place - np.median(place, axis=0)).T), kind="stable")[:number]
    near = np.sort(near)
    return World(areas.iloc[near], place[near], idaci[near])


def main() -> None:
    """Print the tables asked for."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--maps", type=int, default=200)
    parser.add_argument("--planted", type=int, default=60)
    parser.add_argument("--mean", type=float, nargs="+", default=[5, 20])
    tables = ["level", "small", "planted"]
    parser.add_argument("--pattern", nargs="+", default=list(PATTERNS), choices=list(PATTERNS))
    parser.add_argument("--table", nargs="+", default=tables, choices=tables)
    asked = parser.parse_args()
    areas, place = west_midlands()
    table = pd.read_csv(DATA / "invented_idaci_lsoa11.csv").set_index("lsoa11_code")
    idaci = table["idaci_score"].reindex(areas.index).to_numpy(float)
    whole = World(areas, place, idaci)

    def print_levels(world: World, label: str, *, small: bool = False) -> None:
        for pattern in asked.pattern:
            scatters = SCATTERS if pattern != "none" else SCATTERS[:1]
            plain = {} if pattern == "none" or small else {"population alone": PLAIN}
            for way, given in (plain | world.ways(pattern, small=small)).items():
                for scatter in scatters if given else SCATTERS[:1]:
                    for mean in asked.mean:
                        row = level_row(world, pattern, scatter, mean=mean, given=given, maps=asked.maps)
                        print(f"  {label}{pattern:20} {scatter:22} {way:18} {mean:3.0f}   {row}", flush=True)

    if "level" in asked.table:
        print("pattern, scatter, beyond, events an area; % flagged, % of maps with a finding, hot, cold; seconds a map")
        print_levels(whole, "")
    if "small" in asked.table:
        print("the same on few areas")
        for number in (50, 150):
            print_levels(some_of(areas, place, idaci, number), f"{number:3} areas ", small=True)
    if "planted" in asked.table:
        print("seven areas planted: pattern, beyond, risk, events an area; % of them found")
        for pattern in asked.pattern:
            plain = {"population alone": PLAIN} if pattern == "none" else {}
            for way, given in (plain | whole.ways(pattern)).items():
                for times in (2.0, 3.0):
                    for mean in asked.mean:
                        row = planted_row(whole, pattern, times, mean=mean, given=given, maps=asked.planted)
                        print(f"  {pattern:20} {way:18} {times:g} {mean:3.0f}   {row}", flush=True)


if __name__ == "__main__":
    main()
