"""The only door to map tiles: nothing is fetched unless a study names a source, and a map is drawn without it too."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from hotspots.vocabulary import CRS

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["add_basemap"]


def add_basemap(axes: Axes, source: str, *, attribution: str = "") -> str | None:
    """Draw a basemap under what the axes show; return None, or a sentence that says why there is none.

    Parameters
    ----------
    axes
        Axes in British National Grid (metres) whose limits are set.
    source
        Path of a GeoTIFF, or name of a tile provider as xyzservices writes it, e.g. ``"OpenStreetMap.Mapnik"``.
        A provider is asked over the network.
    attribution
        Who must be credited on the map; a provider's own credit is used where this is empty.

    Returns
    -------
    str or None
        None where the basemap was drawn.
    """
    import contextily
    from rasterio.errors import RasterioIOError
    from requests.exceptions import RequestException

    limits = (axes.get_xlim(), axes.get_ylim())
    options: dict[str, Any] = {"attribution": attribution or None, "attribution_size": 6, "reset_extent": True}
    try:
        contextily.add_basemap(axes, source=_source(source), crs=CRS, zorder=0, **options)
    except (RequestException, RasterioIOError, ValueError) as error:
        return f"There is no basemap: {source} could not be had ({_reason(error)})."
    finally:
        axes.set(xlim=limits[0], ylim=limits[1])
    return None


def _source(source: str) -> Any:
    """Return a path as text, or the provider of this name (ValueError where there is none)."""
    import contextily

    return source if Path(source).suffix.lower() in (".tif", ".tiff") else contextily.providers.query_name(source)


def _reason(error: Exception) -> str:
    """Return a short reason, without the address that libraries put into their messages."""
    from requests.exceptions import RequestException

    return "no answer from the network" if isinstance(error, RequestException) else str(error).split("\n")[0]
