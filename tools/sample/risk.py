"""The planted truth: which areas carry a raised risk, and how events fall on the map."""

from collections.abc import Sequence

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from numpy.typing import NDArray

from sample.facts import CLUSTERS, SCATTER_SHAPE, Cluster
from sample.packages import SampleError

# A cluster keeps two areas between itself and the next: windows of neighbours then never overlap.
STEPS_APART = 3


def grow_cluster(
    cluster: Cluster,
    centres: NDArray[np.float64],
    neighbours: Sequence[Sequence[int]],
    closed: set[int],
    rng: np.random.Generator,
) -> list[int]:
    """Return the positions of a connected set of areas around the cluster's point.

    Parameters
    ----------
    cluster
        Its point and size.
    centres
        Shape (areas, 2): a point inside each area.
    neighbours
        Positions of the areas next to each area.
    closed
        Positions that are too near another cluster.
    rng
        Makes the outline uneven: without it every cluster would be a disc.
    """
    distance = np.hypot(*(centres - (cluster.easting, cluster.northing)).T)
    distance = distance * rng.uniform(0.75, 1.35, len(distance))
    distance[list(closed)] = np.inf
    members = [int(np.argmin(distance))]
    while len(members) < cluster.size:
        edge = {n for m in members for n in neighbours[m]} - set(members) - closed
        if not edge:
            raise SampleError(f"Cluster {cluster.name} has no room for {cluster.size} areas.")
        members.append(min(sorted(edge), key=lambda n: distance[n]))
    return sorted(members)


def within_steps(members: Sequence[int], neighbours: Sequence[Sequence[int]], steps: int) -> set[int]:
    """Return the positions that can be reached from ``members`` in at most ``steps`` steps."""
    reached = set(members)
    for _ in range(steps):
        reached |= {n for m in reached for n in neighbours[m]}
    return reached


def plant_clusters(
    areas: gpd.GeoDataFrame, neighbours: Sequence[Sequence[int]], rng: np.random.Generator
) -> pd.DataFrame:
    """Return the planted areas: ``area_id, la_code, cluster, place, relative_risk``."""
    points = areas.geometry.representative_point()
    centres = np.column_stack([points.x, points.y])
    closed: set[int] = set()
    rows = []
    for cluster in CLUSTERS:
        members = grow_cluster(cluster, centres, neighbours, closed, rng)
        closed |= within_steps(members, neighbours, STEPS_APART - 1)
        rows += [
            {
                "area_id": areas["lsoa11_code"].iat[m],
                "la_code": areas["la_code"].iat[m],
                "cluster": cluster.name,
                "place": cluster.place,
                "relative_risk": cluster.relative_risk,
            }
            for m in members
        ]
    return pd.DataFrame(rows)


def share_events(population: pd.DataFrame, truth: pd.DataFrame, rng: np.random.Generator) -> NDArray[np.float64]:
    """Return each area's share of the expected events of one source; the shares add to 1.

    Population times planted risk times a scattered factor: many people make many events, and that
    is not a hotspot.
    """
    risk = truth.set_index("area_id")["relative_risk"]
    risk = risk.reindex(population["lsoa11_code"]).fillna(1.0).to_numpy()
    scatter = rng.gamma(SCATTER_SHAPE, 1 / SCATTER_SHAPE, len(population))
    share = population["population"].to_numpy() * risk * scatter
    return share / share.sum()


def draw_points(geometry: NDArray[np.object_], rng: np.random.Generator) -> NDArray[np.int64]:
    """Return one point in whole metres inside each geometry, uniform over its surface.

    Parameters
    ----------
    geometry
        Shape (points,): the polygon of each point wanted; a polygon may come many times.

    Returns
    -------
    ndarray, shape (points, 2)
        Easting and northing.
    """
    left, bottom, right, top = shapely.bounds(geometry).T
    points = np.zeros((len(geometry), 2), dtype=np.int64)
    missing = np.arange(len(geometry))
    while len(missing):
        x = np.rint(rng.uniform(left[missing], right[missing]))
        y = np.rint(rng.uniform(bottom[missing], top[missing]))
        hit = shapely.contains_xy(geometry[missing], x, y)
        points[missing[hit]] = np.column_stack([x[hit], y[hit]]).astype(np.int64)
        missing = missing[~hit]
    return points
