"""Sentences on the course of a series, each against the numbers it was planted with."""

import numpy as np
import pandas as pd
import pytest

from hotspots.model import Extract, Identity, Series
from hotspots.model.records import EXTRACT_COLUMNS
from hotspots.publish.text.series import course_sentence


def said(*stretches, rate_per=0.0):
    rows = pd.DataFrame([{"group": "all", "reason": "", **row} for row in stretches])
    extract = Extract(
        rows.reindex(columns=EXTRACT_COLUMNS["change-points"]), kind="change-points", identity=Identity(release="open")
    )
    table = pd.DataFrame({"period": ["2013"], "group": "all", "low": 1.0, "high": 1.0, "ci_low": 1.0, "ci_high": 1.0})
    if rate_per:
        table[["population", "rate_low", "rate_high", "rate_ci_low", "rate_ci_high"]] = 1.0
    return course_sentence(
        Series(table, unit="crimes", rate_per=rate_per, identity=Identity(release="unreleased", title="crime")), extract
    )


def stretch(course, first, last, level, level_last=None, ratio=(np.nan,) * 3, **more):
    found = {"course": course, "first": first, "last": last, "level": level, "level_last": level_last or level}
    return found | dict(zip(("ratio", "ratio_low", "ratio_high"), ratio, strict=True)) | more


LEVEL = stretch("level", "2013", "2015", 502.0)


@pytest.mark.parametrize(
    ("stretches", "words"),
    [
        ([stretch("level", "2013", "2019", 1234.0)], "no change of level found, about 1,230 a year from 2013 to 2019"),
        (
            [stretch("fall", "2013 Q1", "2019 Q4", 80.0, 40.0, (0.5, 0.4, 0.62), growth=-0.096)],
            "fell by 9.6% a year on average from 2013 Q1 to 2019 Q4 (0.50 times, 95% interval 0.40 to 0.62); "
            "no change of level or slope beyond chance",
        ),
        (
            [LEVEL, stretch("level", "2016", "2019", 753.0, None, (1.5, 1.3, 1.7), step=1.5)],
            "level at about 500 a year until 2015, then at about 750 from 2016 (1.50 times the level before, 95% "
            "interval 1.30 to 1.70)",
        ),
        (
            [LEVEL, stretch("level", "2016", "2019", 753.0, None, (1.5, 1.3, 1.7), earliest="2014", latest="2017")],
            "level at about 500 a year until about 2015, then at about 750 from 2016 (1.50 times the level before, "
            "95% interval 1.30 to 1.70)",
        ),
        (
            [LEVEL, stretch("rise", "2016", "2019", 600.0, 900.0, (1.8, 1.5, 2.1), step=1.1)],
            "level at about 500 a year until 2015, then rose by 2019 (1.80 times the level before, 95% interval "
            "1.50 to 2.10)",
        ),
        (
            # It fell by 30 % and came back: that it "rose" would hide the fall.
            [LEVEL, stretch("rise", "2016", "2019", 350.0, 505.0, (1.01, 0.95, 1.08), step=0.7)],
            "level at about 500 a year until 2015, then down at once by 30%, rising since (2019: 1.01 times the "
            "level before, 95% interval 0.95 to 1.08)",
        ),
        (
            [
                stretch("rise", "2010", "2014", 200.0, 462.0, (2.3, 2.0, 2.6)),
                stretch("level", "2015", "2019", 153.0, None, (0.33, 0.3, 0.36), step=0.3),
            ],
            "rose from 2010 to 2014 (2.30 times, 95% interval 2.00 to 2.60), down at once by 70%, level since at "
            "about 153 a year",
        ),
        ([LEVEL, stretch("level", "2016", "2019", 0.0, 0.0)], ""),
        ([LEVEL, LEVEL, LEVEL], ""),
        ([], ""),
    ],
)
def test_courses_in_words(stretches, words):
    if not stretches:
        stretches = [{"reason": "too short"}]
    assert said(*stretches) == (f"Crime: {words}" if words else "")


def test_levels_below_one_and_rates():
    assert said(stretch("level", "2013", "2019", 0.0123), rate_per=1_000) == (
        "Crime: no change of level found, about 0.0123 per 1,000 people per year from 2013 to 2019"
    )
