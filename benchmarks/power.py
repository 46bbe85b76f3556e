"""What hotspots and esda find where hotspots are planted, and what they find where nothing is: make power.

Each map of 24 x 24 areas holds three planted hotspots of 3 x 3 areas, of relative risk 1.3, 1.6 and 2.0; they change
places from map to map. Two worlds:

counts
    As many people everywhere, Poisson counts of mean 6. Both programs test counts by conditional or total
    randomisation: the same question, answered by computation here and by permutation there.
rates
    People cluster (600 to 3,200 an area) and risks scatter (variance of a count twice its mean, mean 3 to 16).
    hotspots tests counts under its default null, exchangeable risk; esda is given rates, as is usual.

A find is a planted area that is hot. A false discovery is a hot area whose window, the area and its Queen neighbours,
holds no planted area; the false discovery rate is the mean over maps of the share of such areas among hot ones.

"At 5 %" is after Benjamini-Hochberg over all areas, as each program gives its p-values. esda's `p_sim` is the smaller
of two tails ("directed"), half of a two-sided p-value: it is taken as it is and doubled. "At equal false discovery
rate" asks what would be found if every method were held to the same measured rate: the largest p-value at which the
mean over maps is at most 5 %, the same for all maps. Directed and doubled p-values then find the same.

esda's Gi* keeps the area's own count where it is and permutes its neighbours' only, so that its p-values are those of
Gi; hotspots is therefore shown with the area's own count in the window (Gi*) and without (Gi). esda runs as
constraints.txt installs it, without numba (with it, ties are broken by rounding, and p-values differ). Everything is
seeded: the table is the same every time, but for the seconds.
"""

from __future__ import annotations

import argparse
import time
import warnings
from collections.abc import Callable
from dataclasses import dataclass

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

SIDE, LEVEL = 24, 0.05
RISKS = (1.3, 1.6, 2.0)
CORNERS = ((5, 5), (5, 16), (16, 16), (16, 5))  # north-western areas of the places where a hotspot can be
WORLDS = ("counts", "rates")
RULES = ("Benjamini-Hochberg at 5 %", "equal false discovery rate")
MEASURES = [(rule, kind) for rule in RULES for kind in (*(f"risk {risk:g}" for risk in RISKS), "FDR")]


@dataclass(frozen=True)
class Map:
    """One map: areas with `count` and `people`, and the relative risk that was planted in each (n)."""

    areas: gpd.GeoDataFrame
    risk: np.ndarray


@dataclass(frozen=True)
class Answer:
    """What one method says of one map: p-values before and after adjustment, which areas are high, and seconds."""

    p: np.ndarray
    adjusted: np.ndarray
    high: np.ndarray
    seconds: float


# --------------------------------------------------------------------------- worlds


def squares() -> gpd.GeoDataFrame:
    """Return the areas, a kilometre wide."""
    row, column = np.divmod(np.arange(SIDE * SIDE), SIDE)
    west, south = 400_000 + 1000.0 * column, 300_000 - 1000.0 * row
    names = [f"square {i:03d}" for i in range(SIDE * SIDE)]  # in the order of text, in which results are sorted
    return gpd.GeoDataFrame(geometry=shapely.box(west, south, west + 1000, south + 1000), index=names, crs=27700)


def plant(number: int) -> np.ndarray:
    """Return the relative risk of every area of the map of this number (n)."""
    risk = np.ones((SIDE, SIDE))
    for step, planted in enumerate(RISKS):
        row, column = CORNERS[(number + step) % len(CORNERS)]
        risk[row : row + 3, column : column + 3] = planted
    return risk.ravel()


def draw(world: str, number: int, areas: gpd.GeoDataFrame) -> Map:
    """Return one map of a world."""
    rng = np.random.default_rng([WORLDS.index(world), number])
    risk = plant(number)
    if world == "counts":
        return Map(areas.assign(count=rng.poisson(6 * risk), people=2000.0), risk)
    row, column = np.divmod(np.arange(SIDE * SIDE), SIDE)
    away = np.hypot(row - (SIDE - 1) / 2, column - (SIDE - 1) / 2)
    people = np.round(600 + 2600 * np.exp(-((away / 7) ** 2)))
    # A gamma with the mean's own size as shape: the variance of a count is twice its mean.
    return Map(areas.assign(count=rng.poisson(rng.gamma(0.005 * people * risk)), people=people), risk)


# --------------------------------------------------------------------------- methods


def ours(world: str, *, with_self: bool) -> Callable[[Map, object, int], Answer]:
    """Return a method: getis_ord of this project."""
    from hotspots import getis_ord

    def run(drawn: Map, links: object, number: int) -> Answer:
        start = time.perf_counter()
        population = None if world == "counts" else "people"
        found = getis_ord(
            drawn.areas,
            links,
            column="count",
            population=population,
            with_self=with_self,
            adjustment="benjamini-hochberg",  # one family, as for the others
            level=LEVEL,
            release="open",
        )
        seconds = time.perf_counter() - start
        table = found.table.loc[drawn.areas.index]
        high = (table["p_hot_high"] < table["p_cold_high"]).to_numpy()
        return Answer(table["p_high"].to_numpy(), table["p_adjusted_high"].to_numpy(), high, seconds)

    return run


def theirs(world: str, permutations: int) -> Callable[[Map, object, int], Answer]:
    """Return a method: esda's Gi* by conditional permutation, one job, binary weights, p-values as esda gives them."""
    from esda import G_Local

    from hotspots.analysis.common.multiple_testing import adjust

    def run(drawn: Map, links: object, number: int) -> Answer:
        counts, people = drawn.areas["count"].to_numpy(float), drawn.areas["people"].to_numpy()
        graph = links.to_graph()  # type: ignore[attr-defined]
        start = time.perf_counter()
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", DeprecationWarning)  # of the default alternative, which is the one meant
            found = G_Local(
                counts if world == "counts" else 1000 * counts / people,
                graph,
                transform="B",
                star=True,
                permutations=permutations,
                keep_simulations=False,
                n_jobs=1,
                seed=number + 1,
            )
        p = np.asarray(found.p_sim, dtype=float)
        return Answer(p, adjust(p), found.Zs > 0, time.perf_counter() - start)

    return run


def doubled(answer: Answer) -> Answer:
    """Return the same answer with two-sided p-values."""
    from hotspots.analysis.common.multiple_testing import adjust

    p = np.minimum(1, 2 * answer.p)
    return Answer(p, adjust(p), answer.high, answer.seconds)


def ask(world: str, maps: list[Map], links: object) -> dict[str, list[Answer]]:
    """Return every method's answers to the maps of a world."""
    methods = {
        "hotspots Gi*": ours(world, with_self=True),
        "hotspots Gi": ours(world, with_self=False),
        "esda Gi*, 999": theirs(world, 999),
        "esda Gi*, 99,999": theirs(world, 99_999),
    }
    answers: dict[str, list[Answer]] = {}
    for name, run in methods.items():
        given = [run(drawn, links, number) for number, drawn in enumerate(maps)]
        if name.startswith("esda"):
            answers[f"{name} directed"] = given
            answers[f"{name} doubled"] = [doubled(answer) for answer in given]
        else:
            answers[name] = given
    return answers


# --------------------------------------------------------------------------- measures


def shares(hot: np.ndarray, risk: np.ndarray, near: np.ndarray) -> np.ndarray:
    """Return the share of planted areas found, by relative risk, and the share of hot areas that are false."""
    found = [float(hot[risk == planted].mean()) for planted in RISKS]
    return np.array([*found, (hot & ~near).sum() / max(1, hot.sum())])


def equal_rate(answers: list[Answer], nears: list[np.ndarray]) -> float:
    """Return the largest p-value at which the mean false discovery rate over maps is at most the level, or 0."""
    levels = np.unique(np.concatenate([answer.p[answer.high] for answer in answers]))
    rates = np.zeros(len(levels))
    for answer, near in zip(answers, nears, strict=True):
        p = answer.p[answer.high]
        order = np.argsort(p, kind="stable")
        false = np.append(0, np.cumsum(~near[answer.high][order]))
        hot = np.searchsorted(p[order], levels, side="right")
        rates += false[hot] / np.maximum(1, hot)
    held = levels[rates / len(answers) <= LEVEL]
    return float(held.max()) if len(held) else 0.0


def measure(maps: list[Map], answers: dict[str, list[Answer]], links: object) -> pd.DataFrame:
    """Return one row for every method and map: shares at 5 % and at equal rate."""
    window = links.matrix(with_self=True)  # type: ignore[attr-defined]
    nears = [window @ (drawn.risk > 1).astype(float) > 0 for drawn in maps]
    rows = []
    for name, given in answers.items():
        threshold = equal_rate(given, nears)
        for number, (answer, drawn, near) in enumerate(zip(given, maps, nears, strict=True)):
            adjusted = shares(answer.high & (answer.adjusted <= LEVEL), drawn.risk, near)
            equal = shares(answer.high & (answer.p <= threshold), drawn.risk, near)
            rows.append([name, number, *adjusted, *equal, threshold, answer.seconds])
    return pd.DataFrame(rows, columns=["method", "map", *MEASURES, "threshold", "seconds"])


def with_error(values: pd.Series) -> str:
    """Return a mean over maps with its standard error, in per cent."""
    return f"{100 * values.mean():5.1f} ±{100 * values.std(ddof=1) / np.sqrt(len(values)):4.1f}"


def summarise(measured: pd.DataFrame) -> pd.DataFrame:
    """Return one row a method: means over maps with standard errors, in per cent."""
    rows = {}
    for name, group in measured.groupby("method", sort=False):
        seconds, threshold = group["seconds"].median(), group["threshold"].iloc[0]
        rows[name] = [*(with_error(group[m]) for m in MEASURES), f"{threshold:.5f}", f"{seconds:.2f}"]
    columns = pd.MultiIndex.from_tuples([*MEASURES, (RULES[1], "p up to"), ("", "s/map")])
    return pd.DataFrame.from_dict(rows, orient="index").set_axis(columns, axis=1)


def differences(measured: pd.DataFrame) -> pd.DataFrame:
    """Return what other methods find more (+) or less (-) than hotspots Gi*, map by map, with standard errors."""
    found = [m for m in MEASURES if m[1] != "FDR"]
    groups = {str(name): group.set_index("map")[found] for name, group in measured.groupby("method", sort=False)}
    own = groups.pop("hotspots Gi*")
    rows = {name: [with_error(group[m] - own[m]) for m in found] for name, group in groups.items()}
    return pd.DataFrame.from_dict(rows, orient="index").set_axis(pd.MultiIndex.from_tuples(found), axis=1)


def main() -> None:
    """Draw the maps, ask every method, print the tables."""
    from hotspots import link_neighbours

    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--maps", type=int, default=36)
    number = parser.parse_args().maps
    start, areas = time.perf_counter(), squares()
    links = link_neighbours(areas)
    for world in WORLDS:
        maps = [draw(world, one, areas) for one in range(number)]
        measured = measure(maps, ask(world, maps, links), links)
        print(f"\nWorld of {world}: {number} maps of {SIDE * SIDE} areas. Per cent of planted areas found, by relative")
        print("risk, and false discovery rate (FDR), ± standard error over maps; median seconds a map.\n")
        print(summarise(measured).to_string())
        print("\nFound more (+) or less (-) than by hotspots Gi* on the same maps:\n")
        print(differences(measured).to_string(), flush=True)
    print(f"\n{time.perf_counter() - start:.0f} seconds in all, imports included")


if __name__ == "__main__":
    main()
