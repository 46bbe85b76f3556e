"""How far findings by area depend on the method: on the choices within one, and on which of several."""

from hotspots.analysis.stability.hot_shares import stability
from hotspots.analysis.stability.methods_compared import agreement
from hotspots.analysis.stability.variants import default_kinds, default_nulls

__all__ = ["agreement", "default_kinds", "default_nulls", "stability"]
