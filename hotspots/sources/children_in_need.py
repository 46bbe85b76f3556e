"""Children in need: factors identified at the end of assessment, by authority."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path
from typing import Final

import pandas as pd

from hotspots.errors import SourceError, list_briefly
from hotspots.model import Factors, Identity, Note, Period
from hotspots.sources import _cell_values, _tabular
from hotspots.vocabulary import OPEN

MARKS: Final = {
    "c": "suppressed",
    "x": "not collected",
    "z": "not applicable",
    ":": "not available",
    ".": "not applicable",
    "u": "low reliability",
    "k": "rounds to zero",
    "low": "rounds to zero",
}
"""The key of this file only: in exclusions ``x`` is something else."""

ASSESSMENTS: Final = "Episodes_with_assessment_factor"
NOT_FACTORS: Final = (
    "time_period",
    "time_identifier",
    "geographic_level",
    "country_code",
    "country_name",
    "region_code",
    "region_name",
    "old_la_code",
    "new_la_code",
    "la_name",
    "category",
    ASSESSMENTS,
)
WHO: Final = ("child_on_child", "adult_on_child", "child", "parent", "person", "unknown")
"""How the names of factors end: whom the factor is about."""
ONE_ROW: Final = "keep one row for each authority and year"

RATE: Final = re.compile(r"(^|[_ ])(rate|per|percent|percentage|pct)([_ ]|$)|%", re.I)
"""In the names of columns that are worked out from others."""


def read_factors(
    path: Path | str,
    *,
    year: int,
    authorities: Sequence[str] | None = None,
    source: str = "Department for Education: characteristics of children in need",
    release: str = OPEN,
) -> Factors:
    """Return how often each factor was recorded, one row per authority and factor.

    One assessment can have several factors, and authorities differ in how many they record: a difference in
    practice is not a difference in need. Compare with factors per assessment beside it.

    Parameters
    ----------
    year
        The year in which the reporting year ends: 2019 is the year to 31 March 2019.
    authorities
        Codes to keep; all of the file if None. One without a row is named in the notes.

    Raises
    ------
    SourceError
        If the file, a column, the year or every one of the authorities is missing, a cell is neither a number
        nor a mark, or a factor was recorded in more episodes than there are.
    """
    table = _tabular.read_table(path)
    code = table.need("new_la_code", "la_code", what="the code of the authority")
    name = table.need("la_name", what="the name of the authority")
    assessments = table.need(ASSESSMENTS, what="assessments with a factor")
    frame = _choose_rows(table, code, year)
    missing: list[str] = []
    if authorities is not None:
        missing = sorted(set(authorities) - set(frame[code]))
        known = list_briefly(sorted(frame[code].unique()), 12)
        frame = frame[frame[code].isin(list(authorities))]
        if frame.empty:
            raise SourceError(
                f"{table.path} has none of the study's authorities in {year}.",
                found=f"authorities {known}",
                advice="use a file with these authorities",
            )
    apart = {_tabular.fold(one) for one in (*NOT_FACTORS, code, name, assessments)}
    others = [str(column) for column in frame.columns if _tabular.fold(column) not in apart]
    rates = [column for column in others if RATE.search(column)]
    factors = [column for column in others if column not in rates]
    if not factors:
        raise SourceError(
            f"{table.path} has no column of a factor.",
            found=f"columns {list_briefly(frame.columns, 40)}",
            advice="use the table of factors identified at the end of assessment",
        )
    totals = _cell_values.to_number(
        frame[assessments], _cell_values.with_brackets(MARKS), path=table.path, kind="count"
    ).values
    parts = [_one_factor(table, frame, factor, code=code, name=name, totals=totals) for factor in factors]
    long = pd.concat(parts, ignore_index=True).sort_values(["la_code"], kind="stable", ignore_index=True)
    notes = [*table.notes, *_notes(long)]
    if rates:
        which = list_briefly(rates)
        notes.append(Note(f"Columns of rates are not factors: {which}.", of="publication", numbers=(which,)))
    if missing:
        which = list_briefly(missing)
        notes.append(Note(f"No row for {which}.", of="publication", numbers=(which,)))
    period = Period.read(f"{year - 1}/{year % 100:02d}")
    return Factors(long, identity=Identity(release=release, sources=(source,), period=period, notes=tuple(notes)))


def _choose_rows(table: _tabular.TextTable, code: str, year: int) -> pd.DataFrame:
    """Return the rows of authorities (not of regions or the country) in one year."""
    frame = table.frame[table.frame[code] != ""]
    level = table.find("geographic_level")
    if level is not None:
        frame = frame[frame[level].str.casefold() == "local authority"]
    years = _cell_values.to_years(frame[table.need("time_period", "year")], path=table.path, ending=True)
    known = sorted({int(one) for one in years.dropna()})
    if year not in known:
        raise SourceError(
            f"{table.path} has no authorities in {year}.",
            found=f"years {list_briefly(known, 20)}",
            advice="name one of them with year",
        )
    frame = frame[years == year]
    problem = f"Authority {{!r}} has two rows of {year}."
    _tabular.need_distinct(frame, (code,), path=table.path, problem=problem, advice=ONE_ROW)
    return frame


def _one_factor(
    table: _tabular.TextTable, frame: pd.DataFrame, factor: str, *, code: str, name: str, totals: pd.Series
) -> pd.DataFrame:
    cells = frame[table.need_one(factor)]
    numbers = _cell_values.to_number(cells, _cell_values.with_brackets(MARKS), path=table.path, kind="count")
    odd = cells[numbers.values > totals]
    if len(odd):
        raise SourceError(
            f"The factor {word_factor(factor)!r} has {odd.iloc[0]!r} episodes, more than there are with any factor.",
            found=f"{totals[odd.index[0]]:,.0f} with a factor; column {factor!r}, row {odd.index[0]} of {table.path}; "
            f"{len(odd):,} such cells",
            advice="correct the cell: a factor counts once in an episode",
        )
    return pd.DataFrame(
        {
            "la_code": frame[code].astype(object),
            "la_name": frame[name].astype(object),
            "factor": word_factor(factor),
            "mentions": numbers.values,
            "mark": cells.str.strip("[]").where(numbers.values.isna(), "").astype(object),
            "assessments": totals,
        }
    )


def word_factor(column: str) -> str:
    """Return the name of a factor in words.

    Examples
    --------
    >>> word_factor("Alcohol_Misuse_parent"), word_factor("Child_sexual_exploitation")
    ('Alcohol misuse (parent)', 'Child sexual exploitation')
    """
    ending = re.fullmatch(rf"(.+?)_({'|'.join(WHO)})", column)
    plain = (ending[1] if ending else column).replace("_", " ").strip().lower()
    words = plain[:1].upper() + plain[1:]
    return f"{words} ({ending[2].replace('_', ' ')})" if ending else words


def _notes(long: pd.DataFrame) -> list[Note]:
    """Return a sentence for every mark in the table."""
    counts = long.loc[long["mark"] != "", "mark"].value_counts().sort_index()
    return [
        Note(
            f"{number:,} numbers are missing: {MARKS[str(mark)]} ({mark}).",
            of="publication",
            numbers=(int(number), str(mark)),
        )
        for mark, number in counts.items()
    ]


def read_all_factors(
    path: Path | str,
    *,
    years: tuple[int, int] | None = None,
    authorities: Sequence[str] | None = None,
    source: str = "Department for Education: characteristics of children in need",
    release: str = OPEN,
) -> tuple[Factors, ...]:
    """Return the factors of every year in the file, the oldest first; see `read_factors`.

    Not every factor was asked for in every year: compare the number of kinds as well.

    Parameters
    ----------
    years
        First and last year, each by the year in which its reporting year ends; all of the file if None.

    Raises
    ------
    SourceError
        As `read_factors`; and if the file has none of the years.
    """
    table = _tabular.read_table(path)
    years_of_rows = _cell_values.to_years(table.frame[table.need("time_period", "year")], path=table.path, ending=True)
    known = sorted({int(year) for year in years_of_rows.dropna()})
    first, last = years or (known[0], known[-1]) if known else (0, 0)
    wanted = [year for year in known if first <= year <= last]
    if not wanted:
        raise SourceError(
            f"{table.path} has none of the years {first} to {last}.",
            found=f"years {list_briefly(known, 20)}",
            advice="give the year in which each reporting year ends: 2019 is 2018/19",
        )
    return tuple(
        read_factors(path, year=year, authorities=authorities, source=source, release=release) for year in wanted
    )


EPISODES: Final = {
    "started": ("Started_episodes", "Episodes starting in the year"),
    "ended": ("Ended_episodes", "Episodes ending in the year"),
    "any_point": ("Anypoint_episodes", "Episodes at any point in the year"),
    "children": ("Anypoint_child", "Children at any point in the year"),
}
"""Column here → what the Department for Education calls it."""


def read_episodes(path: Path | str, *, authorities: Sequence[str] | None = None) -> pd.DataFrame:
    """Return how many episodes of need there were, by authority and year, to hold the factors against.

    Returns
    -------
    DataFrame
        Columns `la_code`, `period` (``2018/19``), `started`, `ended`, `any_point` (episodes) and `children` (at any
        point in the year); missing where the file has a mark instead.

    Raises
    ------
    SourceError
        If the file or a column is missing, a cell is neither a number nor a mark, or an authority has two rows of a
        year.
    """
    table = _tabular.read_table(path)
    code = table.need("new_la_code", "la_code", what="the code of the authority")
    frame = table.frame[table.frame[code] != ""]
    if authorities is not None:
        frame = frame[frame[code].isin(list(authorities))]
    years = _cell_values.to_years(frame[table.need("time_period", "year")], path=table.path, ending=True)
    episodes = pd.DataFrame(
        {
            "la_code": frame[code].astype(object),
            "period": [f"{year - 1:.0f}/{year % 100:02.0f}" for year in years],
        }
    )
    marks = _cell_values.with_brackets(MARKS)
    for name, titles in EPISODES.items():
        episodes[name] = _cell_values.to_number(frame[table.need(*titles)], marks, path=table.path, kind="count").values
    problem = "Authority {!r} has two rows of {}."
    _tabular.need_distinct(episodes, ("la_code", "period"), path=table.path, problem=problem, advice=ONE_ROW)
    return episodes.reset_index(drop=True)
