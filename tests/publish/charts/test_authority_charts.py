"""Standardised rates, recording and profiles as printed tables: the numbers, the words, and that all can be read."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from sheet_checks import assert_legible, prose, words
from worlds import identified

from hotspots.errors import AnalysisError, DisclosureError
from hotspots.model import Extract, Identity, Note
from hotspots.publish.charts.authorities import draw_profile, draw_recording, draw_standardised
from hotspots.publish.maps.map import save_map
from hotspots.publish.text import extract_alt, extract_title

SEVEN = ("Birmingham", "Coventry", "Dudley", "Sandwell", "Solihull", "Walsall", "Wolverhampton")
UNITS = [*((name, "authority") for name in SEVEN), ("Birmingham–Sandwell", "place"), ("Study area", "study area")]


def standardised(*, hidden: float = 0.0, release: str = "open") -> Extract:
    number = np.arange(len(UNITS), dtype=float)
    table = pd.DataFrame(UNITS, columns=["name", "kind"]).assign(
        code="", low=100 + 10 * number, high=100 + 10 * number + hidden, population=10_000.0,
        crude_low=90 + number, crude_high=90 + number + hidden, rate_low=100 + number, rate_high=100 + number + hidden,
        ci_low=80 + number, ci_high=120 + number, p_adjusted=0.5, differs="", reason="",
    )  # fmt: skip
    rates = ["rate_low", "rate_high", "ci_low", "ci_high"]
    table.loc[4, rates], table.loc[4, "reason"] = np.nan, "fewer than 10 events"
    return Extract(
        table,
        kind="standardised-rates",
        sentences=("How.",),
        identity=Identity(
            release=release, title="admissions, standardised for age", sources=("HES",), period="2017-2019"
        ),
    )


def recording(**fields: Any) -> Extract:
    rows = [
        (f"E{row}", name, period, 1_000.0, 1_000 * (1.2 + 0.3 * row), 0, 1.2 + 0.3 * row, "Domestic abuse",
         300.0 + 50 * row, 0, 0.3 + 0.05 * row)
        for period in ("2017/18", "2018/19")
        for row, name in enumerate(SEVEN)
    ]  # fmt: skip
    columns = [
        "la_code", "la_name", "period", "assessments", "mentions", "hidden", "per_assessment", "theme",
        "theme_mentions", "theme_hidden", "theme_share",
    ]  # fmt: skip
    table = pd.DataFrame(rows, columns=columns)
    table.loc[13, ["theme_hidden", "theme_share"]] = 1, np.nan
    options = {"title": "Domestic abuse", "sentences": ("Mentions are not children.",), "release": "open"} | fields
    return identified(Extract, table, kind="recording", **options)


def profile(*, ages: bool = True, deciles: bool = True) -> Extract:
    table = pd.DataFrame(UNITS, columns=["name", "kind"]).assign(
        code="", areas=10, population=1_137_123.0, area_km2=267.6, people_per_km2=4_249.0, children=0.2,
        under_25=np.linspace(0.29, 0.38, len(UNITS)), over_64=0.13, deprivation=0.276, deprivation_areas=10,
        most_deprived_areas=np.linspace(0.14, 0.31, len(UNITS)), most_deprived_people=0.3,
    )  # fmt: skip
    if ages:
        table[["age_0", "age_16", "age_25", "age_45", "age_65"]] = [0.23, 0.15, 0.28, 0.21, 0.13]
    else:
        table["under_25"] = np.nan
    if deciles:
        table[[f"decile_{n}" for n in range(1, 11)]] = [0.32, 0.22, 0.1, 0.08, 0.07, 0.06, 0.06, 0.03, 0.03, 0.03]
    else:
        table[["deprivation", "most_deprived_areas", "most_deprived_people"]] = np.nan
        table["deprivation_areas"] = 0
    return Extract(
        table,
        kind="profile",
        sentences=("How.",),
        identity=Identity(release="open", title="IDACI 2019", period="mid-2017"),
    )


@pytest.mark.parametrize(
    ("draw", "extract"),
    [
        (draw_standardised, standardised()),
        (draw_standardised, standardised(hidden=12.0)),
        (draw_recording, recording()),
        (
            draw_recording,
            recording(notes=(Note("A long sentence about what can't be compared. " * 12, of="settings"),)),
        ),
        (draw_profile, profile()),
        (draw_profile, profile(ages=False)),
        (draw_profile, profile(deciles=False)),
    ],
)
def test_everything_can_be_read(draw: Any, extract: Extract) -> None:
    assert_legible(draw(extract))


def test_standardised_rates_have_their_numbers_beside_them() -> None:
    figure = draw_standardised(standardised())
    said = words(figure)
    assert "100 (80–120)" in said
    assert "fewer than 10 events" in said
    assert (
        "Admissions, standardised for age: no authority's rate differs from the study area's 108 beyond chance "
        "(false discovery rate 5%)"
    ) in prose(figure)
    axes = figure.axes[1]
    dots = next(line for line in axes.lines if line.get_marker() == "o")
    np.testing.assert_allclose(dots.get_xdata(), [100, 101, 102, 103, 105, 106, 107, 108])
    assert axes.get_xlim()[0] == 0


def test_hidden_counts_show_as_ranges_of_rates() -> None:
    figure = draw_standardised(standardised(hidden=12.0))
    assert "100–112 (80–120)" in words(figure)
    assert "range of possible rates, as counts are suppressed" in prose(figure)
    assert "no authority's rate is certain to differ from the study area's 108 to 120 beyond chance" in prose(figure)


@pytest.mark.parametrize(
    ("differs", "words"),
    [
        ({"Coventry": "above"}, "Coventry above the study area's rate of 108"),
        ({"Coventry": "below", "Walsall": "below"}, "Coventry and Walsall below the study area's rate of 108"),
        (
            {"Walsall": "above", "Dudley": "below", "Coventry": "above"},
            "Coventry and Walsall above the study area's rate of 108, Dudley below",
        ),
        (
            dict.fromkeys(SEVEN[:5], "above") | {"Walsall": "below"},
            "5 above the study area's rate of 108, Walsall below",
        ),
    ],
)
def test_the_title_says_who_differs_and_never_who_is_merely_first_or_last(differs: dict[str, str], words: str) -> None:
    extract = standardised()
    table = extract.table.assign(differs=extract.table["name"].map(differs).fillna(""))
    title = f"Admissions, standardised for age: {words} (false discovery rate 5%)"
    assert extract_title(replace(extract, table=table)) == title


def test_recording_shows_shares_beside_factors_in_an_episode() -> None:
    figure = draw_recording(recording(), period="2017/18")
    shares, factors = figure.axes[1:3]
    # Most factors first: Wolverhampton 3.0, Birmingham 1.2.
    assert [text.get_text() for text in shares.texts] == ["60", "55", "50", "45", "40", "35", "30"]
    assert [text.get_text() for text in factors.texts] == ["3.0", "2.7", "2.4", "2.1", "1.8", "1.5", "1.2"]
    assert "Recording differs in 2017/18: from 1.2 factors in an episode (Birmingham) to 3.0 (Wolverhampton)" in prose(
        figure
    )
    assert "Mentions are not children." in prose(figure)


def test_a_suppressed_part_makes_the_share_unknown() -> None:
    said = words(draw_recording(recording()))
    assert "not known: a part is suppressed" in said
    assert "at least 600" in said


def test_a_profile_has_people_ages_and_deprivation() -> None:
    figure = draw_profile(profile())
    said = words(figure)
    assert {"1,137,123", "4,249", "0.276", "31%", "0–15", "65+", "Mean IDACI"} <= set(said)
    bars = figure.axes[1].patches
    assert sum(bar.get_width() for bar in bars[:: len(UNITS)]) == pytest.approx(100)
    assert "14% (Birmingham) to 27% (Wolverhampton) of areas are among the most deprived tenth" in prose(figure)


def test_without_deprivation_the_finding_is_of_ages_and_without_both_of_neither() -> None:
    assert extract_title(profile(deciles=False)) == "29% (Birmingham) to 36% (Wolverhampton) of people are under 25"
    assert extract_title(profile(ages=False, deciles=False)) == "7 authorities: population, age and deprivation"


def test_alternative_text_reads_row_by_row() -> None:
    assert "Solihull: fewer than 10 events." in extract_alt(standardised())
    assert "Birmingham: 100 (80 to 120)." in extract_alt(standardised())
    assert "Wolverhampton: share not known, 3.0 factors in an episode." in extract_alt(recording())
    assert "Birmingham: 1,137,123 people, 29% under 25, 14% of areas in decile 1." in extract_alt(profile())


def test_unreleased_extracts_are_not_drawn_and_restricted_ones_are_marked() -> None:
    with pytest.raises(DisclosureError, match=r"A chart would publish unprotected counts: admissions"):
        draw_standardised(standardised(release="unreleased"))
    assert "RESTRICTED" in prose(draw_standardised(standardised(release="restricted")))


def test_a_table_of_another_kind_is_no_extract() -> None:
    with pytest.raises(AnalysisError, match="A table of profile needs the column 'code'"):
        Extract(pd.DataFrame({"name": ["a"]}), kind="profile", identity=Identity(release="open"))


def test_the_same_chart_is_the_same_bytes(tmp_path: Path) -> None:
    extract = profile()
    before = extract.table.copy()
    drawn = [save_map(draw_profile(extract), tmp_path / name, dpi=50) for name in "ab"]
    assert [path.read_bytes() for path in drawn[0]] == [path.read_bytes() for path in drawn[1]]
    pd.testing.assert_frame_equal(extract.table, before)


# --------------------------------------------------------------------------- what can't be drawn


def changed(extract: Extract, **columns: Any) -> Extract:
    return replace(extract, table=extract.table.assign(**columns))


def test_limits_and_factors_that_are_missing_are_said_to_be() -> None:
    without = changed(standardised(), ci_low=np.nan, ci_high=np.nan)
    assert "100 (no interval)" in words(draw_standardised(without))
    assert "Birmingham: 100 (no interval)." in extract_alt(without)
    none = changed(recording(), assessments=np.nan, per_assessment=np.nan, theme_share=np.nan)
    assert "nan" not in prose(draw_recording(none)).casefold()
    assert "Birmingham: share not known, factors in an episode not known." in extract_alt(none)


@pytest.mark.parametrize(
    ("draw", "extract", "problem"),
    [
        (draw_recording, replace(recording(), table=recording().table.iloc[:0]), "There is no row to draw"),
        (draw_standardised, replace(standardised(), table=standardised().table.iloc[:0]), "There is no row to draw"),
        (draw_profile, replace(profile(), table=profile().table.iloc[:0]), "There is no row to draw"),
        (draw_recording, changed(recording(), per_assessment=np.inf), "The column 'per_assessment' of .* is infinite"),
        (draw_standardised, changed(standardised(), ci_high=np.inf), "The column 'ci_high' of .* is infinite"),
        (draw_standardised, recording(), "This chart is of standardised-rates, and not of recording"),
        (draw_recording, standardised(), "This chart is of recording, and not of standardised-rates"),
        (draw_profile, recording(), "This chart is of profile, and not of recording"),
    ],
)
def test_what_can_t_be_drawn_is_an_error(draw: Any, extract: Extract, problem: str) -> None:
    with pytest.raises(AnalysisError, match=problem):
        draw(extract)


def test_a_year_that_is_not_there_is_named_beside_those_that_are() -> None:
    with pytest.raises(AnalysisError) as error:
        draw_recording(recording(), period="1900")
    assert error.value.found.endswith("of 2017/18, 2018/19")
