"""Schools that carry on under another number: linked only where the files themselves bear it out.

A school that becomes an academy usually keeps its number (`laestab`); some do not. Two numbers are taken for one school
where they are of the same authority, their names have the same words apart from what kind of school it is, the one has
pupils only in years before the other, without a gap, and no third school fits as well. A school that was renamed at the
same time is not linked: nothing in the files says so.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Final, NamedTuple

import pandas as pd

GENERIC: Final = frozenset(
    """
    a academy and ark art arts boarding business c centre centres co col college collegiate community
    comprehensive computing ct ctc education engineering enterprise first for form foundation free grammar high
    humanities in international junior language languages leadership learning mathematics maths media middle
    music of ormiston performing primary q3 school schools science secondary senior sixth specialist sport
    sports studio t technical technology the upper visual with
    """.split()  # noqa: SIM905
)
"""Words that say what kind of school it is, what it teaches or who sponsors it, and not which one it is."""

COLUMNS: Final = ("predecessor", "successor", "evidence")


def distinctive_words(name: str) -> frozenset[str]:
    """Return the words of a school's name that say which one it is.

    Examples
    --------
    >>> sorted(distinctive_words("Smith's Wood Sports College")), sorted(distinctive_words("Smith's Wood Academy"))
    (['smiths', 'wood'], ['smiths', 'wood'])
    """
    letters = name.casefold().replace("'", "").replace("\N{RIGHT SINGLE QUOTATION MARK}", "")
    return frozenset(re.findall(r"[a-z0-9]+", letters)) - GENERIC


def find_successors(rows: pd.DataFrame) -> pd.DataFrame:
    """Return which schools of the exclusions carry on under another number of the exclusions.

    Parameters
    ----------
    rows
        One row per school and year: `laestab`, `year` (six digits), `name`, `pupils`.

    Returns
    -------
    DataFrame
        `predecessor`, `successor`, `evidence` (in words).
    """
    pupils = rows["pupils"].fillna(0)
    schools = pd.DataFrame(
        {
            "key": rows.groupby("laestab")["name"].last().map(distinctive_words),
            "begins": rows.groupby("laestab")["year"].min(),
            "first": rows[pupils > 0].groupby("laestab")["year"].min(),
            "last": rows[pupils > 0].groupby("laestab")["year"].max(),
        }
    )
    known = {
        str(one): _Times(str(begins), _text(first), _text(last))
        for one, begins, first, last in schools[["begins", "first", "last"]].itertuples(name=None)
    }
    found = []
    for same in _alike(schools):
        pairs = [(p, s) for p in same for s in same if p != s and _follows(known[p], known[s])]
        if len(pairs) == 1:
            before, after = pairs[0]
            year = f"{known[before].last[:4]}/{known[before].last[4:]}"
            words = f"same name and authority, its last pupils in {year}, none before under the new number"
            found.append((before, after, words))
    return pd.DataFrame(found, columns=list(COLUMNS), dtype=object)


def find_in_register(rows: pd.DataFrame, register: pd.DataFrame, *, year: str) -> pd.DataFrame:
    """Return which schools of the exclusions carry on under a number that only the register has.

    Parameters
    ----------
    rows
        As in `find_successors`: those that are not linked to the register.
    register
        Rows of the register that are not linked to the exclusions: `laestab`, `name`; the index is kept.
    year
        The last year of the exclusions: only schools with pupils in it are looked at.

    Returns
    -------
    DataFrame
        Indexed like `register`: `predecessor`, `successor`, `evidence`.
    """
    still = rows[(rows["year"] == year) & (rows["pupils"].fillna(0) > 0)]
    old = pd.DataFrame({"laestab": still["laestab"], "key": still["name"].map(distinctive_words)})
    new = pd.DataFrame({"laestab": register["laestab"], "key": register["name"].map(distinctive_words)})
    for table in (old, new):
        table["la"] = table["laestab"].str[:3]
    old, new = (table[(table["la"] != "") & (table["key"].map(len) > 0)] for table in (old, new))
    old, new = (table[~table.duplicated(["la", "key"], keep=False)] for table in (old, new))
    both = new.reset_index(names="row").merge(old, on=["la", "key"], suffixes=("", "_old"))
    words = "same name and authority, and the new number has no exclusions on record"
    return pd.DataFrame(
        {"predecessor": both["laestab_old"], "successor": both["laestab"], "evidence": words},
    ).set_index(pd.Index(both["row"]))


def follow(links: pd.DataFrame, ids: Iterable[str]) -> dict[str, str]:
    """Return each id with the number under which the school is found at the end of its chain of links.

    Examples
    --------
    >>> links = pd.DataFrame([("1", "2", ""), ("2", "3", "")], columns=["predecessor", "successor", "evidence"])
    >>> follow(links, ["1", "2", "9"])
    {'1': '3', '2': '3', '9': '9'}
    """
    after = dict(zip(links["predecessor"], links["successor"], strict=True))
    ends = {}
    for one in ids:
        last = one
        # No circles: pupils of a successor come in later years.
        while last in after:
            last = after[last]
        ends[one] = last
    return ends


def _alike(schools: pd.DataFrame) -> list[list[str]]:
    """Return groups of schools of one authority whose names have the same words."""
    named = schools[schools["key"].map(len) > 0]
    groups = named.groupby([named.index.str[:3], "key"]).groups
    return [list(members) for members in groups.values() if len(members) > 1]


class _Times(NamedTuple):
    """Years of a school as six digits: of its first row, its first pupils and its last; empty where it has none."""

    begins: str
    first: str
    last: str


def _text(year: object) -> str:
    return year if isinstance(year, str) else ""


def _follows(before: _Times, after: _Times) -> bool:
    """Whether the one has its last pupils just before the other has its first (a year without pupils may overlap)."""
    if not before.last:
        return False
    year = int(before.last[:4])
    if after.first:
        return int(after.first[:4]) == year + 1
    # Opened in the course of the last year: no pupils at its census yet.
    return int(after.begins[:4]) in (year, year + 1)
