"""Neighbours and local inference beside the peers, in one run: make bench DATA=folder.

Times are the best of several runs in this process (warm), and of one new process each (cold: imports, files read,
results written). Compare ratios, not seconds: machines differ, and so does what else they do. DATA is a folder with the
open files `lsoa11_england_bsc_27700.parquet`, `wm_boundaries_27700.gpkg` and
`stroke_admissions_england_wales_lsoa11_2017-2019.csv` (three-year means, keyed on names).
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import geopandas as gpd
import numpy as np
import pandas as pd

REPEATS = 3


def read_map(folder: Path, where: str) -> gpd.GeoDataFrame:
    """Return areas with the column `count`: admissions over three years; areas without a row are left out."""
    admissions = pd.read_csv(folder / "stroke_admissions_england_wales_lsoa11_2017-2019.csv").set_index("area")
    if where == "England":
        areas = gpd.read_parquet(folder / "lsoa11_england_bsc_27700.parquet")
    else:
        areas = gpd.read_file(folder / "wm_boundaries_27700.gpkg", layer="lsoa11")
    count = 3 * areas["lsoa11_name"].map(admissions["admissions"])
    areas = areas.assign(count=count.round()).dropna(subset=["count"])
    areas = areas[["lsoa11_code", "count", "geometry"]].set_index("lsoa11_code")
    areas.attrs["where"] = where
    return areas


def shapefile(where: str) -> Path:
    """Return where the same map lies as a shapefile, for pygeoda."""
    return Path(tempfile.gettempdir()) / f"hotspots-benchmark-{where.replace(' ', '-')}.shp"


# --------------------------------------------------------------------------- who does what


def ours_neighbours(areas: gpd.GeoDataFrame) -> object:
    """Queen contiguity from snapped vertices."""
    from hotspots.analysis.neighbours import link_neighbours

    return link_neighbours(areas)


def libpysal_neighbours(areas: gpd.GeoDataFrame) -> object:
    """Queen contiguity by libpysal's Graph."""
    from libpysal.graph import Graph

    return Graph.build_contiguity(areas.reset_index(drop=True), rook=False)


def pygeoda_neighbours(areas: gpd.GeoDataFrame) -> object:
    """Queen contiguity by pygeoda, with the opening of the shapefile (it does not open newer geopandas tables)."""
    import pygeoda

    return pygeoda.queen_weights(pygeoda.open(str(shapefile(areas.attrs["where"]))))


def ours_exact(areas: gpd.GeoDataFrame, links: object) -> object:
    """Local Moran's tails by conditional randomisation, exact."""
    from hotspots.analysis.exact import conditional_tails

    values = areas["count"].to_numpy().astype(np.int64)
    sums = np.rint(links.matrix() @ values).astype(np.int64)  # type: ignore[attr-defined]
    return conditional_tails(values, sums, links.cardinalities)  # type: ignore[attr-defined]


def ours_face(areas: gpd.GeoDataFrame, links: object) -> object:
    """Local Moran through the public function: checks, classes and all columns."""
    from hotspots.analysis.local import local_moran

    return local_moran(areas, links, column="count")


def esda_moran(permutations: int) -> Callable[[gpd.GeoDataFrame, object], object]:
    """Local Moran by esda, one job."""

    def run(areas: gpd.GeoDataFrame, graph: object) -> object:
        from esda.moran import Moran_Local

        return Moran_Local(areas["count"].to_numpy(float), graph, permutations=permutations, n_jobs=1, seed=1)

    return run


def pygeoda_moran(permutations: int) -> Callable[[gpd.GeoDataFrame, object], object]:
    """Local Moran by pygeoda, one thread."""

    def run(areas: gpd.GeoDataFrame, weights: object) -> object:
        import pygeoda

        return pygeoda.local_moran(weights, areas["count"].tolist(), permutations=permutations, cpu_threads=1, seed=1)

    return run


TASKS: dict[str, tuple[Callable[[gpd.GeoDataFrame], object], list[tuple[str, Callable[..., object]]]]] = {
    "hotspots": (ours_neighbours, [("exact tails", ours_exact), ("local_moran, whole result", ours_face)]),
    "esda": (libpysal_neighbours, [("999 permutations", esda_moran(999)), ("9,999 permutations", esda_moran(9_999))]),
    "pygeoda": (
        pygeoda_neighbours,
        [("999 permutations", pygeoda_moran(999)), ("9,999 permutations", pygeoda_moran(9_999))],
    ),
}


# --------------------------------------------------------------------------- timing


def best_of(call: Callable[[], object], *, budget: float = 30.0) -> tuple[float, object]:
    """Return the shortest time of up to `REPEATS` calls after one that warms up; a long call is made but once more."""
    call()
    shortest, result, spent = np.inf, None, 0.0
    for _ in range(REPEATS):
        start = time.perf_counter()
        result = call()
        taken = time.perf_counter() - start
        shortest, spent = min(shortest, taken), spent + taken
        if spent > budget:
            break
    return shortest, result


def warm(folder: Path, where: str) -> list[dict[str, object]]:
    """Time every step in this process."""
    areas, rows = read_map(folder, where), []
    for program, (link, tests) in TASKS.items():
        seconds, links = best_of(lambda link=link: link(areas))  # type: ignore[misc]
        rows.append({"map": where, "program": program, "step": "Queen neighbours", "seconds": seconds})
        for name, test in tests:
            seconds, _ = best_of(lambda test=test, links=links: test(areas, links))  # type: ignore[misc]
            rows.append({"map": where, "program": program, "step": name, "seconds": seconds})
    return rows


def p_values(found: object) -> np.ndarray:
    """Return the p-values of any of the programs' results."""
    if hasattr(found, "table"):
        return found.table["p_high"].to_numpy()
    return np.asarray(found.p_sim if hasattr(found, "p_sim") else found.lisa_pvalues())  # type: ignore[attr-defined]


def one_cold(folder: Path, where: str, program: str, step: int) -> None:
    """Read, link, test and write classes, in this new process; print seconds and peak memory."""
    start = time.perf_counter()
    areas = read_map(folder, where)
    link, tests = TASKS[program]
    found = tests[step][1](areas, link(areas))
    with tempfile.TemporaryDirectory() as name:
        pd.Series(p_values(found)).to_csv(Path(name) / "classes.csv")
    print(json.dumps({"seconds": time.perf_counter() - start, "peak_mb": peak_memory()}))


def peak_memory() -> int:
    """Return this process's own peak in MB; getrusage would give its parent's where that was larger."""
    status = Path("/proc/self/status")
    if not status.exists():
        return -1
    line = next(line for line in status.read_text(encoding="utf-8").splitlines() if line.startswith("VmHWM"))
    return int(line.split()[1]) // 1024


def cold(folder: Path, where: str) -> list[dict[str, object]]:
    """Time every whole process, imports included."""
    rows = []
    for program, (_, tests) in TASKS.items():
        for step, (name, _) in enumerate(tests):
            if program == "hotspots" and step == 0:
                continue
            start = time.perf_counter()
            command = [sys.executable, __file__, str(folder), "--one", where, program, str(step)]
            done = subprocess.run(command, capture_output=True, text=True, check=True)
            row = json.loads(done.stdout.splitlines()[-1])
            row |= {"seconds": time.perf_counter() - start, "map": where, "program": program}
            rows.append({**row, "step": f"whole process, {name}"})
    return rows


def main() -> None:
    """Measure and print one table with ratios to this project."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--one", nargs=3)
    options = parser.parse_args()
    if options.one:
        where, program, step = options.one
        one_cold(options.folder, where, program, int(step))
        return
    rows = []
    for where in ("West Midlands", "England"):
        read_map(options.folder, where).to_file(shapefile(where))
        rows += warm(options.folder, where) + cold(options.folder, where)
    table = pd.DataFrame(rows)
    kind = table["step"].map(lambda s: "process" if "whole" in s and "process" in s else s if "Queen" in s else "test")
    own = {
        key: group["seconds"].min()
        for key, group in table[table["program"] == "hotspots"].groupby([table["map"], kind])
    }
    table["ratio to hotspots"] = [
        s / own[where, k] for s, where, k in zip(table["seconds"], table["map"], kind, strict=True)
    ]
    print(table.round(3).to_string(index=False))


if __name__ == "__main__":
    main()
