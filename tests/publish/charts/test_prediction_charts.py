"""The chart of predictive accuracy. Its table is written by hand: what is drawn must be what stands in it."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from sheet_checks import assert_legible, prose

from hotspots.errors import DisclosureError
from hotspots.model import EXTRACT_COLUMNS, Extract, Identity
from hotspots.publish.charts.prediction import draw_prediction
from hotspots.publish.maps.map import save_map
from hotspots.publish.page.export import title_of

SHARES = (0.01, 0.05, 0.1, 0.2)


def accuracy(widths=(500.0, 1000.0), release="invented", shares=SHARES, events=400):
    """Return hit rates of 3 and 2 times chance, the interval a tenth of it either way."""
    rows = []
    for number, width in enumerate(widths):
        for share in shares:
            rate = share * (3 - number)
            row = {"bandwidth": width, "share_of_area": share, "events": events, "hits": rate * events}
            for name, value in (("hit_rate", rate), ("pai", rate / share), ("pei_star", rate / 0.8)):
                row |= {name: value, f"{name}_low": 0.9 * value, f"{name}_high": 1.1 * value}
            row |= {
                "behind": share * number,
                "behind_low": share * (number - 0.5),
                "behind_high": share * (number + 0.5),
            }
            rows.append(row)
    return Extract(
        pd.DataFrame(rows).reindex(columns=EXTRACT_COLUMNS["predictions"]),
        kind="predictions",
        sentences=("Density of past knife crime against later.",),
        identity=Identity(release=release, title="knife crime", sources=("Invented extract",), period="2019"),
    )


def changed(extract, **columns):
    return replace(extract, table=extract.table.assign(**columns))


def test_the_title_says_what_was_foretold():
    assert title_of(draw_prediction(accuracy())) == (
        "The densest 5% of the area had 15.0% of later knife crime, 3.0 times chance (bandwidth 500 m)"
    )
    assert title_of(draw_prediction(accuracy((500.0,)))) == (
        "The densest 5% of the area had 15.0% of later knife crime, 3.0 times chance"
    )


def test_lines_bands_and_chance_are_those_of_the_table():
    found = accuracy()
    table, axes = found.table, draw_prediction(found).axes[1]
    *lines, chance = axes.lines
    assert len(lines) == 2
    for line, (_, rows) in zip(lines, table.groupby("bandwidth"), strict=True):
        assert line.get_xdata() == pytest.approx([0, *(100 * rows["share_of_area"])])
        assert line.get_ydata() == pytest.approx([0, *(100 * rows["hit_rate"])])
    assert (list(chance.get_xdata()), list(chance.get_ydata())) == ([0, 20], [0, 20])
    assert len({(line.get_linestyle(), line.get_marker()) for line in lines}) == 2  # in black and white too
    top = axes.collections[0].get_paths()[0].vertices[:, 1].max()
    assert top == pytest.approx(100 * 0.2 * 3 * 1.1)
    assert axes.get_ylim()[1] > top


def test_the_numbers_of_each_bandwidth_stand_beside_it():
    said = prose(draw_prediction(accuracy()))
    assert "With 5% of the area flagged" in said
    for number in ("15.0%", "13.5 to 16.5", "3.00", "2.70 to 3.30", "10.0%", "9.0 to 11.0", "2.00", "1.80 to 2.20"):
        assert number in said
    assert "400 later events against the density of earlier ones" in said
    assert "Source: Invented extract. Period: 2019." in said
    assert "Density of past knife crime against later." in said


def test_what_can_be_told_apart_is_told():
    assert "No other bandwidth tried does as well as 500 m, the smallest tried." in prose(draw_prediction(accuracy()))
    equal = changed(accuracy((500.0, 1000.0, 1500.0)), behind_low=0.0)
    assert "1,000 m and 1,500 m against 500 m, the smallest tried: the difference is within chance." in prose(
        draw_prediction(equal)
    )


@pytest.mark.parametrize(
    "widths", [(500.0,), (250.0, 500.0), (100.0, 250.0, 500.0, 1000.0, 2000.0, 4000.0, 8000.0, 9000.0)]
)
def test_words_keep_apart_and_on_the_page(widths):
    found = accuracy(widths)
    together = found.table["share_of_area"] * 2 + found.table["bandwidth"] / 1e7  # lines that end together
    assert_legible(draw_prediction(changed(found, hit_rate=together, hit_rate_low=together, hit_rate_high=together)))


def test_worse_than_chance_and_a_share_that_is_not_there():
    found = accuracy(shares=(0.02, 0.1))
    tenth = 0.1 * found.table[["hit_rate", "hit_rate_low", "hit_rate_high", "pai"]]
    figure = draw_prediction(changed(found, **dict(tenth.items())))
    assert title_of(figure) == (
        "The densest 2% of the area had 0.6% of later knife crime, 0.3 times chance (bandwidth 500 m)"
    )
    assert figure.axes[1].get_ylim()[1] >= 10


def test_unprotected_records_are_not_published():
    with pytest.raises(DisclosureError) as caught:
        draw_prediction(accuracy(release="unreleased"))
    assert str(caught.value).startswith("A chart would publish unprotected counts: knife crime.")


def test_marks_stand_on_the_sheet_and_the_table_is_as_before(tmp_path):
    found = accuracy(release="restricted")
    before = found.table.copy()
    first = save_map(draw_prediction(found), tmp_path / "a", dpi=60)
    again = save_map(draw_prediction(found), tmp_path / "b", dpi=60)
    assert [path.read_bytes() for path in first] == [path.read_bytes() for path in again]
    assert "RESTRICTED" in prose(draw_prediction(found))
    pd.testing.assert_frame_equal(found.table, before)
    assert np.isfinite(found.table["hit_rate"]).all()
