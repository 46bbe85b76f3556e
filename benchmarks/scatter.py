"""Two forms of scatter for the default null, each where it is true and where the other is: about five minutes.

Areas' risks differ at random. Either risks have one spread whatever the size of an area (variance of a count = mean +
mean^2 / shape), or they scatter less in larger areas so that the variance is everywhere the same multiple d of the mean
(proportional). Where all areas have as many people the two are the same. Compared are:

one d    beta-binomial, one dispersion for all windows
own d    beta-binomial, each window with its own dispersion, 1 + sum m^2 / (shape sum m): the variance of one spread
larger   the larger of the two p-values
exact    one spread itself, P(window = s) P(rest = C - s) / P(C), by Fourier sums of negative binomials; on three maps

First table, nothing planted: the share of areas flagged hot and cold at 5 %, unadjusted (nominal 2.5 each); the share
of maps with any Benjamini-Hochberg discovery (nominal at most 5); and by how much the flagged share of `exact` differs
from that of `own d`. Second table, hotspots of nine areas planted: the share of planted areas found, and the share of
hot areas whose window holds no planted one (nominal at most 5). In percent; ± is one standard error over maps.
"""

from __future__ import annotations

import argparse
from collections import defaultdict
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

import geopandas as gpd
import numpy as np
import pandas as pd
import scipy.fft
import shapely
from scipy.optimize import brentq

from hotspots.analysis.autocorrelation.neighbours import link_neighbours
from hotspots.analysis.autocorrelation.reference.binomial import beta_binomial_tails
from hotspots.analysis.common.dispersion import robust_dispersion
from hotspots.analysis.common.multiple_testing import adjust, two_sided

DATA = Path(__file__).resolve().parents[1] / "data" / "boundaries"
LEVEL = 0.05
FORMS = ("one d", "own d", "larger")
EXACT = 3

Floats = np.ndarray
Tails = tuple[Floats, Floats]


class Place(NamedTuple):
    """A map: people by area (n), and binary windows (n, n), SciPy sparse."""

    people: Floats
    window: Any


# --------------------------------------------------------------------------- where


def west_midlands() -> Place:
    """Return the 1,680 LSOAs of 2011: 1,000 to 5,000 people, nine in ten between 1,300 and 2,100."""
    areas = gpd.read_file(DATA / "west_midlands_lsoa11.gpkg", layer="lsoa11").set_index("lsoa11_code")
    people = pd.read_csv(DATA / "population_lsoa11_census2011.csv").set_index("lsoa11_code")["population"]
    return Place(people.reindex(areas.index).to_numpy(float), link_neighbours(areas).matrix(with_self=True))


def squares(side: int) -> gpd.GeoDataFrame:
    """Return a grid of 1 km squares."""
    row, column = np.divmod(np.arange(side * side), side)
    cells = shapely.box(400_000 + 1000 * column, 300_000 + 1000 * row, 401_000 + 1000 * column, 301_000 + 1000 * row)
    return gpd.GeoDataFrame(geometry=cells, index=[f"S{i:04d}" for i in range(side * side)], crs=27700)


def city() -> Place:
    """Return 400 squares with a city in the middle: nine times as many people at its heart as at the edge."""
    areas = squares(20)
    row, column = np.divmod(np.arange(400), 20)
    away = np.hypot(row - 9.5, column - 9.5)
    return Place(400 + 3200 * np.exp(-((away / 5) ** 2)), link_neighbours(areas).matrix(with_self=True))


def uneven() -> Place:
    """Return 400 squares, sizes at random as those of authorities are: lognormal, the middle nine tenths 1 to 10."""
    people = np.random.default_rng(11).lognormal(11.9, 0.7, 400)
    return Place(people, link_neighbours(squares(20)).matrix(with_self=True))


PLACES: dict[str, Callable[[], Place]] = {"LSOAs": west_midlands, "city": city, "uneven": uneven}

# --------------------------------------------------------------------------- what is true

Draw = Callable[[np.random.Generator, Floats], Floats]


def proportional(dispersion: float) -> Draw:
    """Draw counts with variance dispersion * mean, from gamma risks."""
    return lambda rng, mean: rng.poisson(rng.gamma(mean / (dispersion - 1)) * (dispersion - 1))


def one_spread(shape: float) -> Draw:
    """Draw counts with variance mean + mean^2 / shape, from gamma risks."""
    return lambda rng, mean: rng.poisson(mean * rng.gamma(shape, 1 / shape, len(mean)))


def lognormal(spread: float) -> Draw:
    """Draw counts from lognormal risks with mean 1 and this standard deviation of the logarithm."""
    return lambda rng, mean: rng.poisson(mean * rng.lognormal(-(spread**2) / 2, spread, len(mean)))


TRUTHS: dict[str, Draw] = {
    "constant risk": lambda rng, mean: rng.poisson(mean),
    "proportional 1.5": proportional(1.5),
    "proportional 3": proportional(3.0),
    "one spread 8": one_spread(8.0),
    "one spread 3": one_spread(3.0),
    "lognormal 0.5": lognormal(0.5),
}

# --------------------------------------------------------------------------- one spread, convolved


def convolution_tails(counts: Floats, mean: Floats, window: Any, shape: float, total: float) -> Tails:
    """Return both tails of every window's count given the total, areas being negative binomial with this shape.

    The window's distribution is a Fourier sum on a lattice long enough for its tail; that of the rest is one on a
    longer lattice, at the frequencies at which it is not 0. Right to about 1e-12 (absolute).
    """

    def log_transform(angle: Floats) -> Floats:
        return -shape * np.log1p(mean[:, None] / shape * -np.expm1(1j * angle)[None, :])

    def width(areas: Any) -> int:
        middle, variance = (areas @ mean).max(), (areas @ (mean + mean**2 / shape)).max()
        return int(middle + 12 * np.sqrt(variance) + 40 * (1 + mean.max() / shape))

    def largest(angle: float) -> float:
        logs = log_transform(np.array([angle])).real[:, 0]
        return float(logs.sum() - (window @ logs).min())

    length = scipy.fft.next_fast_len(width(window), real=True)
    inside = np.exp(window @ log_transform(-2 * np.pi * np.arange(length // 2 + 1) / length))
    within = np.maximum(scipy.fft.irfft(inside, length, axis=1), 0)
    # The modulus of a negative binomial's transform falls from 0 to pi: beyond some angle there is nothing.
    last = np.pi if largest(np.pi) > -36 else brentq(lambda angle: largest(angle) + 36, 0, np.pi)
    long = 2 * (length + width(np.ones((1, len(mean))))) + 1
    angle = 2 * np.pi * np.arange(1 + min((long - 1) // 2, int(last * long / (2 * np.pi)))) / long
    logs = log_transform(angle)
    rest = np.exp(logs.sum(axis=0) - window @ logs)
    rest[:, 1:] *= 2  # the negative frequencies
    s = np.arange(min(length, int(total) + 1))
    joint = within[:, : len(s)] * np.maximum((rest @ np.exp(-1j * np.outer(angle, total - s))).real, 0)
    hot, cold = np.cumsum(joint[:, ::-1], axis=1)[:, ::-1], np.cumsum(joint, axis=1)
    at = np.arange(len(counts)), counts.astype(int)
    return hot[at] / cold[:, -1], cold[at] / cold[:, -1]


# --------------------------------------------------------------------------- one map


class Verdict(NamedTuple):
    """What one form says of one map, by area (n)."""

    p: Floats
    hot: np.ndarray
    found: np.ndarray


def verdict(tails: Tails) -> Verdict:
    """Return the two-sided p-value, whether the hot tail is the smaller, and whether it is a discovery."""
    hot, cold = tails
    p, _ = two_sided((hot, hot), (cold, cold))
    return Verdict(p, hot < cold, adjust(p, method="benjamini-hochberg") <= LEVEL)


def judge(counts: Floats, place: Place, *, exactly: bool = False) -> tuple[dict[str, Verdict], float, float]:
    """Return the verdicts of all forms, the one dispersion, and the shape."""
    total, n = counts.sum(), len(counts)
    mean = place.people * total / place.people.sum()
    seen, expected = place.window @ counts, place.window @ mean
    one = robust_dispersion(counts, mean, relative=np.ones(n)) - 1
    spread = (robust_dispersion(counts, mean) - 1) / mean.mean()
    own = spread * (place.window @ mean**2) / expected
    with np.errstate(divide="ignore"):
        weights = total / np.concatenate([np.full(n, one), own])
    hot, cold = beta_binomial_tails(np.tile(seen, 2), np.full(2 * n, total), np.tile(expected / total, 2), weights)
    tails = {"one d": (hot[:n], cold[:n]), "own d": (hot[n:], cold[n:])}
    tails["larger"] = tuple(np.maximum(*pair) for pair in zip(tails["one d"], tails["own d"], strict=True))
    if exactly:
        tails["exact"] = tails["own d"]
        if spread > 1e-4:
            tails["exact"] = convolution_tails(seen, mean, place.window, 1 / spread, total)
    return {name: verdict(pair) for name, pair in tails.items()}, 1 + one, 1 / spread if spread else np.inf


def figure(values: list[float], *, decimals: int = 1) -> str:
    """Return a mean and its standard error, in percent."""
    found = 100 * np.array(values)
    return f"{found.mean():.{decimals}f} ±{found.std(ddof=1) / np.sqrt(len(found)):.{decimals}f}"


# --------------------------------------------------------------------------- tables


def null_row(place: Place, draw: Draw, mean: float, *, maps: int, seed: int) -> dict[str, str]:
    """Return what is flagged on maps with nothing planted."""
    rng = np.random.default_rng(seed)
    seen: dict[str, list[float]] = defaultdict(list)
    for i in range(maps):
        counts = draw(rng, place.people * mean / place.people.mean()).astype(float)
        verdicts, dispersion, shape = judge(counts, place, exactly=i < EXACT)
        seen["d"].append(dispersion)
        seen["shape"].append(shape)
        for name, (p, hot, found) in verdicts.items():
            seen[f"{name} hot"].append(((p <= LEVEL) & hot).mean())
            seen[f"{name} cold"].append(((p <= LEVEL) & ~hot).mean())
            seen[f"{name} maps"].append(found.any())
        if i < EXACT:
            seen["exact"].append((verdicts["exact"].p <= LEVEL).mean() - (verdicts["own d"].p <= LEVEL).mean())
    row = {"d": f"{np.mean(seen['d']):.2f}", "shape": f"{np.median(seen['shape']):.1f}"}
    for name in FORMS:
        row |= {f"{name} {side}": figure(seen[f"{name} {side}"]) for side in ("hot", "cold")}
        row[f"{name} maps"] = figure(seen[f"{name} maps"], decimals=0)
    return row | {"exact": figure(seen["exact"], decimals=2)}


def planted_row(place: Place, draw: Draw, mean: float, risk: float, *, maps: int, seed: int) -> dict[str, str]:
    """Return power and false discovery rate with hotspots of nine areas, one per 400."""
    rng = np.random.default_rng(seed)
    seen: dict[str, list[float]] = defaultdict(list)
    for _ in range(maps):
        planted = plant(rng, place)
        near = place.window @ planted > 0
        counts = draw(rng, place.people * mean / place.people.mean() * np.where(planted, risk, 1.0)).astype(float)
        for name, (_, hot, found) in judge(counts, place)[0].items():
            seen[f"{name} power"].append((found & hot)[planted].mean())
            seen[f"{name} FDR"].append((found & hot & ~near).sum() / max(1, (found & hot).sum()))
    return {f"{name} {kind}": figure(seen[f"{name} {kind}"]) for name in FORMS for kind in ("power", "FDR")}


def plant(rng: np.random.Generator, place: Place) -> np.ndarray:
    """Return which areas are planted: windows of nine areas, at random and apart."""
    planted = np.zeros(len(place.people), dtype=bool)
    size = np.diff(place.window.indptr)
    taken = planted.copy()
    while planted.sum() < 9 * max(1, len(planted) // 400):
        centre = rng.choice(np.flatnonzero((size == 9) & ~taken))
        members = place.window.indices[place.window.indptr[centre] : place.window.indptr[centre + 1]]
        planted[members] = True
        taken |= (place.window @ (place.window @ planted.astype(float))) > 0
    return planted


def rows(maps: int) -> Iterator[tuple[str, dict[str, str]]]:
    """Yield the rows of both tables."""
    for where, make in PLACES.items():
        place = make()
        for mean in (1, 5, 50):
            for k, (truth, draw) in enumerate(TRUTHS.items()):
                head = {"place": where, "events": str(mean), "truth": truth}
                yield "null", head | null_row(place, draw, mean, maps=maps, seed=100 * mean + k)
        for mean in (5, 50):
            for truth in ("proportional 1.5", "one spread 8"):
                for risk in (1.6, 2.0):
                    head = {"place": where, "events": str(mean), "truth": truth, "risk": str(risk)}
                    yield "planted", head | planted_row(place, TRUTHS[truth], mean, risk, maps=maps // 2, seed=mean)


def main() -> None:
    """Print both tables."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--maps", type=int, default=50, help="maps per row; half as many with hotspots planted")
    options = parser.parse_args()
    tables: dict[str, list[dict[str, str]]] = {"null": [], "planted": []}
    for kind, row in rows(options.maps):
        tables[kind].append(row)
    for table in tables.values():
        print(pd.DataFrame(table).to_string(index=False), flush=True)


if __name__ == "__main__":
    main()
