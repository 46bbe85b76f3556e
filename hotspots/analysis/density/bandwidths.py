"""Bandwidths: rules from the spread of the points, choices from the data, one value in metres with its reason.

Rules and searches are published for the Gaussian kernel (the robust rule for a quartic radius). They are brought to the
kernel in use by equal standard deviation per axis: a kernel of radius R smooths as much as a Gaussian whose standard
deviation is R / sqrt(8) (quartic), R / sqrt(6) (Epanechnikov), R / sqrt(20/3) (triangular) or R / 2 (uniform).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import TYPE_CHECKING, Final, Literal, get_args

import numpy as np

from hotspots.analysis.density.cross_validation import Criterion, Places, search_bandwidth
from hotspots.analysis.density.map_points import CENTIMETRE, MapPoints, detect_map_points
from hotspots.analysis.density.ripley_k import search_diggle
from hotspots.errors import AnalysisError
from hotspots.model import BandwidthChoice, Note
from hotspots.vocabulary import BandwidthRule, Kernel

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from shapely import MultiPolygon, Polygon

    Floats = NDArray[np.float64]

__all__ = ["RADIUS_PER_SD", "Bandwidth", "choose_bandwidth", "convert_bandwidth", "rule_bandwidths"]

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

HALF_NEAREST, SMOOTHEST = 0.5, 1.5
"""A search goes from half the median distance between nearest places (or the floor of map points) to one and a half
times the oversmoothing bandwidth; Diggle's, from 0 to a quarter of the largest distance of K."""


@dataclass(frozen=True)
class Bandwidth:
    """A bandwidth and the reason for it.

    Attributes
    ----------
    metres
        Radius of the kernel; its standard deviation for ``"gaussian"``.
    words
        The value and its reason, for the reader.
    notes
        What the reader must know besides.
    provenance
        The rule that gave it, and the alternatives.
    """

    metres: float
    words: str
    notes: tuple[Note, ...]
    provenance: BandwidthChoice

    @property
    def rule(self) -> BandwidthRule | Literal["asked"]:
        """The rule that gave it (raised to the floor of map points or not), ``"asked"`` where it was given."""
        return self.provenance.rule


def choose_bandwidth(
    points: Floats,
    *,
    rule: BandwidthRule | float | None,
    kernel: Kernel,
    outline: Polygon | MultiPolygon | None = None,
    weights: Floats | None = None,
) -> Bandwidth:
    """Return the bandwidth by a rule, or as given, with its reason and the alternatives.

    The default is Silverman's robust rule, as in ArcGIS. A bandwidth from a rule is raised to the least that the
    spacing of map points allows; a number is taken as it is, with a note. The searches (least squares, likelihood,
    Diggle) cost seconds for 100,000 events. Events on one point are left out together in them, where R's sparr and
    spatstat leave out one at a time. A few isolated events raise the bandwidth by likelihood, and chance clusters lower
    that by least squares: neither takes the purpose of the map into account.

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
        If the rule is unknown, the number not above 0, the weights impossible, or all points lie on one.

    References
    ----------
    See `rule_bandwidths`, `hotspots.analysis.density.cross_validation` and `hotspots.analysis.density.ripley_k`.
    """
    _need(points, rule=rule, kernel=kernel, weights=weights)
    found = detect_map_points(points)
    floor = None if found.floor is None else convert_bandwidth(found.floor, "quartic", kernel)
    sds = rule_bandwidths(points, weights)
    name: BandwidthRule = rule if isinstance(rule, str) else "silverman-robust"
    notes: tuple[Note, ...] = ()
    if name not in sds:
        sds[name], notes = _search(points, weights, rule=name, outline=outline, found=found, sds=sds, kernel=kernel)
    values = {each: sd * RADIUS_PER_SD[kernel] for each, sd in sds.items()}
    provenance = BandwidthChoice(
        rule="asked" if isinstance(rule, float | int) else name,
        by_rule={each: round(value, 1) for each, value in values.items()},
        radius_per_standard_deviation=round(RADIUS_PER_SD[kernel], 6),
        map_point_spacing_m=None if found.spacing is None else round(found.spacing, 1),
        bandwidth_floor_m=None if floor is None else round(floor, 1),
        share_on_shared_points=round(found.share_shared, 4),
    )
    if isinstance(rule, float | int):
        return _as_asked(float(rule), _others(values, None, kernel), floor=floor, found=found, provenance=provenance)
    if values[name] <= 0:
        raise AnalysisError(
            f"All events lie on one line, so {RULE_WORDS[name]} gives a bandwidth of 0.",
            found=f"{len(points):,} events, the first at {points[0, 0]:.0f} {points[0, 1]:.0f}",
            advice="give the bandwidth in metres, or use another rule",
        )
    chosen = Bandwidth(_round(values[name]), "", (*notes, _others(values, name, kernel)), provenance)
    return _in_words(chosen, name, floor=floor, found=found)


def convert_bandwidth(bandwidth: float, kernel: Kernel, to: Kernel) -> float:
    """Return the bandwidth of another kernel with the same standard deviation per axis.

    Examples
    --------
    >>> convert_bandwidth(1000.0, "quartic", "gaussian").__round__(1)
    353.6
    """
    return bandwidth * RADIUS_PER_SD[to] / RADIUS_PER_SD[kernel]


def rule_bandwidths(points: Floats, weights: Floats | None = None) -> dict[BandwidthRule, float]:
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
    # Weights add to 1, so that 1 / sum w² is Kish's effective number of events; n where all are equal.
    w = np.full(len(points), 1 / len(points)) if weights is None else weights / weights.sum()
    n = float(1 / (w**2).sum())
    centre = w @ points
    away = points - centre
    per_axis = np.sqrt(w @ away**2 * (n / (n - 1) if n > 1 else 1.0))
    standard_distance = float(np.sqrt((w @ away**2).sum()))
    # Esri: 0.9 min(standard distance, median distance / sqrt(ln 2)) n^-0.2.
    median_distance = weighted_quantile(np.hypot(away[:, 0], away[:, 1]), w, 0.5)
    # Where half of the events lie on one point a median says nothing of the rest.
    robust = 0.9 * _least(standard_distance, median_distance / np.log(2) ** 0.5) * n**-0.2
    # Interquartile range / 1.34 is the standard deviation of a normal; heavy tails hardly move it.
    quartiles = [weighted_quantile(axis, w, 0.75) - weighted_quantile(axis, w, 0.25) for axis in points.T]
    scale = _least(float(per_axis.mean()), float(np.mean(quartiles)) / 1.34)
    # Terrell (1990) for d = 2, as sparr's OS: R(K) = 1 / (4 pi), and no density of this spread is smoother than this.
    roughness = 16 * 24 * 8 / (10**4 * np.pi)
    return {
        "silverman-robust": float(robust / RADIUS_PER_SD["quartic"]),
        "silverman": float(np.sqrt((per_axis**2).mean()) * n ** (-1 / 6)),
        "scott": float(np.sqrt(per_axis.prod()) * n ** (-1 / 6)),
        "oversmoothing": float(scale * (2 / (4 * np.pi) / (n * roughness)) ** (1 / 6)),
    }


def _least(first: float, second: float) -> float:
    return min(first, second) if second > 0 else first


def weighted_quantile(values: Floats, weights: Floats, share: float) -> float:
    """Return the quantile with linear interpolation (type 7); with equal weights that of NumPy and R."""
    order = np.argsort(values, kind="stable")
    w = weights[order]
    # Value i lies at the weight before it; the last one at 1.
    at = (np.cumsum(w) - w) / (w.sum() - w[-1]) if len(w) > 1 else np.zeros(1)
    return float(np.interp(share, at, values[order]))


# --------------------------------------------------------------------------- the choice from the data


def _search(
    points: Floats,
    weights: Floats | None,
    *,
    rule: BandwidthRule,
    outline: Polygon | MultiPolygon | None,
    found: MapPoints,
    sds: Mapping[BandwidthRule, float],
    kernel: Kernel,
) -> tuple[float, tuple[Note, ...]]:
    """Return the standard deviation that a criterion chooses, in metres, and notes on the search."""
    places = Places.of(points, weights)
    lowest = HALF_NEAREST * float(np.median(places.away))
    if found.floor is not None:
        lowest = found.floor / RADIUS_PER_SD["quartic"]
    if rule == "diggle":
        if outline is None:
            raise AnalysisError(
                "Diggle's bandwidth needs the study area, to know which pairs of events its border hides.",
                advice="give the outline, or use another rule",
            )
        search = search_diggle(places, outline, lowest=lowest if found.snapped else 0.0)
    else:
        criterion: Criterion = "least-squares" if rule == "least-squares" else "likelihood"
        highest = max(SMOOTHEST * sds["oversmoothing"], 2 * lowest)
        search = search_bandwidth(places, outline, criterion=criterion, lowest=lowest, highest=highest)
    notes = []
    if found.share_shared > 0:
        share = f"{found.share_shared:.1%}"
        words = (
            f"{share} of the events share their point with another. These were left out together in the search for the "
            "bandwidth; one by one they would bias it towards 0."
        )
        notes.append(Note(words, of="records", numbers=(share, 0)))
    if search.end is not None:
        ends = [_metres(sd * RADIUS_PER_SD[kernel]) for sd in (search.lowest, search.highest)]
        at, beyond = (ends[0], "smaller") if search.end == "lower" else (ends[1], "larger")
        words = (
            f"The search for the bandwidth, from {ends[0]} to {ends[1]}, stopped at its {search.end} end: {at} is not "
            f"the best, a {beyond} one would fit these events better."
        )
        notes.append(Note(words, of="records", numbers=tuple(ends)))
    return search.sd, tuple(notes)


# --------------------------------------------------------------------------- the choice in words


def _as_asked(
    asked: float,
    others: Note,
    *,
    floor: float | None,
    found: MapPoints,
    provenance: BandwidthChoice,
) -> Bandwidth:
    notes = [others]
    if floor is not None and asked < floor:
        spacing, own, least = f"{found.spacing:,.0f} m", _metres(asked), _metres(floor)
        words = (
            f"Events are at map points about {spacing} apart: with a bandwidth of {own} the surface shows map points. "
            f"It is not reliable below {least}."
        )
        notes.append(Note(words, of="records", numbers=(spacing, own, least)))
    return Bandwidth(asked, f"{_metres(asked)}, as set", tuple(notes), provenance)


def _in_words(chosen: Bandwidth, rule: BandwidthRule, *, floor: float | None, found: MapPoints) -> Bandwidth:
    by = RULE_WORDS[rule]
    if floor is None or chosen.metres >= floor:
        return replace(chosen, words=f"{_metres(chosen.metres)}, by {by}")
    raised = float(np.ceil(floor / ROUND) * ROUND) if floor > 10 * ROUND else floor
    words = (
        f"{_metres(raised)}: {by} gives {_metres(chosen.metres)}, raised because events are at map points "
        f"about {found.spacing:,.0f} m apart, which a smaller bandwidth would show"
    )
    note = Note(f"Bandwidth {words}.", of="records", numbers=(words,), topic="bandwidth")
    return replace(chosen, metres=raised, words=words, notes=(*chosen.notes, note))


def _others(values: Mapping[BandwidthRule, float], chosen: str | None, kernel: Kernel) -> Note:
    others = [f"{name} {_metres(_round(value))}" for name, value in values.items() if name != chosen]
    words = f"Bandwidths that other rules give: {', '.join(others)}."
    ratio = f"{RADIUS_PER_SD[kernel]:.2f}"
    if kernel != "gaussian":
        words += f" A {kernel} radius is {ratio} standard deviations of a Gaussian as smooth."
    return Note(words, of="records", numbers=(*others, ratio))


def _round(metres: float) -> float:
    return round(metres / ROUND) * ROUND if metres > 10 * ROUND else float(f"{metres:.3g}")


def _metres(value: float) -> str:
    return f"{value:,.0f} m" if value >= 10 * ROUND else f"{value:.3g} m"


def _need(points: Floats, *, rule: BandwidthRule | float | None, kernel: str, weights: Floats | None) -> None:
    if weights is not None and not (len(weights) == len(points) and (weights >= 0).all() and weights.sum() > 0):
        raise AnalysisError(
            "The weights of the events do not fit: one each, none below 0, not all 0.",
            found=f"{len(weights):,} weights for {len(points):,} events, the least {weights.min(initial=np.inf):g}",
            advice="give one weight per event, or leave them out",
        )
    known = get_args(BandwidthRule)
    if isinstance(rule, str):
        if rule not in known:
            raise AnalysisError(f"There is no bandwidth rule {rule!r}.", advice=f"use one of {', '.join(known)}")
    elif rule is not None and not (np.isfinite(rule) and rule > 0):
        raise AnalysisError(f"The bandwidth must be above 0: {rule:g}.", advice="give it in metres, or leave it out")
    if kernel not in RADIUS_PER_SD:
        raise AnalysisError(f"There is no kernel {kernel!r}.", advice=f"use one of {', '.join(RADIUS_PER_SD)}")
    if (rule is None or isinstance(rule, str)) and (len(points) < 2 or np.ptp(points, axis=0).max() < CENTIMETRE):
        where = f"{len(points):,} events at {points[0, 0]:.0f} {points[0, 1]:.0f}" if len(points) else "no events"
        raise AnalysisError(
            "All events lie on one point, so no bandwidth can be derived from their spread.",
            found=where,
            advice="give the bandwidth in metres",
        )
