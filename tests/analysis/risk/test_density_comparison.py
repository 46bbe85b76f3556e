"""Period against period, kind against kind: sparr's figures, what is planted, what the words and errors say."""

from functools import partial

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely
from scipy.special import ndtr
from worlds import ROOT, identified, make_grid

from hotspots.analysis.common.grid import Grid
from hotspots.analysis.risk.density_comparison import compare_densities
from hotspots.analysis.risk.surface_p_values import Smoother, inside_mass, relative_variance
from hotspots.analysis.risk.surface_test import count_in_cells
from hotspots.errors import AnalysisError
from hotspots.model import Events, Identity, StudyArea, words_of

GOLDEN = ROOT / "tests" / "golden"
AREA = make_grid(8, 8)


def make_events(points: np.ndarray, **words: str) -> Events:
    table = pd.DataFrame({"easting": points[:, 0], "northing": points[:, 1]}).assign(
        area_code=None, when=pd.NaT, kind="event"
    )
    return identified(
        Events, table, rows_read=len(table), **{"name": "events", "title": "events", "release": "open", **words}
    )


def scatter(n: int, seed: int, *, cluster: int = 0) -> np.ndarray:
    """Return points even over the 8 km square, and some around one place in its south-east."""
    rng = np.random.default_rng(seed)
    even = np.column_stack([rng.uniform(400_000, 408_000, n), rng.uniform(292_000, 300_000, n)])
    return np.concatenate([even, rng.normal((405_500, 294_500), 250, (cluster, 2))])


EARLIER = make_events(scatter(500, 1), period="2017")
LATER = make_events(scatter(700, 2, cluster=60), period="2018-2019")
SETTINGS = {"bandwidth": 1_000.0, "cell": 100.0}
compare = partial(compare_densities, null="constant-risk")
"""With one share for all areas, but for the tests of shares that scatter."""


def at(surface, easting: float, northing: float, what: str = "values") -> float:
    west, north = surface.origin
    return float(getattr(surface, what)[int((north - northing) // surface.cell), int((easting - west) // surface.cell)])


# --------------------------------------------------------------------------- another program


@pytest.fixture(scope="module")
def golden() -> tuple[StudyArea, dict[str, Events], pd.DataFrame]:
    """Return sparr's study area, cases and controls, and its figures with fixed bandwidths; see density.md."""
    outline = shapely.Polygon(pd.read_csv(GOLDEN / "density_outline.csv").to_numpy(dtype=float))
    table = gpd.GeoDataFrame(
        {"name": ["R"], "la_code": ["R"], "la_name": ["R"]}, geometry=[outline], index=["R"], crs=27700
    )
    points = pd.read_csv(GOLDEN / "density_points.csv")
    both = {
        kind: make_events(points.loc[points["kind"] == kind, ["easting", "northing"]].to_numpy(), title=kind)
        for kind in ("case", "control")
    }
    figures = pd.read_csv(GOLDEN / "density_risk.csv")
    return StudyArea(table, identity=Identity(release="open")), both, figures[figures["kind"] == "fixed"]


def test_logarithms_are_sparrs_up_to_its_normalisation(golden):
    """sparr has its densities integrate to 1 inside after the correction at the border; here both are over their number
    of events, so that no difference has the expectation 0 everywhere: one constant for the whole map."""
    area, both, figures = golden
    found = compare(
        both["case"], both["control"], area=area, bandwidth=900.0, cell=100.0, kernel="gaussian", inference="asymptotic"
    )
    theirs = figures[figures["quantity"] == "log relative risk"]
    difference = np.array([at(found, *place) for place in theirs[["easting", "northing"]].to_numpy()])
    difference -= theirs["value"].to_numpy()
    judged = ~np.isnan(difference)
    assert judged.sum() == 8  # at the other two fewer than 7 cases and controls are within reach
    smoother, constant = Smoother(Grid.over(area.areas.geometry.iloc[0], 100.0), "gaussian", 900.0), []
    mass = inside_mass(smoother)
    for kind in ("case", "control"):
        points = both[kind].table[["easting", "northing"]].to_numpy()
        density = smoother.sums(count_in_cells(points, smoother.grid)) / np.maximum(mass, 1e-9)
        constant.append(np.log(density[smoother.grid.inside.ravel()].sum() / len(points)))
    assert difference[judged] == pytest.approx(constant[0] - constant[1], abs=1.5e-3)


def test_asymptotic_chances_are_sparrs_with_its_reference(golden):
    """sparr's `risk` takes the density of the controls as what both would be without a difference, normalised; Hazelton
    and Davies' text, and this project, the pooled one. With sparr's, and its logarithms, its chances come out."""
    area, both, figures = golden
    smoother = Smoother(Grid.over(area.areas.geometry.iloc[0], 100.0), "gaussian", 900.0)
    controls = count_in_cells(both["control"].table[["easting", "northing"]].to_numpy(), smoother.grid) / 600
    inside = smoother.grid.inside.ravel()
    integral = (smoother.sums(controls) / np.maximum(inside_mass(smoother), 1e-9))[inside].sum()
    logarithm = figures[figures["quantity"] == "log relative risk"]
    cells = np.ravel_multi_index(
        smoother.grid.locate(logarithm[["easting", "northing"]].to_numpy()), smoother.grid.shape
    )
    variance = relative_variance(smoother, controls / integral * (250 * 600 / 850), cells=cells)
    theirs = figures.loc[figures["quantity"] == "p upper, asymptotic", "value"].to_numpy()
    assert ndtr(-logarithm["value"].to_numpy() / np.sqrt(variance)) == pytest.approx(theirs, rel=0.02)


def test_chances_are_those_of_sparrs_labellings(golden):
    area, both, figures = golden
    found = compare(both["case"], both["control"], area=area, bandwidth=900.0, cell=100.0, kernel="gaussian")
    theirs = figures[figures["quantity"] == "p upper, Monte Carlo, 999"]
    ours = np.array([at(found, *place, "p_raised") for place in theirs[["easting", "northing"]].to_numpy()])
    judged = ~np.isnan(ours)
    # 999 labellings of sparr's normalised ratio: three standard errors, and the normalisation.
    assert ours[judged] == pytest.approx(theirs["value"].to_numpy()[judged], abs=0.05)


# --------------------------------------------------------------------------- what it finds


def test_a_rise_in_one_place_is_found_there_and_nowhere_else():
    found = compare(LATER, EARLIER, area=AREA, **SETTINGS)
    assert at(found, 405_500, 294_500) > np.log(2)
    assert at(found, 405_500, 294_500, "p_raised") < 1e-4
    away = found.p_raised[:, :40]
    assert np.nanmin(away) > 1e-3
    assert found.kind == "ratio"
    assert found.title == "events, 2018-2019 against events, 2017"
    assert str(found.period) == "2018-2019 against 2017"


def test_no_difference_has_no_more_small_chances_than_it_should():
    shares = []
    for seed in range(30):
        one, other = make_events(scatter(400, 100 + seed)), make_events(scatter(600, 200 + seed))
        found = compare(one, other, area=AREA, bandwidth=1_000.0, cell=200.0)
        shares.append([np.nanmean(p <= 0.05) for p in (found.p_raised, found.p_lowered)])
    raised, lowered = np.mean(shares, axis=0)
    print(f"share of the area below 5%: raised {raised:.3f}, lowered {lowered:.3f}")
    # Standard error over 30 maps about 0.006.
    assert (raised, lowered) == pytest.approx((0.05, 0.05), abs=0.02)


def test_ratio_and_difference_have_the_same_chances():
    ratio = compare(LATER, EARLIER, area=AREA, **SETTINGS)
    difference = compare(LATER, EARLIER, area=AREA, measure="difference", years=(2, 1), **SETTINGS)
    assert np.array_equal(ratio.p_raised, difference.p_raised, equal_nan=True)
    assert (np.sign(ratio.values) == np.sign(difference.values))[~np.isnan(ratio.values)].all()
    assert difference.kind == "difference"
    assert difference.unit == "events per km² per year more than the overall ratio gives"


def test_the_difference_is_one_of_densities_at_the_border_too():
    """Even events, 3 against 1 per cell: 200 more per km² and, over 2 years, 100; at the corner as in the middle."""
    across, down = np.meshgrid(np.arange(400_050, 408_000, 100), np.arange(292_050, 300_000, 100))
    centres = np.column_stack([across.ravel(), down.ravel()])
    found = compare(
        make_events(np.repeat(centres, 3, axis=0)),
        make_events(centres),
        area=AREA,
        measure="difference",
        totals="kept",
        years=(2, 2),
        **SETTINGS,
    )
    assert found.values == pytest.approx(np.full((80, 80), 100.0))
    assert found.unit == "events per km² per year more than the second"


def test_kept_totals_compare_rates_per_year():
    kept = compare(LATER, EARLIER, area=AREA, totals="kept", years=(2, 1), **SETTINGS)
    removed = compare(LATER, EARLIER, area=AREA, **SETTINGS)
    shift = np.log((760 / 2) / (500 / 1))
    inside = ~np.isnan(kept.values) & ~np.isnan(removed.values)
    assert kept.values[inside] == pytest.approx(removed.values[inside] + shift, abs=0.02)
    assert kept.unit == "times the second rate per year"


@pytest.mark.parametrize("inference", ["asymptotic", "simulation"])
def test_other_inference_agrees_where_there_are_many_events(inference):
    one, other = make_events(scatter(4_000, 3)), make_events(scatter(6_000, 4))
    computed = compare(one, other, area=AREA, bandwidth=1_500.0, cell=300.0)
    found = compare(one, other, area=AREA, bandwidth=1_500.0, cell=300.0, inference=inference, simulations=299)
    for name in ("p_raised", "p_lowered"):
        ours, theirs = (np.asarray(getattr(surface, name)) for surface in (computed, found))
        # With 299 maps a standard error of up to 0.03.
        assert np.nanmax(np.abs(ours - theirs)) < (0.1 if inference == "simulation" else 0.05)
    assert found.provenance.inference == inference


def test_simulation_is_the_same_for_the_same_seed():
    settings = {"bandwidth": 1_500.0, "cell": 300.0, "inference": "simulation", "simulations": 19, "rng": 5}
    first, second = (compare(LATER, EARLIER, area=AREA, **settings) for _ in range(2))
    assert np.array_equal(first.p_raised, second.p_raised, equal_nan=True)


# --------------------------------------------------------------------------- words and errors


def test_words_say_what_is_shown_and_what_it_cannot_show():
    found = compare(LATER, EARLIER, area=AREA, **SETTINGS)
    # Of 760 and 500 points those that fell outside the square are left out.
    assert "First: events, 2018-2019 (" in found.words
    assert "This overall ratio is removed" in found.words
    assert "computed by the saddlepoint method" in found.words
    assert "does not show causes" in found.words
    assert found.unit == "times the overall ratio"
    exact = compare(LATER, EARLIER, area=AREA, kernel="uniform", **SETTINGS)
    assert "exact (hypergeometric)" in exact.words
    kinds = compare(
        make_events(scatter(300, 5), title="robberies", name="robbery"),
        make_events(scatter(300, 6), title="burglaries", name="burglary", release="unreleased"),
        area=AREA,
        **SETTINGS,
    )
    assert (kinds.title, kinds.name, kinds.release) == (
        "robberies against burglaries",
        "robbery_burglary",
        "unreleased",
    )


def test_cells_with_too_few_events_are_not_judged():
    found = compare(make_events(scatter(60, 7)), make_events(scatter(90, 8)), area=AREA, **SETTINGS)
    assert np.isnan(found.values).any()
    assert np.array_equal(np.isnan(found.values), np.isnan(found.p_raised))
    assert any(
        note.startswith("Cells not judged, because too few events of both files") for note in words_of(found.notes)
    )


def test_where_one_file_has_nothing_near_the_ratio_is_cut_off_and_the_chance_is_that_of_none():
    one, other = np.full((300, 2), (401_050.0, 299_050.0)), np.full((300, 2), (406_050.0, 293_050.0))
    found = compare(make_events(one), make_events(other), area=AREA, **SETTINGS)
    assert at(found, 401_050, 299_050) == pytest.approx(np.log(100))
    assert at(found, 406_050, 293_050) == pytest.approx(-np.log(100))
    # All 300 near of 600 are the first's: 1 / C(600, 300) = 7e-180; the other way round there is one of none.
    assert at(found, 401_050, 299_050, "p_raised") == pytest.approx(7.4e-180, rel=0.02)
    assert at(found, 406_050, 293_050, "p_lowered") == pytest.approx(7.4e-180, rel=0.02)
    texts = [note.split(":")[0] for note in words_of(found.notes)]
    assert "Cells without any event of the first file within the bandwidth, shown as a hundredth" in texts
    assert "Cells without any event of the second file within the bandwidth, shown as a hundred times" in texts
    difference = compare(make_events(one), make_events(other), area=AREA, measure="difference", **SETTINGS)
    assert not any("without any event" in note for note in words_of(difference.notes))


# --------------------------------------------------------------------------- shares that scatter


def fall_by_area(mean: np.ndarray, seed: int) -> np.ndarray:
    """Return points of Poisson events of each square, evenly over it."""
    rng = np.random.default_rng(seed)
    corners = np.repeat(AREA.areas.bounds.to_numpy()[:, :2], rng.poisson(mean), axis=0)
    return corners + rng.random(corners.shape) * (
        AREA.areas.bounds.to_numpy()[0, 2] - AREA.areas.bounds.to_numpy()[0, 0]
    )


def test_risks_that_both_files_share_cancel():
    """However the risks of areas scatter, their events have the same share: Poisson counts given their sum are
    binomial. Under a share that scatters, and under one for all, as few p-values are small as should be."""
    shares = {"scattered-risk": [], "constant-risk": []}
    for seed in range(8):
        risk = np.random.default_rng(seed).lognormal(0, 1, len(AREA))
        one, other = (make_events(fall_by_area(times * risk, 10 * seed + at)) for at, times in enumerate((12.0, 18.0)))
        for null, found in shares.items():
            surface = compare_densities(one, other, area=AREA, bandwidth=1_500.0, cell=300.0, null=null)
            found.append(np.nanmean([surface.p_raised <= 0.05, surface.p_lowered <= 0.05]))
    # Standard error over 8 maps about 0.012.
    assert 0.02 < np.mean(shares["constant-risk"]) < 0.08
    assert 0.01 < np.mean(shares["scattered-risk"]) < 0.08


def test_changes_that_scatter_are_no_findings_but_changes_together_are():
    """Gamma risks drawn anew for the second file: a constant share calls a third of the cells raised or lowered."""
    rng = np.random.default_rng(3)
    first, second = (25 * rng.gamma(3, 1 / 3, len(AREA)) for _ in range(2))
    one, other = make_events(fall_by_area(first, 4)), make_events(fall_by_area(second, 5))
    settings = {"area": AREA, "bandwidth": 1_500.0, "cell": 300.0}
    assert compare_densities(one, other, **settings).provenance.null == "labels-scattered"
    constant = compare_densities(one, other, null="constant-risk", **settings)
    small = np.nanmean([constant.p_raised <= 0.025, constant.p_lowered <= 0.025])
    assert small > 0.1
    for null, words in (("scattered-risk", "some perhaps by much"), ("exchangeable-risk", "by moderate amounts")):
        found = compare_densities(one, other, null=null, **settings)
        assert np.nanmean([found.p_raised <= 0.025, found.p_lowered <= 0.025]) < small / 2
        assert any(words in sentence for sentence in found.sentences)
        assert found.provenance.shares is not None
        assert sum(share for _, share in found.provenance.shares) == pytest.approx(1, abs=1e-3)
        # Both tails of a continuous sum.
        assert (found.p_raised + found.p_lowered)[~np.isnan(found.p_raised)] == pytest.approx(1, abs=2e-3)
    assert constant.provenance.shares is None
    # Nine squares together with eight times the change.
    together = np.isin(np.arange(64), [18, 19, 20, 26, 27, 28, 34, 35, 36])
    planted = make_events(fall_by_area(first * np.where(together, 8, 1), 4))
    assert np.nanmin(compare_densities(planted, other, null="scattered-risk", **settings).p_raised) < 1e-3


@pytest.mark.parametrize("inference", ["simulation", "asymptotic"])
def test_other_inference_agrees_where_shares_scatter(inference):
    rng = np.random.default_rng(3)
    one, other = (make_events(fall_by_area(25 * rng.gamma(3, 1 / 3, len(AREA)), 4 + at)) for at in range(2))
    settings = {"area": AREA, "bandwidth": 1_500.0, "cell": 300.0, "null": "scattered-risk"}
    computed = compare_densities(one, other, **settings)
    found = compare_densities(one, other, inference=inference, simulations=499, rng=7, **settings)
    difference = np.abs(found.p_raised - computed.p_raised)
    # The standard error of 499 maps is at most 0.022; the normal approximation is rougher.
    assert np.nanmax(difference) < 0.1
    assert np.nanmean(difference) < 0.03


def test_shares_by_years_scatter_around_that_of_the_years():
    rng = np.random.default_rng(3)
    one, other = (make_events(fall_by_area(25 * rng.gamma(3, 1 / 3, len(AREA)), 4 + at)) for at in range(2))
    found = compare_densities(
        one, other, area=AREA, null="scattered-risk", totals="kept", years=(3, 1), bandwidth=1_500.0, cell=300.0
    )
    method = found.provenance
    assert method.null == "labels-scattered"
    assert sum(value * share for value, share in method.shares) == pytest.approx(0.75, abs=1e-3)


def test_inputs_stay_as_they_were():
    before = [events.table.copy() for events in (LATER, EARLIER)]
    compare(LATER, EARLIER, area=AREA, bandwidth=1_500.0, cell=300.0)
    for events, table in zip((LATER, EARLIER), before, strict=True):
        pd.testing.assert_frame_equal(events.table, table)


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"measure": "share"}, "There is no measure 'share'."),
        ({"totals": "both"}, "There is no totals 'both'."),
        ({"totals": "kept"}, "To compare events per year, the years that both files cover must be known."),
        ({"years": (0, 1)}, "Years must be above 0: 0 and 1."),
        ({"kernel": "square"}, "There is no kernel 'square'."),
        ({"null": "randomisation"}, "A surface can't be tested under the null hypothesis 'randomisation'."),
        ({"cell": 300.0, "bandwidth": 1_000.0}, "Cells of 300 m are too coarse for a bandwidth of 1,000 m."),
        (
            {"minimum_expected": 1e4, "totals": "kept", "years": (1, 1)},
            "In no cell are 20,000 events of both files expected.",
        ),
    ],
)
def test_errors_say_what_is_wrong(settings, message):
    with pytest.raises(AnalysisError) as error:
        compare(LATER, EARLIER, area=AREA, **{**SETTINGS, **settings})
    assert error.value.problem == message
