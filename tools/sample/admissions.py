"""Invented hospital admissions in the manner of Hospital Episode Statistics: a row an episode."""

from dataclasses import dataclass
from typing import Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from sample import facts
from sample.times import draw_days

Strings = NDArray[np.str_]

# Three-character cause and its share, and the fourth characters in use.
CAUSES: Final = {
    "Y04": (0.47, "0129"),
    "X99": (0.29, "01259"),
    "Y00": (0.085, "01259"),
    "Y09": (0.045, ""),
    "Y08": (0.035, "0289"),
    "X95": (0.02, "0459"),
    "Y05": (0.012, "09"),
    "Y03": (0.01, "0459"),
    "Y07": (0.008, "0189"),
    "X97": (0.006, "09"),
    "X93": (0.005, "0459"),
    "Y06": (0.004, "029"),
    "Y01": (0.003, "059"),
    "X92": (0.003, "0"),
    "X85": (0.002, "09"),
    "X86": (0.002, "9"),
}
# Near misses: harm to oneself with a knife (X78), falls, accidents with a knife (W26), undetermined
# intent (Y28), legal intervention (Y35), late effects of an assault (Y87.1).
OTHER_CAUSES: Final = (
    "W19.9", "W190", "W010", "W260", "W26.9", "X78.9", "X780", "X640", "X60.9", "X84X",
    "Y280", "Y289", "Y350", "Y871", "Y87.1", "V475", "V43.5", "X599",
)  # fmt: skip
INJURIES: Final = (
    "S010", "S01.8", "S024", "S02.6", "S025", "S060", "S06.5", "S099", "S110", "S213",
    "S270", "S311", "S31.8", "S361", "S411", "S51.9", "S610", "S619", "S626", "S711",
    "S819", "T009", "T019", "T141",
)  # fmt: skip
FURTHER: Final = ("F100", "F10.2", "R55X", "Z720", "F171", "J459", "R51X", "Z915", "T510", "I10X")
SHARP_INJURIES: Final = ("S110", "S213", "S270", "S311", "S31.8", "S361", "S411", "S51.9", "S711")
COLUMNS: Final = [
    "EPIKEY", "EPIORDER", "ADMIDATE", "EPISTART", "STARTAGE", "SEX", "ADMIMETH", "LSOA11",
    "DIAG_01", "DIAG_02", "DIAG_03", "DIAG_04",
]  # fmt: skip
BAD_DATES: Final = (
    "2016-02-30", "2015-13-01", "unknown", "", "2014-00-10", "", "31 June 2017", "2018-06-31",
)  # fmt: skip
# 1800 and 1801 are how the real files write "no date" and "not a valid date".
DATES_OUTSIDE: Final = (
    "2012-12-31", "2012-12-30", "2012-11-02", "2020-01-01", "2020-01-01", "2020-01-05",
    "2020-02-11", "1800-01-01", "1801-01-01",
)  # fmt: skip


@dataclass(frozen=True)
class Places:
    """Codes of areas to choose from: inside with their shares of events, and elsewhere."""

    inside: Strings
    share: NDArray[np.float64]
    elsewhere: Strings


def write_cause(cause: str, style: float, rng: np.random.Generator) -> str:
    """Return a cause as coders write it: ``X99.1``, ``X991``, ``X99-`` or ``Y09X``.

    Parameters
    ----------
    cause
        Three characters.
    style
        From 0 to 1: which manner of writing.
    """
    fourth = CAUSES[cause][1]
    if not fourth:
        return cause + ("X" if style < 0.7 else "-" if style < 0.9 else ".9")
    if style < 0.06:
        return cause + "-"
    character = fourth[rng.integers(len(fourth))]
    return f"{cause}.{character}" if style < 0.3 else cause + character


def draw_ages(under_25: NDArray[np.bool_], rng: np.random.Generator) -> NDArray[np.int64]:
    """Return ages as STARTAGE has them: 7001 … 7007 are children under one year."""
    size = len(under_25)
    young = rng.choice(
        [*range(7001, 7008), *range(1, 25)],
        size,
        p=_normalise([0.15] * 7 + [0.25] * 9 + [0.6, 0.9, 1.6, 2.8, 4.6] + [8, 10, 12, 13, 13]
                     + [13, 12, 12, 11, 11]),
    )  # fmt: skip
    older = 25 + np.minimum(rng.gamma(1.25, 13.0, size), 70).astype(int)
    return np.where(under_25, young, older)


def _normalise(weights: list[float]) -> NDArray[np.float64]:
    """Return weights that add to 1."""
    values = np.array(weights, dtype=float)
    return values / values.sum()


def draw_diagnoses(causes: list[str], rng: np.random.Generator) -> NDArray[np.object_]:
    """Return DIAG_01 … DIAG_04 with the cause mostly in the second place, never after a gap."""
    size = len(causes)
    place = rng.choice(4, size, p=[0.02, 0.7, 0.2, 0.08])
    table = np.full((size, 4), "", dtype=object)
    filled = np.maximum(place, rng.integers(1, 4, size))
    for row, cause in enumerate(causes):
        injuries = SHARP_INJURIES if cause.startswith("X99") else INJURIES
        for column in range(filled[row] + 1):
            choices = injuries if column == 0 else FURTHER if column > 1 else INJURIES
            table[row, column] = choices[rng.integers(len(choices))]
        table[row, place[row]] = cause
    return table


def draw_episodes(year: int, under_25: NDArray[np.bool_], places: Places, rng: np.random.Generator) -> pd.DataFrame:
    """Return violent first emergency episodes of one year, all of them placed in the area.

    Parameters
    ----------
    year
        Of admission.
    under_25
        Shape (episodes,): whether each patient is younger than 25.
    """
    size = len(under_25)
    shares = _normalise([share for share, _ in CAUSES.values()])
    causes = [
        write_cause(str(c), s, rng)
        for c, s in zip(rng.choice(list(CAUSES), size, p=shares), rng.random(size), strict=True)
    ]
    dates = draw_days(year, size, rng).astype(str)
    diagnoses = draw_diagnoses(causes, rng)
    table = pd.DataFrame(
        {
            "EPIORDER": 1,
            "ADMIDATE": dates,
            "EPISTART": dates,
            "STARTAGE": draw_ages(under_25, rng),
            "SEX": rng.choice([1, 2, 9, 0], size, p=[0.8, 0.197, 0.002, 0.001]),
            "ADMIMETH": rng.choice([21, 22, 23, 24, 28], size, p=[0.86, 0.03, 0.01, 0.02, 0.08]),
            "LSOA11": rng.choice(places.inside, size, p=places.share),
        }
    )
    return table.assign(**{f"DIAG_0{i + 1}": diagnoses[:, i] for i in range(4)})


def draw_more(size: int, places: Places, rng: np.random.Generator) -> pd.DataFrame:
    """Return further episodes spread over all years, to be made into rows that don't count."""
    per_year = np.bincount(rng.integers(len(facts.YEARS), size=size), minlength=len(facts.YEARS))
    parts = [
        draw_episodes(year, rng.random(n) < 0.35, places, rng) for year, n in zip(facts.YEARS, per_year, strict=True)
    ]
    return pd.concat(parts, ignore_index=True)


def misplace(table: pd.DataFrame, places: Places, rng: np.random.Generator) -> pd.DataFrame:
    """Return the episodes, a known number of them without a usable area of residence."""
    values = [
        *[""] * facts.ADMISSIONS_LSOA_BLANK,
        *[f"W0100{n:04d}" for n in rng.integers(1, 1_900, facts.ADMISSIONS_LSOA_WELSH)],
        *["E99999999"] * facts.ADMISSIONS_LSOA_UNKNOWN,
        *rng.choice(places.elsewhere, facts.ADMISSIONS_LSOA_ELSEWHERE),
    ]
    rows = rng.choice(len(table), len(values), replace=False)
    table = table.copy()
    table.loc[rows, "LSOA11"] = values
    return table


def other_cause(places: Places, rng: np.random.Generator) -> pd.DataFrame:
    """Return emergency admissions without an assault, some of them with a knife all the same."""
    table = draw_more(facts.ADMISSIONS_OTHER_CAUSE, places, rng)
    diagnoses = draw_diagnoses(list(rng.choice(OTHER_CAUSES, len(table))), rng)
    return table.assign(**{f"DIAG_0{i + 1}": diagnoses[:, i] for i in range(4)})


def not_emergency(places: Places, rng: np.random.Generator) -> pd.DataFrame:
    """Return violent first episodes that were planned (11–13) or transfers (81)."""
    table = draw_more(facts.ADMISSIONS_NOT_EMERGENCY, places, rng)
    return table.assign(ADMIMETH=rng.choice([11, 12, 13, 81], len(table)))


def later_episode(first: pd.DataFrame, rng: np.random.Generator) -> pd.DataFrame:
    """Return second and third episodes of stays whose first episode is in the file."""
    size = facts.ADMISSIONS_LATER_EPISODE
    # A stay from the last days of a year may go on into the next: admission and episode then
    # disagree about the year, and a count by episode start would be wrong.
    table = first.iloc[rng.choice(len(first), size, replace=False)].copy()
    order = rng.choice([2, 3], size, p=[0.75, 0.25])
    start = table["ADMIDATE"].to_numpy(dtype="datetime64[D]") + rng.integers(1, 4, size) * order
    return table.assign(EPIORDER=order, EPISTART=start.astype(str))


def bad_dates(places: Places, rng: np.random.Generator) -> pd.DataFrame:
    """Return violent first emergency episodes with no usable date, or one outside the years."""
    dates = [*BAD_DATES, *DATES_OUTSIDE]
    return draw_more(len(dates), places, rng).assign(ADMIDATE=dates, EPISTART=dates)


def make_admissions(places: Places, rng: np.random.Generator) -> pd.DataFrame:
    """Return the whole file, sorted by a key that rises with the start of the episode."""
    years = []
    for year in facts.YEARS:
        young, older = facts.ADMISSIONS_UNDER_25[year], facts.ADMISSIONS_25_AND_OVER[year]
        under_25 = rng.permutation(np.repeat([True, False], [young, older]))
        years.append(draw_episodes(year, under_25, places, rng))
    valid = misplace(pd.concat(years, ignore_index=True), places, rng)
    table = pd.concat(
        [
            valid,
            other_cause(places, rng),
            not_emergency(places, rng),
            later_episode(valid, rng),
            bad_dates(places, rng),
        ],
        ignore_index=True,
    )
    table = table.sort_values("EPISTART", kind="stable", ignore_index=True)
    table["EPIKEY"] = 500_000_000_000 + np.cumsum(rng.integers(1, 400, len(table)))
    # Whole rows that came twice, appended as a second delivery would be. Taken from rows with a
    # usable date, so that each row has one reason only to be left out.
    usable = table[table["ADMIDATE"].between("2013-01-01", "2019-12-31")]
    usable = usable[~usable["ADMIDATE"].isin(BAD_DATES)]
    again = usable.iloc[rng.choice(len(usable), facts.ADMISSIONS_REPEATED, replace=False)]
    return pd.concat([table, again], ignore_index=True)[COLUMNS]
