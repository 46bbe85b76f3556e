"""An attacker: all that can be tried with the files of a `publish` run to get hidden counts back.

What the attacker has: every file of the run (each column of each layer, styles, descriptions, lineage, the summary,
the text of every PDF, the words inside pictures, file names) and what the program said while it ran; the schema of the
files and this program's source, hence the rule and every formula; the boundaries and populations, which are public.

What the attacker does: each number is held against every formula by which it could have been made from the true counts.
A formula that holds for a whole column, to its last decimal, by some whole counts within the published intervals, is
believed and becomes linear constraints on the counts; `scipy.optimize.milp` then says what each count can still be.
Columns that the published intervals explain by themselves (their lowest, highest or middle values) tell nothing.

What the attacker does not have: other releases of the same records, knowledge of one patient, or a guess at what is
likely; all counts within an interval are equal. A number is given back if less is possible than its interval says.
"""

from __future__ import annotations

import json
import re
import shutil
import sqlite3
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import geopandas as gpd
import numpy as np
from PIL import Image
from scipy import optimize, sparse, stats

SCALES = (1.0, 100.0, 1000.0, 10_000.0, 100_000.0)
"""Rates are per so many."""

EXACT = 1e-9
"""Relative: how far a number written in full may be from its formula."""

DISTINCT = 8
"""A column with fewer values is a class or a setting: it can't tell counts from one another."""

ENOUGH = 20
"""A formula is believed if it holds for so many areas: for fewer it could hold by chance."""


# --------------------------------------------------------------------------- what is read


@dataclass
class Published:
    """The files of a run as an attacker reads them: layers, the summary, and every text by where it stands."""

    layers: dict[str, gpd.GeoDataFrame]
    summary: dict
    texts: dict[str, str]


def open_published(folder: Path, log: str = "") -> Published:
    """Return all that an attacker can read in a folder, and what the program said."""
    layers, texts = {}, {"what the program said": log}
    with sqlite3.connect(folder / "hotspots.gpkg") as file:
        tables = [name for (name,) in file.execute("select name from sqlite_master where type in ('table', 'view')")]
        for name in tables:
            if name.startswith("rtree_"):
                continue
            cursor = file.execute(f'select * from "{name}"')
            words = [str(cell) for row in cursor for cell in row if isinstance(cell, str)]
            texts[f"hotspots.gpkg, {name}"] = "\n".join(words)
        found = [name for (name,) in file.execute("select table_name from gpkg_contents where data_type = 'features'")]
    layers = {name: gpd.read_file(folder / "hotspots.gpkg", layer=name) for name in found}
    for path in sorted(p for p in folder.rglob("*") if p.is_file()):
        name = path.relative_to(folder).as_posix()
        texts[f"the name of {name}"] = name
        if path.suffix == ".pdf" and shutil.which("pdftotext"):
            texts[name] = "\n".join(
                subprocess.run([*command, str(path), *end], capture_output=True, check=True, text=True).stdout
                for command, end in ((["pdftotext"], ["-"]), (["pdfinfo"], []))
            )
        elif path.suffix == ".png":
            with Image.open(path) as picture:
                texts[name] = "\n".join(str(value) for value in picture.info.values())
        elif path.suffix in {".json", ".qml", ".sld", ".xml", ".txt", ".log"}:
            texts[name] = path.read_text(encoding="utf-8")
    return Published(layers, json.loads((folder / "summary.json").read_text(encoding="utf-8")), texts)


# --------------------------------------------------------------------------- what is known


@dataclass
class Knowledge:
    """What is known of the counts: an interval for each number, and equations between them.

    The first n numbers are the counts of the areas; more can be added, such as the rows that were dropped.
    """

    table: gpd.GeoDataFrame
    low: np.ndarray
    high: np.ndarray
    names: list[str]
    rows: list[tuple[dict[int, float], float, float]] = field(default_factory=list)
    whole: list[bool] = field(default_factory=list)
    hidden: list[bool] = field(default_factory=list)

    @classmethod
    def of_layer(cls, layer: gpd.GeoDataFrame) -> Knowledge:
        """Return what a layer says by its columns `observed_low` and `observed_high`."""
        table = layer.set_index("area_id")
        low, high = table["observed_low"].to_numpy(), table["observed_high"].to_numpy()
        return cls(table, low, high, list(table.index), [], [True] * len(table), [True] * len(table))

    def __len__(self) -> int:
        return len(self.table)

    @property
    def people(self) -> np.ndarray:
        return self.table["population"].to_numpy()

    @property
    def window(self) -> np.ndarray:
        """Ones where an area touches another (n, n), itself included."""
        shapes = self.table.geometry.buffer(0.05).to_numpy()
        left, right = self.table.sindex.query(shapes, predicate="intersects")
        window = np.zeros((len(self), len(self)))
        window[left, right] = 1
        return window

    def copy(self) -> Knowledge:
        return Knowledge(
            self.table, self.low, self.high, list(self.names), list(self.rows), list(self.whole), list(self.hidden)
        )

    def add(self, name: str, low: float, high: float, *, whole: bool = True, hidden: bool = True) -> int:
        """Add a number and return its place; `hidden` if its interval is a rule's, which must not be narrowed."""
        self.low, self.high = np.append(self.low, low), np.append(self.high, high)
        self.names.append(name)
        self.whole.append(whole)
        self.hidden.append(hidden)
        return len(self.names) - 1

    def learn(self, terms: Mapping[int, float], low: float, high: float) -> None:
        """Add an equation: the weighted sum of these numbers lies from low to high."""
        self.rows.append(({k: v for k, v in terms.items() if v}, low, high))

    def group(self, code: str | None) -> dict[int, float]:
        """Return the areas of an authority, or all, with the weight one."""
        inside = np.ones(len(self), bool) if code is None else (self.table["la_code"] == code).to_numpy()
        return dict.fromkeys(map(int, np.flatnonzero(inside)), 1.0)

    def extreme(self, terms: Mapping[int, float], *, sign: int, whole: bool = True) -> float | None:
        """Return the lowest (sign 1) or the highest (-1) value of a sum, None if the equations contradict each other.

        Without `whole` the counts may be fractions: quicker, and never narrower than the truth.
        """
        cost = np.zeros(len(self.names))
        cost[list(terms)] = sign * np.array(list(terms.values()))
        found = self._solve(cost, whole=whole)
        if found.status == 2:
            return None
        # Where time ran out, the solver's bound holds all the same: it never says less is possible than is.
        return float(sign * (found.fun if found.status == 0 else found.mip_dual_bound))

    def _solve(self, cost: np.ndarray, *, whole: bool) -> optimize.OptimizeResult:
        constraints = []
        if self.rows:
            at = [(i, k, v) for i, (terms_, _, _) in enumerate(self.rows) for k, v in terms_.items()]
            i, k, v = (np.array(column) for column in zip(*at, strict=True))
            matrix = sparse.csr_array((v.astype(float), (i, k)), shape=(len(self.rows), len(self.names)))
            constraints = [optimize.LinearConstraint(matrix, *zip(*[row[1:] for row in self.rows], strict=True))]
        return optimize.milp(
            cost,
            integrality=np.array(self.whole, float) if whole else None,
            bounds=optimize.Bounds(self.low, self.high),
            constraints=constraints,
            options={"time_limit": 5.0, "mip_rel_gap": 0.0},
        )

    def possible(self, *, whole: bool = True) -> bool:
        """Whether counts are found that fit all the equations."""
        return self._solve(np.zeros(len(self.names)), whole=whole).x is not None

    def narrowed(self, *, stop: int | None = None, whole: bool = True) -> dict[str, tuple[float, float]]:
        """Return what each number can still be, of those that can be less than their interval says."""
        found: dict[str, tuple[float, float]] = {}
        for place, name in enumerate(self.names):
            if not self.hidden[place] or self.low[place] == self.high[place]:
                continue
            least, most = (self.extreme({place: 1.0}, sign=sign, whole=whole) for sign in (1, -1))
            assert least is not None
            assert most is not None
            least, most = np.ceil(least - 1e-6), np.floor(most + 1e-6)
            if least > self.low[place] or most < self.high[place]:
                found[name] = (float(least), float(most))
                if stop and len(found) >= stop:
                    break
        return found


# --------------------------------------------------------------------------- what a column could be


def slack_of(values: np.ndarray) -> np.ndarray:
    """Return how far each number may be from its formula: half a unit of the last decimal, or next to nothing."""
    known = values[np.isfinite(values)]
    for decimals in range(5):
        if np.allclose(known, np.round(known, decimals), rtol=0, atol=1e-12):
            return np.full(len(values), 0.5 * 10.0**-decimals * (1 + 1e-9))
    return EXACT * np.abs(values) + 1e-12


def formulas(known: Knowledge) -> Iterator[tuple[str, callable]]:
    """Give every formula by which a column may come from whole counts."""
    window, people = known.window, known.people
    beside = window - np.eye(len(known))

    def z(values: np.ndarray) -> np.ndarray:
        # Ord and Getis (1995), equation 5, with weights of one.
        n, size = len(values), window.sum(axis=1)
        return (window @ values - size * values.mean()) / (values.std() * np.sqrt((n * size - size**2) / (n - 1)))

    def z_beside(values: np.ndarray) -> np.ndarray:
        # Equation 4: mean and variance without the area itself.
        others, size = len(values) - 1, beside.sum(axis=1)
        mean = (values.sum() - values) / others
        variance = ((values**2).sum() - values**2) / others - mean**2
        return (beside @ values - size * mean) / np.sqrt(variance * (others * size - size**2) / (others - 1))

    def moran(values: np.ndarray) -> np.ndarray:
        # Anselin (1995), equation 7, with weights that add to one.
        apart = values - values.mean()
        return apart / np.mean(apart**2) * (beside @ apart) / beside.sum(axis=1)

    yield "count", lambda x: x
    yield "window sum", lambda x: window @ x
    yield "sum of the neighbours", lambda x: beside @ x
    yield "share of all", lambda x: x / x.sum()
    yield "expected", lambda x: people * x.sum() / people.sum()
    for per in SCALES:
        yield f"rate per {per:,.0f}", lambda x, per=per: per * x / people
        yield f"rate of the window per {per:,.0f}", lambda x, per=per: per * (window @ x) / (window @ people)
    for what, transform in (("counts", lambda x: x), ("rates", lambda x: 1000 * x / people)):
        yield f"Gi* z of {what}", lambda x, t=transform: z(t(x))
        yield f"Gi z of {what}", lambda x, t=transform: z_beside(t(x))
        yield f"Local Moran's I of {what}", lambda x, t=transform: moran(t(x))
        yield f"p of Gi* z of {what}", lambda x, t=transform: 2 * stats.norm.sf(np.abs(z(t(x))))


def explained(known: Knowledge, values: np.ndarray) -> bool:
    """Whether a column is made of the published intervals: of all lows, all highs, or all middles."""
    low, high = known.low[: len(known)], known.high[: len(known)]
    slack, there = slack_of(values), np.isfinite(values)
    if len(set(values[there])) < DISTINCT or np.allclose(values[there], known.people[there]):
        return True
    sizes = known.window.sum(axis=1)
    if np.allclose(values[there], sizes[there]) or np.allclose(values[there], sizes[there] - 1):
        return True
    return any(
        bool((np.abs(made(fill.astype(float)) - values) <= slack)[there].all())
        for fill in (low, high, (low + high) / 2)
        for _, made in formulas(known)
    )


def invert(known: Knowledge, column: str, values: np.ndarray) -> Iterator[tuple[str, Knowledge]]:
    """Give every reading of a column that some whole counts within the intervals fit to the last decimal."""
    for formula, read in (*_linear_readings(known, values), *_fitted(known, values)):
        if len(read.rows) - len(known.rows) >= ENOUGH and read.possible(whole=False) and read.possible():
            yield f"{column}: {formula}", read


def _linear_readings(known: Knowledge, values: np.ndarray) -> Iterator[tuple[str, Knowledge]]:
    """Give readings as sums of counts, or as z-scores of sums."""
    slack, n, window = slack_of(values), len(known), known.window
    there = np.flatnonzero(np.isfinite(values))
    one = np.eye(n)
    sums = [("count", one, np.ones(n)), ("window sum", window, np.ones(n)), ("neighbours", window - one, np.ones(n))]
    # A rate may come with a denominator of its own.
    for name in known.table.select_dtypes("number"):
        below = known.table[name].to_numpy(dtype=float)
        # What is made of the intervals is no denominator, but people are.
        if (
            (below[there] > 0).all()
            and not np.array_equal(below, values)
            and (name == "population" or not explained(known, below))
        ):
            sums += [(f"rate per {per:,.0f} of {name}", one, below / per) for per in SCALES]
            sums += [(f"rate of the window per {per:,.0f} of {name}", window, window @ below / per) for per in SCALES]
    for formula, weights, size in sums:
        least, most = np.ceil((values - slack) * size - 1e-9), np.floor((values + slack) * size + 1e-9)
        in_reach = (weights @ known.low[:n] <= most) & (least <= weights @ known.high[:n]) & (least <= most)
        if in_reach[there].all():
            yield formula, _with_sums(known, weights, least, most, there)
    for formula, low, high, rows in _as_scores(known, values, slack, there):
        for what, size in (("counts", np.ones(n)), ("rates", known.people / 1000)):
            yield f"{formula} of {what}", _with_scores(known, low, high, size, rows)
    whole_windows = _binomial_windows(known, values, slack, there)
    if whole_windows is not None:
        yield "binomial p", _with_sums(known, window, whole_windows, whole_windows, there)


def _with_sums(known: Knowledge, weights: np.ndarray, low: np.ndarray, high: np.ndarray, rows) -> Knowledge:
    read = known.copy()
    for i in rows:
        read.learn(dict(enumerate(weights[i])), low[i], high[i])
    return read


def _as_scores(known: Knowledge, values: np.ndarray, slack: float, there: np.ndarray):
    """Give readings of a column as z-scores: lowest, highest, and the rows that can be read so."""
    yield "Gi* z", values - slack, values + slack, there
    if not ((values[there] >= 0) & (values[there] <= 1)).all():
        return
    if slack.max() < 1e-6:
        slack = EXACT * values  # the smallest p-values are written in full too
    least, most = np.clip(values - slack, 1e-300, 1), np.clip(values + slack, 1e-300, 1)
    told = there[most[there] > 1e-300]
    yield "p of the upper tail", stats.norm.isf(most), stats.norm.isf(least), told
    # A two-sided p has no sign; where it is small, the middles of the intervals tell it.
    guess = dict(formulas(known))["Gi* z of rates"]((known.low[: len(known)] + known.high[: len(known)]) / 2)
    low, high = stats.norm.isf(most / 2), stats.norm.isf(least / 2)
    sign, sure = np.sign(guess), told[(np.abs(guess[told]) > 1) & (low[told] > 0.5)]
    yield "two-sided p", np.where(sign > 0, low, -high), np.where(sign > 0, high, -low), sure


def _with_scores(known: Knowledge, low: np.ndarray, high: np.ndarray, size: np.ndarray, rows) -> Knowledge:
    """Return equations for z-scores: linear in the counts and in their standard deviation, one unknown more."""
    read, n, window = known.copy(), len(known), known.window
    spread = read.add("standard deviation", 1e-3, 1e6, whole=False, hidden=False)
    members = window.sum(axis=1)
    scale = np.sqrt((n * members - members**2) / (n - 1))
    weights = (window - members[:, None] / n) / size[None, :]
    for i in rows:
        terms = dict(enumerate(weights[i]))
        read.learn({**terms, spread: -low[i] * scale[i]}, 0, np.inf)
        read.learn({**terms, spread: -high[i] * scale[i]}, -np.inf, 0)
    return read


def _binomial_windows(known: Knowledge, values: np.ndarray, slack: float, there: np.ndarray) -> np.ndarray | None:
    """Return the window sums behind a column of exact p-values, P(Binomial(all events, share of people) >= sum)."""
    if not len(there) or not ((values[there] >= 0) & (values[there] <= 1)).all():
        return None
    n, window = len(known), known.window
    share = window @ known.people / known.people.sum()
    # The p-values nearest to the middle tell most; few candidates for the total survive the first of them.
    order = there[np.argsort(np.abs(values[there] - 0.5))]
    for total in range(int(known.low[:n].sum()), int(known.high[:n].sum()) + 1):
        sums = np.full(n, np.nan)
        for i in order:
            reach = np.arange(window[i] @ known.low[:n], window[i] @ known.high[:n] + 1)
            off = np.abs(stats.binom.sf(reach - 1, total, share[i]) - values[i])
            if off.min() > slack[i]:
                break
            sums[i] = reach[off.argmin()]
        else:
            return sums
    return None


def _fitted(known: Knowledge, values: np.ndarray) -> Iterator[tuple[str, Knowledge]]:
    """Give the counts from which Local Moran's formula makes the column: by least squares, and then made whole.

    The formula is the same for a * x + b, so least squares finds the counts but for a and b. The counts of two areas
    give those, and of two areas all counts can be tried.
    """
    low, high = known.low[: len(known)].astype(float), known.high[: len(known)].astype(float)
    there, slack, free = np.isfinite(values), slack_of(values), low < high
    made = dict(formulas(known))
    for what, size in (("counts", np.ones(len(known))), ("rates", known.people / 1000)):
        formula = f"Local Moran's I of {what}"

        def counts_of(part: np.ndarray) -> np.ndarray:
            counts = low.copy()
            counts[free] = part
            return counts

        def misses(part: np.ndarray, formula: str = formula) -> np.ndarray:
            return (made[formula](counts_of(part)) - values)[there]

        ends = (low[free] - 0.5, high[free] + 0.5)
        fit = counts_of(optimize.least_squares(misses, ((low + high) / 2)[free], bounds=ends, max_nfev=60).x) / size
        first, last = int(fit.argmin()), int(fit.argmax())
        for one in np.arange(low[first], high[first] + 1):
            for other in np.arange(low[last], high[last] + 1):
                a = (other / size[last] - one / size[first]) / (fit[last] - fit[first])
                counts = np.rint(size * (one / size[first] + a * (fit - fit[first])))
                if (counts < low).any() or (counts > high).any() or np.ptp(counts / size) == 0:
                    continue
                if (np.abs(made[formula](counts) - values) <= slack)[there].all():
                    yield formula, _with_sums(known, np.eye(len(known)), counts, counts, range(len(known)))


def read_columns(published: Published, layer: str, known: Knowledge) -> Iterator[tuple[str, Knowledge]]:
    """Give every reading of every column of a layer that is more than the published intervals."""
    table = published.layers[layer].set_index("area_id").loc[known.table.index]
    for column in table.select_dtypes("number"):
        values = table[column].to_numpy(dtype=float)
        if not explained(known, values):
            yield from invert(known, f"{layer}.{column}", values)


# --------------------------------------------------------------------------- what the texts say


RANGE = re.compile(r"(?<![\w.])(\d[\d,]*)(?:(?: to |-|–)(\d[\d,]*))?(?![\w.]*\w)")


def as_range(value: object) -> tuple[float, float] | None:
    """Return a number or a range in words as its two ends; None for anything else."""
    if isinstance(value, list) and len(value) == 2 and all(isinstance(one, int | float) for one in value):
        return float(value[0]), float(value[1])
    if isinstance(value, int | float) and not isinstance(value, bool):
        return float(value), float(value)
    found = RANGE.fullmatch(value) if isinstance(value, str) else None
    if not found:
        return None
    first, last = found[1].replace(",", ""), (found[2] or found[1]).replace(",", "")
    return float(first), float(last)


UNPLACED = ("no area code", "no usable location", "unusable area code", "area code of another vintage")
"""Reasons for which a row is an event of the source and still in no area."""


def learn_audit(known: Knowledge, source: Mapping, years: Sequence[tuple[float, float]] = ()) -> None:
    """Add what the summary says of a source: how its rows add up, and its yearly numbers as read off the chart."""
    areas = known.group(None)
    outside = known.add("outside", *as_range(source["outside"]))
    dropped = {reason: known.add(f"dropped, {reason}", *as_range(v)) for reason, v in source["dropped"].items()}
    events = {**areas, outside: 1.0, **{at: 1.0 for reason, at in dropped.items() if reason in UNPLACED}}
    wholes = {"rows_read": {**areas, outside: 1.0, **dict.fromkeys(dropped.values(), 1.0)}, "kept": events}
    wholes["observed"] = areas
    for name, parts in wholes.items():
        if name in source:
            known.learn(parts, *as_range(source[name]))
    ways = [
        known.add(how, *as_range(source[how]), hidden=False)
        for how in ("joined_by_code", "joined_by_point")
        if how in source
    ]
    if len(ways) == 2:
        known.learn({**areas, ways[0]: -1.0, ways[1]: -1.0}, 0, 0)
    places = [k for k in ("outside_by_code", "outside_by_point") if k in source]
    if len(places) == 2:
        ends = [known.add(how, *as_range(source[how]), hidden=False) for how in places]
        known.learn({outside: 1.0, ends[0]: -1.0, ends[1]: -1.0}, 0, 0)
    if years:
        numbers = [known.add(f"year {i + 1}", *bounds) for i, bounds in enumerate(years)]
        known.learn({**events, **dict.fromkeys(numbers, -1.0)}, 0, 0)


UNDERSTOOD = re.compile(
    r"areas|versions|inputs|files|seconds|clustering|correlograms|surfaces|schools|schools_read"
    r"|hotspots\.\w+\.\w+\.(settings|classes|certainty|places)|sources\.\w+\.(rows_read|kept|joined_by_\w+|outside\w*"
    r"|observed|dropped|areas_with\w+|distinct_points|passed_over_codes)"
)
"""Of the summary's numbers, those whose meaning the schema tells: numbers of areas, settings, and the audit."""


def leaves(value: object, path: str = "") -> Iterator[tuple[str, object]]:
    """Give every value of nested lists and tables with its path."""
    if isinstance(value, Mapping):
        for key, inner in value.items():
            yield from leaves(inner, f"{path}.{key}" if path else str(key))
    elif isinstance(value, list):
        for number, inner in enumerate(value):
            yield from leaves(inner, f"{path}.{number}")
    else:
        yield path, value


def told_totals(
    published: Published, known: Knowledge, words: Sequence[str]
) -> Iterator[tuple[str, dict, float, float]]:
    """Give every number that may be a total of counts: where it stands, of which areas, lowest and highest.

    Parameters
    ----------
    words
        What events of the source are called.
    """
    authorities = dict(zip(known.table["la_code"], known.table["la_name"], strict=True))

    def of(context: str) -> dict[int, float]:
        named = [code for code, name in authorities.items() if code in context or name in context]
        return known.group(named[0] if len(named) == 1 else None)

    for path, value in leaves(published.summary):
        bounds = as_range(value)
        if bounds and not UNDERSTOOD.match(path):
            yield f"summary.json, {path}", of(path), *bounds
    called = "|".join(map(re.escape, words))
    sentence = re.compile(RANGE.pattern + rf"[ \n](?:[^\W\d]+ ){{0,2}}?(?:{called})", re.IGNORECASE)
    for where, text in published.texts.items():
        for found in sentence.finditer(text):
            ends = as_range(f"{found[1]} to {found[2] or found[1]}")
            yield f"{where}: {found[0]!r}", of(text[max(0, found.start() - 60) : found.end() + 60]), *ends


def told_counts(published: Published, known: Knowledge) -> Iterator[tuple[str, int, float]]:
    """Give every number that stands right after the code or the name of an area, and could be its count."""
    names = {**{code: i for i, code in enumerate(known.table.index)}}
    names |= {name: i for i, name in enumerate(known.table["name"])}
    pattern = re.compile(
        "(" + "|".join(map(re.escape, names)) + r")\b[^\d\n]{0,60}?(?<![\w.])(\d{1,4})(?![\w.]*\w)", re.IGNORECASE
    )
    for where, text in published.texts.items():
        for found in pattern.finditer(text):
            place, number = names.get(found[1], -1), float(found[2])
            if known.low[place] <= number <= known.high[place]:
                yield f"{where}: {found[0]!r}", place, number


# --------------------------------------------------------------------------- the attack


def attack(
    published: Published, layer: str, *, words: Sequence[str], years: Sequence[tuple[float, float]] = (), stop: int = 3
) -> dict[str, dict[str, tuple[float, float]]]:
    """Return which numbers are given back, by what gives them back; empty if nothing does.

    Parameters
    ----------
    layer
        The layer with the intervals, e.g. ``"admissions_getis_ord"``.
    words
        What its events are called.
    years
        Its yearly numbers, as read off the chart.
    stop
        How many numbers are enough for one way.
    """
    known = Knowledge.of_layer(published.layers[layer])
    name = layer.removesuffix("_getis_ord")
    found: dict[str, dict[str, tuple[float, float]]] = {}

    def report(way: str, narrowed: dict[str, tuple[float, float]]) -> None:
        if narrowed:
            found[way] = narrowed

    audit = known.copy()
    learn_audit(audit, published.summary["sources"][name], years)
    report("sums of the summary and the charts", audit.narrowed(stop=stop))
    for other in (layer, layer.replace("getis_ord", "local_moran")):
        for way, read in read_columns(published, other, known):
            # Fractions are quicker; only what they can't tell apart is asked of whole numbers.
            report(way, read.narrowed(stop=stop, whole=False) or read.narrowed(stop=stop))
    for where, group, low, high in told_totals(published, known, words):
        ends = [sum(bound[i] for i in group) for bound in (known.low, known.high)]
        if ends[0] <= low <= high <= ends[1] and 4 > high - low < ends[1] - ends[0]:
            # A total is a number of people too, and may be told no closer than to the nearest five.
            report(where, {"total": (low, high)})
    for where, place, number in told_counts(published, known):
        report(where, {known.names[place]: (number, number)})
    return found
