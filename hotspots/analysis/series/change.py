"""Change of series since a base period."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from hotspots.analysis.series.base_year import weigh_scatter
from hotspots.analysis.series.overdispersion import chance_of_logs
from hotspots.errors import AnalysisError, list_briefly
from hotspots.model import Series, combine

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["change_since", "join_series", "ratio_interval"]


def join_series(*series: Series, name: str, title: str) -> Series:
    """Return several series as one, side by side by group; a period that one of them lacks is a gap in it.

    Raises
    ------
    AnalysisError
        If there is nothing to join, the units or what rates refer to differ, or two series share a group.
    """
    if not series:
        raise AnalysisError("There are no series to join.", advice="give at least one series")
    units = list(dict.fromkeys(part.unit for part in series))
    if len(units) > 1:
        raise AnalysisError(
            f"Series of {units[0]!r} and of {units[1]!r} can't share an axis.",
            found=f"units {list_briefly(units)}",
            advice="join only series that count the same thing",
        )
    table = pd.concat([part.table for part in series], ignore_index=True)
    bases = {part.rate_per for part in series}
    if len(bases) > 1:
        raise AnalysisError(
            "Rates per different numbers of people can't share an axis.",
            found=f"per {list_briefly(sorted(bases))}",
            advice="make the rates of all the series per the same number of people",
        )
    twice = table[table.duplicated(["period", "group"])]
    if len(twice):
        raise AnalysisError(
            f"Two series share the group {twice['group'].iloc[0]!r}.",
            found=f"{len(twice):,} periods stand twice, the first is {twice['period'].iloc[0]}",
            advice="give every series a group of its own",
        )
    notes = dict.fromkeys(note for part in series for note in part.notes)
    return Series(
        _with_gaps(table),
        unit=units[0],
        rate_per=series[0].rate_per,
        provisional=tuple(dict.fromkeys(period for part in series for period in part.provisional)),
        base=series[0].base if len({part.base for part in series}) == 1 else "",
        coverage=series[0].coverage if len({part.coverage for part in series}) == 1 else None,
        identity=combine(*series, name=name, title=title, notes=notes),
    )


def change_since(series: Series, base: str, *, beyond_poisson: bool = True) -> pd.DataFrame:
    """Return every count as a ratio to the group's count in the base period, with its 95 % interval.

    The interval is of the ratio between the courses of both periods: it allows for Poisson chance in both counts, and
    for periods that lie off their course, by as much, and for as long, as the series itself and what is usual make
    likely (`weigh_scatter` has the model). It does not allow for changes in recording. Where a count is suppressed the
    ratio is missing, and the interval covers whatever the suppressed number is.

    Parameters
    ----------
    series
        Counts by period and group: years, or periods that are as far apart.
    base
        The period everything is compared with, as written in the series, e.g. ``"2014"``.
    beyond_poisson
        False takes counts as Poisson and nothing else: the exact interval, too narrow wherever years vary more.

    Returns
    -------
    DataFrame
        Columns `period`, `group`, `low`, `high` (counts), `ratio`, `ratio_low`, `ratio_high`, `scatter` (the
        standard deviation, beyond Poisson chance, that a period of the group is taken to have) and `dispersion` (how
        many times smaller the counts are taken for the interval). Missing in gaps, in periods covered in part, where a
        number is below 0, and where the base is a gap; `ratio` is missing and `ratio_high` infinite where the base may
        be 0. Where the series has a `population`, also `rate_ratio`, `rate_ratio_low` and `rate_ratio_high`: the same
        for the rates.

    Raises
    ------
    AnalysisError
        If the series has no such period.

    References
    ----------
    Przyborowski and Wilenski (1940), Biometrika 31, 313-323: given the sum of two Poisson counts, one of them is
    binomial; Clopper and Pearson (1934), Biometrika 26, 404-413, for its exact limits; McCullagh and Nelder (1989),
    Generalized Linear Models, section 6.2.3, for counts that vary more: the limits are those of counts divided by the
    dispersion.
    """
    table = series.table
    at_base = table[table["period"] == base].drop_duplicates("group").set_index("group")
    if at_base.empty:
        raise AnalysisError(
            f"The series has no period {base!r} to compare with.",
            found=f"periods {list_briefly(table['period'].unique(), 12)}",
            advice="name one of these periods",
        )
    scatter, times = np.zeros(len(table)), np.ones(len(table))
    if beyond_poisson:
        scatter, times = _chance_since(table, base, series.unsettled)
    # A period that its source covers in part is compared with nothing.
    whole = ~table["period"].isin(series.incomplete).to_numpy()
    low, high = (np.where(whole, _not_negative(table[end]), np.nan) for end in ("low", "high"))
    base_low, base_high = (_not_negative(at_base[end].reindex(table["group"])) for end in ("low", "high"))
    if base in series.incomplete:
        base_low = base_high = np.full(len(table), np.nan)
    known = (low == high) & (base_low == base_high) & (base_low > 0)
    ratio = np.full(len(table), np.nan)
    np.divide(low, base_low, out=ratio, where=known)
    # Quasi-Poisson: counts over the dispersion. The lower limit takes the least count over the largest base, the upper
    # limit the reverse.
    ratio_low, _ = ratio_interval(low / times, base_high / times)
    _, ratio_high = ratio_interval(high / times, base_low / times)
    is_base = (table["period"] == base).to_numpy()
    ratio[is_base & (base_low > 0)] = 1.0  # a period against itself, hidden or not
    found: pd.DataFrame = table[["period", "group", "low", "high"]].copy()
    found["ratio"] = ratio
    found["ratio_low"] = np.where(is_base, ratio, ratio_low)
    found["ratio_high"] = np.where(is_base, ratio, ratio_high)
    found["scatter"] = scatter
    found["dispersion"] = times
    if "population" in table.columns:
        now, then = table["population"], at_base["population"].reindex(table["group"])
        grown = now.where(now > 0).to_numpy(dtype=float) / then.where(then > 0).to_numpy(dtype=float)
        for end in ("", "_low", "_high"):
            found[f"rate_ratio{end}"] = found[f"ratio{end}"] / grown
    return found


def _chance_since(
    table: pd.DataFrame, base: str, unsettled: Sequence[str]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return the scatter of every row's group, and how many times more than Poisson chance its ratio may differ."""
    scatter, times = np.zeros(len(table)), np.ones(len(table))
    for rows in table.reset_index(drop=True).groupby("group", sort=False).indices.values():
        own = table.iloc[rows]
        middle = (_not_negative(own["low"]) + _not_negative(own["high"])) / 2
        people = own["population"].to_numpy(dtype=float) if "population" in own.columns else None
        settled = np.where(own["period"].isin(list(unsettled)), np.nan, middle)
        weighed = weigh_scatter(settled, people if people is not None and bool((people > 0).all()) else None)
        scatter[rows] = weighed.mean
        place = np.flatnonzero((own["period"] == base).to_numpy())
        if not len(place) or not np.isfinite(middle[place[0]]):
            continue
        for number, row in enumerate(rows):
            if number != place[0] and np.isfinite(middle[number]):
                chance = float(chance_of_logs(middle[[number, place[0]]]).sum())
                apart = abs(number - int(place[0]))
                times[row] = max(weighed.variance_between(apart, chance) / chance, 1.0)
    return scatter, times


def _not_negative(values: pd.Series) -> NDArray[np.float64]:
    """Return counts, missing where a correction made them negative."""
    numbers = values.to_numpy(dtype=float)
    return np.where(numbers < 0, np.nan, numbers)


def ratio_interval(
    count: NDArray[np.float64], base: NDArray[np.float64], level: float = 0.95
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return exact limits of the ratio of two Poisson levels, from the binomial share of `count` in the sum."""
    from scipy.special import betaincinv

    tail = (1 - level) / 2
    known = ~np.isnan(count) & ~np.isnan(base)
    above, below = np.where(known, count, 1.0), np.where(known, base, 1.0)
    with_some = np.where(above > 0, above, 1.0), np.where(below > 0, below, 1.0)
    # Clopper-Pearson limits of the share p of `count` in the sum; the ratio is p / (1 - p).
    share_low = np.where(above > 0, betaincinv(with_some[0], below + 1, tail), 0.0)
    share_high = np.where(below > 0, betaincinv(above + 1, with_some[1], 1 - tail), 1.0)
    high = np.full(count.shape, np.inf)
    np.divide(share_high, 1 - share_high, out=high, where=share_high < 1)
    low = share_low / (1 - share_low)
    return np.where(known, low, np.nan), np.where(known, high, np.nan)


def _with_gaps(table: pd.DataFrame) -> pd.DataFrame:
    """Return the table with a row for every pair of group (as they come) and period (in order)."""
    pairs = [(period, group) for group in table["group"].unique() for period in sorted(table["period"].unique())]
    whole = pd.DataFrame(pairs, columns=["period", "group"])
    return whole.merge(table, on=["period", "group"], how="left", validate="one_to_one")
