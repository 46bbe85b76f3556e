"""Charts: the numbers on them, gaps that stay gaps, and labels that can be read."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from sheet_checks import assert_legible, prose, words, written
from worlds import identified, make_counts, make_grid

from hotspots.errors import DisclosureError
from hotspots.model import AreaCounts, Factors, Identity, Note, Place, SchoolResult, Series
from hotspots.publish.charts.factors import draw_correlogram, draw_factors
from hotspots.publish.charts.schools import draw_exclusions_against_idaci, draw_funnel
from hotspots.publish.charts.series import draw_series
from hotspots.publish.maps.map import save_map

BIRMINGHAM = Place("Birmingham", ("E08000025",))


def knife_crime(groups: tuple[str, ...] = ("All ages",), **fields: Any) -> Series:
    """Return seven years with a gap in 2016 and a hidden number in 2019 for every group after the first."""
    rows = []
    for number, group in enumerate(groups):
        for year, count in zip(range(2013, 2020), (1508, 1489, 1521, 1900, 2400, 3100, 3649), strict=True):
            value = float(count // (number + 1))
            low, high = (value - 2, value + 2) if number and year == 2019 else (value, value)
            if year == 2016:
                low = high = np.nan
            rows.append((str(year), group, low, high, low * 0.95, high * 1.05))
    table = pd.DataFrame(rows, columns=["period", "group", "low", "high", "ci_low", "ci_high"])
    options: dict[str, Any] = {
        "unit": "knife offences",
        "title": "Knife crime",
        "source": "Home Office",
        "notes": (Note("No returns for 2016.", of="publication"),),
        "release": "open",
    }
    return identified(Series, table, **(options | fields))


def recorded(**fields: Any) -> Factors:
    """Return three factors in two authorities; one number is confidential, one factor was collected nowhere."""
    rows = [
        ("E08000025", "Birmingham", "Neglect", 80.0, "", 200.0),
        ("E08000025", "Birmingham", "Gangs", 320.0, "", 200.0),
        ("E08000025", "Birmingham", "Trafficking", np.nan, "x", 200.0),
        ("E08000027", "Dudley", "Neglect", 25.0, "", 50.0),
        ("E08000027", "Dudley", "Gangs", np.nan, "c", 50.0),
        ("E08000027", "Dudley", "Trafficking", np.nan, "x", 50.0),
    ]
    columns = ["la_code", "la_name", "factor", "mentions", "mark", "assessments"]
    return identified(
        Factors, pd.DataFrame(rows, columns=columns), source="Department for Education", period="2018-19", **fields
    )


def counted(*, population: float | None = None, hidden: int = 0, **fields: Any) -> AreaCounts:
    """Return counts of 16 squares."""
    low = np.arange(1.0, 17.0)
    options = {"title": "knife crime", "source": "Made for a test", "period": "2017-2019"}
    return make_counts(make_grid(4, 4, population=population), low, high=low + hidden, **(options | fields))


def by_distance(z: list[float], *, suggested: int | None = None, step: float = 800.0) -> pd.DataFrame:
    """Return a correlogram with these z-scores."""
    index = pd.Index(step * np.arange(1, len(z) + 1), name="distance")
    return pd.DataFrame({"z": z, "suggested": np.arange(len(z)) == suggested}, index=index)


PEAK = (3.1, 8.0, 14.2, 11.0, 6.0, 2.0, 0.5, -1.0, -2.0, -3.5)


def chart(figure: Figure) -> Axes:
    return figure.axes[1]


# --------------------------------------------------------------------------- series


def test_a_gap_is_a_gap_and_the_base_is_zero() -> None:
    axes = chart(draw_series(knife_crime()))
    values = np.asarray(axes.lines[0].get_ydata(), dtype=float)
    assert np.isnan(values[3])
    assert np.isfinite(np.delete(values, 3)).all()
    assert axes.get_ylim()[0] == 0
    assert [label.get_text() for label in axes.get_xticklabels()] == [str(year) for year in range(2013, 2020)]


def test_a_period_that_is_missing_for_one_group_is_a_gap_too() -> None:
    series = knife_crime(("All ages", "Under 25"))
    later = series.table[(series.table["group"] == "All ages") | (series.table["period"] != "2014")]
    axes = chart(draw_series(replace(series, table=later)))
    assert np.isnan(np.asarray(axes.lines[1].get_ydata(), dtype=float)[1])
    assert len(axes.lines[1].get_ydata()) == 7


def test_lines_are_labelled_at_their_end_and_hidden_numbers_are_intervals() -> None:
    said = words(draw_series(knife_crime(("All ages", "Under 25"))))
    assert "All ages: 3,649" in said
    # 3,649 // 2 = 1,824; hidden, so from 1,822 to 1,826.
    assert "Under 25: 1,822–1,826" in said
    assert "3,649" in words(draw_series(knife_crime()))


def test_a_series_states_its_finding_and_its_limits() -> None:
    said = prose(draw_series(knife_crime()))
    assert "Knife crime rose from 1,508 in 2013 to 3,649 in 2019" in said
    assert "95% interval" in said
    assert "No returns for 2016." in said
    assert "Source: Home Office." in said


def test_lines_differ_without_colour() -> None:
    axes = chart(draw_series(knife_crime(("a", "b", "c", "d", "e", "f", "g"))))
    assert len({(line.get_linestyle(), line.get_marker()) for line in axes.lines}) == 7


@pytest.mark.parametrize("groups", [("All",), ("a", "b", "c", "d", "e", "f", "g")])
def test_labels_of_a_series_keep_apart(groups: tuple[str, ...]) -> None:
    assert_legible(draw_series(knife_crime(groups)))


def test_many_months_are_not_all_named() -> None:
    periods = [f"{year}-{month:02d}" for year in range(2011, 2020) for month in range(1, 13)]
    table = pd.DataFrame({"period": periods, "group": "all", "low": 5.0, "high": 5.0, "ci_low": 2.0, "ci_high": 9.0})
    figure = draw_series(Series(table, unit="offences", identity=Identity(release="open")))
    assert 5 < len(chart(figure).get_xticklabels()) < 25
    assert_legible(figure)


def test_a_lone_known_year_between_gaps_is_still_seen() -> None:
    table = pd.DataFrame({"period": ["1", "2", "3"], "group": "all", "low": [np.nan, 5.0, np.nan]})
    table = table.assign(high=table["low"], ci_low=table["low"] - 3, ci_high=table["low"] + 4)
    axes = chart(draw_series(Series(table, unit="offences", identity=Identity(release="open"))))
    segments = [segment for lines in axes.collections for segment in getattr(lines, "get_segments", list)()]
    assert any(np.allclose(segment, [[1, 2], [1, 9]]) for segment in segments)


# --------------------------------------------------------------------------- factors


def test_shares_are_mentions_by_assessments_and_hidden_ones_show_their_mark() -> None:
    figure = draw_factors(recorded())
    said = words(figure)
    # 80 / 200, 320 / 200, 25 / 50; several factors in one assessment, so 160 % is possible in a made-up file.
    assert {"40%", "160%", "50%", "c"} <= set(said)
    assert "Trafficking" not in said
    assert "No authority has a number for Trafficking." in prose(figure)
    assert "Where the source has no number its own mark is shown (c)." in prose(figure)


def test_recording_stands_above_the_shares() -> None:
    figure = draw_factors(recorded())
    # Birmingham (80 + 320) / 200 = 2.0; Dudley 25 / 50 = 0.5.
    assert [patch.get_height() for patch in figure.axes[1].patches] == pytest.approx([2.0, 0.5])
    assert {"2.0", "0.5"} <= set(words(figure))
    assert "Recording differs: from 0.5 factors in an episode (Dudley) to 2.0 (Birmingham)" in prose(figure)
    bars, grid = figure.axes[1].get_position(), figure.axes[2].get_position()
    assert bars.x0 == grid.x0
    assert bars.x1 == grid.x1
    assert bars.y0 > grid.y1
    assert_legible(figure)


def test_forty_factors_can_still_be_read() -> None:
    rows = [
        (f"E0800002{n}", f"Authority {n}", f"Factor of a long name {k:02d}", 3.0 * k, "", 200.0)
        for n in range(7)
        for k in range(40)
    ]
    columns = ["la_code", "la_name", "factor", "mentions", "mark", "assessments"]
    figure = draw_factors(Factors(pd.DataFrame(rows, columns=columns), identity=Identity(release="open")))
    assert_legible(figure)
    assert min(text.get_fontsize() for text in written(figure)) >= 6


# --------------------------------------------------------------------------- correlograms


def test_a_correlogram_marks_the_suggested_distance() -> None:
    figure = draw_correlogram(by_distance(list(PEAK), suggested=2), counted(population=1000.0))
    axes, said = chart(figure), prose(figure)
    line = next(line for line in axes.lines if len(line.get_xdata()) == 10)
    np.testing.assert_allclose(line.get_xdata(), 0.8 * np.arange(1, 11))
    np.testing.assert_allclose(line.get_ydata(), PEAK)
    (mark,) = [line for line in axes.lines if line.get_marker() == "o" and len(line.get_xdata()) == 1]
    assert (mark.get_xdata()[0], mark.get_ydata()[0]) == pytest.approx((2.4, 14.2))
    assert "Clustering of knife crime is strongest among areas within 2.4 km of each other" in said
    assert "2.4 km (z 14.2)" in words(figure)
    assert "Knife crime per 1,000 people by square" in said
    assert "Source: Made for a test. Period: 2017–2019." in said
    assert "Distance between areas, up to (km)" in words(figure)
    assert_legible(figure)


def test_the_five_per_cent_line_allows_for_the_number_of_distances() -> None:
    # Two-sided 5 % over ten distances: 2.5 in 1,000 above z = 2.807; of one: 1.960 (tables of the normal curve).
    for z, height, name in (
        (list(PEAK), 2.807, "5% line, allowing for 10 distances"),
        ([1.0], 1.960, "5% line"),
        ([1.0, np.nan], 1.960, "5% line"),
    ):
        figure = draw_correlogram(by_distance(z), counted())
        dashed = [line for line in chart(figure).lines if line.get_linestyle() == "--"]
        assert [line.get_ydata()[0] for line in dashed] == pytest.approx([height], abs=5e-4)
        assert name in words(figure)


@pytest.mark.parametrize(
    ("z", "at", "said"),
    [
        ([1.0, 0.5, -0.3], None, "Knife crime: no clustering found at any distance up to 2.4 km"),
        ([4.0, 8.0, 6.0, 12.0], 1, "Clustering of knife crime has its first peak among areas within 1.6 km"),
        ([9.0, 6.0, 4.0], 0, "shortest distance tried: the scale may be shorter still"),
        ([4.0, 6.0, 9.0], 2, "longest distance tried: the scale may be longer"),
    ],
)
def test_a_correlogram_states_its_finding(z: list[float], at: int | None, said: str) -> None:
    figure = draw_correlogram(by_distance(z, suggested=at), counted())
    assert said in prose(figure)
    assert_legible(figure)


def test_short_distances_are_in_metres_and_hidden_numbers_are_owned_up_to() -> None:
    figure = draw_correlogram(by_distance([3.0, 6.0, 4.0], suggested=1, step=300.0), counted(hidden=3))
    assert {"600 m (z 6.0)", "Distance between areas, up to (m)"} <= set(words(figure))
    assert "A suppressed count is taken as the middle of its possible values." in prose(figure)
    assert "hidden" not in prose(draw_correlogram(by_distance([3.0]), counted()))
    assert "An own title" in words(draw_correlogram(by_distance([3.0]), counted(), title="An own title"))


def test_a_correlogram_without_any_number_is_an_empty_chart() -> None:
    assert "no clustering found" in prose(draw_correlogram(by_distance([np.nan, np.nan]), counted()))


def test_a_correlogram_is_the_same_bytes_and_changes_nothing(tmp_path: Path) -> None:
    table, counts = by_distance(list(PEAK), suggested=2), counted()
    before = table.copy()
    paths = [save_map(draw_correlogram(table, counts), tmp_path / name) for name in ("one", "two")]
    assert [path.read_bytes() for path in paths[0]] == [path.read_bytes() for path in paths[1]]
    pd.testing.assert_frame_equal(before, table)


def test_correlograms_of_unreleased_counts_are_not_drawn_and_restricted_ones_are_marked() -> None:
    with pytest.raises(DisclosureError, match="A chart would publish unprotected counts"):
        draw_correlogram(by_distance([3.0]), counted(release="unreleased"))
    said = words(draw_correlogram(by_distance([3.0]), counted(release="restricted")))
    assert sum(word.startswith("RESTRICTED") for word in said) == 2


# --------------------------------------------------------------------------- schools


def test_the_funnel_has_observed_against_expected_with_both_limits(school_result: SchoolResult) -> None:
    axes = chart(draw_funnel(school_result))
    # Eleven schools have an expected number, 2.0 + 0.8 n; limits are mean +- 2 and 3.1 roots (conftest).
    expected = 2.0 + 0.8 * np.arange(11)
    curves = [np.asarray(line.get_ydata(), dtype=float) for line in axes.lines if len(line.get_xdata()) == 11]
    wanted = [
        expected,
        np.maximum(expected - 2.0 * np.sqrt(expected), 0),
        expected + 2.0 * np.sqrt(expected),
        np.maximum(expected - 3.1 * np.sqrt(expected), 0),
        expected + 3.1 * np.sqrt(expected),
    ]
    for curve, want in zip(curves, wanted, strict=True):
        np.testing.assert_allclose(curve, want)
    assert {"as expected", "95% limit"} <= {text.get_text() for text in axes.texts}
    points = [line for line in axes.lines if line.get_marker() not in ("None", "")]
    drawn = sorted(float(y) for line in points for y in line.get_ydata())
    table = school_result.table.iloc[:11]
    assert drawn == pytest.approx(sorted((table["low"] + table["high"]) / 2))
    assert "1 of the 12 schools is not shown: without numbers, or in no area of the study." in prose(
        draw_funnel(school_result)
    )


def test_hidden_exclusions_are_lines_from_lower_to_upper_bound(school_result: SchoolResult) -> None:
    axes = chart(draw_funnel(school_result))
    segments = next(c for c in axes.collections if len(c.get_segments()) == 3).get_segments()
    # Schools 0, 5 and 10 have 1 to 4 exclusions.
    heights = sorted((segment[0][1], segment[1][1]) for segment in segments)
    assert np.allclose(heights, [(1, 4)] * 3)


def test_schools_that_stand_out_are_named(school_result: SchoolResult) -> None:
    said = words(draw_funnel(school_result))
    # Classes in pairs: A, B far above; C, D above; E, F as expected; G, H below; I, J far below; K cannot be judged.
    named = {word for word in said if word.startswith("School ")}
    assert named <= {f"School {letter}" for letter in "ABCDGHIJ"}
    assert {"School A", "School B"} <= named


def test_exclusions_stand_against_deprivation(school_result: SchoolResult) -> None:
    figure = draw_exclusions_against_idaci(school_result)
    axes = chart(figure)
    curve = axes.lines[0]
    known = school_result.table.iloc[:11]
    np.testing.assert_allclose(curve.get_xdata(), 100 * (0.05 + 0.04 * np.arange(11)))
    np.testing.assert_allclose(curve.get_ydata(), 100 * known["expected"] / known["pupils"])
    assert "IDACI 2019 of the school's area (% of children in income-deprived families)" in words(figure)
    assert "Permanent exclusions per 100 pupils per year" in words(figure)
    assert axes.get_ylim()[0] == 0


@pytest.mark.parametrize("draw", [draw_funnel, draw_exclusions_against_idaci])
@pytest.mark.parametrize("place", [None, BIRMINGHAM])
def test_charts_of_schools_can_be_read(school_result: SchoolResult, draw: Any, place: Place | None) -> None:
    assert_legible(draw(school_result, place=place))
    assert "not a bad or a good school" in prose(draw(school_result, place=place))


def test_crowded_outliers_are_named_only_where_there_is_room(school_result: SchoolResult) -> None:
    table = school_result.table.iloc[[0] * 60].copy()
    table.index = [f"330{4000 + n}" for n in range(60)]
    table["name"] = [f"A school with a rather long name {n}" for n in range(60)]
    table["expected"] = 5 + np.linspace(0, 0.5, 60)
    table["low"] = table["high"] = 20.0
    table["class"] = "far_above"
    figure = draw_funnel(replace(school_result, table=table))
    assert_legible(figure)
    assert any("A school with" in word for word in words(figure))


@pytest.mark.parametrize("draw", [draw_funnel, draw_exclusions_against_idaci])
def test_no_school_at_all_is_an_empty_chart(school_result: SchoolResult, draw: Any) -> None:
    figure = draw(replace(school_result, table=school_result.table.iloc[:0]))
    assert "No school could be judged for permanent exclusions" in prose(figure)


# --------------------------------------------------------------------------- manners


@pytest.mark.parametrize(
    ("draw", "data"),
    [(draw_series, knife_crime(release="unreleased")), (draw_factors, recorded(release="unreleased"))],
)
def test_unreleased_counts_are_not_drawn(draw: Any, data: Any) -> None:
    with pytest.raises(DisclosureError, match="A chart would publish unprotected counts"):
        draw(data)


@pytest.mark.parametrize("draw", [draw_funnel, draw_exclusions_against_idaci])
def test_unreleased_schools_are_not_drawn(make_schools: Any, draw: Any) -> None:
    with pytest.raises(DisclosureError, match="A chart would publish unprotected counts"):
        draw(make_schools(release="unreleased"))


def test_restricted_charts_are_marked_above_and_below() -> None:
    said = words(draw_series(knife_crime(release="restricted")))
    assert sum(word.startswith("RESTRICTED") for word in said) == 2


def test_the_same_chart_is_the_same_bytes_and_changes_nothing(school_result: SchoolResult, tmp_path: Path) -> None:
    before = school_result.table.copy()
    first = save_map(draw_funnel(school_result), tmp_path / "one")
    second = save_map(draw_funnel(school_result), tmp_path / "two")
    assert [path.read_bytes() for path in first] == [path.read_bytes() for path in second]
    pd.testing.assert_frame_equal(before, school_result.table)
    series, factors = knife_crime(("a", "b")), recorded()
    tables = series.table.copy(), factors.table.copy()
    draw_series(series)
    draw_factors(factors)
    pd.testing.assert_frame_equal(tables[0], series.table)
    pd.testing.assert_frame_equal(tables[1], factors.table)
