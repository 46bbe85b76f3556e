"""A surface of one layer of points, written as a GeoTIFF with its style."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from hotspots.study.single.written import Release, Report, Written, need_output, notes_on, quiet

if TYPE_CHECKING:
    from hotspots.model import Contours, Events, StudyArea, Surface
    from hotspots.vocabulary import BandwidthRule

__all__ = ["make_surface"]


def make_surface(
    points: Path | str,
    *,
    within: Path | str,
    output: Path | str,
    layer: str | None = None,
    within_layer: str | None = None,
    population: str | None = None,
    crs: str | None = None,
    bandwidth: BandwidthRule | float | None = None,
    cell: float | None = None,
    release: Release = "restricted",
    report: Report = quiet,
) -> Written:
    """Write the density of points, or with a population their relative risk, as a GeoTIFF with a style.

    Parameters
    ----------
    points, layer
        A layer with one point per event.
    within, within_layer
        The polygons of the study area.
    output
        The GeoTIFF; an older file is replaced.
    population
        Column of the polygons with people; with it the surface is the risk, tested, and else the density, not tested.
    crs
        Coordinate system of files that state none, e.g. ``"EPSG:27700"``.
    bandwidth, cell
        In metres, as in `hotspots.kernel_density`; a bandwidth may be the name of a rule.
    release
        ``"open"``, ``"invented"`` or ``"restricted"``: the marking of the output.
    report
        Told each step.

    Raises
    ------
    HotspotsError
        If anything can't be read, analysed or written.
    """
    from hotspots.analysis.common import as_events
    from hotspots.publish.gis import write_raster
    from hotspots.sources import read_area_layer, read_point_layer

    output = need_output(output, ending=".tif", inputs=(points, within))
    report("Reading the areas")
    read = read_area_layer(within, layer=within_layer, numbers=[population] if population else [], crs=crs)
    area = read.area.with_population(read.numbers[population]) if population else read.area
    report("Reading the points")
    events = as_events(read_point_layer(points, layer=layer, crs=crs), release=release)
    report("Making the surface")
    surface, contours = _surface(events, area, risk=bool(population), bandwidth=bandwidth, cell=cell)
    report("Writing the surface")
    write_raster(output, surface, contours=contours)
    return Written(output, _findings(surface, contours), notes_on(surface.notes))


def _surface(
    events: Events,
    area: StudyArea,
    *,
    risk: bool,
    bandwidth: BandwidthRule | float | None,
    cell: float | None,
) -> tuple[Surface, Contours | None]:
    """Return the surface, and of a tested one where it goes beyond chance."""
    from hotspots.analysis.density import kernel_density
    from hotspots.analysis.risk import FEWEST_IN_PLACE, SMALLEST_PLACE_KM2, relative_risk, tolerance_contours

    if not risk:
        return kernel_density(events, area, bandwidth=bandwidth, cell=cell), None
    surface = relative_risk(events, area, bandwidth=bandwidth, cell=cell)
    contours = tolerance_contours(
        surface, events=events, area=area, smallest_km2=SMALLEST_PLACE_KM2, fewest_events=FEWEST_IN_PLACE
    )
    return surface, contours


def _findings(surface: Surface, contours: Contours | None) -> tuple[str, ...]:
    from hotspots.publish.text import release_sentence, surface_sentence, surface_title

    title = surface_title(surface) + "." if contours is None else surface_sentence(surface, contours)
    return (title, f"Bandwidth: {surface.bandwidth_words}.", release_sentence(surface.release))
