"""What a table of clusters says of every zone: its areas, people, radius and polygon."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from hotspots.model import CLUSTER_COLUMNS, SPACE_TIME_COLUMNS

if TYPE_CHECKING:
    import geopandas as gpd
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

__all__ = ["as_cluster_table", "centres_of", "describe_zone"]


def centres_of(table: gpd.GeoDataFrame) -> Floats:
    """Return easting and northing of the centre of every area, in metres (n, 2)."""
    points = table.geometry.centroid
    return np.column_stack([points.x, points.y])


def describe_zone(
    table: gpd.GeoDataFrame, members: NDArray[np.int32], places: Floats, *, turned: tuple[float, float]
) -> dict[str, Any]:
    """Return areas, people (missing without a population), form, codes and polygon of one zone.

    Parameters
    ----------
    table
        Areas, with `population` where it is known.
    members
        Positions of the areas in the zone, that at its centre first.
    places
        Centres of the areas (n, 2), in metres.
    turned
        Shape and angle of the zone; 1 and 0 of a circle.
    """
    at = np.sort(members)
    inside, (shape, angle) = table.iloc[at], turned
    away, turn = places[at] - places[members[0]], np.radians(angle)
    along, across = away @ [np.cos(turn), np.sin(turn)], away @ [-np.sin(turn), np.cos(turn)]
    people = float(inside["population"].sum()) if "population" in inside.columns else np.nan
    return {
        **{"areas": len(at), "people": people},
        **{"shape": shape, "angle": angle, "radius": float(np.hypot(along, shape * across).max())},
        "area_ids": " ".join(str(area) for area in inside.index),
        "geometry": inside.geometry.union_all(),
    }


def as_cluster_table(rows: list[dict[str, Any]], crs: Any, *, in_time: bool = False) -> gpd.GeoDataFrame:
    """Return rows as a table of clusters, numbered from 1."""
    import geopandas as gpd

    columns = [*CLUSTER_COLUMNS, *(SPACE_TIME_COLUMNS if in_time else ())]
    table = gpd.GeoDataFrame(rows, columns=columns, geometry="geometry", crs=crs)
    return table.set_index(np.arange(1, len(table) + 1))
