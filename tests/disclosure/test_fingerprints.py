"""Fingerprints of records in a private file: they tell what has changed, and nothing to those without the key."""

from __future__ import annotations

import dataclasses
import errno
import hashlib
import hmac
import json
import os
import stat

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hotspots.disclosure.earlier import fingerprints as fingerprints_module
from hotspots.disclosure.earlier.fingerprints import Private, need_apart, new_private, read_private, write_private
from hotspots.errors import DisclosureError

YEAR = (12 * 2019, 12 * 2019 + 11)
KEY = bytes(range(32))
PRIVATE = Private(KEY)

RECORDS = pd.DataFrame(
    {
        "when": pd.to_datetime(["2019-03-01", "2019-03-01", "2019-03-31", "2019-04-01", "2019-04-02", None]),
        "area_code": ["A", "A", "A", "A", "B", "B"],
        "easting": [400000.5, np.nan, 1.0, 2.0, 3.0, 4.0],
        "age": [20.0, 20.0, np.nan, 22.0, 23.0, 24.0],
        "kind": ["X99", "X99", "Y04", "Y04", "Y04", "Y04"],
    }
)
MARCH, APRIL = 12 * 2019 + 2, 12 * 2019 + 3


def fingerprint(table=RECORDS, private=PRIVATE, **others):
    values = {"records": "admissions", "places": table.get("area_code"), "months": YEAR, "undated": True}
    return private.fingerprint(table, **{**values, **others})


def cells_that_differ(one, other):
    return {cell for cell in one.cells.keys() | other.cells.keys() if one.cells.get(cell) != other.cells.get(cell)}


# --------------------------------------------------------------------------- what a fingerprint is


def test_a_fingerprint_is_the_start_of_an_hmac_of_the_sorted_records():
    # By hand, after RFC 2104: SHA-256 of the outer key and of SHA-256 of the inner key and the text.
    rows = ['20,"A",400000.5,"X99","2019-03-01T00:00:00"', '20,"A",null,"X99","2019-03-01T00:00:00"']
    rows.append('null,"A",1,"Y04","2019-03-31T00:00:00"')
    text = "\n".join(['["admissions", "age", "area_code", "easting", "kind", "when"]', '"A"', str(MARCH), *rows])
    inner, outer = (bytes(byte ^ pad for byte in KEY.ljust(64, b"\0")) for pad in (0x36, 0x5C))
    wanted = hashlib.sha256(outer + hashlib.sha256(inner + text.encode()).digest()).digest()
    assert wanted == hmac.digest(KEY, text.encode(), "sha256")
    assert fingerprint().cells["A", MARCH] == wanted[:16]


def test_areas_and_months_with_records_have_one_each():
    assert set(fingerprint().cells) == {("A", MARCH), ("A", APRIL), ("B", APRIL), ("B", None)}
    assert set(fingerprint(undated=False).cells) == {("A", MARCH), ("A", APRIL), ("B", APRIL)}
    assert set(fingerprint(months=(APRIL, APRIL), undated=False).cells) == {("A", APRIL), ("B", APRIL)}
    assert fingerprint(RECORDS.iloc[:0]).cells == {}


def test_records_in_no_area_have_their_own():
    for missing in (None, np.nan, pd.NA, ""):
        places = ["A", missing, "A", "A", missing, "B"]
        found = fingerprint(places=places).cells
        assert set(found) == {("A", MARCH), ("", MARCH), ("A", APRIL), ("", APRIL), ("B", None)}


def test_without_the_key_fingerprints_tell_nothing():
    one, other = fingerprint(), fingerprint(private=new_private())
    assert cells_that_differ(one, other) == set(one.cells) == set(other.cells)
    # Nor which areas, months or sources have equal records.
    twice = RECORDS.iloc[[0, 0]].assign(area_code=["A", "A"])
    same = fingerprint(twice, places=["A", "B"]).cells
    assert len(set(same.values())) == 2
    undated = fingerprint(twice.assign(when=pd.to_datetime(["2019-03-01", None]))).cells
    assert len(set(undated.values())) == 2
    assert set(fingerprint(records="offences").cells.values()).isdisjoint(one.cells.values())


@given(st.permutations(range(len(RECORDS))), st.permutations(list(RECORDS.columns)))
def test_order_has_no_effect(rows, columns):
    assert fingerprint(RECORDS.iloc[rows][columns]).cells == fingerprint().cells


@pytest.mark.parametrize(
    "table",
    [
        RECORDS.assign(age=RECORDS["age"].astype("Int64")),
        RECORDS.assign(kind=RECORDS["kind"].astype("category"), area_code=RECORDS["area_code"].astype(object)),
        RECORDS.assign(when=RECORDS["when"].astype("datetime64[s]")),
        RECORDS.assign(age=RECORDS["age"].astype(object).where(RECORDS["age"].notna(), None)),
        RECORDS.set_index(np.arange(9, 3, -1)),
    ],
    ids=["whole numbers", "categories", "seconds", "objects", "other index"],
)
def test_types_have_no_effect(table):
    assert fingerprint(table).cells == fingerprint().cells


@pytest.mark.parametrize(
    ("column", "value"),
    [("age", 21.0), ("age", np.nan), ("easting", 400000.5000001), ("kind", "Y09"), ("kind", ""), ("area_code", "C"),
     ("when", pd.Timestamp("2019-03-02"))],
)  # fmt: skip
def test_a_changed_record_changes_its_cell_alone(column, value):
    table = RECORDS.copy()
    table.loc[0, column] = value
    assert cells_that_differ(fingerprint(), fingerprint(table, places=RECORDS["area_code"])) == {("A", MARCH)}


def test_a_record_that_moves_changes_both_cells():
    table = RECORDS.copy()
    table.loc[3, "when"] = pd.Timestamp("2019-03-05")
    assert cells_that_differ(fingerprint(), fingerprint(table)) == {("A", MARCH), ("A", APRIL)}


@given(st.integers(0, len(RECORDS) - 1))
def test_an_added_or_removed_record_changes_its_cell_alone(row):
    when = RECORDS["when"][row]
    cell = RECORDS["area_code"][row], None if pd.isna(when) else 12 * when.year + when.month - 1
    assert cells_that_differ(fingerprint(), fingerprint(RECORDS.drop(index=row))) == {cell}
    # The same record twice is another number of records.
    twice = pd.concat([RECORDS, RECORDS.loc[[row]]])
    assert cells_that_differ(fingerprint(), fingerprint(twice)) == {cell}
    assert cells_that_differ(fingerprint(twice), fingerprint(pd.concat([twice, RECORDS.loc[[row]]]))) == {cell}


def test_what_separates_values_and_rows_can_be_in_them():
    def one(*rows):
        table = pd.DataFrame(rows, columns=["kind", "note"]).assign(when=pd.Timestamp("2019-03-01"))
        return fingerprint(table, places=["A"] * len(rows)).cells["A", MARCH]

    found = [
        one(('a","b', "c")),
        one(("a", 'b","c')),
        one(("a", "b"), ("c", "d")),
        one(("a", 'b","2019-03-01T00:00:00"\n"c","d')),
        one(("a", "null")),
        one(("a", None)),
        one(("a", "1")),
        one(("a", 1)),
    ]
    assert len(set(found)) == len(found)


def test_values_without_a_fingerprint_are_refused():
    with pytest.raises(DisclosureError, match="'shape' has values of a kind") as caught:
        fingerprint(RECORDS.assign(shape=[(1, 2)] * len(RECORDS)))
    assert caught.value.found == "tuple"


# --------------------------------------------------------------------------- what has changed

PLACES = ("A", "B", "C", "")


def changed(private, table=RECORDS, *, entry=1, months=YEAR, undated=True, places=PLACES, **others):
    fresh = fingerprint(table, private=private, **others)
    return private.changed("admissions", fresh, entry=entry, months=months, undated=undated, places=places)


def remember(private, entry, table=RECORDS, **others):
    return private.with_run(
        "admissions", fingerprint(table, private=private, **others), entry=entry, checksum=f"entry {entry}"
    )


def test_places_with_changed_records_are_found():
    private = remember(PRIVATE, 1)
    assert private.newest == "entry 1"
    assert changed(private) == set()
    assert changed(private, RECORDS.drop(index=0)) == {"A"}
    assert changed(private, RECORDS.drop(index=5)) == {"B"}
    assert changed(private, RECORDS.drop(index=5), undated=False) == set()
    assert changed(private, RECORDS.drop(index=4), months=(MARCH, MARCH), undated=False) == set()
    assert changed(private, RECORDS.drop(index=4), months=(APRIL, APRIL), undated=False) == {"B"}
    assert changed(private, RECORDS.drop(index=[0, 4]), places=("A", "C")) == {"A"}
    assert changed(private, RECORDS.assign(area_code=["A", "A", "A", "C", "B", "B"])) == {"A", "C"}


def test_a_record_that_lost_its_area_changes_both():
    private = remember(PRIVATE, 1)
    fresh = fingerprint(places=["A", "A", "A", "A", "B", None])
    found = private.changed("admissions", fresh, entry=1, months=YEAR, undated=True, places=PLACES)
    assert found == {"B", ""}


def test_what_was_never_recorded_counts_as_changed():
    everything = set(PLACES)
    assert changed(PRIVATE) == everything
    private = remember(PRIVATE, 1, months=(MARCH, MARCH + 1), undated=False)
    assert changed(private, months=(MARCH, MARCH + 1), undated=False) == set()
    assert changed(private, months=(MARCH, MARCH + 2), undated=False) == everything
    assert changed(private, months=(MARCH - 1, MARCH), undated=False) == everything
    assert changed(private, months=(MARCH, MARCH), undated=True) == everything
    # An entry of somebody else, or fresh fingerprints that do not have these months.
    assert changed(private, entry=2, months=(MARCH, MARCH), undated=False) == everything
    fresh = fingerprint(months=(MARCH, MARCH))
    assert private.changed("admissions", fresh, entry=1, months=(MARCH, APRIL), places=PLACES) == everything
    assert private.changed("offences", fresh, entry=1, months=(MARCH, MARCH), places=PLACES) == everything


def test_a_change_is_one_for_earlier_entries_and_none_for_later_ones():
    later = RECORDS.drop(index=0)
    private = remember(remember(PRIVATE, 1), 2, later)
    assert changed(private, later, entry=1) == {"A"}
    assert changed(private, later, entry=2) == set()
    # The fingerprints of the newest run are kept: what was before can't be told from what is new.
    assert changed(private, RECORDS, entry=1) == {"A"}
    assert changed(private, RECORDS, entry=2) == {"A"}


def test_a_cell_that_got_its_first_record_or_lost_its_last_has_changed():
    fewer = RECORDS.drop(index=4)
    private = remember(remember(PRIVATE, 1, fewer), 2)
    assert (changed(private, entry=1), changed(private, entry=2)) == ({"B"}, set())
    private = remember(private, 3, fewer)
    assert changed(private, fewer, entry=2) == {"B"}
    assert changed(private, fewer, entry=3) == set()
    assert private.sources["admissions"].cells["B", APRIL] == (b"", 3)


def test_a_run_of_some_months_leaves_those_of_others_as_they_were():
    private = remember(PRIVATE, 1)
    april = remember(private, 2, RECORDS.drop(index=[0, 4]), months=(APRIL, APRIL), undated=False)
    assert changed(april, RECORDS.drop(index=4), entry=1, months=(MARCH, MARCH)) == set()
    assert changed(april, RECORDS.drop(index=4), entry=1) == {"B"}
    assert changed(april, RECORDS.drop(index=4), entry=2, months=(APRIL, APRIL), undated=False) == set()
    assert changed(april, entry=2, months=(MARCH, APRIL), undated=False) == set(PLACES)
    other = april.with_run("offences", fingerprint(records="offences"), entry=3, checksum="entry 3")
    assert other.sources["admissions"] == april.sources["admissions"]


# --------------------------------------------------------------------------- the file


@pytest.fixture
def path(tmp_path):
    return tmp_path / "private.json"


def test_the_file_is_read_as_it_was_written(path):
    private = remember(remember(new_private(), 1), 2, RECORDS.drop(index=4))
    private = private.with_run("offences", fingerprint(months=(MARCH, MARCH)), entry=3, checksum="newest")
    assert read_private(path) is None
    write_private(path, private)
    assert read_private(path) == private
    write_private(path, new_private())
    assert read_private(path).sources == {}
    assert [one.name for one in path.parent.iterdir()] == [path.name]


def test_keys_are_random_and_are_not_shown():
    one, other = new_private(), new_private()
    assert len(one.key) == 32
    assert one.key != other.key
    assert one.key.hex() not in repr(one)
    assert repr(one.key) not in repr(one)


@pytest.mark.skipif(os.name != "posix", reason="files have no mode")
def test_others_may_never_read_the_file(path, monkeypatch):
    seen = []
    sync = os.fsync

    def look(handle):
        seen.append(stat.S_IMODE(os.fstat(handle).st_mode))
        sync(handle)

    opened = []
    real_open = os.open

    def open_and_look(name, flags, mode=0o777, **others):
        handle = real_open(name, flags, mode, **others)
        opened.append((stat.S_IMODE(os.fstat(handle).st_mode), os.fstat(handle).st_size))
        return handle

    before = os.umask(0)
    try:
        monkeypatch.setattr(os, "fsync", look)
        monkeypatch.setattr(os, "open", open_and_look)
        write_private(path, PRIVATE)
    finally:
        os.umask(before)
    assert opened == [(0o600, 0)]
    assert seen == [0o600]
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


@pytest.mark.skipif(os.name != "posix", reason="files have no mode")
@pytest.mark.parametrize("mode", [0o640, 0o604, 0o620, 0o660, 0o666])
def test_a_file_that_is_open_to_others_is_refused(path, mode):
    write_private(path, PRIVATE)
    path.chmod(mode)
    with pytest.raises(DisclosureError, match="open to others") as caught:
        read_private(path)
    assert caught.value.found == f"mode {mode:03o}"
    assert caught.value.advice == f"chmod 600 {path}"
    path.chmod(0o400)
    assert read_private(path) == PRIVATE


def write_as(path, text):
    path.touch(0o600)
    path.write_bytes(text)


def test_a_damaged_file_is_refused(path):
    write_private(path, remember(PRIVATE, 1))
    text = path.read_bytes()
    write_as(path, text[: len(text) // 2])
    with pytest.raises(DisclosureError, match="is damaged"):
        read_private(path)
    write_as(path, text.replace(b'"newest": "entry 1"', b'"newest": "entry 2"'))
    with pytest.raises(DisclosureError, match="was changed after it was written"):
        read_private(path)
    write_as(path, b"")
    with pytest.raises(DisclosureError, match="is damaged"):
        read_private(path)
    path.unlink()
    path.mkdir()
    with pytest.raises(DisclosureError, match="can't be read"):
        read_private(path)


@pytest.mark.parametrize(("version", "words"), [(0, "an older version"), (2, "a newer version")])
def test_a_file_of_another_version_is_refused(path, monkeypatch, version, words):
    monkeypatch.setattr(fingerprints_module, "VERSION", version)
    write_private(path, PRIVATE)
    monkeypatch.undo()
    with pytest.raises(DisclosureError, match=words):
        read_private(path)


@pytest.mark.parametrize(
    "spoil",
    [
        {"key": "ab" * 31},
        {"key": "secret words"},
        {"key": None},
        {"sources": {"admissions": {"runs": {}, "cells": {"A": {"March": ["ab", 1]}}}}},
        {"sources": []},
    ],
)
def test_other_content_is_refused_without_showing_the_key(path, spoil):
    content = {"key": KEY.hex(), "newest": "", "sources": {}, **spoil}
    text, _ = fingerprints_module.seal(content, form=fingerprints_module.FORM, version=1)
    write_as(path, text)
    with pytest.raises(DisclosureError, match="does not have the content") as caught:
        read_private(path)
    assert "secret" not in str(caught.value)
    assert caught.value.__cause__ is None


def test_a_failed_write_leaves_the_file_as_it_was(path, monkeypatch):
    def no_room(_):
        raise OSError(errno.ENOSPC, "No space left on device")

    write_private(path, PRIVATE)
    monkeypatch.setattr(os, "fsync", no_room)
    with pytest.raises(DisclosureError, match="can't be written"):
        write_private(path, new_private())
    monkeypatch.undo()
    assert read_private(path) == PRIVATE
    assert [one.name for one in path.parent.iterdir()] == [path.name]


def test_what_a_link_names_is_replaced(path, tmp_path):
    link = tmp_path / "link.json"
    link.symlink_to(path)
    write_private(link, PRIVATE)
    assert link.is_symlink()
    assert read_private(path) == PRIVATE


def test_the_file_has_no_record(path):
    write_private(path, remember(PRIVATE, 1))
    content = json.loads(path.read_text(encoding="utf-8"))
    assert set(content) == {"format", "version", "checksum", "key", "newest", "sources"}
    (cells,) = [source["cells"] for source in content["sources"].values()]
    for digest, since in (one for found in cells.values() for one in found.values()):
        assert (len(digest), since) == (2 * 16, 1)
    assert {field.name for field in dataclasses.fields(Private)} == {"key", "newest", "sources"}


@pytest.mark.parametrize("place", ["releases/private.json", "outputs/deep/private.json", "kept/../outputs/private.json",
                                   "link/private.json"])  # fmt: skip
def test_the_file_is_kept_apart_from_what_others_may_read(tmp_path, place):
    (tmp_path / "releases").mkdir()
    (tmp_path / "link").symlink_to(tmp_path / "releases")
    with pytest.raises(DisclosureError, match="can't be in"):
        need_apart(tmp_path / place, ledger=tmp_path / "releases", outputs=tmp_path / "outputs")


def test_beside_them_it_may_be(tmp_path):
    for place in (tmp_path / "private.json", tmp_path / "kept" / "private.json", tmp_path / "outputs.json"):
        need_apart(place, ledger=tmp_path / "releases", outputs=tmp_path / "outputs")
