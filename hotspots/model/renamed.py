"""Arguments that have a new name: calls with the old one are accepted for one version, and warned of."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from functools import wraps
from inspect import Parameter, signature
from typing import Any, ParamSpec, TypeVar

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
    """Warn whoever called the function of an old name."""
    warnings.warn(f"{words}; the old way works in this version only.", FutureWarning, stacklevel=3)


def _give(function: str, kwargs: dict[str, Any], new: str, value: Any, both: str) -> None:
    if new in kwargs:
        raise TypeError(f"{function}() got both {both}, which are the same argument")
    kwargs[new] = value
