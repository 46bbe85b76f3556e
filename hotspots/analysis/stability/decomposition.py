"""How much of the variation of hot calls between variants of an analysis each choice explains."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]
    Mask = NDArray[np.bool_]

__all__ = ["between_options", "explained_share"]

NOTHING = 1e-9
"""Sums of squares below this are rounding."""


def between_options(calls: Mask, tested: Mask, option: NDArray[np.intp]) -> tuple[Floats, Floats]:
    """Return, of every area, the sum of squares of its calls between the options of one choice, and in all.

    An area's calls y are 0 or 1, one for each of the N variants that test it. With n_o variants of option o, their
    mean y_o and the mean y of all, it is sum_o n_o (y_o - y)^2, and in all N y (1 - y).

    Parameters
    ----------
    calls, tested
        Whether the area is hot in the variant, and whether the variant tests it (variants, areas).
    option
        The option of the choice in every variant (variants), from 0 up.
    """
    number, hot = tested.sum(axis=0), (calls & tested).sum(axis=0)
    mean = _share(hot, number)
    between = np.zeros(calls.shape[1])
    for one in np.unique(option):
        rows = option == one
        of_option = tested[rows].sum(axis=0)
        between += of_option * (_share((calls & tested)[rows].sum(axis=0), of_option) - mean) ** 2
    total: Floats = number * mean * (1 - mean)
    return between, total


def explained_share(between: Floats, total: Floats) -> float | None:
    """Return the share of all areas' variance that is between the options, 0 to 1; None where no call varies.

    A full factorial of options is balanced, so that this is the first-order Sobol index of a choice that is drawn at
    random, generalised to many outputs by adding up numerators and denominators over areas; those of all choices add up
    to at most 1, and what is missing are interactions.

    References
    ----------
    Lamboni, Monod and Makowski (2011), Reliability Engineering and System Safety 96, 450-459; Gamboa, Janon, Klein and
    Lagnoux (2014), Electronic Journal of Statistics 8, 575-603.
    """
    whole = float(total.sum())
    return float(between.sum()) / whole if whole > NOTHING else None


def _share(part: NDArray[np.intp], whole: NDArray[np.intp]) -> Floats:
    return np.divide(part, whole, out=np.zeros(len(whole)), where=whole > 0)
