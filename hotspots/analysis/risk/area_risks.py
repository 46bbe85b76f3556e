"""How risks, or shares of one file of events, differ between areas: estimated from counts by area for surfaces.

The same estimates as those of areas, so that one map of areas and one surface of the same events have one null.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import numpy as np

from hotspots.analysis.autocorrelation.reference import estimate_risks, estimate_shares
from hotspots.analysis.common import robust_dispersion
from hotspots.analysis.risk.area_terms import Distribution, GammaRisks

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

    from hotspots.analysis.risk.scattered_sums import Pieces
    from hotspots.model import StudyArea
    from hotspots.vocabulary import RiskNull

    Floats = NDArray[np.float64]
    Cells = NDArray[np.intp]

MOST_LABELS: Final = 64
"""Events of an area up to which points of a beta distribution are exact."""
LEAST_PROBABILITY: Final = 1e-11
"""Points with less are left out."""
NO_SCATTER: Final = 1e-6
"""A relative variance of risks, or a correlation of labels, below this is none."""
FEWEST_AREAS: Final = 2
"""Areas without which nothing can scatter."""


def areas_of_points(points: Floats, area: StudyArea) -> Cells:
    """Return the position of the area of each point (n, 2), all of them inside the study area; (n).

    A point on a border belongs to the first area in the order of ids, as in counts by area.
    """
    import shapely

    shapes = np.asarray(shapely.points(points[:, 0], points[:, 1]), dtype=object)
    polygons = area.areas.geometry.to_numpy()
    polygon, point = shapely.STRtree(shapes).query(polygons, predicate="intersects")
    owner = np.full(len(points), len(area), dtype=np.intp)
    np.minimum.at(owner, point, polygon)
    # The outline of all areas may hold a point that rounding has put just outside each of them.
    lost = np.flatnonzero(owner == len(area))
    if len(lost):
        owner[lost] = shapely.STRtree(polygons).nearest(shapes[lost])
    return owner


def scatter_of_risks(null: RiskNull, observed: Floats, expected: Floats) -> Distribution | GammaRisks:
    """Return the distribution of risks among areas under a null, given the count and the expected count of each (n)."""
    kept = expected > 0
    if null == "constant-risk" or kept.sum() < FEWEST_AREAS:
        return Distribution(np.ones(1), np.ones(1))
    if null == "scattered-risk":
        return Distribution(*estimate_risks(observed[kept], observed[kept], expected[kept]))
    # A dispersion d is a relative variance of risks of (d - 1) / mean count: that of a gamma of shape 1 / variance.
    variance = (robust_dispersion(observed[kept], expected[kept]) - 1) / float(expected[kept].mean())
    return GammaRisks(1 / variance) if variance > NO_SCATTER else Distribution(np.ones(1), np.ones(1))


def scatter_of_shares(null: RiskNull, first: Floats, second: Floats, *, mean: float, held: bool) -> Distribution:
    """Return the distribution, among areas, of the probability that an event is the first file's.

    Parameters
    ----------
    null
        The null hypothesis.
    first, second
        Events of both files in each area (n).
    mean
        Share of the first file under the null.
    held
        Whether that is its share of all events here; else the estimate is moved, by odds, until its mean is `mean`.
    """
    events = first + second
    kept = events > 0
    if null == "constant-risk" or kept.sum() < FEWEST_AREAS:
        return Distribution(np.full(1, mean), np.ones(1))
    overall = float(first.sum() / events.sum())
    if null == "scattered-risk":
        found = Distribution(*estimate_shares(first, events))
    else:
        correlation = _label_correlation(first[kept], events[kept], overall)
        size = 1 / correlation - 1 if correlation > NO_SCATTER else np.inf
        found = (
            beta_points(overall * size, (1 - overall) * size, labels=int(events.max()))
            if np.isfinite(size)
            else Distribution(np.full(1, overall), np.ones(1))
        )
    return found if held else _moved(found, mean)


def _label_correlation(first: Floats, events: Floats, mean: float) -> float:
    """Return the correlation of the labels of two events of one area, by maximum likelihood of a beta-binomial."""
    from scipy.optimize import minimize_scalar
    from scipy.special import betaln

    def loss(log_odds: float) -> float:
        # Correlation c is that of a beta with parameters mean (1 / c - 1) and (1 - mean) (1 / c - 1).
        size = np.exp(-log_odds)
        a, b = mean * size, (1 - mean) * size
        return -float((betaln(first + a, events - first + b) - betaln(a, b)).sum())

    found = minimize_scalar(loss, bounds=(np.log(NO_SCATTER / 10), np.log(100.0)), method="bounded")
    return float(1 / (1 + np.exp(-found.x)))


def _moved(shares: Distribution, mean: float) -> Distribution:
    """Return shares whose odds are all multiplied by one number, which brings their mean to this."""
    from scipy.optimize import brentq
    from scipy.special import expit, logit

    with np.errstate(divide="ignore"):
        odds = logit(shares.value)

    def excess(step: float) -> float:
        return float(expit(odds + step) @ shares.probability) - mean

    if not excess(-50.0) < 0 < excess(50.0):
        # All areas have events of one file only: their shares are the same at any odds.
        return shares
    return Distribution(expit(odds + brentq(excess, -50.0, 50.0)), shares.probability)


def beta_points(a: float, b: float, *, labels: int = 40) -> Distribution:
    """Return Gauss's points for a beta distribution (Jacobi, brought to 0 to 1).

    The probability of a number of labels is a polynomial of the share: half as many points as the most `labels` of an
    area are right for all areas. There are `MOST_LABELS` / 2 at most.

    Examples
    --------
    >>> points = beta_points(2.0, 3.0)
    >>> [round(float(points.value**power @ points.probability), 6) for power in (0, 1, 2)]
    [1.0, 0.4, 0.2]

    References
    ----------
    Golub, G. H. and Welsch, J. H. (1969), Mathematics of Computation 23, 221-230. Abramowitz, M. and Stegun, I. A.
    (1964), Handbook of Mathematical Functions, 22.7.1.
    """
    number = min(max(labels, 15), MOST_LABELS) // 2 + 1
    k, both = np.arange(1.0, number), a + b
    middle = (b - 1) ** 2 - (a - 1) ** 2
    # Recurrence of Jacobi's polynomials with exponents b - 1 at 1 and a - 1 at -1, halved and moved to 0 to 1.
    diagonal = np.append((a - b) / both, -middle / ((2 * k + both - 2) * (2 * k + both)))
    square = np.append(
        4 * a * b / (both**2 * (both + 1)),
        4 * k[1:] * (k[1:] + b - 1) * (k[1:] + a - 1) * (k[1:] + both - 2)
        / ((2 * k[1:] + both - 2) ** 2 * ((2 * k[1:] + both - 2) ** 2 - 1)),
    )  # fmt: skip
    return _gauss((1 + diagonal) / 2, np.sqrt(square) / 2)


def _gauss(diagonal: Any, beside: Any) -> Distribution:
    """Return the points and probabilities of a recurrence: eigenvalues, and squares of the first components."""
    # SciPy's roots_jacobi, by the same method, overflows where parameters are above some 10,000.
    from scipy.linalg import eigh_tridiagonal

    value, vector = eigh_tridiagonal(diagonal, beside)
    probability = vector[0] ** 2
    kept = probability > LEAST_PROBABILITY
    return Distribution(np.maximum(value[kept], 0.0), probability[kept] / probability[kept].sum())


# --------------------------------------------------------------------------- drawn


def draw_events(
    pieces: Pieces,
    risks: Distribution | GammaRisks,
    *,
    shape: tuple[int, int],
    simulations: int,
    rng: np.random.Generator,
) -> Iterator[Floats]:
    """Yield maps of events of areas that draw their risks, arrays (row, col)."""
    areas = int(pieces.owner.max()) + 1
    for _ in range(simulations):
        risk = risks.draw(areas, rng)
        yield _on_map(pieces, rng.poisson(pieces.mass * risk[pieces.owner]), shape)


def draw_labelled(
    pieces: Pieces, shares: Distribution, *, shape: tuple[int, int], simulations: int, rng: np.random.Generator
) -> Iterator[Floats]:
    """Yield maps of the first file's events where areas draw the share of their events that is its, (row, col)."""
    areas = int(pieces.owner.max()) + 1
    for _ in range(simulations):
        share = shares.draw(areas, rng)
        yield _on_map(pieces, rng.binomial(pieces.mass.astype(np.int64), share[pieces.owner]), shape)


def _on_map(pieces: Pieces, events: Any, shape: tuple[int, int]) -> Floats:
    return np.bincount(pieces.cell, events, minlength=shape[0] * shape[1]).reshape(shape).astype(float)
