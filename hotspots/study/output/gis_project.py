"""The QGIS project of a finished folder: its layers and rasters in groups, and a sheet for each place."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace
from typing import TYPE_CHECKING, Final

from hotspots.publish.gis import (
    Atlas,
    Project,
    ProjectLayer,
    Sheet,
    StyledLayer,
    read_styled_layers,
    store_project,
    write_project,
)
from hotspots.publish.style import marking
from hotspots.publish.text import capitalised
from hotspots.study.output.provenance import imprint

if TYPE_CHECKING:
    from pathlib import Path

    from hotspots.model import Agreement, HotspotResult, Stability
    from hotspots.publish.style import Ground
    from hotspots.study.findings import Findings
    from hotspots.study.inputs import Inputs
    from hotspots.study.settings import Study

__all__ = ["write_gis_project"]

PACKAGE: Final = "hotspots.gpkg"
SUMMARY, SURFACES, SCHOOLS, CONTEXT, TABLES = "Summary", "Surfaces", "Schools", "Context", "Tables"
SCHOOL_LOOKS: Final = ("by deprivation", "by rate")
POINTS, OUTLINES, CLUSTERS, CONTOURS, BORDERS, AREAS, RASTERS, UNDRAWN = range(8)
"""What is drawn above what, from the top."""


def write_gis_project(
    study: Study, inputs: Inputs, findings: Findings, folder: Path, *, ground: Ground, release: str
) -> None:
    """Write the project beside the layers of a run, and into their GeoPackage.

    Parameters
    ----------
    folder
        Where the GeoPackage and the rasters have been written.
    ground
        The study area made ready for drawing, whose extent the sheets have.
    release
        The mark that asks for the most care among all that the run writes.
    """
    written = read_styled_layers(folder / PACKAGE)
    looks = _looks(findings, written)
    layers = _titled_once(_layers(findings, written, looks, folder))
    sheets = _sheets(study, ground, layers, hotspots=findings.lettered is not None)
    project = Project(
        study.title,
        layers=tuple(layers),
        extent=sheets[0].extent,
        sheets=sheets,
        atlas=_atlas(findings, layers, looks),
        attribution=" · ".join(inputs.area.attribution),
        marking=marking(release),
        imprint=imprint(study, inputs),
    )
    write_project(folder / f"{study.output_name}.qgz", project)
    store_project(folder / PACKAGE, project, name=study.output_name)


# --------------------------------------------------------------------------- layers


def _layers(
    findings: Findings, written: dict[str, StyledLayer], looks: dict[str, str], folder: Path
) -> Iterator[ProjectLayer]:
    """Give the layers in the order of the panel; those on which the reader is to look first are visible."""
    if hotspots := written.get("hotspots"):
        yield _drawn(hotspots, group=SUMMARY, depth=OUTLINES, visible=True)
    yield from _of_sources(findings, written, looks)
    yield from _of_surfaces(findings, written, folder)
    if schools := written.get("schools"):
        for look, qml in zip(SCHOOL_LOOKS, schools.styles.values(), strict=False):
            title = f"{schools.title} ({look})"
            visible = not findings.results and look == SCHOOL_LOOKS[0]
            yield _drawn(schools, group=SCHOOLS, depth=POINTS, title=title, qml=qml, visible=visible)
    for table in ("places", "authorities"):
        if borders := written.get(table):
            yield _drawn(borders, group=CONTEXT, depth=BORDERS, visible=table == "authorities")
    for one in written.values():
        if one.kind == "table":
            yield _drawn(one, group=TABLES, depth=UNDRAWN, title=f"{one.title} (table)")


def _drawn(
    layer: StyledLayer, *, group: str, depth: int, title: str = "", qml: str = "", visible: bool = False
) -> ProjectLayer:
    return ProjectLayer(
        title or layer.title,
        source=PACKAGE,
        group=group,
        kind=layer.kind,
        table=layer.table,
        qml=qml or next(iter(layer.styles.values()), ""),
        metadata=layer.metadata,
        visible=visible,
        depth=depth,
    )


def _looks(findings: Findings, written: dict[str, StyledLayer]) -> dict[str, str]:
    """Return the style of the layer of areas that shows each result, by the result's stem."""
    styled = _by_area(findings)
    # There is one for each, in this order; the name of a style may be cut short.
    styles = written["areas"].styles.values() if styled else ()
    return {one.stem: qml for one, qml in zip(styled, styles, strict=True)}


def _by_area(findings: Findings) -> list[HotspotResult | Stability | Agreement]:
    return [*findings.results, *findings.stability.values(), *findings.agreement.values()]


def _of_sources(findings: Findings, written: dict[str, StyledLayer], looks: dict[str, str]) -> Iterator[ProjectLayer]:
    """Give the areas in each of their styles, and the clusters, source by source: a group each."""
    groups: dict[str, list[ProjectLayer]] = {}
    titles: dict[str, str] = {}
    found = [*_by_area(findings), *findings.scans]
    for one in found:
        look = looks.get(one.stem, "")
        layer = _drawn(
            written["areas" if look else one.stem],
            group=titles.setdefault(one.name, capitalised(one.title)),
            depth=AREAS if look else CLUSTERS,
            title=written[one.stem].title,
            qml=look,
            visible=bool(look) and one is found[0],
        )
        groups.setdefault(one.name, []).append(layer)
    for layers in groups.values():
        yield from layers


def _of_surfaces(findings: Findings, written: dict[str, StyledLayer], folder: Path) -> Iterator[ProjectLayer]:
    others = {"hotspots", "areas", "places", "authorities", *(scan.stem for scan in findings.scans)}
    for table, layer in written.items():
        if layer.kind == "polygon" and table not in others:
            yield _drawn(layer, group=SURFACES, depth=CONTOURS)
    for surface in findings.surfaces:
        raster = folder / f"{surface.stem.removeprefix(f'{surface.name}_')}_{surface.name}.tif"
        yield ProjectLayer(
            f"{capitalised(surface.title)}, {surface.unit}",
            source=raster.name,
            group=SURFACES,
            kind="raster",
            qml=raster.with_suffix(".qml").read_text(encoding="utf-8"),
            depth=RASTERS,
        )


def _titled_once(layers: Iterable[ProjectLayer]) -> list[ProjectLayer]:
    """Return the layers with a number after a title that another has already: sheets name them by it."""
    given: list[ProjectLayer] = []
    taken: set[str] = set()
    for layer in layers:
        title, number = layer.title, 2
        while title in taken:
            title, number = f"{layer.title} ({number})", number + 1
        taken.add(title)
        given.append(replace(layer, title=title))
    return given


# --------------------------------------------------------------------------- sheets


def _sheets(study: Study, ground: Ground, layers: list[ProjectLayer], *, hotspots: bool) -> tuple[Sheet, ...]:
    """Return a sheet of the study area and one of each place, with what is visible at first."""
    shown = tuple(layer.title for layer in sorted(layers, key=lambda layer: layer.depth) if layer.visible)
    what = "Hotspots" if hotspots else "Map"
    codes = ground.area.table["la_code"]
    extents = {"Whole study area": ground.bounds}
    for section in study.places:
        inside = ground.bounds[codes.isin(section.place.authorities).to_numpy()]
        if len(inside):
            extents[section.place.name] = inside
    sheets = []
    for name, bounds in extents.items():
        (west, south), (east, north) = bounds[:, :2].min(axis=0), bounds[:, 2:].max(axis=0)
        extent = (float(west), float(south), float(east), float(north))
        sheets.append(Sheet(name, extent, shown, heading=f"{what}: {name}"))
    return tuple(sheets)


def _atlas(findings: Findings, layers: list[ProjectLayer], looks: dict[str, str]) -> Atlas | None:
    """Return a page for each hotspot, above the Gi* classes of its own source."""
    hotspots = next((layer for layer in layers if layer.group == SUMMARY), None)
    if hotspots is None:
        return None
    fixed = tuple(layer.title for layer in layers if layer.visible and layer.depth != AREAS)
    titles = {layer.qml: layer.title for layer in layers if layer.depth == AREAS}
    tested = [one for one in findings.results if one.method == "getis_ord"]
    return Atlas(hotspots.title, {one.name: titles[looks[one.stem]] for one in tested}, fixed)
