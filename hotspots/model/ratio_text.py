"""Ratios as changes in words, from the rounded numbers only: near-equal results read the same."""

from __future__ import annotations

__all__ = ["change_words", "interval_words"]

NONE = "no more and no fewer"


def _percent(ratio: float) -> int:
    return round(100 * (ratio - 1))


def change_words(ratio: float) -> str:
    """Return a ratio as a change.

    Examples
    --------
    >>> change_words(1.15), change_words(0.8), change_words(1.002)
    ('15% more', '20% fewer', 'no more and no fewer')
    """
    percent = _percent(ratio)
    if percent == 0:
        return NONE
    return f"{abs(percent):,}% {'more' if percent > 0 else 'fewer'}"


def interval_words(low: float, high: float) -> str:
    """Return the limits of a ratio, that nearer to none first; and where none lies inside, or at the edge.

    Examples
    --------
    >>> interval_words(1.1, 1.5), interval_words(0.7, 0.95)
    ('10 to 50% more', '5 to 30% fewer')
    >>> interval_words(0.998, 1.33) == interval_words(1.001, 1.33)
    True
    >>> interval_words(1.001, 1.33)
    '0 to 33% more, borderline'
    >>> interval_words(0.9, 1.33)
    '10% fewer to 33% more, compatible with no difference'
    """
    first, last = _percent(low), _percent(high)
    if first == last:
        return change_words(low)
    if first < 0 < last:
        said = f"{change_words(low)} to {change_words(high)}"
    elif first >= 0:
        said = f"{first:,} to {last:,}% more"
    else:
        said = f"{-last:,} to {-first:,}% fewer"
    if 0 in (first, last):  # a hair on either side of none is no other finding
        return f"{said}, borderline"
    return f"{said}, compatible with no difference" if first < 0 < last else said
