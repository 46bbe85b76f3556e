"""Bandwidths: rules from the spread of the points, choices from the data, one value in metres with its reason.

Rules are published for the Gaussian kernel (the robust one for the quartic kernel). They are brought to the kernel in
use by equal standard deviation per axis, so that each kernel smooths as much: a radius is the standard deviation times
`RADIUS_PER_SD`, which is 1 over the standard deviation per axis of the kernel with radius 1.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Final, Literal, get_args

import numpy as np

from hotspots.analysis.snapping import Snapping, snapping
from hotspots.errors import AnalysisError

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from shapely import Geometry

    from hotspots.analysis.kernels import Kernel

    Floats = NDArray[np.float64]

__all__ = ["RADIUS_PER_SD", "Bandwidth", "BandwidthRule", "choose_bandwidth", "convert_bandwidth", "rule_bandwidths"]

BandwidthRule = Literal[
    "silverman-robust", "silverman", "scott", "oversmoothing", "least-squares", "likelihood", "diggle"
]

RADIUS_PER_SD: Final[Mapping[str, float]] = MappingProxyType(
    {
        # Second moment per axis of the kernel of radius 1: 1/8, 1/6, 3/20, 1/4 (integrate r^2 / 2 over the profile).
        "quartic": 8**0.5,
        "epanechnikov": 6**0.5,
        "triangular": (20 / 3) ** 0.5,
        "uniform": 2.0,
        "gaussian": 1.0,
    }
)
"""Bandwidth of each kernel that smooths as much as a Gaussian with standard deviation 1."""

RULE_WORDS: Final[Mapping[str, str]] = MappingProxyType(
    {
        "silverman-robust": "Silverman's robust rule from the spread and number of events",
        "silverman": "Silverman's rule for the Gaussian from the spread and number of events",
        "scott": "Scott's rule from the spread and number of events",
        "oversmoothing": "Terrell's oversmoothing rule, the most that the spread of the events allows",
        "least-squares": "least-squares cross-validation",
        "likelihood": "likelihood cross-validation",
        "diggle": "Diggle's mean square error for clustered points",
    }
)

ROUND: Final = 10.0
"""Chosen bandwidths are rounded to this many metres where they are above ten times as large."""


@dataclass(frozen=True)
class Bandwidth:
    """A bandwidth and why it is so.

    Attributes
    ----------
    metres
        Radius of the kernel; its standard deviation for ``"gaussian"``.
    rule
        The rule that gave it, ``"asked"`` where it was given, ``"floor"`` where the spacing of map points raised it.
    words
        The value and its reason, for the reader.
    notes
        What the reader must know besides.
    provenance
        The value, the rule and the alternatives, in metres.
    """

    metres: float
    rule: str
    words: str
    notes: tuple[str, ...]
    provenance: Mapping[str, Any]


def choose_bandwidth(
    points: Floats,
    *,
    rule: BandwidthRule | float | None,
    kernel: Kernel,
    outline: Geometry | None = None,
    weights: Floats | None = None,
) -> Bandwidth:
    """Return the bandwidth by a rule, or as asked for, with its reason and the alternatives.

    By default the robust rule of Silverman as ArcGIS has it, and not below the spacing of map points allows. A rule
    that is named is not below it either; a number is taken as it is, with a note.

    Parameters
    ----------
    points
        Easting and northing in metres, shape (n, 2).
    rule
        A rule, a number of metres, or None for the default.
    kernel
        The kernel the bandwidth is for.
    outline
        The study area; the data-driven rules correct for its border.
    weights
        Weight of every point, shape (n,). Rules take n as (sum of w)² / (sum of w²).

    Raises
    ------
    AnalysisError
        If the rule is unknown, the number not above 0, or all points lie on one.
    """
    _need(points, rule=rule, kernel=kernel)
    found = snapping(points)
    floor = None if found.floor is None else convert_bandwidth(found.floor, "quartic", kernel)
    rules = {name: value * RADIUS_PER_SD[kernel] for name, value in rule_bandwidths(points, weights).items()}
    provenance = {
        **{f"bandwidth_{name.replace('-', '_')}_m": round(value, 1) for name, value in rules.items()},
        "map_point_spacing_m": None if found.spacing is None else round(found.spacing, 1),
        "bandwidth_floor_m": None if floor is None else round(floor, 1),
        "share_on_shared_points": round(found.share_shared, 4),
    }
    if rule is not None and not isinstance(rule, str):
        return _as_asked(float(rule), found, floor, provenance)
    name = rule or "silverman-robust"
    value, notes = rules[name], ()
    return _by_rule(value, name, floor=floor, found=found, notes=notes, provenance=provenance)


def convert_bandwidth(bandwidth: float, kernel: Kernel, to: Kernel) -> float:
    """Return the bandwidth of another kernel with the same standard deviation per axis.

    Examples
    --------
    >>> convert_bandwidth(1000.0, "quartic", "gaussian").__round__(1)
    353.6
    """
    return bandwidth * RADIUS_PER_SD[to] / RADIUS_PER_SD[kernel]


def rule_bandwidths(points: Floats, weights: Floats | None = None) -> dict[str, float]:
    """Return the bandwidths of the four rules as standard deviations of a Gaussian, in metres.

    Scott's rule gives one bandwidth per axis; the one number here is their geometric mean. Silverman's takes the
    quadratic mean of the standard deviations of the axes instead, so it is never smaller.

    Parameters
    ----------
    points
        Shape (n, 2), in metres.
    weights
        Shape (n,); n becomes (sum of w)² / (sum of w²).

    References
    ----------
    Silverman (1986), Density Estimation for Statistics and Data Analysis, eq. 4.14 with d = 2 and p. 87; Esri, "How
    Kernel Density works" (robust rule, for a quartic radius); Scott (1992), Multivariate Density Estimation, eq. 6.42;
    Terrell (1990), Journal of the American Statistical Association 85, 470-477.
    """
    w = np.full(len(points), 1 / len(points)) if weights is None else weights / weights.sum()
    n = float(1 / (w**2).sum())
    centre = w @ points
    away = points - centre
    per_axis = np.sqrt(w @ away**2 * (n / (n - 1) if n > 1 else 1.0))
    standard_distance = float(np.sqrt((w @ away**2).sum()))
    median_distance = weighted_quantile(np.hypot(away[:, 0], away[:, 1]), w, 0.5)
    robust = 0.9 * min(standard_distance, median_distance / np.log(2) ** 0.5) * n**-0.2
    quartiles = [weighted_quantile(axis, w, 0.75) - weighted_quantile(axis, w, 0.25) for axis in points.T]
    scale = min(float(per_axis.mean()), float(np.mean(quartiles)) / 1.34)
    # Terrell (1990) for d = 2, as sparr's OS: R(K) = 1 / (4 pi), and no density of this spread is smoother than this.
    roughness = 16 * 24 * 8 / (10**4 * np.pi)
    return {
        "silverman-robust": float(robust / RADIUS_PER_SD["quartic"]),
        "silverman": float(np.sqrt((per_axis**2).mean()) * n ** (-1 / 6)),
        "scott": float(np.sqrt(per_axis.prod()) * n ** (-1 / 6)),
        "oversmoothing": float(scale * (2 / (4 * np.pi) / (n * roughness)) ** (1 / 6)),
    }


def weighted_quantile(values: Floats, weights: Floats, share: float) -> float:
    """Return the quantile with linear interpolation (type 7); with equal weights that of NumPy and R."""
    order = np.argsort(values, kind="stable")
    w = weights[order]
    # Value i stands at the weight before it; the last one at 1.
    at = (np.cumsum(w) - w) / (w.sum() - w[-1]) if len(w) > 1 else np.zeros(1)
    return float(np.interp(share, at, values[order]))


# --------------------------------------------------------------------------- the choice in words


def _as_asked(asked: float, found: Snapping, floor: float | None, provenance: dict[str, Any]) -> Bandwidth:
    notes: tuple[str, ...] = ()
    if floor is not None and asked < floor:
        notes = (
            f"Events were moved to map points about {found.spacing:,.0f} m apart: with a bandwidth of {asked:,.0f} m "
            f"the surface shows map points. It is not reliable below {floor:,.0f} m.",
        )
    return Bandwidth(asked, "asked", f"{asked:,.0f} m, as asked for", notes, provenance)


def _by_rule(
    value: float,
    rule: str,
    *,
    floor: float | None,
    found: Snapping,
    notes: tuple[str, ...],
    provenance: dict[str, Any],
) -> Bandwidth:
    metres = round(value / ROUND) * ROUND if value > 10 * ROUND else float(f"{value:.3g}")
    words = f"{metres:,.4g} m, by {RULE_WORDS[rule]}" if metres < 100 else f"{metres:,.0f} m, by {RULE_WORDS[rule]}"
    if floor is None or metres >= floor:
        return Bandwidth(metres, rule, words, notes, provenance)
    raised = float(np.ceil(floor / ROUND) * ROUND)
    words = (
        f"{raised:,.0f} m: {RULE_WORDS[rule]} gives {metres:,.0f} m, raised because events were moved to map points "
        f"about {found.spacing:,.0f} m apart, which a smaller bandwidth would show"
    )
    return Bandwidth(raised, "floor", words, (*notes, f"Bandwidth {words}."), provenance)


def _need(points: Floats, *, rule: BandwidthRule | float | None, kernel: str) -> None:
    known = get_args(BandwidthRule)
    if isinstance(rule, str):
        if rule not in known:
            raise AnalysisError(f"There is no bandwidth rule {rule!r}.", advice=f"use one of {', '.join(known)}")
    elif rule is not None and not (np.isfinite(rule) and rule > 0):
        raise AnalysisError(f"The bandwidth must be above 0: {rule:g}.", advice="give it in metres, or leave it out")
    if kernel not in RADIUS_PER_SD:
        raise AnalysisError(f"There is no kernel {kernel!r}.", advice=f"use one of {', '.join(RADIUS_PER_SD)}")
    if (rule is None or isinstance(rule, str)) and len(np.unique(points, axis=0)) < 2:
        where = f"{len(points):,} events at {points[0, 0]:.0f} {points[0, 1]:.0f}" if len(points) else "no events"
        raise AnalysisError(
            "All events lie on one point, so no bandwidth can be derived from their spread.",
            found=where,
            advice="give the bandwidth in metres",
        )
