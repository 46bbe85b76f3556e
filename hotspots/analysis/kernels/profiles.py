"""Kernels: their profiles, reach and peak."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import TYPE_CHECKING, Final

import numpy as np

from hotspots.vocabulary import Kernel

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

Profile = Callable[["Floats"], "Floats"]
"""From the squared distance in bandwidths to the density per squared bandwidth."""

KERNELS: Final[Mapping[str, Profile]] = MappingProxyType(
    {
        "quartic": lambda u2: 3 / np.pi * np.square(np.maximum(1 - u2, 0)),
        "epanechnikov": lambda u2: 2 / np.pi * np.maximum(1 - u2, 0),
        "triangular": lambda u2: 3 / np.pi * np.maximum(1 - np.sqrt(u2), 0),
        "uniform": lambda u2: np.where(u2 <= 1, 1 / np.pi, 0),
        "gaussian": lambda u2: np.exp(-u2 / 2) / (2 * np.pi),
    }
)
"""Two-dimensional kernels that integrate to 1 (Silverman 1986, p. 76); compact ones are 0 beyond distance 1."""

GAUSSIAN_REACH: Final = 7.0
"""Standard deviations after which the Gaussian is left out: exp(-49/2) = 2e-11 of its mass lies beyond."""


def reach_of(kernel: Kernel) -> float:
    """Return how far a kernel reaches, in bandwidths.

    Examples
    --------
    >>> reach_of("quartic"), reach_of("gaussian")
    (1.0, 7.0)
    """
    return GAUSSIAN_REACH if kernel == "gaussian" else 1.0


def peak_of(kernel: Kernel) -> float:
    """Return a kernel's value at its centre, per squared bandwidth.

    Examples
    --------
    >>> round(peak_of("quartic"), 4)
    0.9549
    """
    return float(KERNELS[kernel](np.zeros(1))[0])
