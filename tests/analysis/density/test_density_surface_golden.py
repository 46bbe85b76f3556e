"""Density surfaces against spatstat and sparr, on points made by formula; see tests/golden/density.md."""

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely
from worlds import ROOT

from hotspots.analysis.common.grid import Grid
from hotspots.analysis.density.bandwidths import RADIUS_PER_SD
from hotspots.analysis.density.density_surface import kernel_density
from hotspots.analysis.kernels.sums import kernel_sums
from hotspots.model import Events, Identity, StudyArea

GOLDEN = ROOT / "tests" / "golden"
POINTS = pd.read_csv(GOLDEN / "density_points.csv")
OUTLINE = shapely.Polygon(pd.read_csv(GOLDEN / "density_outline.csv").to_numpy(dtype=float))
SURFACES = pd.read_csv(GOLDEN / "density_surfaces.csv")
ADAPTIVE = pd.read_csv(GOLDEN / "density_adaptive.csv")
AT_EVENTS = pd.read_csv(GOLDEN / "density_at_events.csv")
KIND = {"cases": ["case"], "controls": ["control"], "pooled": ["case", "control"]}
KERNEL = {"gaussian": "gaussian", "epanechnikov": "epanechnikov", "quartic": "quartic", "disc": "uniform"}


def area():
    table = gpd.GeoDataFrame(
        {"name": "a", "la_code": "E08000025", "la_name": "Birmingham"},
        geometry=[OUTLINE],
        index=["E01000001"],
        crs=27700,
    )
    return StudyArea(table, identity=Identity(release="open"))


def events(pattern):
    table = POINTS[POINTS["kind"].isin(KIND[pattern])].assign(area_code=None, when=pd.NaT)
    return Events(table, rows_read=len(table), identity=Identity(release="invented"))


def at(surface, rows):
    """Return the values per m² of the cells that places lie in."""
    west, north = surface.origin
    row = ((north - rows["northing"]) // surface.cell).astype(int)
    column = ((rows["easting"] - west) // surface.cell).astype(int)
    return surface.values[row, column] / 1e6


@pytest.mark.parametrize(("pattern", "kernel"), list(AT_EVENTS.groupby(["pattern", "kernel"]).groups))
def test_kernel_sums_at_events_are_spatstats(pattern, kernel):
    """spatstat sums directly here (its Epanechnikov a little off); each event is the centre of a cell of its own."""
    rows = AT_EVENTS[(AT_EVENTS["pattern"] == pattern) & (AT_EVENTS["kernel"] == kernel)]
    points = POINTS.loc[POINTS["kind"].isin(KIND[pattern]), ["easting", "northing"]].to_numpy()
    name = KERNEL[kernel]
    for row in rows.itertuples():
        cell = Grid(row.easting - 50, row.northing + 50, 100.0, np.ones((1, 1), dtype=bool))
        bandwidth = row.sigma * RADIUS_PER_SD[name]
        found = kernel_sums(points, np.ones(len(points)), cell, kernel=name, bandwidth=bandwidth, exact=True)
        assert found[0, 0] == pytest.approx(row.value, rel=2e-5 if kernel == "epanechnikov" else 1e-8)


@pytest.mark.parametrize(("pattern", "sigma", "edge"), list(SURFACES.groupby(["pattern", "sigma", "edge"]).groups))
def test_gaussian_surfaces_and_integrals_are_spatstats(pattern, sigma, edge):
    """On 512 pixels of 25 m; spatstat moves points to pixel centres, under a metre on average where 100 are near."""
    rows = SURFACES.query("pattern == @pattern and sigma == @sigma and edge == @edge and pixels == 512")
    assert len(rows)
    surface = kernel_density(
        events(pattern), area(), bandwidth=float(sigma), cell=25, kernel="gaussian", edge=edge, years=1
    )
    places = rows[rows["quantity"] == "per m2"]
    peak = np.nanmax(surface.values) / 1e6
    np.testing.assert_allclose(at(surface, places), places["value"], rtol=0, atol=2.5e-3 * peak)
    integral = float(rows.loc[rows["quantity"] == "integral", "value"].iloc[0])
    assert surface.integral == pytest.approx(integral, rel=1e-3)
    if edge == "diggle":
        assert surface.integral == pytest.approx(len(events(pattern)), rel=1e-9)


@pytest.mark.parametrize(
    ("pattern", "h0", "hp", "edge"), list(ADAPTIVE.query("h0 == hp").groupby(["pattern", "h0", "hp", "edge"]).groups)
)
def test_adaptive_surfaces_are_sparrs(pattern, h0, hp, edge):
    """At 128 pixels of 100 m, where sparr takes the pilot from the nearest pixel."""
    rows = ADAPTIVE.query("pattern == @pattern and h0 == @h0 and hp == @hp and edge == @edge")
    surface = kernel_density(
        events(pattern), area(), bandwidth=float(h0), cell=100, kernel="gaussian", edge=edge, years=1, adaptive=True
    )
    places = rows[rows["quantity"] == "per m2"]
    peak = np.nanmax(surface.values) / 1e6
    np.testing.assert_allclose(at(surface, places), places["value"], rtol=0, atol=0.01 * peak)
    integral = rows.loc[rows["quantity"] == "integral", "value"]
    assert surface.integral == pytest.approx(float(integral.iloc[0]), rel=5e-3)
