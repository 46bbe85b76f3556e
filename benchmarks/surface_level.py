"""What risk surfaces and comparisons find where nothing is planted, and where something is: part of make power.

Usage:
    python benchmarks/surface_level.py [--maps 40] [--planted 20] [--mean 5 20] [--null NULL ...] [--world WORDS ...]
        [--what risk change] [--bandwidth 2000] [--cell 400] [--authority E08000025]

The maps are those of benchmarks/level.py: 1,680 areas of the West Midlands, whose risks are drawn from one
distribution; the events of an area fall evenly over it. A map has a finding where any cell is raised or lowered after
adjustment, however small the place. In maps of change, either file has half of the events; the risks of areas are the
same in both ("lasting"), or are drawn anew for the second ("anew"). Planted: the seven areas of benchmarks/level.py,
gamma risks of shape 10; the share of the seven areas' cells that are raised after adjustment. ± is one standard error
over maps; seconds are of the processor, a map.
"""

from __future__ import annotations

import argparse
import time

import geopandas as gpd
import numpy as np
import shapely
from level import DATA, LEVEL, WORLDS, Floats, gamma, seven_together, share, west_midlands

from hotspots import link_neighbours, relative_risk
from hotspots.analysis.common import adjust_tails
from hotspots.analysis.risk import compare_densities
from hotspots.model import Surface

WORLDS = {"constant": WORLDS["constant"], "gamma, shape 10": gamma(10)} | WORLDS
NULLS = ("scattered-risk", "exchangeable-risk", "constant-risk")


class Fall:
    """Points that fall evenly over areas, by triangles."""

    def __init__(self, polygons: Floats) -> None:
        triangles, self.owner = [], []
        for number, polygon in enumerate(polygons):
            parts = shapely.get_parts(shapely.constrained_delaunay_triangles(polygon))
            triangles.append(parts)
            self.owner += [number] * len(parts)
        every = np.concatenate(triangles)
        self.corners = shapely.get_coordinates(every).reshape(len(every), 4, 2)[:, :3]
        size = shapely.area(every)
        self.ends = np.cumsum(size)
        self.starts = np.concatenate([[0], np.cumsum(np.bincount(self.owner, size))])

    def points(self, rng: np.random.Generator, count: Floats) -> gpd.GeoSeries:
        """Return the points of so many events of each area."""
        area = np.repeat(np.arange(len(count)), count)
        at = self.starts[area] + rng.random(len(area)) * (self.starts[area + 1] - self.starts[area])
        a, b, c = self.corners[np.minimum(np.searchsorted(self.ends, at), len(self.ends) - 1)].transpose(1, 0, 2)
        u, v = np.sort(rng.random((2, len(area))), axis=0)[:, :, None]
        place = a * u + b * (v - u) + c * (1 - v)
        return gpd.GeoDataFrame(geometry=gpd.points_from_xy(place[:, 0], place[:, 1], crs=27700))


def passing(surface: Surface) -> tuple[Floats, Floats]:
    """Return which cells are raised after adjustment, and which are lowered; False where not tested."""
    tested = ~np.isnan(surface.p_raised)
    up, down = surface.p_raised[tested], surface.p_lowered[tested]
    found = np.zeros(tested.shape, dtype=bool)
    found[tested] = adjust_tails(up, down, method="benjamini-hochberg-apart") <= LEVEL
    raised = found & (np.nan_to_num(surface.p_raised, nan=1) <= np.nan_to_num(surface.p_lowered, nan=1))
    return raised, found & ~raised


def main() -> None:
    """Print the tables."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--maps", type=int, default=40)
    parser.add_argument("--planted", type=int, default=20)
    parser.add_argument("--mean", type=float, nargs="+", default=[5, 20])
    parser.add_argument("--null", nargs="+", default=list(NULLS), choices=NULLS)
    parser.add_argument("--world", nargs="*", default=list(WORLDS), choices=list(WORLDS))
    parser.add_argument("--what", nargs="+", default=["risk", "change"], choices=["risk", "change"])
    parser.add_argument("--bandwidth", type=float, default=2000)
    parser.add_argument("--cell", type=float, default=400)
    parser.add_argument("--authority", default="", help="of one authority only, e.g. E08000025 for Birmingham")
    asked = parser.parse_args()
    areas, place = west_midlands()
    if asked.authority:
        table = gpd.read_file(DATA / "west_midlands_lsoa11.gpkg", layer="lsoa11", ignore_geometry=True)
        kept = areas.index.isin(table.loc[table["la_code"] == asked.authority, "lsoa11_code"])
        areas, place = areas[kept], place[kept]
    people = areas["people"].to_numpy(float)
    exposure, fall = people / people.mean(), Fall(areas.geometry.to_numpy())
    study = areas.rename(columns={"people": "population"})
    inside = areas.geometry.union_all().area / asked.cell**2
    settings = {"bandwidth": asked.bandwidth, "cell": asked.cell, "release": "invented"}

    def risk(world: str, mean: float, null: str, rng: np.random.Generator) -> Surface:
        count = rng.poisson(mean * exposure * WORLDS[world](rng, place))
        return relative_risk(fall.points(rng, count), study, null=null, **settings)

    def change(world: str, mean: float, null: str, rng: np.random.Generator, lasting: bool) -> Surface:
        first = WORLDS[world](rng, place)
        second = first if lasting else WORLDS[world](rng, place)
        points = [fall.points(rng, rng.poisson(mean / 2 * exposure * one)) for one in (first, second)]
        return compare_densities(*points, area=study, null=null, **settings)

    kinds = {"risk": risk}
    if "change" in asked.what:
        kinds |= {
            "change, risks lasting": lambda *given: change(*given, lasting=True),
            "change, risks anew": lambda *given: change(*given, lasting=False),
        }
    if "risk" not in asked.what:
        del kinds["risk"]
    print("nothing planted: what, null, world, events an area; % of maps with a finding; % raised, lowered; seconds")
    for kind, make in kinds.items():
        for null in asked.null:
            for world in asked.world:
                for mean in asked.mean:
                    rng, start, any_found, parts = np.random.default_rng([int(mean), 3]), time.process_time(), [], []
                    for _ in range(asked.maps):
                        raised, lowered = passing(make(world, mean, null, rng))
                        any_found.append(bool(raised.any() or lowered.any()))
                        parts.append((raised.sum() / inside, lowered.sum() / inside))
                    seconds = (time.process_time() - start) / asked.maps
                    up, down = 100 * np.mean(parts, axis=0)
                    print(
                        f"  {kind:22} {null:18} {world:24} {mean:3.0f}   {share(any_found)}   {up:6.3f} {down:6.3f}"
                        f"   {seconds:.1f}",
                        flush=True,
                    )
    if "risk" in kinds and asked.planted:
        plant(asked, areas, people, lambda count, null, rng: relative_risk(
            fall.points(rng, count), study, null=null, **settings
        ))  # fmt: skip


def plant(asked: argparse.Namespace, areas: gpd.GeoDataFrame, people: Floats, make: object) -> None:
    """Print which share of the cells of seven planted areas is raised."""
    matrix = link_neighbours(areas).matrix().tocsr()
    print("seven areas planted, gamma risks of shape 10: null, risk, events an area; % of their cells raised")
    for null in asked.null:
        for times in (2.0, 3.0):
            for mean in asked.mean:
                rng, shares = np.random.default_rng([int(mean), 4]), []
                for _ in range(asked.planted):
                    cluster = seven_together(matrix, rng)
                    risk = rng.gamma(10, 0.1, len(people))
                    risk[cluster] *= times
                    surface = make(rng.poisson(mean * people / people.mean() * risk), null, rng)
                    raised, _ = passing(surface)
                    west, north = surface.origin
                    rows, columns = np.indices(raised.shape)
                    inside = shapely.contains_xy(
                        areas.geometry.iloc[cluster].union_all(),
                        west + (columns + 0.5) * surface.cell,
                        north - (rows + 0.5) * surface.cell,
                    )
                    shares.append(float(raised[inside].mean()) if inside.any() else 0.0)
                error = np.std(shares) / np.sqrt(len(shares))
                print(
                    f"  {null:18} {times:g} {mean:3.0f}   {100 * np.mean(shares):5.1f} ± {100 * error:.1f}", flush=True
                )


if __name__ == "__main__":
    main()
