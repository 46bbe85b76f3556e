"""Expected counts given covariates of the areas, or along a smooth trend: the fitted values of a regression."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Final, NamedTuple

import numpy as np
import pandas as pd

from hotspots.analysis.common import robust_dispersion
from hotspots.analysis.expected.negative_binomial import Fit, fit_counts
from hotspots.analysis.expected.own_counts import replace_expected
from hotspots.analysis.expected.trend import trend_terms
from hotspots.errors import AnalysisError, list_briefly, plural
from hotspots.model import AreaCounts, ExpectedMethod, Slope, combine, text_ids
from hotspots.vocabulary import OPEN

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

__all__ = ["with_expected_given"]

AREAS_FOR_A_SLOPE: Final = 10
"""Areas for each term of a regression on covariates below which it is refused."""
REPEATS: Final = 1e-7
"""A covariate of which less than this share is left by the others repeats them."""
CLIP: Final = 1.5
"""Standard deviations from what is expected at which counts are clipped for a trend ..."""
LEAST_REACH: Final = 3.0
"""... but never nearer than this, in events."""
ROUNDS: Final = 20
CLOSE: Final = 1e-3
"""Of the logarithm of what is expected: clipped counts then no longer change it."""
NORMAL_95: Final = 1.959964


def with_expected_given(
    counts: AreaCounts,
    covariates: pd.DataFrame | None = None,
    *,
    trend_km: float | None = None,
    release: str = OPEN,
) -> AreaCounts:
    """Return counts with expected counts given covariates of the areas, or along a smooth trend, or both.

    A negative binomial regression of the counts, by maximum likelihood: the logarithm of the expected count is that of
    the shares of people (or of the expected counts that `counts` have already, as by age), plus a line in every
    covariate, plus the trend. What is tested then is whether risk clusters beyond that. Areas within the fit have a
    hand in it: their differences from the line are a little smaller than those of other areas would be, so that the
    test flags rather less than its level (docs/null_hypotheses.md).

    Do not read a slope as an effect on people: it is of areas. A risk that is no line in a covariate leaves a pattern,
    which is found. A trend follows hotspots that are as wide as its scale, and hides them.

    Parameters
    ----------
    counts
        Counts by area, protected where they are of people. Suppressed counts count by the chance of their interval;
        p-values are then bounds over several estimates, see `further_expected` of `AreaCounts`.
    covariates
        Numbers indexed by area id; a column's name is what readers see. An area without one of them is not tested.
    trend_km
        Scale of a smooth trend: distance in km between the knots of a thin-plate regression spline.
    release
        Mark of the covariates.

    Raises
    ------
    AnalysisError
        If a covariate is infinite, the same everywhere or a combination of others, or areas or events are too few.

    References
    ----------
    Breslow, N. E. (1984), Applied Statistics 33, 38-44 (log-linear models of counts with extra variation); see
    `negative_binomial` and `trend`.
    """
    ready = _prepare(counts, covariates, trend_km)
    given, low, high = ready.given, *ready.bounds(counts)
    found, clipped = ready.fit(low, high)
    further = [ready.expected(ready.fit(fill, fill)[0]) for fill in _fills(low, high, ready.design[ready.fitted])]
    start = counts.expectation or ExpectedMethod(base="population", title="population")
    method = replace(
        start,
        given=_slopes(found, given, ready.fitted),
        trend_km=trend_km,
        trend_terms=ready.trend_terms if trend_km is not None else None,
        areas_fitted=int(ready.fitted.sum()),
        dispersion=round(found.dispersion, 6),
        counts_clipped=clipped if trend_km is not None else None,
        estimates=1 + len(further),
    )
    return replace_expected(
        counts,
        ready.expected(found),
        method=method,
        reasons=ready.reasons,
        identity=combine(counts, notes=counts.notes, release=release if given.shape[1] else None),
        further=pd.concat(further, axis=1) if further else None,
    )


# --------------------------------------------------------------------------- what goes into the fit


class _Ready(NamedTuple):
    """What a regression is made of, area by area."""

    given: pd.DataFrame
    """Covariates (n, p)."""
    design: Floats
    """A constant, standardised covariates and the terms of the trend (n, k)."""
    exposure: Floats
    """People, or expected counts by another way (n); missing where there are none."""
    reasons: dict[str, str]
    """Area id → why nothing can be expected of it."""
    fitted: NDArray[np.bool_]
    """Areas of the fit (n): those that have a count too."""

    def bounds(self, counts: AreaCounts) -> tuple[Floats, Floats]:
        """Return the bounds of the counts of the fit."""
        table = counts.table[["observed_low", "observed_high"]].to_numpy(dtype=float)[self.fitted]
        return table[:, 0], table[:, 1]

    @property
    def trend_terms(self) -> int:
        """Number of terms of the trend; 0 without one."""
        return int(self.design.shape[1] - self.given.shape[1] - 1)

    def fit(self, low: Floats, high: Floats) -> tuple[Fit, int]:
        """Return the regression of the areas of the fit, and how many counts were clipped for it.

        A trend has so many terms that one address of ten times the risk would raise what is expected all around it,
        and leave its neighbours cold. For a trend counts are therefore clipped at 1.5 standard deviations from what is
        expected, as for the dispersion (Huber 1981, Robust Statistics, section 7.7: pseudo-values). All areas are
        clipped alike, and only proportions matter.
        """
        design, exposure = self.design[self.fitted], self.exposure[self.fitted]
        found = fit_counts(low, high, design, exposure=exposure)
        clipped = 0
        for _ in range(ROUNDS if self.trend_terms else 0):
            before, (least, most) = found.mean, _clipped(low, high, found.mean)
            clipped = int(((least != low) & (most != high)).sum())
            found = fit_counts(least, most, design, exposure=exposure)
            if float(np.abs(np.log(found.mean / before)).max()) < CLOSE:
                break
        return found, clipped

    def expected(self, found: Fit) -> pd.Series:
        """Return what a fit expects of every area, whether or not it has a count; missing where it can't."""
        values = self.exposure * np.exp(self.design @ found.slopes)
        return pd.Series(values, index=self.given.index).drop(list(self.reasons)).reindex(self.given.index)


def _prepare(counts: AreaCounts, covariates: pd.DataFrame | None, trend_km: float | None) -> _Ready:
    """Return what is needed for the regression, or stop at what can't be."""
    base, given = _base(counts), _numbers(covariates, counts)
    if not given.shape[1] and trend_km is None:
        raise AnalysisError("Nothing is given.", advice="give covariates, or trend_km for a smooth trend")
    reasons = _reasons(base, given, counts)
    usable = ~given.index.isin(list(reasons))
    fitted = usable & counts.table["observed_low"].notna().to_numpy()
    _need_areas(int(fitted.sum()), given, counts)
    design = np.column_stack([np.ones(len(given)), _standardised(given, fitted), _trend(counts, usable, trend_km)])
    if not counts.table["observed_high"].to_numpy()[fitted].sum() > 0:
        raise AnalysisError(
            "There are no events to fit a regression to.",
            found=f"{plural(int(fitted.sum()), 'area')} with a count of 0",
            advice="take a longer period",
        )
    return _Ready(given, design, base.to_numpy(dtype=float), reasons, fitted)


def _base(counts: AreaCounts) -> pd.Series:
    """Return what the regression begins with: people, or expected counts by another way."""
    if counts.expectation is not None and counts.expectation.is_fitted:
        raise AnalysisError(
            "These expected counts are those of a regression already.",
            found=", ".join(slope.covariate for slope in counts.expectation.given) or "a smooth trend",
            advice="give all covariates at once, and the trend with them",
        )
    if not counts.has_expected:
        raise AnalysisError(
            "A regression of counts needs a population.",
            found="a study area without one",
            advice="add it with StudyArea.with_population, or give expected counts with with_expected",
        )
    base: pd.Series = counts.table["population" if counts.expectation is None else "expected"]
    usable: pd.Series = base.where(base > 0)
    return usable


def _numbers(covariates: pd.DataFrame | None, counts: AreaCounts) -> pd.DataFrame:
    """Return covariates as floats in the order of the areas; none infinite."""
    if covariates is None:
        return pd.DataFrame(index=counts.area.ids)
    table = covariates.apply(pd.to_numeric, errors="coerce").astype(float).set_axis(text_ids(covariates.index))
    if not table.index.is_unique or not table.columns.is_unique:
        raise AnalysisError("Covariates have an area or a name twice.", advice="give one row per area, and other names")
    for name in table.columns:
        odd = table.index[np.isinf(table[name]) | (table[name].isna().to_numpy() & covariates[name].notna().to_numpy())]
        if len(odd):
            raise AnalysisError(
                f"{name} of area {odd[0]!r} is no finite number.",
                found=f"{covariates[name].set_axis(table.index)[odd[0]]!r}; {len(odd):,} such areas",
                advice="correct it, or leave it empty: the area is then not tested",
            )
    named: pd.DataFrame = table.set_axis([str(name) for name in table.columns], axis=1).reindex(counts.area.ids)
    return named


def _reasons(base: pd.Series, given: pd.DataFrame, counts: AreaCounts) -> dict[str, str]:
    """Return area id → why nothing can be expected of it."""
    reasons = {str(area): f"no value of {name}" for name in given.columns for area in given.index[given[name].isna()]}
    nobody = {str(area): "no population" for area in base.index[base.isna()]}
    return reasons | nobody | dict(counts.without_expected)


def _standardised(given: pd.DataFrame, fitted: NDArray[np.bool_]) -> Floats:
    """Return covariates less their mean over their standard deviation (n, p), 0 where missing; none the same."""
    values = given.to_numpy(dtype=float)
    middle, spread = values[fitted].mean(axis=0), values[fitted].std(axis=0)
    for name, mean, size in zip(given.columns, middle, spread, strict=True):
        if not size > REPEATS * abs(mean):
            raise AnalysisError(
                f"{name} is the same in all areas, so nothing can depend on it.",
                found=f"{mean:g} in {plural(int(fitted.sum()), 'area')}",
                advice="leave it out",
            )
    standard: Floats = np.nan_to_num((values - middle) / spread)
    _need_distinct(standard[fitted], list(given.columns))
    return standard


def _need_distinct(standard: Floats, names: list[str]) -> None:
    """Refuse covariates of which one is a combination of those before it."""
    for last in range(1, len(names)):
        before = np.column_stack([np.ones(len(standard)), standard[:, :last]])
        left = standard[:, last] - before @ np.linalg.lstsq(before, standard[:, last], rcond=None)[0]
        if float(left.std()) < REPEATS:
            others = list_briefly(names[:last])
            raise AnalysisError(
                f"{names[last]} is a combination of {others}: their slopes can't be told apart.",
                found=f"{len(standard):,} areas in which one follows from the other",
                advice=f"leave {names[last]} out",
            )


def _need_areas(number: int, given: pd.DataFrame, counts: AreaCounts) -> None:
    terms, what = given.shape[1] + 1, list_briefly(given.columns) or "a trend"
    if number < AREAS_FOR_A_SLOPE * terms:
        raise AnalysisError(
            f"{plural(number, 'area is', 'areas are')} too few for a regression on {what}.",
            found=f"{terms} terms, the constant among them; {len(counts):,} areas in all",
            advice=f"give at least {AREAS_FOR_A_SLOPE} areas for each term, with a count and every covariate",
        )


def _trend(counts: AreaCounts, usable: NDArray[np.bool_], trend_km: float | None) -> Floats:
    """Return the terms of the trend for all areas (n, k), 0 where not usable; none without a trend."""
    if trend_km is None:
        return np.empty((len(counts), 0))
    if not 0 < trend_km < np.inf:
        raise AnalysisError(f"The scale of a trend can't be {trend_km:g} km.", advice="give a distance in km, e.g. 20")
    centroids = counts.area.areas.geometry.centroid
    inside = trend_terms(np.column_stack([centroids.x, centroids.y])[usable], scale_km=trend_km)
    terms = np.zeros((len(counts), inside.shape[1]))
    # Of about the size of standardised covariates.
    terms[usable] = inside * np.sqrt(len(inside))
    return terms


# --------------------------------------------------------------------------- what comes out of it


def _clipped(low: Floats, high: Floats, mean: Floats) -> tuple[Floats, Floats]:
    """Return the bounds of counts clipped around what is expected, as whole numbers."""
    extra = (robust_dispersion((low + high) / 2, mean) - 1) / mean.mean()
    reach = np.maximum(CLIP * np.sqrt(mean * (1 + extra * mean)), LEAST_REACH)
    least, most = np.floor(np.maximum(mean - reach, 0)), np.ceil(mean + reach)
    return np.clip(low, least, most), np.clip(high, least, most)


def _fills(low: Floats, high: Floats, design: Floats) -> list[Floats]:
    """Return the values of suppressed counts that span the regressions they allow; none where all counts are known.

    All lowest and all highest; and for each term the steepest and the flattest slope, with the highest counts on one
    side of its mean and the lowest on the other.
    """
    if not bool((low < high).any()):
        return []
    fills = [low, high]
    for term in design[:, 1:].T:
        above = term > term.mean()
        fills += [np.where(above, high, low), np.where(above, low, high)]
    return fills


def _slopes(found: Fit, given: pd.DataFrame, fitted: NDArray[np.bool_]) -> tuple[Slope, ...]:
    """Return the slopes of covariates, for a step of 1 in each."""
    errors = np.sqrt(np.diag(found.covariance))
    spread = given.to_numpy(dtype=float)[fitted].std(axis=0)
    return tuple(
        Slope(
            covariate=name,
            slope=float(slope / size),
            slope_low=float((slope - NORMAL_95 * error) / size),
            slope_high=float((slope + NORMAL_95 * error) / size),
            standard_deviation=float(size),
        )
        for name, slope, error, size in zip(given.columns, found.slopes[1:], errors[1:], spread, strict=False)
    )
