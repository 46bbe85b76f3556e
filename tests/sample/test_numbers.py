"""Every number of the sample's pack, against the layers and tables, and against every other page."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

import pytest
from number_book import Book
from number_pages import (
    CLASS_LABELS,
    differing,
    legend_of,
    numbers_of,
    shares_without_base,
    spots_of,
    unknown_counts,
)
from number_words import wrong_in
from page_words import PageWords, Run, read_pages


@pytest.fixture(scope="module")
def book(sample_run: Path) -> Book:
    return Book(sample_run)


@pytest.fixture(scope="module")
def pages(sample_run: Path) -> list[PageWords]:
    return read_pages(sample_run / "briefing.pdf")


# --------------------------------------------------------------------------- titles and findings


def test_every_title_is_counted_again(book, pages):
    titles = [page.title for page in pages if page.title]
    assert len(titles) == len(pages) - 3  # the first two pages and the second of the methods go without
    wrong = [problem for title in titles for problem in wrong_in(book, title)]
    assert wrong == []


def test_every_finding_is_counted_again_and_stands_on_the_first_pages(book, pages):
    first = " ".join(page.text for page in pages[:2])
    for finding in book.summary["findings"]:
        assert finding in first, finding
    wrong = [problem for finding in book.summary["findings"] for problem in wrong_in(book, finding)]
    assert wrong == []


# --------------------------------------------------------------------------- every other number


def test_every_count_on_a_page_is_known_and_has_one_value(book, pages):
    spots = list(spots_of(book, pages))
    assert unknown_counts(spots) == []
    assert differing(book, spots) == []


def test_every_percentage_says_of_what(pages):
    assert shares_without_base(pages) == []


def test_the_table_of_hot_areas_is_that_of_the_layers(book, pages):
    places = [None, *(one["name"] for one in book.study["places"])]
    methods = {"Getis-Ord Gi*": "getis_ord", "Local Moran's I": "local_moran"}
    for section in book.study["events"]:
        title = section["title"][:1].upper() + section["title"][1:]
        for words, method in methods.items():
            row = " ".join(str(book.hot(section["title"], place, method)) for place in places)
            assert f"{title} {words} {row}" in pages[1].text


def test_legends_count_the_areas_of_the_layers(book, pages):
    seen = 0
    for page in pages[2:]:
        for method, what in (
            ("getis_ord", " hot for "),
            ("local_moran", " High–High (high, with high neighbours) for "),
        ):
            if what not in page.title:
                continue
            place = next(
                (one["name"] for one in book.study["places"] if f"areas in {one['name']} " in page.title), None
            )
            source = max(
                (one["title"] for one in book.study["events"] if f"{what}{one['title']}" in page.title), key=len
            )
            areas, labels = book.tested(source, method, place), CLASS_LABELS[method]
            legend = legend_of(page.text, labels)
            assert legend == numbers_of(areas["class"], labels), page.title
            assert sum(legend.values()) == len(areas)
            seen += 1
    assert seen == 13


def test_legends_count_every_school_in_question(book, pages):
    labels, seen = CLASS_LABELS["schools"], 0
    for page in pages[2:]:
        if "Far above expected (beyond" not in page.text:
            continue
        place = next((one["name"] for one in book.study["places"] if f"judged in {one['name']} " in page.title), None)
        table = book.schools(place)
        column = "class_catchment" if "in the catchment" in page.title else "class"
        legend = legend_of(page.text, labels)
        assert legend == numbers_of(table[column], labels), page.title
        assert sum(legend.values()) == len(table)
        seen += 1
    assert seen == 7


def test_the_summary_has_the_account_of_the_schools(book):
    account, schools = book.summary["schools"]["account"], book.schools()
    assert account["schools"] == len(schools) == book.summary["schools_read"]["in_question"]
    assert account["judged"] == len(book.judged()) == sum(account["classes"].values())
    assert account["schools"] == account["judged"] + sum(account["not_judged"].values())
    assert book.summary["schools_read"]["cannot_be_tested"] == {"lies in no area of the study": account["not_placed"]}


def test_charts_and_maps_count_the_same_events(book):
    """Years and quarters of the study area are the events of its areas, and of its authorities."""
    years, quarters = book.table("admissions_by_year"), book.table("admissions_by_quarter")
    for group in ("all ages", "under 25"):
        own = quarters[quarters["group"] == group]
        summed = own.groupby(own["period"].str[:4])["low"].sum()
        assert summed.tolist() == years.loc[years["group"] == group, "low"].tolist()
    for title, series in (
        ("hospital admissions for violence", years),
        ("knife crime", book.table("knife_crime_by_year")),
    ):
        rows = series[series["group"].isin(("all ages", "all")) & series["period"].between(2017, 2019)]
        assert rows["low"].sum() == book.events(title)
    standardised = book.table("admissions_standardised").set_index("name")
    assert standardised.loc["Study area", "low"] == book.events("hospital admissions for violence")


def last_of(book, title):
    """Return the last settled number of a chart whose title tells a course; in the unit of the title."""
    who, group = re.match(r"(.+?)(?: \((all ages|under 25)\))?: ", title).groups()
    last = book.settled_ends(who, group, "rate_low" if "per 100,000" in title else "low")["last"]
    return f"{last[1]:,.{1 if 'per 100,000' in title else 0}f}"


def test_the_number_at_the_end_of_a_line_is_that_of_its_title(book, pages):
    seen = 0
    for page in pages[2:]:
        if "interval of the underlying level" not in page.text:
            continue
        found = re.search(r" to ([\d,.]+)(?: in | per 100,000 people per year, )", page.title)
        said = found[1] if found else last_of(book, page.title)
        drawn = page.text.split(f" {book.study['study']['title']} · Data to")[0]
        group = "all ages: " if "(all ages)" in page.title else ""
        end = re.findall(rf"{group}([\d,.]+)(?: in [\d/]+ Q\d)?(?= |$)", drawn)[-1]
        # Rates of a hundred or more are written without decimals at the end of a line.
        digits = len(end.partition(".")[2])
        assert float(end.replace(",", "")) == round(float(said.replace(",", "")), digits), page.title
        seen += 1
    assert seen == 6


# --------------------------------------------------------------------------- planted mistakes


@pytest.mark.parametrize(
    ("right", "wrong"),
    [
        ("22 of 1,680 areas are hot", "23 of 1,680 areas are hot"),
        ("rose from 3,523 in 2013 to 5,391 in 2019", "rose from 3,523 in 2013 to 5,500 in 2019"),
        ("None of the 216 schools judged has", "None of the 221 schools judged has"),
        ("together 0.4% of the study area", "together 6.7% of the study area"),
        (", 1.48 times (", ", 1.49 times ("),
        ("level at about 54 per", "level at about 61 per"),
        ("more than doubled by 2019 (2.39 times", "more than doubled by 2019 (2.45 times"),
        ("by 8.1% a year on average", "by 8.5% a year on average"),
        ("9% more permanent exclusions for ten", "12% more permanent exclusions for ten"),
    ],
)
def test_a_planted_mistake_in_a_title_is_found(book, pages, right, wrong):
    titles = [page.title for page in pages if right in page.title]
    assert titles
    for title in titles:
        assert wrong_in(book, title) == []
        with pytest.raises(AssertionError):
            assert wrong_in(book, title.replace(right, wrong)) == []


@pytest.mark.parametrize(
    ("right", "wrong"),
    [
        ("8,799 events over 3 years", "8,959 events over 3 years"),
        ("of 221 in question", "of 220 in question"),
        ("1,680 areas tested", "1,679 areas tested"),
        ("Quartic kernel", "12 hidden offences. Quartic kernel"),
        ("130 offences of 2017-2019 have", "209 offences of 2017-2019 have"),
    ],
)
def test_a_planted_mistake_on_a_page_is_found(book, pages, right, wrong):
    spots = list(spots_of(book, pages))
    assert any(right in spot.words for spot in spots)
    # On one page only: the others still have the right number.
    first = next(number for number, spot in enumerate(spots) if right in spot.words)
    spots[first] = replace(spots[first], words=spots[first].words.replace(right, wrong, 1))
    assert unknown_counts(spots) + differing(book, spots) != []


def test_a_percentage_of_nothing_is_found():
    page = PageWords((Run("Crime rose", 0, 0, 50, 15.0), Run("Far more, by 12% altogether", 0, 20, 90, 8.0)))
    assert len(shares_without_base([page])) == 1
