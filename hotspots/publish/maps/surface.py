"""A surface on a printed map: its classes, contour lines at their bounds, and the contours that were tested."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from hotspots.model import Contours, Place, Surface
from hotspots.publish.maps.contour_labels import hide_colours
from hotspots.publish.maps.paths import compound_path
from hotspots.publish.page import INK, Entry
from hotspots.publish.style import (
    CHANCE_COLOUR,
    LOWERED_COLOURS,
    NOT_BEYOND,
    UNJUDGED,
    Ground,
    Shade,
    cell_centres,
    cells_within,
    line_labels,
    surface_shades,
)
from hotspots.publish.text import InsideContours, capitalised, percent, too_small_to_draw
from hotspots.vocabulary import CONTOUR_KINDS

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.transforms import TransformedPath
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

__all__ = [
    "Drawn",
    "busy_cells",
    "cells_inside",
    "contours_in",
    "draw_contours",
    "draw_surface",
    "inside_contours",
    "unjudged_cells",
]

LINE: Final = "#4d4d4d"
LINE_POINTS: Final = 0.4
BEYOND: Final = 2
"""Cells that the classes reach beyond the last one known, so that they end at the border and not half a cell short."""
INSET: Final = 1.0
"""Metres. The outlines are snapped to 0.1 m; a cell this near to them is not called missing."""
MOST_BOXES: Final = 4_000
SLIVER: Final = 10_000.0
"""Square metres: what of a polygon lies in a place and is smaller than this does not count as extents in it."""
UNJUDGED_HATCH: Final = "xxx"
UNJUDGED_INK: Final = "#b3b3b3"
"""Seen, and quieter than any class."""
COMPARED: Final = {"raised": "Higher than expected by chance", "lowered": "Lower than expected by chance"}
"""Kinds of contours where no risk is shown."""
CONTOUR_DASHES: Final = {"lowered": (0, (3.0, 1.6))}
"""Contours that are not drawn solid."""


@dataclass(frozen=True)
class Drawn:
    """What was drawn: lines of the legend, and contour lines (label → arrays (n, 2) in metres), highest first.

    `shows` says whether points (eastings, northings in metres) lie where a class is seen.
    """

    entries: list[Entry]
    lines: dict[str, list[Floats]]
    shows: Callable[[Floats, Floats], NDArray[np.bool_]]


def cells_inside(surface: Surface, ground: Ground, place: Place | None) -> NDArray[np.bool_]:
    """Return which cells (row, col) have a value and their middle in a place."""
    x, y = np.meshgrid(*cell_centres(surface))
    inside = np.isfinite(surface.values)
    inside[inside] = ground.covers(x[inside], y[inside], place)
    return inside


def unjudged_cells(surface: Surface, ground: Ground, place: Place | None) -> NDArray[np.bool_]:
    """Return which cells (row, col) of a place have no value, because there was too little to judge.

    Only a ratio or a difference has such cells: a density has a value everywhere.
    """
    import shapely

    missing = np.zeros(surface.values.shape, dtype=bool)
    if surface.kind in ("density", "spread"):
        return missing
    x, y = np.meshgrid(*cell_centres(surface))
    open_cells = ~np.isfinite(surface.values)
    for outline in _outlines(ground, place):
        inner = shapely.buffer(outline, -INSET)
        shapely.prepare(inner)
        missing[open_cells] |= shapely.contains_xy(inner, x[open_cells], y[open_cells])
    return missing


def _outlines(ground: Ground, place: Place | None) -> list[Any]:
    return [outline for code, outline in ground.outlines.items() if place is None or code in place.authorities]


def _clip(axes: Axes, ground: Ground, place: Place | None) -> TransformedPath:
    """Return the outline of a place as what drawings are cut to; one object, which a PDF then holds once."""
    return _cut_to(axes, _outlines(ground, place))


def _cut_to(axes: Axes, shapes: list[Any]) -> TransformedPath:
    from matplotlib.transforms import TransformedPath

    return TransformedPath(compound_path(np.array(shapes, dtype=object)), axes.transData)


@dataclass(frozen=True)
class _Field:
    """A surface as contours are drawn through it: cell centres from south to north, and a little beyond the border.

    From south to north, because rings then run as the fill rule of paths expects them.
    """

    east: Floats
    north: Floats
    cells: Any

    @property
    def empty(self) -> bool:
        """Whether nothing can be drawn through it."""
        return min(self.cells.shape) < 2 or bool(np.ma.getmaskarray(self.cells).all())

    def filled(self, low: float, high: float) -> Any:
        """Return what lies between two levels as one path, or None."""
        from matplotlib.path import Path as MarksPath

        points, codes = self._generator.filled(low, high)
        return MarksPath(np.concatenate(points), np.concatenate(codes)) if points else None

    def lines(self, level: float) -> list[Floats]:
        """Return the lines (n, 2) at a level, in metres."""
        return list(self._generator.lines(level))

    @property
    def _generator(self) -> Any:
        """Matplotlib's own maker of contours."""
        from contourpy import FillType, LineType, contour_generator

        return contour_generator(
            self.east, self.north, self.cells, fill_type=FillType.OuterCode, line_type=LineType.Separate
        )


def _field(surface: Surface, values: Floats) -> _Field:
    """Return values (row, col) with those at the edge repeated for a few cells beyond."""
    from scipy.ndimage import distance_transform_edt

    east, north = cell_centres(surface)
    beyond = surface.cell * np.arange(1, BEYOND + 1)
    east = np.concatenate([east[0] - beyond[::-1], east, east[-1] + beyond])
    north = np.concatenate([north[-1] - beyond[::-1], north[::-1], north[0] + beyond])
    values = np.pad(values[::-1], BEYOND, constant_values=np.nan)
    missing = ~np.isfinite(values)
    if missing.all():
        return _Field(east, north, np.ma.masked_invalid(values))
    away, nearest = distance_transform_edt(missing, return_indices=True)
    return _Field(east, north, np.ma.masked_where(away > BEYOND, values[tuple(nearest)]))


def draw_surface(
    axes: Axes,
    surface: Surface,
    ground: Ground,
    *,
    place: Place | None,
    alpha: float | None,
    contours: Contours | None = None,
) -> Drawn:
    """Draw a surface by class with thin lines between the classes, inside the place.

    Of a tested surface with its contours, only what lies inside these has colour and lines; all else is pale grey.

    Returns
    -------
    Drawn
        The legend has the km² of every class, counted by cells.
    """
    shades, clip = surface_shades(surface), _clip(axes, ground, place)
    field, inside = _field(surface, surface.values), cells_inside(surface, ground, place)
    seen: TransformedPath | None = clip
    chance = np.zeros(inside.shape, dtype=bool)
    if contours is not None and surface.kind not in ("density", "spread"):
        beyond = [part for parts in contours_in(contours, ground, place).values() for part in parts]
        chance = inside & ~cells_within(surface, beyond)
        seen = _cut_to(axes, beyond) if beyond else None
        for part, colour in ((clip, CHANCE_COLOUR), (seen, "white")):
            _fill_known(axes, field, clip=part, facecolor=colour, alpha=alpha, rasterized=ground.dense)
    _fill_classes(axes, field, shades, clip=seen, alpha=alpha, rasterized=ground.dense)
    known = surface.values[inside & ~chance]
    bounds = [-np.inf, *(shade.low for shade in shades[1:]), np.inf]
    numbers = np.histogram(known, bins=bounds)[0]
    area = surface.cell**2 / 1e6
    entries = [
        Entry(shade.label, shade.colour, shade.hatch, _km2(float(number) * area), hatch_colour=LINE)
        for shade, number in zip(shades, numbers, strict=True)
    ][::-1]
    if chance.any():
        entries.append(Entry(NOT_BEYOND, CHANCE_COLOUR, "", _km2(float(chance.sum()) * area)))
    missing = unjudged_cells(surface, ground, place)
    if missing.any():
        _fill_unjudged(axes, _field(surface, missing.astype(float)), clip=clip, alpha=alpha, rasterized=ground.dense)
        size = _km2(float(missing.sum()) * area)
        entries.append(Entry(UNJUDGED, "#ffffff", UNJUDGED_HATCH, size, hatch_colour=UNJUDGED_INK))
    lines = _draw_lines(axes, field, surface, clip=seen, rasterized=ground.dense)
    return Drawn(entries, lines, partial(_shows, surface=surface, shown=inside & ~chance, ground=ground, place=place))


def _fill_known(axes: Axes, field: _Field, *, clip: TransformedPath | None, **look: Any) -> None:
    """Fill every cell with a value, below the classes."""
    if not field.empty and clip is not None:
        values = field.cells.compressed()
        path = field.filled(float(values.min()) - 1.0, float(values.max()) + 1.0)
        _add(axes, path, clip, zorder=0.95, **look)


def _shows(
    east: Floats, north: Floats, *, surface: Surface, shown: NDArray[np.bool_], ground: Ground, place: Place | None
) -> NDArray[np.bool_]:
    """Return which points lie in a place and in a cell that has a colour of its own."""
    rows, columns = surface.values.shape
    row = np.clip(np.floor((surface.origin[1] - north) / surface.cell), 0, rows - 1).astype(np.intp)
    column = np.clip(np.floor((east - surface.origin[0]) / surface.cell), 0, columns - 1).astype(np.intp)
    return ground.covers(east, north, place) & shown[row, column]


def _km2(size: float) -> int | str:
    """Return whole km²; a patch that rounds to none is still a patch."""
    return "<1" if 0 < size < 0.5 else math.floor(size + 0.5)


def _fill_classes(
    axes: Axes, field: _Field, shades: Sequence[Shade], *, clip: TransformedPath | None, **look: Any
) -> None:
    if field.empty or clip is None:
        return
    reach = float(np.ptp(field.cells.compressed())) + 1.0
    for number, shade in enumerate(shades):
        low = shade.low - (reach if number == 0 else 0.0)
        high = shade.high + (reach if number == len(shades) - 1 else 0.0)
        path = field.filled(low, high) if shade.opaque else None
        if path is not None:
            _add(axes, path, clip, facecolor=shade.colour, zorder=1.0, **look)
            if shade.hatch:
                pixels = bool(look.get("rasterized", False))
                _add(
                    axes, path, clip, facecolor="none", edgecolor=LINE, hatch=shade.hatch, zorder=1.2, rasterized=pixels
                )


def _fill_unjudged(axes: Axes, field: _Field, *, clip: TransformedPath, alpha: float | None, rasterized: bool) -> None:
    path = None if field.empty else field.filled(0.5, 2.0)
    if path is not None:
        _add(axes, path, clip, facecolor="white", alpha=alpha, zorder=1.4, rasterized=rasterized)
        look: dict[str, Any] = {"edgecolor": UNJUDGED_INK, "hatch": UNJUDGED_HATCH, "rasterized": rasterized}
        _add(axes, path, clip, facecolor="none", zorder=1.5, **look)


def _add(axes: Axes, path: Any, clip: TransformedPath, **look: Any) -> None:
    from matplotlib.patches import PathPatch

    patch = PathPatch(path, **({"linewidth": 0} | look))
    axes.add_artist(patch)
    patch.set_clip_path(clip)


def _draw_lines(
    axes: Axes, field: _Field, surface: Surface, *, clip: TransformedPath | None, rasterized: bool
) -> dict[str, list[Floats]]:
    """Draw a thin line at every bound between two classes; return those that may be labelled, highest first.

    None where they would be grey rather than lines, as on a map of a country: the colours say the same.
    """
    from matplotlib.collections import LineCollection

    if field.empty or clip is None:
        return {}
    lines = {label: field.lines(level) for level, label in line_labels(surface).items()}
    every = [line for of_level in lines.values() for line in of_level]
    if hide_colours(axes, every):
        return {}
    drawn = LineCollection(every, colors=LINE, linewidths=LINE_POINTS, zorder=1.3)
    axes.add_collection(drawn, autolim=False)
    drawn.set_clip_path(clip)
    drawn.set_rasterized(rasterized)
    if surface.kind == "spread" and not surface.bandwidth > 0:
        return {}  # its lines are borders of areas, where the value jumps
    return dict(reversed(lines.items()))


def busy_cells(surface: Surface) -> Floats:
    """Return boxes (n, 4), west, south, east, north in metres, of the classes that a reader came to see: the high ones.

    Neighbouring cells are taken together where they are very many.
    """
    shades = surface_shades(surface)
    loud = np.zeros(surface.values.shape, dtype=bool)
    known = np.isfinite(surface.values)
    first = min(2, len(shades) - 1) if surface.kind in ("density", "spread") else len(LOWERED_COLOURS) + 1
    loud[known] = surface.values[known] >= shades[first].low
    step = max(1, int(np.ceil(np.sqrt(loud.sum() / MOST_BOXES))))
    row, column = np.nonzero(loud[::step, ::step])
    side = step * surface.cell
    west, north = surface.origin[0] + column * side, surface.origin[1] - row * side
    return np.column_stack([west, north - side, west + side, north])


# --------------------------------------------------------------------------- contours


def contours_in(contours: Contours, ground: Ground, place: Place | None) -> dict[str, list[Any]]:
    """Return kind → the parts of its polygons that lie in a place, one geometry for each polygon that has any."""
    import shapely

    outline = None if place is None else shapely.union_all(np.array(_outlines(ground, place), dtype=object))
    parts: dict[str, list[Any]] = {}
    for kind in CONTOUR_KINDS:
        shapes = contours.table.geometry[contours.table["kind"] == kind]
        whole = [shape for shape in shapes if shape is not None]
        # Of the whole study area every polygon counts, as in the layer; a cut leaves slivers along the border.
        cut = [] if outline is None else [shape.intersection(outline) for shape in whole]
        kept = whole if outline is None else [part for part in cut if part.area > SLIVER]
        if kept:
            parts[kind] = kept
    return parts


def _united(parts: list[Any]) -> float:
    """Return the area (m²) of polygons that may lie in one another."""
    import shapely

    return float(shapely.union_all(np.array(parts, dtype=object)).area)


def draw_contours(
    axes: Axes, contours: Contours, surface: Surface, ground: Ground, *, place: Place | None
) -> list[Entry]:
    """Draw contours as strong lines, dashed around what is lowered; return the legend with the km² inside."""
    clip, extents = _clip(axes, ground, place), inside_contours(contours, ground, place)
    entries = []
    for kind, parts in contours_in(contours, ground, place).items():
        path = compound_path(contours.table.geometry[contours.table["kind"] == kind].to_numpy())
        common: dict[str, Any] = {"facecolor": "none", "joinstyle": "round", "capstyle": "butt"}
        _add(axes, path, clip, edgecolor="white", linewidth=2.4, zorder=2.4, **common)
        dashes = CONTOUR_DASHES.get(kind, "solid")
        _add(axes, path, clip, edgecolor=INK, linewidth=1.3, linestyle=dashes, zorder=2.5, **common)
        label, share = contour_label(contours, kind, surface), extents[kind].share_of_events
        if math.isfinite(share) and kind != "top_events":
            label += f", with {percent(share)} of the events"
        style = "dashed" if kind in CONTOUR_DASHES else "solid"
        entries.append(Entry(label, line=style, count=_km2(_united(parts) / 1e6)))
    return entries


def inside_contours(contours: Contours, ground: Ground, place: Place | None) -> dict[str, InsideContours]:
    """Return kind → the number of polygons in a place, and their share of its area and of all events.

    In a place the share of events is missing: how many are in the part of a polygon inside the place is not known.
    """
    whole = sum(outline.area for outline in _outlines(ground, place))
    extents = {}
    for kind, parts in contours_in(contours, ground, place).items():
        rows = contours.table[contours.table["kind"] == kind]
        events = float(rows["share_of_events"].sum(skipna=False)) if place is None else math.nan
        extents[kind] = InsideContours(len(parts), _united(parts) / whole, events)
    return too_small_to_draw(contours) | extents


def contour_label(contours: Contours, kind: str, surface: Surface) -> str:
    """Return what a kind of contour goes around, in its own words where all of the kind have the same."""
    words = set(contours.table.loc[contours.table["kind"] == kind, "words"].dropna()) - {""}
    if len(words) == 1:
        return capitalised(str(words.pop()))
    return COMPARED.get(kind, CONTOUR_KINDS[kind]) if surface.kind in ("ratio", "difference") else CONTOUR_KINDS[kind]
