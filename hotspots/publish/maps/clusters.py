"""Clusters of a scan on a map: dissolved zones with their numbers, over the areas of the study."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import numpy as np

from hotspots.model import Clusters
from hotspots.publish.maps.choropleth import draw_plain
from hotspots.publish.maps.paths import compound_path
from hotspots.publish.maps.place_labels import write_label
from hotspots.publish.page import INK, Entry
from hotspots.publish.style import Ground
from hotspots.vocabulary import CLUSTER_CLASSES

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from numpy.typing import NDArray

__all__ = ["draw_clusters", "number_clusters", "zone_boxes"]

OTHERS: Final = "#f2f0eb"
"""Of areas in no cluster: as areas that are not significant."""
EDGES: Final = {"certain": "#7f0000", "depends": "#7f0000", "never": INK}
SIZE: Final = 10.0
"""Points of the numbers."""


def draw_clusters(
    axes: Axes, clusters: Clusters, ground: Ground, seen: NDArray[np.bool_], *, alpha: float | None
) -> list[Entry]:
    """Fill the zones by what is known of them, all other areas pale; return the legend with the number of zones."""
    from matplotlib.patches import PathPatch

    draw_plain(axes, ground, seen, OTHERS, alpha=alpha)
    entries = []
    for style in CLUSTER_CLASSES:
        rows = clusters.table[clusters.table["certainty"] == style.key]
        within_chance = style.key == "never"
        if len(rows):
            look: dict[str, Any] = {"facecolor": "none" if within_chance else style.colour, "alpha": alpha}
            path = compound_path(np.asarray(rows.geometry.to_numpy(), dtype=object))
            axes.add_artist(PathPatch(path, edgecolor="none", zorder=2, **look))
            dashes = (0, (3.0, 1.6)) if within_chance else "solid"
            axes.add_artist(
                PathPatch(path, facecolor="none", edgecolor=EDGES[style.key], linewidth=1.4, linestyle=dashes, zorder=6)
            )
        if len(rows) or style.key == "certain":
            line = "dashed" if within_chance else ""
            entries.append(Entry(style.label, style.colour, count=len(rows), edge=EDGES[style.key], line=line))
    return [*entries, Entry("Areas in no cluster", OTHERS)]


def number_clusters(axes: Axes, clusters: Clusters) -> NDArray[np.float64]:
    """Write the number of every zone inside it; return where they stand (zones, 2), in metres."""
    points = np.array([[point.x, point.y] for point in clusters.table.geometry.representative_point()])
    for number, (x, y) in zip(clusters.table.index, points.reshape(-1, 2), strict=True):
        write_label(axes, float(x), float(y), str(number), size=SIZE, weight="bold")
    return points.reshape(-1, 2)


def zone_boxes(clusters: Clusters, ground: Ground) -> NDArray[np.float64]:
    """Return boxes (n, 4), west, south, east, north in metres, of the areas in zones."""
    inside = {area for ids in clusters.table["area_ids"] for area in ids.split()}
    return np.asarray(ground.bounds[np.asarray(ground.area.ids.isin(inside))], dtype=float)
