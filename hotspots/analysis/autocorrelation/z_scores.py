"""The classical statistics of other programs, for comparison: Getis-Ord z-scores and Local Moran's I."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]


def gi_z(values: Floats, weights: Any, *, with_self: bool) -> Floats:
    """Return the classical z-scores of Gi* (`with_self`) or Gi, as ArcGIS and spdep do.

    The area itself is added before anything is standardised, so that binary and row-standardised weights give the
    same Gi*. esda's row-standardised Gi* standardises first and differs. No p-value is made from it here: the
    normal approximation is poor for few neighbours and small counts.

    Parameters
    ----------
    values
        One value per area (n).
    weights
        SciPy sparse array (n, n), usually zeros and ones; with a diagonal for Gi*.

    References
    ----------
    Ord and Getis (1995), Geographical Analysis 27, equations 5 (Gi*) and 4 (Gi, moments without area i).
    """
    n, sums = len(values), weights @ values
    size, squares = weights.sum(axis=1), weights.power(2).sum(axis=1)
    if with_self:
        mean, variance, others = values.mean(), values.var(), n
    else:
        others = n - 1
        mean = (values.sum() - values) / others
        variance = ((values**2).sum() - values**2) / others - mean**2
    # Variance of a weighted sum without replacement: s² (n sum w² - (sum w)²) / (n - 1).
    spread = variance * (others * squares - size**2) / (others - 1)
    with np.errstate(invalid="ignore", divide="ignore"):
        # Where all values are equal, or the window is everything, there is nothing to compare.
        z: Floats = np.where(
            spread > 1e-12 * max(1.0, np.abs(values).max()) ** 2, (sums - size * mean) / np.sqrt(spread), np.nan
        )
    return z


def local_moran_i(values: Floats, weights: Any) -> tuple[Floats, Floats, Floats]:
    """Return Local Moran's I with row-standardised weights, the deviations z and their neighbours' mean.

    I_i = z_i / m2 * mean of the neighbours' z, with m2 = sum z^2 / n.

    Parameters
    ----------
    values
        One value per area (n).
    weights
        SciPy sparse array (n, n), usually zeros and ones, with an empty diagonal.

    References
    ----------
    Anselin (1995), Geographical Analysis 27, equation 7.
    """
    z = values - values.mean()
    size = weights.sum(axis=1)
    with np.errstate(invalid="ignore", divide="ignore"):
        lag = np.where(size > 0, (weights @ z) / size, np.nan)
        moran: Floats = z / np.mean(z**2) * lag
    return moran, z, lag
