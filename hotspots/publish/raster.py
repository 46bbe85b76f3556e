"""A surface as a Cloud-Optimised GeoTIFF, with its look in a QGIS style of the same name beside it."""

from __future__ import annotations

import json
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Final

import numpy as np

from hotspots.errors import OutputError
from hotspots.nouns import need_released
from hotspots.publish.styles import marking, surface_style

if TYPE_CHECKING:
    from hotspots.nouns import Surface

__all__ = ["write_raster"]

NODATA: Final = -9999.0
"""Cells outside the study area; a number, because not every program takes NaN for it."""
SUFFIXES: Final = (".tif", ".tiff")


def write_raster(path: str | Path, surface: Surface) -> list[Path]:
    """Write a surface as a GeoTIFF (32-bit float, British National Grid) with a QGIS style beside it.

    The values are rounded to 32-bit floats, about seven digits. Writing the same surface again gives the same
    bytes.

    Parameters
    ----------
    path
        Where to; ends in ``.tif``. Its folder is made if it is not there; an older file is replaced.
    surface
        What to write.

    Returns
    -------
    list of Path
        The GeoTIFF and the ``.qml``.

    Raises
    ------
    DisclosureError
        If the surface was made from counts that were not released.
    OutputError
        If the path does not end in ``.tif``, or the file can't be written.
    """
    path = Path(path)
    if path.suffix.lower() not in SUFFIXES:
        raise OutputError(
            f"A surface is written as a GeoTIFF, and {path.name!r} is not the name of one.",
            found=f"the ending {path.suffix!r}",
            advice="let the name end in .tif",
        )
    need_released(surface, f"The raster {path.name}")
    style = path.with_suffix(".qml")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(prefix=".hotspots-", dir=path.parent) as folder:
            raster, look = Path(folder) / path.name, Path(folder) / style.name
            _write(raster, surface)
            look.write_text(surface_style(surface), encoding="utf-8", newline="\n")
            # The raster first: where it is open in another program, nothing must have changed.
            raster.replace(path)
            look.replace(style)
    except OSError as error:
        raise OutputError(
            f"The raster {path} can't be written.",
            found=str(error),
            advice="close the program that has the file open, or write to another folder",
        ) from error
    return [path, style]


def _write(path: Path, surface: Surface) -> None:
    """Write through memory: the COG driver copies a finished raster and can't write one cell by cell."""
    import rasterio
    from rasterio.io import MemoryFile
    from rasterio.shutil import copy

    cells = np.where(np.isfinite(surface.values), surface.values, NODATA).astype(np.float32)
    rows, columns = cells.shape
    shape = {"height": rows, "width": columns, "count": 1, "dtype": "float32"}
    place = {"crs": surface.crs, "transform": rasterio.Affine(*surface.transform), "nodata": NODATA}
    with MemoryFile() as memory:
        with memory.open(driver="GTiff", **shape, **place) as raster:
            raster.write(cells, 1)
            raster.update_tags(**_tags(surface))
            raster.set_band_description(1, _heading(surface))
            raster.set_band_unit(1, surface.unit)
        with memory.open() as raster:
            copy(
                raster,
                path,
                driver="COG",
                COMPRESS="DEFLATE",
                LEVEL="9",
                PREDICTOR="YES",
                OVERVIEW_RESAMPLING="AVERAGE",
                STATISTICS="YES",
                NUM_THREADS="1",
            )


def _heading(surface: Surface) -> str:
    """Return the band's description, which QGIS shows above the classes: what, in what unit, and the marking."""
    mark = marking(surface.release)
    return f"{surface.title}, {surface.unit}" + (f". {mark}" if mark else "")


def _tags(surface: Surface) -> dict[str, str]:
    """Return what a reader must know of the numbers, as text."""
    tags = {
        "TIFFTAG_IMAGEDESCRIPTION": ". ".join(
            part for part in (marking(surface.release), surface.title, surface.period, surface.words) if part
        ),
        "TITLE": surface.title,
        "PERIOD": surface.period,
        "UNIT": surface.unit,
        "INTEGRAL_EVENTS": f"{surface.integral:.10g}",
        "METHOD": surface.words,
        "KERNEL": surface.kernel,
        "BANDWIDTH_M": f"{surface.bandwidth:.10g}",
        "BANDWIDTH_CHOICE": surface.bandwidth_words,
        "CELL_M": f"{surface.cell:.10g}",
        "SOURCE": surface.source,
        "NOTES": "\n".join(surface.notes),
        "ATTRIBUTION": "\n".join(surface.attribution),
        "PROVENANCE": json.dumps(dict(surface.provenance), ensure_ascii=False, default=str, sort_keys=True),
        "RELEASE": surface.release,
        "RELEASE_WORDS": marking(surface.release),
    }
    return {key: value for key, value in tags.items() if value}
