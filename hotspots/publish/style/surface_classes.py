"""The classes of a surface: bounds, words and colours, the same on the printed map and in a GIS."""

from __future__ import annotations

import math
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING, Any, Final

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from hotspots.model import Contours, Surface

__all__ = [
    "CHANCE_COLOUR",
    "FACTORS",
    "LOWERED_COLOURS",
    "LOWERED_HATCHES",
    "NOT_BEYOND",
    "RAISED_COLOURS",
    "SURFACE_COLOURS",
    "UNJUDGED",
    "Shade",
    "cell_centres",
    "cells_within",
    "class_codes",
    "line_labels",
    "surface_breaks",
    "surface_labels",
    "surface_shades",
]

SURFACE_COLOURS: Final = ("#ffffff00", "#fee391", "#fec44f", "#fe9929", "#d95f0e", "#8c2d04")
"""Below the average (clear), then once, twice, ... five times the average and more; darker is denser in grey too."""
LOWERED_COLOURS: Final = ("#92c5de", "#c1dcee", "#e6f0f8")
RAISED_COLOURS: Final = ("#fee8c8", "#fdbb84", "#ef6548", "#990000")
"""Most lowered first, most raised last. The lowered stay pale and are dotted: in grey only the raised is dark."""
LOWERED_HATCHES: Final = ("....", "...", "..")
"""Most lowered first: the lower, the closer the dots."""
CLEAR: Final = "#ffffff00"
FACTORS: Final = (1 / 2, 2 / 3, 4 / 5, 5 / 4, 3 / 2, 2.0, 3.0)
"""Bounds of the classes of a ratio; the same on every map, so that a colour means the same."""
FACTOR_MARKS: Final = ("0.5", "0.67", "0.8", "1.25", "1.5", "2", "3")
FACTOR_WORDS: Final = (
    "Less than half",
    "Half to two thirds",
    "Two thirds to four fifths",
    "About the same: 0.8 to 1.25 times",
    "1.25 to 1.5 times",
    "1.5 to 2 times",
    "2 to 3 times",
    "3 times or more",
)
UNJUDGED: Final = "Too few to judge"
NOT_BEYOND: Final = "Not significant, or too small an area"
CHANCE_COLOUR: Final = "#ececec"
"""Paler, in grey too, than all raised classes but the first, which a strong line sets apart."""
BREAK_DIGITS: Final = 2


@dataclass(frozen=True)
class Shade:
    """One class of a surface: its bounds in the surface's own unit, its words and its look.

    `colour` may end in two digits of opacity; `hatch` is a matplotlib hatch.
    """

    low: float
    high: float
    label: str
    colour: str
    hatch: str = ""

    @property
    def opaque(self) -> bool:
        """Whether it is drawn at all; else the paper shows."""
        return self.colour[7:] != "00"


def surface_shades(surface: Surface) -> tuple[Shade, ...]:
    """Return the classes of a surface, lowest first; together they take every value.

    A density has classes in multiples of its average; a ratio, whose values are natural logarithms, has fixed
    factors; a difference has steps that are the same up and down.
    """
    if surface.kind in ("relative-risk", "ratio"):
        return _factor_shades(surface)
    if surface.kind == "difference":
        return _difference_shades(surface)
    breaks = surface_breaks(surface)
    return tuple(
        Shade(low, high, label, colour)
        for (low, high), label, colour in zip(
            pairwise(breaks), surface_labels(breaks), SURFACE_COLOURS[: len(breaks) - 1], strict=True
        )
    )


def line_labels(surface: Surface) -> dict[float, str]:
    """Return the bounds between classes, where contour lines run, each with what stands on the line."""
    levels = [shade.low for shade in surface_shades(surface)[1:]]
    if surface.kind in ("relative-risk", "ratio"):
        return dict(zip(levels, FACTOR_MARKS, strict=True))
    if surface.kind == "difference":
        return {level: f"{level:+,.10g}".replace("-", "\u2212") for level in levels}
    return {level: f"{level:,.10g}" for level in levels}


def cell_centres(surface: Surface) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return the eastings of the columns and the northings of the rows, in metres."""
    rows, columns = surface.values.shape
    east = surface.origin[0] + (np.arange(columns, dtype=float) + 0.5) * surface.cell
    north = surface.origin[1] - (np.arange(rows, dtype=float) + 0.5) * surface.cell
    return np.asarray(east), np.asarray(north)


def cells_within(surface: Surface, shapes: Sequence[Any]) -> NDArray[np.bool_]:
    """Return which cells (row, col) have their middle in one of the shapes."""
    import shapely

    within = np.zeros(surface.values.shape, dtype=bool)
    x, y = np.meshgrid(*cell_centres(surface))
    for shape in shapes:
        shapely.prepare(shape)
        within |= shapely.contains_xy(shape, x, y)
    return within


def class_codes(surface: Surface, contours: Contours) -> NDArray[np.float64]:
    """Return for every cell (row, col) 0 where it is not beyond chance, else its class from 1, the lowest, upwards.

    What is beyond chance lies inside the contours. Cells without a value have no code.
    """
    bounds = [shade.low for shade in surface_shades(surface)[1:]]
    beyond = cells_within(surface, [shape for shape in contours.table.geometry if shape is not None])
    codes = np.where(beyond, np.searchsorted(bounds, surface.values, side="right") + 1.0, 0.0)
    return np.asarray(np.where(np.isfinite(surface.values), codes, np.nan))


# --------------------------------------------------------------------------- densities


def _rounded(value: float, *, up: bool = False) -> float:
    """Return a number with two significant digits."""
    unit = 10.0 ** (math.floor(math.log10(value)) - BREAK_DIGITS + 1)
    digits = math.ceil(value / unit - 1e-9) if up else round(value / unit)
    return float(f"{digits * unit:.{BREAK_DIGITS}g}")


def surface_breaks(surface: Surface) -> list[float]:
    """Return the bounds of a density's classes, the first 0 and the last not below the highest value.

    The classes are multiples of the average of the surface, so that a colour means the same on every map: the
    first class lies below the average, the second between once and twice the average, the last at five times
    the average and more. A surface that never reaches a multiple has fewer classes; one without differences
    has one class, and shows no hot spot.

    Returns
    -------
    list of float
        Strictly rising, in the surface's unit, with two significant digits; one more than there are classes,
        and at most seven. Class k has the colour ``SURFACE_COLOURS[k]``.

    References
    ----------
    Chainey, S., Reid, S. and Stuart, N. (2003), When is a hotspot a hotspot? A procedure for creating
    statistically robust hotspot maps of crime, in: Kidner, Higgs and White (eds), Socio-Economic Applications
    of Geographic Information Science (Innovations in GIS 9), 21-36: thresholds at multiples of the mean of
    the cells.
    """
    known = surface.values[np.isfinite(surface.values)]
    if not len(known) or float(known.max()) <= 0:
        return [0.0, 1.0]
    average, highest = float(known.mean()), float(known.max())
    top = _rounded(highest, up=True)
    # A multiple that is not reached before rounding must not become a class by rounding.
    reached = (k for k in range(1, len(SURFACE_COLOURS)) if average * k < highest * (1 - 1e-9))
    return [0.0, *(value for value in (_rounded(average * k) for k in reached) if value < top), top]


def surface_labels(breaks: Sequence[float]) -> list[str]:
    """Return the words for every class of a density, lowest first: bounds, and how many times the average.

    Examples
    --------
    >>> surface_labels([0.0, 13.0, 26.0, 30.0])
    ['0 to 13 (below average)', '13 to 26 (1 to 2 times)', '26 to 30 (2 times average or more)']
    """
    labels = [f"{low:,.10g} to {high:,.10g}" for low, high in pairwise(breaks)]
    if len(labels) == 1:
        return labels
    last = len(labels) - 1
    words = [f"{k} to {k + 1} times" for k in range(1, last)]
    most = f"{last} times average or more" if last > 1 else "average or more"
    return [f"{label} ({meaning})" for label, meaning in zip(labels, ["below average", *words, most], strict=True)]


# --------------------------------------------------------------------------- ratios and differences


def _diverging(surface: Surface, bounds: Sequence[float], labels: Sequence[str]) -> tuple[Shade, ...]:
    """Return classes around nothing, three below it; the outer ones reach as far as the values do."""
    known = surface.values[np.isfinite(surface.values)]
    # An outer class that no value reaches keeps its place, with a width that is above nothing.
    low = min(float(np.min(known, initial=0.0)), bounds[0] * (1 + 1e-9))
    high = max(float(np.max(known, initial=0.0)), bounds[-1] * (1 + 1e-9))
    raised = len(labels) - len(LOWERED_COLOURS) - 1
    colours = (*LOWERED_COLOURS, CLEAR, *RAISED_COLOURS[-raised:])
    hatches = (*LOWERED_HATCHES, *[""] * (raised + 1))
    edges = [low, *bounds, high]
    return tuple(
        Shade(*pair, label, colour, hatch)
        for pair, label, colour, hatch in zip(pairwise(edges), labels, colours, hatches, strict=True)
    )


def _factor_shades(surface: Surface) -> tuple[Shade, ...]:
    labels = list(FACTOR_WORDS)
    if surface.kind == "relative-risk":
        labels[3] = "About average: 0.8 to 1.25 times"
        labels[-1] = "3 times the average risk or more"
    return _diverging(surface, [math.log(bound) for bound in FACTORS], labels)


def difference_step(surface: Surface) -> float:
    """Return s, where a difference has its bounds at s, 2s and 4s: 1, 2 or 5 times a power of ten, 4s being reached.

    Where nothing differs it is 1.
    """
    known = np.abs(surface.values[np.isfinite(surface.values)])
    largest = float(np.max(known, initial=0.0))
    if largest / 4 <= 0:
        return 1.0
    power = 10.0 ** math.floor(math.log10(largest / 4))
    return float(f"{max(step * power for step in (1, 2, 5) if step * power <= largest / 4 * (1 + 1e-12)):.1g}")


def _difference_shades(surface: Surface) -> tuple[Shade, ...]:
    step = difference_step(surface)
    near, middle, far = (f"{step * times:,.10g}" for times in (1, 2, 4))
    labels = [
        f"Lower by {far} or more",
        f"Lower by {middle} to {far}",
        f"Lower by {near} to {middle}",
        f"Less than {near} lower or higher",
        f"Higher by {near} to {middle}",
        f"Higher by {middle} to {far}",
        f"Higher by {far} or more",
    ]
    return _diverging(surface, [step * times for times in (-4, -2, -1, 1, 2, 4)], labels)
