"""What a notebook shows: title, period, some numbers and the first rows; of unreleased records the title alone."""

from __future__ import annotations

import re

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
from worlds import make_counts, make_grid, protect_alone

import hotspots as hs
from hotspots.model import (
    EXTRACT_COLUMNS,
    SCHOOL_RESULT_COLUMNS,
    Events,
    Extract,
    Identity,
    SchoolResult,
    Series,
    Surface,
)

AREA = make_grid(3, 4, population=1500)
COUNTS = make_counts(AREA, [11, 22, 33, 44, 55, 66, 77, 88, 99, 111, 122, 133], title="crime", period="2018-2019")
EVENTS = Events(
    pd.DataFrame({"easting": [400_500.0] * 7, "northing": 299_500.0, "area_code": None, "when": pd.NaT, "kind": "<b>"}),
    rows_read=9,
    dropped={"no usable location": 2},
    identity=Identity(release="open", title="fights & <brawls>", period="2019"),
)


def cells(html: str) -> list[str]:
    """Return the text of all cells of a notebook's tables."""
    return [re.sub(r"<.*?>", "", cell) for cell in re.findall(r"<t[dh][^>]*>(.*?)</t[dh]>", html, re.S)]


def facts(html: str) -> dict[str, str]:
    """Return the numbers over the table."""
    return dict(re.findall(r"<dt>(.*?)</dt><dd>(.*?)</dd>", html))


def heading(html: str) -> str:
    """Return the first line."""
    return re.findall(r"<h4>(.*?)</h4>", html)[0]


def test_counts_show_title_period_numbers_and_first_rows():
    html = COUNTS._repr_html_()
    assert heading(html) == "AreaCounts: crime"
    # 11 + 22 + ... + 99 is 11 x 45 = 495, and 111 + 122 + 133 = 366.
    assert facts(html) == {"Period": "2018-2019", "Events": "861", "Areas": "12", "Suppressed counts": "0"} | {
        "Outside": "0",
        "Release": "open",
    }
    assert AREA.ids[0] in cells(html)
    assert AREA.ids[4] in cells(html)
    assert AREA.ids[5] not in cells(html)
    assert "first 5 of 12 rows" in html


def test_intervals_are_shown_as_intervals():
    hidden = make_counts(AREA, [1] * 12, [7] * 12, title="admissions")
    assert facts(hidden._repr_html_())["Events"] == "12 to 84"
    assert facts(hidden._repr_html_())["Suppressed counts"] == "12"


def test_what_a_file_says_is_escaped():
    html = EVENTS._repr_html_()
    assert heading(html) == "Events: fights &amp; &lt;brawls&gt;"
    assert "<b>" not in html
    assert facts(html) == {"Period": "2019", "Events": "7", "Rows read": "9", "Dropped": "2", "Release": "open"}


def test_a_study_area_and_a_result():
    html = AREA._repr_html_()
    assert heading(html) == "StudyArea"
    assert facts(html) == {
        "Geography": "square", "Areas": "12", "Authorities": "2", "Population": "18,000", "Release": "open",
    }  # fmt: skip
    assert "POLYGON" not in html
    result = hs.getis_ord(COUNTS, null="constant-risk")
    shown = facts(result._repr_html_())
    assert heading(result._repr_html_()) == "HotspotResult: crime"
    assert shown["Method"] == "Getis-Ord Gi*"
    assert shown["Hot areas"] == str(len(result.hot()))
    assert shown["Cold areas"] == str(len(result.cold()))


def test_a_surface_shows_its_unit_and_size():
    surface = Surface(
        np.array([[1.0, np.nan], [3.0, 4.0]]),
        origin=(0.0, 200.0),
        cell=100.0,
        unit="events per km² per year",
        integral=0.08,
        kernel="quartic",
        bandwidth=500.0,
        provenance=None,
        identity=Identity(release="open", title="crime"),
    )
    shown = facts(surface._repr_html_())
    assert shown["Unit"] == "events per km² per year"
    assert shown["Values"] == "1 to 4"
    assert shown["Bandwidth"] == "500 m"
    assert shown["Cells"] == "3 of 100 m"


def test_schools_that_could_be_compared_are_counted():
    table = pd.DataFrame({column: [""] * 3 for column in SCHOOL_RESULT_COLUMNS}).assign(reason=["", "", "no pupils"])
    result = SchoolResult(
        gpd.GeoDataFrame(table),
        sentences=(),
        provenance=None,
        index_title="IDACI 2019",
        identity=Identity(release="open"),
    )
    assert facts(result._repr_html_()) == {
        "Schools": "3", "Schools compared": "2", "Index": "IDACI 2019", "Release": "open",
    }  # fmt: skip


def test_tables_of_areas_are_geodataframes_in_the_order_of_the_ids():
    upside_down = COUNTS.table.iloc[::-1]
    instances = [
        AREA,
        COUNTS,
        hs.AreaCounts(AREA, upside_down, identity=hs.studies.Identity(release="unreleased")),
        hs.getis_ord(COUNTS),
        protect_alone(COUNTS, "nhs-digital"),
    ]
    for instance in instances:
        assert isinstance(instance.table, gpd.GeoDataFrame)
        assert instance.table.index.equals(AREA.ids)
        assert instance.table.index.is_monotonic_increasing
        assert instance.table.index.name == "area_id"
        assert instance.table.crs.to_epsg() == 27700
        assert instance.table.geometry.geom_equals(AREA.areas.geometry).all()


def test_a_series_and_an_extract():
    table = pd.DataFrame({"period": ["2018", "2019"], "group": "all", "low": [5.0, 6.0], "high": [5.0, 6.0]})
    series = Series(
        table.assign(ci_low=1.0, ci_high=9.0), unit="crimes", identity=Identity(release="open", title="Crime")
    )
    assert facts(series._repr_html_()) == {"Periods": "2018 to 2019", "Groups": "1", "Unit": "crimes"} | {
        "Release": "open"
    }
    rows = pd.DataFrame([dict.fromkeys(EXTRACT_COLUMNS["recording"], 4)])
    extract = Extract(rows, kind="recording", identity=Identity(release="open", title="Recording"))
    assert heading(extract._repr_html_()) == "Extract: Recording"
    assert "theme_mentions" in cells(extract._repr_html_())


UNRELEASED = {
    "events": EVENTS.with_identity(release="unreleased"),
    "counts": COUNTS.with_identity(release="unreleased"),
    "hotspots": hs.getis_ord(COUNTS, null="constant-risk").with_identity(release="unreleased"),
    "series": Series(
        pd.DataFrame({"period": ["2018"], "group": "a", "low": 77.0, "high": 77.0, "ci_low": 1.0, "ci_high": 99.0}),
        unit="crimes",
        identity=Identity(release="unreleased", title="crime"),
    ),
    "surface": hs.kernel_density(EVENTS.with_identity(release="unreleased"), AREA, bandwidth=1500, cell=500),
}


@pytest.mark.parametrize("name", UNRELEASED)
def test_of_unreleased_records_only_title_and_rows_are_shown(name):
    instance = UNRELEASED[name]
    html = instance._repr_html_()
    assert facts(html) == {}
    assert cells(html) == []
    assert instance.title.split()[0] in html
    assert "not released" in html
    numbers = {int(number) for number in re.findall(r"\d+", re.sub(r"<.*?>|&\w+;", " ", html))}
    rows = len(instance.table) if hasattr(instance, "table") else instance.values.size
    assert numbers <= {rows, 4}


def test_protected_counts_are_shown_as_they_are_published():
    protected = protect_alone(COUNTS.with_identity(release="unreleased"), "nhs-digital")
    html = protected._repr_html_()
    assert facts(html)["Events"] == " to ".join(
        f"{protected.table[end].sum():,.0f}" for end in ("observed_low", "observed_high")
    )
