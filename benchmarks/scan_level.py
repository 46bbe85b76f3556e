"""How often a scan finds a cluster where none is planted, and how often it finds one that is: part of make power.

Usage:
    python benchmarks/scan_level.py [--maps 60] [--planted 15] [--mean 5 20] [--areas 400] [--null NULL ...]
                                    [--world WORDS ...] [--share 0.1] [--first 0]

Worlds and areas are those of level.py; `--areas` takes those nearest to the middle of the map (1680: all of them).
Circles up to 10% of the people, 100 maps drawn for a p-value. First table, nothing planted: the share of maps whose
most likely cluster has a p-value of at most 5%. Second table: gamma risks of shape 10, and 3, 7 or 15 neighbouring
areas at two or three times the risk; the share of maps with a cluster that has any of them, and which share of the
areas is in clusters. ± is one standard error; seconds are of the processor, a map.
"""

from __future__ import annotations

import argparse
import time

import geopandas as gpd
import numpy as np
from level import LEVEL, WORLDS, Floats, share, west_midlands

import hotspots as hs

NULLS = ("scattered-risk", "exchangeable-risk")


def middle(areas: gpd.GeoDataFrame, place: Floats, number: int) -> tuple[gpd.GeoDataFrame, Floats]:
    """Return the areas nearest to the middle of the map."""
    near = np.sort(np.argsort(np.hypot(*(place - np.median(place, axis=0)).T), kind="stable")[:number])
    return areas.iloc[near], place[near]


def together(matrix: object, rng: np.random.Generator, number: int) -> list[int]:
    """Return neighbouring areas, ring by ring around one drawn at random, by a sparse matrix of neighbours."""
    cluster = [int(rng.integers(matrix.shape[0]))]  # type: ignore[attr-defined]
    for one in cluster:
        around = [int(at) for at in matrix[[one]].indices if at not in cluster]  # type: ignore[index]
        cluster += around[: number - len(cluster)]
        if len(cluster) >= number:
            break
    return cluster


def main() -> None:
    """Print both tables."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--maps", type=int, default=60)
    parser.add_argument("--planted", type=int, default=15)
    parser.add_argument("--mean", type=float, nargs="+", default=[5, 20])
    parser.add_argument("--areas", type=int, default=400)
    parser.add_argument("--share", type=float, default=0.1)
    parser.add_argument("--first", type=int, default=0, help="number of the first map, to add to a table")
    parser.add_argument("--null", nargs="+", default=list(NULLS), choices=list(NULLS))
    parser.add_argument("--world", nargs="+", default=list(WORLDS), choices=list(WORLDS))
    parser.add_argument("--size", type=int, nargs="+", default=[3, 7, 15])
    asked = parser.parse_args()
    areas, place = middle(*west_midlands(), asked.areas)
    matrix, people = hs.link_neighbours(areas).matrix().tocsr(), areas["people"].to_numpy(float)
    exposure = people / people.mean()

    def scan(count: Floats, null: str) -> gpd.GeoDataFrame:
        found = hs.clusters.scan_clusters(
            areas.assign(events=count), column="events", population="people", null=null, share=asked.share, draws=100,
            release="open", level=LEVEL,
        )  # fmt: skip
        return found.table[found.table["p_high"] <= LEVEL]

    print("nothing planted: null, world, events an area; % of maps with a cluster; seconds a map", flush=True)
    for null in asked.null if asked.maps else ():
        for world in asked.world:
            for mean in asked.mean:
                any_found, start = [], time.process_time()
                for number in range(asked.first, asked.first + asked.maps):
                    rng = np.random.default_rng([int(mean), 1, number])
                    any_found.append(bool(len(scan(rng.poisson(mean * exposure * WORLDS[world](rng, place)), null))))
                seconds = (time.process_time() - start) / asked.maps
                print(f"  {null:18} {world:26} {mean:3.0f}   {share(any_found)}   {seconds:.2f}", flush=True)
    print(
        "areas planted, gamma risks of shape 10: null, areas, risk, events an area; % of maps, % of areas", flush=True
    )
    for null in asked.null if asked.planted else ():
        for size in asked.size:
            for times in (2.0, 3.0):
                for mean in asked.mean:
                    hit, shares = [], []
                    for number in range(asked.planted):
                        rng = np.random.default_rng([int(mean), 2, number])
                        cluster = together(matrix, rng, size)
                        risk = rng.gamma(10, 0.1, len(people))
                        risk[cluster] *= times
                        found = scan(rng.poisson(mean * exposure * risk), null)
                        inside = set(" ".join(found["area_ids"]).split())
                        shares.append(float(np.mean([areas.index[at] in inside for at in cluster])))
                        hit.append(shares[-1] > 0)
                    error = np.std(shares) / np.sqrt(len(shares))
                    print(
                        f"  {null:18} {size:2} {times:g} {mean:3.0f}   {share(hit)}"
                        f"   {100 * np.mean(shares):5.1f} ± {100 * error:.1f}",
                        flush=True,
                    )


if __name__ == "__main__":
    main()
