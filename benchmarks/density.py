"""Density surfaces beside the peers, in one run: make bench.

Points lie over the West Midlands force area, half of them evenly and half in clusters; the grid is its bounding box in
cells of 50 m (0.74 million). The kernel is the quartic with a radius of 1 km where a program has it, else the nearest
that it has, named. The error is the largest difference from direct summation of that same kernel at 2,000 random cells,
as a share of the surface's peak.

first call
    In a new process, imports included.
warm
    The shortest of fifteen calls in that process (of three or one, where it takes long). Each result is kept until the
    next is there, as by a caller who uses it.
memory
    Peak of the process above what it held with the points read.

scipy and scikit-learn compute every cell by itself: their time is that of a random sample of cells times the number of
cells. Where that is above five minutes a larger number of points is not tried. Every case has a process of its own; all
may use every core. Ratios are of processor time: on a machine that does nothing else it is at most the cores' number
from the time on the clock, and on any other it is what can be compared.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

BOUNDARIES = Path(__file__).parent.parent / "data" / "boundaries" / "west_midlands_lsoa11.gpkg"
SIZES = (10_000, 100_000, 1_000_000, 10_000_000)
SIDE, RADIUS, SD = 50.0, 1000.0, 1000.0 / 8**0.5
WEST, SOUTH, COLUMNS, ROWS = 386_050.0, 272_200.0, 1_064, 701
NORTH = SOUTH + ROWS * SIDE
CHECKED, LONG, MINUTES = 2_000, 20.0, 300.0
"""Cells compared with direct summation; seconds after which one call is enough; seconds a program may take."""


# --------------------------------------------------------------------------- what each program does


def centres() -> tuple[Any, Any]:
    """Return eastings of columns and northings of rows, the first row in the north."""
    return WEST + (np.arange(COLUMNS) + 0.5) * SIDE, NORTH - (np.arange(ROWS) + 0.5) * SIDE


def ours(kernel: str, exact: bool = False) -> Callable[[Any], Any]:
    """Kernel sums of this project."""

    def run(points: Any) -> Any:
        from hotspots.analysis.common.grid import Grid
        from hotspots.analysis.kernels.sums import kernel_sums

        grid = Grid(WEST, NORTH, SIDE, np.ones((ROWS, COLUMNS), dtype=bool))
        size = SD if kernel == "gaussian" else RADIUS
        ones = np.broadcast_to(1.0, len(points))
        return kernel_sums(points, ones, grid, kernel=kernel, bandwidth=size, exact=exact)  # type: ignore[arg-type]

    return run


def plain(points: Any) -> Any:
    """Linear binning and one convolution with the kernel at cell centres, as a careful user would write it."""
    from scipy import fft

    x, y = (points[:, 0] - WEST) / SIDE - 0.5 + 1, (NORTH - points[:, 1]) / SIDE - 0.5 + 1
    column, row = np.floor(x).astype(np.int64), np.floor(y).astype(np.int64)
    fx, fy = x - column, y - row
    width, height = COLUMNS + 2, ROWS + 2
    home, size = row * width + column, width * height
    masses = np.bincount(home, (1 - fx) * (1 - fy), size)
    masses += np.bincount(home + 1, fx * (1 - fy), size)
    masses += np.bincount(home + width, (1 - fx) * fy, size)
    masses += np.bincount(home + width + 1, fx * fy, size)
    reach = int(RADIUS / SIDE)
    away = np.arange(-reach, reach + 1) * SIDE
    kernel = quartic(away[:, None] ** 2 + away[None, :] ** 2)
    shape = fft.next_fast_len(height + 2 * reach, True), fft.next_fast_len(width + 2 * reach, True)
    product = fft.rfft2(masses.reshape(height, width), shape, workers=-1) * fft.rfft2(kernel, shape, workers=-1)
    found = fft.irfft2(product, shape, workers=-1)
    return found[reach + 1 : reach + 1 + ROWS, reach + 1 : reach + 1 + COLUMNS]


def kdepy(points: Any) -> Any:
    """FFTKDE; its biweight of standard deviation 1 / sqrt(7) per radius is the quartic of this radius."""
    from KDEpy import FFTKDE

    x, y = centres()
    grid = np.stack(np.meshgrid(x, y[::-1], indexing="ij"), axis=-1).reshape(-1, 2)
    found = FFTKDE(kernel="biweight", bw=RADIUS / 7**0.5, norm=2).fit(points).evaluate(grid)
    return found.reshape(COLUMNS, ROWS).T[::-1] * len(points)


def scipy_kde(points: Any, cells: Any) -> Any:
    """gaussian_kde, whose kernel has the covariance of the points: here of the same area as a circle of SD 354 m."""
    from scipy.stats import gaussian_kde

    factor = SD / np.linalg.det(np.cov(points.T)) ** 0.25
    return gaussian_kde(points.T, bw_method=factor)(cells.T) * len(points)


def sklearn_kde(points: Any, cells: Any) -> Any:
    """KernelDensity, exact, with Epanechnikov's kernel: the smooth compact one that it has."""
    from sklearn.neighbors import KernelDensity

    found = KernelDensity(bandwidth=RADIUS, kernel="epanechnikov").fit(points)
    return np.exp(found.score_samples(cells)) * len(points)


class Program(NamedTuple):
    """How a program is called, with what kernel, and whether it computes chosen cells instead of the grid."""

    run: Callable[..., Any]
    kernel: str
    by_cell: int = 0
    most: int = SIZES[-1]


PROGRAMS = {
    "hotspots": Program(ours("quartic"), "quartic"),
    "plain binned FFT": Program(plain, "quartic"),
    "KDEpy FFTKDE": Program(kdepy, "quartic"),
    "hotspots, Epanechnikov": Program(ours("epanechnikov"), "epanechnikov", most=1_000_000),
    "scikit-learn": Program(sklearn_kde, "epanechnikov", by_cell=2_000, most=1_000_000),
    "hotspots, Gaussian": Program(ours("gaussian"), "gaussian", most=1_000_000),
    "scipy gaussian_kde": Program(scipy_kde, "covariance", by_cell=2_000, most=1_000_000),
    "hotspots, exact": Program(ours("quartic", exact=True), "quartic", most=1_000_000),
}


# --------------------------------------------------------------------------- points and the truth


def make_points(n: int) -> Any:
    """Return points half spread evenly over the force area, half in 40 clusters, all on the grid."""
    import geopandas as gpd
    import shapely

    outline = gpd.read_file(BOUNDARIES, layer="lsoa11").geometry.union_all()
    shapely.prepare(outline)
    rng = np.random.default_rng(20_26)
    low, high = np.array([WEST, SOUTH]) + 30, np.array([WEST + COLUMNS * SIDE, NORTH]) - 30
    middles = rng.uniform(low, high, (400, 2))
    middles = middles[shapely.contains_xy(outline, *middles.T)][:40]
    found = np.empty((0, 2))
    while len(found) < n:
        even = rng.uniform(low, high, (n, 2))
        near = middles[rng.integers(0, len(middles), n // 2)] + rng.normal(0, 1_200, (n // 2, 2))
        both = np.vstack([even, near])
        found = np.vstack([found, rng.permutation(both[shapely.contains_xy(outline, *both.T)])])
    return found[:n]


def quartic(d2: Any) -> Any:
    """Return the quartic kernel at a squared distance in metres."""
    return 3 / np.pi * np.maximum(1 - d2 / RADIUS**2, 0) ** 2 / RADIUS**2


def direct(points: Any, cells: Any, kernel: str) -> Any:
    """Return the sum of the kernel over all points, at every cell."""
    inverse = np.linalg.inv(np.cov(points.T)) * (np.linalg.det(np.cov(points.T)) ** 0.5 / SD**2)
    reach = RADIUS if kernel in ("quartic", "epanechnikov") else 9 * SD if kernel == "gaussian" else np.inf
    points = points[np.argsort(points[:, 0])]
    first, last = (np.searchsorted(points[:, 0], cells[:, 0] + side * reach) for side in (-1, 1))
    found = np.empty(len(cells))
    for k, cell in enumerate(cells):
        away = points[first[k] : last[k]] - cell
        away = away[np.abs(away[:, 1]) <= reach]
        d2 = away[:, 0] ** 2 + away[:, 1] ** 2
        if kernel == "quartic":
            found[k] = quartic(d2).sum()
        elif kernel == "epanechnikov":
            found[k] = 2 / np.pi * np.maximum(1 - d2 / RADIUS**2, 0).sum() / RADIUS**2
        elif kernel == "gaussian":
            found[k] = np.exp(-d2 / 2 / SD**2).sum() / (2 * np.pi * SD**2)
        else:
            squared = np.einsum("ij,jk,ik->i", away, inverse, away)
            found[k] = np.exp(-squared / 2).sum() / (2 * np.pi * SD**2)
    return found


def chosen_cells() -> tuple[Any, Any, Any]:
    """Return rows and columns of the cells that are compared, and their centres."""
    rng = np.random.default_rng(7)
    row, column = rng.integers(0, ROWS, CHECKED), rng.integers(0, COLUMNS, CHECKED)
    x, y = centres()
    return row, column, np.column_stack([x[column], y[row]])


# --------------------------------------------------------------------------- one process


def memory(line: str) -> float:
    """Return VmRSS (now) or VmHWM (peak) of this process in MB; 0 where the system does not tell."""
    status = Path("/proc/self/status")
    if not status.exists():
        return 0.0
    return next(int(x.split()[1]) / 1024 for x in status.read_text(encoding="utf-8").splitlines() if x.startswith(line))


def timed(call: Callable[[], Any]) -> tuple[float, float, Any]:
    """Return seconds on the clock, seconds of the processor, and the result."""
    clock, processor = time.perf_counter(), time.process_time()
    result = call()
    return time.perf_counter() - clock, time.process_time() - processor, result


def one_process(folder: Path, name: str, n: int) -> None:
    """Measure one program with n points, and print what came out."""
    program = PROGRAMS[name]
    points = np.load(folder / f"{n}.npy")
    truth = np.load(folder / f"{n}-{program.kernel}.npy")
    row, column, cells = chosen_cells()
    before = memory("VmRSS")
    if program.by_cell:
        times = ROWS * COLUMNS / program.by_cell

        def call() -> Any:
            return program.run(points, cells[: program.by_cell])

    else:
        times = 1.0

        def call() -> Any:
            return program.run(points)

    first, first_processor, result = timed(call)
    peak = memory("VmHWM") - before
    taken = [(first, first_processor)]
    if first < LONG:
        taken.clear()
        for _ in range(3 if first > LONG / 4 else 15):
            clock, processor, result = timed(call)
            taken.append((clock, processor))
    clock, processor = min(taken)
    found = result if program.by_cell else result[row, column]
    error = float(np.abs(found - truth[: len(found)]).max() / truth.max())
    late = first_processor - processor
    print(json.dumps([first * times, clock * times, processor * times, peak, error, late]))


class Row(NamedTuple):
    """What one program took with n points: seconds, MB, share of the peak, and processor seconds more at first."""

    name: str
    n: int
    first: float
    warm: float
    processor: float
    peak: float
    error: float
    late: float


def measure(folder: Path) -> list[Row]:
    """Return what every program takes at every size it can."""
    rows: list[Row] = []
    for n in SIZES:
        points = make_points(n)
        np.save(folder / f"{n}.npy", points)
        cells = chosen_cells()[2]
        for name, program in PROGRAMS.items():
            before = [row for row in rows if row.name == name]
            too_long = any(row.warm * n / row.n > MINUTES for row in before)
            if n > program.most or (program.by_cell and too_long):
                continue
            file = folder / f"{n}-{program.kernel}.npy"
            if not file.exists():
                np.save(file, direct(points, cells, program.kernel))
            command = [sys.executable, "-W", "ignore", __file__, "--one", str(folder), name, str(n)]
            done = subprocess.run(command, capture_output=True, text=True, check=True)
            rows.append(Row(name, n, *json.loads(done.stdout.splitlines()[-1])))
    return rows


# --------------------------------------------------------------------------- the rest of the surface


def rest(folder: Path) -> None:
    """Print how long edges, adaptive estimates, bandwidths and whole surfaces take, warm."""
    import geopandas as gpd
    import pandas as pd

    import hotspots as hs
    from hotspots.analysis.common.grid import Grid
    from hotspots.analysis.density.adaptive import adaptive_sums
    from hotspots.analysis.density.bandwidths import choose_bandwidth
    from hotspots.analysis.kernels.edge_mass import kernel_mass

    areas = gpd.read_file(BOUNDARIES, layer="lsoa11")
    outline = areas.geometry.union_all()
    points = np.load(folder / "100000.npy")
    million = np.load(folder / "1000000.npy")
    grid = Grid.over(outline, SIDE)
    row, column = np.nonzero(grid.inside)
    cells = np.column_stack([grid.across[column], grid.down[row]])
    own = np.random.default_rng(1).lognormal(np.log(800), 0.4, len(points))
    table = pd.DataFrame(points, columns=["easting", "northing"])
    table = table.assign(area_code=None, when=pd.NaT, kind="event")
    events = hs.Events(table, rows_read=len(table), identity=hs.studies.Identity(release="invented"))
    names = areas.assign(name="area", la_code="E08000025", la_name="Birmingham")
    area = hs.StudyArea(names.set_index(areas.columns[0]), identity=hs.studies.Identity(release="open"))
    stacked = million[np.random.default_rng(2).integers(0, 10_000, len(million))]

    def surface(**settings: Any) -> Callable[[], Any]:
        return lambda: hs.kernel_density(events, area, bandwidth=RADIUS, cell=SIDE, **settings)

    def choose(rule: Any) -> Callable[[], Any]:
        return lambda: choose_bandwidth(points, rule=rule, kernel="quartic", outline=outline)

    cases: dict[str, Callable[[], Any]] = {
        "kernel masses of 100,000 points": lambda: kernel_mass(points, outline, kernel="quartic", bandwidth=RADIUS),
        "kernel masses of 1,000,000 points": lambda: kernel_mass(million, outline, kernel="quartic", bandwidth=RADIUS),
        f"kernel masses of {len(cells):,} cells": lambda: kernel_mass(
            cells, outline, kernel="quartic", bandwidth=RADIUS, inside=np.ones(len(cells), dtype=bool)
        ),
        "adaptive sums, 100,000 points": lambda: adaptive_sums(
            points, np.ones(len(points)), grid, kernel="quartic", bandwidths=own
        ),
        "kernel sums, 1,000,000 points on 10,000 places": lambda: ours("quartic")(stacked),
        "kernel sums, exact, 1,000,000 points on 10,000 places": lambda: ours("quartic", exact=True)(stacked),
        "kernel_density of 100,000 events, Diggle": surface(),
        "kernel_density of 100,000 events, uniform": surface(edge="uniform"),
        "kernel_density of 100,000 events, adaptive, Diggle": surface(adaptive=True),
        "bandwidth by least-squares cross-validation, 100,000 points": choose("least-squares"),
        "bandwidth by likelihood cross-validation, 100,000 points": choose("likelihood"),
        "bandwidth by Diggle's error, 100,000 points": choose("diggle"),
    }
    print(f"\n{'the rest':<64}{'clock s':>9}{'proc. s':>9}")
    for words, call in cases.items():
        taken = [timed(call)[:2] for _ in range(2)]
        print(f"{words:<64}{min(taken)[0]:>9.2f}{min(taken)[1]:>9.2f}", flush=True)


# --------------------------------------------------------------------------- what came out


def print_table(rows: list[Row]) -> None:
    """Print every time beside this project's own with the nearest kernel."""
    print(f"\n{'points':>11}  {'program':<24}{'first s':>9}{'warm s':>9}{'proc. s':>9}{'MB':>7}{'error':>10}   beside")
    for row in sorted(rows, key=lambda row: row.n):
        own = next(r for r in rows if r.n == row.n and r.name == "hotspots")
        ratio = row.processor / own.processor
        words = "-" if row is own else f"{ratio:,.1f} times" if ratio >= 1 else f"{1 / ratio:,.1f} times as fast"
        numbers = f"{row.first:>9.2f}{row.warm:>9.3f}{row.processor:>9.2f}{row.peak:>7.0f}{row.error:>10.1e}"
        print(f"{row.n:>11,}  {row.name:<24}{numbers}   {words}")


def print_targets(rows: list[Row]) -> None:
    """Print what was aimed at, what came out, and whether that is enough."""
    found = {(row.name, row.n): row for row in rows}
    print("\nAimed at:")

    def say(met: bool, words: str) -> None:
        print(f"  {'met' if met else 'NOT MET':<9}{words}")

    for name in ("plain binned FFT", "KDEpy FFTKDE", "scikit-learn", "scipy gaussian_kde"):
        for n in SIZES:
            if (name, n) in found:
                peer, own = found[name, n], found["hotspots", n]
                better = own.error <= peer.error
                times = peer.processor / own.processor
                words = f"{times:,.1f} times as long, error {peer.error:.1e} beside {own.error:.1e}"
                exact = peer.error < 1e-9
                say(times >= 1 and (better or exact), f"{name}, {n:,} points: {words}")
    million, binned = found["hotspots", 1_000_000], found["plain binned FFT", 1_000_000]
    say(million.error <= 8e-5, f"at 1,000,000 points an error of {million.error:.1e}, at most 8e-05")
    say(
        binned.error / million.error >= 10,
        f"there {binned.error / million.error:.0f} times as accurate as plain binning",
    )
    grid = ROWS * COLUMNS * 8 / 2**20
    most = max(row.peak for row in rows if row.name == "hotspots")
    say(most <= 40 * grid, f"memory at most {most:.0f} MB beside a grid of {grid:.1f} MB")
    late = max(row.late for row in rows if row.name == "hotspots")
    say(late < 2, f"nothing is compiled: {late:.2f} processor seconds more in the first call, with imports")


def versions() -> str:
    """Return what is measured, by version."""
    found = []
    for name in ("numpy", "scipy", "kdepy", "scikit-learn"):
        try:
            found.append(f"{name} {version(name)}")
        except PackageNotFoundError:
            found.append(f"no {name}")
    return ", ".join(found)


def main() -> None:
    """Measure, and print the tables and what was aimed at."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--one", nargs=3, metavar=("FOLDER", "PROGRAM", "POINTS"), help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.one:
        one_process(Path(options.one[0]), options.one[1], int(options.one[2]))
        return
    print(f"Python {sys.version.split()[0]}, {versions()}; some eight minutes, in silence", flush=True)
    with tempfile.TemporaryDirectory() as folder:
        rows = measure(Path(folder))
        print_table(rows)
        print_targets(rows)
        rest(Path(folder))


if __name__ == "__main__":
    main()
