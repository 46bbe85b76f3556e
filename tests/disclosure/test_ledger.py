"""The ledger of published runs: complete, unchanged and in order, or the run stops."""

from __future__ import annotations

import dataclasses
import errno
import json
import multiprocessing
import os
import time
from datetime import date

import numpy as np
import pytest

from hotspots.disclosure.earlier import ledger as ledger_module
from hotspots.disclosure.earlier.ledger import need_newest, need_writable, read_ledger
from hotspots.disclosure.release.rules import RULES, find_rule
from hotspots.disclosure.release.scopes import Scope
from hotspots.disclosure.release.tables import WHOLE_FILE, CountTable, region_of
from hotspots.errors import DisclosureError

AREAS = ("E01000001", "E01000002", "E01000003")


def make_table(low=(1, 8, 0), high=(7, 12, 0), **others):
    values = {
        "records": "admissions",
        "title": "Admissions 2019",
        "geography": "LSOA 2011",
        "authorities": ("E08000025",),
        "region": region_of(AREAS),
        "places": AREAS,
        "scopes": (Scope.of_years(2019, 2019),),
        "low": np.atleast_2d(np.array(low, dtype=float)),
        "high": np.atleast_2d(np.array(high, dtype=float)),
        "rule": RULES["nhs-digital"],
    }
    return CountTable(**{**values, **others})


def publish(ledger, *tables, slug="violence", day=date(2026, 11, 30)):
    return ledger.add(date=day, title="Violence", slug=slug, program="hotspots 0.1.0", tables=tables)


def publish_runs(folder, number):
    for count in range(1, number + 1):
        publish(read_ledger(folder), make_table(low=(count, 8, 0), high=(count + 6, 12, 0)))
    return sorted(folder.iterdir())


@pytest.fixture
def folder(tmp_path):
    return tmp_path / "releases"


def test_an_entry_is_read_as_it_was_written(folder):
    everything = make_table(
        scopes=(
            Scope(months=(24228, 24239), undated=True, ages=(0, 24), kinds=("knife", "gun")),
            Scope.of_years(2018, 2018),
        ),
        low=np.array([[1, np.nan, 98], [0, 2.5, 0]]),
        high=np.array([[7, np.nan, np.inf], [0, 2.5, 1e6]]),
        rule=find_rule({"largest": 9, "rounding": 10}),
        authorities=("E08000025", "E08000026"),
    )
    total = make_table(region=WHOLE_FILE, places=(), low=np.array([[3]]), high=np.array([[21]]))
    given = publish(read_ledger(folder), everything, total)
    (entry,) = read_ledger(folder).entries
    for found in (entry, given):
        assert (found.number, found.date, found.slug) == (1, date(2026, 11, 30), "violence")
        assert (found.title, found.program, found.previous) == ("Violence", "hotspots 0.1.0", "")
        assert (found.id, found.checksum) == (given.id, given.checksum)
        for table, wanted in zip(found.tables, (everything, total), strict=True):
            for field in dataclasses.fields(CountTable):
                one, other = getattr(table, field.name), getattr(wanted, field.name)
                if field.name in ("low", "high"):
                    np.testing.assert_array_equal(one, other)
                else:
                    assert (type(one), one) == (type(other), other)


def test_an_entry_has_what_was_published_and_nothing_more(folder):
    publish(read_ledger(folder), make_table())
    (path,) = folder.iterdir()
    content = json.loads(path.read_text(encoding="utf-8"))
    assert set(content) == {
        "format", "version", "number", "id", "date", "title", "slug", "program", "previous", "tables", "checksum"
    }  # fmt: skip
    assert set(content["tables"][0]) == {field.name for field in dataclasses.fields(CountTable)}
    assert content["tables"][0]["low"] == [[1, 8, 0]]
    assert str(folder.parent) not in path.read_text(encoding="utf-8")


def test_no_folder_is_an_empty_ledger(folder):
    ledger = read_ledger(folder)
    assert (ledger.entries, ledger.tables, ledger.newest) == ((), (), "")
    assert not folder.exists()


def test_tables_come_in_order_of_publication_whatever_their_dates(folder):
    publish(read_ledger(folder), make_table(title="first"), make_table(title="second"), day=date(2026, 12, 1))
    publish(read_ledger(folder), make_table(title="third"), day=date(2026, 11, 1))
    (folder / "README.txt").write_text("What is published.", encoding="utf-8")
    (folder / "._00001.json").write_bytes(b"")
    assert [table.title for table in read_ledger(folder).tables] == ["first", "second", "third"]


def test_the_same_run_again_is_no_new_entry(folder):
    first = publish(read_ledger(folder), make_table())
    publish(read_ledger(folder), make_table(low=(1, 1, 1), high=(7, 7, 7)))
    again = publish(read_ledger(folder), make_table(), day=date(2027, 1, 1))
    assert (again.number, again.checksum, again.date) == (1, first.checksum, date(2026, 11, 30))
    assert len(read_ledger(folder).entries) == 2
    other_study = publish(read_ledger(folder), make_table(), slug="knives")
    assert other_study.number == 3


# --------------------------------------------------------------------------- what can have happened to the files


def message_of(folder):
    with pytest.raises(DisclosureError) as caught:
        read_ledger(folder)
    assert caught.value.found
    assert caught.value.advice
    return str(caught.value)


def test_a_missing_entry_is_found(folder):
    for number in (1, 2):
        for path in publish_runs(folder, 3):
            if path.name == f"{number:05d}.json":
                path.rename(kept := folder.parent / path.name)
        assert f"Entry {number} is missing" in message_of(folder)
        kept.rename(folder / kept.name)


def test_entries_in_another_order_are_found(folder):
    _, second, third = publish_runs(folder, 3)
    two, three = second.read_bytes(), third.read_bytes()
    second.write_bytes(three)
    third.write_bytes(two)
    assert "does not belong behind" in message_of(folder)
    second.write_bytes(two)
    third.write_bytes(three)
    assert len(read_ledger(folder).entries) == 3


def test_an_entry_of_another_ledger_is_found(folder, tmp_path):
    publish_runs(folder, 2)
    publish(read_ledger(tmp_path / "other"), make_table(title="Other"))
    second = publish(read_ledger(tmp_path / "other"), make_table(title="Further"))
    assert second.number == 2
    (folder / "00002.json").write_bytes((tmp_path / "other" / "00002.json").read_bytes())
    assert "does not belong behind" in message_of(folder)


def test_a_removed_newest_entry_is_found_where_its_checksum_is_known(folder):
    *_, last = publish_runs(folder, 3)
    ledger = read_ledger(folder)
    need_newest(ledger, ledger.newest)
    need_newest(ledger, ledger.entries[0].checksum)  # others have published since
    need_newest(ledger, "")
    last.unlink()
    with pytest.raises(DisclosureError, match="does not have the entry that was published last"):
        need_newest(read_ledger(folder), ledger.newest)
    with pytest.raises(DisclosureError, match="does not have the entry that was published last"):
        need_newest(read_ledger(folder.parent / "elsewhere"), ledger.newest)


def test_a_changed_number_is_found(folder):
    publish(read_ledger(folder), make_table())
    path = folder / "00001.json"
    text = path.read_text(encoding="utf-8")
    assert text.count("[[1, 8, 0]]") == 1
    path.write_text(text.replace("[[1, 8, 0]]", "[[0, 8, 0]]"), encoding="utf-8")
    assert "was changed after it was written" in message_of(folder)
    # Other white space is the same content: some programs write other ends of lines.
    path.write_text(json.dumps(json.loads(text), indent=2).replace("\n", "\r\n"), encoding="utf-8", newline="")
    assert len(read_ledger(folder).entries) == 1


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (b'{"format": "hotspots rel', "is damaged: it is not JSON"),
        (b"\x00\xff\x00", "is damaged: it is not JSON"),
        (b"[" * 100_000, "is damaged: it is not JSON"),
        (b'{"format": "hotspots release", "version": NaN}', "NaN is not a number"),
        (b"[]", "is not what it should be"),
        (b'{"format": "hotspots fingerprints", "version": 1}', "is not what it should be"),
        (b'{"format": "hotspots release", "version": true}', "is not what it should be"),
        (b'{"format": "hotspots release", "version": 1}', "was changed after it was written"),
    ],
)
def test_a_damaged_entry_is_found(folder, text, words):
    _, second = publish_runs(folder, 2)
    second.write_bytes(text)
    message = message_of(folder)
    assert words in message
    assert str(second) in message


@pytest.mark.parametrize(("version", "words"), [(0, "an older version"), (2, "a newer version")])
def test_an_entry_of_another_version_is_refused(folder, monkeypatch, version, words):
    publish_runs(folder, 1)
    monkeypatch.setattr(ledger_module, "VERSION", version)
    text, _ = ledger_module.seal({"number": 1, "more": "of it"}, form=ledger_module.FORM, version=version)
    (folder / "00001.json").write_bytes(text)
    monkeypatch.undo()
    message = message_of(folder)
    assert words in message
    assert f"format {version}; this version reads format 1" in message


@pytest.mark.parametrize(
    "spoil",
    [
        lambda content: content.pop("tables"),
        lambda content: content.update(date="yesterday"),
        lambda content: content["tables"][0].update(further="field"),
        lambda content: content["tables"][0].update(low=[[9, 8, 0]]),
        lambda content: content.update(tables=[1]),
    ],
    ids=["no tables", "no date", "further field", "low above high", "no table"],
)
def test_content_that_is_no_entry_is_refused_though_its_checksum_is_right(folder, spoil):
    publish_runs(folder, 1)
    content = json.loads((folder / "00001.json").read_text(encoding="utf-8"))
    spoil(content)
    del content["checksum"]
    text, _ = ledger_module.seal(content, form=ledger_module.FORM, version=1)
    (folder / "00001.json").write_bytes(text)
    assert "does not have the content of an entry" in message_of(folder)


def test_a_copy_that_a_shared_drive_made_of_two_runs_at_once_is_found(folder):
    publish_runs(folder, 2)
    (folder / "00002-DESKTOP.json").write_text("{}", encoding="utf-8")
    assert "00002-DESKTOP.json is not an entry" in message_of(folder)


def test_what_a_stopped_run_left_says_how_to_go_on(folder):
    publish_runs(folder, 1)
    empty = folder / "00002.json"
    empty.touch()
    os.utime(empty, (time.time() - 3 * 3600,) * 2)
    message = message_of(folder)
    assert f"{empty} is empty" in message
    assert "180 minutes old" in message
    assert "delete the empty file" in message
    empty.unlink()
    (folder / ".00002.json.0f.unfinished").write_text("half an ent", encoding="utf-8")
    publish(read_ledger(folder), make_table(title="other"))
    assert sorted(path.name for path in folder.iterdir()) == ["00001.json", "00002.json"]


# --------------------------------------------------------------------------- where it can't be


def test_a_file_in_place_of_the_folder(folder, tmp_path):
    folder.write_text("", encoding="utf-8")
    assert "a file in the place of the folder" in message_of(folder)
    with pytest.raises(DisclosureError, match="a file in the place of the folder"):
        need_writable(folder, outputs=tmp_path / "outputs")


def test_a_drive_that_is_not_connected_is_no_empty_ledger(tmp_path):
    away = tmp_path / "drive" / "releases"
    assert "that its drive is connected" in message_of(away)
    with pytest.raises(DisclosureError, match="that its drive is connected"):
        need_writable(away, outputs=tmp_path / "outputs")
    link = tmp_path / "link"
    link.symlink_to(away)
    assert "that its drive is connected" in message_of(link)
    link.unlink()
    link.symlink_to(tmp_path / "removed")
    assert "that its drive is connected" in message_of(link)


def test_a_folder_that_can_be_written_to_is_left_as_it_is(folder, tmp_path):
    need_writable(folder, outputs=tmp_path / "outputs")
    assert list(tmp_path.iterdir()) == []
    publish_runs(folder, 1)
    need_writable(folder, outputs=tmp_path / "outputs")
    assert [path.name for path in folder.iterdir()] == ["00001.json"]


@pytest.mark.parametrize("outputs", [".", "releases", "releases/.."])
def test_a_ledger_among_the_outputs_is_refused(folder, tmp_path, outputs):
    with pytest.raises(DisclosureError, match="can't be in"):
        need_writable(folder, outputs=tmp_path / outputs)


def read_only(path, flags, *_, **__):
    raise PermissionError(errno.EACCES, "Permission denied", str(path))


def test_a_read_only_folder_is_found_before_anything_is_computed(folder, tmp_path, monkeypatch):
    # For root, a folder's mode changes nothing: the system's answer is put in instead.
    publish_runs(folder, 1)
    monkeypatch.setattr(os, "open", read_only)
    with pytest.raises(DisclosureError, match=r"Can't write in .*releases") as caught:
        need_writable(folder, outputs=tmp_path / "outputs")
    assert caught.value.found == "Permission denied"
    with pytest.raises(DisclosureError, match=r"00002\.json can't be written"):
        publish(read_ledger(folder), make_table(title="other"))


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() == 0, reason="root may write everywhere")
def test_a_folder_without_the_right_to_write(folder, tmp_path):
    publish_runs(folder, 1)
    folder.chmod(0o500)
    try:
        with pytest.raises(DisclosureError, match="Can't write in"):
            need_writable(folder, outputs=tmp_path / "outputs")
    finally:
        folder.chmod(0o700)


def test_a_full_disk_leaves_the_ledger_as_it_was(folder, monkeypatch):
    def no_room(_):
        raise OSError(errno.ENOSPC, "No space left on device")

    publish_runs(folder, 1)
    monkeypatch.setattr(os, "fsync", no_room)
    with pytest.raises(DisclosureError, match="can't be written") as caught:
        publish(read_ledger(folder), make_table(title="other"))
    assert caught.value.found == "No space left on device"
    monkeypatch.undo()
    assert [path.name for path in folder.iterdir()] == ["00001.json"]
    assert publish(read_ledger(folder), make_table(title="other")).number == 2


# --------------------------------------------------------------------------- two runs at once


def test_what_another_run_published_meanwhile_stops_this_one(folder):
    publish_runs(folder, 1)
    one, other = read_ledger(folder), read_ledger(folder)
    publish(one, make_table(title="one"))
    with pytest.raises(DisclosureError, match="Another run was published meanwhile") as caught:
        publish(other, make_table(title="other"))
    assert caught.value.found == "1 further entry"
    assert len(read_ledger(folder).entries) == 2
    # What is published already tells nobody more: both may be shown.
    assert publish(other, make_table(title="one")).number == 2


def test_entries_that_were_removed_meanwhile_stop_a_run(folder):
    *_, last = publish_runs(folder, 2)
    ledger = read_ledger(folder)
    last.unlink()
    with pytest.raises(DisclosureError, match="Another run was published meanwhile") as caught:
        publish(ledger, make_table(title="other"))
    assert caught.value.found == "other entries in the ledger"
    assert [path.name for path in folder.iterdir()] == ["00001.json"]


def test_a_number_that_is_taken_after_the_folder_was_read_is_not_overwritten(folder, monkeypatch):
    other = read_ledger(folder)
    publish_runs(folder, 1)
    monkeypatch.setattr(ledger_module, "read_ledger", lambda _: other)
    with pytest.raises(DisclosureError, match="Another run was published meanwhile"):
        publish(other, make_table(title="other"))
    monkeypatch.undo()
    assert [table.title for table in read_ledger(folder).tables] == ["Admissions 2019"]


ROUNDS = 20


def race(folder, name, together, results):
    """Publish one run for each round, at the same time as the other process."""
    for number in range(ROUNDS):
        ledger = read_ledger(folder)
        together.wait(60)
        try:
            publish(ledger, make_table(title=f"{name} {number}"))
            results.put((number, name))
        except DisclosureError as error:
            results.put((number, error.problem))
        together.wait(60)


def test_of_two_processes_at_once_exactly_one_publishes(folder):
    context = multiprocessing.get_context("spawn")
    together, results = context.Barrier(2), context.Queue()
    processes = [context.Process(target=race, args=(folder, name, together, results)) for name in ("one", "two")]
    for process in processes:
        process.start()
    found = [results.get(timeout=120) for _ in range(2 * ROUNDS)]
    for process in processes:
        process.join(60)
    assert [process.exitcode for process in processes] == [0, 0]
    tables = read_ledger(folder).tables
    assert len(tables) == ROUNDS
    for number, table in enumerate(tables):
        winners = [name for which, name in found if which == number and name in ("one", "two")]
        assert [table.title] == [f"{name} {number}" for name in winners]
    reasons = {name for _, name in found} - {"one", "two"}
    assert all("published meanwhile" in reason or "is being published" in reason for reason in reasons)
