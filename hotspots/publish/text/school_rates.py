"""The map of exclusion rates in words: its title, how to read it, and a description for those who can't see it."""

from __future__ import annotations

import pandas as pd

from hotspots.errors import OutputError, plural
from hotspots.model import AverageRate, Place, SchoolResult
from hotspots.publish.text.phrases import Section, capitalised, section
from hotspots.vocabulary import RATE_CLASSES

__all__ = ["average_words", "explain_rates", "need_rates", "rate_alt", "rates_title"]


def average_words(result: SchoolResult) -> str:
    """Return the average that rates are held against, with its base; empty where there is none.

    E.g. "average 0.24 per 100 pupils and year, of 220 schools".
    """
    if result.provenance is None:
        return ""
    average = result.provenance.rate_average
    return f"average {average.per_100:.2g} per 100 pupils per year, of {plural(average.schools, 'school')}"


def need_rates(result: SchoolResult) -> AverageRate:
    """Return the average that rates were held against; stop where they were not.

    Raises
    ------
    OutputError
        With what to do.
    """
    if result.provenance is None:
        raise OutputError(
            "These schools have no rates over the average.",
            found="a result made by hand, without its method",
            advice="make it with diverging_schools",
        )
    return result.provenance.rate_average


def rates_title(result: SchoolResult, table: pd.DataFrame, place: Place | None = None) -> str:
    """Return how many schools' rates lie above the average and below it, each by its own interval.

    Parameters
    ----------
    table
        The schools of the place.
    """
    where = f" in {place.name}" if place is not None else ""
    above, below = int((table["ratio_low_95"] > 1).sum()), int((table["ratio_high_95"] < 1).sum())
    total = int((table["rate_class"] != "").sum())
    rate = f"rates of {result.title}"
    if total == 0:
        return f"No school{where} could be compared with the average for {result.title}"
    if above == below == 0:
        return f"No school{where} has {rate} clearly above or below the study's average"
    schools = f"{plural(total, 'school')} compared{where} {'has' if (above or below) == 1 else 'have'}"
    if above == 0:
        return f"{below:,} of {schools} {rate} clearly below the study's average"
    more = f"{above:,} of {schools} {rate} clearly above the study's average"
    return f"{more}, {below:,} clearly below" if below else more


def explain_rates(result: SchoolResult, *more: str) -> list[Section]:
    """Return what the classes mean and what they don't, and what the average is made of."""
    average = need_rates(result)
    low, high, base = (f"{number:,.0f}" for number in (average.low, average.high, average.pupil_years))
    events = low if low == high else f"{low} to {high}"
    ends = f"{average.per_100_low:.2g} to {average.per_100_high:.2g}"
    suppressed = f"Some counts are suppressed: the average could be {ends}; the middle is used." if low != high else ""
    schools = plural(average.schools, "school")
    reading = [
        f"Each school's rate over the average of all {schools}: {average.per_100:.2g} per 100 pupils per year "
        f"({events} {result.title}, {base} pupil-years).",
        suppressed,
        "Filled, clearly above or below: the 95% interval of the school's rate excludes the average.",
        "Hollow: it includes the average, so that the difference may be chance.",
        "Of schools at the average, no more than 1 in 20 would be filled by chance, if exclusions were independent.",
        "Where a school's count is suppressed, the interval covers all its possible values, and a class is given only "
        "where all of it lies in one."
        if low != high
        else "",
        "This map does not allow for deprivation; the other map of schools does.",
        "This measures no school's quality and gives no cause.",
        *more,
    ]
    return [section("How to read this map", reading)]


def rate_alt(result: SchoolResult, table: pd.DataFrame, *, place: Place | None, title: str) -> str:
    """Return what the map shows, for readers who do not see it: the finding, and the number of schools by class."""
    where = f" in {place.name}" if place is not None else ""
    counts = table["rate_class"].value_counts()
    classes = [f"{style.label.lower()}: {counts.get(style.key, 0):,}" for style in RATE_CLASSES]
    return f"Map of schools{where} by rate of {result.title}, {average_words(result)}. {title}. " + (
        f"{capitalised('; '.join(classes))}."
    )
