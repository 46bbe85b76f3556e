"""Areas: usual names of columns, coordinate systems, mending, shared borders, vintages."""

from __future__ import annotations

import warnings
from itertools import combinations

import geopandas as gpd
import numpy as np
import pytest
import shapely
from geopandas.testing import assert_geodataframe_equal
from worlds import make_grid

from hotspots.errors import SourceError
from hotspots.sources.boundaries import read_areas
from hotspots.sources.place_labels import read_place_labels
from hotspots.vocabulary import detect_vintage

BOW_TIE = shapely.Polygon([(401_000, 300_000), (402_000, 301_000), (402_000, 300_000), (401_000, 301_000)])


def squares(number, *, side=1000.0, west=400_000.0, south=300_000.0):
    return [shapely.box(west + i * side, south, west + (i + 1) * side, south + side) for i in range(number)]


def write(folder, shapes, *, crs=27700, name="areas.gpkg", layer="areas", **columns):
    frame = gpd.GeoDataFrame(columns, geometry=shapes, crs=crs)
    path = folder / name
    if path.suffix == ".gpkg":
        frame.to_file(path, layer=layer, driver="GPKG")
    elif path.suffix == ".parquet":
        frame.to_parquet(path)
    else:
        frame.to_file(path)
    return path


def codes(*numbers):
    return [f"E0100{number}" for number in numbers]


def names(number, la="Solihull"):
    return [f"{la} 00{i + 1}A" for i in range(number)]


# --------------------------------------------------------------------------- columns


def test_a_number_among_the_codes_is_an_error_whatever_the_file(tmp_path):
    with pytest.raises(SourceError) as error:
        read_areas(write(tmp_path, squares(3), LSOA11CD=["E01008881", "12345", "E01008883"], LSOA11NM=names(3)))
    assert error.value.problem == "The column of area codes contains the number 12345."
    assert error.value.found == f"column 'LSOA11CD', row 2 of {tmp_path / 'areas.gpkg'}; 1 such cells"
    numbered = write(tmp_path, squares(3), name="own.gpkg", LSOA11CD=[7, 8, 9], LSOA11NM=names(3))
    assert list(read_areas(numbered).ids) == ["7", "8", "9"]


def test_a_number_among_the_codes_of_geojson_gives_no_warning_of_a_library(tmp_path):
    shapes = gpd.GeoSeries(squares(3), crs=27700).to_crs(4326)
    path = write(tmp_path, shapes, crs=4326, name="a.geojson", LSOA11CD=codes(8881, 8882, 8883), LSOA11NM=names(3))
    text = path.read_text(encoding="utf-8")
    assert '"E01008882"' in text
    path.write_text(text.replace('"E01008882"', "12345"), encoding="utf-8")
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        with pytest.raises(SourceError, match="The column of area codes contains the number 12345"):
            read_areas(path)


def test_a_geoparquet_file_has_no_layers(tmp_path):
    path = write(tmp_path, squares(2), name="areas.parquet", LSOA11CD=codes(8882, 8881), LSOA11NM=names(2))
    with pytest.raises(SourceError, match=r"areas\.parquet has no layer 'nonsense'"):
        read_areas(path, layer="nonsense")


@pytest.mark.parametrize("name", ["areas.gpkg", "areas.geojson", "areas.parquet", "areas.shp"])
def test_every_format_gives_the_same_areas(tmp_path, name):
    crs = 4326 if name.endswith("geojson") else 27700
    shapes = gpd.GeoSeries(squares(2), crs=27700).to_crs(crs)
    path = write(tmp_path, shapes, crs=crs, name=name, LSOA11CD=codes(8882, 8881), LSOA11NM=names(2))
    area = read_areas(path)
    assert list(area.ids) == codes(8881, 8882)
    assert (area.geography, area.vintage) == ("LSOA", 2011)
    assert area.authorities == {"E08000029": "Solihull"}
    # 1 km squares: 0.1 m of rounding moves the area of one by at most 4 × 1,000 × 0.1 m².
    np.testing.assert_allclose(area.areas.geometry.area, 1e6, atol=400)
    assert shapely.box(401_000, 300_000, 402_000, 301_000).hausdorff_distance(area.areas.geometry.iloc[0]) < 0.2


def test_authorities_come_from_columns_where_there_are(tmp_path):
    path = write(
        tmp_path,
        squares(2),
        lsoa21_code=["E01034955", "E01008882"],
        lsoa21_name=names(2),
        LAD22CD=["E08000025", "E08000028"],
        LAD22NM=["Birmingham", "Sandwell, the town"],
    )
    area = read_areas(path)
    assert area.vintage == 2021
    assert area.authorities == {"E08000025": "Birmingham", "E08000028": "Sandwell, the town"}
    # The year of supply is not that of the geography, and a file does not tell it.
    assert area.attribution[0].endswith("Crown copyright and database right")
    assert read_areas(path, supplied=2024).attribution[0].endswith("database right 2024")
    assert area.attribution[-1].endswith("licensed under the Open Government Licence v3.0")


def test_authorities_unknown_to_us_keep_their_name_as_code(tmp_path):
    path = write(tmp_path, squares(1), LSOA11CD=codes(5000), LSOA11NM=["King's Lynn and West Norfolk 001A"])
    assert read_areas(path).authorities == {"King's Lynn and West Norfolk": "King's Lynn and West Norfolk"}


def test_a_code_unknown_to_us_gets_its_name_from_the_names_of_its_areas(tmp_path):
    """A file with codes of authorities and no column of their names: ONS names an LSOA after its authority."""
    path = write(
        tmp_path,
        squares(5),
        LSOA11CD=codes(1, 2, 3, 4, 5),
        LSOA11NM=["Leeds 001A", "Leeds 112B", "York 003A", "Elsewhere", "Selby 001A"],
        LAD22CD=["E08000035", "E08000035", "E06000014", "E07000169", "E07000169"],
    )
    # Of the areas of E07000169 one is not named in ONS's manner: then the code is all that there is.
    assert read_areas(path).authorities == {
        "E06000014": "York", "E07000169": "E07000169", "E08000035": "Leeds",
    }  # fmt: skip


def test_two_authorities_do_not_get_one_name(tmp_path):
    """Areas that a boundary change moved keep their old names: no name is told from them where they differ."""
    path = write(
        tmp_path,
        squares(3),
        LSOA11CD=codes(1, 2, 3),
        LSOA11NM=["Leeds 001A", "York 112B", "York 003A"],
        LAD22CD=["E08000035", "E08000035", "E06000014"],
    )
    assert read_areas(path).authorities == {"E06000014": "York", "E08000035": "E08000035"}
    split = write(
        tmp_path, squares(2), name="split.gpkg", LSOA11CD=codes(1, 2), LSOA11NM=["Kettering 001A", "Kettering 002A"],
        LAD22CD=["E06000061", "E06000062"],
    )  # fmt: skip
    assert read_areas(split).authorities == {"E06000061": "E06000061", "E06000062": "E06000062"}
    # Neither the names of two authorities among the areas of one, nor a name of another kind, give a name.
    neither = write(
        tmp_path, squares(3), name="neither.gpkg", LSOA11CD=codes(1, 2, 3),
        LSOA11NM=["Leeds 001A", "York 112B", "Elsewhere"], LAD22CD=["E08000035", "E08000035", "E06000014"],
    )  # fmt: skip
    assert read_areas(neither).authorities == {"E08000035": "E08000035", "E06000014": "E06000014"}


def test_authorities_that_are_the_areas_have_the_name_of_the_area(tmp_path):
    path = write(tmp_path, squares(1), LAD22CD=["E06000014"], area_name=["York"])
    assert read_areas(path).authorities == {"E06000014": "York"}


def test_columns_may_be_named(tmp_path):
    path = write(tmp_path, squares(2), ref=["a", "b"], town=["X", "Y"], council=["K", "L"])
    area = read_areas(path, id_column="REF", name_column="town", la_name_column="council", geography="hexagon")
    assert area.areas["name"].tolist() == ["X", "Y"]
    assert area.authorities == {"K": "K", "L": "L"}
    assert (area.geography, area.vintage) == ("hexagon", None)
    with pytest.raises(SourceError, match=r"has no column 'reff'[\s\S]*is it 'ref'\? name the column with id_column"):
        read_areas(path, id_column="reff")


def test_authorities_themselves_can_be_the_areas(tmp_path):
    path = write(tmp_path, squares(1), ltla24_code=["E08000025"], ltla24_name=["Birmingham"])
    area = read_areas(path)
    assert area.geography == "local authority"
    assert area.areas.loc["E08000025", "la_code"] == "E08000025"


def test_without_any_authority_the_error_says_so(tmp_path):
    path = write(tmp_path, squares(2), area_id=["a", "b"], area_name=["Solihull 001A", "Elsewhere"])
    with pytest.raises(SourceError) as error:
        read_areas(path)
    assert error.value.problem == "The local authority of area 'Elsewhere' is not known."
    assert "row 2" in error.value.found


def test_repeated_ids_name_both_rows(tmp_path):
    path = write(tmp_path, squares(3), LSOA11CD=codes(8881, 8882, 8881), LSOA11NM=names(3))
    with pytest.raises(SourceError) as error:
        read_areas(path)
    assert str(error.value) == (
        "Two areas share the id 'E01008881'.\n"
        f"  found: rows 1 and 3 of {path}\n"
        "  try:   remove the duplicate, or name another column with id_column"
    )


def test_only_the_authorities_asked_for(tmp_path):
    path = write(tmp_path, squares(2), LSOA11CD=codes(1, 2), LSOA11NM=["Dudley 001A", "Walsall 001A"])
    assert list(read_areas(path, authorities=["E08000030"]).ids) == ["E01002"]
    with pytest.raises(SourceError) as error:
        read_areas(path, authorities=["E08000031"])
    assert error.value.problem == f"There is no local authority 'E08000031' in {path}."
    assert error.value.found == "2 authorities: E08000027 Dudley, E08000030 Walsall"


# --------------------------------------------------------------------------- files and layers


def test_several_layers_must_be_named(tmp_path):
    path = write(tmp_path, squares(1), layer="lsoa11", LSOA11CD=codes(1), LSOA11NM=names(1))
    write(tmp_path, squares(1), layer="lad19", LAD19CD=["E08000029"], LAD19NM=["Solihull"])
    with pytest.raises(SourceError, match=r"Which layer of .* is meant\?[\s\S]*2 layers: lsoa11, lad19"):
        read_areas(path)
    with pytest.raises(SourceError, match=r"has no layer 'lsoa21'\.[\s\S]*is it 'lsoa11'\?"):
        read_areas(path, layer="lsoa21")
    assert len(read_areas(path, layer="lad19")) == 1


def test_what_is_no_file_of_boundaries_is_refused(tmp_path):
    for name, kind in (("areas.gpkg", "GeoPackage"), ("areas.parquet", "GeoParquet file")):
        (tmp_path / name).write_bytes(b"nothing of the kind")
        with pytest.raises(SourceError, match=f"is not a {kind}, as its ending says") as caught:
            read_areas(tmp_path / name)
        assert "it starts with 'nothing of the kind'" in str(caught.value)
    points = write(tmp_path, [shapely.Point(400_000, 300_000)], name="points.gpkg", LSOA11CD=codes(1))
    with pytest.raises(SourceError, match=r"has no polygons\.\s+found: Point"):
        read_areas(points)


# --------------------------------------------------------------------------- coordinates


def test_degrees_are_converted_and_said(tmp_path):
    # Ordnance Survey's worked example: 52°39'27.2531"N 1°43'4.5177"E in OSGB36 is E 651409.903, N 313177.270
    # (A guide to coordinate systems in Great Britain, annex C).
    corner = (1 + 43 / 60 + 4.5177 / 3600, 52 + 39 / 60 + 27.2531 / 3600)
    shape = shapely.Polygon([corner, (1.70, 52.6), (1.6, 52.65)])
    path = write(tmp_path, [shape], crs=4277, LSOA11CD=codes(1), LSOA11NM=names(1))
    area = read_areas(path)
    assert area.repairs == {"Coordinates converted from OSGB36 to British National Grid": ()}
    bounds = area.areas.total_bounds
    assert bounds[2:] == pytest.approx([651409.9, 313177.3], abs=0.051)


@pytest.mark.filterwarnings("ignore:'crs' was not provided")
def test_coordinates_without_a_system(tmp_path):
    path = write(tmp_path, squares(1), crs=None, LSOA11CD=codes(1), LSOA11NM=names(1))
    assert list(read_areas(path).repairs) == [
        "No coordinate system in areas.gpkg: taken as British National Grid from the coordinates"
    ]
    degrees = write(
        tmp_path, [shapely.box(-1.9, 52.4, -1.8, 52.5)], crs=None, name="d.gpkg", LSOA11CD=codes(1), LSOA11NM=names(1)
    )
    with pytest.raises(SourceError) as error:
        read_areas(degrees)
    assert error.value.problem == f"{degrees} does not state its coordinate system."
    assert error.value.found == "-1.9 to -1.8 east, 52.4 to 52.5 north: apparently degrees"
    assert 'crs="EPSG:4326"' in error.value.advice
    assert len(read_areas(degrees, crs="EPSG:4326")) == 1


def test_coordinates_that_contradict_their_system(tmp_path):
    path = write(tmp_path, [shapely.box(-1.9, 52.4, -1.8, 52.5)], LSOA11CD=codes(1), LSOA11NM=names(1))
    with pytest.raises(SourceError) as error:
        read_areas(path)
    assert "are not in the coordinate system declared, OSGB36 / British National Grid" in error.value.problem
    assert "apparently degrees" in error.value.found
    assert len(read_areas(path, crs="EPSG:4326")) == 1
    metres = write(tmp_path, squares(1), crs=4326, name="m.geojson", LSOA11CD=codes(1), LSOA11NM=names(1))
    with pytest.raises(SourceError, match=r"declared, WGS 84\.[\s\S]*apparently metres"):
        read_areas(metres)
    assert len(read_areas(metres, crs="EPSG:27700")) == 1
    swapped = write(tmp_path, [shapely.box(52.4, -1.9, 52.5, -1.8)], crs=4326, name="s.geojson", LAD19CD=["a"])
    with pytest.raises(SourceError, match="not in Great Britain if they are degrees"):
        read_areas(swapped)
    with pytest.raises(SourceError, match="'BNG' is not a coordinate system"):
        read_areas(path, crs="BNG")


# --------------------------------------------------------------------------- polygons


def test_invalid_polygons_are_mended_and_named(tmp_path):
    path = write(tmp_path, [squares(1)[0], BOW_TIE], LSOA11CD=codes(8881, 8882), LSOA11NM=names(2))
    area = read_areas(path)
    assert area.repairs == {"Invalid polygons repaired": ("E01008882",)}
    # The two triangles of a bow tie of side 1 km: a quarter of the square each.
    assert area.areas.geometry["E01008882"].area == pytest.approx(5e5, abs=1)


def test_lines_left_by_mending_are_taken_away(tmp_path):
    # A square with a spike without width.
    east = [(401_000, 300_000), (401_000, 301_000), (401_500, 301_500), (401_000, 301_000)]
    spike = shapely.Polygon([(400_000, 300_000), *east, (400_000, 301_000)])
    path = write(tmp_path, [spike], LSOA11CD=codes(1), LSOA11NM=names(1))
    area = read_areas(path)
    assert area.areas.geometry.iloc[0].equals(squares(1)[0])


def test_an_area_without_a_polygon_is_refused_and_not_left_out(tmp_path):
    path = write(tmp_path, [*squares(1), None], LSOA11CD=codes(8881, 8882), LSOA11NM=names(2))
    with pytest.raises(SourceError) as error:
        read_areas(path)
    assert error.value.problem == "Area 'E01008882' has no polygon."


def test_neighbours_share_their_vertices_after_reading(tmp_path):
    # The second square's border is a hundredth of a millimetre off, as in published GeoJSON.
    first, second = squares(2)
    second = shapely.transform(second, lambda xy: xy + 1e-5)
    area = read_areas(write(tmp_path, [first, second], LSOA11CD=codes(1, 2), LSOA11NM=names(2)))
    assert not first.touches(second)
    assert area.areas.geometry.iloc[0].touches(area.areas.geometry.iloc[1])
    corners = shared_vertices(area)
    assert corners[("E01001", "E01002")] == 2


def shared_vertices(area):
    """Return pairs of areas and the number of vertices they share, to the bit."""
    owners = {}
    for area_id, shape in area.areas.geometry.items():
        for xy in map(tuple, shapely.get_coordinates(shape)):
            owners.setdefault(xy, set()).add(area_id)
    pairs = {}
    for ids in owners.values():
        for pair in combinations(sorted(ids), 2):
            pairs[pair] = pairs.get(pair, 0) + 1
    return pairs


def test_areas_over_each_other_are_noted(tmp_path):
    shapes = [shapely.box(400_000, 300_000, 402_000, 302_000), shapely.box(400_100, 300_100, 400_200, 300_200)]
    area = read_areas(write(tmp_path, shapes, LSOA11CD=codes(8881, 8882), LSOA11NM=names(2)))
    assert area.repairs == {"Areas that overlap another area": ("E01008881", "E01008882")}


# --------------------------------------------------------------------------- vintages


def test_mixed_vintages_are_refused(tmp_path):
    shapes = [shapely.box(400_000, 300_000, 402_000, 302_000), shapely.box(400_100, 300_100, 400_200, 300_200)]
    path = write(tmp_path, shapes, LSOA11CD=["E01008881", "E01034955"], LSOA11NM=names(2))
    with pytest.raises(SourceError) as error:
        read_areas(path)
    assert error.value.problem == f"{path} mixes LSOAs of 2011 and 2021."
    assert "E01008881 and E01034955 overlap" in error.value.found


def test_newer_codes_under_an_older_name_are_noted(tmp_path):
    path = write(tmp_path, squares(2), LSOA11CD=["E01008881", "E01034955"], LSOA11NM=names(2))
    area = read_areas(path)
    assert area.vintage == 2021
    assert area.repairs == {"Codes that did not exist in 2011": ("E01034955",)}


def test_vintage_of_codes():
    older = [f"E01{number:06d}" for number in range(1, 101)]
    assert detect_vintage(older) == 2011
    assert detect_vintage(older[:99]) is None
    assert detect_vintage([*older, "E01033769"]) == 2021
    assert detect_vintage([*older, "E01033768", "W01001958"]) == 2011
    assert detect_vintage(["W01001959"]) == 2021
    assert detect_vintage(["E99999999", "E01999999", "E02006999", ""]) is None


# --------------------------------------------------------------------------- labels


def test_places_are_sorted_and_complete(tmp_path):
    path = tmp_path / "places.csv"
    path.write_text("Name,easting,northing,population\nB,1,2,10\nA,3,4,10\nC,5,6,\nD,,,99\n", encoding="utf-8")
    places = read_place_labels(path)
    assert places["name"].tolist() == ["A", "B", "C"]
    assert list(places.columns) == ["name", "easting", "northing", "population", "credit"]
    assert places.attrs["dropped"] == {"no coordinates": 1}
    path.write_text("name,easting,northing\nB,1,2\n ,1,2\nC,,2\nD,1,\n", encoding="utf-8")
    assert read_place_labels(path).attrs["dropped"] == {"no coordinates": 2, "no name": 1}
    path.write_text("name,easting,northing\nB,,2\n", encoding="utf-8")
    with pytest.raises(SourceError, match=r"has no place with a name and coordinates\.[\s\S]*1 no coordinates"):
        read_place_labels(path)
    path.write_text("name,easting,northing\nB,west,2\n", encoding="utf-8")
    with pytest.raises(SourceError, match=r"'west' is not a number\.[\s\S]*row 2"):
        read_place_labels(path)


def test_the_samples_places(root):
    places = read_place_labels(root / "data" / "boundaries" / "places.csv")
    assert places["name"].iloc[0] == "Birmingham"
    assert places["credit"].str.contains("GeoNames").all()


# --------------------------------------------------------------------------- real files


@pytest.mark.real
def test_real_solihull_has_no_islands(shared_data):
    area = read_areas(shared_data / "lsoa11_solihull_wgs84_raw.geojson")
    assert (len(area), area.vintage, area.authorities) == (134, 2011, {"E08000029": "Solihull"})
    pairs = shared_vertices(area)
    assert {one for pair in pairs for one in pair} == set(area.ids)
    # SOURCES.md: mean 5.10 neighbours at 0.1 m.
    assert round(2 * len(pairs) / 134, 2) == 5.10


@pytest.mark.real
def test_real_detailed_areas_of_the_west_midlands(shared_data):
    area = read_areas(shared_data / "wm_boundaries_27700.gpkg", layer="lsoa11_detailed")
    assert len(area) == 1680
    # Known to be invalid as published.
    assert area.repairs == {"Invalid polygons repaired": ("E01009012", "E01009307", "E01009404", "E01033187")}
    # SOURCES.md: mean 5.85 neighbours after rounding to 0.1 m.
    assert round(2 * len(shared_vertices(area)) / 1680, 2) == 5.85


@pytest.mark.real
@pytest.mark.parametrize(
    ("layer", "areas", "geography", "vintage"),
    [("lsoa11", 1680, "LSOA", 2011), ("lsoa21", 1719, "LSOA", 2021), ("msoa11", 356, "MSOA", 2011)],
)
def test_real_layers(shared_data, layer, areas, geography, vintage):
    area = read_areas(shared_data / "wm_boundaries_27700.gpkg", layer=layer)
    assert (len(area), area.geography, area.vintage) == (areas, geography, vintage)
    assert len(area.authorities) == 7
    assert detect_vintage(area.ids) in (vintage, None)


@pytest.mark.real
def test_real_england_keeps_bradford(shared_data):
    area = read_areas(shared_data / "lsoa11_england_bsc_27700.parquet", authorities=["E08000032"])
    assert area.authorities == {"E08000032": "Bradford"}
    # Census 2011: 310 LSOAs.
    assert len(area) == 310


# --------------------------------------------------------------------------- GeoDataFrames


def test_a_geodataframe_is_read_like_its_file(tmp_path):
    grid = make_grid(2, 3).areas
    table = grid.assign(lsoa11_code=[f"E010{10000 + i}" for i in range(6)]).rename(columns={"name": "lsoa11_name"})
    table = table[["lsoa11_code", "lsoa11_name", "la_code", "la_name", "geometry"]].reset_index(drop=True)
    table.to_file(tmp_path / "areas.gpkg", driver="GPKG")
    before = table.copy()
    wanted = read_areas(tmp_path / "areas.gpkg", authorities=["Birmingham"])
    for given in (table, table.set_index("lsoa11_code"), table.to_crs(4326)):
        found = read_areas(given, authorities=["Birmingham"])
        assert found.ids.tolist() == wanted.ids.tolist()
        assert (found.geography, found.vintage) == ("LSOA", 2011)
        assert found.areas.geometry.geom_equals_exact(wanted.areas.geometry, 1.0).all()
    assert_geodataframe_equal(table, before)
    with pytest.raises(SourceError, match="the GeoDataFrame has no column of area codes"):
        read_areas(table[["geometry"]])
    with pytest.raises(SourceError, match="The GeoDataFrame has no polygons"):
        read_areas(table.set_geometry(table.centroid))
