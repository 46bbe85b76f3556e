"""What every noun is checked for when it is made, and before it is written."""

from __future__ import annotations

from collections.abc import Iterable
from types import MappingProxyType
from typing import Any

import numpy as np
import pandas as pd

from hotspots.errors import AnalysisError, DisclosureError, list_briefly
from hotspots.vocabulary import UNRELEASED


def freeze(noun: object, name: str, value: object) -> None:
    """Set a field of a frozen noun while it is being made."""
    object.__setattr__(noun, name, value)


def freeze_mapping(noun: object, name: str) -> None:
    """Replace a mapping by a read-only copy while the noun is being made."""
    freeze(noun, name, MappingProxyType(dict(getattr(noun, name))))


def text_ids(index: pd.Index) -> pd.Index:
    """Return ids as text under the name `area_id`, whatever they were.

    Examples
    --------
    >>> text_ids(pd.Index([7, "E01000001"])).tolist()
    ['7', 'E01000001']
    """
    # An array of objects first: pandas takes ten times as long to step through text that Arrow holds.
    return pd.Index([str(value) for value in index.to_numpy(dtype=object)], name="area_id", dtype=object)


def need_columns(table: pd.DataFrame, columns: Iterable[str], what: str) -> None:
    """Raise AnalysisError naming the first column that is not there."""
    missing = [column for column in columns if column not in table.columns]
    if missing:
        raise AnalysisError(
            f"{what} needs the column {missing[0]!r}.",
            found=f"columns {list_briefly(table.columns, 12)}",
            advice="rename or add the column",
        )


def need_unique(index: pd.Index, what: str) -> None:
    """Raise AnalysisError naming the first id that stands twice."""
    twice = index[index.duplicated()]
    if len(twice):
        raise AnalysisError(
            f"Two {what} share the id {twice[0]!r}.",
            found=f"{twice.nunique():,} ids stand more than once: {list_briefly(twice.unique())}",
            advice="remove the duplicates, or name another column as the id",
        )


def need_interval(table: pd.DataFrame, low: str, high: str, what: str) -> None:
    """Raise AnalysisError naming the first row whose bounds are negative, crossed, or half missing."""
    endless = np.isinf(table[[low, high]].to_numpy(dtype=float)).any(axis=1)
    half = table[low].isna() != table[high].isna()
    wrong = table.index[((table[low] > table[high]) | (table[low] < 0) | half).to_numpy(dtype=bool) | endless]
    if len(wrong):
        row = table.loc[wrong[0]]
        raise AnalysisError(
            f"{what} {wrong[0]!r} has an impossible interval {row[low]} to {row[high]}.",
            found=f"{len(wrong):,} such rows",
            advice="counts are at least 0, and the lower bound is at most the upper",
        )


def need_level(level: float) -> None:
    """Raise AnalysisError if a level of significance is not between 0 and 1."""
    if not (isinstance(level, int | float) and 0 < level < 1):
        raise AnalysisError(
            "A level of significance is between 0 and 1.", found=f"level {level!r}", advice="0.05, or a smaller one"
        )


def need_released(noun: Any, where: str) -> None:
    """Stop a noun that holds true counts of people from being written.

    Raises
    ------
    DisclosureError
        If its release mark is `unreleased`.
    """
    if noun.release == UNRELEASED:
        what = getattr(noun, "title", type(noun).__name__)
        raise DisclosureError(
            f"{where} would publish unprotected counts: {what}.",
            found=f"{type(noun).__name__} with the release mark {UNRELEASED!r}",
            advice="protect the counts first (hotspots.protect), or mark the source open or invented if it is",
        )
