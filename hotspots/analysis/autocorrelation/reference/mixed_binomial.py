"""Labels of areas whose shares scatter with an unknown distribution: its estimate."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np

from hotspots.analysis.autocorrelation.reference.mixed_poisson import Risks, likeliest_shares, merge_shares

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

__all__ = ["estimate_shares"]

SPACING: Final = 0.25
"""Distance of the shares tried, as that of their arcsines of square roots, in standard deviations (1 / (2 sqrt N)) of
those of an area with many events."""
FEWEST, MOST = 20, 300
"""Shares tried."""
LAST_STEPS: Final = 30
"""EM steps at the end, off the grid."""


def estimate_shares(labelled: Floats, events: Floats) -> Risks:
    """Return the likeliest distribution, of any form, of areas' probabilities that one of their events is labelled.

    Parameters
    ----------
    labelled, events
        Labelled events, and all events, of each area (n); areas without events are left out.

    Returns
    -------
    Risks
        `risk` has the probabilities, 0 to 1, rising, and `share` the share of the areas with each.

    References
    ----------
    As in `mixed_poisson.estimate_risks`; Lindsay (1983), Annals of Statistics 11, 783-792 (mixtures of binomials).
    """
    kept = events > 0
    labelled, events = labelled[kept], events[kept]
    # Arcsines of square roots of binomial shares have nearly the same variance whatever their mean.
    number = int(np.clip(np.pi * np.sqrt(np.quantile(events, 0.9)) / SPACING, FEWEST, MOST))
    tried = np.sin(np.linspace(0, np.pi / 2, number)) ** 2
    found = merge_shares(tried, likeliest_shares(_chances(labelled, events, tried)))
    share, weight = found
    for _ in range(LAST_STEPS):
        part = _chances(labelled, events, share) * weight
        part /= part.sum(axis=1, keepdims=True)
        weight, share = part.mean(axis=0), (labelled @ part) / (events @ part)
    return Risks(share, weight)


def _chances(labelled: Floats, events: Floats, share: Floats) -> Floats:
    """Return the chance of every area's labels at every share, in parts of the area's largest one (n, k)."""
    from scipy.special import xlog1py, xlogy

    logs = xlogy(labelled[:, None], share) + xlog1py((events - labelled)[:, None], -share)
    return np.asarray(np.exp(logs - logs.max(axis=1, keepdims=True)), dtype=float)
