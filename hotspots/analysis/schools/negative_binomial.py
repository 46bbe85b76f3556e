"""Counts that scatter more than Poisson: a negative binomial regression that outliers bend little.

Arrays in, arrays out. The variance of a count with mean m is m + a m^2 (NB2) with one dispersion a for all; a = 0 is
Poisson. A suppressed count enters the regression as its possible values, each with its probability under the model.
Where counts are few, or the robust equations have no solution, the fit is that of maximum likelihood: the same
equations without clipping, and the dispersion of the largest likelihood.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, NamedTuple

import numpy as np

from hotspots.analysis.common import Counts, counts_of, first_balance
from hotspots.errors import AnalysisError
from hotspots.vocabulary import MOST_DISPERSION

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from hotspots.analysis.common import FunctionOfCounts
    from hotspots.model import FitMethod

    Floats = NDArray[np.float64]

__all__ = ["Fit", "fit_counts", "fit_dispersion"]

CLIP: Final = 1.5
"""Standardised residuals count no more than this (Huber's constant is usually 1.3 to 2; at 1.5 the line costs a few per
cent of precision where there are no outliers)."""

NO_CLIP: Final = np.inf
"""Without clipping the equations are those of maximum likelihood."""

FEW_EVENTS: Final = 3.0
"""With fewer events than this for an average school the dispersion is in the few that are not 0, and those are clipped:
in files of 200 schools the robust dispersion is then 0, or none is found (benchmarks/schools.py)."""

SAME_AS_POISSON: Final = 1e-7
"""Below this dispersion the two distributions are the same to rounding, and 1 / dispersion would lose digits."""

MOST_ROUNDS: Final = 100

SETTLED: Final = 1e-7
"""A relative change of the dispersion (and ten times one of a coefficient) that ends the search ..."""

NEARLY_SETTLED: Final = 1e-3
"""... and one that is still good enough after `MOST_ROUNDS`."""

SAME: Final = 1e-7
"""Columns of a design whose last direction has less than this of their length say the same, to rounding."""

NEARLY_POISSON: Final = 1e-5
"""Below this dispersion the slope of the likelihood is that at 0: its terms cancel to fewer digits than they have."""

MOST_CHANCES: Final = 2_000_000
"""Chances computed together (16 MB each array), so that one large mean takes no memory for all others; a line that
expects more than this of a school is no line."""

LONGEST_STEP: Final = 5.0
FURTHEST: Final = 40.0
"""exp(-40): a rate of practically 0, towards which the effect of a group without events runs."""


class Fit(NamedTuple):
    """A regression of counts, log link."""

    coefficients: Floats
    """Of the columns of the design, shape (k,)."""
    covariance: Floats
    """Shape (k, k), with the dispersion taken as known."""
    dispersion: float
    """a of the variance m + a m^2; 0 is Poisson."""
    mean: Floats
    """Expected counts, shape (n,)."""
    clipped: int
    """Number of known counts whose residual is clipped; without outliers about one in eight."""
    poisson_phi: float
    """Pearson chi-squared over degrees of freedom of the plain Poisson fit; about 1 where chance explains all."""
    likely: Floats
    """The counts, each suppressed one by its expectation under the model; shape (n,)."""
    method: FitMethod
    """Whether residuals are clipped, or the fit is by maximum likelihood."""


def fit_counts(counts: Counts | Floats, design: Floats, *, exposure: Floats) -> Fit:
    """Return the regression of counts on a design with the logarithm of the exposure as offset.

    Poisson first; negative binomial where the counts scatter more. Line and dispersion both use clipped residuals less
    their expectation under the model: consistent where the model holds, while a few true outliers bend the line and
    widen the limits much less than they do by maximum likelihood. Less is not nothing: many outliers on one side of the
    design still bend it. The residual of a suppressed count is replaced by its expectation over the possible values, so
    the equations remain consistent.

    With fewer than `FEW_EVENTS` events for an average count, or where the robust equations have no solution, the fit is
    by maximum likelihood, which outliers bend more; `method` says which it was.

    Parameters
    ----------
    counts
        Shape (n,); `common.Counts` where some are suppressed.
    design
        Shape (n, k), with a column of ones.
    exposure
        Above 0, shape (n,).

    References
    ----------
    Cantoni and Ronchetti (2001), Journal of the American Statistical Association 96, 1022-1030 (the line, equation 2
    with weights 1, and its covariance); Aeberhard, Cantoni and Heritier (2014), Biometrics 70, 920-931. Maximum
    likelihood: Lawless (1987), Canadian Journal of Statistics 15, 209-225. What suppressed counts take from the
    information: Louis (1982), Journal of the Royal Statistical Society B 44, 226-233.

    Raises
    ------
    AnalysisError
        If columns of the design say the same, or no line settles.
    """
    counts = counts_of(counts)
    need_distinct(design)
    coefficients, _, mean = _fit_mean(counts.start, design, exposure, 0.0)
    phi = float(((counts.start - mean) ** 2 / mean).sum() / (len(mean) - design.shape[1]))
    clip, solved = CLIP, None
    if counts.start.mean() >= FEW_EVENTS:
        solved = _solve(counts, design, exposure, coefficients, clip=clip)
    if solved is None:
        clip, solved = NO_CLIP, _solve(counts, design, exposure, coefficients, clip=NO_CLIP)
    if solved is None:
        raise AnalysisError(
            "No line fits these counts: an effect grows without end.",
            found=f"{counts.start.sum():,.0f} events in {len(mean):,} counts, and {design.shape[1]:,} terms",
            advice="leave out covariates, or use more years: a group of schools has next to no events",
        )
    coefficients, mean, dispersion = solved
    bread, filling, _, clipped = _equations(counts, mean, dispersion, design, clip=clip)
    inverse = np.linalg.inv(bread)
    likely = counts.expect(lambda y, _: y, log_chances(mean, dispersion))
    method: FitMethod = "robust" if clip == CLIP else "maximum-likelihood"
    return Fit(coefficients, inverse @ filling @ inverse.T, dispersion, mean, clipped, phi, likely, method)


def _solve(
    counts: Counts, design: Floats, exposure: Floats, coefficients: Floats, *, clip: float
) -> tuple[Floats, Floats, float] | None:
    """Return coefficients, means and dispersion that solve the equations with this clip; None where none do."""
    mean, moved = exposure * np.exp(design @ coefficients), np.inf
    dispersion = fit_dispersion(counts, mean, clip=clip)
    for _ in range(MOST_ROUNDS):
        if dispersion is None:
            return None
        # The line given the dispersion, and the other way round: the two hardly depend on each other.
        line = _fit_line(counts, design, exposure, coefficients, dispersion, clip=clip)
        if line is None:
            return None
        coefficients, mean = line, exposure * np.exp(design @ line)
        before, dispersion = dispersion, fit_dispersion(counts, mean, near=dispersion, clip=clip)
        if dispersion is not None:
            moved = abs(dispersion - before) / (1 + before)
        if moved <= SETTLED:
            break
    return None if dispersion is None or moved > NEARLY_SETTLED else (coefficients, mean, dispersion)


def need_distinct(design: Floats, problem: str = "") -> None:
    """Stop where a column of a design is a combination of the others: their effects are not identified.

    Raises
    ------
    AnalysisError
        With `problem` as its first sentence, where one is given.
    """
    length = np.sqrt((design**2).sum(axis=0))
    if (length > 0).all() and np.linalg.matrix_rank(design / length, tol=SAME) == design.shape[1]:
        return
    raise AnalysisError(
        problem or "The effects of two columns can't be told apart.",
        found=f"{design.shape[1]:,} terms for {len(design):,} counts, of which one can be had from the others",
        advice="leave out one of the covariates",
    )


def _fit_line(
    counts: Counts, design: Floats, exposure: Floats, start: Floats, dispersion: float, *, clip: float
) -> Floats | None:
    """Return the coefficients that solve the estimating equations with this dispersion, by Newton's method, or None."""
    coefficients = start
    for _ in range(MOST_ROUNDS):
        mean = exposure * np.exp(design @ coefficients)
        if _reach(mean, dispersion, clip) > MOST_CHANCES:
            return None
        bread, _, equations, _ = _equations(counts, mean, dispersion, design, clip=clip)
        if np.linalg.matrix_rank(bread) < len(bread):
            return None  # every residual is clipped, or every mean is nought: no step leads anywhere
        # Newton with the expected derivative (Fisher scoring); a long step is cut, as its exponential may overflow.
        step = np.linalg.solve(bread, equations)
        size = float(np.abs(step).max())
        if not np.isfinite(size) or np.abs(design @ coefficients).max() > FURTHEST:
            return None
        coefficients = coefficients + step * min(1.0, LONGEST_STEP / max(size, SETTLED))
        if size <= SETTLED / 10:
            return coefficients
    return None


def _equations(
    counts: Counts, mean: Floats, dispersion: float, design: Floats, *, clip: float
) -> tuple[Floats, Floats, Floats, int]:
    """Return the derivative of the estimating equations, their covariance, their value, and clipped known counts."""
    moments, scale = _moments(mean, dispersion, clip), mean / _spread(mean, dispersion)
    chance = log_chances(mean, dispersion)

    def psi(y: Floats, at: Any) -> Floats:
        return _clipped(y, mean[at], dispersion, clip)

    def score(y: Floats, at: Any) -> Floats:
        scored: Floats = (y - mean[at]) / (1 + dispersion * mean[at])
        return scored

    # Sandwich covariance: bread = E(psi score), filling = Var(psi). A suppressed count takes its conditional covariance
    # and variance from both (Louis 1982).
    residual = counts.expect(psi, chance)
    known_square = counts.expect(lambda y, at: psi(y, at) ** 2, chance)
    both = counts.expect(lambda y, at: psi(y, at) * score(y, at), chance)
    # What is not known of a suppressed count: nothing where it is known.
    lost_slope = both - residual * counts.expect(score, chance)
    lost_spread = known_square - residual**2
    bread = design.T @ (((moments.psi_score - lost_slope) * scale)[:, None] * design)
    filling = design.T @ (((moments.psi_squared - moments.psi**2 - lost_spread) * scale**2)[:, None] * design)
    clipped = int((np.abs(psi(counts.low, slice(None))) == clip)[counts.known].sum())
    return bread, filling, design.T @ ((residual - moments.psi) * scale), clipped


def _fit_mean(counts: Floats, design: Floats, exposure: Floats, dispersion: float) -> tuple[Floats, Floats, Floats]:
    """Return coefficients, their covariance and the means by maximum likelihood with this dispersion.

    Iteratively reweighted least squares for the log link (McCullagh and Nelder 1989, section 2.5), started from one
    rate for all; the tests hold it against R's and statsmodels' own.
    """
    offset = np.log(exposure)
    coefficients = np.zeros(design.shape[1])
    mean = exposure * (counts.sum() / exposure.sum())
    for _ in range(MOST_ROUNDS):
        # Least squares on the root of the weights is more stable than the normal equations.
        root = np.sqrt(mean / (1 + dispersion * mean))
        working = np.log(mean) - offset + (counts - mean) / mean
        before, coefficients = coefficients, np.linalg.lstsq(root[:, None] * design, root * working, rcond=None)[0]
        mean = np.exp(design @ coefficients + offset)
        if np.abs(coefficients - before).max() <= 1e-10 or np.abs(design @ coefficients).max() > FURTHEST:
            break
    weight = mean / (1 + dispersion * mean)
    return coefficients, np.linalg.inv(design.T @ (weight[:, None] * design)), mean


def fit_dispersion(counts: Counts | Floats, mean: Floats, *, near: float = 0.0, clip: float = CLIP) -> float | None:
    """Return the dispersion a of the variance m + a m^2; 0 where chance explains all, None where none fits.

    From clipped Pearson residuals: solves sum of min(r^2, c^2) = its expectation, with r = (y - m) / sqrt(m + a m^2)
    and c = 1.5. The expectation is that of the clipped quantity itself under the negative binomial, so the estimate is
    consistent (no correction factor), while an outlier of any size adds no more than c^2. The same estimator as
    `common.dispersion.robust_dispersion`, but with residuals clipped as near for small counts, and for suppressed
    counts. Without clipping it is the dispersion of the largest likelihood given the means.

    Parameters
    ----------
    counts, mean
        Observed and expected, shape (n,).
    near
        What it was before a small change of the means, to save time.
    clip
        c, or `NO_CLIP`.

    References
    ----------
    Huber (1981), Robust Statistics, section 6.8 (Proposal 2); Aeberhard, Cantoni and Heritier (2014), Biometrics 70,
    920-931 (negative binomial regression); Lawless (1987), Canadian Journal of Statistics 15, 209-225 (likelihood).
    """
    counts = counts_of(counts)
    average = float(mean.mean())
    if _reach(mean, MOST_DISPERSION / average, clip) > MOST_CHANCES:
        return None  # the search may come to sums as long as this

    def excess(log_dispersion: float) -> float:
        # Searched as log(1 + a x average), a scale that does not depend on the size of schools.
        dispersion = float(np.expm1(log_dispersion)) / average
        chance = log_chances(mean, dispersion)
        if clip == NO_CLIP:
            return float(counts.expect(_slope_by_dispersion(mean, dispersion), chance).mean())
        seen = counts.expect(lambda y, at: _clipped(y, mean[at], dispersion, clip) ** 2, chance)
        return float((seen - _moments(mean, dispersion, clip).psi_squared).mean())

    found = first_balance(excess, precision=1e-9, near=1 + near * average)
    return (found - 1) / average if found < MOST_DISPERSION else None


def _slope_by_dispersion(mean: Floats, dispersion: float) -> FunctionOfCounts:
    """Return the derivative of the log likelihood by the dispersion, as a function of counts."""
    from scipy.special import digamma

    def slope(y: Floats, at: Any) -> Floats:
        here = mean[at]
        if dispersion < NEARLY_POISSON:
            return np.asarray(((y - here) ** 2 - y) / 2)
        size = 1 / dispersion
        ways = digamma(y + size) - digamma(size) - np.log1p(dispersion * here)
        return np.asarray(-(size**2) * (ways + (here - y) / (size + here)))

    return slope


class _Moments(NamedTuple):
    """Expectations under the model for every mean, psi being the clipped residual; shape (n,)."""

    psi: Floats
    psi_squared: Floats
    psi_score: Floats
    """Of psi times the derivative of the log likelihood by the linear predictor."""


def _spread(mean: Floats, dispersion: float) -> Floats:
    """Return standard deviations."""
    spread: Floats = np.sqrt(mean + dispersion * mean**2)
    return spread


def _clipped(y: Floats, mean: Floats, dispersion: float, clip: float) -> Floats:
    return np.clip((y - mean) / _spread(mean, dispersion), -clip, clip)


def _reach(mean: Floats, dispersion: float, clip: float) -> float:
    """Return the largest count whose probability is needed: beyond it every residual is clipped."""
    return float((mean + clip * _spread(mean, dispersion)).max()) if clip < NO_CLIP else 0.0


def _moments(mean: Floats, dispersion: float, clip: float) -> _Moments:
    """Return the moments of clipped residuals under the model, small means first and together."""
    if clip == NO_CLIP:
        return _Moments(np.zeros(len(mean)), np.ones(len(mean)), mean / _spread(mean, dispersion))
    order = np.argsort(mean, kind="stable")
    reach = np.ceil(mean + clip * _spread(mean, dispersion))[order] + 1
    # An array of counts x means is as wide as the largest mean needs; sorted blocks keep that of small means small.
    if len(mean) * reach[-1] <= MOST_CHANCES:
        return _moments_together(mean, dispersion, clip)
    moments = np.empty((3, len(mean)))
    start = 0
    while start < len(mean):
        sizes = reach[start:] * np.arange(1, len(mean) - start + 1)
        end = start + max(1, int(np.searchsorted(sizes, MOST_CHANCES, side="right")))
        block = order[start:end]
        moments[:, block] = _moments_together(mean[block], dispersion, clip)
        start = end
    return _Moments(*moments)


def _moments_together(mean: Floats, dispersion: float, clip: float) -> _Moments:
    # Beyond the last of these counts every residual is clipped, so the rest of the distribution is known by its mass.
    k = np.arange(int(np.ceil((mean + clip * _spread(mean, dispersion)).max())) + 1.0)[:, None]
    chance = np.exp(log_chances(mean, dispersion)(k, slice(None)))
    rest = np.maximum(1 - chance.sum(axis=0), 0.0)
    psi = _clipped(k, mean, dispersion, clip)
    score = (k - mean) / (1 + dispersion * mean)
    # The score has expectation 0, so what lies beyond the last count is the negative of what lies before.
    beyond = -(score * chance).sum(axis=0)
    return _Moments(
        (psi * chance).sum(axis=0) + clip * rest,
        (psi**2 * chance).sum(axis=0) + clip**2 * rest,
        (psi * score * chance).sum(axis=0) + clip * beyond,
    )


def log_chances(mean: Floats, dispersion: float) -> FunctionOfCounts:
    """Return log P(Y = y) as a function of counts y and of the positions of their means, which broadcast.

    As SciPy's, but with the gamma functions of y computed once for many means.
    """
    from scipy.special import gammaln

    def logarithm(y: Floats, at: Any) -> Floats:
        here = mean[at]
        if dispersion < SAME_AS_POISSON:
            return np.asarray(y * np.log(here) - here - gammaln(y + 1))
        size = 1 / dispersion
        # -size log1p(a m) and not size log(size / (size + m)), which loses digits as a goes to 0.
        ways = gammaln(y + size) - gammaln(size) - gammaln(y + 1)
        return np.asarray(ways - size * np.log1p(dispersion * here) + y * (np.log(here) - np.log(size + here)))

    return logarithm
