"""Runs of studies beside each other: what the ledger keeps, and what later runs publish, repeat or refuse."""

from __future__ import annotations

import json
import stat
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from test_attacker import STUDY, true_counts, write_study
from worlds import make_counts, make_grid

from hotspots.disclosure.earlier.ledger import read_ledger
from hotspots.errors import DisclosureError, StudyError
from hotspots.study.inputs.released_records import scope_of
from hotspots.study.run import check_study, run_study
from hotspots.study.settings.schema import EventSection

EXTRA = 'slug = "hidden"\n'


def study_of(folder: Path, *, years: str = "[2017, 2018]", keys: str = "", charts: bool = False, counts=None) -> Path:
    text = STUDY.replace(EXTRA, EXTRA + keys).replace(
        'file = "hes.csv"\nyears = [2017, 2018]', f'file = "hes.csv"\nyears = {years}'
    )
    text = text if charts else text[: text.index("[[series]]")] + text[text.index("[analysis]") :]
    return write_study(folder, true_counts() if counts is None else counts, text=text)


@pytest.fixture
def private(tmp_path: Path) -> str:
    (tmp_path / "private").mkdir()
    return 'private_file = "private/records"\n'


@pytest.mark.usefixtures("undrawn")
def test_a_run_keeps_what_it_published_and_nothing_else(tmp_path):
    finished = run_study(study_of(tmp_path, charts=True))
    (entry,) = read_ledger(tmp_path / "releases").entries
    assert [table.title for table in entry.tables] == [
        "the counts of hospital admissions by area",
        "the chart of hospital admissions by year",
    ]
    areas = entry.tables[0]
    low, high = np.array([(areas.low[0, i], areas.high[0, i]) for i in range(36)]).T
    layer = json.loads((finished.folder / "summary.json").read_text())["sources"]["admissions"]
    assert [low.sum(), high.sum()] == layer["observed"]
    assert set(np.unique(high - low)) <= {0, 4, 6}


@pytest.mark.usefixtures("undrawn")
def test_the_same_run_again_is_one_entry(tmp_path):
    study = study_of(tmp_path, charts=True)
    first, second = (run_study(study) for _ in range(2))
    assert first.summary["disclosure"] == second.summary["disclosure"]
    assert first.summary["sources"] == second.summary["sources"]
    assert len(read_ledger(tmp_path / "releases").entries) == 1


@pytest.mark.usefixtures("undrawn")
def test_other_months_of_the_same_records_need_the_private_file(tmp_path):
    run_study(study_of(tmp_path, years="[2017, 2017]"))
    with pytest.raises(DisclosureError) as refused:
        run_study(study_of(tmp_path, years="[2017, 2018]"))
    assert "the counts of hospital admissions by area (entry 1 of" in str(refused.value)
    assert "private_file" in refused.value.advice
    assert len(read_ledger(tmp_path / "releases").entries) == 1
    assert any("count the same records" in str(problem) for problem in check_study(tmp_path / "study.toml").problems)
    run_study(study_of(tmp_path, years="[2018, 2018]"))
    assert len(read_ledger(tmp_path / "releases").entries) == 2


def test_with_the_private_file_more_months_are_published_beside_the_others(tmp_path, private):
    run_study(study_of(tmp_path, years="[2017, 2017]", keys=private))
    finished = run_study(study_of(tmp_path, years="[2017, 2018]", keys=private))
    first, second = (entry.tables[0] for entry in read_ledger(tmp_path / "releases").entries)
    assert ((second.high - second.low)[0, :36] > 6).any()
    # What subtraction tells of 2018: any of the suppressed counts 1 to 7, or none of them.
    low, high = second.low - first.high, second.high - first.low
    assert (((low <= 1) & (high >= 7)) | (low > 7) | (high < 1)).all()
    (mend,) = finished.summary["disclosure"]
    assert mend["wider"]
    assert list(mend["beside"]) == ["the counts of hospital admissions by area"]
    path = tmp_path / "private" / "records"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


@pytest.mark.usefixtures("undrawn")
def test_corrected_records_are_refused(tmp_path, private):
    run_study(study_of(tmp_path, years="[2017, 2017]", keys=private))
    study = study_of(tmp_path, years="[2017, 2018]", keys=private)
    rows = pd.read_csv(tmp_path / "hes.csv", dtype=str, keep_default_na=False)
    rows[1:].to_csv(tmp_path / "hes.csv", index=False)
    with pytest.raises(DisclosureError, match="were corrected in between"):
        run_study(study)


def without_first_row(folder: Path) -> str:
    """Take the first record out of the file; return its month."""
    rows = pd.read_csv(folder / "hes.csv", dtype=str, keep_default_na=False)
    rows[1:].to_csv(folder / "hes.csv", index=False)
    return rows["ADMIDATE"].iloc[0]


@pytest.mark.usefixtures("undrawn")
def test_corrected_records_are_published_in_wider_intervals_on_request(tmp_path, private):
    keys = private + 'corrections = "coarsen"\n'
    run_study(study_of(tmp_path, years="[2017, 2018]", keys=keys, charts=True))
    study = study_of(tmp_path, years="[2017, 2018]", keys=keys, charts=True)
    day = pd.Timestamp(without_first_row(tmp_path))
    finished = run_study(study)
    before, after = (entry.tables for entry in read_ledger(tmp_path / "releases").entries)
    month = 12 * day.year + day.month - 1
    assert after[0].scopes[0].corrections == ((month, month, 2),)
    assert before[0].scopes[0].corrections == ()
    # Whoever takes it that records were only removed finds any of the suppressed counts 1 to 7 possible, or none.
    for first, second in zip(before, after, strict=True):
        # The year that was not corrected keeps its interval: nothing was removed from it.
        pairs = [(old, new) for old, new in zip(first.scopes, second.scopes, strict=True) if new.corrections]
        rows = [first.scopes.index(old) for old, _ in pairs]
        least, most = first.low[rows] - second.high[rows], first.high[rows] - second.low[rows]
        there = ~np.isnan(second.low[rows])
        assert (((least <= 1) & (most >= np.minimum(7, first.high[rows]))) | (most < 1))[there].all()
    assert finished.summary["disclosure"][0]["corrected"] == f"{day:%Y-%m}"
    notes = " ".join(finished.summary["sources"]["admissions"]["notes"])
    assert f"Records of {day:%Y-%m} were corrected since earlier runs counted them." in notes


@pytest.mark.usefixtures("undrawn")
def test_the_same_corrected_records_again_are_one_entry(tmp_path, private):
    keys = private + 'corrections = "coarsen"\n'
    run_study(study_of(tmp_path, years="[2017, 2017]", keys=keys))
    study = study_of(tmp_path, years="[2017, 2018]", keys=keys)
    without_first_row(tmp_path)
    for _ in range(2):
        run_study(study)
    assert len(read_ledger(tmp_path / "releases").entries) == 2
    # Not corrected: as if nothing could be.
    run_study(study_of(tmp_path, years="[2018, 2018]", keys=keys))


@pytest.mark.usefixtures("undrawn")
def test_coarsening_needs_the_private_file(tmp_path):
    with pytest.raises(StudyError, match="needs a private_file"):
        run_study(study_of(tmp_path, keys='corrections = "coarsen"\n'))


@pytest.mark.usefixtures("undrawn")
def test_another_study_that_contradicts_is_refused(tmp_path):
    run_study(study_of(tmp_path))
    with pytest.raises(DisclosureError, match="contradict what is published"):
        run_study(study_of(tmp_path, counts=true_counts() + 20))


@pytest.mark.usefixtures("undrawn")
def test_a_run_without_a_ledger_says_so(tmp_path):
    finished = run_study(study_of(tmp_path, keys='ledger = ""\n'))
    assert not (tmp_path / "releases").exists()
    assert "has no ledger" in " ".join(finished.summary["sources"]["admissions"]["notes"])


@pytest.mark.usefixtures("undrawn")
def test_a_failed_run_leaves_no_entry(tmp_path, monkeypatch):
    import hotspots.study.run as run

    monkeypatch.setattr(run, "compile_briefing", lambda *_, **__: (_ for _ in ()).throw(OSError("disk full")))
    with pytest.raises(OSError, match="disk full"):
        run_study(study_of(tmp_path))
    assert read_ledger(tmp_path / "releases").entries == ()


@pytest.mark.usefixtures("undrawn")
def test_released_records_and_restricted_studies_keep_no_ledger(tmp_path):
    restricted = 'profile = "restricted"\nreaders = "Analysts"\n'
    run_study(study_of(tmp_path, keys=restricted))
    assert not (tmp_path / "releases").exists()


@pytest.mark.parametrize(
    ("period", "months"),
    [
        ("2017", (12 * 2017, 12 * 2017 + 11)),
        ("2017 to 2019", (12 * 2017, 12 * 2019 + 11)),
        ("last winter", (12 * 1900, 12 * 2100 + 11)),
    ],
)
def test_the_months_of_a_table_of_counts_are_those_of_its_period(period, months):
    """Two tables of one source with other periods are other numbers and do not contradict each other."""
    section = EventSection(
        name="stroke", title="stroke", format="counts", file="counts.csv", count_column="n", period=period
    )
    assert scope_of(section, make_counts(make_grid(1, 2), [3, 30], release="unreleased")).months == months
