"""Catchments: the formula by hand, what it conserves, and what is said of it."""

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely

from hotspots.analysis.schools import school_inputs
from hotspots.analysis.schools.school_inputs import catchment_scores, huff_catchments
from hotspots.errors import AnalysisError
from hotspots.model import Deprivation, Identity, Schools, StudyArea


def make_world(population=None):
    """Return three squares of 1 km in a row with a school in the first and the third."""
    boxes = [shapely.box(400_000 + 1000 * i, 290_000, 401_000 + 1000 * i, 291_000) for i in range(3)]
    table = gpd.GeoDataFrame(
        {"name": "a", "la_code": "E08000025", "la_name": "Birmingham"},
        geometry=boxes,
        index=["E01000000", "E01000001", "E01000002"],
        crs=27700,
    )
    area = StudyArea(table, geography="LSOA", identity=Identity(release="open"))
    if population is not None:
        area = area.with_population(pd.Series(population, index=area.ids))
    schools = pd.DataFrame(
        {
            "name": ["A", "B", "C"],
            "la_code": "E08000025",
            "la_name": "Birmingham",
            "easting": [400_500.0, 402_500.0, np.nan],
            "northing": [290_500.0, 290_500.0, np.nan],
            "pupils": [3000.0, 6000.0, 3000.0],
            "low": 1.0,
            "high": 1.0,
            "years": [3, 3, 3],
            "reason": "",
        },
        index=["3304000", "3304001", "3304002"],
    )
    placed = pd.Series(["E01000000", "E01000002", None], index=schools.index, dtype=object)
    score = pd.DataFrame({"score": [0.1, 0.3, 0.5], "rank": np.nan, "decile": np.nan}, index=area.ids)
    return (
        Schools(schools, rows_read=3, identity=Identity(release="open")),
        Deprivation(score, identity=Identity(release="open", title="IDACI 2019")),
        area,
        placed,
    )


def by_hand(children, decay=1500.0):
    # Squares of 1 km: a circle of their size has r^2 = 1e6 / pi, so distances are sqrt(s^2 + 1e6 / 2 / pi).
    near, middle, far = (np.sqrt(s**2 + 1e6 / (2 * np.pi)) for s in (0.0, 1000.0, 2000.0))
    pull = np.array([[1, 2], [1, 2], [1, 2]]) * np.exp(-np.array([[near, far], [middle, middle], [far, near]]) / decay)
    going = np.array(children)[:, None] * pull / pull.sum(axis=1, keepdims=True)
    return going, np.array([[near, far], [middle, middle], [far, near]])


def test_the_formula_by_hand():
    schools, deprivation, area, placed = make_world([100.0, 200.0, 300.0])
    found = catchment_scores(schools, deprivation, area=area, placed=placed)
    going, distance = by_hand([100, 200, 300])
    expected = (going * np.array([[0.1], [0.3], [0.5]])).sum(axis=0) / going.sum(axis=0)
    np.testing.assert_allclose(found.table["score"][:2], expected, rtol=1e-12)
    np.testing.assert_allclose(found.table["children"][:2], going.sum(axis=0), rtol=1e-12)
    np.testing.assert_allclose(found.table["distance"][:2], (going * distance).sum(axis=0) / going.sum(axis=0))
    assert found.table["known"].tolist()[:2] == [1, 1]
    # Every child goes to one school.
    assert found.table["children"].sum() == pytest.approx(600)
    # Without a point there is no catchment.
    assert found.table.loc["3304002"].isna().all()


def test_children_are_preferred_and_said():
    schools, deprivation, area, placed = make_world([100.0, 200.0, 300.0])
    children = pd.Series([30.0, 0.0], index=["E01000002", "E01000000"])
    found = catchment_scores(schools, deprivation, area=area, placed=placed, children=children)
    # Only the third area has children.
    np.testing.assert_allclose(found.table["score"][:2], [0.5, 0.5])
    assert found.words.startswith("Catchments are a model: children are shared among all schools of the study")
    people = catchment_scores(schools, deprivation, area=area, placed=placed)
    assert "residents of all ages, as numbers of children are not given, are shared" in people.words
    assert "times exp(-distance / 1,500 m), in a straight line." in people.words
    alike = catchment_scores(schools, deprivation, area=make_world()[2], placed=placed)
    assert "equal numbers for every area, as numbers of children are not given, are shared" in alike.words
    going, distance = by_hand([1, 1, 1])
    np.testing.assert_allclose(alike.table["children"][:2], going.sum(axis=0))
    assert f"lives {(going * distance).sum() / 3 / 1000:.1f} km from school on average" in alike.words


def test_a_short_reach_is_the_own_area_and_a_long_one_everybodys():
    schools, deprivation, area, placed = make_world([100.0, 200.0, 300.0])
    short = catchment_scores(schools, deprivation, area=area, placed=placed, decay=1.0).table["score"]
    # Nobody crosses; the middle is as far from both and goes by size, one to two.
    np.testing.assert_allclose(short[:2], [(10 + 20) / (100 + 200 / 3), (150 + 40) / (300 + 400 / 3)])
    long = catchment_scores(schools, deprivation, area=area, placed=placed, decay=1e9).table["score"]
    np.testing.assert_allclose(long[:2], (10 + 60 + 150) / 600, rtol=1e-5)


def test_an_area_without_a_score_counts_for_nothing_and_is_told():
    schools, deprivation, area, placed = make_world([100.0, 200.0, 300.0])
    scores = deprivation.table.assign(score=[0.1, np.nan, 0.5])
    found = catchment_scores(
        schools, Deprivation(scores, identity=Identity(release="open")), area=area, placed=placed
    ).table
    going, _ = by_hand([100, 200, 300])
    np.testing.assert_allclose(found["known"][:2], 1 - going[1] / going.sum(axis=0))
    np.testing.assert_allclose(
        found["score"][:2], (going[0] * 0.1 + going[2] * 0.5) / (going[0] + going[2]), rtol=1e-12
    )


def test_blocks_give_the_same(monkeypatch):
    rng = np.random.default_rng(2)
    inputs = {
        "children": rng.uniform(1, 9, 50),
        "radius": rng.uniform(100, 900, 50),
        "attraction": rng.uniform(1, 9, 7),
        "values": rng.uniform(0, 1, 50),
        "decay": 800.0,
    }
    places, schools = rng.uniform(0, 20_000, (50, 2)), rng.uniform(0, 20_000, (7, 2))
    whole = huff_catchments(places, schools, **inputs)
    monkeypatch.setattr(school_inputs, "CELLS", 21)
    for one, other in zip(whole, huff_catchments(places, schools, **inputs), strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-12)


def test_far_areas_do_not_underflow():
    """Two schools 1,000 km away and 1 km apart: exp(-667) is next to nothing, their ratio is not."""
    found = huff_catchments(
        np.array([[0.0, 0.0]]),
        np.array([[1e6, 0.0], [1.001e6, 0.0]]),
        children=np.array([1.0]),
        radius=np.array([0.0]),
        attraction=np.ones(2),
        values=np.array([0.2]),
        decay=1000.0,
    )
    np.testing.assert_allclose(found.children, [1 / (1 + np.exp(-1)), np.exp(-1) / (1 + np.exp(-1))])


def test_errors_say_what_was_found():
    schools, deprivation, area, placed = make_world([100.0, 200.0, 300.0])
    with pytest.raises(AnalysisError, match="a school's pull falls is not above 0") as error:
        catchment_scores(schools, deprivation, area=area, placed=placed, decay=-1.0)
    assert (error.value.found, error.value.advice) == ("decay = -1", "give metres, e.g. 1500")
    children = pd.Series([1.0, -2.0, 3.0], index=area.ids)
    with pytest.raises(AnalysisError, match="children of area 'E01000001' can't be: -2") as error:
        catchment_scores(schools, deprivation, area=area, placed=placed, children=children)
    assert error.value.found == "1 such areas"


def test_inputs_are_unchanged():
    schools, deprivation, area, placed = make_world([100.0, 200.0, 300.0])
    kept = schools.table.copy(), deprivation.table.copy(), placed.copy()
    catchment_scores(schools, deprivation, area=area, placed=placed)
    pd.testing.assert_frame_equal(schools.table, kept[0])
    pd.testing.assert_frame_equal(deprivation.table, kept[1])
    pd.testing.assert_series_equal(placed, kept[2])
