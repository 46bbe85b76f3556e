"""How a noun shows itself in a notebook: title, period, some numbers, and the first rows of its table."""

from __future__ import annotations

from collections.abc import Mapping
from html import escape
from typing import Any, Final

import pandas as pd

from hotspots.vocabulary import UNRELEASED

ROWS: Final = 5
COLUMNS: Final = 12


def as_html(noun: Any, numbers: Mapping[str, object], table: pd.DataFrame | None) -> str:
    """Return a noun as HTML, with nothing in it that a file could not hold.

    Of unreleased records only the title and the number of rows are shown.

    Parameters
    ----------
    noun
        With `release`, and where it has them `title` and `period`.
    numbers
        Label → number or words, under the title.
    table
        What its first rows are shown of; geometry is left out.
    """
    title = f"<h4>{escape(': '.join(filter(None, (type(noun).__name__, getattr(noun, 'title', '')))))}</h4>"
    if noun.release == UNRELEASED:
        rows = noun.values.size if table is None else len(table)
        what = "cells" if table is None else "rows"
        return f"{title}<p>{rows:,} {what}, not released: protect the counts first (hotspots.protect).</p>"
    period = getattr(noun, "period", "")
    facts = ({"Period": period} if period else {}) | dict(numbers) | {"Release": noun.release}
    listed = "".join(f"<dt>{escape(label)}</dt><dd>{escape(_shown(value))}</dd>" for label, value in facts.items())
    return f"{title}<dl>{listed}</dl>{'' if table is None else _first_rows(table)}"


def between(low: float, high: float) -> str:
    """Return an interval as text; a number where both ends are the same.

    Examples
    --------
    >>> between(1200, 1200), between(1, 7)
    ('1,200', '1 to 7')
    """
    return _shown(low) if low == high else f"{_shown(low)} to {_shown(high)}"


def _shown(value: object) -> str:
    if isinstance(value, float):
        return f"{value:,.6g}" if abs(value) < 1e6 else f"{value:,.0f}"
    return f"{value:,}" if isinstance(value, int) else str(value)


def _first_rows(table: pd.DataFrame) -> str:
    """Return the first rows of a table as HTML, which pandas escapes, and how many there are."""
    plain = pd.DataFrame(table.drop(columns="geometry", errors="ignore"))
    rows = plain.head(ROWS).to_html(max_cols=COLUMNS, border=0)
    return f"{rows}<p>first {min(ROWS, len(plain))} of {len(plain):,} rows</p>"
