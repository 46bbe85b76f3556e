"""What the attacker knows of the counts, and every way in which a column may have been made from them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property

import geopandas as gpd
import numpy as np
from scipy import optimize, sparse, stats

SCALES = (1.0, 100.0, 1000.0, 10_000.0, 100_000.0)
"""Rates are per so many."""

EXACT = 1e-9
"""Relative: how far a number written in full may be from its formula."""

DISTINCT = 8
"""A column with fewer values is a class or a setting: it can't tell counts from one another."""

ENOUGH = 20
"""A formula is believed if it holds for so many areas: for fewer it could hold by chance."""


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

    @cached_property
    def people(self) -> np.ndarray:
        return self.table["population"].to_numpy()

    @cached_property
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


def formulas(known: Knowledge) -> Iterator[tuple[str, Callable[[np.ndarray], np.ndarray]]]:
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
