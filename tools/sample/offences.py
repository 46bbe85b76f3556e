"""Invented offences: an extract from a force's own system, with real coordinates and times."""

from typing import Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from sample import facts
from sample.risk import draw_points
from sample.times import draw_days, draw_minutes

# Home Office code: name, share of knife crime, share of other violence.
OFFENCES: Final = {
    "1": ("Murder", 0.006, 0.0004),
    "2": ("Attempted murder", 0.008, 0.0006),
    "5D": ("Assault with intent to cause serious harm", 0.226, 0.07),
    "8N": ("Assault with injury", 0.19, 0.37),
    "8P": ("Racially or religiously aggravated assault with injury", 0.004, 0.012),
    "3B": ("Threats to kill", 0.085, 0.034),
    "34B": ("Robbery of personal property", 0.431, 0.083),
    "34A": ("Robbery of business property", 0.05, 0.012),
    "104": ("Assault without injury on a constable", 0.0, 0.028),
    "105A": ("Assault without injury", 0.0, 0.39),
}
BAD_DATES: Final = (
    "00/00/0000 00:00", "", "31/02/2018 12:00", "not known", "", "30/02/2015 21:15",
    "12/13/2017 10:00", "31/06/2019 23:30", "", "29/02/2019 02:10", "00/05/2016 00:00", "unknown",
)  # fmt: skip
DATES_OUTSIDE: Final = (
    "31/12/2012 23:50", "31/12/2012 22:00", "01/01/2020 00:00", "01/01/2020 00:20",
    "02/01/2020 14:00", "14/07/2009 12:00", "03/03/2020 17:45", "01/01/1900 00:00",
    "05/02/2020 18:30", "19/08/2012 01:00",
)  # fmt: skip
COLUMNS: Final = [
    "reference", "offence_code", "offence", "occurred_from", "easting", "northing", "knife",
]  # fmt: skip


def draw_offences(
    year: int,
    knife: NDArray[np.bool_],
    polygons: NDArray[np.object_],
    share: NDArray[np.float64],
    rng: np.random.Generator,
) -> pd.DataFrame:
    """Return offences of one year, in order of time, each at its own point in the area.

    Parameters
    ----------
    knife
        Shape (offences,): whether each one was with a knife.
    polygons, share
        Shape (areas,): the areas and their shares of the expected events.
    """
    size = len(knife)
    code = np.where(knife, _draw_codes(1, size, rng), _draw_codes(2, size, rng))
    when = draw_days(year, size, rng).astype("datetime64[m]") + draw_minutes(size, rng)
    points = draw_points(polygons[rng.choice(len(polygons), size, p=share)], rng)
    table = pd.DataFrame(
        {
            "offence_code": code,
            "offence": [OFFENCES[c][0] for c in code],
            "when": when,
            "occurred_from": pd.to_datetime(when).strftime("%d/%m/%Y %H:%M"),
            "easting": points[:, 0].astype(str),
            "northing": points[:, 1].astype(str),
            "knife": np.where(knife, "Y", "N"),
        }
    )
    return table.sort_values("when", kind="stable", ignore_index=True)


def _draw_codes(column: int, size: int, rng: np.random.Generator) -> NDArray[np.str_]:
    """Return offence codes by one column of shares."""
    weight = np.array([row[column] for row in OFFENCES.values()], dtype=float)
    return rng.choice(list(OFFENCES), size, p=weight / weight.sum())


def misplace(table: pd.DataFrame, ring: NDArray[np.object_], rng: np.random.Generator) -> pd.DataFrame:
    """Return the offences, a known number of them without a place in the study area.

    Parameters
    ----------
    ring
        Areas of neighbouring forces.
    """
    numbers = (
        facts.OFFENCES_NO_COORDINATES,
        facts.OFFENCES_ZERO_COORDINATES,
        facts.OFFENCES_OUTSIDE_AREA,
    )
    chosen = rng.choice(len(table), sum(numbers), replace=False)
    blank, zero, outside = np.split(chosen, np.cumsum(numbers)[:-1])
    points = draw_points(ring[rng.integers(len(ring), size=len(outside))], rng).astype(str)
    table = table.copy()
    table.loc[blank, ["easting", "northing"]] = ""
    table.loc[zero, ["easting", "northing"]] = "0"
    table.loc[outside, ["easting", "northing"]] = points
    return table


def make_offences(
    polygons: NDArray[np.object_],
    share: NDArray[np.float64],
    ring: NDArray[np.object_],
    rng: np.random.Generator,
) -> pd.DataFrame:
    """Return the whole file in order of reference, the rows that came twice at the end."""
    years = []
    for year in facts.YEARS:
        knife = np.repeat([True, False], [facts.KNIFE[year], facts.OTHER_VIOLENCE[year]])
        years.append(draw_offences(year, knife, polygons, share, rng))
    table = misplace(pd.concat(years, ignore_index=True), ring, rng)
    dates = [*BAD_DATES, *DATES_OUTSIDE]
    odd = draw_offences(2016, rng.random(len(dates)) < 0.4, polygons, share, rng)
    odd = odd.assign(occurred_from=dates)
    # The odd ones go in between, where no sort by date would find them together.
    at = np.sort(rng.choice(len(table), len(odd), replace=False)) + 0.5
    table = pd.concat([table, odd.set_index(at)]).sort_index(kind="stable")
    numbers = np.cumsum(rng.integers(1, 9, len(table)))
    table["reference"] = [f"INV-{n:07d}" for n in numbers]
    usable = table[~table["occurred_from"].isin(dates)]
    again = usable.iloc[rng.choice(len(usable), facts.OFFENCES_REPEATED, replace=False)]
    return pd.concat([table, again], ignore_index=True)[COLUMNS]
