"""Charts of schools beyond the funnel: the line with its band, catchments, covariates, far rates, authorities, CSV."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from made_methods import school_method
from sheet_checks import assert_legible, prose, words

from hotspots.errors import DisclosureError
from hotspots.model import RateCurve, SchoolComparison, SchoolResult
from hotspots.publish.charts.school_authorities import authorities_title, draw_authority_effects
from hotspots.publish.charts.schools import draw_exclusions_against_idaci, draw_funnel
from hotspots.publish.maps.map import draw_map
from hotspots.publish.page.export import title_of
from hotspots.publish.tables.schools import write_school_tables

CURVE = RateCurve(
    index=(0.05, 0.25, 0.45),
    expected=(0.10, 0.15, 0.20),
    expected_low=(0.08, 0.13, 0.16),
    expected_high=(0.12, 0.17, 0.25),
    limit_low_95=(0.0, 0.0, 0.03),
    limit_high_95=(0.2, 0.3, 0.3),
)


def looked_at(result: SchoolResult, **provenance: Any) -> SchoolResult:
    """Return the result with a catchment's index, classes the other way round, and one class under one index only."""
    table = result.table.copy()
    table["idaci_catchment"] = table["idaci"] / 2
    table["expected_catchment"] = 2 * table["expected"]
    table["class_catchment"] = table["class"].to_numpy()[::-1]
    table["holds"] = np.where(table["name"] == "School C", "own-area", "")
    return replace(result, table=table, provenance=school_method(**provenance) if provenance else None)


def axes_of(figure: Any) -> Any:
    return figure.axes[-1]


def marks(figure: Any, colour: str) -> list[tuple[float, float]]:
    """Return where marks filled with a colour are drawn."""
    lines = [line for line in axes_of(figure).lines if line.get_markerfacecolor() == colour]
    return [(float(x), float(y)) for line in lines for x, y in zip(*line.get_data(), strict=True)]


# --------------------------------------------------------------------------- rates against the index


def test_the_line_has_its_band_and_limits(school_result: SchoolResult) -> None:
    figure = draw_exclusions_against_idaci(replace(school_result, provenance=school_method(curve=CURVE)))
    axes = axes_of(figure)
    lines = [(np.asarray(line.get_xdata()), np.asarray(line.get_ydata())) for line in axes.lines[:3]]
    for (x, y), name in zip(lines, ("limit_low_95", "limit_high_95", "expected"), strict=True):
        np.testing.assert_allclose(x, [5.0, 25.0, 45.0])  # per cent
        np.testing.assert_allclose(y, getattr(CURVE, name))
    band = next(c for c in axes.collections if c.get_facecolor().size and not hasattr(c, "get_segments"))
    corners = band.get_paths()[0].vertices
    assert {0.08, 0.12, 0.25} <= {round(float(y), 6) for y in corners[:, 1]}
    assert "the grey band its 95% interval" in prose(figure)
    assert {"as expected", "95% limit"} <= {text.get_text() for text in axes.texts}
    assert_legible(figure)


def test_catchments_have_an_index_and_classes_of_their_own(school_result: SchoolResult) -> None:
    result = looked_at(
        school_result, catchment=SchoolComparison(slope=(1.4, 1.2, 1.6), dispersion=0.1, explained_share=0.2)
    )
    figure = draw_exclusions_against_idaci(result, over="catchment")
    assert title_of(figure) == (
        "40% more permanent exclusions for ten points more of IDACI 2019 in the catchment (95% interval 20 to 60% more)"
    )
    assert "IDACI 2019 of the school's modelled catchment (% of children in income-deprived families)" in words(figure)
    assert "Catchments are a model" in prose(figure)
    # Classes the other way round: the last two but for one without an index are now far above, K at 22.5 %.
    assert [x for x, _ in marks(figure, "#b30000")] == [pytest.approx(100 * (0.05 + 0.04 * 10) / 2)]
    assert_legible(figure)


def test_beside_covariates_rates_stand_against_what_was_expected_of_each(school_result: SchoolResult) -> None:
    result = looked_at(school_result, covariates=("authority",), curve=CURVE)
    figure = draw_exclusions_against_idaci(result)
    axes = axes_of(figure)
    straight = axes.lines[0]
    np.testing.assert_allclose(straight.get_xdata(), straight.get_ydata())
    table = result.table.iloc[:2]  # far above
    found = sorted(marks(figure, "#b30000"))
    rates = 100 * table[["expected", "low", "high"]].div(table["pupils"], axis=0)
    wanted = sorted(zip(rates["expected"], (rates["low"] + rates["high"]) / 2, strict=True))
    np.testing.assert_allclose(found, wanted)
    assert "Expected per 100 pupils per year, given authority and IDACI 2019 of its area" in words(figure)
    assert "grey band" not in prose(figure)
    assert_legible(figure)


def test_a_rate_far_beyond_all_others_is_named_at_the_edge_with_its_number(school_result: SchoolResult) -> None:
    table = school_result.table.copy()
    others = float(table["rate_high"].iloc[:10].drop(table.index[4]).max())
    table.loc[table.index[4], ["rate_low", "rate_high"]] = [4.0, 4.25]  # School E, as expected
    figure = draw_exclusions_against_idaci(replace(school_result, table=table))
    assert "School E: 4.00 to 4.25 (above this chart)" in words(figure)
    top = axes_of(figure).get_ylim()[1]
    assert others < top < 1.2 * table["rate_high"].drop(table.index[4]).max()
    assert max(y for _, y in marks(figure, "#ffffff")) == pytest.approx(top)
    assert "above this chart" not in prose(draw_exclusions_against_idaci(school_result))


def test_a_dot_marks_what_holds_under_one_index_only(school_result: SchoolResult) -> None:
    result = looked_at(school_result)
    small = [line for line in axes_of(draw_funnel(result)).lines if line.get_markersize() < 3]
    table = result.table.loc[result.table["name"] == "School C"]
    assert [line.get_data()[0].tolist() for line in small] == [table["expected"].tolist()]
    assert not [line for line in axes_of(draw_funnel(school_result)).lines if 0 < line.get_markersize() < 3]


def test_against_the_slope_is_a_disc_behind_the_mark(school_result: SchoolResult, study_area: Any) -> None:
    ids = {"fewer_in_most_deprived": ("3334008",), "more_in_least_deprived": ("3304002",)}
    result = looked_at(school_result, **ids)
    figure = draw_funnel(result)
    green = [
        line for line in axes_of(figure).lines if line.get_markerfacecolor() == "#005a32" and len(line.get_xdata())
    ]
    disc = next(line for line in green if line.get_marker() == "o")
    assert disc.get_xdata().tolist() == [2.0 + 0.8 * 8]
    assert "Fewer than expected, highly deprived area (deciles 1 to 3)" in prose(figure)
    on_map = draw_map(result, study_area)
    assert "More than expected, least deprived area (deciles 7 to 10)" in prose(on_map)
    assert_legible(on_map)


# --------------------------------------------------------------------------- authorities


def effects(*rows: tuple[str, float, float, float]) -> pd.DataFrame:
    table = pd.DataFrame(rows, columns=["la_code", "ratio", "low", "high"]).set_index("la_code")
    drawn = table[["ratio", "low", "high"]] ** 0.5
    drawn.columns = pd.Index(["shrunken", "shrunken_low", "shrunken_high"])
    return pd.concat([table.assign(schools=6), drawn], axis=1)


def test_authorities_stand_in_order_with_both_intervals(school_result: SchoolResult) -> None:
    table = effects(("E08000028", 0.64, 0.49, 0.81), ("E08000025", 1.44, 0.9, 1.69), ("others", 1.0, 0.81, 1.21))
    figure = draw_authority_effects(table, school_result)
    axes = axes_of(figure)
    assert title_of(figure) == (
        "Schools of Sandwell have fewer permanent exclusions than the average authority's, given size and deprivation"
    )
    bars = [
        [(round(float(one[0][0]), 6), round(float(one[1][0]), 6)) for one in c.get_segments()] for c in axes.collections
    ]
    assert bars == [[(0.9, 1.69), (0.81, 1.21), (0.49, 0.81)], [(0.948683, 1.3), (0.9, 1.1), (0.7, 0.9)]]
    said = words(figure)
    assert [said.index(word) for word in ("Birmingham (6)", "Others together (6)", "Sandwell (6)")] == sorted(
        said.index(word) for word in ("Birmingham (6)", "Others together (6)", "Sandwell (6)")
    )
    assert "1.44 (0.90 to 1.69)" in said
    assert "this gives no cause" in prose(figure)
    assert_legible(figure)


@pytest.mark.parametrize(
    ("rows", "title"),
    [
        ([("a", 1.0, 0.8, 1.2)], "No authority's schools have clearly more or fewer"),
        ([("a", 2.0, 1.5, 3.0), ("b", 0.5, 0.3, 0.8)], "Schools of a have more, of b fewer"),
        ([(one, 2.0, 1.5, 3.0) for one in "abc"], "Schools of 3 of 3 authorities have more"),
    ],
)
def test_titles_of_authorities(school_result: SchoolResult, rows: list[Any], title: str) -> None:
    table = effects(*rows)
    assert authorities_title(table.assign(name=table.index), school_result) == (
        f"{title} permanent exclusions than the average authority's, given size and deprivation"
    )


def test_of_many_authorities_those_furthest_from_the_average_are_shown(school_result: SchoolResult) -> None:
    table = effects(*((f"E{n:02d} with a long name of its own", 1 + n / 50, 0.9, 2.2) for n in range(40)))
    figure = draw_authority_effects(table, school_result)
    said = words(figure)
    assert sum(word.startswith("E") and word.endswith("(6)") for word in said) == 36
    assert "4 authorities nearer to the average are not shown." in prose(figure)
    assert not any(word.startswith("E03 ") for word in said)
    assert_legible(figure)


def test_unreleased_authorities_are_not_drawn(make_schools: Any) -> None:
    with pytest.raises(DisclosureError, match="A chart would publish unprotected counts"):
        draw_authority_effects(effects(("a", 1.0, 0.8, 1.2)), make_schools(release="unreleased"))


# --------------------------------------------------------------------------- CSV


def test_every_school_and_every_look_is_written(school_result: SchoolResult, tmp_path: Path) -> None:
    table = school_result.table.copy()
    table["name"] = ["=Ash", *table["name"][1:]]
    result = replace(school_result, table=table)
    looks = {
        "authorities": effects(("E08000025", 1.5, 1.2, 1.9)),
        "each": pd.DataFrame({"p": [0.5]}, index=pd.Index([table.index[0]], name="school_id")),
        "nothing": pd.DataFrame({"p": []}),
    }
    paths = write_school_tables(tmp_path, result, looks=looks)
    assert [path.name for path in paths] == [
        "schools.csv", "schools_that_stand_out.csv", "schools_authorities.csv", "schools_each.csv",
    ]  # fmt: skip
    assert paths[0].read_bytes().startswith(b"\xef\xbb\xbf")
    every, out, by_la, each = (pd.read_csv(path, encoding="utf-8-sig", dtype={"school_id": str}) for path in paths)
    assert every["school_id"].tolist() == list(table.index)
    assert every["name"].iloc[0] == each["name"].item() == "'=Ash"
    np.testing.assert_allclose(every["expected"][:11], 2.0 + 0.8 * np.arange(11))
    assert np.isnan(every["expected"].iloc[11])
    assert len(out) == 8  # two schools of each of the four classes that stand out
    assert by_la["la_code"].tolist() == ["E08000025"]
    for one in (every, out, by_la, each):
        assert set(one["index"]) == {"IDACI 2019"}
        assert set(one["release"]) == {"Invented data: not about real people or events."}
    assert result.table["name"].iloc[0] == "=Ash"


def test_unreleased_schools_are_not_written(make_schools: Any, tmp_path: Path) -> None:
    with pytest.raises(DisclosureError, match="A table would publish unprotected counts"):
        write_school_tables(tmp_path, make_schools(release="unreleased"))
    assert not list(tmp_path.iterdir())
