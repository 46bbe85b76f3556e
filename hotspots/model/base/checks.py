"""Checks of every type of the model, when it is made and before it is written."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterable
from functools import wraps
from inspect import Parameter, signature
from types import MappingProxyType
from typing import Any, ParamSpec, TypeVar

import numpy as np
import pandas as pd

from hotspots.errors import AnalysisError, DisclosureError, list_briefly
from hotspots.vocabulary import UNRELEASED


def freeze(instance: object, name: str, value: object) -> None:
    """Set a field of a frozen object while it is being made."""
    object.__setattr__(instance, name, value)


def freeze_mapping(instance: object, name: str) -> None:
    """Replace a mapping by a read-only copy while the object is being made."""
    freeze(instance, name, MappingProxyType(dict(getattr(instance, name))))


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
    """Raise AnalysisError naming the first id that appears twice."""
    twice = index[index.duplicated()]
    if len(twice):
        raise AnalysisError(
            f"Two {what} share the id {twice[0]!r}.",
            found=f"{twice.nunique():,} ids appear more than once: {list_briefly(twice.unique())}",
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


def need_released(instance: Any, where: str) -> None:
    """Raise an error before unprotected counts of people are written.

    Raises
    ------
    DisclosureError
        If its release mark is `unreleased`.
    """
    if instance.release == UNRELEASED:
        what = getattr(instance, "title", type(instance).__name__)
        raise DisclosureError(
            f"{where} would publish unprotected counts: {what}.",
            found=f"{type(instance).__name__} with the release mark {UNRELEASED!r}",
            advice="protect the counts first (hotspots.protect), or mark the source open or invented if it is",
        )


# Arguments that have a new name: calls with the old one are accepted for one version, and warned of.

Arguments = ParamSpec("Arguments")
Returned = TypeVar("Returned")


def renamed_arguments(
    third: str = "", /, **new_names: str
) -> Callable[[Callable[Arguments, Returned]], Callable[Arguments, Returned]]:
    """Return a decorator that accepts how a function was called one version ago, with a FutureWarning.

    Parameters
    ----------
    third
        The argument that could be given by position after the others, and is given by keyword now.
    new_names
        Old keyword → new keyword.

    Examples
    --------
    >>> @renamed_arguments(least="minimum_events")
    ... def smooth(counts, *, minimum_events=10):
    ...     return minimum_events
    >>> smooth([1, 2], minimum_events=5)
    5
    """

    def decorate(function: Callable[Arguments, Returned]) -> Callable[Arguments, Returned]:
        kinds = [parameter.kind for parameter in signature(function).parameters.values()]
        by_position = kinds.count(Parameter.POSITIONAL_OR_KEYWORD)
        name = function.__name__

        @wraps(function)
        def call(*args: Any, **kwargs: Any) -> Any:
            if third and len(args) == by_position + 1:
                _warn(f"{name}() takes {third}= by keyword")
                _give(name, kwargs, third, args[-1], f"by position and as {third}=")
                args = args[:-1]
            for old, new in new_names.items():
                if old in kwargs:
                    _warn(f"{name}({old}=) is now {name}({new}=)")
                    _give(name, kwargs, new, kwargs.pop(old), f"{old}= and {new}=")
            return function(*args, **kwargs)

        return call

    return decorate


def _warn(words: str) -> None:
    """Warn the caller of the function about an old name."""
    warnings.warn(f"{words}; the old way works in this version only.", FutureWarning, stacklevel=3)


def _give(function: str, kwargs: dict[str, Any], new: str, value: Any, both: str) -> None:
    if new in kwargs:
        raise TypeError(f"{function}() got both {both}, which are the same argument")
    kwargs[new] = value
