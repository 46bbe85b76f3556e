"""Deprivation by area: the income deprivation affecting children index (IDACI), and others laid out alike."""

from __future__ import annotations

from pathlib import Path
from typing import Final, Literal, get_args

import numpy as np
import pandas as pd

from hotspots.errors import SourceError, list_briefly
from hotspots.model import Deprivation, DeprivationIndex, Identity
from hotspots.sources import _area_rows, _cell_values, _tabular
from hotspots.vocabulary import OPEN

IDACI: Final = "Income Deprivation Affecting Children Index"
MOST_AREAS: Final = 300_000.0
"""That an index can rank: England and Wales have some 190,000 output areas, and nothing smaller is ranked."""

Measure = Literal["score", "rank", "decile"]


def read_deprivation(
    path: Path | str,
    *,
    id_column: str | None = None,
    score_column: str | None = None,
    rank_column: str | None = None,
    decile_column: str | None = None,
    title: str = "IDACI",
    estimated: bool | None = None,
    source: str = "",
    release: str = OPEN,
) -> Deprivation:
    """Return score, rank and decile of every area in the file; what the file does not have is missing.

    Parameters
    ----------
    score_column, rank_column, decile_column
        Needed only where the columns are called neither like ``idaci_score`` nor by the official long names,
        ``Income Deprivation Affecting Children Index (IDACI) Score (rate)`` and so on.
    title
        The index and its edition. Columns are found by the title without the year, then by its first word.
    estimated
        Whether the score was derived and not published. If None, it is where the column's name ends in ``est``.

    Raises
    ------
    SourceError
        If the file or every one of the three columns is missing, several indices share the short name, an area
        appears twice, or a number can't be what it should be: the score of IDACI a share from 0 to 1, ranks from 1,
        deciles from 1 to 10.
    """
    table = _tabular.read_table(path)
    index, whole = _names(title)
    given: dict[Measure, str | None] = {"score": score_column, "rank": rank_column, "decile": decile_column}
    chosen = {measure: _find(table, measure, names=(whole, index), given=column) for measure, column in given.items()}
    if not any(chosen.values()):
        raise SourceError(
            f"{table.path} has no score, rank or decile of {index}.",
            found=f"columns {list_briefly(table.frame.columns, 40)}",
            advice="name them with score_column, rank_column and decile_column",
        )
    areas = _area_rows.find_area_codes(table, id_column)
    columns = {measure: _measure(table, measure, column, index=index) for measure, column in chosen.items()}
    values = pd.DataFrame(columns).set_axis(areas.as_index)
    score = chosen["score"]
    by_name = score is not None and _tabular.fold(score).endswith(("est", "estimated", "estimate"))
    return Deprivation(
        values,
        vintage=areas.vintage,
        estimated=by_name if estimated is None else estimated,
        columns={measure: column for measure, column in chosen.items() if column is not None},
        index=_which_index(title),
        identity=Identity(release=release, title=title, sources=(source,)),
    )


def _names(title: str) -> tuple[str, str]:
    """Return an index's short name, and its whole title without the edition."""
    words = [word for word in title.split() if not word.isdecimal()] or ["IDACI"]
    whole = " ".join(words)
    return "IDACI" if _tabular.fold(whole).startswith(_tabular.fold(IDACI)) else words[0], whole


def _which_index(title: str) -> DeprivationIndex:
    """Return which index a title names, by its short or its whole name."""
    named = {_tabular.fold(word) for word in (*title.split(), _names(title)[0])}
    known: tuple[DeprivationIndex, ...] = ("idaci", "wimd", "imd")
    return next((index for index in known if index in named), "other")


def _find(table: _tabular.TextTable, measure: Measure, *, names: tuple[str, str], given: str | None) -> str | None:
    """Return the column named, or else the shortest with the measure and the index: its whole title or short name.

    Raises
    ------
    SourceError
        If columns of different indices share the short name.
    """
    if given is not None:
        return _need_measure(table.need(given, option=f"{measure}_column"), measure)
    columns = {str(c): _tabular.fold(c) for c in table.frame.columns if measure in _tabular.fold(c)}
    for name in names:
        candidates = sorted((c for c, folded in columns.items() if _tabular.fold(name) in folded), key=len)
        # A longer name that begins alike is of the same index: idaci_score_est.
        if any(not columns[other].startswith(columns[candidates[0]]) for other in candidates):
            raise SourceError(
                f"Which {measure} of {name} is meant?",
                found=f"columns {list_briefly(map(repr, candidates), 12)} of {table.path}",
                advice=f"name it with {measure}_column",
            )
        if candidates:
            return candidates[0]
    return None


def _need_measure(column: str, measure: Measure) -> str:
    """Return a column given for a measure, or stop where its name has the word of another measure."""
    folded = _tabular.fold(column)
    in_name = [word for word in get_args(Measure) if word in folded]
    if in_name and measure not in in_name:
        raise SourceError(
            f"The column {column!r} is given as the {measure}, but its name says {in_name[0]}.",
            found=f"{measure}_column = {column!r}",
            advice=f"name the column of the {measure}, or leave {measure}_column out",
        )
    return column


def _measure(table: _tabular.TextTable, measure: Measure, column: str | None, *, index: str) -> pd.Series:
    """Return one column as numbers within what is possible."""
    if column is None:
        return pd.Series(np.nan, index=table.frame.index)
    values = _cell_values.to_number(table.frame[table.need_one(column)], path=table.path).values
    most = {"score": 1.0 if _tabular.fold(index) == "idaci" else np.inf, "rank": MOST_AREAS, "decile": 10.0}[measure]
    least = 0.0 if measure == "score" else 1.0
    whole = measure != "score"
    odd = values[(values < least) | (values > most) | (whole & (values % 1 != 0) & values.notna())]
    if len(odd):
        upper = "" if np.isinf(most) else f" to {most:,.0f}"
        raise SourceError(
            f"{table.frame[column][odd.index[0]]} is not a {measure} of {index}.",
            found=f"column {column!r}, row {odd.index[0]} of {table.path}; {len(odd):,} such cells",
            advice=f"a {measure} is {'a whole number ' if whole else ''}from {least:,.0f}{upper}"
            f"{' (a share, not a percentage)' if measure == 'score' else ''}",
        )
    return values
