"""Periods as they are written."""

from __future__ import annotations

import pytest

from hotspots.model import Period


@pytest.mark.parametrize(
    ("written", "period", "months"),
    [
        ("2019", Period("2019"), 12),
        ("2018/19", Period("2018/19"), 12),
        ("2019 Q3", Period("2019", 3), 3),
        ("2018/19 Q4", Period("2018/19", 4), 3),
        ("2019 Q5", Period("2019 Q5"), 12),
        ("0-4", Period("0-4"), 12),
    ],
)
def test_a_quarter_is_a_fourth_of_what_stands_before_it(written, period, months):
    assert Period.read(written) == period
    assert period.months == months
