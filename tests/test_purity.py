"""No public function writes into what it is given, or into a file that it reads."""

from __future__ import annotations

import hashlib
import inspect
import pickle
from collections.abc import Callable, Mapping
from dataclasses import fields, is_dataclass, replace
from functools import cached_property
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pandas as pd
import pytest
from small_study import SURFACELESS, write_small_study
from worlds import ROOT, make_counts, make_grid

import hotspots as hs
from hotspots.disclosure import Gate, Scope
from hotspots.model import Place

BOUNDARIES, EVENTS = ROOT / "data" / "boundaries", ROOT / "data" / "events"


def public_functions() -> dict[str, Callable[..., Any]]:
    """Return every public function by its name, those of topics (`hs.charts`, ...) among them."""
    found: dict[str, Callable[..., Any]] = {}
    for name in hs.__all__:
        value = getattr(hs, name)
        inside = getattr(value, "__all__", ()) if isinstance(value, ModuleType) else ()
        found |= {name: value} if inspect.isfunction(value) else {}
        found |= {inner: getattr(value, inner) for inner in inside if inspect.isfunction(getattr(value, inner))}
    return found


PUBLIC = public_functions()


class World:
    """An area, events on it, and what is computed from them; the sample's schools. Each is made when first asked."""

    @cached_property
    def area(self):
        return make_grid(8, 8, population=1500)

    @cached_property
    def events(self):
        rng = np.random.default_rng(5)
        points = rng.uniform((400_000, 292_000), (408_000, 300_000), (400, 2))
        table = pd.DataFrame(
            {
                "easting": points[:, 0],
                "northing": points[:, 1],
                "area_code": None,
                "when": pd.date_range("2018-01-01", "2019-12-31", periods=400),
                "kind": "crime",
                "age": rng.integers(5, 80, 400),
            }
        )
        return hs.Events(
            table,
            rows_read=400,
            identity=hs.studies.Identity(release="open", name="crime", title="crime", sources=("Made for a test",)),
        )

    @cached_property
    def later(self):
        return replace(
            self.events, table=self.events.table.assign(when=self.events.table["when"] + pd.DateOffset(years=3))
        )

    @cached_property
    def points(self):
        return self.events.table[["easting", "northing"]].to_numpy()

    @cached_property
    def counts(self):
        return PUBLIC["count_events"](self.events, self.area)

    @cached_property
    def hidden(self):
        return make_counts(self.area, np.random.default_rng(6).integers(0, 30, 64), release="unreleased")

    @cached_property
    def neighbours(self):
        return PUBLIC["link_neighbours"](self.area)

    @cached_property
    def result(self):
        return PUBLIC["getis_ord"](self.counts)

    @cached_property
    def correlogram(self):
        return PUBLIC["correlogram"](self.counts)

    @cached_property
    def risk(self):
        return PUBLIC["relative_risk"](self.events, self.area, bandwidth=2000)

    @cached_property
    def surface(self):
        return PUBLIC["kernel_density"](self.events, self.area, bandwidth=1500, cell=250)

    @cached_property
    def accuracy(self):
        return PUBLIC["predictive_accuracy"](
            self.events, self.later, area=self.area, bandwidths=(1500,), cell=250, resamples=99
        )

    @cached_property
    def series(self):
        return PUBLIC["count_by_year"](self.events, years=(2018, 2019))

    @cached_property
    def quarters(self):
        return PUBLIC["count_by_quarter"](self.events, years=(2018, 2019))

    @cached_property
    def change(self):
        return PUBLIC["change_since"](self.series, base="2018")

    # ----------------------------------------------------------------------- the sample

    @cached_property
    def county(self):
        people = PUBLIC["read_population"](BOUNDARIES / "population_lsoa11_census2011.csv", column="population")
        return PUBLIC["read_areas"](BOUNDARIES / "west_midlands_lsoa11.gpkg", layer="lsoa11").with_population(people)

    @cached_property
    def admissions(self):
        file = EVENTS / "invented_hes_admissions_2013-2019.csv.gz"
        return PUBLIC["read_hes"](file, years=(2017, 2019), release="invented")

    @cached_property
    def ages(self):
        return PUBLIC["read_ages"](EVENTS / "invented_population_by_age_lsoa11.csv", release="invented")

    @cached_property
    def by_age(self):
        return PUBLIC["count_by_age"](self.admissions, self.county, ages=self.ages)

    @cached_property
    def standardised(self):
        return PUBLIC["standardised_rates"](self.by_age, self.ages, area=self.county, years=3.0)

    @cached_property
    def deprivation(self):
        return PUBLIC["read_deprivation"](EVENTS / "invented_idaci_lsoa11.csv", release="invented")

    @cached_property
    def profile(self):
        return PUBLIC["describe_authorities"](self.county, deprivation=self.deprivation, ages=self.ages)

    @cached_property
    def schools(self):
        exclusions = EVENTS / "invented_exclusions_by_school.csv"
        return PUBLIC["read_schools"](
            EVENTS / "invented_schools_register.csv", exclusions=exclusions, release="invented"
        )

    @cached_property
    def placed(self):
        return PUBLIC["place_schools"](self.schools, self.county)

    @cached_property
    def diverging(self):
        return PUBLIC["diverging_schools"](self.schools, self.deprivation, area=self.county)

    @cached_property
    def effects(self):
        return PUBLIC["authority_effects"](self.diverging).table

    @cached_property
    def factors(self):
        file = EVENTS / "invented_children_in_need_factors.csv"
        return PUBLIC["read_factors"](file, year=2019, release="invented")

    @cached_property
    def recording(self):
        return PUBLIC["compare_recording"]([self.factors])


def given(*arguments: Any, **options: Any) -> tuple[tuple[Any, ...], dict[str, Any]]:
    return arguments, options


def counts_file(folder: Path) -> Path:
    codes = [f"E0100{row:02d}{column:02d}" for row in range(8) for column in range(8)]
    pd.DataFrame({"lsoa11_code": codes, "n": ["*", *map(str, range(63))]}).to_csv(folder / "n.csv", index=False)
    return folder / "n.csv"


def episodes_file(folder: Path) -> Path:
    row = {"time_period": 2019, "new_la_code": "E08000025", "la_name": "Birmingham", "Started_episodes": 10}
    row |= {"Ended_episodes": 9, "Anypoint_episodes": 30, "Anypoint_child": 28}
    pd.DataFrame([row]).to_csv(folder / "episodes.csv", index=False)
    return folder / "episodes.csv"


SETTINGS = {
    "title": "A study",
    "areas": {"file": "areas.gpkg"},
    "events": [{"name": "crime", "title": "crime", "format": "police", "file": "crime.csv"}],
}

CALLS: dict[str, Callable[[World, Path], tuple[tuple[Any, ...], dict[str, Any]]]] = {
    # read
    "read_areas": lambda w, _: given(
        BOUNDARIES / "west_midlands_lsoa11.gpkg", layer="lsoa11", authorities=["E08000026"], attribution=["A line"]
    ),
    "read_place_labels": lambda w, _: given(BOUNDARIES / "places.csv"),
    "read_population": lambda w, _: given(BOUNDARIES / "population_lsoa11_census2011.csv", column="population"),
    "read_ages": lambda w, _: given(EVENTS / "invented_population_by_age_lsoa11.csv"),
    "read_hes": lambda w, _: given(EVENTS / "invented_hes_admissions_2013-2019.csv.gz", columns={}, area=w.county),
    "read_police": lambda w, _: given(
        [EVENTS / "invented_police_street_2019.csv.gz"], crime_types=["Violence and sexual offences"]
    ),
    "read_offences": lambda w, _: given(EVENTS / "invented_offences_2013-2019.csv.gz", columns={}),
    "read_counts": lambda w, folder: given(counts_file(folder), w.area, count_column="n", marks={"*": (1, 7)}),
    "read_deprivation": lambda w, _: given(EVENTS / "invented_idaci_lsoa11.csv"),
    "read_schools": lambda w, _: given(
        EVENTS / "invented_schools_register.csv",
        exclusions=EVENTS / "invented_exclusions_by_school.csv",
        years=["201819", "201718"],
        columns={},
    ),
    "read_factors": lambda w, _: given(
        EVENTS / "invented_children_in_need_factors.csv", year=2019, authorities=["E08000025"]
    ),
    "read_all_factors": lambda w, _: given(EVENTS / "invented_children_in_need_factors.csv", authorities=["E08000025"]),
    "read_episodes": lambda w, folder: given(episodes_file(folder), authorities=["E08000025"]),
    "read_recorded": lambda w, _: given(
        EVENTS / "invented_recorded_knife_crime_quarterly.csv", force="West Midlands", provisional=["2018/19 Q4"]
    ),
    # count and protect
    "count_events": lambda w, _: given(w.events, w.area),
    "place_schools": lambda w, _: given(w.schools, w.county),
    "protect": lambda w, _: given(w.hidden, Gate({"largest": 7, "rounding": 5}), scope=Scope.of_years(2017, 2019)),
    # hotspots
    "link_neighbours": lambda w, _: given(w.area, rule="rook"),
    "getis_ord": lambda w, _: given(w.counts, w.neighbours),
    "local_moran": lambda w, _: given(w.counts, w.neighbours, null="randomisation"),
    "global_statistics": lambda w, _: given(w.counts, w.neighbours, permutations=99),
    "correlogram": lambda w, _: given(w.counts, distances=[1500.0, 3000.0]),
    "describe_scale": lambda w, _: given(w.correlogram, title="crime"),
    "scan_clusters": lambda w, _: given(w.counts, draws=20),
    "count_by_period": lambda w, _: given(w.events, w.area, by="month"),
    "scan_space_time": lambda w, _: given(PUBLIC["count_by_period"](w.events, w.area, by="quarter"), draws=20),
    "stability": lambda w, _: given(
        w.events, w.area, nulls=["exchangeable-risk"], populations={"another": pd.Series(900.0, index=w.area.ids)}
    ),
    "agreement": lambda w, _: given(
        [w.result, PUBLIC["local_moran"](w.counts), PUBLIC["tolerance_contours"](w.risk, area=w.area)]
    ),
    "with_expected": lambda w, _: given(w.counts, pd.Series(np.arange(1.0, 65), index=w.area.ids)),
    "with_expected_by_age": lambda w, _: given(
        PUBLIC["count_events"](w.admissions, w.county), w.ages, events=w.admissions
    ),
    "with_expected_given": lambda w, _: given(
        w.counts, pd.DataFrame({"x": np.arange(64.0) % 7}, index=w.area.ids), trend_km=20
    ),
    "read_covariates": lambda w, _: given(BOUNDARIES / "population_lsoa11_census2011.csv", ["population"]),
    # surfaces
    "kernel_density": lambda w, _: given(w.events, w.area, bandwidth=1000, cell=250),
    "choose_bandwidth": lambda w, _: given(w.points, rule="silverman", kernel="quartic"),
    "detect_map_points": lambda w, _: given(w.points),
    "spread_counts": lambda w, _: given(w.counts, cell=250),
    "smooth_counts": lambda w, _: given(w.counts, bandwidth=2000, cell=250),
    "relative_risk": lambda w, _: given(w.events, w.area, bandwidth=2000),
    "compare_densities": lambda w, _: given(w.events, w.later, area=w.area, bandwidth=2000),
    "tolerance_contours": lambda w, _: given(w.risk, events=w.events, area=w.area),
    "top_contours": lambda w, _: given(w.surface, events=w.events, area=w.area),
    "predictive_accuracy": lambda w, _: given(
        w.events, w.later, area=w.area, bandwidths=[1500, 2500], shares=[0.1, 0.2], cell=250, resamples=99
    ),
    "best_bandwidth": lambda w, _: given(w.accuracy),
    # series and authorities
    "count_by_year": lambda w, _: given(w.events, years=(2018, 2019), ages=(0, 24)),
    "count_by_quarter": lambda w, _: given(w.events, years=(2018, 2019)),
    "sum_to_years": lambda w, _: given(w.quarters),
    "with_intervals": lambda w, _: given(w.series),
    "with_rates": lambda w, _: given(w.series, {"all": {"2018": 96_000.0, "2019": 97_000.0}}),
    "mark_provisional": lambda w, _: given(w.series, ["2019"]),
    "change_since": lambda w, _: given(w.series, base="2018"),
    "find_change_points": lambda w, _: given(w.quarters, rng=np.random.default_rng(1), draws=99),
    "count_by_age": lambda w, _: given(w.admissions, w.county, ages=w.ages),
    "standardised_rates": lambda w, _: given(
        w.by_age, w.ages, area=w.county, places=[Place("Coventry", ("E08000026",))], years=3.0
    ),
    "compare_recording": lambda w, _: given([w.factors]),
    "describe_authorities": lambda w, _: given(w.county, deprivation=w.deprivation, ages=w.ages, places=[]),
    # schools
    "diverging_schools": lambda w, _: given(
        w.schools, w.deprivation, area=w.county, placed=w.placed, children=w.county.areas["population"]
    ),
    "catchment_scores": lambda w, _: given(
        w.schools, w.deprivation, area=w.county, placed=w.placed, children=w.county.areas["population"]
    ),
    "residual_clustering": lambda w, _: given(w.diverging),
    "authority_effects": lambda w, _: given(w.diverging),
    "bivariate_moran": lambda w, _: given(w.diverging),
    "local_bivariate_moran": lambda w, _: given(w.diverging),
    "flagged_schools": lambda w, _: given(w.diverging),
    # draw
    "draw_map": lambda w, _: given(w.result, w.area),
    "draw_series": lambda w, _: given(w.series),
    "draw_correlogram": lambda w, _: given(w.correlogram, w.counts),
    "draw_prediction": lambda w, _: given(w.accuracy),
    "draw_change": lambda w, _: given(w.change, w.series, base="2018"),
    "draw_standardised": lambda w, _: given(w.standardised),
    "draw_recording": lambda w, _: given(w.recording),
    "draw_profile": lambda w, _: given(w.profile),
    "draw_factors": lambda w, _: given(w.factors),
    "draw_funnel": lambda w, _: given(w.diverging),
    "draw_exclusions_against_idaci": lambda w, _: given(w.diverging),
    "draw_authority_effects": lambda w, _: given(w.effects, w.diverging),
    # write
    "save_map": lambda w, folder: given(PUBLIC["draw_map"](w.result, w.area), folder / "map", dpi=72),
    "write_geopackage": lambda w, folder: given(folder / "a.gpkg", [w.result, w.area], title="A"),
    "write_raster": lambda w, folder: given(
        folder / "a.tif", w.risk, contours=PUBLIC["tolerance_contours"](w.risk, events=w.events, area=w.area)
    ),
    "write_table": lambda w, folder: given(folder / "a.csv", w.series, also=w.change),
    "write_school_tables": lambda w, folder: given(folder, w.diverging),
    "write_briefing": lambda w, folder: given(
        folder / "a.pdf",
        title="A",
        subtitle="B",
        marking="",
        alarming=False,
        findings=["One."],
        pages=[hs.charts.Page("A table", table=w.change)],
        methods={"Series": ["How."]},
        sources=["Made for a test"],
        attribution=["A line"],
        summary=w.change,
    ),
    # whole studies
    "start_study": lambda w, folder: given(folder / "new"),
    "make_study": lambda w, folder: given(pickle.loads(pickle.dumps(SETTINGS)), folder=folder),
    "read_study": lambda w, folder: given(write_small_study(folder)),
    "check_study": lambda w, folder: given(PUBLIC["read_study"](write_small_study(folder))),
    "run_study": lambda w, folder: given(
        PUBLIC["read_study"](write_small_study(folder, **SURFACELESS)), output=folder / "out"
    ),
}
"""Public function → what it is called with."""

MORE_CALLS = {
    "getis_ord of suppressed counts": lambda w, _: given(
        PUBLIC["protect"](w.hidden, Gate("dfe"), scope=Scope.of_years(2017, 2019)), w.neighbours, null="constant-risk"
    ),
    "kernel_density adaptive": lambda w, _: given(w.events, w.area, bandwidth=1000, cell=250, adaptive=True),
    "draw_map of a surface": lambda w, _: given(w.surface, w.area),
    "draw_map of schools": lambda w, _: given(w.diverging, w.county),
    "write_table of an extract": lambda w, folder: given(folder / "a.csv", w.profile),
}
"""Other ways through a function: its name is the first word."""


def snapshot(value: Any) -> Any:
    """Return what to compare a value with later: of a path, the file's content; of a figure nothing, it is drawn."""
    if isinstance(value, Path):
        return hashlib.sha256(value.read_bytes()).hexdigest() if value.is_file() else str(value)
    if isinstance(value, list | tuple) and any(isinstance(one, Path) for one in value):
        return [snapshot(one) for one in value]
    if type(value).__name__ in ("Figure", "Generator"):
        return None
    return pickle.dumps(value)


def is_as_before(before: Any, value: Any) -> bool:
    """Whether a value is what its snapshot says: the same bytes, or, as tables pack their columns anew, the same."""
    now = snapshot(value)
    return now == before or (isinstance(before, bytes) and is_same(pickle.loads(before), value))


def is_same(one: Any, other: Any) -> bool:
    """Whether two values hold the same, whatever they are made of."""
    if type(one) is not type(other):
        return False
    if isinstance(one, pd.DataFrame | pd.Series | pd.Index):
        return bool(one.equals(other)) and getattr(one, "attrs", {}) == getattr(other, "attrs", {})
    if isinstance(one, np.ndarray):
        return np.array_equal(one, other, equal_nan=one.dtype.kind == "f")
    if is_dataclass(one):
        return all(is_same(getattr(one, part.name), getattr(other, part.name)) for part in fields(one))
    if isinstance(one, Mapping):
        return list(one) == list(other) and all(is_same(one[key], other[key]) for key in one)
    if isinstance(one, list | tuple):
        return len(one) == len(other) and all(map(is_same, one, other))
    return bool(one == other) or (one != one and other != other)


def changed_by(function: Callable[..., Any], arguments: tuple[Any, ...], options: Mapping[str, Any]) -> list[str]:
    """Call a function; return which of its arguments are no longer what they were."""
    named = inspect.signature(function).bind(*arguments, **options).arguments
    before = {name: snapshot(value) for name, value in named.items()}
    # Files to be written are not there before.
    function(*arguments, **options)
    written = {name for name, value in named.items() if isinstance(value, Path) and before[name] == str(value)}
    return [name for name, value in named.items() if name not in written and not is_as_before(before[name], value)]


@pytest.fixture(scope="module")
def world() -> World:
    return World()


@pytest.mark.parametrize("name", [*CALLS, *MORE_CALLS])
def test_inputs_are_as_they_were(name: str, world: World, tmp_path: Path):
    arguments, options = (CALLS | MORE_CALLS)[name](world, tmp_path)
    # A gate remembers what it has published: that is what it is for.
    remembers = ["gate"] if name == "protect" else []
    assert changed_by(PUBLIC[name.split(maxsplit=1)[0]], arguments, options) == remembers


def test_every_public_function_is_called():
    assert set(PUBLIC) - set(CALLS) == set(), "add a call to CALLS"
    assert set(CALLS) - set(PUBLIC) == set(), "no public function has this name any more"


def test_what_is_written_into_is_found(tmp_path: Path):
    def careless(table: pd.DataFrame, *, names: list[str], path: Path) -> None:
        table["more"] = 1
        names.sort()
        path.write_text("another", encoding="utf-8")

    file = tmp_path / "read.csv"
    file.write_text("one", encoding="utf-8")
    options = {"names": ["b", "a"], "path": file}
    assert changed_by(careless, (pd.DataFrame({"a": [1]}),), options) == ["table", "names", "path"]
