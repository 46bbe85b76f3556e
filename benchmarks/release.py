"""What the gate for published tables costs and keeps: England by age and year, and the sample as unreleased records.

England's records are drawn, with the mean of stroke admissions and a gamma scatter of risks; the sample's are its
invented admissions. Beside the gate stands the simple policy: a table that would reveal anything is left out as a
whole.

    python benchmarks/release.py
"""

from __future__ import annotations

import resource
import time
from pathlib import Path
from typing import Any

import numpy as np

import hotspots as hs
from hotspots.analysis.counts import events_inside
from hotspots.analysis.series import join_series
from hotspots.disclosure.release.publishing import publish_areas
from hotspots.disclosure.release.publishing_totals import publish_totals
from hotspots.disclosure.release.rules import RULES, Rule
from hotspots.disclosure.release.scopes import Scope
from hotspots.disclosure.release.tables import CountTable

YOUNG = (0, 24)
YEARS = (2017, 2018, 2019)


def table(title: str, counts: np.ndarray, scopes: list[Scope], rule: Rule, *, total: bool = False) -> CountTable:
    """Return a table as the rule alone shows it; counts by area, or one total for each scope."""
    distinct, position = np.unique(counts, return_inverse=True)
    bounds = np.array([rule.interval(count) for count in distinct])[position.ravel()]
    shape = (len(scopes), 1 if total else counts.size)
    places = () if total else tuple(map(str, range(counts.size)))
    return CountTable(
        records="admissions",
        title=title,
        geography="LSOA 2011",
        authorities=("E1",),
        region="all",
        places=places,
        scopes=tuple(scopes),
        low=bounds[:, 0].reshape(shape),
        high=bounds[:, 1].reshape(shape),
        rule=rule,
    )


def kept(plain: CountTable, published: CountTable) -> float:
    """Return the share of numbers that have the rule's own interval."""
    return float(((plain.low == published.low) & (plain.high == published.high)).mean())


def records(areas: int, mean: float, seed: int = 1) -> np.ndarray:
    """Return numbers of records by year, age group (under 25 and older) and area."""
    rng = np.random.default_rng(seed)
    risk = rng.gamma(3, 1 / 3, areas)
    return np.stack([rng.poisson(mean / 3 * share * risk, (3, areas)) for share in (0.4, 0.6)], axis=1)


def publish(counts: np.ndarray, rule: Rule, *, whole: bool) -> list[tuple[str, float]]:
    """Publish counts by year and age group, and of all years where `whole`, and charts; return the shares kept."""
    tables: list[CountTable] = []
    shares = []
    spans = [(YEARS[0], YEARS[-1])] * whole + [(year, year) for year in YEARS]
    for first, last in spans:
        years = slice(first - YEARS[0], last - YEARS[0] + 1)
        for name, ages, groups in (("all ages", None, slice(0, 2)), ("under 25", YOUNG, slice(0, 1))):
            scope = Scope.of_years(first, last, ages=ages, ages_known=True)
            plain = table(f"{first}-{last}, {name}", counts[years, groups].sum(axis=(0, 1)), [scope], rule)
            tables.append(publish_areas(tables, plain))
            shares.append((plain.title, kept(plain, tables[-1])))
    scopes = [Scope.of_years(year, year, ages=ages, ages_known=True) for ages in (None, YOUNG) for year in YEARS]
    totals = np.concatenate([counts.sum(axis=(1, 2)), counts[:, 0].sum(axis=1)])
    plain = table("chart by year", totals, scopes, rule, total=True)
    shares.append((plain.title, kept(plain, publish_totals(tables, plain))))
    return shares


def measure(title: str, counts: np.ndarray, rule: str, *, whole: bool) -> None:
    """Print what is kept, and the processor seconds and peak memory of it."""
    start = time.process_time()
    shares = publish(counts, RULES[rule], whole=whole)
    seconds = time.process_time() - start
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6
    print(f"\n{title}, {rule}: {seconds:.1f} processor seconds, peak {peak:.2f} GB so far")
    for name, share in shares:
        print(f"  {name:22} {share:7.1%} of the numbers have the rule's own interval")


def certain_hot(result: hs.HotspotResult) -> int:
    """Return how many areas are hot whatever the suppressed counts are."""
    return int((result.table.loc[result.hot(), "certainty"] == "certain").sum())


def sample(rule: str) -> None:
    """Print what is kept of the sample's admissions as unreleased records, and how many hot areas stay certain."""
    data = Path(__file__).parents[1] / "data"
    area = hs.read_areas(data / "boundaries/west_midlands_lsoa11.gpkg", layer="lsoa11")
    area = area.with_population(hs.read_population(data / "boundaries/population_lsoa11_census2011.csv"))
    read = [
        hs.read_hes(
            data / "events/invented_hes_admissions_2013-2019.csv.gz",
            years=(2017, 2019),
            ages=ages,
            release="unreleased",
        )
        for ages in (None, YOUNG)
    ]
    counted = [hs.count_events(events, area) for events in read]
    every = hs.read_hes(
        data / "events/invented_hes_admissions_2013-2019.csv.gz", years=(2013, 2019), release="unreleased"
    )
    every = events_inside(every, area)
    groups = {"all ages": None, "under 25": YOUNG}
    tables: dict[str, Any] = {}
    for (group, ages), counts in zip(groups.items(), counted, strict=True):
        tables[f"areas 2017-2019, {group}"] = counts, Scope.of_years(2017, 2019, ages=ages)
    for count, months in ((hs.series.count_by_year, 12), (hs.series.count_by_quarter, 3)):
        lines = [count(every, years=(2013, 2019), ages=ages, group=group) for group, ages in groups.items()]
        first = range(12 * 2013, 12 * 2020, months)
        scopes = [Scope(months=(month, month + months - 1), ages=ages) for ages in groups.values() for month in first]
        tables[f"chart by {months} months"] = join_series(*lines, name="chart", title="a chart"), scopes

    def publish(counts: Any, scope: Any, gate: Any) -> Any:
        further = {} if isinstance(scope, Scope) else {"area": area}
        return hs.protect(counts, gate, scope=scope, **further)

    start, gate, simple = time.process_time(), hs.disclosure.Gate(rule), hs.disclosure.Gate(rule)
    shown = {name: publish(*one, gate) for name, one in tables.items()}
    print(f"\nThe sample's admissions, {rule}: {time.process_time() - start:.1f} processor seconds")
    alone = {name: publish(*one, hs.disclosure.Gate(rule)) for name, one in tables.items()}
    kept_by_simple = 0
    for (name, one), mend in zip(tables.items(), gate.mends, strict=True):
        print(f"  {name:26} {mend.numbers - mend.wider - mend.left_out:5} of {mend.numbers} numbers as under the rule")
        # Tables are left out as a whole until all are safe, in the same order.
        publish(*one, simple)
        if simple.mends[-1].wider or simple.mends[-1].left_out:
            simple.tables.pop()
        else:
            kept_by_simple += simple.mends[-1].numbers
    kept_by_gate = sum(mend.numbers - mend.wider - mend.left_out for mend in gate.mends)
    print(f"  together {kept_by_gate}; {kept_by_simple} where tables are left out as a whole until all are safe")
    areas = [name for name in tables if name.startswith("areas")]
    plain, published = ([found[name] for name in areas] for found in (alone, shown))
    for null in ("constant-risk", None):
        hot = [sum(certain_hot(hs.getis_ord(one, null=null)) for one in found) for found in (plain, published)]
        print(f"  certain hot areas, {null or 'default null'}: {hot[1]} of {hot[0]}")


def monthly(rule: str, months: int = 12) -> None:
    """Print what a year of monthly runs keeps: each adds a month of 1,680 areas, and publishes all months so far."""
    counts = np.random.default_rng(2).poisson(9 / 36 * np.random.default_rng(1).gamma(3, 1 / 3, 1680), (months, 1680))
    start, tables = time.process_time(), []
    print(f"\n{months} monthly runs of 1,680 areas, {rule}, all months so far")
    for month in range(1, months + 1):
        scope = Scope(months=(24204, 24203 + month), ages_known=True)
        plain = table(f"{month} months", counts[:month].sum(axis=0), [scope], RULES[rule])
        tables.append(publish_areas(tables, plain))
        print(
            f"  {plain.title:12} {kept(plain, tables[-1]):7.1%} have the rule's own interval; "
            f"{time.process_time() - start:.1f} processor seconds so far"
        )


def main() -> None:
    """Print all of it."""
    sample("nhs-digital")
    monthly("nhs-digital")
    for rule in ("nhs-digital", "older-phe"):
        measure("1,680 areas, 3 years, 2 age groups", records(1680, 9), rule, whole=False)
        measure("1,680 areas, 3 years and all of them, 2 age groups", records(1680, 9), rule, whole=True)
        measure("32,844 areas, 3 years, 2 age groups", records(32_844, 9), rule, whole=False)


if __name__ == "__main__":
    main()
