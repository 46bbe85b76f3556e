"""The only door to map tiles: nothing is fetched unless a study names a source, and a map is drawn without it too."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from hotspots.errors import SourceError, suggest
from hotspots.vocabulary import CRS

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["add_basemap", "need_basemap"]

MAGIC: Final = (b"II*\0", b"MM\0*", b"II+\0", b"MM\0+")
"""How TIFF and BigTIFF files begin; others of the name could be a recipe that fetches from the network."""

BANDS: Final = (3, 4)


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
    from rasterio.errors import RasterioError
    from requests.exceptions import RequestException

    limits = (axes.get_xlim(), axes.get_ylim())
    options: dict[str, Any] = {"attribution": attribution or None, "attribution_size": 6, "reset_extent": True}
    try:
        need_basemap(source)
        contextily.add_basemap(axes, source=_source(source), crs=CRS, zorder=0, **options)
    except SourceError as error:
        return f"There is no basemap: {_shown(source)} could not be loaded ({error.found})."
    except (RequestException, RasterioError, ValueError) as error:
        return f"There is no basemap: {_shown(source)} could not be loaded ({_reason(error)})."
    finally:
        axes.set(xlim=limits[0], ylim=limits[1])
    return None


def _source(source: str) -> Any:
    """Return a path as text, or the provider of this name (ValueError where there is none)."""
    import contextily

    return source if _is_path(source) else contextily.providers.query_name(source)


def _shown(source: str) -> str:
    return Path(source).name if _is_path(source) else source


def _is_path(source: str) -> bool:
    return "/" in source or "\\" in source or Path(source).suffix.lower() in (".tif", ".tiff") or Path(source).exists()


def need_basemap(source: str, *, bounds: Sequence[float] | None = None) -> None:
    """Refuse what can't be drawn under a map, before any is drawn; nothing is fetched.

    Parameters
    ----------
    source
        As for `add_basemap`.
    bounds
        West, south, east and north of what is drawn, in British National Grid; a file must touch them.

    Raises
    ------
    SourceError
        If the file is missing, no GeoTIFF, without a coordinate system, no picture of three or four bands, or lies
        elsewhere; or if there is no such tile provider.
    """
    if not _is_path(source):
        _need_provider(source)
        return
    path = Path(source)
    try:
        with path.open("rb") as file:
            first = file.read(4)
    except OSError as error:
        raise SourceError(
            f"The basemap {path.name!r} can't be read.",
            found="a folder" if path.is_dir() else str(error.strerror or error),
            advice="name a GeoTIFF with basemap in [maps], or leave it out",
        ) from error
    if first not in MAGIC:
        raise SourceError(
            f"The basemap {path.name!r} is no GeoTIFF.",
            found="a file of another kind",
            advice="export it as GeoTIFF, or leave basemap out",
        )
    _need_bands(path)
    if bounds is not None:
        _need_touch(path, bounds)


def _need_provider(source: str) -> None:
    import contextily

    try:
        contextily.providers.query_name(source)
    except ValueError as error:
        known = [provider.name for provider in contextily.providers.flatten().values()]
        raise SourceError(
            f"There is no basemap {source!r}.",
            found="neither a file nor the name of a tile provider",
            advice=suggest(source, known, otherwise="name a GeoTIFF, or a provider such as 'OpenStreetMap.Mapnik'"),
        ) from error


def _need_bands(path: Path) -> None:
    import rasterio
    from rasterio.errors import RasterioError

    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # that there is no coordinate system is said below
            with rasterio.open(path, driver="GTiff") as file:
                bands, crs, kinds = file.count, file.crs, set(file.dtypes)
    except RasterioError as error:
        raise SourceError(
            f"The basemap {path.name!r} can't be read as GeoTIFF.",
            found="a file that is damaged or cut off",
            advice="fetch or export it again, or leave basemap out",
        ) from error
    if crs is None:
        raise SourceError(
            f"The basemap {path.name!r} has no coordinate system.",
            found="an image without a place",
            advice="export it as GeoTIFF with a coordinate system, e.g. EPSG:27700",
        )
    if bands not in BANDS or kinds != {"uint8"}:
        raise SourceError(
            f"The basemap {path.name!r} is no picture.",
            found=f"{bands} band{'s' if bands > 1 else ''} of {', '.join(sorted(kinds))}",
            advice="export it as a picture: 3 bands (red, green, blue) or 4 (with transparency), of uint8",
        )


def _need_touch(path: Path, bounds: Sequence[float]) -> None:
    import rasterio
    from rasterio.warp import transform_bounds

    with rasterio.open(path, driver="GTiff") as file:
        west, south, east, north = transform_bounds(file.crs, CRS, *file.bounds)
    # What is not finite is of no place in Britain.
    if not (west <= bounds[2] and east >= bounds[0] and south <= bounds[3] and north >= bounds[1]):
        raise SourceError(
            f"The basemap {path.name!r} does not touch the study area.",
            found=f"E {west:.0f} to {east:.0f}, N {south:.0f} to {north:.0f}; the study area is "
            f"E {bounds[0]:.0f} to {bounds[2]:.0f}, N {bounds[1]:.0f} to {bounds[3]:.0f}",
            advice="export it for the study area, or leave basemap out",
        )


def _reason(error: Exception) -> str:
    """Return a short reason, without the address or path that libraries put into their messages."""
    from requests.exceptions import RequestException

    return "no answer from the network" if isinstance(error, RequestException) else "no picture"
