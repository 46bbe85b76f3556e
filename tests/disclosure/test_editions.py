"""Records that were corrected between two runs: whatever a reader takes to have happened, nothing gets narrower."""

from __future__ import annotations

import itertools
from collections import defaultdict

import numpy as np
import pytest

from hotspots.disclosure.release.publishing import publish_areas
from hotspots.disclosure.release.publishing_totals import publish_totals
from hotspots.disclosure.release.rules import find_rule
from hotspots.disclosure.release.scopes import Scope, finest_cells, readings
from hotspots.disclosure.release.tables import CountTable

YOUNG, OLD = (0, 24), (25, 120)
KEPT, REMOVED, ADDED = "kept", "removed", "added"
RULES = ({"largest": 2}, {"largest": 2, "rounding": 3}, {"smallest": 0, "largest": 2})
IN = {1: (KEPT, REMOVED), 2: (KEPT, ADDED)}
"""Edition → the records that it has."""
TAKEN = {
    "anything": (KEPT, REMOVED, ADDED),
    "nothing corrected": (KEPT,),
    "only added": (KEPT, ADDED),
    "only removed": (KEPT, REMOVED),
}
"""What a reader may take to have happened → the records that there are then."""
ORDERS = {
    "all ages, again": (((OLD,), 7), [((OLD,), 1), ((OLD,), 2)]),
    "young, then all": (((YOUNG, OLD), 4), [((YOUNG,), 1), ((YOUNG, OLD), 2)]),
    "all, then young": (((YOUNG, OLD), 4), [((YOUNG, OLD), 1), ((YOUNG,), 2)]),
    "all and young, all again": (((YOUNG, OLD), 4), [((YOUNG, OLD), 1), ((YOUNG,), 1), ((YOUNG, OLD), 2)]),
}
"""Ages and the most records of each cell; then each table as its ages and the edition of its records."""


def scope_of(edition: int, *, ages=None) -> Scope:
    """Return the records of 2019 before, or after all of its months were corrected."""
    scope = Scope.of_years(2019, 2019, ages=ages, ages_known=True)
    return scope.corrected([(*scope.months, 2)] if edition == 2 else [])


class Records:
    """Every set of records of one area: numbers by age and what became of them, with up to `most` of each."""

    def __init__(self, ages, most: int) -> None:
        self.ages, self.most = ages, most
        self.cells = list(itertools.product(ages, (KEPT, REMOVED, ADDED)))
        self.worlds = np.array(list(itertools.product(range(most + 1), repeat=len(self.cells))))

    def members(self, ages, edition: int) -> np.ndarray:
        return np.array([age in ages and state in IN[edition] for age, state in self.cells])

    def taken(self, states) -> np.ndarray:
        """Return the worlds in which there are no other records."""
        other = np.array([state not in states for _, state in self.cells])
        return self.worlds[:, other].sum(axis=1) == 0


def publish(records: Records, order, rule) -> tuple[list[np.ndarray], np.ndarray]:
    """Return the counts of each table in every world, and their published bounds; each world is an area of its own."""
    tables: list[CountTable] = []
    counts = []
    for number, (ages, edition) in enumerate(order):
        counts.append(records.worlds[:, records.members(ages, edition)].sum(axis=1))
        bounds = np.array([rule.interval(count) for count in counts[-1]]).T
        span = None if ages == records.ages else ages[0]
        plain = CountTable(
            records="admissions",
            title=f"table {number}",
            geography="world",
            authorities=("E1",),
            region="all",
            places=tuple(map(str, range(len(records.worlds)))),
            scopes=(scope_of(edition, ages=span),),
            low=bounds[:1],
            high=bounds[1:],
            rule=rule,
        )
        tables.append(publish_areas(tables, plain))
    return counts, np.stack([np.stack([table.low[0], table.high[0]]) for table in tables])


@pytest.mark.parametrize("rule", RULES, ids=str)
@pytest.mark.parametrize("name", ORDERS)
def test_a_corrected_table_leaves_every_number_its_interval(name, rule):
    """All records are enumerated, and the readers who take nothing, additions or removals for certain."""
    (ages, most), order = ORDERS[name]
    records, chosen = Records(ages, most), find_rule(rule)
    counts, shown = publish(records, order, chosen)
    suppressed = range(chosen.smallest, chosen.largest + 1)
    same = defaultdict(list)
    for world in range(len(records.worlds)):
        same[shown[:, :, world].tobytes()].append(world)
    looked_at = dict.fromkeys(TAKEN, 0)
    for (reader, states), group in itertools.product(TAKEN.items(), same.values()):
        taken = records.taken(states)
        worlds = [world for world in group if taken[world]]
        if not worlds or shown[:, 1, worlds[0]].max() > most:
            continue
        looked_at[reader] += 1
        for step, number in enumerate(counts):
            alike = (shown[:step, :, :] == shown[:step, :, [worlds[0]]]).all(axis=(0, 1)) & taken
            low, high = shown[step, :, worlds[0]]
            assert number[worlds].min() == max(low, number[alike].min()), (reader, step)
            assert number[worlds].max() == min(high, number[alike].max()), (reader, step)
        there = np.array([state in states for _, state in records.cells])
        rows = [records.members(*table) & there for table in order]
        for whole, part in itertools.permutations(range(len(rows)), 2):
            difference = rows[whole] & ~rows[part]
            if (rows[part] & ~rows[whole]).any() or not difference.any():
                continue
            if any((difference == row).all() for row in rows):
                continue
            found = set((counts[whole] - counts[part])[worlds])
            highest = counts[whole][worlds].max()
            assert not found & set(suppressed) or found >= {one for one in suppressed if one <= highest}, reader
    assert all(looked_at.values())


def test_readers_may_take_four_things_of_a_corrected_year():
    """By hand: a record is in the first edition, the second, or both."""
    cells = [cells_of(one) for one in readings([scope_of(1), scope_of(2)])]
    assert cells == [{(0, 1), (1, 0)}, {(1, 1)}, {(0, 1), (1, 1)}, {(1, 0), (1, 1)}]
    assert [cells_of(one) for one in readings([scope_of(2), scope_of(2)])] == [{(1, 1)}]


def test_months_that_were_not_corrected_have_the_same_records():
    """Two years, of which the second was corrected: of 2018 both tables count the same, and so does a table of 2018."""
    both, first = Scope.of_years(2018, 2019), Scope.of_years(2018, 2018)
    correction = (12 * 2019, 12 * 2019 + 11, 2)
    scopes = [both, both.corrected([correction]), first.corrected([correction])]
    assert scopes[2] == first
    cells = [cells_of(one) for one in readings(scopes)]
    assert cells[0] == {(1, 1, 1), (1, 0, 0), (0, 1, 0)}
    assert cells[1] == {(1, 1, 1), (1, 1, 0)}
    assert cells[2] == {(1, 1, 1), (1, 1, 0), (0, 1, 0)}
    assert cells[3] == {(1, 1, 1), (1, 1, 0), (1, 0, 0)}


def test_a_second_correction_makes_a_third_state():
    year = Scope.of_years(2019, 2019)
    first, second = (*year.months, 2), (*year.months, 3)
    scopes = [year, year.corrected([first]), year.corrected([first, second])]
    cells = [cells_of(one) for one in readings(scopes)]
    assert cells[0] == {(1, 0, 0), (0, 1, 0), (0, 0, 1)}
    assert cells[2] == {(1, 1, 1), (0, 1, 1), (0, 0, 1)}
    assert cells[3] == {(1, 1, 1), (1, 1, 0), (1, 0, 0)}


def cells_of(scopes) -> set[tuple[int, ...]]:
    return {tuple(column) for column in finest_cells(scopes).T.astype(int).tolist()}


@pytest.mark.parametrize("rule", RULES[:2], ids=str)
def test_a_corrected_chart_leaves_every_area_its_interval(rule):
    """All records of four areas, up to two in the first edition and one added; a map of the first, a total then."""
    chosen = find_rule(rule)
    of_area = [one for one in itertools.product(range(3), range(3), range(2)) if sum(one[:2]) <= 2]
    worlds = np.array(list(itertools.product(of_area, repeat=4)))  # worlds by areas by kept, removed, added
    areas, totals = worlds[:, :, :2].sum(axis=2), worlds[:, :, [0, 2]].sum(axis=(1, 2))
    there = {KEPT: 0, REMOVED: 1, ADDED: 2}

    def table(title, places, counts, edition):
        bounds = np.array([chosen.interval(count) for count in counts]).T
        return CountTable(
            records="admissions", title=title, geography="world", authorities=("E1",), region="all", places=places,
            scopes=(scope_of(edition),), low=bounds[:1], high=bounds[1:], rule=chosen,
        )  # fmt: skip

    published, same = {}, defaultdict(list)
    for world, (counts, total) in enumerate(zip(areas, totals, strict=True)):
        key = tuple(map(chosen.interval, counts)), chosen.interval(total)
        if key not in published:
            first = publish_areas([], table("areas", tuple("abcd"), counts, 1))
            second = publish_totals([first], table("chart", (), [total], 2))
            published[key] = np.concatenate([first.low[0], first.high[0], second.low[0], second.high[0]])
        same[published[key].tobytes()].append(world)
    drawn = dict.fromkeys(TAKEN, 0)
    for (reader, states), (key, group) in itertools.product(TAKEN.items(), same.items()):
        other = [number for state, number in there.items() if state not in states]
        taken = worlds[:, :, other].sum(axis=(1, 2)) == 0
        shown, kept = np.frombuffer(key), [world for world in group if taken[world]]
        if not kept or not shown[9] <= 4:  # more could have been added than one in each area
            continue
        drawn[reader] += 1
        assert (areas[kept].min(axis=0) == shown[:4]).all(), reader
        assert (areas[kept].max(axis=0) == shown[4:8]).all(), reader
    assert sum(drawn.values()) > 5, drawn
    print(drawn)
