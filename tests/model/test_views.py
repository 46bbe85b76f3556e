"""Results draw themselves as the functions of publish draw them; a map for the browser holds nothing unreleased."""

from __future__ import annotations

import sys
from dataclasses import replace

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
from worlds import make_counts, make_grid

import hotspots as hs
from hotspots.model import EXTRACT_COLUMNS, Extract, Identity, Series, Surface
from hotspots.vocabulary import METHOD_CLASSES

AREA = make_grid(6, 6, population=1500)
COUNTS = make_counts(AREA, np.arange(36), title="crime", period="2019")
RESULT = hs.getis_ord(COUNTS, null="constant-risk")
SERIES = Series(
    pd.DataFrame({"period": ["2018", "2019"], "group": "all", "low": [50.0, 60.0], "high": [50.0, 60.0]}).assign(
        ci_low=40.0, ci_high=70.0
    ),
    unit="crimes",
    identity=Identity(release="open", title="Crime"),
)


def words(figure) -> list[str]:
    """Return all text of a figure, in the order in which it was drawn."""
    return [text.get_text() for text in figure.findobj(lambda artist: hasattr(artist, "get_text"))]


@pytest.fixture
def explored(monkeypatch):
    """Keep what geopandas is asked to explore: table and options."""
    calls = []
    monkeypatch.setattr(gpd.GeoDataFrame, "explore", lambda self, **options: calls.append((self, options)) or "a map")
    return calls


def test_a_result_plots_the_printed_map():
    place = hs.Place("Sandwell", ("E08000028",))
    assert words(RESULT.plot(AREA, place=place)) == words(hs.draw_map(RESULT, AREA, place=place))


def test_a_series_and_an_extract_plot_their_chart():
    assert words(SERIES.plot()) == words(hs.charts.draw_series(SERIES))
    steps = Extract(
        pd.DataFrame([dict.fromkeys(EXTRACT_COLUMNS["change-points"], 1)]),
        kind="change-points",
        identity=Identity(release="invented"),
    )
    with pytest.raises(hs.AnalysisError, match="There is no chart of change-points alone") as error:
        steps.plot()
    assert "draw_series" in error.value.advice


def test_predictions_plot_their_chart_and_never_without_a_release():
    row = dict.fromkeys(EXTRACT_COLUMNS["predictions"], 0.5) | {"bandwidth": 500.0, "events": 12}
    found = Extract(pd.DataFrame([row]), kind="predictions", identity=Identity(release="invented", title="knife crime"))
    assert words(found.plot()) == words(hs.charts.draw_prediction(found))
    with pytest.raises(hs.DisclosureError, match="A chart would publish"):
        found.with_identity(release="unreleased").plot()


def test_unreleased_results_are_neither_plotted_nor_explored(explored):
    kept_back = RESULT.with_identity(release="unreleased")
    with pytest.raises(hs.DisclosureError):
        kept_back.plot(AREA)
    with pytest.raises(hs.DisclosureError, match="A web map would publish"):
        kept_back.explore()
    with pytest.raises(hs.DisclosureError):
        COUNTS.with_identity(release="unreleased").explore()
    assert explored == []


def test_a_map_for_the_browser_has_the_classes_of_the_printed_one_and_fetches_nothing(explored):
    assert RESULT.explore() == "a map"
    ((table, options),) = explored
    style = {one.key: one for one in METHOD_CLASSES["getis_ord"]}
    seen = [key for key in style if (RESULT.table["class"] == key).any()]
    assert options["categories"] == [style[key].label for key in seen]
    assert options["cmap"] == [style[key].colour for key in seen]
    assert options["tiles"] is None
    assert table["class"].tolist() == [style[key].label for key in RESULT.table["class"]]
    assert set(options["tooltip"]) <= set(table.columns)


def test_stability_and_agreement_are_explored_by_class_and_shown_in_a_notebook(explored):
    stability = hs.clusters.stability(COUNTS, neighbours=[{"rule": "queen"}], nulls=["constant-risk"])
    agreement = hs.clusters.agreement([RESULT, hs.local_moran(COUNTS)])
    for result, last in ((stability, "Hot in none"), (agreement, "Hot by no method")):
        result.explore()
        table, options = explored[-1]
        assert options["categories"][-1] == last
        assert set(options["tooltip"]) <= set(table.columns)
        shown = result._repr_html_()
        number = int((result.table["class"].isin(["in_none", "none"])).sum())
        assert f"<dt>{last}</dt><dd>{number}</dd>" in shown
        assert "<dd>open</dd>" in shown
        with pytest.raises(hs.DisclosureError):
            result.with_identity(release="unreleased").explore()
        assert f"{last}" not in result.with_identity(release="unreleased")._repr_html_()


def test_areas_and_counts_are_explored_with_options_of_ones_own(explored):
    AREA.explore()
    COUNTS.explore(tiles="OpenStreetMap")
    (areas, of_areas), (counts, of_counts) = explored
    assert (of_areas["column"], of_counts["column"]) == ("la_name", "observed_high")
    assert of_counts["tiles"] == "OpenStreetMap"
    assert counts["observed_high"].tolist() == list(range(36))
    assert areas.index.equals(counts.index)


def test_without_folium_the_error_says_what_to_install(monkeypatch):
    monkeypatch.setitem(sys.modules, "folium", None)
    with pytest.raises(hs.OutputError, match="needs folium") as error:
        RESULT.explore()
    assert error.value.advice.startswith("pip install folium")


def test_schools_without_a_place_are_not_on_the_map(explored):
    from hotspots.model import SCHOOL_RESULT_COLUMNS, SchoolResult

    table = pd.DataFrame({column: [""] * 2 for column in SCHOOL_RESULT_COLUMNS}).assign(**{"class": "above"})
    points = gpd.GeoSeries.from_xy([400_000.0, 401_000.0], [300_000.0] * 2, crs=27700)
    points[1] = None
    SchoolResult(
        gpd.GeoDataFrame(table.assign(geometry=points)),
        sentences=(),
        provenance=None,
        identity=Identity(release="open"),
    ).explore()
    assert len(explored[0][0]) == 1


def test_a_result_is_drawn_on_the_area_that_it_was_made_for():
    assert RESULT.area is AREA
    assert words(RESULT.plot()) == words(RESULT.plot(AREA))
    with pytest.raises(hs.AnalysisError, match="no study area to draw this result on") as error:
        replace(RESULT, area=None).plot()
    assert "HotspotResult" in str(error.value)


def make_surface(values, **parts):
    return Surface(
        np.array(values),
        origin=(400_000.0, 300_000.0),
        cell=100.0,
        unit="events per km²",
        integral=1.0,
        kernel="quartic",
        bandwidth=500.0,
        provenance=None,
        identity=Identity(**{"release": "open"} | parts),
    )


def test_cells_with_a_value_are_explored_as_squares(explored):
    make_surface([[1.0, np.nan], [3.0, 4.0]]).explore()
    ((table, options),) = explored
    assert table["value"].tolist() == [1.0, 3.0, 4.0]
    # West, south, east and north of the cells: the first lies in the north-west, the second below it.
    assert table.bounds.to_numpy()[:2].tolist() == [
        [400_000.0, 299_900.0, 400_100.0, 300_000.0],
        [400_000.0, 299_800.0, 400_100.0, 299_900.0],
    ]
    assert (options["column"], table.crs.to_epsg()) == ("value", 27700)


def test_an_unreleased_or_a_very_large_surface_is_not_explored(explored):
    with pytest.raises(hs.DisclosureError, match="A web map would publish"):
        make_surface([[1.0]], release="unreleased").explore()
    with pytest.raises(hs.AnalysisError, match="50,176 cells of 100 m, at most 50,000"):
        make_surface(np.ones((224, 224))).explore()
    assert explored == []


def test_contours_are_explored_with_what_lies_in_them(explored):
    row = {"kind": "raised", "words": "Raised risk", "threshold": 0.05, "area_km2": 2.0, "share_of_area": 0.1}
    table = gpd.GeoDataFrame(
        [row | {"events": 7.0, "share_of_events": 0.2}], geometry=[AREA.areas.geometry.iloc[0]], crs=27700
    )
    hs.surfaces.Contours(table, surface="risk", provenance=None, identity=Identity(release="open")).explore()
    ((shown, options),) = explored
    assert options["column"] == "words"
    assert set(options["tooltip"]) == {"words", "area_km2", "share_of_area", "events", "share_of_events"}
    assert shown["events"].tolist() == [7.0]
