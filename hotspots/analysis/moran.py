"""Moran's I with its moments under randomisation, for weights that need not be symmetric."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from scipy.sparse import csr_array

    Floats = NDArray[np.float64]

__all__ = ["Moran", "morans_i"]


class Moran(NamedTuple):
    """Moran's I with its moments under randomisation."""

    i: float
    expected: float
    variance: float

    @property
    def z(self) -> float:
        """Standardised."""
        return float((self.i - self.expected) / np.sqrt(self.variance))

    @property
    def p(self) -> float:
        """Two-sided, by the normal distribution."""
        from scipy.special import ndtr

        return float(2 * ndtr(-abs(self.z)))


def morans_i(values: Floats, weights: csr_array) -> Moran:
    """Return Moran's I with its expectation and variance under randomisation.

    Parameters
    ----------
    values
        Shape (n,), not all equal.
    weights
        Shape (n, n), zero on the diagonal.

    References
    ----------
    Cliff and Ord (1981), Spatial Processes, equations 1.37 and 1.39 (the moments).
    """
    n = len(values)
    z = values - values.mean()
    s0 = float(weights.sum())
    both = weights + weights.T
    s1 = float((both.multiply(both)).sum() / 2)
    s2 = float(((np.asarray(weights.sum(axis=1)).ravel() + np.asarray(weights.sum(axis=0)).ravel()) ** 2).sum())
    second = float((z**2).mean())
    kurtosis = float((z**4).mean() / second**2)
    i = float(z @ (weights @ z) / s0 / second)
    expected = -1 / (n - 1)
    top = n * ((n * n - 3 * n + 3) * s1 - n * s2 + 3 * s0**2) - kurtosis * ((n * n - n) * s1 - 2 * n * s2 + 6 * s0**2)
    return Moran(i, expected, top / ((n - 1) * (n - 2) * (n - 3) * s0**2) - expected**2)
