"""One layer in, one layer or surface out, without a study file: what a GIS asks for."""

from hotspots.study.single.local import find_local
from hotspots.study.single.surface import make_surface
from hotspots.study.single.written import Written

__all__ = ["Written", "find_local", "make_surface"]
