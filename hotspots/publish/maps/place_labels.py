"""Names on a map: they keep out of each other's way and, where they can, off what the map is about."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any, Final

import numpy as np
import pandas as pd

from hotspots.model import Hotspot, Place
from hotspots.publish.maps.frame import MapFrame
from hotspots.publish.page import FONT, HALO, INK, MM_PER_INCH, MM_PER_POINT, Box, Sheet, overlaps, text_box
from hotspots.publish.style import MANY_AUTHORITIES, Ground

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from numpy.typing import NDArray

__all__ = ["label_map", "put_labels", "write_label", "write_letters"]

MOST_PLACES: Final = 14
SIZES: Final = (10.0, 8.5, 7.0)
"""Points of the names of the place's authorities, of those around it, and of places."""
STEPS: Final = ((0.0, 0.0), (0.0, 1.0), (0.0, -1.0), (0.55, 0.0), (-0.55, 0.0))
"""Where a place's name may stand, in its own widths and heights from the place."""
LETTER: Final = 9.0
"""Points of the letters of hotspots."""
BEYOND: Final = "#6e6e6e"
MARK: Final = 0.8
"""Half the width of a point on the page (mm)."""
CLEAR: Final = 3.0
"""Air round the name of an authority, both sides together (mm)."""
GRID: Final = 15
"""Spots tried across an authority for its name, each way."""


def label_map(
    sheet: Sheet,
    frame: MapFrame,
    ground: Ground,
    *,
    place: Place | None,
    place_labels: pd.DataFrame | None,
    busy: NDArray[np.float64],
    marks: NDArray[np.float64],
    taken: Sequence[Box] = (),
) -> list[Box]:
    """Name the authorities, then as many places as there is room for, largest first; return where names stand (mm).

    Parameters
    ----------
    place_labels
        Columns `name`, `easting`, `northing` (metres), `population`.
    busy
        Boxes (n, 4), west, south, east, north in metres, that the names of authorities should not cover.
    marks
        Points (n, 2) in metres that lie above the names: no place is named where one would hide a letter.
    taken
        Boxes on the page (mm) in which something is written already.
    """
    taken = list(taken)
    put = partial(put_labels, sheet, frame.axes, taken=taken, within=frame.box)
    codes = set(ground.labels.index) if place is None else set(place.authorities)
    here = ground.labels.index.isin(list(codes))
    inside, beyond = ground.labels[here], ground.labels[~here]
    alone = len(inside) == 1 and (place is None or inside["name"].tolist() == [place.name])  # named in the heading
    if not alone and len(inside) <= MANY_AUTHORITIES:
        put(_quiet_names(sheet, frame, ground, inside, busy), most=99, size=SIZES[0], weight="bold")
    around = _quiet_names(sheet, frame, ground, beyond, busy[:0], size=SIZES[1])
    put(around, most=99, size=SIZES[1], weight="bold", colour=BEYOND)
    if place_labels is not None and len(place_labels):
        spots = frame.axes.transData.transform(marks) / float(sheet.figure.dpi) * MM_PER_INCH
        taken += [(x - MARK, y - MARK, x + MARK, y + MARK) for x, y in spots]
        # An authority's name stands there already, or in the heading; not on a map of too many to be named.
        unnamed = set(inside["name"]) if len(inside) > MANY_AUTHORITIES else set()
        named = place_labels[~place_labels["name"].isin(set(ground.labels["name"]) - unnamed)]
        named = named.sort_values(["population", "name"], ascending=[False, True])
        known = ground.covers(named["easting"].to_numpy(dtype=float), named["northing"].to_numpy(dtype=float), place)
        loud = _on_page(sheet, frame, busy) if not len(marks) else busy[:0]
        put(_names(named[known]), most=MOST_PLACES, size=SIZES[2], busy=loud)
    return taken


def write_letters(sheet: Sheet, frame: MapFrame, hotspots: Sequence[Hotspot], ground: Ground) -> list[Box]:
    """Write the letter of each hotspot beside it, off its areas where there is room; return where they stand (mm)."""
    taken: list[Box] = []
    for hotspot in (one for one in hotspots if one.letter):
        letter, (west, south, east, north) = hotspot.letter, ground.bounds_of(hotspot.areas)
        right = 0.55 * sheet.text_width(letter, size=LETTER, weight="bold") * frame.metres_per_mm
        up = 0.8 * LETTER * MM_PER_POINT * frame.metres_per_mm
        beside = [(x, y) for x in (east + right, west - right) for y in (north + up, south - up)]
        spots = [*beside, ((west + east) / 2, north + up), ((west + east) / 2, (south + north) / 2)]
        boxes = [
            text_box(sheet, frame.axes, *spot, letter, size=LETTER, weight="bold", align="center") for spot in spots
        ]
        inside = [at for at, box in enumerate(boxes) if _lies_in(box, frame.box)]
        free = [at for at in inside if not overlaps(boxes[at], taken)]
        if inside:
            best = (free or inside)[0]
            write_label(frame.axes, *spots[best], letter, size=LETTER, weight="bold")
            taken.append(boxes[best])
    return taken


def _on_page(sheet: Sheet, frame: MapFrame, boxes: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return boxes (n, 4) in metres as boxes on the page (mm)."""
    corners = frame.axes.transData.transform(boxes.reshape(-1, 2))
    on_page: NDArray[np.float64] = (corners / float(sheet.figure.dpi) * MM_PER_INCH).reshape(-1, 4)
    return on_page


def _names(labels: pd.DataFrame) -> Iterator[tuple[str, float, float]]:
    for name, east, north in zip(labels["name"], labels["easting"], labels["northing"], strict=True):
        yield str(name), float(east), float(north)


def _quiet_names(
    sheet: Sheet,
    frame: MapFrame,
    ground: Ground,
    labels: pd.DataFrame,
    busy: NDArray[np.float64],
    *,
    size: float = SIZES[0],
) -> Iterator[tuple[str, float, float]]:
    """Give the names of authorities, each moved inside its own to where it covers least of what the map is about."""
    height = size * MM_PER_POINT * 1.4 * frame.metres_per_mm
    for code, (name, east, north) in zip(labels.index, _names(labels), strict=True):
        width = (sheet.text_width(name, size=size, weight="bold") + CLEAR) * frame.metres_per_mm
        x, y = _quiet_spot(
            ground.outlines[str(code)], np.array([east, north]), (width, height), busy, extent=frame.extent
        )
        yield name, float(x), float(y)


def _quiet_spot(
    outline: Any,
    start: NDArray[np.float64],
    size: tuple[float, float],
    busy: NDArray[np.float64],
    *,
    extent: Box,
) -> NDArray[np.float64]:
    """Return the spot inside an outline where a label covers fewest boxes, sticks out least and moves least."""
    import shapely

    # Only what can be seen of it: of a neighbour that may be a strip along the edge.
    west, south = np.maximum(outline.bounds[:2], extent[:2])
    east, north = np.minimum(outline.bounds[2:], extent[2:])
    x, y = np.meshgrid(np.linspace(west, east, GRID), np.linspace(south, north, GRID))
    spots = np.vstack([start, np.column_stack([x.ravel(), y.ravel()])])
    shapely.prepare(outline)
    half = np.array(size) / 2
    # A name that leaves the frame is not written at all.
    fits = (spots - half * 1.2 > extent[:2]).all(axis=1) & (spots + half * 1.2 < extent[2:]).all(axis=1)
    spots = spots[fits & shapely.contains_xy(outline, spots)]
    if not len(spots):
        return start
    corners = spots[:, None, :] + half * np.array([[-1, -1], [-1, 1], [1, -1], [1, 1]])
    outside = (~shapely.contains_xy(outline, corners)).sum(axis=1)
    low, high = (spots - half)[:, None, :], (spots + half)[:, None, :]
    over = (low < busy[None, :, 2:]).all(axis=2) & (high > busy[None, :, :2]).all(axis=2)
    covered = over.sum(axis=1)
    moved = np.hypot(*(spots - start).T) / max(size[0], 1.0)
    best = int(np.argmin(8.0 * covered / max(covered.max(), 1.0) + 5.0 * outside + moved))
    return np.asarray(spots[best], dtype=float)


def write_label(
    axes: Axes,
    x: float,
    y: float,
    words: str,
    *,
    size: float,
    weight: str = "normal",
    colour: str = INK,
    **options: Any,
) -> None:
    """Write words on a map with a white halo. The halo is an artist of its own: the words stay text in a PDF."""
    from matplotlib.patheffects import withStroke

    common: dict[str, Any] = {
        "fontsize": size,
        "fontweight": weight,
        "ha": "center",
        "va": "center",
        "parse_math": False,
        "clip_on": True,
        "fontfamily": FONT,
    } | options
    halo = axes.text(x, y, words, color="white", gid=HALO, zorder=9, **common)
    halo.set_path_effects([withStroke(linewidth=size * 0.32, foreground="white")])
    axes.text(x, y, words, color=colour, zorder=10, **common)


def put_labels(
    sheet: Sheet,
    axes: Axes,
    labels: Iterable[tuple[str, float, float]],
    *,
    most: int,
    size: float,
    weight: str = "normal",
    colour: str = INK,
    taken: list[Box],
    within: Box,
    busy: NDArray[np.float64] | None = None,
) -> int:
    """Write the first `most` labels that fit in the frame and touch none before them; return how many were written.

    `taken` grows by the boxes of what is written (mm on the page), so that the next kind of label keeps clear. A
    label that would cover boxes of `busy` (n, 4; mm on the page) moves by its own size to where it covers least.
    """
    written = 0
    for words, x, y in labels:
        if written == most:
            break
        box = text_box(sheet, axes, x, y, words, size=size, weight=weight, align="center")
        if not _lies_in(box, within) or overlaps(box, taken):
            continue
        steps = STEPS if busy is not None and _covered(box, busy) > 0 else STEPS[:1]
        moved = [(_moved(box, step), step) for step in steps]
        free = [(spot, step) for spot, step in moved if _lies_in(spot, within) and not overlaps(spot, taken)]
        spot, (across, up) = min(free, key=lambda pair: 0.0 if busy is None else _covered(pair[0], busy))
        metres = abs(axes.transData.inverted().transform((1, 0)) - axes.transData.inverted().transform((0, 0)))[0]
        metres *= float(sheet.figure.dpi) / MM_PER_INCH
        right, above = across * (box[2] - box[0]) * metres, up * (box[3] - box[1]) * metres
        write_label(axes, x + right, y + above, words, size=size, weight=weight, colour=colour)
        taken.append(spot)
        written += 1
    return written


def _moved(box: Box, step: tuple[float, float]) -> Box:
    right, up = step[0] * (box[2] - box[0]), step[1] * (box[3] - box[1])
    return (box[0] + right, box[1] + up, box[2] + right, box[3] + up)


def _lies_in(box: Box, within: Box) -> bool:
    return box[0] >= within[0] and box[1] >= within[1] and box[2] <= within[2] and box[3] <= within[3]


def _covered(box: Box, busy: NDArray[np.float64]) -> float:
    """Return how much (mm²) of other boxes lies under one, each counted for itself."""
    wide = np.minimum(box[2], busy[:, 2]) - np.maximum(box[0], busy[:, 0])
    high = np.minimum(box[3], busy[:, 3]) - np.maximum(box[1], busy[:, 1])
    return float((np.maximum(wide, 0.0) * np.maximum(high, 0.0)).sum())
