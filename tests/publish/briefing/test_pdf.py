"""The pack: accessible, repeatable, and true to what it was given."""

from __future__ import annotations

import pickle
import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pikepdf
import pytest
import typst
from page_words import read_pages

from hotspots.errors import OutputError
from hotspots.model import HotspotResult, StudyArea
from hotspots.publish.briefing.pdf import Page, write_briefing
from hotspots.publish.maps.map import draw_map
from hotspots.publish.page.export import body_as_svg, body_of
from hotspots.publish.text.findings import alt_text, finding_title
from hotspots.vocabulary import INVENTED, RELEASE_WORDS, RESTRICTED

AWKWARD = 'St John\'s & "Quay" <001> #let x = 1 *bold* _it_ $y$ @ref \\ [z] `raw` // no comment'
"""What a markup language would read as its own."""


def pack(path: Path, pages: list[Page], **options: Any) -> Path:
    content: dict[str, Any] = {
        "title": "Knife crime in Birmingham and Sandwell",
        "subtitle": "2017–2019",
        "marking": RELEASE_WORDS[INVENTED],
        "alarming": False,
        "findings": ["14 of 36 areas are hot for knife crime.", AWKWARD],
        "methods": ["Each area is tested together with its neighbours."],
        "sources": ["Invented police extract."],
        "attribution": ["Contains OS data © Crown copyright and database right 2020"],
        "summary": pd.DataFrame({"Place": ["Town", "Birmingham"], "Getis-Ord Gi*": [1414, 4]}),
    }
    return write_briefing(path, pages=pages, **(content | options))


@pytest.fixture
def map_page(gi_result: HotspotResult, study_area: StudyArea) -> Page:
    return Page(finding_title(gi_result), alt_text(gi_result), "What, where, when.", draw_map(gi_result, study_area))


@pytest.fixture
def table_page() -> Page:
    return Page("A table", table=pd.DataFrame({"Area": [AWKWARD, "B"], "Events": [12345, 2], "Rate": [1.25, np.nan]}))


def read(path: Path) -> list[str]:
    """Return the text of every page, as poppler reads it."""
    tool = shutil.which("pdftotext")
    if tool is None:
        pytest.skip("needs pdftotext (poppler-utils)")
    done = subprocess.run([tool, "-layout", str(path), "-"], capture_output=True, text=True, check=True)
    return done.stdout.split("\f")[:-1]


def structure(path: Path) -> list[tuple[str, str]]:
    """Return type and alternative text of every element of the tag tree, in reading order."""
    found: list[tuple[str, str]] = []

    def walk(node: Any) -> None:
        if isinstance(node, pikepdf.Array):
            for child in node:
                walk(child)
        elif isinstance(node, pikepdf.Dictionary):
            if "/S" in node:
                found.append((str(node["/S"]), str(node.get("/Alt", ""))))
            if "/K" in node:
                walk(node["/K"])

    with pikepdf.open(path) as document:
        walk(document.Root.StructTreeRoot["/K"])
    return found


def test_the_pack_is_accessible(map_page: Page, table_page: Page, tmp_path: Path) -> None:
    path = pack(tmp_path / "pack.pdf", [map_page, table_page])
    with pikepdf.open(path) as document:
        assert document.Root.Lang in ("en-GB", "en")
        assert str(document.Root.Lang) == "en-GB"
        assert bool(document.Root.MarkInfo.Marked)
        assert bool(document.Root.ViewerPreferences.DisplayDocTitle)
        with document.open_metadata() as metadata:
            assert metadata["{http://www.aiim.org/pdfua/ns/id/}part"] == "1"
            assert metadata["dc:title"] == "Knife crime in Birmingham and Sandwell"
        for page in document.pages:
            width, height = (float(x) / 72 * 25.4 for x in page.mediabox[2:])
            assert (width, height) == pytest.approx((297, 210), abs=0.1)
    tags = structure(path)
    assert [alt for tag, alt in tags if tag == "/Figure"] == [map_page.alt]
    headings = [tag for tag, _ in tags if re.fullmatch(r"/H\d", tag)]
    # The title; findings, places; two pages; methods, sources.
    assert headings == ["/H1", *["/H2"] * 6]
    assert sum(tag == "/TH" for tag, _ in tags) == 2 + 3
    assert sum(tag == "/TD" for tag, _ in tags) == 4 + 6


def test_the_same_content_is_the_same_bytes(gi_result: HotspotResult, study_area: StudyArea, tmp_path: Path) -> None:
    files = []
    for name in ("one", "two"):
        page = Page("Finding", "What it shows", "", draw_map(gi_result, study_area))
        files.append(pack(tmp_path / name / "pack.pdf", [page]))
    assert files[0].read_bytes() == files[1].read_bytes()


def test_words_come_out_as_they_went_in(map_page: Page, table_page: Page, tmp_path: Path) -> None:
    pages = read(pack(tmp_path / "pack.pdf", [map_page, table_page]))
    text = " ".join(" ".join(pages).split())
    assert text.count(AWKWARD) == 2
    for words in ("14 of 36 areas are hot for knife crime.", "1,414", "12,345", "1.25", "Invented police extract."):
        assert words in text
    assert "Contains OS data © Crown copyright and database right 2020" in text
    # The map's own words are text too, and the page's title stands once.
    assert "Hot, 99% confidence" in pages[1]
    assert pages[1].count(map_page.title) == 1


@pytest.mark.parametrize("release", [INVENTED, RESTRICTED])
def test_the_marking_stands_on_every_page(map_page: Page, table_page: Page, tmp_path: Path, release: str) -> None:
    words = RELEASE_WORDS[release]
    pages = read(pack(tmp_path / "pack.pdf", [map_page, table_page], marking=words, alarming=release == RESTRICTED))
    assert len(pages) == 4
    assert all(words in page for page in pages)
    if release == RESTRICTED:
        assert all(page.count(words) == 2 for page in (pages[0], pages[2], pages[3]))


def test_published_data_need_no_marking(table_page: Page, tmp_path: Path) -> None:
    pages = read(pack(tmp_path / "pack.pdf", [table_page], marking=""))
    assert not any("RESTRICTED" in page or "Invented data" in page for page in pages)


def test_a_page_without_words_of_its_own_has_those_of_its_figure(map_page: Page, tmp_path: Path) -> None:
    pages = read(pack(tmp_path / "pack.pdf", [Page(alt="A map", figure=map_page.figure)]))
    assert pages[1].count(map_page.title) == 1
    assert "Knife crime by LSOA (2011) · Birmingham and Sandwell · 2017–2019 · Getis-Ord Gi*" in pages[1]


def test_a_figure_drawn_in_another_process_makes_the_same_page(map_page: Page, tmp_path: Path) -> None:
    assert map_page.figure is not None
    sent = pickle.loads(pickle.dumps(body_of(map_page.figure)))
    drawn = pack(tmp_path / "drawn.pdf", [Page(alt="A map", figure=map_page.figure)])
    assert drawn.read_bytes() == pack(tmp_path / "sent.pdf", [Page(alt="A map", figure=sent)]).read_bytes()


def test_a_long_table_runs_on_with_its_header(tmp_path: Path) -> None:
    table = pd.DataFrame({"Authority and area": [f"Area {n}" for n in range(90)], "Events": range(90)})
    pages = read(pack(tmp_path / "pack.pdf", [Page("Many areas", table=table)]))
    running = [page for page in pages if re.search(r"Area \d", page)]
    assert len(running) > 1
    assert all("Authority and area" in page for page in running)


def test_a_map_fills_one_page_however_long_its_words(map_page: Page, tmp_path: Path) -> None:
    long = Page(map_page.title * 3, map_page.alt, "A sentence about the map. " * 30, map_page.figure)
    with pikepdf.open(pack(tmp_path / "pack.pdf", [long, map_page])) as document:
        assert len(document.pages) == 4


def test_the_figures_title_and_marking_are_the_pages(gi_result: HotspotResult, study_area: StudyArea) -> None:
    figure = draw_map(gi_result, study_area)
    svg = body_as_svg(figure).decode()
    assert "areas are hot for knife crime" not in svg
    assert "Source: Invented police extract" in svg
    assert "<text" in svg
    assert "<dc:date>" not in svg
    # The figure itself keeps both.
    assert any("areas are hot" in text.get_text() and text.get_visible() for text in figure.axes[0].texts)


def test_a_figure_without_alternative_text_is_refused(map_page: Page, tmp_path: Path) -> None:
    silent = Page("A silent map", " ", "", map_page.figure)
    with pytest.raises(OutputError) as caught:
        pack(tmp_path / "pack.pdf", [map_page, silent])
    assert str(caught.value) == (
        "Page 2 of the briefing has a figure without alternative text.\n"
        "  found: the page 'A silent map'\n"
        "  try:   say in `alt` what the figure shows (wording.alt_text)"
    )
    assert not (tmp_path / "pack.pdf").exists()


def test_what_typst_refuses_is_told_and_leaves_the_old_pack(
    map_page: Page, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: Any, **__: Any) -> bytes:
        raise typst.TypstError("PDF/UA-1 error: something is missing")

    path = pack(tmp_path / "pack.pdf", [])
    before = path.read_bytes()
    monkeypatch.setattr(typst, "compile", refuse)
    with pytest.raises(OutputError) as caught:
        pack(path, [map_page])
    assert caught.value.problem == "The briefing 'Knife crime in Birmingham and Sandwell' could not be typeset."
    assert caught.value.found == "PDF/UA-1 error: something is missing"
    assert path.read_bytes() == before
    assert [file.name for file in tmp_path.iterdir()] == ["pack.pdf"]


def test_a_pack_without_pages_or_findings_is_still_a_pack(tmp_path: Path) -> None:
    path = pack(tmp_path / "pack.pdf", [], findings=[], summary=None, methods=[], sources=[], attribution=[])
    with pikepdf.open(path) as document:
        assert len(document.pages) >= 1


def test_the_table_is_not_changed(table_page: Page, tmp_path: Path) -> None:
    assert table_page.table is not None
    before = table_page.table.copy()
    pack(tmp_path / "pack.pdf", [table_page])
    pd.testing.assert_frame_equal(before, table_page.table)


def test_methods_stand_under_their_headings(table_page: Page, tmp_path: Path) -> None:
    methods = {"Hotspots": ["Each area with its neighbours."], "Nothing": [], "Schools": ["Each school."]}
    path = pack(tmp_path / "pack.pdf", [table_page], methods=methods)
    last = read(path)[-1]
    assert last.index("Hotspots") < last.index("Each area with its neighbours.") < last.index("Sources")
    assert "Nothing" not in last
    assert [kind for kind, _ in structure(path)].count("/H3") == 2


def test_a_long_pack_lists_its_pages(tmp_path: Path) -> None:
    table = pd.DataFrame({"Events": [1]})
    titles = ["Alpha is first", "Beta is second", "Gamma is third", "Delta is fourth"]
    pages = read(pack(tmp_path / "pack.pdf", [Page(title, table=table) for title in titles]))
    for number, title in enumerate(titles, start=2):
        assert re.search(rf"{title}[\s.\u2060]*{number}\b", pages[0]), title
    short = read(pack(tmp_path / "short.pdf", [Page(title, table=table) for title in titles[:3]]))
    assert "Alpha is first" not in short[0]


def test_a_shortened_text_points_to_the_page_of_the_methods(
    make_hotspots: Any, study_area: StudyArea, tmp_path: Path
) -> None:
    long = make_hotspots(sentences=("Each window is tested against chance with its neighbours and nothing else.",) * 40)
    figure = draw_map(long, study_area)
    page = Page("Long", "A map.", "What, where, when.", body_of(figure))
    pages = read_pages(pack(tmp_path / "pack.pdf", [page, page]))
    methods = next(number for number, one in enumerate(pages, start=1) if one.title == "Methods and limits")
    assert methods == 4
    assert all("Shortened: see Methods, page 4." in pages[number].text for number in (1, 2))
    # Without methods there is nothing to point to, and the figure itself is as it was.
    (bare,) = read_pages(pack(tmp_path / "bare.pdf", [page], methods=[], sources=[], attribution=[]))[1:]
    assert "Shortened." in bare.text
    assert "see Methods" not in bare.text
    assert "see Methods" not in " ".join(text.get_text() for text in figure.axes[0].texts)
