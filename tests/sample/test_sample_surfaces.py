"""Surfaces of risk on the sample: planted hotspots lie in the contours, and where many people live none does."""

import numpy as np
import pandas as pd
import pytest
import shapely
from scipy import stats
from worlds import ROOT

from hotspots.analysis.common.grid import Grid
from hotspots.analysis.common.multiple_testing import adjust_tails
from hotspots.analysis.interpolation.areal_interpolation import spread_people
from hotspots.analysis.risk.contours import tolerance_contours
from hotspots.analysis.risk.risk_surface import relative_risk
from hotspots.analysis.risk.surface_p_values import Smoother, draw_as_people, expected_events, people_tails
from hotspots.model import Events, StudyArea, Surface
from hotspots.sources.offences import read_offences
from hotspots.study.inputs.read import Inputs, read_inputs
from hotspots.study.settings.study_file import read_study


@pytest.fixture(scope="module")
def inputs() -> Inputs:
    return read_inputs(read_study(ROOT / "study.toml"))


@pytest.fixture(scope="module")
def planted(inputs: Inputs) -> pd.DataFrame:
    """Return the planted clusters: risk, outline, share of all people, and the middle of its people."""
    truth = pd.read_csv(ROOT / "tests" / "data" / "planted_truth.csv").set_index("area_id")
    areas = inputs.area.areas
    table = areas.loc[truth.index, ["geometry", "population"]].join(truth[["cluster", "relative_risk"]])
    middles = table.geometry.centroid
    table["x"], table["y"] = table["population"] * middles.x, table["population"] * middles.y
    found = table.dissolve("cluster", aggfunc={"relative_risk": "first", "population": "sum", "x": "sum", "y": "sum"})
    return found.assign(
        middle=shapely.points(found["x"] / found["population"], found["y"] / found["population"]),
        share=found["population"] / areas["population"].sum(),
    )


def make_surface(events: Events, area: StudyArea) -> Surface:
    """Return the risk of these events against constant risk; 200 m cells are enough for areas."""
    return relative_risk(events, area, cell=200.0, null="constant-risk")


def shares_inside(surface: Surface, planted: pd.DataFrame, adjustment: str) -> tuple[pd.Series, object]:
    """Return the share of each planted cluster within the contours of raised risk, and these."""
    table = tolerance_contours(surface, adjustment=adjustment).table
    raised = shapely.union_all(table.loc[table["kind"] == "raised", "geometry"].to_numpy())
    return planted.geometry.intersection(raised).area / planted.geometry.area, raised


def chances(events: Events, planted: pd.DataFrame, area: StudyArea) -> pd.Series:
    """Return the exact chance of as many events in each planted cluster: of a test that was told its outline.

    No test that has to look for clusters can do better, nor can a surface of any bandwidth.
    """
    points = shapely.points(events.table[["easting", "northing"]].dropna().to_numpy())
    outline = area.areas.geometry.union_all()
    shapes = planted.geometry.to_numpy()
    shapely.prepare([outline, *shapes])
    total = int(shapely.contains(outline, points).sum())
    inside = [int(shapely.contains(shape, points).sum()) for shape in shapes]
    return pd.Series(stats.binom.sf(np.array(inside) - 1, total, planted["share"]), index=planted.index)


def test_planted_hotspots_of_knife_crime_lie_in_the_contours_as_far_as_three_years_can_show(inputs, planted):
    """8,799 events, a few dozen per cluster: twice the risk shows, a third more does not."""
    found = make_surface(inputs.events["knife_crime"], inputs.area)
    adjusted, raised = shares_inside(found, planted, "benjamini-hochberg-apart")
    pointwise, _ = shares_inside(found, planted, "none")
    print(f"knife crime, {found.bandwidth:g} m: " + ", ".join(
        f"{name} ({risk:g}) {adjusted[name]:.0%} adjusted, {pointwise[name]:.0%} pointwise"
        for name, risk in planted["relative_risk"].items()
    ))  # fmt: skip
    beyond = raised.difference(shapely.union_all(planted.geometry.to_numpy()).buffer(found.bandwidth)).area
    print(f"adjusted contours {raised.area / 1e6:.1f} km², of which farther than a bandwidth {beyond / 1e6:.2f}")
    assert adjusted["B1"] > 0.4
    assert adjusted["B2"] > 0.85
    assert beyond < 0.05 * raised.area
    twice = planted.index[planted["relative_risk"] == 2.0]
    assert (pointwise[twice] > 0.5).all()
    known = chances(inputs.events["knife_crime"], planted, inputs.area)
    print("chances in the planted outlines: " + ", ".join(f"{name} {p:.1g}" for name, p in known.items()))
    # These three could not be told from chance if their outlines were known.
    assert set(known.index[known > 0.05]) == {"B4", "B5", "C3"}


def test_with_seven_years_of_all_violence_every_planted_hotspot_that_shows_lies_in_the_contours(inputs, planted):
    """55,705 events; now also areas' scatter of risk, which is there without being planted, passes in places.

    A hotspot shows where a test that knows its outline finds it.
    """
    events = read_offences(
        ROOT / "data" / "events" / "invented_offences_2013-2019.csv.gz", years=(2013, 2019), release="invented"
    )
    found = make_surface(events, inputs.area)
    adjusted, raised = shares_inside(found, planted, "benjamini-hochberg-apart")
    everything = shapely.union_all(planted.geometry.to_numpy())
    beyond = raised.difference(everything.buffer(found.bandwidth)).area
    print(f"all violence, {found.bandwidth:g} m: " + ", ".join(
        f"{name} ({risk:g}) {adjusted[name]:.0%}" for name, risk in planted["relative_risk"].items()
    ) + f"; contours {raised.area / 1e6:.0f} km², of which farther than a bandwidth {beyond / 1e6:.0f}")  # fmt: skip
    held = pd.Series(shapely.contains(raised, planted["middle"].to_numpy()), index=planted.index)
    known = chances(events, planted, inputs.area)
    print("middle of its people inside: " + ", ".join(f"{n} {held[n]} ({p:.1g})" for n, p in known.items()))
    assert held.equals(known <= 0.05)
    assert held.sum() == 10
    assert (adjusted[planted["relative_risk"] == 2.0] > 0.8).all()
    assert (adjusted[planted["relative_risk"] == 1.6] > 0.3).all()
    assert beyond / inputs.area.areas.area.sum() < 0.03


@pytest.mark.parametrize("scattered", [False, True])
def test_the_gradient_of_population_is_called_nothing(inputs, scattered):
    """Constant risk over the people of the sample; and risk that differs between areas without any pattern.

    Such a scatter (its coefficient of variation is 0.2 in the sample) is not in the null: what that costs is printed.
    """
    area, rng, maps = inputs.area, np.random.default_rng(20), 30
    surface = make_surface(inputs.events["knife_crime"], area)
    smoother = Smoother(Grid.over(area.areas.geometry.union_all(), 400.0), "quartic", surface.bandwidth)
    people = spread_people(area, smoother.grid).people
    judged = expected_events(smoother, people / people.sum() * 8_799) >= 1
    cells = np.flatnonzero(judged & smoother.grid.inside.ravel())
    below, finds = [], 0
    for _ in range(maps):
        risk = people
        if scattered:
            uneven = area.areas["population"] * rng.gamma(25, 1 / 25, len(area))
            risk = spread_people(area.with_population(uneven), smoother.grid).people
        events = next(draw_as_people(risk, events=8_799, simulations=1, rng=rng))
        p_raised, p_lowered = people_tails(smoother, events, people, cells=cells)
        below.append([np.mean(p_raised <= 0.05), np.mean(p_lowered <= 0.05)])
        finds += bool((adjust_tails(p_raised, p_lowered, method="benjamini-hochberg-apart") <= 0.05).any())
    raised, lowered = np.mean(below, axis=0)
    kind = "scattered" if scattered else "constant"
    print(f"{kind} risk: area below 5%: raised {raised:.1%}, lowered {lowered:.1%}; maps with a find {finds} of {maps}")
    if not scattered:
        assert (raised, lowered) == pytest.approx((0.05, 0.05), abs=0.008)
        assert finds <= stats.binom.ppf(0.999, maps, 0.05)
    else:
        assert max(raised, lowered) < 0.1
