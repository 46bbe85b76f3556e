"""Hotspots of one layer of areas, written as one styled layer."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pandas as pd

from hotspots.errors import AnalysisError
from hotspots.model import AreaCounts, Identity, slugify
from hotspots.study.single.written import EVENTS, Release, Report, Rule, Written, need_output, notes_on, quiet

if TYPE_CHECKING:
    from hotspots.analysis.autocorrelation import Neighbours
    from hotspots.model import HotspotResult, StudyArea
    from hotspots.vocabulary import Method, Null

__all__ = ["find_local"]


def find_local(
    source: Path | str,
    *,
    output: Path | str,
    layer: str | None = None,
    count: str | None = None,
    points: Path | str | None = None,
    points_layer: str | None = None,
    population: str | None = None,
    id_column: str | None = None,
    name_column: str | None = None,
    crs: str | None = None,
    method: Method = "getis_ord",
    neighbours: Rule = "queen",
    number: int | None = None,
    distance: float | None = None,
    null: Null | None = None,
    level: float = 0.05,
    release: Release = "restricted",
    report: Report = quiet,
) -> Written:
    """Test one layer of polygons and write a GeoPackage with one styled layer.

    Parameters
    ----------
    source, layer
        The polygons; a file with several layers needs the name of one.
    output
        The GeoPackage; an older file is replaced.
    count
        Column with the number of events; or give `points`.
    points, points_layer
        A layer with one point per event, which are counted by area.
    population
        Column with people (or others at risk); without it, events and not risk are tested.
    id_column, name_column
        Columns with ids and names of the areas.
    crs
        Coordinate system of files that state none, e.g. ``"EPSG:27700"``.
    method
        ``"getis_ord"`` or ``"local_moran"``.
    neighbours, number, distance
        As `rule`, `number` and `distance` (metres) of `hotspots.link_neighbours`; 8 nearest where no number is given.
    null, level
        As in `hotspots.getis_ord`.
    release
        ``"open"``, ``"invented"`` or ``"restricted"``: the marking of the output.
    report
        Told each step.

    Raises
    ------
    HotspotsError
        If anything can't be read, analysed or written.
    """
    from hotspots.publish.gis import write_geopackage

    output = need_output(output, ending=".gpkg", inputs=(source, points))
    if (count is None) == (points is None):
        raise AnalysisError(
            "Events are either a column of counts or a layer of points.",
            found="neither" if count is None else "both",
            advice="give --count COLUMN or --points FILE",
        )
    report("Reading the areas")
    area, counts = _read_areas(
        source, layer=layer, id_column=id_column, name_column=name_column, count=count, population=population, crs=crs,
        release=release,
    )  # fmt: skip
    if counts is None:
        assert points is not None
        report("Counting the points")
        counts = _count_points(points, area, layer=points_layer, crs=crs, release=release)
    report("Linking the neighbours")
    links = _link(area, neighbours, number=number, distance=distance)
    report("Testing the areas")
    result = _test(counts, links, method, null=null, level=level)
    report("Writing the layer")
    write_geopackage(output, [result], title=result.title)
    dropped = sum(int(rows) for rows in counts.dropped.values())
    notes = notes_on(counts.notes, result.notes, outside=int(counts.outside), dropped=dropped)
    return Written(output, _findings(result), notes)


def _read_areas(
    source: Path | str,
    *,
    layer: str | None,
    id_column: str | None,
    name_column: str | None,
    count: str | None,
    population: str | None,
    crs: str | None,
    release: Release,
) -> tuple[StudyArea, AreaCounts | None]:
    """Return the areas with their people, and the counts where they are in a column."""
    from hotspots.sources import read_area_layer

    asked = [column for column in (count, population) if column is not None]
    read = read_area_layer(
        source, layer=layer, id_column=id_column, name_column=name_column, numbers=asked, crs=crs
    )  # fmt: skip
    area = read.area if population is None else read.area.with_population(read.numbers[population])
    if count is None:
        return area, None
    values = read.numbers[count]
    identity = Identity(release=release, name=_short_name(count), title=count, attribution=area.attribution)
    table = pd.DataFrame({"observed_low": values, "observed_high": values})
    return area, AreaCounts(area, table, identity=identity)


def _short_name(column: str) -> str:
    """Return the name of a column as layers are named."""
    return slugify(column).replace("-", "_") or EVENTS


def _count_points(
    points: Path | str, area: StudyArea, *, layer: str | None, crs: str | None, release: Release
) -> AreaCounts:
    from hotspots.analysis.counts import count_events
    from hotspots.sources import read_point_layer

    return count_events(read_point_layer(points, layer=layer, crs=crs), area, release=release)


def _link(area: StudyArea, rule: Rule, *, number: int | None, distance: float | None) -> Neighbours:
    from hotspots.analysis.autocorrelation import link_neighbours

    if rule == "nearest" and number is None:
        number = 8
    return link_neighbours(area, rule=rule, number=number, distance=distance)


def _test(counts: AreaCounts, links: Neighbours, method: Method, *, null: Null | None, level: float) -> HotspotResult:
    from hotspots.analysis.autocorrelation import getis_ord, local_moran

    test = local_moran if method == "local_moran" else getis_ord
    return test(counts, links, null=null, level=level)


def _findings(result: HotspotResult) -> tuple[str, ...]:
    from hotspots.publish.text import certainty_sentence, places_sentence, release_sentence

    sentences = (places_sentence(result, []), certainty_sentence(result), release_sentence(result.release))
    return tuple(sentence for sentence in sentences if sentence)
