"""Expected counts as the user gives them, and what all expected counts have in common: scale, and areas without one."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Final

import numpy as np
import pandas as pd

from hotspots.errors import AnalysisError, list_briefly
from hotspots.model import AreaCounts, ExpectedMethod, Identity, combine, text_ids
from hotspots.vocabulary import OPEN

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["NO_EXPECTED", "replace_expected", "with_expected"]

NO_EXPECTED: Final = "no expected count"
ZERO_EXPECTED: Final = "an expected count of 0"


def with_expected(
    counts: AreaCounts, expected: pd.Series, *, title: str = "expected counts as given", release: str = OPEN
) -> AreaCounts:
    """Return counts with the user's own expected counts, brought to the total of the events.

    Only their proportions matter, as in standardised mortality ratios: they are multiplied by one number, so that the
    areas that have both a count and an expected one have as many events as expected.

    Parameters
    ----------
    counts
        Counts by area, protected where they are of people.
    expected
        Expected counts on any scale, indexed by area id. An area without one, or with 0, is not tested.
    title
        What they are, in words for readers.
    release
        Mark of the expected counts.

    Raises
    ------
    AnalysisError
        If one is negative, infinite or no number, none is above 0, or none is of an area of the study.
    """
    values = _as_numbers(expected).reindex(counts.area.ids)
    if not bool((values > 0).any()):
        known = int(values.notna().sum())
        raise AnalysisError(
            "No area of the study has an expected count above 0.",
            found=f"{known:,} areas with an expected count of 0, {len(values) - known:,} without one",
            advice="name another column, or use a table of the same geography and vintage as the boundaries",
        )
    reasons = {str(area): ZERO_EXPECTED if value == 0 else NO_EXPECTED for area, value in values[~(values > 0)].items()}
    method = ExpectedMethod(base="own", title=title)
    identity = combine(counts, notes=counts.notes, release=release)
    return replace_expected(counts, values.where(values > 0), method=method, reasons=reasons, identity=identity)


def _as_numbers(expected: pd.Series) -> pd.Series:
    """Return expected counts as floats, indexed by ids as text; none negative or infinite."""
    values = pd.Series(pd.to_numeric(expected, errors="coerce").to_numpy(dtype=float, na_value=np.nan))
    ids = text_ids(expected.index)
    unreadable = values.isna().to_numpy() & expected.notna().to_numpy()
    odd = np.flatnonzero((values < 0).to_numpy() | np.isinf(values.to_numpy()) | unreadable)
    if len(odd):
        raise AnalysisError(
            f"The expected count of area {ids[odd[0]]!r} can't be {expected.iloc[odd[0]]}.",
            found=f"{len(odd):,} such areas: {list_briefly(ids[odd])}",
            advice="an expected count is a number from 0; leave it empty where it is not known",
        )
    if not ids.is_unique:
        raise AnalysisError(
            f"Area {ids[ids.duplicated()][0]!r} has more than one expected count.",
            advice="give one expected count for each area",
        )
    return values.set_axis(ids)


def replace_expected(
    counts: AreaCounts,
    expected: pd.Series,
    *,
    method: ExpectedMethod,
    reasons: Mapping[str, str],
    identity: Identity,
    further: pd.DataFrame | None = None,
) -> AreaCounts:
    """Return counts with other expected counts, as many in all as there are events in the areas that have both.

    Parameters
    ----------
    expected, further
        By area, missing where there is none; further estimates as columns, which stay in proportion.
    reasons
        Area id → why there is none.
    identity
        Of the counts with what the expected ones were made from.
    """
    table, missing = counts.table, expected.index[expected.isna()]
    both = table["observed_low"].notna() & expected.notna()
    total = float(expected[both].sum())
    if not total > 0:
        raise AnalysisError(
            "No area has both a count and an expected count.",
            found=list_briefly(sorted(set(reasons.values()))),
            advice="use tables of the same geography and vintage as the boundaries",
        )
    # Without any event the scale is of no account, but nothing can be expected 0 times.
    events = float(counts.middle[both].sum()) or total
    return replace(
        counts,
        table=table[["observed_low", "observed_high", "reason"]].assign(expected=expected * (events / total)),
        expectation=method,
        without_expected={str(area): reasons[area] for area in missing},
        further_expected=further,
        identity=identity,
    )
