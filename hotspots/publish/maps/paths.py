"""Polygons as one matplotlib path, so that many areas of a class are drawn at once."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from matplotlib.path import Path as MarksPath
    from numpy.typing import NDArray

__all__ = ["compound_path"]


def compound_path(geometries: NDArray[np.object_]) -> MarksPath:
    """Return all polygons as one path: a class is then one drawing operation, however many areas it has.

    Shells run one way and holes the other, so that holes stay empty whatever fill rule the printer has.
    """
    import shapely
    from matplotlib.path import Path as MarksPath

    parts = shapely.get_parts(np.asarray(geometries, dtype=object))
    parts = parts[shapely.get_type_id(parts) == shapely.GeometryType.POLYGON]
    if not len(parts):
        return MarksPath(np.empty((0, 2)))
    rings = shapely.get_rings(shapely.orient_polygons(parts))
    vertices, ring = shapely.get_coordinates(rings, return_index=True)
    codes = np.full(len(vertices), MarksPath.LINETO, dtype=MarksPath.code_type)
    change = np.flatnonzero(np.diff(ring)) + 1
    codes[np.concatenate([[0], change])] = MarksPath.MOVETO
    codes[np.concatenate([change - 1, [len(vertices) - 1]])] = MarksPath.CLOSEPOLY
    return MarksPath(vertices, codes)
