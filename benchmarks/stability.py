"""Variants of a Gi* analysis as whole processes: processor seconds and peak memory.

    python benchmarks/stability.py ../shared/data

Stroke admissions 2017 to 2019 by LSOA (2011): five kinds of neighbours, the study area with and without its edge, two
or four null hypotheses, and up to three populations; with every count known, and with those below 8 suppressed. The
West Midlands are grown by the areas within 20 km.
"""

from __future__ import annotations

import resource
import sys
import time
from multiprocessing import get_context
from pathlib import Path
from typing import Any

CASES: dict[str, dict[str, Any]] = {
    "West Midlands": {},
    "West Midlands, grown by 20 km": {"grown": True},
    "West Midlands, 4 nulls, 3 populations": {"nulls": 4, "populations": True},
    "West Midlands, 1 to 7 suppressed": {"suppressed": True},
    "England": {"england": True},
}
NULLS = ("scattered-risk", "exchangeable-risk", "constant-risk", "randomisation")
AROUND = 20_000


def vary(data: str, case: dict[str, Any]) -> tuple[float, float, int, str]:
    """Return processor seconds, peak gigabytes, variants and the finding of one case."""
    import numpy as np
    import pandas as pd

    import hotspots as hs

    england = hs.read_areas(f"{data}/lsoa11_england_bsc_27700.parquet")
    people = hs.read_population(f"{data}/population_england_lsoa11_2019.parquet", column="total_population")
    codes = set(pd.read_csv(f"{data}/lookup_wm_lsoa11.csv").iloc[:, 0].astype(str))

    def counts(kept: Any) -> Any:
        area = hs.StudyArea(england.areas[kept], geography="LSOA", vintage=2011, identity=england.identity)
        found = hs.read_counts(
            f"{data}/stroke_admissions_england_wales_lsoa11_2017-2019.csv",
            area.with_population(people[people.index.isin(area.ids)]),
            name_column="area",
            count_column="admissions",
            multiply_by=3,
            title="stroke admissions",
            release="unreleased" if case.get("suppressed") else "open",
        )
        if not case.get("suppressed"):
            return found
        gate = hs.disclosure.Gate({"largest": 7, "rounding": 1})
        return hs.protect(found, gate, scope=hs.disclosure.Scope.of_years(2017, 2019))

    inside = np.asarray(england.ids.isin(codes)) if not case.get("england") else np.ones(len(england), dtype=bool)
    options: dict[str, Any] = {"nulls": NULLS[: case.get("nulls", 2)]}
    if case.get("grown"):
        near = england.areas.geometry.distance(england.areas.geometry[inside].union_all()) < AROUND
        options["larger"] = counts(near.to_numpy())
    if case.get("populations"):
        years = {f"population of {year}": year for year in (2017, 2020)}
        file = f"{data}/population_wm_lsoa11_mye.csv"
        options["populations"] = {
            name: hs.read_population(file, column="total_population", year=year) for name, year in years.items()
        }
    given = counts(inside)
    start = time.process_time()
    found = hs.clusters.stability(given, **options)
    used = time.process_time() - start
    choices = ", ".join(f"{one.choice} {one.share_hot or 0:.0%}" for one in found.provenance.choices)
    finding = f"{len(found.hot_in('in_all'))} in all, {len(found.hot_in())} in some; {choices}"
    return used, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6, len(found.by_variant), finding


def main() -> None:
    """Time every case in a process of its own, and print a table."""
    data = str(Path(sys.argv[1] if len(sys.argv) > 1 else "../shared/data").resolve())
    print(f"{'':40} {'variants':>8} {'cpu s':>7} {'GB':>6}  hot areas, and what each choice explains alone")
    for name in sys.argv[2:] or list(CASES):
        with get_context("spawn").Pool(1) as pool:
            used, peak, variants, finding = pool.apply(vary, (data, CASES[name]))
        print(f"{name:40} {variants:8,} {used:7.1f} {peak:6.2f}  {finding}", flush=True)


if __name__ == "__main__":
    main()
