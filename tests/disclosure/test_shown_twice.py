"""The same records shown twice: an attacker with all tables finds nothing, and found something under the rule alone."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from attacker_tables import AGES, Shown, World, given_back
from worlds import make_counts, make_grid

from hotspots.disclosure import Gate, Scope
from hotspots.disclosure.release.rules import RULES
from hotspots.errors import DisclosureError
from hotspots.model import Identity, Series

GRID = make_grid(2, 4)
RULE_NAMES = ("nhs-digital", "older-phe")
SPANS = {"young": (0, 24), "old": (25, 120)}
YEARS = {2017: range(4), 2018: range(4, 8), 2019: range(8, 12)}


def world(seed: int = 0, mean: float = 0.5) -> World:
    """Return records of eight areas, three years and two age groups."""
    rng = np.random.default_rng(seed)
    return World(rng.poisson(mean * rng.gamma(2, 1, size=(8, 1, 1)), size=(8, 12, 2)))


def made(*counts: tuple[int, int, int, int]) -> World:
    """Return records by hand: area, quarter, age group and number."""
    table = np.zeros((8, 12, 2), dtype=int)
    for area, quarter, age, number in counts:
        table[area, quarter, age] = number
    return World(table)


class Publisher:
    """Publishes tables of a world through the gate, and keeps them as an attacker has them; or under the rule alone."""

    def __init__(self, records: World, rule: str, *, gate: bool, earlier=()) -> None:
        self.world, self.rule, self.with_gate = records, RULES[rule], gate
        self.gate = Gate(rule, earlier)
        self.shown: list[Shown] = []

    def areas(self, first: int, last: int, *, ages=AGES, records="hes") -> None:
        scope = Scope.of_years(first, last, ages=None if ages == AGES else SPANS[ages[0]], ages_known=True)
        quarters = range(YEARS[first].start, YEARS[last].stop)
        self._by_area(f"areas {first}-{last} {'/'.join(ages)}", scope, quarters=quarters, ages=ages, records=records)

    def so_far(self, quarters: int) -> None:
        """Publish the counts of everything in the file, from 2017 to some quarter."""
        scope = Scope(months=(12 * 2017, 12 * 2017 + 3 * quarters - 1), ages_known=True)
        self._by_area(f"to quarter {quarters}", scope, quarters=range(quarters))

    def _by_area(self, title: str, scope: Scope, *, quarters: range, ages=AGES, records="hes") -> None:
        cells = np.array([self.world.inside(area=area, quarters=quarters, ages=ages) for area in range(8)])
        counts = make_counts(GRID, [self.world.number(row) for row in cells], release="unreleased")
        table = self.gate.counts(counts, records=records, scope=scope).table
        plain = np.array([self.rule.interval(self.world.number(row)) for row in cells])
        shown = table[["observed_low", "observed_high"]].to_numpy() if self.with_gate else plain
        self.shown.append(Shown(title, cells, shown))

    def chart(self, periods: dict[str, range], *, lines=(AGES,)) -> None:
        rows = [(period, quarters, ages) for ages in lines for period, quarters in periods.items()]
        cells = np.array([self.world.inside(quarters=quarters, ages=ages) for _, quarters, ages in rows])
        numbers = np.array([self.world.number(row) for row in cells])
        table = pd.DataFrame(
            {"period": [period for period, _, _ in rows], "group": ["/".join(ages) for _, _, ages in rows]}
        ).assign(low=numbers, high=numbers, ci_low=np.nan, ci_high=np.nan)
        series = Series(table, unit="admissions", identity=Identity(release="unreleased", title="a chart"))
        scopes = [
            Scope(
                months=(12 * 2017 + 3 * quarters.start, 12 * 2017 + 3 * quarters.stop - 1),
                ages=None if ages == AGES else SPANS[ages[0]],
                ages_known=True,
            )
            for _, quarters, ages in rows
        ]
        shown = self.gate.series(series, records="hes", scopes=scopes, area=GRID, whole_file=False).table
        plain = np.array([self.rule.interval(number) for number in numbers])
        self.shown.append(
            Shown(f"chart {next(iter(periods))}", cells, shown[["low", "high"]].to_numpy() if self.with_gate else plain)
        )


def by_year(*years: int) -> dict[str, range]:
    return {str(year): YEARS[year] for year in years}


def by_quarter(year: int) -> dict[str, range]:
    return {f"{year} Q{i + 1}": range(quarter, quarter + 1) for i, quarter in enumerate(YEARS[year])}


def a_year_less(publisher: Publisher) -> None:
    publisher.areas(2017, 2018)
    publisher.areas(2017, 2019)


def three_age_groups(publisher: Publisher) -> None:
    publisher.areas(2017, 2019)
    publisher.areas(2017, 2019, ages=("young",))
    publisher.areas(2017, 2019, ages=("old",))


def years_and_quarters(publisher: Publisher) -> None:
    publisher.chart(by_year(2017, 2018))
    publisher.chart(by_quarter(2017))


def areas_and_the_chart_of_another_section(publisher: Publisher) -> None:
    publisher.areas(2017, 2018, ages=("young",))
    publisher.chart(by_year(2017, 2018, 2019), lines=(("young",),))


def lines_that_add_up(publisher: Publisher) -> None:
    publisher.chart(by_year(2017), lines=(AGES, ("young",), ("old",)))


def all_of_it(publisher: Publisher) -> None:
    a_year_less(publisher)
    publisher.areas(2017, 2019, ages=("young",))
    publisher.chart(by_year(2017, 2018, 2019), lines=(AGES, ("young",)))


QUARTERS = made((0, 0, 0, 20), (1, 1, 0, 15), (2, 2, 0, 12), (3, 3, 0, 3))
"""50 in the year, less 20, 15 and 12: 3."""
RARE = made(*((area, 4 * (area % 2), 0, 1) for area in range(8)))
"""One in each area, four in each year."""
LINES = {"nhs-digital": made((0, 0, 0, 9), (1, 0, 1, 2)), "older-phe": made((0, 0, 0, 52), (1, 0, 1, 2))}
"""11 less 9, under a rule that rounds: 1 to 7 becomes 1 to 4; 54 less 52, under one that does not: 2."""
WAYS = {
    a_year_less: lambda _: [world(0), world(1)],
    three_age_groups: lambda _: [world(0), world(1)],
    years_and_quarters: lambda _: [QUARTERS, world(2)],
    areas_and_the_chart_of_another_section: lambda _: [RARE, world(2, 0.12)],
    lines_that_add_up: lambda rule: [LINES[rule], world(2, 0.12)],
    all_of_it: lambda _: [world(0), RARE],
}
"""Way → the records to try it on, by the rule."""
NOTHING_TO_FIND = {(years_and_quarters, "nhs-digital"), (areas_and_the_chart_of_another_section, "nhs-digital")}
"""Where the rule alone is safe with the first of these records."""


@pytest.mark.parametrize("rule", RULE_NAMES)
@pytest.mark.parametrize("way", WAYS, ids=lambda way: way.__name__)
def test_nothing_is_given_back_by_tables_of_the_same_records(way, rule):
    suppressed = range(RULES[rule].smallest, RULES[rule].largest + 1)
    for number, records in enumerate(WAYS[way](rule)):
        with_gate = Publisher(records, rule, gate=True)
        way(with_gate)
        assert given_back(with_gate.shown, suppressed) == {}
        if number == 0 and (way, rule) not in NOTHING_TO_FIND:
            alone = Publisher(records, rule, gate=False)
            way(alone)
            assert given_back(alone.shown, suppressed), (
                "the rule alone gives nothing back here: this test shows nothing"
            )


def test_other_areas_of_the_same_records_are_refused_by_name():
    """LSOAs and larger areas of one file, in two studies of the same authorities."""
    first = Publisher(world(), "nhs-digital", gate=True)
    first.areas(2017, 2019)
    larger = replace(first.gate.tables[0], geography="MSOA 2011", title="the counts of admissions by MSOA")
    second = Publisher(world(), "nhs-digital", gate=True, earlier=[larger])
    with pytest.raises(DisclosureError, match=r"the counts of .* by area and the counts of admissions by MSOA"):
        second.areas(2018, 2019)
    second.areas(2018, 2019, records="other records")


def test_the_same_records_under_two_rules():
    """Both rules together gave 26 of 36 numbers exactly; the second run repeats the first one's intervals."""
    first = Publisher(world(), "nhs-digital", gate=True)
    first.areas(2017, 2019)
    second = Publisher(world(), "older-phe", gate=True, earlier=first.gate.tables)
    second.areas(2017, 2019)
    assert np.array_equal(first.shown[0].bounds, second.shown[0].bounds)


def test_areas_after_a_chart_of_them_are_published_or_refused_by_name():
    """A run with a chart of a year alone, then one with the areas of that year, where the chart could tell of them."""
    for records, rule, refused in ((world(0, 0.2), "nhs-digital", False), (RARE, "older-phe", True)):
        first = Publisher(records, rule, gate=True)
        first.chart(by_year(2017, 2018))
        second = Publisher(records, rule, gate=True, earlier=first.gate.tables)
        if refused:
            with pytest.raises(DisclosureError, match=r"chart of a chart could narrow the counts of .* by area"):
                second.areas(2017, 2018)
        else:
            second.areas(2017, 2018)
            assert given_back([*first.shown, *second.shown], range(1, 8)) == {}


@pytest.mark.parametrize("factor", [0, 3])
def test_numbers_that_contradict_earlier_ones_are_refused(factor):
    """Fewer records than are published, or more: these are others, or they were corrected."""
    records = world(0)
    first = Publisher(records, "nhs-digital", gate=True)
    first.areas(2017, 2019)
    other = Publisher(World(factor * records.counts), "nhs-digital", gate=True, earlier=first.gate.tables)
    with pytest.raises(DisclosureError, match="contradict what is published"):
        other.areas(2017, 2019)


def test_a_chart_beside_areas_without_a_number():
    """Areas that tables lack make up for nothing; one with a number that nothing ends can't be shown to be safe."""
    records = world(2, 0.3)
    run = Publisher(records, "nhs-digital", gate=True)
    run.areas(2017, 2018)
    run.areas(2018, 2018)
    both, last = run.gate.tables

    def without(table, areas):
        gaps = np.isin(range(len(table.places)), areas)
        return replace(table, low=np.where(gaps, np.nan, table.low), high=np.where(gaps, np.nan, table.high))

    for earlier, charted in (
        ([without(both, [0])], True),
        ([without(both, range(8))], True),
        ([without(both, [0]), last], False),
    ):
        later = Publisher(records, "nhs-digital", gate=True, earlier=earlier)
        later.chart(by_year(2017))
        assert np.isfinite(later.shown[0].bounds).all() == charted
