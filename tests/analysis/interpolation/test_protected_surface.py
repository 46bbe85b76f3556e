"""Counts by area, smoothed until every peak stands on enough events. Expected numbers are worked out by hand."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from worlds import identified, make_counts, make_grid, protect_alone

from hotspots.analysis.interpolation.protected_surface import smooth_counts
from hotspots.errors import AnalysisError
from hotspots.model import AreaCounts, Identity, words_of

GRID = make_grid(12, 12)


def counts_with(where: dict[int, float], *, high: dict[int, float] | None = None, **fields) -> AreaCounts:
    low = np.zeros(len(GRID))
    for position, number in where.items():
        low[position] = number
    top = low.copy()
    for position, number in (high or {}).items():
        top[position] = number
    table = pd.DataFrame({"observed_low": low, "observed_high": top}, index=GRID.ids)
    return identified(AreaCounts, GRID, table, **{"title": "assaults", "release": "invented", **fields})


def test_the_integral_is_the_sum_of_the_middles():
    surface = smooth_counts(counts_with({0: 30, 77: 40}, high={77: 44}), bandwidth=2000, cell=200, years=2)
    assert surface.integral == pytest.approx(72)
    on_cells = np.nansum(surface.values) * surface.cell**2 / 1e6 * 2
    assert on_cells == pytest.approx(72, rel=1e-9)
    assert (surface.kind, surface.unit) == ("spread", "events per km² per year")


def test_a_world_with_the_same_density_everywhere_stays_flat():
    # 5 events in each square of 1 km: 5 events per km² everywhere, up to the border.
    surface = smooth_counts(make_counts(GRID, np.full(len(GRID), 5)), bandwidth=2000, cell=250)
    assert np.nanmean(surface.values) == pytest.approx(5)
    middle = surface.values[10:-10, 10:-10]
    assert middle == pytest.approx(np.full_like(middle, 5), rel=0.02)


def test_a_peak_on_enough_events_keeps_the_first_radius():
    surface = smooth_counts(counts_with({77: 20}), bandwidth=1500, cell=250, minimum_events=10)
    assert surface.bandwidth == 1500
    assert surface.bandwidth_words == "1,500 m, at which every peak has at least 10 events"


def test_a_gaussian_says_its_bandwidth_and_its_radius():
    surface = smooth_counts(counts_with({77: 20}), bandwidth=1500, cell=250, minimum_events=10, kernel="gaussian")
    assert surface.bandwidth == 500
    assert surface.bandwidth_words == "500 m: 1,500 m, at which every peak has at least 10 events"


def test_a_peak_on_too_few_events_widens_the_kernel():
    # The nearest edges of the two squares are 2 km apart: from within the first, 1 km reaches nothing of the second.
    lonely = counts_with({65: 6, 68: 6})
    surface = smooth_counts(lonely, bandwidth=1000, cell=250, minimum_events=10)
    assert surface.bandwidth > 2000
    assert "widened from 1,000 m until every peak had at least 10 events" in surface.bandwidth_words
    assert surface.provenance.least_events_under_a_peak >= 10


def test_hidden_counts_stand_on_their_lowest():
    # 20 to 24 events are enough for 10; 1 to 39 have the same middle but may be a single one.
    sure = smooth_counts(counts_with({77: 20}, high={77: 20}), bandwidth=1500, cell=250)
    unsure = smooth_counts(counts_with({77: 1, 70: 10}, high={77: 39, 70: 10}), bandwidth=1500, cell=250)
    assert sure.bandwidth < unsure.bandwidth
    assert "1 areas are suppressed" not in sure.words
    assert "are taken as the middle of their possible values (all events: 11 to 49)" in unsure.words


def test_other_counts_in_the_same_intervals_give_the_same_surface():
    rng = np.random.default_rng(5)
    true = rng.integers(1, 8, len(GRID))
    other = rng.integers(1, 8, len(GRID))
    one, two = (
        smooth_counts(protect_alone(make_counts(GRID, numbers), "nhs-digital"), cell=250, minimum_events=10)
        for numbers in (true, other)
    )
    assert np.array_equal(one.values, two.values, equal_nan=True)
    assert (one.words, words_of(one.notes), one.provenance) == (
        two.words,
        words_of(two.notes),
        two.provenance,
    )
    assert one.release == "nhs-digital"


def test_areas_without_a_count_are_missing():
    low = np.full(len(GRID), 4.0)
    low[:12] = np.nan
    counts = AreaCounts(
        GRID,
        pd.DataFrame({"observed_low": low, "observed_high": low}, index=GRID.ids),
        identity=Identity(release="unreleased"),
    )
    surface = smooth_counts(counts, bandwidth=2000, cell=250)
    assert surface.integral == 4 * 132
    assert surface.values.shape == (44, 48)


def test_what_can_not_be_smoothed_is_said():
    with pytest.raises(
        AnalysisError, match="No smooth surface of the assaults has all its peaks on at least 10"
    ) as caught:
        smooth_counts(counts_with({3: 1, 77: 2}), cell=250)
    assert "by the lower ends of the intervals" in str(caught.value)
    with pytest.raises(AnalysisError, match="have no events by area"):
        smooth_counts(counts_with({}))
    with pytest.raises(AnalysisError, match="at least 1 event: minimum_events = 0"):
        smooth_counts(counts_with({3: 1}), minimum_events=0)


def test_cells_whose_centres_miss_every_area_are_an_error():
    area = make_grid(2, 2, side=10.0)
    with pytest.raises(AnalysisError, match="has its centre in the study area"):
        smooth_counts(make_counts(area, np.full(4, 20.0)), cell=500.0, bandwidth=2000.0)
