"""Old keys of the study file: each does what its new name does, and check and run say what that is."""

from __future__ import annotations

import warnings

import pytest
from click.testing import CliRunner
from small_study import write_small_study

from hotspots.cli import main
from hotspots.errors import StudyError
from hotspots.study.settings import make_study, read_study
from hotspots.study.settings.old_keys import RENAMED

TABLE = {"name": "table", "title": "t", "format": "counts", "file": "c.csv", "count_column": "n"}
SMALL = {"title": "A study", "areas": {"file": "areas.gpkg"}, "population": {"file": "p.csv"}, "events": [TABLE]}
VALUES = {
    "points_file": "detailed.gpkg",
    "points_layer": "fine",
    "times": 3,
    "least": 5,
    "beyond": True,
}
EVERY_KEY = [(section, old, new) for section, keys in RENAMED.items() for old, new in keys.items()]


def study_with(section: str, **keys: object) -> dict:
    """Return the settings of a small study with keys in a section, or in its first where there are several."""
    if section == "events":
        return {**SMALL, "events": [{**TABLE, **keys}]}
    return {**SMALL, section: {**SMALL.get(section, {}), **keys}}


@pytest.mark.parametrize(("section", "old", "new"), EVERY_KEY)
def test_an_old_key_does_what_its_new_name_does(section, old, new):
    settings = study_with(section, **{old: VALUES[old]})
    before = repr(settings)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        study = make_study(settings)
    assert repr(settings) == before
    assert study.model_dump() == make_study(study_with(section, **{new: VALUES[old]})).model_dump()
    assert study.notes == (f"{section}.{old} is now {section}.{new}; the old key works in this version only",)


@pytest.mark.parametrize(("section", "old", "new"), EVERY_KEY)
def test_an_old_key_beside_its_new_name_is_refused(section, old, new):
    with pytest.raises(StudyError) as error:
        make_study(study_with(section, **{old: VALUES[old], new: VALUES[old]}))
    where = "events[1]" if section == "events" else section
    assert error.value.found == f"{where}.{old}: is now {new}, which is given too: delete one of them"


def test_new_keys_and_sections_that_are_none_have_no_note():
    assert make_study(SMALL).notes == ()
    with pytest.raises(StudyError, match="density: "):
        make_study({**SMALL, "density": 5})
    with pytest.raises(StudyError, match="unknown key"):
        make_study({**SMALL, "notes": ["a"]})


@pytest.mark.usefixtures("undrawn")
def test_check_and_run_say_the_new_name_once(tmp_path):
    path = write_small_study(tmp_path)
    text = path.read_text(encoding="utf-8")
    path.write_text(
        text.replace("[density]", "[density]\nleast = 4") if "[density]" in text else f"{text}\n[density]\nleast = 4\n"
    )
    assert read_study(path).density.minimum_events == 4
    note = "density.least is now density.minimum_events; the old key works in this version only"
    checked = CliRunner().invoke(main, ["check", str(path)])
    assert checked.output.count(note) == 1
    assert f"note: {note}" in checked.output
    done = CliRunner().invoke(main, ["run", str(path)])
    assert done.exit_code == 0, done.output
    assert done.output.count(f"  - Note: {note}.") == 1
    assert "FutureWarning" not in done.output
