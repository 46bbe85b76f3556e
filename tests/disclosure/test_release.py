"""Further tables of the same records: nothing that is published gets narrower, whatever the records are."""

from __future__ import annotations

import itertools
from collections import defaultdict

import numpy as np
import pytest

from hotspots.disclosure.release.publishing import publish_areas
from hotspots.disclosure.release.publishing_totals import publish_totals
from hotspots.disclosure.release.rules import find_rule
from hotspots.disclosure.release.scopes import Scope, finest_cells
from hotspots.disclosure.release.tables import CountTable

YOUNG, OLD, UNKNOWN = (0, 24), (25, 120), (-1, -1)
FIRST, LAST, BOTH = (2017, 2017), (2018, 2018), (2017, 2018)
MOST = 5
CELLS = ((YOUNG, FIRST), (YOUNG, LAST), (OLD, FIRST), (OLD, LAST))
"""The records of one area: people under 25 in 2017, in 2018, older people in 2017, in 2018."""
RULES = ({"largest": 2}, {"largest": 2, "rounding": 3}, {"smallest": 0, "largest": 2})


def worlds_of(cells, most: int = MOST) -> np.ndarray:
    """Return every set of records with up to so many in each cell."""
    return np.array(list(itertools.product(range(most + 1), repeat=len(cells))))


def scope_of(ages, years, cells=CELLS) -> Scope:
    return Scope.of_years(*years, ages=ages, ages_known=len(cells) == len(CELLS))


def counts_of(ages, years, cells, most: int = MOST) -> np.ndarray:
    """Return how many records of each world a scope counts, worked out without the code under test."""
    inside = [
        (ages is None or ages == cell_ages) and years[0] <= cell_years[0] <= years[1] for cell_ages, cell_years in cells
    ]
    return worlds_of(cells, most)[:, inside].sum(axis=1)


def make_table(title, scopes, places, bounds, rule) -> CountTable:
    """Return a table with these bounds, lowest and highest; totals where there are no places."""
    return CountTable(
        records="admissions",
        title=title,
        geography="world",
        authorities=("E1",),
        region="all",
        places=places,
        scopes=scopes,
        low=bounds[0].reshape(len(scopes), -1),
        high=bounds[1].reshape(len(scopes), -1),
        rule=rule,
    )


def plain_table(title, ages, years, rule, cells, most: int = MOST) -> CountTable:
    """Return the table of all worlds, each as an area of its own, as the rule alone shows it."""
    chosen = find_rule(rule)
    bounds = np.array([chosen.interval(count) for count in counts_of(ages, years, cells, most)]).T
    places = tuple(map(str, range(bounds.shape[1])))
    return make_table(title, (scope_of(ages, years, cells),), places, bounds, chosen)


def publish(order, rule, cells, most: int = MOST) -> list[CountTable]:
    """Return the tables as they are published one after the other."""
    tables: list[CountTable] = []
    for number, (ages, years) in enumerate(order):
        tables.append(publish_areas(tables, plain_table(f"table {number}", ages, years, rule, cells, most)))
    return tables


EVERY = list(itertools.product((None, YOUNG, OLD), (BOTH, FIRST, LAST)))
ORDERS = [
    [(None, BOTH), (YOUNG, BOTH), (OLD, BOTH)],
    [(None, FIRST), (None, BOTH)],
    [(None, BOTH), (YOUNG, BOTH), (None, LAST)],
    [(YOUNG, FIRST), (None, BOTH), (OLD, LAST)],
    *(
        [EVERY[i] for i in np.random.default_rng(seed).permutation(len(EVERY))[:3]]
        for seed in range(3)
    ),
]  # fmt: skip


@pytest.mark.parametrize("extra", [(), ((UNKNOWN, FIRST),)], ids=["ages known", "some ages unknown"])
@pytest.mark.parametrize("rule", RULES, ids=str)
@pytest.mark.parametrize("order", ORDERS, ids=str)
def test_all_records_with_the_same_outputs_leave_every_number_its_interval(order, rule, extra):
    """Every set of records on which the gate publishes the same numbers is looked at: that is all a reader can know."""
    need_whole_intervals(order, rule, (*CELLS, *extra), MOST)


@pytest.mark.parametrize(("rule", "most"), [("dfe", 6), ("older-phe", 9), ("nhs-digital", 12)])
@pytest.mark.parametrize("order", ORDERS[1:4], ids=str)
def test_the_rules_by_name_leave_every_number_its_interval(order, rule, most):
    need_whole_intervals(order, rule, CELLS, most)


def need_whole_intervals(order, rule, records, most: int) -> None:
    """Check every number of every table, and every difference of two, on all records with so many in each cell."""
    tables = publish(order, rule, records, most)
    shown = np.stack([np.stack([table.low[0], table.high[0]]) for table in tables])
    numbers = [counts_of(*one, records, most) for one in order]
    suppressed = range(find_rule(rule).smallest, find_rule(rule).largest + 1)
    cells = finest_cells([scope_of(*one, records) for one in order])
    looked_at = 0
    for worlds in together(shown).values():
        if shown[:, 1, worlds[0]].max() > most:
            continue  # more records than were enumerated could be behind these
        looked_at += 1
        for step, number in enumerate(numbers):
            # What earlier tables alone say of it, and its own interval.
            before = number[(shown[:step, :, :] == shown[:step, :, [worlds[0]]]).all(axis=(0, 1))]
            low, high = shown[step, :, worlds[0]]
            assert number[worlds].min() == max(low, before.min())
            assert number[worlds].max() == min(high, before.max())
        for whole, part in itertools.permutations(range(len(order)), 2):
            if (cells[part] & ~cells[whole]).any() or tuple(cells[whole] & ~cells[part]) in {*map(tuple, cells)}:
                continue  # no difference, or one that a table has
            found = set((numbers[whole] - numbers[part])[worlds])
            highest = numbers[whole][worlds].max()
            assert not found & set(suppressed) or found >= {one for one in suppressed if one <= highest}
    assert looked_at > 2


def together(shown: np.ndarray) -> dict[bytes, list[int]]:
    """Return the worlds that look the same to a reader."""
    same: dict[bytes, list[int]] = defaultdict(list)
    for world in range(shown.shape[2]):
        same[shown[:, :, world].tobytes()].append(world)
    return same


@pytest.mark.parametrize("rule", [{"largest": 2}, {"largest": 2, "rounding": 3}], ids=str)
def test_charts_leave_every_area_and_every_year_its_interval(rule):
    """All records of four areas with up to two events each in two years: a map of both years, and a chart by year."""
    chosen = find_rule(rule)
    of_area = [pair for pair in itertools.product(range(3), repeat=2) if sum(pair) <= 2]
    worlds = np.array(list(itertools.product(of_area, repeat=4)))  # worlds by areas by years
    areas, years = worlds.sum(axis=2), worlds.sum(axis=1)

    def interval(counts):
        return np.array([chosen.interval(count) for count in counts]).T

    same = defaultdict(list)
    published = {}
    for number, (counts, totals) in enumerate(zip(areas, years, strict=True)):
        key = interval(counts).tobytes(), interval(totals).tobytes()
        if key not in published:
            scope = Scope.of_years(2017, 2018, ages_known=True)
            first = publish_areas([], make_table("areas", (scope,), tuple("abcd"), interval(counts), chosen))
            both = (Scope.of_years(2017, 2017, ages_known=True), Scope.of_years(2018, 2018, ages_known=True))
            second = publish_totals([first], make_table("chart", both, (), interval(totals), chosen))
            published[key] = first, second
        first, second = published[key]
        same[first.low.tobytes(), first.high.tobytes(), second.low.tobytes(), second.high.tobytes()].append(number)
    drawn = 0
    for (low, high, first, last), group in same.items():
        assert (areas[group].min(axis=0) == np.frombuffer(low)).all()
        assert (areas[group].max(axis=0) == np.frombuffer(high)).all()
        for year in range(2):
            ends = np.frombuffer(first)[year], np.frombuffer(last)[year]
            if not np.isnan(ends[0]):
                drawn += 1
                assert (years[group, year].min(), years[group, year].max()) == ends
    assert drawn > 5
