"""Text on schools against deprivation: counts given size and area, and never a cause."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, NamedTuple

import numpy as np
import pandas as pd

from hotspots.analysis.schools.limits import interval_factor
from hotspots.analysis.schools.negative_binomial import Fit
from hotspots.model import Deprivation, Note, Schools, change_words, count_schools, interval_words
from hotspots.vocabulary import HOLDS_WORDS

if TYPE_CHECKING:
    from numpy.typing import NDArray

CLASS_PHRASES: Final = {
    "far_above": "far above expected",
    "above": "above expected",
    "as_expected": "as expected",
    "below": "below expected",
    "far_below": "far below expected",
}
ABOVE: Final = ("above", "far_above")
BELOW: Final = ("below", "far_below")

TOO_SMALL: Final = "too small: neither no exclusions nor the highest rate of any school would stand out"


@dataclass(frozen=True)
class Step:
    """A step on an index for which its slope is given."""

    size: float
    """In units of the regression's column."""
    words: str
    key: str
    """Key of the slope in a result."""
    verb: str = "go"


POINTS_OF_SHARE: Final = Step(0.1, "Ten points more of the score", "per_ten_points")
POINTS: Final = Step(10.0, "Ten points more of the score", "per_ten_points")
TENTH_OF_RANKS: Final = Step(
    0.1, "A place a tenth of all areas nearer to the most deprived", "per_tenth_of_ranks", "goes"
)


@dataclass(frozen=True)
class Slope:
    """Ratio of rates for one step more of the index, with its 95 % interval."""

    ratio: float
    low: float
    high: float


def slope_of(fit: Fit, step: Step) -> Slope:
    """Return the slope of a fit whose second column is the index."""
    slope, error = fit.coefficients[1], float(np.sqrt(fit.covariance[1, 1]))
    half = interval_factor(fit) * error
    return Slope(*(float(np.exp(step.size * value)) for value in (slope, slope - half, slope + half)))


def describe_model(
    schools: Schools,
    deprivation: Deprivation,
    *,
    geography: str,
    fit: Fit,
    slope: Slope,
    step: Step,
    explained: float,
    covariates: Sequence[str],
) -> tuple[str, ...]:
    """Return the model and what it found, in sentences."""
    title = schools.title[:1].upper() + schools.title[1:]
    period = f", {schools.period}," if schools.period else ""
    measure = "rank" if step is TENTH_OF_RANKS else "estimated score" if deprivation.estimated else "score"
    besides = f", their {' and '.join(covariates)}," if covariates else ""
    return (
        f"{title}{period} of {_how_many(len(fit.mean), len(schools))}, against their pupils{besides} and the "
        f"{deprivation.title} {measure} of the {geography} that contains each school.",
        f"{step.words} {step.verb} with {change_words(slope.ratio)} {schools.title} "
        f"(95% interval {interval_words(slope.low, slope.high)}).",
        _scatter(fit),
        *_explained(explained, deprivation),
        "'Above' and 'below' mean higher and lower than the school's size and its area's deprivation would suggest, "
        "beyond the 95% limits; 'far' means beyond the 99.8% limits, and still so after allowing for the number of "
        "schools.",
        "This measures no school's quality and gives no cause; pupils come from other areas than the school's own.",
    )


def _how_many(modelled: int, schools: int) -> str:
    return f"{schools:,} schools" if modelled == schools else f"{modelled:,} of the {schools:,} schools in question"


def _scatter(fit: Fit) -> str:
    if not fit.dispersion > 0:
        return "Schools alike in these differ no more than expected by chance (Poisson)."
    return (
        f"Schools alike in these still differ in their underlying rates, by {percent(fit.dispersion**0.5)} (one "
        f"standard deviation; negative binomial, dispersion {fit.dispersion:.2f}), and the limits allow for that."
    )


def _explained(share: float, deprivation: Deprivation) -> list[str]:
    """Return how much of the differences the index accounts for; nothing where that is not known."""
    if np.isnan(share):
        return []
    if share < 0.005:
        return [f"{deprivation.title} accounts for none of the differences between schools' rates."]
    return [f"{deprivation.title} accounts for {percent(share)} of the variance between schools' rates."]


def percent(share: float) -> str:
    """Return a share in per cent."""
    return f"{100 * share:.0f}%"


def sides(classes: pd.Series) -> pd.Series:
    """Return 1 for schools above, -1 for those below, 0 for the others."""
    side: pd.Series = classes.isin(ABOVE).astype(int) - classes.isin(BELOW).astype(int)
    return side


def holds_under(own: pd.Series, catchment: pd.Series) -> pd.Series:
    """Return under which index a school's result is confirmed, in the codes of `vocabulary.HOLDS_WORDS`."""
    one, other = sides(own), sides(catchment)
    conditions = [(one == 0) & (other == 0), one == other, other == 0, one == 0]
    codes = np.select(conditions, ["", "both", "own-area", "catchment"], "contrary")
    return pd.Series(codes, index=own.index, dtype=object)


class AgainstSlope(NamedTuple):
    """Ids of the schools that go against the slope."""

    fewer_in_most_deprived: tuple[str, ...]
    more_in_least_deprived: tuple[str, ...]


def list_groups(table: pd.DataFrame) -> AgainstSlope:
    """Return the ids of the two groups that go against the slope."""
    deprived, well_off = table["idaci_decile"] <= 3, table["idaci_decile"] >= 7
    return AgainstSlope(
        fewer_in_most_deprived=tuple(map(str, table.index[table["class"].isin(BELOW) & deprived])),
        more_in_least_deprived=tuple(map(str, table.index[table["class"].isin(ABOVE) & well_off])),
    )


def notes_on(
    table: pd.DataFrame, tested: NDArray[np.bool_], deprivation: Deprivation, *, lists: AgainstSlope, fit: Fit
) -> list[Note]:
    """Return what a reader must know of the schools, in sentences."""
    names = table["name"]

    def told(ids: tuple[str, ...], words: str) -> Note:
        held = "" if (table["holds"] == "").all() else " (names in brackets: not under the catchment's index)"
        said = [f"({names[i]})" if table.loc[i, "holds"] == "own-area" else str(names[i]) for i in ids]
        held = held if any(one[0] == "(" for one in said) else ""
        return Note(f"{words}{held}: {'; '.join(said) if said else 'none'}.", of="records", numbers=(words, *said))

    index, account = deprivation.title, count_schools(table).words
    notes = [
        Note(account, of="records", numbers=(account,)),
        told(
            lists.fewer_in_most_deprived,
            f"Fewer exclusions than expected in highly deprived areas ({index} deciles 1 to 3)",
        ),
        told(
            lists.more_in_least_deprived,
            f"More exclusions than expected in the least deprived areas ({index} deciles 7 to 10)",
        ),
    ]
    if fit.method == "maximum-likelihood":
        events = float(fit.likely.mean())
        words = (
            f"Fitted by maximum likelihood, because counts are low ({events:.1f} per school on average) or the robust "
            "fit has no solution. A few schools that differ greatly from the others move the line and widen the limits "
            "more than they do with the robust fit."
        )
        notes.append(Note(words, of="settings", numbers=(f"{events:.1f}",)))
    hidden = int((table["low"] < table["high"])[tested].sum())
    if hidden:
        words = (
            f"Schools in the model with suppressed counts: {hidden:,}. The model allows for every possible value, with "
            "its probability; a class is given only where it is the same for all of them."
        )
        notes.append(Note(words, of="publication", numbers=(hidden,)))
    unreachable = int((table["limit_low_95"] == 0).sum())
    if unreachable:
        number = int(tested.sum())
        words = (
            "Schools for which no exclusion at all would still be as expected, so that they cannot be below expected: "
            f"{unreachable:,} of the {number:,} in the model."
        )
        notes.append(Note(words, of="records", numbers=(unreachable, number)))
    elsewhere = table["area_la_code"].notna() & table["la_code"].notna() & (table["area_la_code"] != table["la_code"])
    if elsewhere.any():
        listed = "; ".join(
            f"{name} ({authority})"
            for name, authority in zip(names[elsewhere], table.loc[elsewhere, "la_name"], strict=True)
        )
        words = f"Schools located in a different authority from the one that runs them: {listed}."
        notes.append(Note(words, of="publication", numbers=(listed,)))
    if deprivation.estimated:
        words = f"The scores of {index} were derived from published ranks and are not published."
        notes.append(Note(words, of="publication", numbers=(index,)))
    return notes


def notes_on_other_looks(table: pd.DataFrame, *, catchment: str, ranks: bool) -> list[Note]:
    """Return what becomes of the classes under the catchment's index, and under ranks instead of scores."""
    notes = []
    if catchment:
        numbers = table["holds"].value_counts().to_dict()
        kinds = [f"{words}: {numbers[code]:,}" for code, words in HOLDS_WORDS.items() if code and code in numbers]
        told = "; ".join(kinds) or "none under either"
        words = f"Schools above or below expected, by the index used: {told}. The class shown is that of the own area."
        notes.append(Note(words, of="records", numbers=(told,)))
        notes.append(Note(catchment, of="settings", numbers=(catchment,)))
    if ranks:
        moved = int((table["class_rank"] != table["class"]).sum())
        words = (
            f"Repeated on the published ranks of areas instead of the scores: {moved:,} of {len(table):,} schools "
            "change class."
        )
        notes.append(Note(words, of="records", numbers=(moved, len(table))))
    return notes
