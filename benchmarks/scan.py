"""Scans as whole processes: processor seconds and peak memory of the most likely clusters and their p-values.

    python benchmarks/scan.py ../shared/data

Stroke admissions 2017 to 2019, exchangeable risk unless said, 1,000 maps drawn for a p-value. The West Midlands
(1,680 areas) with circles and ellipses; England (32,844) with circles of up to 1% of the people, for the first
cluster alone and for the ten that are listed unless `most` says otherwise, all of them clear. In space and time the
admissions of the West Midlands fall on the 36 months at random: under permutation there is no cluster, so that all
1,000 maps are drawn; under Poisson there is a clear one. Seconds are those of the scan, with what it imports; memory
is that of the process, with the files that it read. Names of rows may follow the folder.
"""

from __future__ import annotations

import resource
import sys
import time
from multiprocessing import get_context
from pathlib import Path
from typing import Any

SCANS: dict[str, tuple[str, dict[str, Any]]] = {
    "West Midlands, circles up to 10%": ("E08", {"share": 0.1}),
    "West Midlands, circles up to 50%": ("E08", {"share": 0.5}),
    "West Midlands, ellipses up to 1%": ("E08", {"share": 0.01, "zones": "ellipses"}),
    "West Midlands, ellipses up to 10%": ("E08", {"share": 0.1, "zones": "ellipses"}),
    "West Midlands, circles up to 10%, scattered": ("E08", {"share": 0.1, "null": "scattered-risk"}),
    "West Midlands, circles up to 50%, scattered": ("E08", {"share": 0.5, "null": "scattered-risk"}),
    "England, circles up to 1%": ("E", {"share": 0.01}),
    "England, circles up to 1%, ten clusters": ("E", {"share": 0.01, "most": 10}),
    "West Midlands, 36 months, permutation": ("E08", {"share": 0.1, "model": "permutation"}),
    "West Midlands, 36 months, up to 6 of them": ("E08", {"share": 0.1, "model": "permutation", "longest": 1 / 6}),
    "West Midlands, 36 months, to the last one": ("E08", {"share": 0.1, "model": "permutation", "prospective": True}),
    "West Midlands, 36 months, Poisson": ("E08", {"share": 0.1, "model": "poisson"}),
}
FILES = (
    "lsoa11_england_bsc_27700.parquet",
    "population_england_lsoa11_2019.parquet",
    "lookup_wm_lsoa11.csv",
    "stroke_admissions_england_wales_lsoa11_2017-2019.csv",
)


def scan(data: str, kept: str, options: dict[str, Any]) -> tuple[float, float, int, float]:
    """Return processor seconds, peak gigabytes, zones and the p-value of one scan."""
    import pandas as pd

    import hotspots as hs

    areas, population, lookup, admissions = (f"{data}/{name}" for name in FILES)
    area = hs.read_areas(areas)
    people = hs.read_population(population, column="total_population")
    if kept == "E08":
        codes = pd.read_csv(lookup).iloc[:, 0].astype(str)
        table = area.areas[area.ids.isin(set(codes))]
        area = hs.StudyArea(table, geography="LSOA", vintage=2011, identity=hs.studies.Identity(release="open"))
        people = people[people.index.isin(area.ids)]
    counts = hs.read_counts(
        admissions,
        area.with_population(people),
        name_column="area",
        count_column="admissions",
        multiply_by=3,
        release="open",
    )
    in_time = "model" in options
    given: Any = over_months(counts) if in_time else counts
    run: Any = hs.clusters.scan_space_time if in_time else hs.clusters.scan_clusters
    start = time.process_time()
    found = run(given, **{"most": 1} | options)
    used = time.process_time() - start
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6
    method = found.provenance
    compared = method.cylinders_compared if in_time else method.zones_compared
    return used, peak, compared, float(found.table["p_high"].iloc[0])


def over_months(counts: Any) -> Any:
    """Return the events of every area on the 36 months at random, each month with its days."""
    import numpy as np
    import pandas as pd

    import hotspots as hs

    months = pd.period_range("2017-01", "2019-12", freq="M")
    days = months.days_in_month.to_numpy() / months.days_in_month.to_numpy().sum()
    events = counts.middle.fillna(0).round().to_numpy().astype(int)
    drawn = np.random.default_rng(1).multinomial(events, days)
    table = pd.DataFrame(drawn, index=counts.table.index, columns=months)
    return hs.clusters.PeriodCounts(counts.area, table, by="month", identity=counts.identity)


def main() -> None:
    """Time every scan in a process of its own, and print a table."""
    data = str(Path(sys.argv[1] if len(sys.argv) > 1 else "../shared/data").resolve())
    absent = [name for name in FILES if not (Path(data) / name).exists()]
    if absent:
        print(f"Not measured: {', '.join(absent)} not in {data}.")
        return
    asked = sys.argv[2:] or list(SCANS)
    print(f"{'':44} {'cpu s':>7} {'GB':>6} {'zones':>12} {'p':>10}")
    for name in asked:
        with get_context("spawn").Pool(1) as pool:
            used, peak, zones, p = pool.apply(scan, (data, *SCANS[name]))
        print(f"{name:44} {used:7.1f} {peak:6.2f} {zones:12,} {p:10.2g}", flush=True)


if __name__ == "__main__":
    main()
