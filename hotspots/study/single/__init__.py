"""One layer in, one layer or surface out, without a study file: what a GIS asks for."""

from hotspots.study.single.local import Local, find_local
from hotspots.study.single.surface import SurfaceOfPoints, make_surface_of

__all__ = ["Local", "SurfaceOfPoints", "find_local", "make_surface_of"]
