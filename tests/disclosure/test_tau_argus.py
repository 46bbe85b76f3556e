"""The ranges that published numbers leave open, against the audit of tau-ARGUS (its open engine, pytauargus 0.6.0).

Both tables are invented, with their totals published. tau-ARGUS suppressed the counts up to 3 (`FREQ(4,100)`) and
others beside them (`OPT(1)`); its audit gave the lowest and highest value of every suppressed count. It takes counts
that are suppressed for the sake of others to be at least 1: that is read off its answers, and so all sixteen agree.
"""

from __future__ import annotations

import numpy as np
import pytest

from hotspots.disclosure.release.programs import Systems

FOUR_BY_FOUR = np.array([[12, 2, 9, 7], [1, 15, 6, 11], [8, 10, 3, 14], [20, 9, 13, 2]])
SIX_BY_TWO = np.array([[3, 17], [8, 12], [2, 9], [14, 6], [1, 25], [10, 4]])


@pytest.mark.parametrize(
    ("counts", "audit"),
    [
        (
            FOUR_BY_FOUR,
            {
                (0, 1): (0, 16), (0, 2): (1, 17), (0, 3): (1, 9), (1, 0): (0, 6), (1, 2): (1, 7),
                (2, 0): (3, 9), (2, 1): (2, 18), (2, 2): (0, 16), (3, 1): (3, 11), (3, 3): (0, 8),
            },
        ),
        (
            SIX_BY_TWO,
            {(0, 0): (0, 6), (0, 1): (14, 20), (2, 0): (0, 6), (2, 1): (5, 11), (4, 0): (0, 6), (4, 1): (20, 26)},
        ),
    ],
    ids=["4 by 4", "6 by 2"],
)  # fmt: skip
def test_the_ranges_are_those_of_tau_argus(counts, audit):
    cells = np.arange(counts.size).reshape(counts.shape)
    published = [[cells[place]] for place in np.ndindex(counts.shape) if place not in audit]
    published += [*map(list, cells), *map(list, cells.T)]
    rows = np.array([np.isin(cells.ravel(), row) for row in published])
    sums = (rows @ counts.ravel()).astype(float)[None, :]
    asked = np.array([cells.ravel() == cells[place] for place in audit])
    beside = np.array([counts[place] > 3 for place in audit])
    systems = Systems(rows.astype(float), sums, sums).with_rows(
        asked[beside], np.ones(beside.sum()), np.full(beside.sum(), np.inf)
    )
    low, high = systems.ranges(asked)
    assert list(zip(low[:, 0], high[:, 0], strict=True)) == list(audit.values())
