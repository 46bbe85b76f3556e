"""Rates as they would be in a standard population: directly standardised for age, by authority and place."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Final, NamedTuple

import numpy as np
import pandas as pd
from scipy.special import ndtr

from hotspots.analysis.common import adjust, byar_interval, need_people
from hotspots.analysis.counts import count_events
from hotspots.analysis.series import with_intervals
from hotspots.errors import AnalysisError, list_briefly
from hotspots.model import (
    EXTRACT_COLUMNS,
    Ages,
    Events,
    Extract,
    Note,
    Period,
    Place,
    Series,
    StudyArea,
    combine,
    renamed_arguments,
)

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

    Floats = NDArray[np.float64]

__all__ = ["ESP_2013", "Standardised", "byar_tails", "count_by_age", "directly_standardised", "standardised_rates"]

ESP_2013: Final = {
    0: 5_000, 5: 5_500, 10: 5_500, 15: 5_500, 20: 6_000, 25: 6_000, 30: 6_500, 35: 7_000, 40: 7_000, 45: 7_000,
    50: 7_000, 55: 6_500, 60: 6_000, 65: 5_500, 70: 5_000, 75: 4_000, 80: 2_500, 85: 1_500, 90: 800, 95: 200,
}  # fmt: skip
"""The European Standard Population of 2013 (Eurostat 2013, Revision of the European Standard Population, KS-RA-13-028):
youngest age of a band → people of 100,000; the last band has no upper end."""

FEWEST_EVENTS_FOR_A_RATE: Final = 10
"""Events below which no standardised rate is given: Morris, Tan, Fryers and Bestwick (2018), Population Health Metrics
16, 19."""

WORDS: Final = (
    "Rates per {per:,.0f} people{year}, directly standardised to the European Standard Population of 2013 in {bands} "
    "age bands: what the rate would be if every authority had the same ages. Intervals by Dobson's method with "
    "Byar's limits. A rate from fewer than {fewest} events is not given. An authority is above or below the study "
    "area's rate, which is taken as known, where its two-sided p-value by the same limits is significant, with the "
    "false discovery rate controlled at {level:g}% (Benjamini–Hochberg) among the authorities."
)
LEVEL: Final = 0.05


class Standardised(NamedTuple):
    """Rates as in a standard population, each with its interval."""

    rate: Floats
    low: Floats
    high: Floats
    step: Floats
    """How much an event more adds, on average (Dobson's weight)."""


def directly_standardised(
    events: ArrayLike,
    population: ArrayLike,
    weights: ArrayLike,
    *,
    per: float = 100_000,
    level: float = 0.95,
    persons: ArrayLike | None = None,
) -> Standardised:
    """Return directly standardised rates with Dobson's limits.

    Not to be trusted with fewer than about ten events in all. Limits are missing where there are no events. Events of
    one person are not independent: where some have several (admissions), limits without `persons` are too narrow.

    Parameters
    ----------
    events, population
        By group and band of ages, shape (groups, bands).
    weights
        The standard population of each band, shape (bands,).
    per
        The number of people the rates refer to.
    level
        Confidence level between 0 and 1.
    persons
        Numbers of persons with 1, 2, 3 and so on events, by group and band: shape (groups, bands, most). The variance
        of a band's events is then the sum of the squares of each person's; someone who moves up a band between two
        events counts in each. Without it every event is another person's.

    Returns
    -------
    Standardised
        Each of shape (groups,); missing where a band has no people.

    Raises
    ------
    AnalysisError
        If the shapes do not fit, the persons' events are not the events, or a population can't be.

    References
    ----------
    Dobson, Kuulasmaa, Eberle and Scherer (1991), Statistics in Medicine 10, 457-462, equation 6, with Byar's limits of
    the number of events (Breslow and Day 1987, p. 69), as the Office for Health Improvement and Disparities does.
    Several events of a person: Carriere and Roos (1994), American Journal of Epidemiology 140, 472-482.

    Examples
    --------
    >>> rate = directly_standardised([[10, 30]], [[1_000, 1_000]], [3, 1], per=1_000)
    >>> float(rate.rate[0])
    15.0
    """
    counts, people = np.atleast_2d(np.asarray(events, float)), np.atleast_2d(np.asarray(population, float))
    weight = np.asarray(weights, dtype=float)
    if counts.shape != people.shape or weight.shape != counts.shape[1:]:
        raise AnalysisError(
            "Events, population and standard population have different bands.",
            found=f"shapes {counts.shape}, {people.shape} and {weight.shape}",
            advice="give one number for each group and band, and one weight for each band",
        )
    need_people(people)
    share = weight / weight.sum() * per
    scale = share / np.where(people > 0, people, np.nan)
    rate, total = (counts * scale).sum(axis=1), counts.sum(axis=1)
    some = np.where(total > 0, total, np.nan)
    # Dobson: limits of the total count, scaled by the standard error of the rate over that of the total.
    step = np.sqrt((_variance_of(counts, persons) * scale**2).sum(axis=1) / some)
    low, high = byar_interval(total, level=level)
    return Standardised(rate, rate + step * (low - total), rate + step * (high - total), step)


def _variance_of(counts: Floats, persons: ArrayLike | None) -> Floats:
    """Return the variances of events by group and band: their number, or the sum of the squares of each person's."""
    if persons is None:
        return counts  # Poisson
    numbers = np.asarray(persons, dtype=float)
    if numbers.ndim == counts.ndim and len(counts) == 1:
        numbers = numbers[None]
    each = np.arange(1.0, numbers.shape[-1] + 1)
    if numbers.shape[:-1] != counts.shape or not np.array_equal(numbers @ each, counts) or (numbers < 0).any():
        raise AnalysisError(
            "The persons by number of events do not have the events of the groups and bands.",
            found=f"{(numbers @ each).sum():,.0f} events of {numbers.sum():,.0f} persons; {counts.sum():,.0f} events",
            advice="give for each group and band the numbers of persons with 1, 2, 3 and so on events",
        )
    variance: Floats = numbers @ each**2
    return variance


@renamed_arguments("ages", points="detailed_areas")
def count_by_age(events: Events, area: StudyArea, *, ages: Ages, detailed_areas: StudyArea | None = None) -> Series:
    """Return the events of each authority by band of ages, for `protect` and then `standardised_rates`.

    Parameters
    ----------
    events
        With a column `age` (whole years).
    area, detailed_areas
        As in `count_events`.
    ages
        Its bands, as far as the standard population has them, are those counted in.

    Returns
    -------
    Series
        A period is a band (``"0-4"``), a group the code of an authority. Events without an age are in no band, and the
        notes say how many.

    Raises
    ------
    AnalysisError
        If there is no column of ages, or the bands do not begin where the standard population's do.
    """
    if "age" not in events.table.columns:
        raise AnalysisError(
            f"{events.title} have no column 'age', so rates can't be standardised for it.",
            found=f"columns {list_briefly(events.table.columns, 12)}",
            advice="name the column of ages when the file is read",
        )
    starts = standard_bands(ages)
    age = pd.to_numeric(events.table["age"]).to_numpy(dtype=float, na_value=np.nan)
    authority = area.areas["la_code"]
    rows = []
    for band, (first, last) in zip(_names(starts), _ends(starts), strict=True):
        part = events.where((age >= first) & (age < last), reason="of another age")
        counted = count_events(part, area, detailed_areas=detailed_areas).table["observed_low"]
        by_authority = counted.groupby(authority).sum()
        rows += [(band, code, float(number)) for code, number in by_authority.items()]
    table = pd.DataFrame(rows, columns=["period", "group", "low"])
    unknown = int(np.isnan(age).sum())
    words = f"{unknown:,} of {len(events):,} without an age: in no standardised rate."
    notes = (Note(words, of="records", numbers=(unknown, len(events))),) if unknown else ()
    series = Series(
        table.assign(high=table["low"], ci_low=np.nan, ci_high=np.nan),
        unit=events.title,
        identity=combine(events, area, name=f"{events.name}_by_age", title=f"{events.title} by age", notes=notes),
    )
    return with_intervals(series)


def standard_bands(ages: Ages) -> tuple[int, ...]:
    """Return the bands that both the file of ages and the standard population can be brought to.

    Raises
    ------
    AnalysisError
        If they do not begin at 0, 5, 10 and so on, or leave out too much to standardise by.
    """
    common = tuple(start for start in ESP_2013 if start in ages.starts)
    odd = [start for start in ESP_2013 if start not in ages.starts and start <= max(ages.starts)]
    if odd or max(common) < 65:
        raise AnalysisError(
            "The population by age does not fit the bands of the European Standard Population.",
            found=f"bands from {list_briefly(ages.starts, 24)}; none begins at {odd[0] if odd else 65}",
            advice="use single years of age, or bands of five years up to 65 or more",
        )
    return common


@renamed_arguments("area")
def standardised_rates(
    counts: Series,
    ages: Ages,
    *,
    area: StudyArea,
    places: Sequence[Place] = (),
    years: float = 1.0,
    period: Period | str = "",
    per: float = 100_000,
) -> Extract:
    """Return crude and directly standardised rates of every authority, place and the whole study area.

    Counts of places are sums of those of their authorities: suppressed numbers add up as intervals, and disclose no
    more than those of the authorities. Where counts are intervals so are the rates, and limits go from those of the
    lowest counts to those of the highest.

    Parameters
    ----------
    counts
        From `count_by_age`, protected where they are of people.
    ages
        People by age and area.
    area
        The study area: which area lies in which authority.
    places
        Parts of the study area, each some of its authorities.
    years
        Number of years the counts are of: rates are per year.
    period
        What the counts cover, in words.
    per
        Number of people the rates refer to.

    Returns
    -------
    Extract
        One row per authority, place and the study area: `low`, `high` (events), `population`, `crude_low`,
        `crude_high`, `rate_low`, `rate_high`, `ci_low`, `ci_high`, `p_adjusted` and `differs` (of authorities: above or
        below the study area's rate, whatever the suppressed numbers are), and `reason` where no rate is given.

    Raises
    ------
    AnalysisError
        If an area of the study has no ages, or the counts are of other bands.
    """
    starts = _need_fit(counts, ages, area)
    bands = _names(starts)
    people = ages.into(starts).table.reindex(area.ids).groupby(area.areas["la_code"]).sum()
    low, high = (
        counts.table.pivot(index="group", columns="period", values=end).reindex(index=people.index, columns=bands)
        for end in ("low", "high")
    )
    weights = [sum(n for age, n in ESP_2013.items() if first <= age < last) for first, last in _ends(starts)]
    rows = [
        _row(code, name, kind, [frame.loc[list(codes)].sum().to_numpy() for frame in (low, high, people)],
             weights=np.asarray(weights, dtype=float), years=years, per=per)
        for code, name, kind, codes in units_of(area, places)
    ]  # fmt: skip
    columns = list(EXTRACT_COLUMNS["standardised-rates"])
    table = _with_differences(pd.DataFrame(rows).reindex(columns=[*columns, "step_low", "step_high"]))
    people_of = Note(f"People: {ages.period}.", of="publication", numbers=(str(ages.period),))
    return Extract(
        table[columns],
        kind="standardised-rates",
        sentences=(
            WORDS.format(
                per=per,
                year=" per year" if years != 1 else "",
                bands=len(bands),
                fewest=FEWEST_EVENTS_FOR_A_RATE,
                level=100 * LEVEL,
            ),
        ),
        identity=combine(
            counts,
            ages,
            area,
            name=f"{counts.name.removesuffix('_by_age')}_standardised",
            title=f"{counts.unit} per {per:,.0f} people, standardised for age",
            period=Period.read(period),
            notes=(*counts.notes, *((people_of,) if ages.period else ())),
        ),
    )


def _need_fit(counts: Series, ages: Ages, area: StudyArea) -> tuple[int, ...]:
    """Return the bands of counts and ages; stop where an area has no ages, or the two do not have the same bands."""
    starts = standard_bands(ages)
    missing = area.ids.difference(ages.table.index)
    if len(missing):
        raise AnalysisError(
            f"Area {missing[0]!r} has no population by age.",
            found=f"{len(missing):,} of {len(area):,} areas without one: {list_briefly(missing)}",
            advice="use a file of ages of the same geography and vintage as the boundaries",
        )
    odd = sorted(set(counts.table["period"]) ^ set(_names(starts)))
    if odd:
        raise AnalysisError(
            f"The counts and the population by age do not have the same bands: {odd[0]}.",
            found=f"{len(odd)} bands on one side only: {list_briefly(odd)}",
            advice="count with count_by_age and the same ages",
        )
    return starts


def units_of(area: StudyArea, places: Sequence[Place] = ()) -> list[tuple[str, str, str, tuple[str, ...]]]:
    """Return (code, name, kind, codes of authorities) of every authority, then every place, then the whole area.

    A place of one authority is that authority and is not listed twice.
    """
    there = area.authorities
    units: list[tuple[str, str, str, tuple[str, ...]]] = [
        (code, name, "authority", (code,)) for code, name in there.items()
    ]
    for place in places:
        codes = tuple(code for code in place.authorities if code in there)
        if len(codes) > 1:
            units.append(("", place.name, "place", codes))
    return [*units, ("", "Study area", "study area", tuple(there))]


def _row(
    code: str, name: str, kind: str, cells: list[Floats], *, weights: Floats, years: float, per: float
) -> dict[str, object]:
    """Return one line of the table: events, people, crude and standardised rates."""
    low, high, people = cells
    row: dict[str, object] = {"code": code, "name": name, "kind": kind, "low": low.sum(), "high": high.sum()}
    row["population"] = people.sum()
    exposed = people * years
    for end, counts in (("low", low), ("high", high)):
        row[f"crude_{end}"] = counts.sum() / exposed.sum() * per
    nobody = bool((people <= 0).any())
    if nobody or high.sum() < FEWEST_EVENTS_FOR_A_RATE:
        row["reason"] = "a band of ages without people" if nobody else f"fewer than {FEWEST_EVENTS_FOR_A_RATE} events"
        return row
    least, most = (directly_standardised(counts, exposed, weights, per=per) for counts in (low, high))
    row |= {"rate_low": least.rate[0], "rate_high": most.rate[0], "ci_high": most.high[0], "reason": ""}
    row["ci_low"] = least.low[0] if low.sum() > 0 else 0.0
    row |= {"step_low": least.step[0], "step_high": most.step[0]}
    return row


def byar_tails(total: float, rate: float, *, step: float, average: float) -> tuple[float, float]:
    """Return the upper-tail and lower-tail p-values of a standardised rate against an average.

    The levels at which the lower and the upper limit, as in `directly_standardised`, are the average.

    Parameters
    ----------
    total, rate
        Events and their standardised rate.
    step
        How much one event more adds to the rate, on average: limits are the rate and this times Byar's limits less
        the events.
    """
    # The level of the count at which the rate would be the average; Byar's limits are solved for z there.
    expected = max(total + (average - rate) / step, 0.0)
    more = total + 1
    high = 3 * np.sqrt(more) * ((expected / more) ** (1 / 3) - 1 + 1 / (9 * more))
    low = 3 * np.sqrt(total) * (1 - 1 / (9 * total) - (expected / total) ** (1 / 3)) if total > 0 else -np.inf
    return float(ndtr(-low)), float(ndtr(-high))


def _with_differences(table: pd.DataFrame) -> pd.DataFrame:
    """Return the rows with the authorities that differ from the study area (last row) for all suppressed counts."""
    whole, own = table.iloc[-1], (table["kind"] == "authority") & table["rate_low"].notna()
    table["p_adjusted"], table["differs"] = np.nan, ""
    if own.sum() < 2:
        return table
    # Over suppressed counts the least sure: own low against the area's high, own high against its low.
    tails = np.array([
        (byar_tails(row["low"], row["rate_low"], step=row["step_low"], average=whole["rate_high"])[0],
         byar_tails(row["high"], row["rate_high"], step=row["step_high"], average=whole["rate_low"])[1])
        for row in table[own].to_dict("records")
    ])  # fmt: skip
    p = adjust(np.minimum(1.0, 2 * tails.min(axis=1)))
    table.loc[own, "p_adjusted"] = p
    table.loc[own, "differs"] = np.where(p > LEVEL, "", np.where(tails[:, 0] < tails[:, 1], "above", "below"))
    return table


def _ends(starts: Sequence[int]) -> list[tuple[int, int]]:
    """Return from and up to, without, which age each band goes."""
    return list(zip(starts, [*starts[1:], 1_000], strict=True))


def _names(starts: Sequence[int]) -> list[str]:
    """Return bands in words.

    Examples
    --------
    >>> _names([0, 5, 90])
    ['0-4', '5-89', '90+']
    """
    return [f"{first}+" if last == 1_000 else f"{first}-{last - 1}" for first, last in _ends(starts)]
