"""Schools in studies: covariates, catchments, an index with ranks only, what is left out and what is written."""

from __future__ import annotations

import json
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely

from hotspots.analysis.schools.diverging import diverging_schools
from hotspots.disclosure import Gate
from hotspots.errors import StudyError
from hotspots.model import Ages, Deprivation, Identity, Schools, StudyArea, count_schools, words_of
from hotspots.publish.style.outlines import prepare_ground
from hotspots.study.check import describe_check, would_leave_out
from hotspots.study.findings.analyses import _children, _compare_schools
from hotspots.study.findings.results import Findings, attempt
from hotspots.study.inputs.read import Inputs
from hotspots.study.inputs.requirements import untestable
from hotspots.study.output.figures import _charts, _map_jobs, _Shared
from hotspots.study.output.main_findings import headlines
from hotspots.study.output.summary import _describe_school_result, _without_gaps
from hotspots.study.output.write import _write_tables
from hotspots.study.settings.study_file import Study, make_study
from hotspots.vocabulary import INVENTED

SIDE = 8
N = SIDE * SIDE


def a_study(**schools: Any) -> Study:
    """Return a study that names schools; no file is read here."""
    return make_study(
        {
            "title": "Schools",
            "areas": {"file": "areas.gpkg"},
            "events": [{"name": "a", "title": "a", "format": "police", "file": "a.csv"}],
            "deprivation": {"file": "idaci.csv"},
            "schools": {"register": "register.csv", "exclusions": "exclusions.csv", **schools},
        }
    )


def shared(given: Inputs) -> _Shared:
    """Return what every sheet of the study is drawn with."""
    return _Shared(
        [],
        {},
        {},
        {},
        prepare_ground(given.area),
        None,
        None,
        None,
        "",
        dpi=50,
        imprint="Made for a test",
        folder=Path(),
    )


def inputs(*, prefix: str = "E01", title: str = "IDACI 2019", scores: bool = True, ranks: bool = True) -> Inputs:
    """Return a square of areas with a school in each, one of which excludes twenty times as many as the others."""
    rng = np.random.default_rng(7)
    number = np.arange(N)
    row, column = np.divmod(number, SIDE)
    east, north = 400_000.0 + 2_000 * column, 290_000.0 + 2_000 * row
    west_half = column < SIDE / 2
    la = {
        "la_code": np.where(west_half, "E08000025", "E08000028"),
        "la_name": np.where(west_half, "Birmingham", "Sandwell"),
    }
    areas = gpd.GeoDataFrame(
        {"name": "a", **la},
        geometry=shapely.box(east, north, east + 2_000, north + 2_000),
        index=[f"{prefix}{one:06d}" for one in number],
        crs=27700,
    )
    area = StudyArea(areas, geography="LSOA", vintage=2011, identity=Identity(release="open"))
    order = rng.permutation(N)
    counts = 5.0 + number % 3
    counts[3] = 120.0
    schools = pd.DataFrame(
        {
            "name": [f"School {one}" for one in number],
            **la,
            "easting": east + 1_000,
            "northing": north + 1_000,
            "pupils": 3_000.0,
            "low": counts,
            "high": counts,
            "years": 3,
            "phase": np.where(number % 4, "Secondary", "All-through"),
            "reason": "",
        },
        index=[f"330{4000 + one}" for one in number],
    )
    missing = np.full(N, np.nan)
    index = pd.DataFrame(
        {
            "score": 0.5 - 0.4 * order / N if scores else missing,
            "rank": order * 500.0 + 1 if ranks else missing,
            "decile": np.ceil((order * 500.0 + 1) / 3_284.4) if ranks else missing,
        },
        index=area.ids,
    )
    return Inputs(
        area=area,
        gate=Gate("nhs-digital"),
        schools=Schools(schools, rows_read=N, identity=Identity(release=INVENTED, period="2014/15 to 2016/17")),
        placed=pd.Series(area.ids, index=schools.index, dtype=object),
        deprivation=Deprivation(
            index, index="wimd" if title == "WIMD 2019" else "idaci", identity=Identity(release=INVENTED, title=title)
        ),
    )


def compared(study: Study, given: Inputs) -> Findings:
    findings = Findings()
    attempt(findings, "schools against deprivation", _compare_schools, study, given)
    return findings


# --------------------------------------------------------------------------- settings


def test_settings_of_the_study_reach_the_model() -> None:
    given = inputs()
    found = compared(a_study(covariates=["phase", "authority"], catchment_decay=900), given).schools
    assert found is not None
    assert (found.provenance.covariates, found.provenance.catchment_decay_m) == (("phase", "authority"), 900.0)
    wanted = diverging_schools(
        given.schools, given.deprivation, area=given.area, placed=given.placed,
        covariates=("phase", "authority"), decay=900.0,
    )  # fmt: skip
    pd.testing.assert_frame_equal(pd.DataFrame(found.table), pd.DataFrame(wanted.table))
    plain = compared(a_study(), given).schools
    assert plain is not None
    assert (plain.provenance.covariates, plain.provenance.catchment_decay_m) == ((), 1500.0)


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        ({"covariates": ["type"]}, "covariates"),
        ({"catchment_decay": 0}, "catchment_decay"),
        ({"catchment_decays": 900}, "catchment_decay"),
    ],
)
def test_wrong_settings_are_named(wrong: dict[str, Any], words: str) -> None:
    with pytest.raises(StudyError, match=words):
        a_study(**wrong)


def test_children_of_secondary_age_are_those_who_are_shared() -> None:
    given = inputs()
    ids = given.area.ids
    single = pd.DataFrame(10.0, index=ids, columns=range(30))
    found = _children(Ages(single, identity=Identity(release="open")))
    assert found is not None
    assert (found.name, set(found)) == ("residents of 11 to 15 years", {50.0})
    bands = _children(
        Ages(pd.DataFrame(50.0, index=ids, columns=[0, 5, 10, 15, 20]), identity=Identity(release="open"))
    )
    assert bands is not None
    assert (bands.name, set(bands)) == ("residents of 10 to 14 years", {50.0})
    assert _children(Ages(pd.DataFrame(50.0, index=ids, columns=[0, 20]), identity=Identity(release="open"))) is None
    given.ages = Ages(single, identity=Identity(release="open"))
    result = compared(a_study(), given).schools
    assert result is not None
    assert any("residents of 11 to 15 years are shared among all schools" in note for note in words_of(result.notes))


# --------------------------------------------------------------------------- indices


def test_ranks_alone_are_enough_and_the_index_keeps_its_name(tmp_path: Path) -> None:
    given = inputs(prefix="W01", title="WIMD 2019", scores=False)
    findings = compared(a_study(), given)
    assert findings.left_out == {}
    assert findings.schools is not None
    assert "per_tenth_of_ranks" in findings.schools.slope
    said = [
        findings.schools.words,
        *words_of(findings.schools.notes),
        *(told.words for told in findings.school_findings.values()),
        *headlines(a_study(), given, findings),
    ]
    for page in _charts(given, findings, tmp_path, lambda _: None, shared(given)):
        said += [page.title, page.alt, page.text]
    assert not [words for words in said if "IDACI" in words or "England" in words]
    assert any("WIMD 2019" in words for words in said)


@pytest.mark.parametrize(
    ("title", "why"),
    [
        ("IDACI 2019", "IDACI 2019 has neither score nor rank for any area of the study: IDACI is of England only"),
        ("WIMD 2019", "WIMD 2019 has neither score nor rank for any area of the study"),
    ],
)
def test_an_index_without_the_study_s_areas_is_left_out_with_the_reason(title: str, why: str) -> None:
    findings = compared(a_study(), inputs(prefix="W01", title=title, scores=False, ranks=False))
    assert findings.schools is None
    assert findings.left_out == {"schools against deprivation": why}


def test_what_can_t_be_said_of_schools_without_points_is_listed() -> None:
    given = inputs()
    assert given.schools is not None
    table = given.schools.table.assign(easting=np.nan, northing=np.nan)
    given.schools = Schools(table, rows_read=N, identity=Identity(release=INVENTED))
    findings = compared(a_study(), given)
    assert set(findings.school_findings) == {"authorities"}
    assert findings.left_out["schools and their neighbours"] == (
        "0 schools with a point are too few for 8 neighbours each"
    )


# --------------------------------------------------------------------------- outputs


def test_charts_table_words_and_files_of_schools(tmp_path: Path) -> None:
    given, study = inputs(), a_study()
    findings = compared(study, given)
    charts = list(_charts(given, findings, tmp_path / "charts", lambda _: None, shared(given)))
    drawn = {"schools_funnel", "schools_idaci", "schools_idaci_catchment", "schools_authorities"}
    assert {path.stem for path in (tmp_path / "charts").iterdir()} == drawn
    table = charts[-1].table
    assert table is not None
    assert table["School"].tolist() == ["School 3"]
    assert table["Permanent exclusions"].tolist() == ["120"]
    assert "give no cause" in charts[-1].text
    assert all(page.alt for page in charts[:-1])

    _write_tables(given, findings, tmp_path / "tables", summary=None)
    names = ("", "_that_stand_out", "_neighbours", "_authorities", "_deprivation_around", "_deprivation_around_each")
    assert {path.name for path in (tmp_path / "tables").iterdir()} == {f"schools{name}.csv" for name in names}

    told = _describe_school_result(findings)
    assert told is not None
    json.dumps(_without_gaps(told), allow_nan=False)
    assert told["holds"] == {"own area and catchment": 1}
    assert told["settings"]["index_measure"] == "score"
    assert not [key for key in told["settings"] if key.startswith("curve")]
    assert told["in_space"] == [one.words for one in findings.school_findings.values()]
    assert headlines(study, given, findings)[0].startswith("1 of 64 schools judged has far more permanent exclusions")


def test_no_school_that_stands_out_is_no_table(tmp_path: Path) -> None:
    given = inputs()
    assert given.schools is not None
    table = given.schools.table.assign(low=6.0, high=6.0)
    given.schools = Schools(table, rows_read=N, identity=Identity(release=INVENTED))
    findings = compared(a_study(), given)
    assert all(page.table is None for page in _charts(given, findings, tmp_path, lambda _: None, shared(given)))


@pytest.mark.parametrize(
    "step",
    [
        partial(_write_tables, summary=None),
        lambda given, found, path: list(_charts(given, found, path, print, shared(given))),
    ],
)
def test_writing_changes_nothing(step: Callable[..., Any], tmp_path: Path) -> None:
    given = inputs()
    findings = compared(a_study(), given)
    assert findings.schools is not None
    before = findings.schools.table.copy()
    step(given, findings, tmp_path / "x")
    pd.testing.assert_frame_equal(pd.DataFrame(before), pd.DataFrame(findings.schools.table))


def test_the_map_of_rates_lies_beside_that_of_divergence() -> None:
    """In the pack where it is of the whole area; the summary has the average and the classes."""
    study, given = a_study(), inputs()
    findings = compared(study, given)
    assert findings.schools is not None
    sheets = [(one.stem, one.schools_by, one.in_briefing) for one in _map_jobs(study, [findings.schools])]
    assert sheets == [("schools_all", "divergence", True), ("schools_rate_all", "rate", True)]
    told = _describe_school_result(findings)
    assert told is not None
    rates = told["rates"]
    assert rates["average"]["schools"] == sum(rates["classes"].values()) == N
    # One school has 120 where the others have 5 to 7: the average is 7.8, and those are 0.64 to 0.9 times it.
    assert rates["average"]["per_100"] == pytest.approx(100 * (63 * 6 + 120) / given.schools.table["pupils"].sum())
    assert rates["classes"] == {"above_twice": 1, "below": 63}
    assert (rates["above_average"], rates["below_average"]) == (1, 0)


def test_what_can_t_be_tested_is_known_before_a_run() -> None:
    given = inputs()
    assert given.schools is not None
    assert given.placed is not None
    given.placed = given.placed.astype(object).where(np.arange(N) >= 2, None)
    reasons = untestable(given.schools, given.placed)
    assert reasons.to_dict() == dict.fromkeys(given.schools.table.index[:2], "lies in no area of the study")
    found = compared(a_study(), given).schools
    assert found is not None
    account = count_schools(found.table)
    assert account.not_judged["lies in no area of the study"] == len(reasons) == account.not_placed
    assert account.schools == N


# --------------------------------------------------------------------------- what can't be compared


def changed(given: Inputs, **columns: Any) -> Inputs:
    """Return inputs whose table of schools has other columns."""
    assert given.schools is not None
    given.schools = Schools(given.schools.table.assign(**columns), rows_read=N, identity=Identity(release=INVENTED))
    return given


def with_scores(given: Inputs, score: Any) -> Inputs:
    assert given.deprivation is not None
    table = given.deprivation.table.assign(score=score, rank=np.nan, decile=np.nan)
    given.deprivation = Deprivation(table, identity=Identity(release=INVENTED, title="IDACI 2019"))
    return given


WEST = np.arange(N) % SIDE < SIDE / 2
WITHOUT_SCORE = np.where(np.arange(N) < 5, 0.1 + 0.01 * np.arange(N), np.nan)


@pytest.mark.parametrize(
    ("make", "settings", "why"),
    [
        (
            lambda: changed(inputs(), phase=np.where(WEST, "Secondary", "All-through")),
            {"covariates": ["phase", "authority"]},
            "phase and authority can't be told apart among these schools",
        ),
        (
            lambda: changed(inputs(), phase="Secondary"),
            {"covariates": ["phase"]},
            "the covariate 'phase' can do nothing: it makes no two groups of schools",
        ),
        (
            lambda: with_scores(inputs(), 0.3),
            {},
            "all schools have the same score in IDACI 2019, so exclusions cannot be compared with it",
        ),
        (
            lambda: with_scores(inputs(), WITHOUT_SCORE),
            {},
            "5 schools are too few to say what would be expected of a school",
        ),
        (lambda: with_scores(inputs(), np.nan), {}, "no school's area has a score in IDACI 2019"),
        (lambda: changed(inputs(), low=0.0, high=0.0), {}, "there are no permanent exclusions in the schools' records"),
    ],
)
def test_check_foresees_why_a_run_leaves_the_schools_out(
    make: Callable[[], Inputs], settings: dict[str, Any], why: str
) -> None:
    study = a_study(**settings)
    findings = Findings()
    attempt(findings, "schools against deprivation", _compare_schools, study, make())
    assert findings.schools is None
    assert findings.left_out == {"schools against deprivation": why}
    assert would_leave_out(study, make()) == findings.left_out


def test_check_counts_the_schools_that_a_run_can_t_test() -> None:
    given = with_scores(inputs(), np.where(np.arange(N) < 20, 0.1 + 0.01 * np.arange(N), np.nan))
    assert f"{N} schools in question, of which {N - 20} can't be tested" in list(describe_check(a_study(), given))
    assert would_leave_out(a_study(), given) == {}
