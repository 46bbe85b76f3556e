"""Expected counts by indirect standardisation: the study area's rate at each age, times the people of that age."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np
import pandas as pd

from hotspots.analysis.counts import events_inside
from hotspots.analysis.expected.own_counts import replace_expected
from hotspots.errors import AnalysisError, list_briefly
from hotspots.model import Ages, AreaCounts, Events, ExpectedMethod, Note, StudyArea, combine

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["with_expected_by_age"]

NARROWEST: Final = 5
"""Years: bands that a file has finer than this are put together, as rates of single ages rest on few events."""
NO_AGES: Final = "no population by age"
NOBODY_AT_RISK: Final = "nobody of an age at which events occurred"


def with_expected_by_age(
    counts: AreaCounts, ages: Ages, *, events: Events, detailed_areas: StudyArea | None = None
) -> AreaCounts:
    """Return counts with expected counts that allow for age, by indirect standardisation.

    The rate of each band of ages in the whole study area, times the people of that band in an area, added up over the
    bands. Events without an age are in no rate: they are taken to be as old as the others, since only proportions of
    the expected counts matter. Rates of ages are counts of people too: from unreleased records the result is
    unreleased, and no writer takes it.

    Parameters
    ----------
    counts
        Counts of these events by area.
    ages
        People by age and area. Bands of less than five years are put together.
    events
        The events, with a column `age` (whole years).
    detailed_areas
        As in `count_events`.

    Raises
    ------
    AnalysisError
        If the events have no ages, none lies in the study area, or no area has a population by age.

    References
    ----------
    Breslow, N. E. and Day, N. E. (1987), Statistical Methods in Cancer Research II, IARC, p. 72: standardised
    mortality ratios by the rates of a standard population, here that of the study area itself.
    """
    age, unknown = _known_ages(events, counts.area, detailed_areas)
    starts = _bands(ages)
    people = ages.into(starts).table.reindex(counts.area.ids)
    number, _ = np.histogram(age, bins=[*starts, np.inf])
    living = people.sum().to_numpy(dtype=float)
    rate = np.divide(number, living, out=np.zeros(len(starts)), where=living > 0)
    expected = pd.Series(people.to_numpy(dtype=float) @ rate, index=people.index)
    reasons = {str(area): NO_AGES if np.isnan(value) else NOBODY_AT_RISK for area, value in expected.items()}
    method = ExpectedMethod(base="age", title=ages.title, age_bands=len(starts))
    words = f"{unknown:,} of {unknown + len(age):,} without an age: taken to be as old as the others."
    notes = (Note(words, of="records", numbers=(unknown, unknown + len(age))),) if unknown else ()
    return replace_expected(
        counts,
        expected.where(expected > 0),
        method=method,
        reasons=reasons,
        identity=combine(counts, ages, events, notes=(*counts.notes, *notes)),
    )


def _known_ages(events: Events, area: StudyArea, detailed_areas: StudyArea | None) -> tuple[NDArray[np.float64], int]:
    """Return the ages of the events in the study area that have one, and how many have none."""
    if "age" not in events.table.columns:
        raise AnalysisError(
            f"{events.title} have no column 'age', so no age can be allowed for.",
            found=f"columns {list_briefly(events.table.columns, 12)}",
            advice="name the column of ages when the file is read",
        )
    inside = events_inside(events, area, detailed_areas=detailed_areas).table
    age = pd.to_numeric(inside["age"]).to_numpy(dtype=float, na_value=np.nan)
    known: NDArray[np.float64] = age[age >= 0]
    if not len(known):
        raise AnalysisError(
            f"No event of {events.title} in the study area has a known age.",
            found=f"{len(inside):,} events in the study area",
            advice="leave standardise_by_age out, or give records with ages",
        )
    return known, len(age) - len(known)


def _bands(ages: Ages) -> tuple[int, ...]:
    """Return the youngest age of each band: those of the file, put together where they are narrower than five years."""
    starts: list[int] = []
    for start in ages.starts:
        if not starts or start - starts[-1] >= NARROWEST:
            starts.append(start)
    return tuple(starts)
