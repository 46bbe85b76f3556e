"""A comparison or prediction one of whose sides has no events left: left out with the true reason, and foreseen."""

from __future__ import annotations

import pandas as pd
import pytest
from click.testing import CliRunner
from small_study import write_small_study

from hotspots.cli import main
from hotspots.study.findings.analyses import analyse
from hotspots.study.inputs.read import read_inputs
from hotspots.study.settings.study_file import read_study

SIDES = """
[[comparisons]]
name = "change"
title = "later against earlier"
events = "violence"
years = {later}
against_years = {earlier}

[[predictions]]
events = "violence"
past = {earlier}
future = {later}
"""
COMPARISON, PREDICTION = "comparison later against earlier", "prediction of violent crime"


def write(folder, *, later="[2019, 2019]", earlier="[2018, 2018]", **spoilt):
    """Write a study whose crimes of 2018 are those of 2019 again, with other coordinates where they are given."""
    file = write_small_study(folder, more=SIDES.format(later=later, earlier=earlier), admissions="density = false")
    crime = pd.read_csv(folder / "crime.csv", dtype=str, keep_default_na=False)
    pd.concat([crime.assign(Month="2018-03", **spoilt), crime]).to_csv(folder / "crime.csv", index=False)
    return file, len(crime)


def reasons(file):
    """Return why a run leaves out the comparison and the prediction, and what `check` says of it."""
    study = read_study(file)
    found = analyse(study, read_inputs(study), report=lambda _: None).left_out
    said = CliRunner().invoke(main, ["check", str(file)])
    assert said.exit_code == 0, said.output
    for what, why in found.items():
        assert f"Left out by a run: {what}, because {why}" in said.output
    return found


def test_a_side_without_events_in_its_years(tmp_path):
    file, rows = write(tmp_path, earlier="[2015, 2015]")
    why = f"has no events: of {2 * rows:,} rows read all are left out ({2 * rows:,} outside 2015 to 2015)"
    assert reasons(file) == {
        COMPARISON: f"what it is compared with (2015) {why}",
        PREDICTION: f"the past (2015) {why}",
    }


def test_a_first_side_and_a_future_without_events(tmp_path):
    file, rows = write(tmp_path, later="[2020, 2020]")
    why = f"has no events: of {2 * rows:,} rows read all are left out ({2 * rows:,} outside 2020 to 2020)"
    assert reasons(file) == {COMPARISON: f"its first side (2020) {why}", PREDICTION: f"the future (2020) {why}"}


@pytest.mark.parametrize(
    ("spoilt", "words"),
    [
        ({"Easting": "", "Northing": ""}, "none of the {n:,} events of {side} (March 2018) has a point"),
        (
            {"Easting": "1e5", "Northing": "1e5"},
            "none of the {n:,} events of {side} (March 2018) lies in the study area",
        ),
    ],
)
def test_a_side_without_points_in_the_study_area(tmp_path, spoilt, words):
    file, rows = write(tmp_path, **spoilt)
    found = reasons(file)
    assert found[COMPARISON] == words.format(n=rows, side="what it is compared with")
    assert found[PREDICTION] == words.format(n=rows, side="the past")


def test_two_sides_with_events_are_compared(tmp_path):
    file, _ = write(tmp_path)
    assert reasons(file) == {}


@pytest.mark.parametrize("density", ["", *(f'bandwidth = "{rule}"' for rule in ("scott", "likelihood", "diggle"))])
def test_a_bandwidth_that_can_not_be_found_is_foreseen(tmp_path, density):
    file = write_small_study(tmp_path, more=f"[density]\n{density}\n" if density else "", admissions="density = false")
    crime = pd.read_csv(tmp_path / "crime.csv").assign(Easting=405_000, Northing=295_000)
    crime.to_csv(tmp_path / "crime.csv", index=False)
    why = "all events lie on one point, so no bandwidth can be derived from their spread"
    assert reasons(file) == {"density surface of violent crime": why}


@pytest.mark.parametrize("rule", ["silverman", "scott", "least-squares"])
def test_a_line_of_events_and_its_bandwidth_are_foreseen(tmp_path, rule):
    file = write_small_study(tmp_path, more=f'[density]\nbandwidth = "{rule}"\n', admissions="density = false")
    crime = pd.read_csv(tmp_path / "crime.csv").head(40).assign(Northing=295_000)
    crime.to_csv(tmp_path / "crime.csv", index=False)
    ((what, why),) = reasons(file).items()
    assert what == "density surface of violent crime"
    # Scott's rule multiplies the spread of both axes; under the others the events are too few for a risk.
    assert why.startswith("all events lie on one line" if rule == "scott" else "in no cell are 1 events expected")


def test_an_adaptive_density_of_discs_over_everything_is_foreseen(tmp_path):
    """A disc of 5 km over cells of 5 m for each of a thousand events: 3e9 values, and minutes."""
    settings = 'kernel = "uniform"\nadaptive = true\nbandwidth = 5000\ncell = 5\nrisk = false\n'
    file = write_small_study(tmp_path, more=f"[density]\n{settings}", admissions="density = false")
    ((what, why),) = reasons(file).items()
    assert what == "density surface of violent crime"
    assert why == "the discs of an adaptive density with the uniform kernel hold too many cells"
