"""Areas on a map: by class, by decile of deprivation, and their borders; with their legend."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from hotspots.model import Agreement, Deprivation, HotspotResult, Place, SchoolResult, Stability
from hotspots.publish.maps.paths import compound_path
from hotspots.publish.page import INK, MM_PER_INCH, Entry
from hotspots.publish.style import DEPENDS, MANY_AUTHORITIES, Ground
from hotspots.publish.text import has_intervals
from hotspots.vocabulary import AGREEMENT_CLASSES, METHOD_CLASSES, STABILITY_CLASSES, ClassStyle, ink_on

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from numpy.typing import NDArray

__all__ = [
    "BEHIND",
    "busy_boxes",
    "draw_areas",
    "draw_context",
    "draw_deciles",
    "draw_outlines",
    "draw_plain",
    "draw_shares",
]

QUIET: Final = ("not_significant", "not_tested", "in_none", "none")
PALE: Final = "#e9e9e6"
AREA_EDGE: Final = "#8f8f8f"
DECILE_COLOURS: Final = (
    "#8d92a8",
    "#999eb2",
    "#a6aabc",
    "#b2b6c6",
    "#bfc2d0",
    "#cbceda",
    "#d7dae3",
    "#e2e4eb",
    "#ecedf2",
    "#f6f6f9",
)
"""Most deprived to least: greys with a little blue, so that the points above them stay the message."""
BEHIND: Final = "#7a7a7a"
"""Of borders below contours, which are the darkest lines then."""
NO_DECILE: Final = "#ffffff"


SMALL_ON_PAPER: Final = 0.5
"""Millimetres. Areas that are narrower in the middle have no border: the borders would hide them."""


def _how_drawn(axes: Axes, ground: Ground, seen: NDArray[np.bool_]) -> dict[str, Any]:
    """Return how polygons are drawn: as pixels where there are many, without borders where they are small on paper."""
    style: dict[str, Any] = {"rasterized": True} if ground.dense else {}
    figure = axes.get_figure(root=True)
    assert figure is not None
    box = axes.get_window_extent().width / figure.dpi * MM_PER_INCH
    west, east = axes.get_xlim()
    sides = np.sqrt(ground.sizes[seen]) if seen.any() else np.ones(1)
    if float(np.median(sides)) / ((east - west) / box) < SMALL_ON_PAPER:
        style["linewidth"] = 0.0
    return style


def _fill(axes: Axes, shapes: NDArray[np.object_], colour: str, *, hatch: str = "", **options: Any) -> None:
    """Fill polygons as one path, and hatch them as another."""
    from matplotlib.patches import PathPatch

    if not len(shapes):
        return
    path = compound_path(shapes)
    style: dict[str, Any] = {"edgecolor": AREA_EDGE, "linewidth": 0.15, "joinstyle": "round"} | options
    axes.add_artist(PathPatch(path, facecolor=colour, **style))
    if hatch:
        pixels = bool(style.get("rasterized", False))
        _hatch(axes, path, hatch, ink_on(colour), zorder=float(style.get("zorder", 1.0)), pixels=pixels)


def _hatch(axes: Axes, path: Any, hatch: str, colour: str, *, zorder: float, pixels: bool = False) -> None:
    from matplotlib.patches import PathPatch

    style: dict[str, Any] = {"hatch": hatch, "linewidth": 0, "zorder": zorder, "rasterized": pixels}
    axes.add_artist(PathPatch(path, facecolor="none", edgecolor=colour, **style))


def _shapes(ground: Ground, keep: NDArray[np.bool_]) -> NDArray[np.object_]:
    shapes: NDArray[np.object_] = np.asarray(ground.area.areas.geometry.to_numpy()[keep], dtype=object)
    return shapes


def draw_context(axes: Axes, ground: Ground, seen: NDArray[np.bool_], place: Place | None) -> None:
    """Fill the areas outside the place in one pale colour."""
    style = {"edgecolor": "white"} | _how_drawn(axes, ground, seen)
    _fill(axes, _shapes(ground, seen & ~ground.lies_in(place)), PALE, **style)


def draw_plain(axes: Axes, ground: Ground, seen: NDArray[np.bool_], colour: str, *, alpha: float | None = None) -> None:
    """Fill all areas in one colour."""
    _fill(axes, _shapes(ground, seen), colour, alpha=alpha, **_how_drawn(axes, ground, seen))


def draw_outlines(axes: Axes, ground: Ground, place: Place | None, *, colour: str = INK) -> None:
    """Draw the borders of the authorities, those of the place darker."""
    from matplotlib.patches import PathPatch

    strong = 1.0 if len(ground.outlines) <= MANY_AUTHORITIES or place is not None else 0.25
    for code, outline in ground.outlines.items():
        inside = place is None or code in place.authorities
        axes.add_artist(
            PathPatch(
                compound_path(np.array([outline], dtype=object)),
                facecolor="none",
                edgecolor=colour if inside else "#8c8c8c",
                linewidth=strong if inside else 0.6,
                joinstyle="round",
                zorder=5 if inside else 4,
                rasterized=ground.dense,
            )
        )


def draw_areas(
    axes: Axes,
    result: HotspotResult,
    ground: Ground,
    seen: NDArray[np.bool_],
    *,
    place: Place | None,
    alpha: float | None,
) -> list[Entry]:
    """Fill the areas of a place by class; return the legend, one entry a class, with the number of areas."""
    table = result.table.reindex(ground.area.ids)
    inside = ground.lies_in(place)
    classes = table["class"].fillna("not_tested").to_numpy(dtype=object)
    depends = (table["certainty"] == "depends").to_numpy(dtype=bool) & inside
    drawn = _how_drawn(axes, ground, seen)
    entries = []
    for style in METHOD_CLASSES[result.method]:
        of_class = inside & (classes == style.key)
        options = dict(drawn)
        if "linewidth" in options and style.key not in QUIET:
            # A hot area of a country is smaller than a dot of ink: its own colour around it makes it one.
            options |= {"edgecolor": style.colour, "linewidth": 0.4, "zorder": 1.5}
        _fill(axes, _shapes(ground, of_class & seen), style.colour, hatch=style.hatch, alpha=alpha, **options)
        unsure = _shapes(ground, of_class & depends & seen)
        if len(unsure):
            pixels = "rasterized" in drawn
            _hatch(axes, compound_path(unsure), DEPENDS.hatch, style.ink, zorder=2, pixels=pixels)
        entries.append(Entry(style.label, style.colour, style.hatch, int(of_class.sum()), hatch_colour=style.ink))
    if has_intervals(result, place):
        entries.append(Entry(DEPENDS.label, DEPENDS.colour, DEPENDS.hatch, int(depends.sum())))
    return entries


def draw_shares(
    axes: Axes,
    result: Stability | Agreement,
    ground: Ground,
    seen: NDArray[np.bool_],
    *,
    place: Place | None,
    alpha: float | None,
) -> list[Entry]:
    """Fill the areas of a place by how many variants or methods call them hot; return the legend with their numbers."""
    if isinstance(result, Stability):
        styles: Sequence[ClassStyle] = STABILITY_CLASSES
    else:  # classes that so few methods can reach
        styles = AGREEMENT_CLASSES[len(AGREEMENT_CLASSES) - 2 - len(result.compared) :]
    classes = result.table["class"].reindex(ground.area.ids).fillna("not_tested").to_numpy(dtype=object)
    inside, entries = ground.lies_in(place), []
    for style in styles:
        of_class = inside & (classes == style.key)
        _fill(axes, _shapes(ground, of_class & seen), style.colour, hatch=style.hatch, alpha=alpha,
              **_how_drawn(axes, ground, seen))  # fmt: skip
        entries.append(Entry(style.label, style.colour, style.hatch, int(of_class.sum())))
    return entries


def draw_deciles(
    axes: Axes,
    deprivation: Deprivation,
    ground: Ground,
    seen: NDArray[np.bool_],
    *,
    place: Place | None,
    alpha: float | None,
) -> None:
    """Fill the areas of a place by decile of deprivation, muted."""
    decile = deprivation.table["decile"].reindex(ground.area.ids).to_numpy(dtype=float)
    inside = ground.lies_in(place) & seen
    drawn = _how_drawn(axes, ground, seen)
    for number, colour in enumerate(DECILE_COLOURS, start=1):
        _fill(
            axes, _shapes(ground, inside & (decile == number)), colour, alpha=alpha, **({"edgecolor": "white"} | drawn)
        )
    _fill(axes, _shapes(ground, inside & np.isnan(decile)), NO_DECILE, hatch="xxx", alpha=alpha, **drawn)


def busy_boxes(result: HotspotResult | SchoolResult | Stability | Agreement, ground: Ground) -> NDArray[np.float64]:
    """Return boxes (n, 4), west, south, east, north in metres, of what a reader came to see; a school is a point."""
    if not isinstance(result, SchoolResult):
        loud = ~result.table["class"].reindex(ground.area.ids).isin(QUIET).to_numpy()
        return np.asarray(ground.bounds[loud], dtype=float)
    points = np.asarray(result.table.loc[result.table.geometry.notna(), ["easting", "northing"]].dropna(), dtype=float)
    return np.hstack([points, points])
