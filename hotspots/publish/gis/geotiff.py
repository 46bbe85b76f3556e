"""A surface as a Cloud-Optimised GeoTIFF, with its look in a QGIS style of the same name beside it."""

from __future__ import annotations

import json
import math
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

import numpy as np

from hotspots.errors import OutputError
from hotspots.model import need_released, settings_of, words_of
from hotspots.publish.gis.styles import surface_style
from hotspots.publish.style import NOT_BEYOND, class_codes, marking, surface_shades
from hotspots.vocabulary import MOST_TIMES

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from hotspots.model import Contours, Surface

__all__ = ["write_raster"]

NODATA: Final = -9999.0
"""Cells outside the study area, or not judged; a number, because not every program takes NaN for it."""
TILE: Final = 256
"""Cells. The driver makes overviews until one fits a tile; with its own 512 a district would have none."""
CHANCE: Final = "probability"
CLASS: Final = "class"
LOGARITHM: Final = "natural logarithm"
NODATA_WORDS: Final = {"density": "outside the study area", "spread": "outside the study area"}
LIMITS: Final = f"ratios lie between 1/{MOST_TIMES:g} and {MOST_TIMES:g}: what is beyond has one of these values"
SUFFIXES: Final = (".tif", ".tiff")


def write_raster(path: str | Path, surface: Surface, *, contours: Contours | None = None) -> list[Path]:
    """Write a surface as a GeoTIFF (32-bit float, British National Grid) with a QGIS style beside it.

    The first band has the values in the unit that a person reads: of a ratio times the average, not its logarithm,
    which is the last band. A tested surface has its upper-tail and lower-tail p-values as bands two and three. With its
    contours it has another with the classes of the printed map, 0 where it is not beyond chance, and the style shows
    this band. Overviews lie in the file, down to one that fits a tile. The values are rounded to 32-bit floats, about
    seven digits. Writing the same surface again gives the same bytes.

    Parameters
    ----------
    path
        Where to; ends in ``.tif``. Its folder is made if it is not there; an older file is replaced.
    surface
        What to write.
    contours
        Of a tested surface, what goes beyond chance: all else is grey in the style. Without them the style shows
        every value in full colour.

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
            bands = _bands(surface, contours)
            _write(raster, surface, bands)
            codes = next((number for number, band in enumerate(bands, start=1) if band.unit == CLASS), None)
            look.write_text(surface_style(surface, codes=codes), encoding="utf-8", newline="\n")
            # The raster first: where it is open in another program, nothing must have changed.
            raster.replace(path)
            look.replace(style)
    except OSError as error:
        raise OutputError(
            f"The raster {path.name} can't be written.",
            found=str(error)[:200],
            advice="free space on the disk, close the program that has the file open, or write to another folder",
        ) from error
    return [path, style]


@dataclass(frozen=True)
class _Band:
    """One band: its values (row, col), what they are and in what unit."""

    values: NDArray[np.float64]
    description: str
    unit: str


def _bands(surface: Surface, contours: Contours | None) -> list[_Band]:
    """Return the values, the chances where there are any, the classes of what is beyond chance, and logarithms."""
    values = np.exp(surface.values) if surface.is_logarithm else surface.values
    bands = [_Band(values, _heading(surface), surface.unit)]
    for chances, word in ((surface.p_raised, "upper"), (surface.p_lowered, "lower")):
        if chances is not None:
            words = f"{surface.title}: {word}-tail p-value"
            bands.append(_Band(chances, _marked(words, surface.release), CHANCE))
    if contours is not None and surface.p_raised is not None:
        classes = [NOT_BEYOND, *(shade.label for shade in surface_shades(surface))]
        words = "; ".join(f"{code} {label}" for code, label in enumerate(classes))
        described = _marked(f"{surface.title}, classes inside the contours: {words}", surface.release)
        bands.append(_Band(class_codes(surface, contours), described, CLASS))
    if surface.is_logarithm:
        described = _marked(f"{surface.title}: natural logarithm of the first band", surface.release)
        bands.append(_Band(surface.values, described, LOGARITHM))
    return bands


def _write(path: Path, surface: Surface, bands: list[_Band]) -> None:
    """Write through memory: the COG driver copies a finished raster and can't write one cell by cell."""
    import rasterio
    from rasterio.io import MemoryFile
    from rasterio.shutil import copy

    rows, columns = surface.values.shape
    shape = {"height": rows, "width": columns, "count": len(bands), "dtype": "float32"}
    place = {"crs": surface.crs, "transform": rasterio.Affine(*surface.transform), "nodata": NODATA}
    with MemoryFile() as memory:
        with memory.open(driver="GTiff", interleave="band", **shape, **place) as raster:
            raster.update_tags(**_tags(surface))
            for number, band in enumerate(bands, start=1):
                known = np.isfinite(band.values)
                raster.write(np.where(known, band.values, NODATA).astype(np.float32), number)
                raster.set_band_description(number, band.description)
                raster.set_band_unit(number, band.unit)
        with memory.open() as raster:
            copy(
                raster,
                path,
                driver="COG",
                BLOCKSIZE=str(TILE),
                COMPRESS="DEFLATE",
                LEVEL="9",
                PREDICTOR="YES",
                OVERVIEWS="IGNORE_EXISTING",
                # An average of codes is another class.
                OVERVIEW_RESAMPLING="NEAREST" if any(band.unit == CLASS for band in bands) else "AVERAGE",
                STATISTICS="YES",
                NUM_THREADS="1",
            )


def _marked(words: str, release: str) -> str:
    mark = marking(release)
    return words + (f". {mark}" if mark else "")


def _heading(surface: Surface) -> str:
    """Return the band's description, which QGIS shows above the classes: what, in what unit, and the marking."""
    return _marked(f"{surface.title}, {surface.unit}", surface.release)


def _tags(surface: Surface) -> dict[str, str]:
    """Return what a reader must know of the numbers, as text."""
    settings = settings_of(surface)
    tags = {
        "TIFFTAG_IMAGEDESCRIPTION": ". ".join(
            part.rstrip(".")
            for part in (marking(surface.release), surface.title, str(surface.period), surface.words)
            if part
        ),
        "TITLE": surface.title,
        "PERIOD": str(surface.period),
        "KIND": surface.kind,
        "UNIT": surface.unit,
        "LIMITS": LIMITS if surface.is_logarithm else "",
        "NODATA_MEANS": NODATA_WORDS.get(surface.kind, "outside the study area, or too few events or people to judge"),
        "INTEGRAL_EVENTS": _known(surface.integral),
        "INTEGRAL_ANALYTIC": _known(settings.get("integral_analytic")),
        "INTEGRAL_CELLS": _known(settings.get("integral_cells")),
        "METHOD": surface.words,
        "KERNEL": surface.kernel,
        "BANDWIDTH_M": _known(surface.bandwidth),
        "BANDWIDTH_RULE": settings.get("bandwidth_rule", ""),
        "BANDWIDTH_CHOICE": surface.bandwidth_words,
        "CELL_M": f"{surface.cell:.10g}",
        "SOURCE": surface.source,
        "NOTES": "\n".join(words_of(surface.notes)),
        "ATTRIBUTION": "\n".join(surface.attribution),
        "PROVENANCE": json.dumps(settings, ensure_ascii=False, default=str, sort_keys=True),
        "RELEASE": surface.release,
        "RELEASE_WORDS": marking(surface.release),
    }
    return {key: value for key, value in tags.items() if value}


def _known(number: object) -> str:
    """Return a number as text; nothing where there is none."""
    return f"{number:.10g}" if isinstance(number, int | float) and math.isfinite(number) else ""
