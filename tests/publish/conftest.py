"""Small results to publish: a square town of 36 areas in two authorities. Everything in it is made up."""

from __future__ import annotations

from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
from made_methods import contour_method, density_method, hotspot_method, risk_method, scan_method
from shapely.geometry import Point, box
from worlds import identified

from hotspots.model import (
    Agreement,
    AgreementMethod,
    Choice,
    Clusters,
    Contours,
    HotspotResult,
    Hotspots,
    Identity,
    Note,
    SchoolResult,
    SpaceTimeMethod,
    Stability,
    StabilityMethod,
    StudyArea,
    Surface,
    Whereabouts,
)
from hotspots.vocabulary import INVENTED, MORAN_CLASSES, RESULT_COLUMNS, SCHOOL_CLASSES, Method
from hotspots.vocabulary.classes import GI_CLASSES

WEST, SOUTH, SIDE, ACROSS = 400_000, 290_000, 1_000, 6
ATTRIBUTION = (
    "Contains National Statistics data © Crown copyright and database right 2020",
    "Contains OS data © Crown copyright and database right 2020",
)
AWKWARD_NAME = 'St John\'s & "Quay" <001>'
"""A name that breaks markup, SQL and expressions that are glued together carelessly."""


def square_areas() -> gpd.GeoDataFrame:
    """Return 36 squares of 1 km; the western half is in Birmingham, the eastern in Sandwell."""
    rows = []
    for number in range(ACROSS * ACROSS):
        row, column = divmod(number, ACROSS)
        west, south = WEST + column * SIDE, SOUTH + row * SIDE
        birmingham = column < ACROSS // 2
        rows.append(
            {
                "area_id": f"E01900{number:03d}",
                "name": AWKWARD_NAME if number == 0 else f"{'Birmingham' if birmingham else 'Sandwell'} {number:03d}A",
                "la_code": "E08000025" if birmingham else "E08000028",
                "la_name": "Birmingham" if birmingham else "Sandwell",
                "population": 1_500.0 + 10 * number,
                "geometry": box(west, south, west + SIDE, south + SIDE),
            }
        )
    return gpd.GeoDataFrame(rows, geometry="geometry", crs=27700).set_index("area_id")


def hotspot_result(method: Method = "getis_ord", **fields: Any) -> HotspotResult:
    """Return a result in which every class and every certainty occurs, with hidden counts in the last row of areas."""
    classes = GI_CLASSES if method == "getis_ord" else MORAN_CLASSES
    table = square_areas()
    count = len(table)
    number = np.arange(count)
    table["class"] = [classes[(n // 2) % len(classes)].key for n in number]
    hidden = number >= count - ACROSS
    table["observed_low"] = np.where(hidden, 1.0, 20.0 + number)
    table["observed_high"] = np.where(hidden, 7.0, 20.0 + number)
    table["expected"] = table["population"] * 1_200 / table["population"].sum()
    table["rate"] = np.where(hidden, np.nan, 1_000 * table["observed_low"] / table["population"])
    table["rate_low"] = 1_000 * table["observed_low"] / table["population"]
    table["rate_high"] = 1_000 * table["observed_high"] / table["population"]
    table["neighbours"] = 3 + number % 6
    table["window_low"] = 100.0 + number
    table["window_high"] = table["window_low"] + np.where(hidden, 12.0, 0.0)
    table["gi_z"] = (number - 18) / 6 if method == "getis_ord" else np.nan
    table["moran_i"] = np.nan if method == "getis_ord" else (number - 18) / 9
    table["quadrant"] = "high_high"
    for column in ("p_hot", "p_cold", "p", "p_adjusted"):
        table[f"{column}_low"] = (number + 1) / 400
        table[f"{column}_high"] = (number + 1) / 400 + np.where(hidden, 0.02, 0.0)
    untested = table["class"] == "not_tested"
    table["certainty"] = np.where(untested, "not_tested", np.where(hidden, "depends", "certain"))
    plain = (table["class"] == "not_significant") & ~hidden
    table.loc[plain, "certainty"] = "never"
    hot = table["class"].astype(str).str.startswith("hot") & (method == "getis_ord")
    answers = np.where(hidden, "depends", np.where(number % 2, "no", "yes"))
    table["hot_without_largest"] = np.where(hot, answers, "not_tested")
    table["null"] = "exchangeable-risk"
    table["reason"] = np.where(untested, "no neighbours", "")
    numbers = [c for c in table.columns if c.startswith(("p_", "rate", "window", "gi_", "moran_"))]
    table.loc[untested, numbers] = np.nan
    defaults: dict[str, Any] = {
        "table": table[[column for column in RESULT_COLUMNS if column != "area_id"]],
        "method": method,
        "sentences": ("Each area is tested together with its neighbours against chance.",),
        "name": "knife-crime",
        "title": "knife crime",
        "sources": ("Invented police extract",),
        "period": "2017-2019",
        "notes": (Note("No record for July 2018.", of="publication"),),
        "attribution": ATTRIBUTION,
        "provenance": hotspot_method(statistic="gi_star" if method == "getis_ord" else "local_moran"),
        "release": INVENTED,
    }
    return identified(HotspotResult, **(defaults | fields))


def schools_result(**fields: Any) -> SchoolResult:
    """Return twelve schools, two of each class; the last has no point."""
    number = np.arange(12)
    rows = pd.DataFrame(
        {
            "name": [f"School {chr(65 + n)}" for n in number],
            "la_code": np.where(number < 6, "E08000025", "E08000028"),
            "la_name": np.where(number < 6, "Birmingham", "Sandwell"),
            "easting": WEST + 300.0 + 480 * number,
            "northing": SOUTH + 700.0 + 1_300 * (number % 4),
            "pupils": 3_000.0 + 100 * number,
            "low": np.where(number % 5 == 0, 1.0, 2.0 + number),
            "high": np.where(number % 5 == 0, 4.0, 2.0 + number),
            "years": 3,
            "marks": np.where(number % 5 == 0, "suppressed small number (x): 2 years", ""),
            "reason": "",
            "area_id": [f"E01900{n:03d}" for n in number],
            "area_la_code": np.where(number % 6 < 3, "E08000025", "E08000028"),
            "idaci": 0.05 + 0.04 * number,
            "idaci_decile": 10 - number // 2,
            "class": [SCHOOL_CLASSES[n // 2].key for n in number],
        },
        index=pd.Index([f"{330 + 3 * (n >= 6)}{4000 + n}" for n in number], name="school_id"),
    )
    for bound in ("low", "high"):
        rows[f"rate_{bound}"] = 100 * rows[bound] / rows["pupils"]
    rows["rate"] = rows["rate_low"].where(rows["low"] == rows["high"])
    rows["expected"] = 2.0 + 0.8 * number
    for suffix, width in (("95", 2.0), ("998", 3.1)):
        rows[f"limit_low_{suffix}"] = np.maximum(rows["expected"] - width * np.sqrt(rows["expected"]), 0)
        rows[f"limit_high_{suffix}"] = rows["expected"] + width * np.sqrt(rows["expected"])
    rows["p_above"], rows["p_below"], rows["p_adjusted"] = 0.4, 0.6, 0.8
    unjudged = rows["class"] == "cannot_be_judged"
    rows.loc[unjudged, "reason"] = "hidden numbers leave it open"
    rows.loc[unjudged, ["p_above", "p_below", "p_adjusted"]] = np.nan
    last = rows.index[-1]
    rows.loc[last, ["easting", "northing", "idaci", "idaci_decile", "expected"]] = np.nan
    rows.loc[last, ["area_id", "area_la_code"]] = None
    rows.loc[last, "reason"] = "no coordinates in the register"
    points = [
        None if np.isnan(east) else Point(east, north)
        for east, north in zip(rows["easting"], rows["northing"], strict=True)
    ]
    table = gpd.GeoDataFrame(rows, geometry=gpd.GeoSeries(points, index=rows.index, crs=27700))
    defaults: dict[str, Any] = {
        "table": table,
        "sentences": ("Permanent exclusions against what size and IDACI suggest.",),
        "slope": {"per_ten_points": 1.3, "low": 1.1, "high": 1.5, "dispersion": 2.0},
        "title": "permanent exclusions",
        "index_title": "IDACI 2019",
        "sources": ("Invented register of schools",),
        "period": "2016/17 to 2018/19",
        "attribution": ATTRIBUTION,
        "provenance": None,
        "release": INVENTED,
    }
    return identified(SchoolResult, **(defaults | fields))


def bumpy_surface(cells: int = 40, **fields: Any) -> Surface:
    """Return two Gaussian bumps over the town, missing outside a circle of 2.9 km."""
    cell = ACROSS * SIDE / cells
    centre = (np.arange(cells) + 0.5) * cell
    east, north = np.meshgrid(WEST + centre, SOUTH + ACROSS * SIDE - centre)
    values = 2.0 + sum(
        peak * np.exp(-((east - x) ** 2 + (north - y) ** 2) / (2 * 500.0**2))
        for x, y, peak in ((402_000, 292_500, 90.0), (404_500, 294_500, 45.0))
    )
    outside = (east - 403_000) ** 2 + (north - 293_000) ** 2 > 2_900**2
    values = np.where(outside, np.nan, values)
    defaults: dict[str, Any] = {
        "values": values,
        "origin": (float(WEST), float(SOUTH + ACROSS * SIDE)),
        "cell": cell,
        "unit": "events per km² per year",
        "integral": float(np.nansum(values) * cell**2 / 1e6),
        "kernel": "quartic",
        "bandwidth": 750.0,
        "bandwidth_words": "750 m, chosen by rule of thumb",
        "name": "knife-crime",
        "title": "knife crime",
        "sources": ("Invented police extract",),
        "period": "2017-2019",
        "sentences": ("Kernel density with edge correction.",),
        "attribution": ATTRIBUTION,
        "provenance": density_method(),
        "release": INVENTED,
    }
    return identified(Surface, **(defaults | fields))


def risk_surface(cells: int = 40, **fields: Any) -> Surface:
    """Return the logarithm of a risk: three times the average in the west, a third in the east, once between.

    It is not judged in the southernmost kilometre, and missing outside the town.
    """
    cell = ACROSS * SIDE / cells
    centre = (np.arange(cells) + 0.5) * cell
    east, north = np.meshgrid(WEST + centre, SOUTH + ACROSS * SIDE - centre)
    bumps = [
        size * np.exp(-((east - x) ** 2 + (north - 293_500.0) ** 2) / (2 * 700.0**2))
        for x, size in ((401_500.0, np.log(3.2)), (404_500.0, -np.log(3.2)))
    ]
    judged = north > SOUTH + SIDE
    values = np.where(judged, bumps[0] + bumps[1], np.nan)
    defaults: dict[str, Any] = {
        "values": values,
        "p_raised": np.where(judged, 0.5 - values / 2.5, np.nan),
        "p_lowered": np.where(judged, 0.5 + values / 2.5, np.nan),
        "kind": "relative-risk",
        "unit": "times the area's average risk",
        "title": "risk of knife crime",
        "integral": float("nan"),
        "sentences": ("Events over people.",),
        "provenance": risk_method(),
    }
    return bumpy_surface(cells, **(defaults | fields))


def town_contours(**fields: Any) -> Contours:
    """Return one raised square of 4 km², half of it on either side of the border, and two lowered ones of 0.25 km²."""
    rows = [
        ("raised", "Risk raised by more than chance at 5%", 4.0, 60.0, box(402_000, 292_000, 404_000, 294_000)),
        ("lowered", "Risk lowered by more than chance at 5%", 0.25, 2.0, box(404_500, 294_500, 405_000, 295_000)),
        ("lowered", "Risk lowered by more than chance at 5%", 0.25, 1.0, box(404_500, 292_500, 405_000, 293_000)),
    ]
    table = gpd.GeoDataFrame(
        {
            "kind": [row[0] for row in rows],
            "words": [row[1] for row in rows],
            "threshold": 0.05,
            "area_km2": [row[2] for row in rows],
            "share_of_area": [row[2] / ACROSS**2 for row in rows],
            "events": [row[3] for row in rows],
            "share_of_events": [row[3] / 200 for row in rows],
        },
        geometry=[row[4] for row in rows],
        crs=27700,
        index=pd.Index([1, 2, 3], name="contour_id"),
    )
    defaults: dict[str, Any] = {
        "table": table,
        "surface": "knife-crime_risk",
        "sentences": ("Contours go round what chance would not give.",),
        "name": "knife-crime",
        "title": "risk of knife crime",
        "sources": ("Invented police extract",),
        "period": "2017-2019",
        "notes": (Note("A line is no more exact than the bandwidth.", of="settings"),),
        "attribution": ATTRIBUTION,
        "provenance": contour_method(),
        "release": INVENTED,
    }
    return identified(Contours, **(defaults | fields))


@pytest.fixture
def study_area() -> StudyArea:
    return StudyArea(
        square_areas(), geography="LSOA", vintage=2011, identity=Identity(release=INVENTED, attribution=ATTRIBUTION)
    )


@pytest.fixture
def gi_result() -> HotspotResult:
    return hotspot_result("getis_ord")


@pytest.fixture
def moran_result() -> HotspotResult:
    return hotspot_result("local_moran")


@pytest.fixture
def school_result() -> SchoolResult:
    return schools_result()


@pytest.fixture
def surface() -> Surface:
    return bumpy_surface()


@pytest.fixture
def risk() -> Surface:
    return risk_surface()


@pytest.fixture
def contours() -> Contours:
    return town_contours()


@pytest.fixture
def make_risk() -> Any:
    return risk_surface


@pytest.fixture
def make_contours() -> Any:
    return town_contours


@pytest.fixture
def make_hotspots() -> Any:
    """The maker of hotspot results, for tests that need another name, release or method."""
    return hotspot_result


@pytest.fixture
def make_schools() -> Any:
    return schools_result


@pytest.fixture
def make_surface() -> Any:
    return bumpy_surface


def made_clusters(**fields: Any) -> Clusters:
    """Return three zones: four squares in the south-west beyond chance, two that depend, one within chance."""
    areas = square_areas()
    rows = []
    for members, certainty, low, high, p in (
        ([0, 1, 6, 7], "certain", 210.0, 210.0, (2e-7, 2e-7)),
        ([4, 5], "depends", 40.0, 52.0, (0.012, 0.2)),
        ([35], "never", 50.0, 50.0, (0.4, 0.4)),
    ):
        inside = areas.iloc[members]
        people = float(inside["population"].sum())
        usual = 1_200 * people / float(areas["population"].sum())
        rows.append(
            {
                **{"areas": len(members), "people": people, "observed_low": low, "observed_high": high},
                **{"expected_low": usual, "expected_high": usual},
                **{"ratio_low": low / usual, "ratio_high": high / usual},
                **{"ratio_low_95": 0.8 * low / usual, "ratio_high_95": 1.2 * high / usual},
                **{"statistic_low": 5.0, "statistic_high": 20.0, "p_low": p[0], "p_high": p[1]},
                **{"p_error": 0.001, "p_bound": min(2 * p[1], 1.0), "certainty": certainty, "radius": 1_414.2},
                **{"shape": 1.0, "angle": 0.0, "area_ids": " ".join(inside.index)},
                "geometry": inside.geometry.union_all(),
            }
        )
    table = gpd.GeoDataFrame(rows, geometry="geometry", crs=27700, index=[1, 2, 3])
    usual: dict[str, Any] = {
        **{
            "table": table,
            "sentences": ("Scan statistic: 400 circular zones.", "A zone is not the border of a cluster."),
        },
        **{"name": "knife_crime", "title": "knife crime", "sources": ("Made up",), "period": "2017-2019"},
        **{"attribution": ATTRIBUTION, "provenance": scan_method(), "release": INVENTED},
    }
    return identified(Clusters, **(usual | fields))


def made_hotspots(**fields: Any) -> Hotspots:
    """Return the hotspot of the two hottest squares."""
    areas = hotspot_result().table.iloc[:2]
    expected = float(areas["expected"].sum())
    row = {
        "source": "knife-crime", "subject": "knife crime", "period": "2017-2019", "areas": 2, "people": 3_010.0,
        "observed_low": 41.0, "observed_high": 41.0, "expected": expected, "ratio_low": 41 / expected,
        "ratio_high": 41 / expected, "ratio_low_95": 29.42 / expected, "ratio_high_95": 55.62 / expected,
        "certainty": "certain", "overlaps": "", "area_ids": " ".join(areas.index), "geometry": areas.union_all(),
    }  # fmt: skip
    defaults: dict[str, Any] = {
        "table": gpd.GeoDataFrame([row], index=["A1"], geometry="geometry", crs=27700),
        "where": (Whereabouts(("Birmingham",), "west", near="Aston"),),
        "sentences": ("Adjoining hot areas are one hotspot.",),
        "name": "hotspots",
        "title": "hotspots",
        "sources": ("Invented police extract",),
        "period": "2017-2019",
        "attribution": ATTRIBUTION,
        "release": INVENTED,
    }
    return identified(Hotspots, **(defaults | fields))


@pytest.fixture
def hotspots() -> Hotspots:
    return made_hotspots()


@pytest.fixture
def make_hotspot_table() -> Any:
    return made_hotspots


@pytest.fixture
def clusters() -> Clusters:
    return made_clusters()


@pytest.fixture
def space_time_clusters() -> Clusters:
    """Return two of the zones with their times: four squares from May to July 2019, one square all 2018."""
    table = made_clusters().table.iloc[[0, 2]].set_axis([1, 2])
    times = {"start": ["2019-05-01", "2018-01-01"], "end": ["2019-07-31", "2018-12-31"], "periods": [3, 12]}
    method = SpaceTimeMethod(
        **{"model": "permutation", "by": "month", "periods": 36, "first_day": "2017-01-01", "last_day": "2019-12-31"},
        **{"prospective": False, "longest": 18, "runs_compared": 495, "cylinders_compared": 198_000},
        **{
            "largest_share": 0.5,
            "largest_radius_m": None,
            "fewest_events": 2,
            "level": 0.05,
            "draws": 1_000,
            "seed": 0,
        },
        **{"areas_scanned": 36, "areas_left_out": 0, "events": 1_200},
    )
    return made_clusters(table=table.assign(**times, alive="no"), provenance=method)


def made_stability(**fields: Any) -> Stability:
    """Return 36 squares in 12 variants: two hot in all, three in most, four in some, one not tested."""
    classes = ["in_all"] * 2 + ["in_most"] * 3 + ["in_some"] * 4 + ["not_tested"] + ["in_none"] * 26
    share = {"in_all": 1.0, "in_most": 0.75, "in_some": 0.25, "in_none": 0.0, "not_tested": np.nan}
    areas = square_areas().sort_index()
    low = np.array([share[name] for name in classes])
    table = areas.assign(
        **{"class": classes, "hot_low": low, "hot_high": low, "cold_low": 0.0 * low, "cold_high": 0.0 * low},
        variants=np.where(np.isnan(low), 0, 12),
        decided_by=["null" if name in ("in_most", "in_some") else "" for name in classes],
    )
    choices = (
        Choice(choice="neighbours", options=("Queen contiguity", "6 nearest areas"), share_hot=0.2, share_cold=None),
        Choice(choice="null", options=("scattered risk", "constant risk"), share_hot=0.62, share_cold=None),
    )
    method = StabilityMethod(
        variants=12, choices=choices, fixed={"period": "2017–2019"}, adjustment="benjamini-hochberg-apart",
        level=0.05, areas_hidden=0, rule="",
    )  # fmt: skip
    usual: dict[str, Any] = {
        **{"table": table, "by_variant": pd.DataFrame({"null": ["scattered risk"] * 12})},
        **{"sentences": ("Getis-Ord Gi* in 12 variants.",), "provenance": method, "release": INVENTED},
        **{"name": "knife_crime", "title": "knife crime", "sources": ("Made up",), "period": "2017-2019"},
        "attribution": ATTRIBUTION,
    }
    return identified(Stability, **(usual | fields))


def made_agreement(**fields: Any) -> Agreement:
    """Return 36 squares under three methods: one hot by all, two by two, five by one."""
    number = np.array([3, 2, 2, 1, 1, 1, 1, 1] + [0] * 28)
    areas = square_areas().sort_index()
    table = areas.assign(
        **{"class": np.array(["none", "one", "two", "three"])[number], "hot_methods": number, "methods": 3},
        getis_ord=np.where(number > 0, "yes", "no"),
        local_moran=np.where(number > 2, "yes", "no"),
        scan=np.where(number > 1, "yes", "no"),
        surface="not_given",
        covered=np.nan,
    )
    method = AgreementMethod(
        methods=("getis_ord", "local_moran", "scan"), levels={"getis_ord": 0.05}, covered_share=0.5
    )
    usual: dict[str, Any] = {
        **{"table": table, "sentences": ("3 methods.",), "provenance": method, "release": INVENTED},
        **{"name": "knife_crime", "title": "knife crime", "sources": ("Made up",), "period": "2017-2019"},
        "attribution": ATTRIBUTION,
    }
    return identified(Agreement, **(usual | fields))


@pytest.fixture
def stability() -> Stability:
    return made_stability()


@pytest.fixture
def agreement() -> Agreement:
    return made_agreement()
