"""Events over people: known places of raised risk, none where only people gather, and what words and errors say."""

import numpy as np
import pandas as pd
import pytest
from scipy import stats
from worlds import identified, make_grid

from hotspots.analysis.risk.risk_surface import relative_risk
from hotspots.errors import AnalysisError
from hotspots.model import Events, StudyArea, Surface, words_of

SIDE = 10
SETTINGS = {"bandwidth": 1_000.0, "cell": 200.0, "null": "constant-risk"}


def make_area(seed: int = 1) -> StudyArea:
    """Return 10 by 10 km with a town in the north-west: from 60 to 8,000 people in a square."""
    area = make_grid(SIDE, SIDE)
    down, across = np.divmod(np.arange(SIDE**2), SIDE)
    people = 8_000 * np.exp(-((down - 3) ** 2 + (across - 3) ** 2) / 12) + 60
    return area.with_population(pd.Series(np.round(people), index=area.ids))


AREA = make_area()


def fall(events: int, seed: int, *, raised: str = "", times: float = 1.0, **words: str) -> Events:
    """Return events that fall as people live, with a risk that is raised in one square; even within squares."""
    rng = np.random.default_rng(seed)
    risk = AREA.areas["population"].to_numpy() * np.where(AREA.ids == raised, times, 1.0)
    bounds = AREA.areas.bounds.to_numpy()[rng.choice(len(AREA), events, p=risk / risk.sum())]
    return make_events(bounds[:, :2] + rng.random((events, 2)) * 1_000, **words)


def make_events(points: np.ndarray, **words: str) -> Events:
    table = pd.DataFrame({"easting": points[:, 0], "northing": points[:, 1]}).assign(
        area_code=None, when=pd.NaT, kind="event"
    )
    return identified(
        Events, table, rows_read=len(table), **{"name": "knives", "title": "knife crime", "release": "open", **words}
    )


def at(surface: Surface, easting: float, northing: float, what: str = "values") -> float:
    west, north = surface.origin
    return float(getattr(surface, what)[int((north - northing) // surface.cell), int((easting - west) // surface.cell)])


EVENTS = fall(1_500, 2, raised="E01000505", times=6.0)


# --------------------------------------------------------------------------- values


def test_values_are_the_logarithm_of_both_smoothed_sums():
    """By direct summation at one cell: events in cells and people in cells, each over its total."""
    found = relative_risk(EVENTS, AREA, **SETTINGS)
    easting, northing = 403_700.0, 297_300.0
    west, north = found.origin
    across, down = west + 200 * (np.arange(50) + 0.5), north - 200 * (np.arange(50) + 0.5)
    kernel = np.maximum(1 - ((across - easting) ** 2 + ((down - northing) ** 2)[:, None]) / 1_000**2, 0) ** 2
    points = EVENTS.table[["easting", "northing"]].to_numpy()
    edges = [north - 200 * np.arange(50, -1, -1.0), west + 200 * np.arange(51.0)]
    count, _, _ = np.histogram2d(points[:, 1], points[:, 0], bins=edges)
    people = np.kron(AREA.areas["population"].to_numpy().reshape(SIDE, SIDE), np.full((5, 5), 1 / 25))
    expected = np.log((kernel * count[::-1]).sum() / len(points)) - np.log((kernel * people).sum() / people.sum())
    assert at(found, easting, northing) == pytest.approx(expected, rel=1e-9)


def test_raised_risk_is_found_where_it_is_and_not_where_people_gather():
    found = relative_risk(EVENTS, AREA, **SETTINGS)
    # The middle of the square with six times the risk, and of the town.
    assert at(found, 405_500, 294_500) > np.log(3)
    assert at(found, 405_500, 294_500, "p_raised") < 1e-10
    assert at(found, 403_500, 296_500, "p_raised") > 0.05
    assert found.kind == "relative-risk"
    assert np.isnan(found.integral)


def test_constant_risk_over_a_gathered_population_is_called_nothing():
    """No square is raised: the share of judged cells below 5 %, and of maps with any cell below it after adjustment."""
    from hotspots.analysis.common.multiple_testing import adjust_tails

    shares, any_found = [], []
    for seed in range(60):
        found = relative_risk(fall(1_500, 1_000 + seed), AREA, **SETTINGS)
        p_raised, p_lowered = (p[~np.isnan(p)] for p in (found.p_raised, found.p_lowered))
        shares.append([np.mean(p_raised <= 0.05), np.mean(p_lowered <= 0.05)])
        adjusted = adjust_tails(p_raised, p_lowered, method="benjamini-hochberg-apart")
        any_found.append(bool((adjusted <= 0.05).any()))
    raised, lowered = np.mean(shares, axis=0)
    print(f"cells below 5%: raised {raised:.3f}, lowered {lowered:.3f}; maps with a find {np.mean(any_found):.2f}")
    assert (raised, lowered) == pytest.approx((0.05, 0.05), abs=0.015)
    # Held for raised and for lowered apart at half the level each way: at most 0.05 expected, 3 standard errors above.
    assert sum(any_found) <= stats.binom.ppf(0.999, 60, 0.05)


def test_the_border_makes_no_risk():
    """Without a correction, because events and people fall off alike: the mean ratio is 1 in a corner too."""
    ratios = []
    for seed in range(40):
        found = relative_risk(fall(4_000, 2_000 + seed), AREA, **SETTINGS)
        ratios.append(np.exp([at(found, 400_100, 299_900), at(found, 403_500, 296_500)]))
    corner, middle = np.mean(ratios, axis=0)
    errors = np.std(ratios, axis=0) / np.sqrt(40)
    assert abs(corner - 1) < 3.5 * errors[0]
    assert abs(middle - 1) < 3.5 * errors[1]


def test_cells_with_too_few_expected_events_are_not_judged():
    found = relative_risk(fall(300, 3), AREA, **SETTINGS)
    missing = np.isnan(found.values)
    assert missing.any()
    assert np.array_equal(missing, np.isnan(found.p_raised))
    assert any(note.startswith("Cells not judged, because fewer than 1 events") for note in words_of(found.notes))
    # In the far corner a square has 60 of about 300,000 people, and so 0.06 of 300 events.
    assert np.isnan(at(found, 409_900, 290_100))


def test_no_event_near_is_a_hundredth_with_the_chance_of_none():
    points = np.full((500, 2), (403_500.0, 296_500.0))
    found = relative_risk(make_events(points), AREA, **SETTINGS)
    assert at(found, 401_500, 298_500) == pytest.approx(-np.log(100))
    assert at(found, 401_500, 298_500, "p_raised") == 1.0
    assert at(found, 401_500, 298_500, "p_lowered") < 1e-6
    assert any("shown as a hundredth of the average" in note for note in words_of(found.notes))


# --------------------------------------------------------------------------- inference


@pytest.mark.parametrize("kernel", ["quartic", "epanechnikov", "triangular", "uniform", "gaussian"])
def test_every_kernel_finds_the_same_place(kernel):
    bandwidth = 400.0 if kernel == "gaussian" else 1_000.0
    found = relative_risk(EVENTS, AREA, kernel=kernel, bandwidth=bandwidth, cell=200.0, null="constant-risk")
    assert at(found, 405_500, 294_500, "p_raised") < 1e-8
    assert np.nanmin(found.p_raised) > 0
    assert np.nanmax(found.p_lowered) <= 1


@pytest.mark.parametrize(("inference", "tolerance"), [("asymptotic", 0.08), ("simulation", 0.06)])
def test_other_inference_agrees_where_many_events_are_expected(inference, tolerance):
    events = fall(6_000, 4)
    computed = relative_risk(events, AREA, **SETTINGS)
    found = relative_risk(events, AREA, inference=inference, simulations=499, rng=7, **SETTINGS)
    for easting, northing in ((403_500, 296_500), (401_500, 297_500), (405_100, 295_100)):
        for name in ("p_raised", "p_lowered"):
            assert at(found, easting, northing, name) == pytest.approx(
                at(computed, easting, northing, name), abs=tolerance
            )


def test_simulation_is_the_same_for_the_same_seed_and_has_its_smallest_chance():
    settings = {**SETTINGS, "inference": "simulation", "simulations": 99, "rng": 3}
    first, second = (relative_risk(EVENTS, AREA, **settings) for _ in range(2))
    assert np.array_equal(first.p_raised, second.p_raised, equal_nan=True)
    assert at(first, 405_500, 294_500, "p_raised") == 0.01
    assert "from 99 simulated maps; none is below 1 in 100" in first.words


# --------------------------------------------------------------------------- words, settings, errors


def test_words_say_what_is_shown_and_what_it_cannot_show():
    found = relative_risk(EVENTS, AREA, **SETTINGS)
    assert found.words.startswith("Risk of knife crime per resident against the area's average. 1,500 events over")
    assert "quartic kernel with a radius of 1,000 m on cells of 200 m" in found.words
    assert "not simulated" in found.words
    assert "does not show causes" in found.words
    assert found.unit == "times the area's average risk"
    assert found.title == "risk of knife crime"
    exact = relative_risk(EVENTS, AREA, kernel="uniform", **SETTINGS)
    assert "The p-values are exact (binomial)." in exact.words
    rough = relative_risk(EVENTS, AREA, inference="asymptotic", **SETTINGS)
    assert "rough where few events are expected" in rough.words


def test_all_settings_stand_in_the_provenance():
    found = relative_risk(EVENTS, AREA, minimum_expected=2.0, **SETTINGS)
    assert found.provenance.cells.bandwidth_m == 1_000
    assert found.provenance.cells.cell_m == 200
    assert found.provenance.events_used == 1_500
    assert found.provenance.least_expected_events == 2
    assert found.provenance.cells.cells_judged == int((~np.isnan(found.values)).sum())
    assert found.provenance.cells.cells_judged + found.provenance.cells.cells_not_judged == 2_500
    assert found.provenance.people == pytest.approx(AREA.areas["population"].sum())


def test_the_release_is_the_weakest():
    assert relative_risk(fall(800, 5, release="unreleased"), AREA, **SETTINGS).release == "unreleased"
    assert relative_risk(EVENTS, AREA, **SETTINGS).release == "open"


def test_bandwidth_and_cell_are_chosen_and_announced():
    found = relative_risk(EVENTS, AREA, null="constant-risk")
    assert "Silverman" in found.bandwidth_words
    assert found.cell <= found.bandwidth / 5


def test_events_without_a_point_or_outside_are_left_out_and_counted():
    inside = EVENTS.table[["easting", "northing"]].to_numpy()
    points = np.concatenate([inside, [[np.nan, np.nan], [500_000.0, 100_000.0]]])
    found = relative_risk(make_events(points), AREA, **SETTINGS)
    assert "Events without a point, and so not in the surface: 1." in words_of(found.notes)
    assert "Events outside the study area, and so not in the surface: 1." in words_of(found.notes)
    assert np.array_equal(found.values, relative_risk(EVENTS, AREA, **SETTINGS).values, equal_nan=True)


def test_an_event_on_the_outermost_border_counts():
    corners = np.array([[400_000.0, 290_000.0], [410_000.0, 300_000.0], [400_000.0, 300_000.0], [410_000.0, 290_000.0]])
    points = np.concatenate([EVENTS.table[["easting", "northing"]].to_numpy(), corners])
    assert relative_risk(make_events(points), AREA, **SETTINGS).provenance.events_used == 1_504


def test_people_live_at_addresses_where_these_are_given():
    """All of a square's people in one corner: there the same events are less risk than elsewhere in the square."""
    corner = pd.DataFrame({"easting": [405_100.0], "northing": [294_900.0]})
    even = relative_risk(EVENTS, AREA, **SETTINGS)
    found = relative_risk(EVENTS, AREA, addresses=corner, **SETTINGS)
    assert at(found, 405_100, 294_900) < at(even, 405_100, 294_900)
    assert "over its addresses" in found.words
    assert any(note.startswith("Areas without an address") for note in words_of(found.notes))


def test_events_moved_to_map_points_are_said_to_be():
    points = EVENTS.table[["easting", "northing"]].to_numpy()
    found = relative_risk(make_events(np.round(points / 150) * 150 + 3), AREA, **SETTINGS)
    assert any(note.startswith("The events are at map points about 1") for note in words_of(found.notes))


# --------------------------------------------------------------------------- risks that scatter

SCATTERED = SETTINGS | {"null": "scattered-risk"}


def fall_at(risk: np.ndarray, seed: int) -> Events:
    """Return about 1,500 events of squares with these risks, evenly over each."""
    rng, people = np.random.default_rng(seed), AREA.areas["population"].to_numpy()
    count = rng.poisson(1_500 * people / people.sum() * risk)
    corners = np.repeat(AREA.areas.bounds.to_numpy()[:, :2], count, axis=0)
    return make_events(corners + rng.random(corners.shape) * 1_000)


def test_one_square_with_a_high_risk_is_scatter_and_nine_together_are_raised():
    """Twenty times the risk in one square: nothing beside 100 tests. Three times in nine together: raised."""
    down, across = np.divmod(np.arange(SIDE**2), SIDE)
    middle = (down == 5) & (across == 5)
    together = (abs(down - 5) <= 1) & (abs(across - 5) <= 1)
    risk, wide = np.random.default_rng(8).gamma(10, 0.1, SIDE**2), {"bandwidth": 2_000.0, "cell": 400.0}
    alone = fall_at(risk * np.where(middle, 20, 1), 8)
    assert np.nanmin(relative_risk(alone, AREA, null="constant-risk", **wide).p_raised) < 1e-20
    assert np.nanmin(relative_risk(alone, AREA, null="scattered-risk", **wide).p_raised) > 1e-3
    found = relative_risk(fall_at(risk * np.where(together, 3, 1), 8), AREA, null="scattered-risk", **wide)
    assert at(found, 405_500, 294_500, "p_raised") < 1e-3
    assert any("some perhaps by much" in sentence for sentence in found.sentences)
    assert any("inversion" in sentence for sentence in found.sentences)
    method = found.provenance
    assert method.null == "scattered-risk"
    assert sum(share for _, share in method.risks) == pytest.approx(1, abs=1e-3)


def test_risks_scatter_unless_asked_otherwise():
    events = fall_at(np.random.default_rng(1).gamma(4, 0.25, SIDE**2), 1)
    assert relative_risk(events, AREA, bandwidth=2_000.0, cell=400.0).provenance.null == "scattered-risk"


@pytest.mark.parametrize("null", ["scattered-risk", "exchangeable-risk"])
def test_risks_that_scatter_are_called_nothing(null):
    """Gamma risks of shape 4: constant risk has a finding on every one of these maps, a null of scatter on few."""
    from hotspots.analysis.common.multiple_testing import adjust_tails

    findings = {null: [], "constant-risk": []}
    for seed in range(5):
        events = fall_at(np.random.default_rng(seed).gamma(4, 0.25, SIDE**2), seed)
        for one, found in findings.items():
            surface = relative_risk(events, AREA, bandwidth=2_000.0, cell=400.0, null=one)
            tails = (p[~np.isnan(p)] for p in (surface.p_raised, surface.p_lowered))
            found.append(bool((adjust_tails(*tails, method="benjamini-hochberg-apart") <= 0.05).any()))
    assert sum(findings["constant-risk"]) == 5
    # At 5% each, two or more of five have a probability of 2%.
    assert sum(findings[null]) <= 1


def test_no_scatter_is_constant_risk_to_the_last_digit():
    """As many events in every square as people suggest, so that the estimate is one risk."""
    area = make_grid(4, 4, population=1_500.0)
    corners = np.repeat(area.areas.bounds.to_numpy()[:, :2], 30, axis=0)
    side = float(area.areas.bounds.to_numpy()[0, 2] - area.areas.bounds.to_numpy()[0, 0])
    events = make_events(corners + np.random.default_rng(1).random(corners.shape) * side)
    for null in ("scattered-risk", "exchangeable-risk"):
        found, constant = (relative_risk(events, area, **SETTINGS | {"null": one}) for one in (null, "constant-risk"))
        assert np.array_equal(found.p_raised, constant.p_raised, equal_nan=True)
        assert np.array_equal(found.p_lowered, constant.p_lowered, equal_nan=True)
        assert found.provenance.risks is None


def test_the_surface_has_the_risks_of_the_areas():
    """The same estimate as `getis_ord` makes of the same events: to its four digits."""
    from hotspots.analysis.autocorrelation import getis_ord
    from hotspots.analysis.counts import count_events

    events = fall_at(np.random.default_rng(1).gamma(4, 0.25, SIDE**2), 1)
    areas = getis_ord(count_events(events, AREA)).provenance
    found = relative_risk(events, AREA, null="scattered-risk", bandwidth=2_000.0, cell=400.0).provenance
    assert np.array(found.risks) == pytest.approx(np.array(areas.risks), abs=2e-4)


@pytest.mark.parametrize("inference", ["simulation", "asymptotic"])
def test_other_inference_agrees_where_risks_scatter(inference):
    events = fall_at(np.random.default_rng(1).gamma(4, 0.25, SIDE**2), 1)
    settings = SCATTERED | {"bandwidth": 2_000.0, "cell": 400.0}
    computed = relative_risk(events, AREA, **settings)
    found = relative_risk(events, AREA, inference=inference, simulations=499, rng=7, **settings)
    difference = np.abs(found.p_raised - computed.p_raised)
    # The standard error of 499 maps is at most 0.022; the normal approximation is rough where few are expected.
    assert np.nanmax(difference) < (0.1 if inference == "simulation" else 0.2)
    assert np.nanmean(difference) < (0.025 if inference == "simulation" else 0.06)


def test_inputs_stay_as_they_were():
    events, areas = EVENTS.table.copy(), AREA.areas.copy()
    relative_risk(EVENTS, AREA, **SETTINGS)
    pd.testing.assert_frame_equal(EVENTS.table, events)
    pd.testing.assert_frame_equal(pd.DataFrame(AREA.areas), pd.DataFrame(areas))


@pytest.mark.parametrize(
    ("settings", "problem", "advice"),
    [
        ({"kernel": "square"}, "There is no kernel 'square'.", "use one of quartic"),
        (
            {"null": "randomisation"},
            "A surface can't be tested under the null hypothesis 'randomisation'.",
            'use "scattered-risk", "exchangeable-risk" or "constant-risk"',
        ),
        ({"inference": "bayes"}, "There is no inference 'bayes'.", "use one of saddlepoint, asymptotic, simulation"),
        ({"inference": "simulation", "simulations": 0}, "At least 1 map must be simulated: 0.", "999 is usual"),
        ({"minimum_expected": 0.0}, "minimum_expected must be above 0: 0.", "1 is the default"),
        ({"cell": -5.0}, "The cell must be above 0: -5.", "give it in metres"),
        ({"cell": 250.0}, "Cells of 250 m are too coarse for a bandwidth of 1,000 m.", "choose smaller cells"),
        ({"cell": 1.0}, "Cells of 1 m would make a grid of 100,020,001 cells.", "choose larger cells"),
        ({"minimum_expected": 1_600.0}, "In no cell are 1,600 events expected.", "choose a larger bandwidth"),
    ],
)
def test_impossible_settings_are_refused(settings, problem, advice):
    with pytest.raises(AnalysisError) as error:
        relative_risk(EVENTS, AREA, **{**SETTINGS, **settings})
    assert error.value.problem == problem
    assert error.value.advice.startswith(advice)


@pytest.mark.parametrize(
    ("points", "area", "problem"),
    [
        (np.full((2, 2), np.nan), AREA, "The knife crime have no points, so no surface can be made of them."),
        (np.full((2, 2), 9_000.0), AREA, "No event of the knife crime lies in the study area."),
        (np.full((2, 2), 405_000.0), make_grid(3, 3), "No event of the knife crime lies in the study area."),
        (np.full((2, 2), (401_000.0, 299_000.0)), make_grid(3, 3, population=0.0), "Nobody lives in the study area"),
        (np.full((2, 2), (401_000.0, 299_000.0)), make_grid(3, 3), "The study area has no population"),
    ],
)
def test_what_cannot_be_tested_is_refused(points, area, problem):
    with pytest.raises(AnalysisError) as error:
        relative_risk(make_events(points), area, **SETTINGS)
    assert error.value.problem.startswith(problem)


def test_a_sum_that_can_t_vary_has_p_values_of_one():
    """One cell with all people and events: any events fall there, so that as many, and as few, are certain."""
    area = make_grid(1, 1, side=90.0, population=1500.0)
    corner = area.areas.total_bounds[[0, 3]]
    points = make_events(corner + np.array([[18.0, -12.0], [54.0, -9.0]]))
    surface = relative_risk(points, area, bandwidth=1000.0, kernel="epanechnikov")
    judged = ~np.isnan(surface.values)
    assert judged.sum() == 1
    assert surface.p_raised[judged].tolist() == [1.0]
    assert surface.p_lowered[judged].tolist() == [1.0]


@pytest.mark.parametrize("kernel", ["quartic", "epanechnikov"])
def test_a_kernel_around_everybody_leaves_no_p_value_out(kernel):
    area = make_grid(4, 4, side=1000.0, population=1500.0)
    corner = area.areas.total_bounds[:2]
    points = make_events(corner + np.random.default_rng(1).uniform(0, 4000, (5, 2)))
    surface = relative_risk(points, area, bandwidth=100_000.0, kernel=kernel, cell=100.0)
    judged = ~np.isnan(surface.values)
    assert judged.any()
    for p in (surface.p_raised, surface.p_lowered):
        assert ((p[judged] > 0) & (p[judged] <= 1)).all()
