"""The project for QGIS: what is in its XML, and what QGIS itself makes of it."""

from __future__ import annotations

import json
import sqlite3
import xml.etree.ElementTree as ET
import zipfile
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest
from test_qgis import PYTHON, need, run

from hotspots.errors import OutputError
from hotspots.model import Place
from hotspots.publish.gis import (
    Atlas,
    Project,
    ProjectLayer,
    Sheet,
    read_styled_layers,
    store_project,
    write_geopackage,
    write_project,
)
from hotspots.publish.gis.layouts import round_scale

ODD = 'Môn\'s "Ŵyl" / a|b <i> & 50 [% 1 + 1 %] 🙂'
EXTENT = (400_000.0, 280_000.0, 406_000.0, 286_000.0)
GROUPS = {"hotspots": "Summary", "areas": "Knife crime", "authorities": "Context"}


@pytest.fixture
def package(tmp_path, study_area, gi_result, hotspots):
    folder = tmp_path / "out"
    folder.mkdir()
    places = [Place("West", ("E08000025",))]
    return write_geopackage(folder / "town.gpkg", [gi_result, hotspots, study_area], title="The town", places=places)


def layer_of(one, source: str) -> ProjectLayer:
    return ProjectLayer(
        one.title,
        source=source,
        group=GROUPS.get(one.table, "Tables"),
        kind=one.kind,
        table=one.table,
        qml=next(iter(one.styles.values()), ""),
        metadata=one.metadata,
        visible=one.table in GROUPS,
        depth=tuple(GROUPS).index(one.table) if one.table in GROUPS else 9,
    )


@pytest.fixture
def project(package):
    layers = {one.table: layer_of(one, package.name) for one in read_styled_layers(package).values()}
    ordered = sorted(layers.values(), key=lambda layer: [*GROUPS.values(), "Tables"].index(layer.group))
    shown = tuple(layers[table].title for table in ("hotspots", "authorities", "areas"))
    return Project(
        "The town",
        layers=tuple(ordered),
        extent=EXTENT,
        sheets=(Sheet("All", EXTENT, shown), Sheet("Tall", (401_000, 280_000, 402_000, 286_000), shown)),
        atlas=Atlas(shown[0], {"knife-crime": shown[2]}, shown[:2]),
        attribution="Contains OS data",
        marking="Invented data",
        imprint="Date 1 June 2020",
    )


def document(path: Path) -> ET.Element:
    with zipfile.ZipFile(path) as packed:
        (name,) = packed.namelist()
        return ET.fromstring(packed.read(name))


def test_sources_are_relative_and_there_and_ids_are_unique(package, project):
    root = document(write_project(package.with_name("town.qgz"), project))
    sources = [one.text for one in root.iterfind("projectlayers/maplayer/datasource")]
    with closing(sqlite3.connect(package)) as file:
        tables = {name for (name,) in file.execute("SELECT table_name FROM gpkg_contents")}
    for source in sources:
        name, table = source.split("|layername=")
        assert name.startswith("./")
        assert (package.parent / name).exists()
        assert table in tables
    ids = [one.text for one in root.iterfind("projectlayers/maplayer/id")]
    assert len(set(ids)) == len(ids) == len(project.layers)
    assert all(len(one.rpartition("_")[2]) == 32 for one in ids)
    named = {one.text for path in ("Layouts//LayerSet/Layer", ".//custom-order/item") for one in root.iterfind(path)}
    assert named <= set(ids)
    uuids = [one.get("uuid") for one in root.iterfind("Layouts//LayoutItem")]
    assert len(set(uuids)) == len(uuids)
    assert str(package.parent) not in ET.tostring(root, encoding="unicode")


def test_the_same_project_is_the_same_bytes_with_a_fixed_time(package, project):
    first, second = (write_project(package.with_name(name), project).read_bytes() for name in ("a.qgz", "a.qgz"))
    assert first == second
    with zipfile.ZipFile(package.with_name("a.qgz")) as packed:
        assert [(one.filename, one.date_time) for one in packed.infolist()] == [("a.qgs", (1980, 1, 1, 0, 0, 0))]


def test_the_project_in_the_geopackage_is_the_one_beside_it(package, project):
    beside = write_project(package.with_name("town.qgz"), project).read_bytes()
    store_project(package, project, name="town")
    before = package.read_bytes()
    store_project(package, project, name="town")
    with closing(sqlite3.connect(package)) as file:
        ((name, content),) = file.execute("SELECT name, content FROM qgis_projects")
        registered = file.execute("SELECT count(*) FROM gpkg_contents WHERE table_name = 'qgis_projects'").fetchone()
    assert (name, bytes.fromhex(content), registered) == ("town", beside, (0,))
    assert len(package.read_bytes()) == len(before)


def test_map_tips_aliases_and_codes_of_the_styles_are_kept(package, project):
    root = document(write_project(package.with_name("town.qgz"), project))
    for layer, element in zip(project.layers, root.iterfind("projectlayers/maplayer"), strict=True):
        style = ET.fromstring(layer.qml) if layer.qml else []
        for child in style:
            kept = element.find(child.tag)
            assert [dict(one.attrib) for one in kept.iter("alias")] == [dict(one.attrib) for one in child.iter("alias")]
            assert [one.get("value") for one in kept.iter("Option")] == [
                one.get("value") for one in child.iter("Option")
            ]
            if child.tag == "mapTip":
                assert kept.text == child.text


def test_printed_words_are_of_nine_points_and_more(package, project):
    root = document(write_project(package.with_name("town.qgz"), project))
    layouts = root.find("Layouts")
    fonts = [float(one.get("description").split(",")[1]) for one in layouts.iter() if one.get("description")]
    fonts += [float(one.get("fontSize")) for one in layouts.iter("text-style")]
    assert len(fonts) > 30
    assert min(fonts) >= 9


@pytest.mark.parametrize(
    ("size", "scale"),
    # Kilometres on 100 mm: 1 km is 1:10,000, and two per cent more is wanted on each.
    [((1.0, 0.5), 12_500), ((0.98, 0.5), 10_000), ((0.5, 2.9), 30_000), ((0.0, 0.0), 5_000)],
)
def test_scales_are_round_and_fit(size, scale):
    assert round_scale((0, 0, size[0] * 1000, size[1] * 1000), (100, 100)) == scale


def test_no_layer_is_named_twice_or_missing(package, project):
    twice = replace(project, layers=(*project.layers, project.layers[0]))
    with pytest.raises(OutputError, match="two layers called"):
        write_project(package.with_name("a.qgz"), twice)
    with pytest.raises(OutputError, match="no layer called 'Moon'"):
        write_project(package.with_name("a.qgz"), replace(project, sheets=(Sheet("A", EXTENT, ("Moon",)),)))
    with pytest.raises(OutputError, match="not the name of a QGIS project"):
        write_project(package.with_name("a.zip"), project)


def bare(project: Project) -> Project:
    """Return a project with nothing visible, no place and no hotspots."""
    layers = tuple(replace(one, visible=False) for one in project.layers if one.table != "hotspots")
    return replace(project, layers=layers, sheets=(), atlas=None, marking="", imprint="")


def renamed(project: Project) -> Project:
    """Return a project in which every name is odd."""
    titles = {layer.title: f"{ODD} {number}" for number, layer in enumerate(project.layers)}
    return replace(
        project,
        title=f"{ODD}\x07",
        layers=tuple(replace(one, title=titles[one.title], group=ODD) for one in project.layers),
        sheets=tuple(
            replace(s, title=s.title + ODD, layers=tuple(titles[t] for t in s.layers)) for s in project.sheets
        ),
        atlas=Atlas(
            titles[project.atlas.hotspots],
            {source: titles[title] for source, title in project.atlas.grounds.items()},
            tuple(titles[title] for title in project.atlas.layers),
        ),
    )


@pytest.mark.parametrize("change", [bare, renamed])
def test_odd_and_empty_projects_are_well_formed(package, project, change):
    root = document(write_project(package.with_name("town.qgz"), change(project)))
    assert root.find("title").text == (ODD if change is renamed else "The town")
    assert root.find("projectCrs/spatialrefsys/authid").text == "EPSG:27700"


# --------------------------------------------------------------------------- with QGIS


def opened(path: str, tmp_path: Path) -> dict:
    home = tmp_path / "home"
    home.mkdir(exist_ok=True)
    done = run(PYTHON, str(Path(__file__).with_name("qgis_project.py")), path, str(home), cwd=home)
    lines = [line.removeprefix("JSON ") for line in done.stdout.splitlines() if line.startswith("JSON ")]
    assert lines, done.stderr
    return json.loads(lines[0])


@pytest.mark.qgis
@pytest.mark.parametrize("where", ["beside", "inside"])
def test_qgis_opens_and_prints_it_after_the_folder_was_moved(package, project, tmp_path, in_ci, where):
    need("qgis.core", in_ci)
    write_project(package.with_name("town.qgz"), project)
    store_project(package, project, name="town")
    moved = package.parent.rename(tmp_path / "Ynys Môn & co")
    path = str(moved / "town.qgz") if where == "beside" else f"geopackage:{moved / 'town.gpkg'}?projectName=town"
    seen = opened(path, tmp_path)
    assert (seen["read"], seen["title"], seen["crs"], seen["invalid"]) == (True, "The town", "EPSG:27700", [])
    assert seen["visible"] == [layer.title for layer in project.layers if layer.visible]
    assert (seen["groups"], seen["open"]) == ([*GROUPS.values(), "Tables"], ["Summary"])
    assert list(seen["layouts"]) == ["All", "Tall", "Atlas of hotspots"]
    for layout in seen["layouts"].values():
        assert layout["done"]
        assert layout["locked"]
        assert layout["pages"] == 1
    # 6 km on 160 mm of the upright page is 1:37,500; on 146 mm of the other 1:41,096, for which 1:50,000 is needed.
    assert [layout["scale"] for layout in seen["layouts"].values()][:2] == [40_000, 40_000]
    assert seen["layouts"]["All"]["layers"] == list(project.sheets[0].layers)
    atlas = seen["layouts"]["Atlas of hotspots"]
    assert atlas["heading"] == "Hotspot A1: knife crime, West Birmingham, near Aston"
    assert atlas["scale"] % 2500 == 0


@pytest.mark.qgis
@pytest.mark.parametrize("change", [bare, renamed])
def test_qgis_opens_odd_and_empty_projects(package, project, tmp_path, in_ci, change):
    need("qgis.core", in_ci)
    seen = opened(str(write_project(package.with_name("town.qgz"), change(project))), tmp_path)
    assert (seen["read"], seen["invalid"]) == (True, [])
    assert all(layout["done"] for layout in seen["layouts"].values())
    if change is bare:
        assert (seen["visible"], seen["layouts"]) == ([], {})
    else:
        assert seen["layouts"][f"All{ODD}"]["heading"] == f"All{ODD}"


@pytest.mark.qgis
def test_gdal_s_own_examination_passes_with_a_project_inside(package, project, in_ci):
    need("osgeo_utils.samples.validate_gpkg", in_ci)
    store_project(package, project, name="town")
    done = run(PYTHON, "-m", "osgeo_utils.samples.validate_gpkg", str(package))
    assert (done.returncode, done.stdout.strip()) == (0, ""), done.stdout + done.stderr
