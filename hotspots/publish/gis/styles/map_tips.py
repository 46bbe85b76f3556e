"""QGIS expressions that put a row into words: for map tips and for the name a row goes by."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

__all__ = ["chance", "in_words", "interval", "map_tip", "markup", "number", "percent", "where_said"]

UNKNOWN = "'not known'"


def _literal(text: str) -> str:
    """Return text as a literal of an expression."""
    escaped = text.replace("\\", "\\\\").replace("'", "''")
    return f"'{escaped}'"


def in_words(column: str, words: Mapping[str, str]) -> str:
    """Return the expression that puts a column's keys into words.

    Examples
    --------
    >>> print(in_words("class", {"hot": "Hot"}))
    CASE WHEN "class" = 'hot' THEN 'Hot' ELSE coalesce("class", 'not known') END
    """
    whens = " ".join(f'WHEN "{column}" = {_literal(key)} THEN {_literal(label)}' for key, label in words.items())
    return f'CASE {whens} ELSE coalesce("{column}", {UNKNOWN}) END'


def number(column: str, places: int) -> str:
    """Return the expression that writes a number."""
    return f'coalesce(format_number("{column}", {places}), {UNKNOWN})'


def percent(column: str, places: int) -> str:
    """Return the expression that writes a share (0 to 1) in per cent."""
    return f"coalesce(format_number(100 * \"{column}\", {places}) || '%', {UNKNOWN})"


def interval(low: str, high: str, places: int) -> str:
    """Return the expression that writes an interval: one number where both ends are the same."""
    first, last = (f'format_number("{column}", {places})' for column in (low, high))
    return (
        f'CASE WHEN "{low}" IS NULL OR "{high}" IS NULL THEN {UNKNOWN} '
        f'WHEN "{low}" = "{high}" THEN {first} ELSE {first} || \' to \' || {last} END'
    )


def chance(low: str, high: str) -> str:
    """Return the expression that writes a p-value, or the interval it lies in; it never writes 0."""
    return f"CASE WHEN \"{high}\" < 0.0001 THEN 'below 0.0001' ELSE {interval(low, high, 4)} END"


def markup(column: str) -> str:
    """Return the expression that writes a text column into HTML: a name may hold an ampersand."""
    return f"replace(replace(coalesce(\"{column}\", ''), '&', '&amp;'), '<', '&lt;')"


def where_said(column: str) -> str:
    """Return the expression that writes a text column on a line of its own, and nothing where it is empty."""
    return f"CASE WHEN coalesce(\"{column}\", '') <> '' THEN '<br/>' || {markup(column)} ELSE '' END"


def map_tip(heading: str, place: str, lines: Sequence[tuple[str, str]], *, reason: str = "", mark: str = "") -> str:
    """Return the HTML shown when the pointer rests on a row.

    Parameters
    ----------
    heading, place
        Expressions for the first line, in bold, and the second.
    lines
        Words and expression of every further line.
    reason
        A column that stands last where it is not empty.
    mark
        Words that stand below it all.
    """
    rows = "".join(f"<br/>{words}: [% {expression} %]" for words, expression in lines)
    why = f"[% {where_said(reason)} %]" if reason else ""
    note = f"<br/><i>{mark}</i>" if mark else ""
    return f"<b>[% {heading} %]</b><br/>[% {place} %]{rows}{why}{note}"
