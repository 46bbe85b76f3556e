"""Schools that exclude more or less than their size and their area's deprivation would suggest."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import numpy as np
import pandas as pd

from hotspots.analysis.overdispersed import Fit, fit_counts, limits, mid_p_tails
from hotspots.analysis.significance import adjust
from hotspots.errors import AnalysisError, list_briefly
from hotspots.nouns import Deprivation, SchoolResult, Schools, StudyArea
from hotspots.vocabulary import CRS, weakest_release

if TYPE_CHECKING:
    import geopandas as gpd
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

__all__ = ["diverging_schools"]

FEWEST_SCHOOLS: Final = 10
"""With fewer schools a line and its scatter can't be told from each other."""

TAIL_95: Final = 0.025
TAIL_998: Final = 0.001

CLASS_PHRASES: Final = {
    "far_above": "far above expected",
    "above": "above expected",
    "as_expected": "as expected",
    "below": "below expected",
    "far_below": "far below expected",
}


@dataclass(frozen=True)
class _Slope:
    """Ratio of rates for ten points (0.1) more of the index, with its 95 % interval."""

    ratio: float
    low: float
    high: float


def diverging_schools(
    schools: Schools,
    deprivation: Deprivation,
    area: StudyArea,
    *,
    placed: pd.Series | None = None,
    level: float = 0.05,
) -> SchoolResult:
    """Return every school against the permanent exclusions that its pupils and its area's IDACI would suggest.

    One line for all schools: exclusions = pupil-years x exp(b0 + b1 IDACI), negative binomial where schools scatter
    more than chance. It says that a school differs, not why; and a school's own area is not where its pupils live.

    Parameters
    ----------
    schools
        Exclusions over a period of several years; hidden numbers are intervals.
    deprivation
        Scores (0 to 1) by area, of the same geography and vintage as `area`.
    area
        The study area.
    placed
        School id → area id, missing where the school is in none; by default from `joining.place_schools`.
    level
        False discovery rate that "far" above or below is held to.

    Returns
    -------
    SchoolResult
        The p-values are the largest (least certain) over a hidden interval. `limit_*` are the smallest and largest
        counts within the limits. A class is given where it holds over the whole interval; the limits take the line
        as known, which is fair with a hundred schools and too narrow with a dozen.

    Raises
    ------
    AnalysisError
        If no area of a school has a score, there are too few schools, no exclusions, or no differences in IDACI.

    References
    ----------
    Spiegelhalter (2005), Statistics in Medicine 24, 1185-1202 (funnel limits under overdispersion); Benjamini and
    Hochberg (1995), Journal of the Royal Statistical Society B 57, 289-300.
    """
    if placed is None:
        from hotspots.analysis.joining import place_schools

        placed = place_schools(schools, area)
    table = _with_deprivation(schools.table, deprivation, area, placed)
    _need_scores(table, deprivation)
    table["reason"] = _reasons(table, deprivation)
    tested = (table["reason"] == "").to_numpy()
    fit = _fit(table[tested], schools, deprivation)
    slope = _slope(fit)
    table = _judge(table, tested, fit, level)
    lists = _lists(table)
    return SchoolResult(
        _as_points(table),
        words=_words(schools, deprivation, geography=area.geography, fit=fit, slope=slope),
        slope={"per_ten_points": slope.ratio, "low": slope.low, "high": slope.high, "dispersion": fit.dispersion},
        title=schools.title,
        index_title=deprivation.title,
        source="; ".join(source for source in (schools.source, deprivation.source) if source),
        period=schools.period,
        notes=(*schools.notes, *_notes(table, tested, deprivation, lists)),
        attribution=area.attribution,
        provenance={
            "model": "negative binomial (NB2)" if fit.dispersion > 0 else "Poisson",
            "schools_in_model": int(tested.sum()),
            "schools_hidden": int((table["low"] < table["high"])[tested].sum()),
            "residuals_clipped": fit.clipped,
            "dispersion": fit.dispersion,
            "poisson_phi": fit.poisson_phi,
            "adjustment": "benjamini-hochberg",
            "level": level,
            **lists,
        },
        release=weakest_release(schools.release, deprivation.release, area.release),
    )


# --------------------------------------------------------------------------- what is known of each school


def _with_deprivation(
    schools: pd.DataFrame, deprivation: Deprivation, area: StudyArea, placed: pd.Series
) -> pd.DataFrame:
    """Return the schools with their area, its authority and its deprivation, and their rates."""
    table = schools.copy()
    table["area_id"] = _or_none(placed.reindex(table.index))
    table["area_la_code"] = _or_none(table["area_id"].map(area.areas["la_code"].to_dict()))
    scores = deprivation.table.reindex(table["area_id"])
    table["idaci"] = scores["score"].to_numpy(dtype=float, na_value=np.nan)
    table["idaci_decile"] = scores["decile"].to_numpy(dtype=float, na_value=np.nan)
    for column in ("pupils", "low", "high", "easting", "northing"):
        table[column] = table[column].to_numpy(dtype=float, na_value=np.nan)
    pupils = table["pupils"].where(table["pupils"] > 0)
    table["rate_low"], table["rate_high"] = 100 * table["low"] / pupils, 100 * table["high"] / pupils
    table["rate"] = table["rate_low"].where(table["low"] == table["high"])
    return table


def _or_none(values: pd.Series) -> pd.Series:
    """Return the values as objects, with None for what is missing (not NaN, which is a number)."""
    known: pd.Series = values.astype(object).where(values.notna(), None)
    return known


def _need_scores(table: pd.DataFrame, deprivation: Deprivation) -> None:
    """Stop where no school's area has a score."""
    if table["idaci"].notna().any():
        return
    places = table["area_id"].dropna()
    if places.empty:
        raise AnalysisError(
            "No school lies in an area of the study.",
            found=f"{len(table):,} schools, none placed",
            advice="check the coordinates of the schools and the study area",
        )
    if places.str.startswith("W").all():
        raise AnalysisError(
            f"{deprivation.title} can't be used for Welsh schools: IDACI is an English index.",
            found=f"{len(places):,} schools in Wales, the first in {places.iloc[0]}",
            advice="leave the schools out of a Welsh study",
        )
    known = deprivation.table.index[deprivation.table["score"].notna()]
    raise AnalysisError(
        f"No school's area has a score in {deprivation.title}.",
        found=f"schools in {list_briefly(places.unique(), 2)}; scores for {list_briefly(known, 2) or 'no area'}",
        advice="use the index of the same geography and vintage as the boundaries (IDACI 2019: LSOA 2011)",
    )


def _reasons(table: pd.DataFrame, deprivation: Deprivation) -> pd.Series:
    """Return why a school can't be tested; empty where it can."""
    reason = table["reason"].astype(object).where(table["reason"].notna(), "")
    later = (
        (table["area_id"].isna(), "lies in no area of the study"),
        (table["idaci"].isna(), f"its area has no score in {deprivation.title}"),
        (~(table["pupils"] > 0), "no pupils in the record"),
        (table["low"].isna(), "no number of exclusions in the record"),
    )
    for missing, words in later:
        reason = reason.where((reason != "") | ~missing, words)
    return reason


# --------------------------------------------------------------------------- the model and the classes


def _fit(tested: pd.DataFrame, schools: Schools, deprivation: Deprivation) -> Fit:
    """Return the line through the schools that can be tested."""
    counts = ((tested["low"] + tested["high"]) / 2).to_numpy()
    score = tested["idaci"].to_numpy()
    if len(tested) < FEWEST_SCHOOLS:
        raise AnalysisError(
            f"{len(tested)} schools are too few to say what would be expected of a school.",
            found=f"{len(schools):,} schools, of which {len(tested):,} can be tested",
            advice=f"use at least {FEWEST_SCHOOLS} schools: a larger area, more years, or fewer exclusions of schools",
        )
    if not counts.sum() > 0:
        raise AnalysisError(
            f"There are no {schools.title} in the schools' records.",
            found=f"0 in {len(tested):,} schools",
            advice="check the column of exclusions and the years",
        )
    if np.ptp(score) == 0:
        raise AnalysisError(
            f"All schools have the same score in {deprivation.title}, so nothing can be said against it.",
            found=f"score {score[0]:g} for {len(tested):,} schools",
            advice="check the deprivation file",
        )
    design = np.column_stack([np.ones(len(score)), score])
    return fit_counts(counts, design, exposure=tested["pupils"].to_numpy())


def _slope(fit: Fit) -> _Slope:
    from scipy.special import ndtri

    slope, error = fit.coefficients[1], float(np.sqrt(fit.covariance[1, 1]))
    half = float(ndtri(0.975)) * error
    return _Slope(*(float(np.exp(0.1 * value)) for value in (slope, slope - half, slope + half)))


def _judge(table: pd.DataFrame, tested: NDArray[np.bool_], fit: Fit, level: float) -> pd.DataFrame:
    """Return the table with expected counts, limits, tails and classes of the tested schools."""
    table = table.copy()
    # Grossed-up counts of early years are fractions: the whole numbers around them hold whatever was meant.
    low = np.floor(table["low"].to_numpy()[tested] + 1e-6)
    high = np.ceil(table["high"].to_numpy()[tested] - 1e-6)
    above_low, below_low = mid_p_tails(low, fit.mean, fit.dispersion)
    above_high, below_high = mid_p_tails(high, fit.mean, fit.dispersion)
    # Over an interval the upper tail is largest at the low end, the lower tail at the high end.
    p_adjusted = adjust(np.minimum(1.0, 2 * np.minimum(above_low, below_high)))
    at_low = _classes(above_low, below_low, p_adjusted, level)
    at_high = _classes(above_high, below_high, p_adjusted, level)
    limits_95 = limits(fit.mean, fit.dispersion, level=0.95)
    limits_998 = limits(fit.mean, fit.dispersion, level=0.998)
    columns: dict[str, Any] = {
        "expected": fit.mean,
        "limit_low_95": limits_95[0],
        "limit_high_95": limits_95[1],
        "limit_low_998": limits_998[0],
        "limit_high_998": limits_998[1],
        "p_above": above_low,
        "p_below": below_high,
        "p_adjusted": p_adjusted,
    }
    for column, values in columns.items():
        whole = np.full(len(table), np.nan)
        whole[tested] = values
        table[column] = whole
    classes = np.full(len(table), "cannot_be_judged", dtype=object)
    classes[tested] = np.where(at_low == at_high, at_low, "cannot_be_judged")
    reasons = table["reason"].to_numpy(dtype=object, copy=True)
    reasons[tested] = [
        "" if one == two else f"depends on hidden numbers: {CLASS_PHRASES[one]} to {CLASS_PHRASES[two]}"
        for one, two in zip(at_low, at_high, strict=True)
    ]
    return table.assign(**{"class": classes, "reason": reasons})


def _classes(above: Floats, below: Floats, p_adjusted: Floats, level: float) -> NDArray[np.object_]:
    """Return the class of every count from its two tails."""
    sure = p_adjusted <= level
    conditions = [
        (above < TAIL_998) & sure,
        (below < TAIL_998) & sure,
        above < TAIL_95,
        below < TAIL_95,
    ]
    classes = np.select(conditions, ["far_above", "far_below", "above", "below"], "as_expected")
    return np.asarray(classes, dtype=object)


# --------------------------------------------------------------------------- what is told


def _lists(table: pd.DataFrame) -> dict[str, tuple[str, ...]]:
    """Return the ids of the two groups that go against the slope."""
    deprived, well_off = table["idaci_decile"] <= 3, table["idaci_decile"] >= 7
    fewer = table["class"].isin(["below", "far_below"]) & deprived
    more = table["class"].isin(["above", "far_above"]) & well_off
    return {
        "fewer_in_most_deprived": tuple(map(str, table.index[fewer])),
        "more_in_least_deprived": tuple(map(str, table.index[more])),
    }


def _notes(
    table: pd.DataFrame, tested: NDArray[np.bool_], deprivation: Deprivation, lists: dict[str, tuple[str, ...]]
) -> list[str]:
    names = table["name"]

    def told(key: str, words: str) -> str:
        ids = lists[key]
        return f"{words}: {'; '.join(str(names[i]) for i in ids) if ids else 'none'}."

    notes = [
        told(
            "fewer_in_most_deprived",
            "Fewer exclusions than expected in highly deprived areas (IDACI deciles 1 to 3)",
        ),
        told(
            "more_in_least_deprived",
            "More exclusions than expected in the least deprived areas (IDACI deciles 7 to 10)",
        ),
    ]
    hidden = int((table["low"] < table["high"])[tested].sum())
    if hidden:
        notes.append(
            f"Schools with hidden numbers: {hidden:,}. The model takes the middle of what they may be; a class is "
            "given only where it holds whatever they are."
        )
    unjudged = table.loc[table["class"] == "cannot_be_judged", "reason"].value_counts(sort=True)
    for reason, number in unjudged.items():
        notes.append(f"Schools that cannot be judged: {number:,} ({reason}).")
    unreachable = int((table["limit_low_95"] == 0).sum())
    if unreachable:
        notes.append(
            f"Schools for which no exclusion at all would still be as expected, so that they can't come out below: "
            f"{unreachable:,} of {int(tested.sum()):,}."
        )
    if deprivation.estimated:
        notes.append(f"The scores of {deprivation.title} were derived from published ranks and are not published.")
    return notes


def _words(schools: Schools, deprivation: Deprivation, *, geography: str, fit: Fit, slope: _Slope) -> str:
    title = schools.title[:1].upper() + schools.title[1:]
    period = f", {schools.period}," if schools.period else ""
    if fit.dispersion > 0:
        scatter = (
            f"Schools alike in both still differ in their underlying rates, by {_percent(fit.dispersion**0.5)} (one "
            f"standard deviation; negative binomial, dispersion {fit.dispersion:.2f}), and the limits allow for that."
        )
    else:
        scatter = "Schools alike in both differ no more than chance would have it (Poisson)."
    return (
        f"{title}{period} of {len(fit.mean):,} schools, against their pupils and the {deprivation.title} score of the "
        f"{geography} a school stands in. Ten points more of the score go with {_change(slope.ratio)} {schools.title} "
        f"(95 % interval {_interval(slope.low, slope.high)}). {scatter} 'Above' and 'below' mean higher and lower than "
        "the school's size and its area's deprivation would suggest, beyond the 95 % limits; 'far' means beyond the "
        "99.8 % limits, and still so after allowing for the number of schools. This measures no school's quality and "
        "gives no cause; pupils come from other areas than the school's own."
    )


def _percent(share: float) -> str:
    return f"{100 * share:.0f} %"


def _change(ratio: float) -> str:
    return f"{_percent(abs(ratio - 1))} {'more' if ratio >= 1 else 'fewer'}"


def _interval(low: float, high: float) -> str:
    """Return the limits of a ratio in words, the nearer to none first."""
    if low >= 1:
        return f"{100 * (low - 1):.0f} to {_percent(high - 1)} more"
    if high <= 1:
        return f"{100 * (1 - high):.0f} to {_percent(1 - low)} fewer"
    ends = ("no change" if round(100 * abs(ratio - 1)) == 0 else _change(ratio) for ratio in (low, high))
    return " to ".join(ends)


def _as_points(table: pd.DataFrame) -> gpd.GeoDataFrame:
    """Return the table with a point for every school that was placed and has coordinates."""
    import geopandas as gpd
    import shapely

    drawn = (table["area_id"].notna() & table["easting"].notna() & table["northing"].notna()).to_numpy()
    points = np.full(len(table), None, dtype=object)
    points[drawn] = shapely.points(table["easting"].to_numpy()[drawn], table["northing"].to_numpy()[drawn])
    geometry = gpd.GeoSeries(points, index=table.index, crs=CRS)
    return gpd.GeoDataFrame(table, geometry=geometry)
