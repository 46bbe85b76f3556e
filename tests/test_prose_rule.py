"""The rule against searches in prose finds what it names, and lets the rest be."""

from __future__ import annotations

import ast

import pytest
from prose_rule import searches_in_prose, searches_of


def kinds_of(code, **options):
    return [kind for _, kind, _ in searches_of(ast.parse(code), **options)]


@pytest.mark.parametrize(
    ("kind", "code"),
    [
        ("search", "'risk' in result.title"),
        ("search", "'WIMD' not in deprivation.title.upper()"),
        ("search", "surface.title.startswith('risk of ')"),
        ("search", "sentence.replace('areas', 'cells')"),
        ("search", "re.findall(r'[0-9]+', note)"),
        ("search", "re.sub('a', 'b', row['method'])"),
        ("search", "PATTERN.search(result.notes[0])"),
        ("search", "first.source not in second.source"),
        ("search", "index_title == 'IDACI'"),
        ("search", "first.title != second.title"),
        ("search", "chosen = surface.bandwidth_words.strip().rstrip('.')\nsize in chosen"),
        ("search", "NULL_WORDS[null].replace('areas', 'cells')"),
        ("search", "anything.removesuffix(' (estimated score)')"),
        ("cut", "style.label.split(' (')[0]"),
        ("phrase", "table['kind'] == 'study area'"),
        ("phrase", "provenance.get('measure') == 'estimated score'"),
        ("phrase", "table['kind'].isin(['study area', 'authority'])"),
        ("phrase", "reasons['no neighbour has people']"),
        ("phrase", "f'the chart of {name}' in left_out"),
        ("phrase", "KIND = 'study area'\nkind == KIND"),
        ("period", "re.search(r' Q[1-4]$', series.period)"),
        ("period", "QUARTER.fullmatch(str(written))"),
    ],
)
def test_a_search_is_found(kind, code):
    assert kinds_of(code) == [kind]


@pytest.mark.parametrize(
    "code",
    [
        "result.method == 'getis_ord'",
        "name in result.names",
        "column.startswith('age_')",
        "words.replace(' %', '%')",
        "words.split()",
        "paragraph.split('\\n')",
        "null not in NULL_WORDS",
        "f'{title} in {place}'",
        "table['study area'] = 1",
        "table.replace([1, 2], 3)",
        "def f(notes: Mapping[str, str]):\n    return school in notes",
        "item['msg'].removeprefix('Value error, ')",
        "def f(kind: Literal['rate', 'count']): ...",
    ],
)
def test_what_is_no_search_is_let_be(code):
    assert kinds_of(code) == []


def test_a_text_is_followed_through_local_names():
    code = "def f(result):\n    index = result.index_title\n    short = index.lower()\n    return 'idaci' in short"
    assert kinds_of(code) == ["search"]


def test_a_phrase_of_a_publisher_is_compared_in_a_reader():
    assert kinds_of("cell == 'Local authority'", own_phrases=False) == []
    assert kinds_of("cell == 'Local authority'") == ["phrase"]


def test_files_and_constants_of_a_package_are_read_together(tmp_path):
    package = tmp_path / "pack"
    (package / "sources").mkdir(parents=True)
    (package / "codes.py").write_text('HELD = "own area and catchment"\n')
    (package / "use.py").write_text(
        "from pack.codes import HELD\n\n\ndef f(table):\n    return table['holds'] == HELD\n"
    )
    (package / "sources" / "school.py").write_text("ok = cell == 'Local authority'\n")
    found = searches_in_prose(package)
    assert [(each.path, each.line, each.kind) for each in found] == [("pack/use.py", 5, "phrase")]
