"""A year of monthly runs with the ledger and the private file: an attacker with all twelve finds nothing."""

from __future__ import annotations

import datetime as dt
import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from attacker_tables import Shown, World, given_back
from worlds import make_counts, make_grid

from hotspots.disclosure import Gate, Scope, open_memory
from hotspots.disclosure.release.rules import RULES
from hotspots.model import Events, Identity

AREAS = make_grid(2, 3)
MONTHS = 12
JANUARY = 12 * 2019


def records() -> World:
    """Return numbers of records by area, month and age group: few, as hospitals have them."""
    rng = np.random.default_rng(3)
    return World(rng.poisson(0.6 * rng.gamma(2, 1, size=(6, 1, 1)), size=(6, MONTHS, 2)))


def events_of(world: World, months: int) -> Events:
    """Return the file of a month: all records so far."""
    rows = [
        (AREAS.ids[area], pd.Timestamp(2019, month + 1, 1 + number % 28), float(20 + 30 * age))
        for (area, month, age), count in np.ndenumerate(world.counts)
        for number in range(count)
        if month < months
    ]
    table = pd.DataFrame(rows, columns=["area_code", "when", "age"]).assign(easting=np.nan, northing=np.nan, kind="")
    return Events(table, rows_read=len(table), identity=Identity(release="unreleased"))


def run(folder: Path, world: World, months: int, rule: str, *, corrections: bool = False) -> None:
    """Publish the counts of all months so far, as a run does."""
    memory = open_memory(
        folder / "releases", folder / "private", outputs=folder / "outputs", writing=True, coarsens=corrections
    )
    memory.look_at("hes", events_of(world, months))
    gate = Gate(rule, memory=memory)
    counts = make_counts(AREAS, world.counts[:, :months].sum(axis=(1, 2)), release="unreleased")
    gate.counts(counts, records="hes", scope=Scope(months=(JANUARY, JANUARY + months - 1), ages_known=True))
    day = dt.date(2019, months, 28)
    memory.keep(gate.tables, date=day, title="Monthly", slug="monthly", program="hotspots")


def published(folder: Path) -> list[dict]:
    """Return the tables of all entries, as anyone can read them."""
    entries = [json.loads(path.read_text(encoding="utf-8")) for path in sorted((folder / "releases").glob("*.json"))]
    return [table for entry in entries for table in entry["tables"]]


def attack(folder: Path, world: World, rule: str, *, under_the_rule: bool = False) -> dict:
    """Return what twelve tables give back, or four as the rule alone shows them; areas have no records in common."""
    suppressed = range(RULES[rule].smallest, RULES[rule].largest + 1)
    found = {}
    for area, place in enumerate(AREAS.ids):
        own, shown = World(world.counts[[area]]), []
        for table in published(folder)[: 4 if under_the_rule else None]:
            months = table["scopes"][0]["months"][1] - JANUARY + 1
            column = table["places"].index(place)
            bounds = table["low"][0][column], table["high"][0][column]
            cells = own.inside(quarters=range(months))
            low, high = RULES[rule].interval(own.number(cells)) if under_the_rule else bounds
            shown.append(Shown(f"{months} months", cells[None, :], np.array([[low, high]], dtype=float)))
        found |= {f"{place}, {what}": ends for what, ends in given_back(shown, suppressed).items()}
    return found


@pytest.mark.parametrize("rule", ["nhs-digital", "older-phe"])
def test_twelve_runs_give_nothing_back(rule, tmp_path):
    world = records()
    for months in range(1, MONTHS + 1):
        run(tmp_path, world, months, rule)
    assert len(published(tmp_path)) == MONTHS
    assert attack(tmp_path, world, rule) == {}
    alone = attack(tmp_path, world, rule, under_the_rule=True)
    assert len({what.partition(",")[0] for what in alone}) >= 4


def test_a_year_with_late_records(tmp_path):
    """In July a record of March turns up: March is corrected, the other months are not."""
    world = records()
    late = World(world.counts.copy())
    late.counts[2, 2, 0] += 1
    for months in (5, 6):
        run(tmp_path, world, months, "older-phe", corrections=True)
    for months in (7, 8):
        run(tmp_path, late, months, "older-phe", corrections=True)
    scopes = [table["scopes"][0] for table in published(tmp_path)]
    march = JANUARY + 2
    assert [scope.get("corrections") for scope in scopes] == [None, None, [[march, march, 3]], [[march, march, 3]]]
    # Whoever takes it that no record was removed has cells of January to August, and one of late records of March.
    every = np.zeros((1, 9, 2), dtype=int)
    for area, place in enumerate(AREAS.ids):
        every[0, :8], every[0, 8, 0] = world.counts[area, :8], late.counts[area, 2, 0] - world.counts[area, 2, 0]
        own, shown = World(every), []
        for table, scope in zip(published(tmp_path), scopes, strict=True):
            months, column = scope["months"][1] - JANUARY + 1, table["places"].index(place)
            cells = own.inside(quarters=range(months))
            if "corrections" in scope:
                cells |= own.inside(quarters=range(8, 9))
            # Nothing was removed: there are at least as many as an earlier table has.
            low = max([table["low"][0][column], *(one.bounds[0, 0] for one in shown)])
            bounds = np.array([[low, table["high"][0][column]]], dtype=float)
            shown.append(Shown(f"{months} months", cells[None, :], bounds))
        assert given_back(shown, range(1, 6)) == {}, place
