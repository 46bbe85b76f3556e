"""Schools' rates over the average of all: by class, each with an interval of its own."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import numpy as np
import pandas as pd

from hotspots.analysis.common import poisson_interval
from hotspots.model import AverageRate, SchoolResult

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

__all__ = ["against_average", "classify_ratio", "describe_rates"]

CLASSES: Final = ("below_half", "below", "about", "above", "above_twice")
DEPENDS: Final = "depends"


def against_average(table: pd.DataFrame, compared: NDArray[np.bool_]) -> tuple[pd.DataFrame, AverageRate]:
    """Return every compared school's rate over the average, and the average.

    The average is of events over pupil-years, suppressed numbers in the middle of what they may be: a yardstick, which
    is named with what it would be at either end.

    Parameters
    ----------
    table
        Schools with `low`, `high` and `pupils` (pupil-years).
    compared
        Which schools have all three, shape (schools,).

    Returns
    -------
    columns
        `ratio` (missing where the number is suppressed); `ratio_low_95` and `ratio_high_95`, the Poisson limits of the
        lowest and of the highest number; `rate_class`, that of every number in the interval or ``"depends"``;
        `rate_differs`, ``"yes"`` where the limits leave out the average.
    average
        The average, with what it is made of.

    Examples
    --------
    Two schools of 1,000 pupil-years with 30 and 1 to 9 exclusions: the average is 35 in 2,000. From 1 to 9 is from
    below half to half of it and more.

    >>> schools = pd.DataFrame({"low": [30.0, 1.0], "high": [30.0, 9.0], "pupils": [1000.0, 1000.0]})
    >>> columns, average = against_average(schools, np.array([True, True]))
    >>> round(average.per_100, 2), columns["rate_class"].tolist(), columns["rate_differs"].tolist()
    (1.75, ['above', 'depends'], ['yes', 'yes'])
    """
    low, high, pupils = (table.loc[compared, name].to_numpy(dtype=float) for name in ("low", "high", "pupils"))
    least, most, base = low.sum(), high.sum(), pupils.sum()
    average = (least + most) / 2 / base

    def over_average(counts: Floats) -> Floats:
        ratio: Floats = counts / pupils / average
        return ratio

    # Lower limit of the least and upper limit of the most that the number may be, the average taken as known.
    first, last = over_average(poisson_interval(low)[0]), over_average(poisson_interval(high)[1])
    at_low, at_high = classify_ratio(over_average(low)), classify_ratio(over_average(high))
    columns = pd.DataFrame(
        {
            "ratio": np.where(low == high, over_average(low), np.nan),
            "ratio_low_95": first,
            "ratio_high_95": last,
            "rate_class": np.where(at_low == at_high, at_low, DEPENDS),
            "rate_differs": np.where((first > 1) | (last < 1), "yes", "no"),
        },
        index=table.index[compared],
    ).reindex(table.index)
    words = ["rate_class", "rate_differs"]
    columns[words] = columns[words].astype(object).where(columns[words].notna(), "")
    return columns, AverageRate(
        per_100=float(100 * average),
        per_100_low=float(100 * least / base),
        per_100_high=float(100 * most / base),
        low=float(least),
        high=float(most),
        pupil_years=float(base),
        schools=int(compared.sum()),
    )


def classify_ratio(ratio: Floats) -> NDArray[np.object_]:
    """Return the class of a rate over the average.

    Examples
    --------
    >>> classify_ratio(np.array([0.0, 0.5, 0.9, 1.1, 2.0, 2.1])).tolist()
    ['below_half', 'below', 'about', 'about', 'above', 'above_twice']
    """
    # A hair more, so that a ratio on a bound is not moved by rounding: 0.9 and 1.1 belong to the middle.
    bounds = [ratio < 0.5 - 1e-12, ratio < 0.9 - 1e-12, ratio <= 1.1 + 1e-12, ratio <= 2 + 1e-12]
    return np.asarray(np.select(bounds, CLASSES[:4], CLASSES[4]), dtype=object)


def describe_rates(result: SchoolResult) -> dict[str, Any]:
    """Return the average that rates are compared with, and the number of schools by class and side, as plain values."""
    table = result.table
    classes = table.loc[table["rate_class"] != "", "rate_class"].value_counts()
    return {
        "average": {} if result.provenance is None else result.provenance.rate_average.as_dict(),
        "classes": {str(k): int(v) for k, v in sorted(classes.items())},
        "above_average": int((table["ratio_low_95"] > 1).sum()),
        "below_average": int((table["ratio_high_95"] < 1).sum()),
    }
