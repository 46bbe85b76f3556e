"""Schools that go against the deprivation gradient: the two groups of a needs assessment, and their words."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Literal

import pandas as pd

from hotspots.model import SchoolResult
from hotspots.vocabulary import HOLDS_WORDS

if TYPE_CHECKING:
    pass

__all__ = ["GROUPS", "SchoolGroup", "groups_of", "one_sided", "with_holds_words"]


@dataclass(frozen=True)
class SchoolGroup:
    """Schools that go against the slope, as a needs assessment names them; `key` is a field of `SchoolMethod`."""

    key: Literal["fewer_in_most_deprived", "more_in_least_deprived"]
    label: str
    words: str
    colour: str
    marker: str


GROUPS: Final = (
    SchoolGroup(
        "fewer_in_most_deprived",
        "Fewer than expected, highly deprived area (deciles 1 to 3)",
        "fewer, highly deprived area",
        "#005a32",
        "o",
    ),
    SchoolGroup(
        "more_in_least_deprived",
        "More than expected, least deprived area (deciles 7 to 10)",
        "more, least deprived area",
        "#7f0000",
        "s",
    ),
)


def groups_of(result: SchoolResult, table: pd.DataFrame) -> list[tuple[SchoolGroup, pd.Series]]:
    """Return the two groups, and which schools of the table are in each."""
    ids, method = table.index.astype(str), result.provenance
    inside = {
        "fewer_in_most_deprived": () if method is None else method.fewer_in_most_deprived,
        "more_in_least_deprived": () if method is None else method.more_in_least_deprived,
    }
    return [(group, pd.Series(ids.isin(inside[group.key]), index=table.index)) for group in GROUPS]


def with_holds_words(table: pd.DataFrame) -> pd.DataFrame:
    """Return a table of schools that says in words under which deprivation each stands out."""
    return table.assign(holds=table["holds"].map(HOLDS_WORDS))


def one_sided(table: pd.DataFrame) -> pd.Series:
    """Return which schools stand out under one index and not, or not in the same way, under the other."""
    sided: pd.Series = (table["holds"] != "") & (table["holds"] != "both")
    return sided
