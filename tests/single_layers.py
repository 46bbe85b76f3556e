"""A layer of 100 squares and one of points, for commands that need no study file. Everything in them is made up."""

from __future__ import annotations

from pathlib import Path

import geopandas as gpd
import numpy as np
import shapely

WEST, SOUTH, SIDE, ACROSS = 400_000, 290_000, 1_000, 10


def make_squares() -> gpd.GeoDataFrame:
    """Return squares with a count that is high in a corner, people, and columns that are no counts."""
    column, row = np.arange(100) % ACROSS, np.arange(100) // ACROSS
    west, south = WEST + SIDE * column, SOUTH + SIDE * row
    mean = np.where((column < 3) & (row < 3), 20, 4)
    return gpd.GeoDataFrame(
        {
            "code": [f"A{number:03d}" for number in range(100)],
            "crimes": np.random.default_rng(1).poisson(mean),
            "people": 1000 + 10 * np.arange(100),
            "words": "many",
            "below": np.where(np.arange(100) == 7, -1, 3),
        },
        geometry=shapely.box(west, south, west + SIDE, south + SIDE),
        crs=27700,
    )


def make_points(squares: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    """Return one point for each crime, inside its square."""
    corners = squares.loc[squares.index.repeat(squares["crimes"])].bounds[["minx", "miny"]].to_numpy()
    places = corners + np.random.default_rng(2).uniform(1, SIDE - 1, corners.shape)
    return gpd.GeoDataFrame(geometry=shapely.points(places), crs=27700)


def write_layers(folder: Path) -> None:
    """Write areas.gpkg and points.gpkg."""
    squares = make_squares()
    squares.to_file(folder / "areas.gpkg", layer="areas", driver="GPKG")
    make_points(squares).to_file(folder / "points.gpkg", layer="points", driver="GPKG")
