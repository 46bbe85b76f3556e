"""Charts of series: rates, provisional periods, change points and the change since a base; all of it legible."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from sheet_checks import assert_legible, prose, words
from worlds import identified

from hotspots.analysis.series.change import change_since, join_series
from hotspots.analysis.series.change_points import find_change_points
from hotspots.analysis.series.counting import with_intervals, with_rates
from hotspots.errors import DisclosureError
from hotspots.model import Identity, Series
from hotspots.publish.charts.change import draw_change
from hotspots.publish.charts.series import draw_series
from hotspots.publish.maps.map import save_map
from hotspots.publish.text.series import change_title

COUNTS = (400.0, 405, 398, 402, 600, 610, 595)
QUARTERS = [f"{year}/{year % 100 + 1} Q{q}" for year in (2012, 2013, 2014) for q in (1, 2, 3, 4)]


def counted(counts: tuple[float, ...] = COUNTS, *, group: str = "all ages", high: Any = None, **fields: Any) -> Series:
    """Return a series that begins in 2013."""
    periods = [str(2013 + n) for n in range(len(counts))]
    table = pd.DataFrame({"period": periods, "group": group, "low": np.asarray(counts, float), "ci_low": np.nan})
    table["high"] = table["low"] if high is None else high
    options = {"unit": "knife offences", "title": "Knife crime", "source": "Home Office", "release": "open"} | fields
    return with_intervals(identified(Series, table.assign(ci_high=np.nan), **options))  # type: ignore[arg-type]


def both() -> Series:
    young = counted((100, 98, 103, 99, 205, 210, 199), group="under 25", high=[102, 98, 103, 99, 207, 210, 203])
    return join_series(counted(), young, name="knife", title="Knife crime")


def found(series: Series) -> Any:
    return find_change_points(series, rng=np.random.default_rng(1), draws=99)


def chart(figure: Figure) -> Axes:
    """Return the axes beside the paper."""
    return figure.axes[1]


def test_rates_stand_on_their_own_axis_and_title() -> None:
    series = with_rates(counted(), 100_000)
    figure = draw_series(series, measure="rate")
    np.testing.assert_allclose(chart(figure).lines[0].get_ydata(), COUNTS)
    assert "Knife crime: rate rose from 400.0 to 595.0 per 100,000 people per year, 2013 to 2019" in prose(figure)
    assert chart(figure).get_ylabel() == "Knife offences per 100,000 people per year"
    assert_legible(figure)


def test_provisional_periods_are_hollow_and_said() -> None:
    figure = draw_series(counted(provisional=("2019",)))
    hollow = chart(figure).lines[1]
    assert hollow.get_markerfacecolor() == "white"
    assert list(hollow.get_xdata()) == [6]
    assert "Hollow marks are provisional and may still change: 2019." in prose(figure)
    # The title speaks of what is final, and so does the number at the end of the line.
    assert "to 610 in 2018" in prose(figure)
    assert "610 in 2018" in words(figure)
    assert "595" not in words(figure)


def test_a_line_of_which_nothing_is_final_says_so() -> None:
    figure = draw_series(counted(COUNTS[:2], provisional=("2013", "2014")))
    assert "405 in 2014, provisional" in words(figure)


def test_periods_covered_in_part_are_not_the_number_at_the_end() -> None:
    series = counted()
    part = replace(series, table=series.table.assign(months=[12.0] * 6 + [7.0]))
    figure = draw_series(join_series(part, name="knife", title="Knife crime"))
    assert "610 in 2018" in words(figure)
    assert "595" not in words(figure)
    alone = counted((400.0,))
    figure = draw_series(replace(alone, table=alone.table.assign(months=7.0)))
    assert "400 in 2013, in part" in words(figure)


@pytest.mark.parametrize("kind", ["provisional", "incomplete"])
def test_only_dots_lead_to_a_hollow_mark(kind: str) -> None:
    """The joining line of whole periods ends before one that is not to be compared with them."""
    series = counted(provisional=("2013", "2017") if kind == "provisional" else ())
    if kind == "incomplete":
        series = replace(series, table=series.table.assign(months=[7, 12, 12, 12, 3, 12, 12]))
    figure = draw_series(series)
    whole, hollow, dotted = chart(figure).lines
    np.testing.assert_array_equal(whole.get_ydata(), [np.nan, 405, 398, 402, np.nan, 610, 595])
    assert list(hollow.get_xdata()) == [0, 4]
    np.testing.assert_array_equal(dotted.get_ydata(), [400, 405, np.nan, 402, 600, 610, np.nan])
    assert dotted.get_linestyle() == ":"
    assert len(chart(draw_series(counted())).lines) == 1  # without hollow marks there are no dots


def test_the_title_of_quarters_compares_the_same_quarter() -> None:
    table = pd.DataFrame({"period": QUARTERS, "group": "all", "low": np.arange(12.0) + 100})
    series = with_intervals(
        Series(
            table.assign(high=table["low"], ci_low=0.0, ci_high=0.0),
            unit="crimes",
            identity=Identity(release="open", title="Crime"),
        )
    )
    assert "Crime rose from 103 in 2012/13 Q4 to 111 in 2014/15 Q4" in prose(draw_series(series))


def test_a_change_of_level_crosses_its_line_with_its_size() -> None:
    series = both()
    extract = found(series)
    figure = draw_series(series, change_points=extract)
    sizes = [text.get_text() for text in chart(figure).texts if "×" in text.get_text()]
    assert len(sizes) == int((extract.table["segment"] > 1).sum()) == 2
    assert sizes[0].startswith("× 1.50\n(1.3")  # 601.7 / 401.25 by hand
    assert "Vertical lines: a change of level or slope." in prose(figure)
    assert_legible(figure)


def test_no_change_of_level_is_said() -> None:
    series = counted((400, 405, 398, 402, 399, 404, 401))
    assert "No change of level was found." in prose(draw_series(series, change_points=found(series)))


def test_a_correction_below_zero_is_drawn_below_zero() -> None:
    figure = draw_series(counted((5, 6, -2, 4)))
    assert chart(figure).get_ylim()[0] < -2
    assert chart(figure).lines[0].get_ydata()[2] == -2
    assert not any(text.startswith("-") for text in words(figure))  # a true minus sign


def test_change_since_a_base_states_ratio_and_interval() -> None:
    series = counted((100, 90, 250))
    figure = draw_change(change_since(series, "2013", beyond_poisson=False), series, base="2013")
    np.testing.assert_allclose(chart(figure).lines[0].get_ydata(), [1, 0.9, 2.5])
    title = "Knife crime, 2013 to 2015: rose from 100 to 250, 2.50 times (95% interval 1.97 to 3.19)"
    # scipy.stats.binomtest(250, 350).proportion_ci(): 0.66385 to 0.76105, that is 1.9749 to 3.1850 as a ratio
    assert title in prose(figure)
    assert "Intervals assume Poisson counts" in prose(figure)
    assert_legible(figure)


def test_the_change_of_every_group_is_in_the_title_and_only_of_settled_periods() -> None:
    table = pd.DataFrame({"period": ["2013", "2014", "2015"] * 2, "group": ["all ages"] * 3 + ["under 25"] * 3})
    table["low"] = table["high"] = [400.0, 500, 900, 100, 210, 900]
    series = Series(
        table.assign(ci_low=np.nan, ci_high=np.nan),
        unit="admissions",
        provisional=("2015",),
        identity=Identity(release="open", title="Admissions"),
    )
    title = change_title(change_since(series, "2013", beyond_poisson=False), series, "2013")
    # binomtest(500, 900) and (210, 310).proportion_ci(): 0.52240 to 0.58836, 0.62224 to 0.72908
    assert title == (
        "Admissions, 2013 to 2014: all ages rose from 400 to 500, 1.25 times (95% interval 1.09 to "
        "1.43); under 25 rose from 100 to 210, 2.10 times (1.65 to 2.69)"
    )


@pytest.mark.parametrize(
    ("count", "low", "high", "words"),
    [
        # scipy.stats.binomtest(count, count + 1000).proportion_ci(), as a ratio
        (2300, 2.13, 2.48, "more than doubled, from 1,000 to 2,300, 2.30 times"),
        (3300, 3.07, 3.55, "more than tripled, from 1,000 to 3,300, 3.30 times"),
        (2100, 1.95, 2.27, "rose from 1,000 to 2,100, 2.10 times"),
        (1010, 0.92, 1.10, "from 1,000 to 1,010, 1.01 times"),
        (880, 0.80, 0.96, "fell from 1,000 to 880, 0.88 times"),
        (430, 0.38, 0.48, "fell to less than half, from 1,000 to 430, 0.43 times"),
    ],
)
def test_a_change_is_called_what_its_interval_allows(count: int, low: float, high: float, words: str) -> None:
    series = counted((1000, count))
    title = change_title(change_since(series, "2013", beyond_poisson=False), series, "2013")
    assert title == f"Knife crime, 2013 to 2014: {words} (95% interval {low:.2f} to {high:.2f})"


def test_hidden_numbers_are_hollow_in_the_middle_of_their_bar() -> None:
    series = both()
    change = change_since(series, "2014")
    figure = draw_change(change, series, base="2014")
    assert "A hollow mark shows the middle of its bar: the count is suppressed or rounded." in prose(figure)
    assert "for years that depart from the trend, singly or in runs, by about" in prose(figure)
    hollow = [line for line in chart(figure).lines if line.get_markerfacecolor() == "white"]
    assert [list(np.round(line.get_xdata())) for line in hollow] == [[0, 4, 6]]
    assert_legible(figure)


def test_a_gap_breaks_the_change_too() -> None:
    series = counted((100, np.nan, 120))
    figure = draw_change(change_since(series, "2013"), series, base="2013")
    assert np.isnan(chart(figure).lines[0].get_ydata()[1])
    lost = counted((np.nan, 5, 6))
    assert "change since 2013 is not known" in prose(draw_change(change_since(lost, "2013"), lost, base="2013"))


def test_a_change_speaks_of_the_last_year_that_is_final() -> None:
    series = counted((100, 90, 250), provisional=("2015",))
    figure = draw_change(change_since(series, "2013"), series, base="2013")
    assert "Knife crime, 2013 to 2014: from 100 to 90, 0.90 times (95% interval" in prose(figure)
    assert "\u00d7 0.90 in 2014" in words(figure)
    assert "Provisional, and may still change: 2015." in prose(figure)
    assert_legible(figure)


def test_unreleased_series_are_not_drawn() -> None:
    series = counted().with_identity(release="unreleased")
    with pytest.raises(DisclosureError):
        draw_series(series, change_points=found(series))
    with pytest.raises(DisclosureError):
        draw_change(change_since(series, "2013"), series, base="2013")


def test_the_same_chart_is_the_same_bytes(tmp_path: Path) -> None:
    series = both()
    before = series.table.copy()
    drawn = [save_map(draw_series(series, change_points=found(series)), tmp_path / name, dpi=50) for name in "ab"]
    assert [path.read_bytes() for path in drawn[0]] == [path.read_bytes() for path in drawn[1]]
    pd.testing.assert_frame_equal(series.table, before)
