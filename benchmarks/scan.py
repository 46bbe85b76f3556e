"""Scans as whole processes: processor seconds and peak memory of the most likely cluster and its p-value.

    python benchmarks/scan.py ../shared/data

The West Midlands with circles and ellipses, England with circles of up to 1% of the people; stroke admissions 2017 to
2019, 1,000 maps drawn for a p-value.
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
    "England, circles up to 1%": ("E", {"share": 0.01}),
}


def scan(data: str, kept: str, options: dict[str, Any]) -> tuple[float, float, int, float]:
    """Return processor seconds, peak gigabytes, zones and the p-value of one scan."""
    import pandas as pd

    import hotspots as hs

    area = hs.read_areas(f"{data}/lsoa11_england_bsc_27700.parquet")
    people = hs.read_population(f"{data}/population_england_lsoa11_2019.parquet", column="total_population")
    if kept == "E08":
        codes = pd.read_csv(f"{data}/lookup_wm_lsoa11.csv").iloc[:, 0].astype(str)
        table = area.areas[area.ids.isin(set(codes))]
        area = hs.StudyArea(table, geography="LSOA", vintage=2011, identity=hs.studies.Identity(release="open"))
        people = people[people.index.isin(area.ids)]
    counts = hs.read_counts(
        f"{data}/stroke_admissions_england_wales_lsoa11_2017-2019.csv",
        area.with_population(people),
        name_column="area",
        count_column="admissions",
        multiply_by=3,
        release="open",
    )
    start = time.process_time()
    found = hs.clusters.scan_clusters(counts, most=1, **options)
    used = time.process_time() - start
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6
    assert found.provenance is not None
    return used, peak, found.provenance.zones_compared, float(found.table["p_high"].iloc[0])


def main() -> None:
    """Time every scan in a process of its own, and print a table."""
    data = str(Path(sys.argv[1] if len(sys.argv) > 1 else "../shared/data").resolve())
    asked = sys.argv[2:] or list(SCANS)
    print(f"{'':36} {'cpu s':>7} {'GB':>6} {'zones':>12} {'p':>10}")
    for name in asked:
        with get_context("spawn").Pool(1) as pool:
            used, peak, zones, p = pool.apply(scan, (data, *SCANS[name]))
        print(f"{name:36} {used:7.1f} {peak:6.2f} {zones:12,} {p:10.2g}", flush=True)


if __name__ == "__main__":
    main()
