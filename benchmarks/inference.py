"""Neighbours and local inference beside the peers, in one run: make bench DATA=folder.

warm
    In a process that has done the same before: the shortest of several calls (of one, where it takes long).
first call
    The same in a new process, with whatever is imported or compiled on the way.
whole process
    A new process from the file on disk to the classes in a CSV file, with the start of Python: the median of three
    (one, where it takes long), and its peak of memory.

All programs read the same areas and counts: esda and this project through geopandas from GeoParquet, pygeoda from a
shapefile, the only format it opens, without geopandas. Each runs in one thread, esda with numba if it is there. Ratios
are of processor time: on a machine that does nothing else it is the time on the clock, and on any other it is what can
be compared. DATA is a folder with the open files `lsoa11_england_bsc_27700.parquet`, `wm_boundaries_27700.gpkg`
and `stroke_admissions_england_wales_lsoa11_2017-2019.csv` (three-year means, keyed on names).
"""

from __future__ import annotations

import argparse
import csv
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterable
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any, NamedTuple

# Nothing heavier up here: a program's process must import what that program needs, and no more.

MAPS = ("West Midlands", "England")
RUNS, LONG = 3, 20.0
"""How often a time is taken, and the processor seconds from which on once is enough."""


# --------------------------------------------------------------------------- what each program does


class Program(NamedTuple):
    """One program's ways: every step takes what the one before returned."""

    suffix: str
    read: Callable[[Path], Any]
    link: Callable[[Any], Any]
    tests: dict[str, Callable[[Any, Any], Any]]
    rows: Callable[[Any, Any], Iterable[Iterable[object]]]


def read_geopandas(file: Path) -> Any:
    """Return areas as any user of geopandas reads them."""
    import geopandas as gpd

    return gpd.read_parquet(file) if file.suffix == ".parquet" else gpd.read_file(file).set_index("code")


def our_neighbours(areas: Any) -> Any:
    """Queen contiguity from snapped vertices."""
    import hotspots as hs

    return hs.link_neighbours(areas)


def our_tails(areas: Any, links: Any) -> Any:
    """Both tails of every neighbour sum, by exact conditional randomisation: what the peers simulate."""
    import numpy as np

    from hotspots.analysis.autocorrelation.reference.exact import conditional_tails

    values = areas["count"].to_numpy()
    focal = np.repeat(np.arange(len(links)), links.cardinalities)
    sums = np.bincount(focal, weights=values[links.others], minlength=len(links)).astype(np.int64)
    return conditional_tails(values, sums, links.cardinalities)


def our_hidden(areas: Any, links: Any) -> Any:
    """Both tails where every third count is known to within three events: extremes over all fills, exact."""
    import numpy as np

    from hotspots.analysis.autocorrelation.reference.suppressed import extreme_tails

    counts = areas["count"].to_numpy().astype(np.int64)
    reach = np.where(np.arange(len(counts)) % 3 == 0, 3, 0)
    return extreme_tails(np.maximum(counts - reach, 0), counts + reach, links.matrix(), leave_out=True)


def our_moran(areas: Any, links: Any) -> Any:
    """Local Moran through the public function: checks, classes and all columns."""
    import hotspots as hs

    return hs.local_moran(areas, links, column="count")


def our_rows(areas: Any, found: Any) -> Iterable[Iterable[object]]:
    """Yield id, class and p-value; the two tails where those were all that was asked for."""
    if isinstance(found, tuple):
        return zip(areas.index, *found, strict=True)
    return zip(found.table.index, found.table["class"], found.table["p_high"], strict=True)


def libpysal_neighbours(areas: Any) -> Any:
    """Queen contiguity by libpysal's Graph."""
    from libpysal.graph import Graph

    return Graph.build_contiguity(areas.reset_index(drop=True), rook=False)


def esda_moran(permutations: int) -> Callable[[Any, Any], Any]:
    """Local Moran by esda, one job."""

    def run(areas: Any, graph: Any) -> Any:
        from esda.moran import Moran_Local

        return Moran_Local(areas["count"].to_numpy(float), graph, permutations=permutations, n_jobs=1, seed=1)

    return run


def esda_rows(areas: Any, found: Any) -> Iterable[Iterable[object]]:
    """Yield id, quadrant and p-value."""
    return zip(areas.index, found.q, found.p_sim, strict=True)


def read_pygeoda(file: Path) -> Any:
    """Return a shapefile as pygeoda opens it."""
    import pygeoda

    return pygeoda.open(str(file))


def pygeoda_neighbours(areas: Any) -> Any:
    """Queen contiguity by pygeoda."""
    import pygeoda

    return pygeoda.queen_weights(areas)


def pygeoda_moran(permutations: int) -> Callable[[Any, Any], Any]:
    """Local Moran by pygeoda, one thread."""

    def run(areas: Any, weights: Any) -> Any:
        import pygeoda

        return pygeoda.local_moran(weights, areas["count"], permutations=permutations, cpu_threads=1, seed=1)

    return run


def pygeoda_rows(areas: Any, found: Any) -> Iterable[Iterable[object]]:
    """Yield id, cluster and p-value."""
    return zip(areas["code"], found.lisa_clusters(), found.lisa_pvalues(), strict=True)


FEW, MANY = "999 permutations", "9,999 permutations"
TAILS, HIDDEN, MORAN = "exact tails", "exact tails, a third hidden", "local_moran, all columns"
QUEEN, OPENED = "Queen neighbours, warm", "Queen neighbours with opening, warm"
READING = "importing geopandas and reading the file, no more"
MINUTES = ("England", "pygeoda", MANY)
"""Takes minutes a time and compiles nothing: measured in its own process only."""

PROGRAMS = {
    "hotspots": Program(
        ".parquet", read_geopandas, our_neighbours, {TAILS: our_tails, HIDDEN: our_hidden, MORAN: our_moran}, our_rows
    ),
    "esda": Program(
        ".parquet", read_geopandas, libpysal_neighbours, {FEW: esda_moran(999), MANY: esda_moran(9_999)}, esda_rows
    ),
    "pygeoda": Program(
        ".shp", read_pygeoda, pygeoda_neighbours, {FEW: pygeoda_moran(999), MANY: pygeoda_moran(9_999)}, pygeoda_rows
    ),
}


class Row(NamedTuple):
    """One row of the table."""

    name: str
    step: str
    who: str
    taken: Taken
    peak: int | None = None


# --------------------------------------------------------------------------- the files


def write_maps(data: Path, folder: Path) -> None:
    """Write each map in every format: `code`, `count` (admissions over three years) and the polygon."""
    import geopandas as gpd
    import pandas as pd

    admissions = pd.read_csv(data / "stroke_admissions_england_wales_lsoa11_2017-2019.csv").set_index("area")
    for name in MAPS:
        if name == "England":
            areas = gpd.read_parquet(data / "lsoa11_england_bsc_27700.parquet")
        else:
            areas = gpd.read_file(data / "wm_boundaries_27700.gpkg", layer="lsoa11")
        areas["count"] = (3 * areas["lsoa11_name"].map(admissions["admissions"])).round()
        areas = areas.dropna(subset=["count"]).astype({"count": int}).rename(columns={"lsoa11_code": "code"})
        areas = areas[["code", "count", "geometry"]].set_index("code")
        areas.to_parquet(folder / f"{name}.parquet")
        for suffix in (".shp", ".gpkg"):
            areas.to_file(folder / f"{name}{suffix}")


# --------------------------------------------------------------------------- warm


class Taken(NamedTuple):
    """How long something took: seconds on the clock, and of the processor."""

    clock: float
    processor: float

    def __add__(self, other: tuple[Any, ...]) -> Taken:
        return Taken(self.clock + other[0], self.processor + other[1])


def timed(call: Callable[[], Any]) -> tuple[Taken, Any]:
    """Return how long a call took, and what it returned."""
    clock, processor = time.perf_counter(), time.process_time()
    result = call()
    return Taken(time.perf_counter() - clock, time.process_time() - processor), result


def shortest(call: Callable[[], Any]) -> tuple[Taken, Any]:
    """Return the shortest time of several calls, or of one where that takes long, and what it returned."""
    taken: list[Taken] = []
    while len(taken) < RUNS and not any(t.processor > LONG for t in taken):
        seconds, result = timed(call)
        taken.append(seconds)
    return min(taken, key=lambda t: t.processor), result


def warm(folder: Path, name: str) -> list[Row]:
    """Time every step in this process, after one call of each program's first test."""
    rows: list[Row] = []
    for who, program in PROGRAMS.items():
        file = folder / f"{name}{program.suffix}"
        opening, areas = shortest(lambda p=program, f=file: p.read(f))  # type: ignore[misc]
        taken, links = shortest(lambda p=program, a=areas: p.link(a))  # type: ignore[misc]
        rows += [Row(name, QUEEN, who, taken), Row(name, OPENED, who, opening + taken)]
        next(iter(program.tests.values()))(areas, links)
        for step, test in program.tests.items():
            if (name, who, step) != MINUTES:
                taken, _ = shortest(lambda t=test, a=areas, w=links: t(a, w))  # type: ignore[misc]
                rows.append(Row(name, f"inference, warm: {step}", who, taken))
    return rows


# --------------------------------------------------------------------------- cold


def one_process(file: Path, who: str, step: str) -> None:
    """Read, link, test and write, in this new process; print how long the test took and the peak of memory."""
    if who == "geopandas":
        taken, _ = timed(lambda: read_geopandas(file))
    else:
        program = PROGRAMS[who]
        areas = program.read(file)
        links = program.link(areas)
        taken, found = timed(lambda: program.tests[step](areas, links))
        with (
            tempfile.TemporaryDirectory() as folder,
            (Path(folder) / "classes.csv").open("w", encoding="utf-8", newline="") as out,
        ):
            csv.writer(out).writerows(program.rows(areas, found))
    print(json.dumps({"inference": taken, "peak": peak_memory()}))


def peak_memory() -> int | None:
    """Return this process's own peak in MB, where the system tells it (getrusage would give a larger parent's)."""
    status = Path("/proc/self/status")
    if not status.exists():
        return None
    line = next(line for line in status.read_text(encoding="utf-8").splitlines() if line.startswith("VmHWM"))
    return int(line.split()[1]) // 1024


def one_run(file: Path, who: str, step: str) -> tuple[Taken, Taken, int]:
    """Return how long a new process took, how long the test inside it, and its peak of memory in MB."""
    clock, before = time.perf_counter(), os.times()
    command = [sys.executable, "-W", "ignore", __file__, str(file), "--one", who, step]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    after, inside = os.times(), json.loads(done.stdout.splitlines()[-1])
    processor = after.children_user + after.children_system - before.children_user - before.children_system
    return Taken(time.perf_counter() - clock, processor), Taken(*inside["inference"]), inside["peak"] or 0


def cold(folder: Path, name: str) -> list[Row]:
    """Time every whole process, and the inference inside it; in turns, so that a busy minute strikes them all."""
    runs = [(who, program.suffix, step) for who, program in PROGRAMS.items() for step in program.tests]
    runs = [("geopandas", ".parquet", READING), *runs, ("hotspots", ".gpkg", MORAN)]
    found: dict[tuple[str, str, str], list[tuple[Taken, Taken, int]]] = {run: [] for run in runs}
    for _ in range(RUNS):
        for (who, suffix, step), done in found.items():
            if not any(whole.processor > LONG for whole, _, _ in done):
                done.append(one_run(folder / f"{name}{suffix}", who, step))
    rows = []
    for (who, suffix, step), done in found.items():
        whole, inference, peak = (sorted(values)[len(values) // 2] for values in zip(*done, strict=True))
        if who == "geopandas":
            rows.append(Row(name, READING, who, whole, peak))
            continue
        if suffix != ".gpkg":
            rows.append(Row(name, f"inference, first call: {step}", who, inference))
        if step not in (TAILS, HIDDEN):
            words = f"whole process: {step}" + (", from GeoPackage" if suffix == ".gpkg" else "")
            rows.append(Row(name, words, who, whole, peak))
    return rows


# --------------------------------------------------------------------------- what came out


OURS = {
    QUEEN: QUEEN,
    OPENED: OPENED,
    "inference, warm": f"inference, warm: {TAILS}",
    "inference, first call": f"inference, first call: {TAILS}",
    "importing": f"whole process: {MORAN}",
    "whole process": f"whole process: {MORAN}",
}
"""Beginning of a step → the step of this project that it is compared with."""


def find(rows: list[Row], name: str, step: str, who: str = "hotspots") -> float:
    """Return the processor seconds of one row."""
    return next(row.taken.processor for row in rows if (row.name, row.step, row.who) == (name, step, who))


def kind_of(row: Row) -> str:
    """Return which of the kinds of step in `OURS` a row is."""
    return next(kind for kind in OURS if row.step.startswith(kind))


def print_table(rows: list[Row]) -> None:
    """Print every time beside this project's own, step by step."""
    print(f"\n{'map':<14}{'step':<57}{'program':<10}{'clock s':>9}{'proc. s':>9}{'peak MB':>9}   beside hotspots")
    order = list(OURS)
    for row in sorted(rows, key=lambda row: (MAPS.index(row.name), order.index(kind_of(row)))):
        own = OURS[kind_of(row)]
        ratio = row.taken.processor / find(rows, row.name, own)
        words = f"{ratio:,.1f} times as long" if ratio >= 1 else f"{1 / ratio:,.1f} times as fast"
        if (row.who, row.step) == ("hotspots", own):
            words = "-"
        numbers = f"{row.taken.clock:>9.3f}{row.taken.processor:>9.3f}{row.peak or '':>9}"
        print(f"{row.name:<14}{row.step:<57}{row.who:<10}{numbers}   {words}")


def print_targets(rows: list[Row]) -> None:
    """Print what was aimed at, what came out, and whether that is enough."""

    def ratio(name: str, peer: str, theirs: str, ours: str) -> float:
        return find(rows, name, theirs, peer) / find(rows, name, ours)

    aims = [
        (
            f"exact tails, England, {when}: esda's {MANY}",
            least,
            ratio("England", "esda", f"inference, {when}: {MANY}", f"inference, {when}: {TAILS}"),
        )
        for when, least in (("warm", 100), ("first call", 500))
    ]
    for name, step, least in (("West Midlands", MANY, 2), ("England", FEW, 5)):
        found = ratio(name, "pygeoda", f"whole process: {step}", f"whole process: {MORAN}")
        aims.append((f"whole process, {name}: pygeoda's with {step}", least, found))
    for name in MAPS:
        aims.append((f"Queen, {name}: pygeoda's with opening, ours without", 1, ratio(name, "pygeoda", OPENED, QUEEN)))
        aims.append((f"Queen, {name}: both with opening", 1, ratio(name, "pygeoda", OPENED, OPENED)))
    print("\nAimed at (theirs as a multiple of ours):")
    for words, least, found in aims:
        print(f"  {'met' if found >= least else 'NOT MET':<9}{words:<68}{found:>8,.2f}, at least {least}")
    for step in (TAILS, MORAN):
        late = max(
            find(rows, name, f"inference, first call: {step}") - find(rows, name, f"inference, warm: {step}")
            for name in MAPS
        )
        words = f"nothing is compiled: seconds more in the first call of {step}"
        print(f"  {'met' if late < 1 else 'NOT MET':<9}{words:<68}{late:>8.2f}, at most 1")


def versions() -> str:
    """Return what is measured, by version; esda without numba is another program."""
    found = []
    for name in ("esda", "libpysal", "numba", "pygeoda", "geopandas"):
        try:
            found.append(f"{name} {version(name)}")
        except PackageNotFoundError:
            found.append(f"no {name}")
    return ", ".join(found)


def main() -> None:
    """Measure, and print one table and what was aimed at."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data", type=Path, help="folder with the open files")
    parser.add_argument("--one", nargs=2, metavar=("PROGRAM", "STEP"), help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.one:
        one_process(options.data, *options.one)
        return
    print(f"Python {sys.version.split()[0]}, {versions()}; a quarter of an hour, in silence")
    rows: list[Row] = []
    with tempfile.TemporaryDirectory() as folder:
        write_maps(options.data, Path(folder))
        for name in MAPS:
            rows += warm(Path(folder), name) + cold(Path(folder), name)
    print_table(rows)
    print_targets(rows)


if __name__ == "__main__":
    main()
