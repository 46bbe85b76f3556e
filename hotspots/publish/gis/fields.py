"""What fields are called and which types they have: short, no word of SQL, the same whatever the data are.

Databases and shapefiles ask for it: a name of SQL must be quoted in every query, and a shapefile cuts names after ten
characters. A name of the model that breaks one of these rules has another one here; all others are kept.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Final, TypeVar

import numpy as np
import pandas as pd

from hotspots.vocabulary import AGREEMENT_TITLES

if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = ["LONGEST_NAME", "as_fields", "field_name", "named_for_gis"]

Described = TypeVar("Described")

LONGEST_NAME: Final = 31
"""Characters of a field's name."""

FIELD_NAMES: Final[Mapping[str, str]] = {
    "class": "map_class",
    "null": "null_model",
    "low": "n_low",
    "high": "n_high",
    "type": "kind_of_school",
    "start": "first_day",
    "end": "last_day",
    "p_adjusted_low": "p_adj_low",
    "p_adjusted_high": "p_adj_high",
    "statistic_low": "stat_low",
    "statistic_high": "stat_high",
    "ratio_low_95": "rt_lo_95",
    "ratio_high_95": "rt_hi_95",
    "limit_low_95": "lim_lo_95",
    "limit_high_95": "lim_hi_95",
    "limit_low_998": "lim_lo_998",
    "limit_high_998": "lim_hi_998",
}
"""Name in the model → name in a GIS, where they differ."""

TEXT: Final = frozenset({"area_id", "area_la_code", "la_code", "la_codes", "la_name", "name", "school_id"}) | {
    *("certainty", "class", "hot_without_largest", "kind", "label", "marks", "null", "quadrant", "reason", "words"),
    *("phase", "type", "status", "linked", "predecessors", "class_catchment", "class_rank", "holds"),
    *("rate_class", "area_ids", "decided_by", *AGREEMENT_TITLES, "start", "end"),
    *("hotspot", "source", "subject", "period", "overlaps", "place", "topic", "item", "detail"),
    *("gi", "cert", "differs", "hs", "lm", "lm_cert", "stab", "agree", "why"),
}
YES_OR_NO: Final = frozenset({"rate_differs", "alive"})
WHOLE: Final = frozenset(
    {"cluster", "contour_id", "neighbours", "years", "hidden_years", "idaci_rank", "idaci_decile", "idaci_dec", "areas"}
    | {"variants", "methods", "hot_methods", "periods", "gi_bin"}
)
COUNTED: Final = frozenset(
    {"observed_low", "observed_high", "window_low", "window_high", "low", "high", "n_lo", "n_hi", "population"}
    | {"people", "pupils"}
)
"""Whole numbers, unless a source has fractions of an event or a person (a share of a former area's, a weight)."""


def field_name(column: str) -> str:
    """Return the name of a field for a column of the model.

    Examples
    --------
    >>> field_name("null"), field_name("observed_low")
    ('null_model', 'observed_low')
    """
    return FIELD_NAMES.get(column, column)


def named_for_gis(columns: Mapping[str, Described]) -> dict[str, Described]:
    """Return what is known by column under the names of fields."""
    return {field_name(column): what for column, what in columns.items()}


def as_fields(table: pd.DataFrame, columns: Iterable[str], *, ends: Iterable[object] = ()) -> pd.DataFrame:
    """Return columns in order under the names of fields: text, whole or real numbers, yes or no; gaps as missing.

    Parameters
    ----------
    table
        With all of `columns`.
    columns
        Names in the model.
    ends
        Letters or numbers of sources that stand at the end of a column, as in ``n_lo_a``.
    """
    marks = tuple(f"_{end}" for end in ends)
    plain = {}
    for column in columns:
        end = next((mark for mark in marks if column.endswith(mark)), "")
        plain[field_name(column)] = _typed(table[column].reset_index(drop=True), column.removesuffix(end))
    return pd.DataFrame(plain)


def _typed(values: pd.Series, column: str) -> pd.Series:
    if column in TEXT:
        text = values.astype(object)
        # An empty text says no more than a missing one.
        known = text.notna() & (text != "")
        return pd.Series([str(v) if k else None for v, k in zip(text, known, strict=True)], dtype=object)
    if column in YES_OR_NO:
        answers: dict[Any, bool] = {"yes": True, "no": False, True: True, False: False}
        return values.astype(object).map(answers).astype("boolean")
    if column in WHOLE:
        return values.astype("Float64").astype("Int64")
    numbers = pd.Series(values.to_numpy(dtype=float, na_value=np.nan))
    if column in COUNTED and bool((numbers.dropna() % 1 == 0).all()):
        return numbers.astype("Int64")
    return numbers
