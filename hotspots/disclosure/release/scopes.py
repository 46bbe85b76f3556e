"""Which records a published number counts, and the finest cells that several such numbers tell apart."""

from __future__ import annotations

import itertools
import operator
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final, Literal, get_args

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from numpy.typing import NDArray

__all__ = [
    "ALL_MONTHS",
    "Correction",
    "Scope",
    "differences",
    "finest_cells",
    "likely_cells",
    "linked",
    "months_in_words",
    "position_of",
    "readings",
    "single_cells",
]

_OLDEST: Final = 999
"""An age above all: a group without an upper limit ends here."""
_OLD: Final = 120
"""An age that no one has passed."""
ALL_MONTHS: Final = 12 * 1900, 12 * 2100 + 11
"""First and last month of all dates; others are taken for errors."""
_HARDLY_ANYONE: Final = 105
"""Hardly anyone is older: a group of ages that ends above is taken to have everyone."""


Correction = tuple[int, int, int]
"""First and last month in which records were corrected, and the number of the first entry of the ledger since then."""
Reading = Literal["anything", "nothing", "added", "removed"]
"""What a reader takes to have happened to the records of a corrected month."""
_PRESENT: Final[dict[Reading, Callable[[int, int], bool]]] = {
    "anything": operator.eq,
    "nothing": lambda record, table: True,
    "added": operator.le,
    "removed": operator.ge,
}
"""Whether a table counts a record of a month, given after how many corrections it was there (was added, was there last)
and after how many the table was made."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Scope:
    """Which records of a source a number counts.

    Parameters
    ----------
    months
        First and last month, each as 12 × year + month − 1.
    undated
        Whether records without a date are counted too, and there are some.
    ages
        Youngest and oldest age in years; None for everyone, including records without an age.
    ages_known
        Whether no record that is counted lacks an age, which readers may know.
    kinds
        The kinds of record that are counted, as ``family=value``, e.g. ``knife=yes``; none for all of them. A record
        has one value of a family, and must have one of those that are named.
    corrections
        Corrections of these records before they were counted; see `corrected`.
    reading
        What is taken to have happened to records of other tables, before or after these corrections.

    Examples
    --------
    >>> Scope.of_years(2017, 2018).months
    (24204, 24227)
    """

    months: tuple[int, int]
    undated: bool = False
    ages: tuple[int, int] | None = None
    ages_known: bool = False
    kinds: tuple[str, ...] = ()
    corrections: tuple[Correction, ...] = ()
    reading: Reading = "nothing"

    @classmethod
    def of_years(cls, first: int, last: int, **others: object) -> Scope:
        """Return the scope of whole calendar years."""
        return cls(months=(12 * first, 12 * last + 11), **others)  # type: ignore[arg-type]

    @property
    def words(self) -> str:
        """The scope in words, e.g. 2017-01 to 2018-12, ages 0 to 24."""
        ages = "" if self.ages is None else f", ages {self.ages[0]} to {self.ages[1]}"
        kinds = f", {' and '.join(self.kinds)}" if self.kinds else ""
        return f"{months_in_words(*self.months)}{ages}{kinds}"

    def corrected(self, corrections: Iterable[Correction]) -> Scope:
        """Return the scope of a table that counts the records after some corrections; others are of other months."""
        own = (one for one in corrections if one[0] <= self.months[1] and one[1] >= self.months[0])
        return replace(self, corrections=tuple(own))

    def overlaps(self, other: Scope) -> bool:
        """Return whether there can be a record that both count."""
        return bool(finest_cells([self, other]).all(axis=0).any())


def months_in_words(first: int, last: int) -> str:
    """Return months in words.

    Examples
    --------
    >>> months_in_words(24204, 24215), months_in_words(24204, 24204), months_in_words(*ALL_MONTHS)
    ('2017-01 to 2017-12', '2017-01', 'all months')
    """
    if (first, last) == ALL_MONTHS:
        return "all months"
    words = [f"{month // 12}-{month % 12 + 1:02d}" for month in (first, last)]
    return " to ".join(dict.fromkeys(words))


def finest_cells(scopes: Sequence[Scope]) -> NDArray[np.bool_]:
    """Return which of the finest cells each scope consists of; shape (scopes, cells), each column once.

    Records of which the scopes count the same belong to one cell. Kinds of different families may overlap in any way.

    Examples
    --------
    Two years and the second of them make two cells.

    >>> finest_cells([Scope.of_years(2017, 2018), Scope.of_years(2018, 2018)]).astype(int)
    array([[1, 1],
           [0, 1]])
    """
    return np.array(list(_cells(scopes)), dtype=bool).reshape(-1, len(scopes)).T


def likely_cells(scopes: Sequence[Scope]) -> NDArray[np.bool_]:
    """Return which of the finest cells have records of a known age and date; others are as good as empty.

    A reader may take it that everyone is either under 25 or 25 and over.
    """
    return np.array(list(_cells(scopes).values()), dtype=bool)


def _cells(scopes: Sequence[Scope]) -> dict[tuple[bool, ...], bool]:
    """Return each cell, as which scopes count it, and whether its records have a known age and date."""
    found: dict[tuple[bool, ...], bool] = {}
    for parts in itertools.product(_by_month(scopes), _by_age(scopes), _by_kind(scopes)):
        cell = tuple(all(one) for one in zip(*(part for part, _ in parts), strict=True))
        if any(cell):
            found[cell] = found.get(cell, False) or all(known for _, known in parts)
    return found


def _by_month(scopes: Sequence[Scope]) -> Iterator[tuple[tuple[bool, ...], bool]]:
    """Give which scopes count the records of each month, in every state that corrections make of them."""
    starts = {start for scope in scopes for start in (scope.months[0], scope.months[1] + 1)}
    starts |= {end for scope in scopes for first, last, _ in scope.corrections for end in (first, last + 1)}
    for start in sorted(starts):
        inside = [scope.months[0] <= start <= scope.months[1] for scope in scopes]
        for present in _states(scopes, start):
            yield tuple(map(operator.and_, inside, present)), True
    # Records without a date were corrected where those of all months were.
    for present in _states(scopes, ALL_MONTHS[0]):
        yield tuple(map(operator.and_, (scope.undated for scope in scopes), present)), False


def _states(scopes: Sequence[Scope], month: int) -> Iterator[tuple[bool, ...]]:
    """Give which tables were made when a record was there, for every record of a month that there may be."""
    corrected = [sum(first <= month <= last for first, last, _ in scope.corrections) for scope in scopes]
    for record in sorted(set(corrected)):
        yield tuple(_PRESENT[scope.reading](record, table) for scope, table in zip(scopes, corrected, strict=True))


def _by_age(scopes: Sequence[Scope]) -> Iterator[tuple[tuple[bool, ...], bool]]:
    spans = [scope.ages or (0, _OLD if scope.ages_known else _OLDEST) for scope in scopes]
    for start in sorted({0} | {start for first, last in spans for start in (first, last + 1)}):
        yield tuple(first <= start <= last for first, last in spans), start <= _HARDLY_ANYONE
    yield tuple(scope.ages is None and not scope.ages_known for scope in scopes), False


def _by_kind(scopes: Sequence[Scope]) -> Iterator[tuple[tuple[bool, ...], bool]]:
    """Give which scopes count each combination of kinds; each record has one value of each family, or another one."""
    families: dict[str, list[str]] = {}
    for family, value in sorted({tuple(kind.split("=", 1)) for scope in scopes for kind in scope.kinds}):
        families.setdefault(family, []).append(value)
    asked = [
        {family: {f"{family}={value}" for value in values} & set(scope.kinds) for family, values in families.items()}
        for scope in scopes
    ]
    for record in itertools.product(*([*values, None] for values in families.values())):
        held = {family: f"{family}={value}" for family, value in zip(families, record, strict=True)}
        complete = all(
            value is not None or set(families[family]) != {"yes", "no"}
            for family, value in zip(families, record, strict=True)
        )
        yield (
            tuple(all(not any_of or held[family] in any_of for family, any_of in one.items()) for one in asked),
            complete,
        )


def readings(scopes: Sequence[Scope]) -> list[list[Scope]]:
    """Return what readers may take to have happened where records were corrected between two tables.

    Returns
    -------
    list of list of Scope
        First what is certain: before and after a correction there may be any records. Then that none was changed; that
        records were only added; and that they were only removed. Readings that make the same cells are given once.

    Examples
    --------
    >>> year = Scope.of_years(2019, 2019)
    >>> for scopes in readings([year, year.corrected([(*year.months, 2)])]):
    ...     print(finest_cells(scopes).astype(int).tolist())
    [[1, 0], [0, 1]]
    [[1], [1]]
    [[1, 0], [1, 1]]
    [[1, 1], [0, 1]]
    """
    found: dict[tuple[tuple[bool, ...], ...], list[Scope]] = {}
    for reading in get_args(Reading):
        read = [replace(scope, reading=reading) for scope in scopes]
        found.setdefault(tuple(sorted(_cells(read))), read)
    return list(found.values())


def differences(cells: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Return the numbers that no table has and that subtracting one table from another gives.

    Parameters
    ----------
    cells
        Which cells each scope consists of; shape (scopes, cells).

    Returns
    -------
    NDArray
        Which cells each such number consists of; shape (numbers, cells). Sums of scopes are not among them: they are as
        uncertain as their parts.

    Examples
    --------
    >>> differences(np.array([[1, 1, 1], [0, 1, 1]], dtype=bool)).astype(int)
    array([[1, 0, 0]])
    """
    nested = [
        tuple(whole & ~part)
        for whole, part in itertools.permutations(cells, 2)
        if not (part & ~whole).any() and (whole & ~part).any()
    ]
    return _without_sums(nested, cells)


def single_cells(cells: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Return the finest cells that are neither a scope nor a difference of two; shape as of `differences`."""
    known = {tuple(row) for row in differences(cells)}
    return _without_sums([row for row in map(tuple, np.eye(cells.shape[1], dtype=bool)) if row not in known], cells)


def _without_sums(numbers: Sequence[tuple[bool, ...]], cells: NDArray[np.bool_]) -> NDArray[np.bool_]:
    kept = [row for row in dict.fromkeys(numbers) if not _is_sum(np.array(row), cells)]
    return np.array(kept, dtype=bool).reshape(-1, cells.shape[1])


def _is_sum(number: NDArray[np.bool_], cells: NDArray[np.bool_]) -> bool:
    """Return whether disjoint scopes make up the number."""
    if not number.any():
        return True
    first = int(np.argmax(number))
    inside = [row for row in cells if row[first] and not (row & ~number).any()]
    return any(_is_sum(number & ~row, cells) for row in inside)


def linked(cells: NDArray[np.bool_], new: int) -> NDArray[np.intp]:
    """Return which scopes have to do with one of them: they overlap with it, or with one that does."""
    found: NDArray[np.bool_] = np.zeros(len(cells), dtype=bool)
    found[new] = True
    while True:
        reach: NDArray[np.bool_] = np.asarray((cells & cells[found].any(axis=0)).any(axis=1))
        if (reach == found).all():
            return np.flatnonzero(found)
        found = reach


def position_of(cells: NDArray[np.bool_], coarser: NDArray[np.bool_]) -> NDArray[np.intp]:
    """Return of which coarser cell each cell is a part, by the same scopes in both; -1 for cells in none of them."""
    columns = {tuple(column): number for number, column in enumerate(coarser.T)}
    return np.array([columns.get(tuple(column), -1) for column in cells.T], dtype=int)
