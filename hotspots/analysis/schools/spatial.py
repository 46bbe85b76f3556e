"""Diverging schools in space: whether neighbours are alike, how authorities differ, rates against deprivation.

Functions of a `SchoolResult`; each gives a small table and a sentence. They describe counts given size and area and
name no cause.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, NamedTuple

import numpy as np
import pandas as pd

from hotspots.analysis.autocorrelation import morans_i
from hotspots.analysis.autocorrelation.reference import conditional_tails
from hotspots.analysis.common import adjust_tails
from hotspots.analysis.schools.limits import interval_factor, mid_p_tails
from hotspots.analysis.schools.model import contrasts
from hotspots.analysis.schools.negative_binomial import SAME, Fit, fit_counts, log_chances
from hotspots.analysis.schools.school_inputs import counts_in
from hotspots.errors import AnalysisError
from hotspots.model import SchoolResult, interval_words

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from scipy.sparse import csr_array

    Floats = NDArray[np.float64]
    Whole = NDArray[np.int64]

__all__ = [
    "Finding",
    "authority_effects",
    "bivariate_moran",
    "local_bivariate_moran",
    "residual_clustering",
    "school_residuals",
]

NEAREST: Final = 8
"""Number of neighbouring schools, as many as a square of a grid has."""

FEWEST_LOCATED_SCHOOLS: Final = 10

PER_MILLE: Final = 1000
"""IDACI scores are published to three places, so in per mille they are whole numbers and their sums have an exact
distribution; other scores are rounded to this many steps of their range."""


class Finding(NamedTuple):
    """A small table, and what it says in a sentence."""

    table: pd.DataFrame
    words: str


def school_residuals(result: SchoolResult) -> pd.Series:
    """Return how far each school is from expected, on the scale of a normal distribution.

    The normal score of the mid-p tail: 0 as expected, 1.96 on the upper 95 % limit of a line that is known, whatever
    the school's size. Of a suppressed count, the average over what it may be. Missing where a school was not tested.

    References
    ----------
    Dunn and Smyth (1996), Journal of Computational and Graphical Statistics 5, 236-244 (quantile residuals; here with
    half the probability of the count itself instead of a random share of it).
    """
    table = _tested(result)
    mean = table["expected"].to_numpy(dtype=float)
    scores = _scores(table, mean, float(result.slope["dispersion"]))
    return pd.Series(scores, index=table.index, name="residual").reindex(result.table.index)


def residual_clustering(result: SchoolResult, *, nearest: int = NEAREST) -> Finding:
    """Return Moran's I of the residuals: among the nearest schools, and among the schools of one authority.

    Moments under randomisation, which leave out that the residuals are of a fitted line; with one line through a
    hundred schools that is nothing.

    Parameters
    ----------
    nearest
        Number of nearest schools that are a school's neighbours.

    Returns
    -------
    Finding
        Rows `nearest schools` and `same authority`: `moran_i`, `expected`, `z`, `p` (two-sided), `schools`.
    """
    table = _located(result, nearest)
    scores = school_residuals(result).reindex(table.index).to_numpy()
    looks = {"nearest schools": (f"a school and its {nearest} nearest", _nearest_weights(table, nearest))}
    if table["la_code"].nunique() > 1:
        # Within one authority every school has all others beside it, and I is -1 / (n - 1) whatever they do.
        looks["same authority"] = ("schools of one authority", _same(table["la_code"]))
    rows, said = {}, []
    for name, (who, weights) in looks.items():
        if weights.nnz == 0 or np.ptp(scores) == 0:
            continue
        found = morans_i(scores, weights)
        rows[name] = [found.i, found.expected, found.z, found.p, len(table)]
        kind = "no more alike than expected by chance"
        if found.p < 0.05:
            kind = "more alike than expected by chance" if found.z > 0 else "less alike than expected by chance"
        said.append(f"{who} are {kind} (Moran's I {found.i:.2f}, p {_p(found.p)})")
    columns = ["moran_i", "expected", "z", "p", "schools"]
    words = "Given their size and area's deprivation, " + "; ".join(said) + "." if said else ""
    return Finding(pd.DataFrame.from_dict(rows, orient="index", columns=columns), words)


def authority_effects(result: SchoolResult) -> Finding:
    """Return how the schools of each authority, given size and deprivation, compare with the average authority.

    Fixed effects of the same robust negative binomial model, against the unweighted average of authorities; beside them
    the shrunken (empirical Bayes) estimates, with the variance between authorities by DerSimonian and Laird.
    Authorities with fewer than five schools are taken together. Intervals are of Student's t (`interval_factor`).

    Returns
    -------
    Finding
        Indexed by `la_code`: `schools`, `ratio`, `low`, `high` (fixed, 95 % interval), `shrunken`, `shrunken_low`,
        `shrunken_high`.

    References
    ----------
    DerSimonian and Laird (1986), Controlled Clinical Trials 7, 177-188, equation 8; Morris (1983), Journal of the
    American Statistical Association 78, 47-55.
    """
    table = _tested(result)
    groups = contrasts(table["la_code"].tolist(), counts_in(table).start)
    columns = ["schools", "ratio", "low", "high", "shrunken", "shrunken_low", "shrunken_high"]
    if not groups.names:
        return Finding(pd.DataFrame(columns=columns), "")
    index = table["index"].to_numpy(dtype=float)
    fit = _fit(table, np.column_stack([np.ones(len(table)), index, groups.design]))
    # The last group's effect is minus the sum of the others'.
    spread = np.vstack([np.eye(len(groups.names) - 1), -np.ones(len(groups.names) - 1)])
    effect = spread @ fit.coefficients[2:]
    variance = np.diag(spread @ fit.covariance[2:, 2:] @ spread.T)
    reach = interval_factor(fit)
    between = _between(effect, variance)
    # Shrinkage factor: the real share of the variance between the estimates.
    kept = between / (between + variance)
    found = []
    for centre, width in ((effect, np.sqrt(variance)), (kept * effect, np.sqrt(kept * variance))):
        found += [np.exp(centre + side * reach * width) for side in (0, -1, 1)]
    sizes = [int((groups.of == name).sum()) for name in groups.names]
    effects = pd.DataFrame(
        dict(zip(columns, [sizes, *found], strict=True)), index=pd.Index(groups.names, name="la_code")
    )
    names = dict(zip(table["la_code"], table["la_name"], strict=True))
    return Finding(effects, _authority_words(effects, names, title=result.title))


def bivariate_moran(result: SchoolResult, *, nearest: int = NEAREST) -> Finding:
    """Return whether schools with high rates are near schools of deprived areas, over the whole map.

    I = sum_i z_i (mean of x over the nearest schools of i), both standardised, over n; z is the normal score of the
    school's exclusions given its pupils alone. Mean and variance under all permutations of z are exact.

    Returns
    -------
    Finding
        One row: `moran_i`, `expected`, `z`, `p` (two-sided, normal), `schools`.

    References
    ----------
    Wartenberg (1985), Geographical Analysis 17, 263-283; Hoeffding (1951), Annals of Mathematical Statistics 22,
    558-566 (variance of a linear statistic over permutations).
    """
    from scipy.special import ndtr

    table = _located(result, nearest)
    rate, around = _rate_scores(table), _nearest_weights(table, nearest) @ _standardised(table["index"].to_numpy())
    z = _standardised(rate)
    n = len(table)
    i = float(z @ around / n)
    # Hoeffding: Var(sum z_i a_perm(i)) = sum z² x sum (a - mean a)² / (n - 1) for centred z.
    variance = float((z**2).sum() / (n - 1) * ((around - around.mean()) ** 2).sum()) / n**2
    standard = i / np.sqrt(variance)
    p = float(2 * ndtr(-abs(standard)))
    row = pd.DataFrame([[i, 0.0, standard, p, n]], columns=["moran_i", "expected", "z", "p", "schools"])
    index = result.index_title
    kind = "no association beyond chance"
    if p < 0.05:
        kind = f"higher rates are found near schools of {'more' if i > 0 else 'less'} deprived areas"
    words = f"Rates of schools against the {index} of the {nearest} nearest schools: {kind} (I {i:.2f}, p {_p(p)})."
    return Finding(row, words)


def local_bivariate_moran(result: SchoolResult, *, nearest: int = NEAREST, level: float = 0.05) -> Finding:
    """Return, school by school, a high or low rate among schools of deprived or less deprived areas.

    The question answered is whether the areas of the nearest schools are more (or less) deprived than those of as many
    schools drawn at random; the school's own rate gives the quadrant. The distribution of the sum over all draws is
    computed and not simulated.

    Parameters
    ----------
    nearest
        Number of nearest schools.
    level
        False discovery rate, more and less deprived apart.

    Returns
    -------
    Finding
        Indexed by `school_id`: `rate_score` (normal score of the exclusions given pupils alone), `around` (mean index
        of the nearest schools; of ranks the share of areas that are less deprived), `moran_i`, `p` (two-sided),
        `p_adjusted`, `class` (as of Local Moran: the first word the school's rate, the second the deprivation around
        it).

    References
    ----------
    Anselin, Syabri and Smirnov (2002), Visualizing multivariate spatial correlation with dynamically linked windows.
    """
    table = _located(result, nearest)
    rate = _standardised(_rate_scores(table))
    index = table["index"].to_numpy(dtype=float)
    steps = PER_MILLE if index.max() <= 1 else PER_MILLE / index.max()
    whole = np.rint(index * steps).astype(np.int64)
    weights = _nearest_weights(table, nearest)
    members = np.split(weights.indices, weights.indptr[1:-1])
    sums = np.array([whole[others].sum() for others in members], dtype=np.int64)
    p_more, p_less = conditional_tails(whole, sums, np.full(len(table), nearest, dtype=np.int64), mid_p=True)
    adjusted = adjust_tails(p_more, p_less, method="benjamini-hochberg-apart")
    around = sums / nearest / steps
    lag = weights @ _standardised(index)
    quadrant = np.where(
        rate > 0, np.where(p_more < p_less, "high_high", "high_low"), np.where(p_more < p_less, "low_high", "low_low")
    )
    classes = np.where(adjusted <= level, quadrant, "not_significant").astype(object)
    found = pd.DataFrame(
        {
            "rate_score": rate,
            "around": around,
            "moran_i": rate * lag,
            "p": np.minimum(1.0, 2 * np.minimum(p_more, p_less)),
            "p_adjusted": adjusted,
            "class": classes,
        },
        index=table.index,
    )
    return Finding(found, _local_words(found, result.index_title, nearest))


# --------------------------------------------------------------------------- what they share


def _tested(result: SchoolResult) -> pd.DataFrame:
    """Return the schools that the model was fitted to, with their index: the score, or 1 less the relative rank."""
    table = pd.DataFrame(result.table.drop(columns="geometry"))
    by_rank = not table["idaci"].notna().any()
    table["index"] = 1 - table["idaci_rank"] / result.areas_ranked if by_rank else table["idaci"]
    return table[table["expected"].notna() & table["index"].notna()]


def _located(result: SchoolResult, nearest: int) -> pd.DataFrame:
    """Return the tested schools with a point, if there are enough for this number of neighbours."""
    table = _tested(result)
    table = table[table["easting"].notna() & table["northing"].notna()]
    if nearest < 1 or len(table) < max(FEWEST_LOCATED_SCHOOLS, nearest + 2):
        raise AnalysisError(
            f"{len(table):,} schools with a point are too few for {nearest:,} neighbours each.",
            found=f"{len(result):,} schools, of which {len(table):,} were tested and have a point",
            advice=f"use fewer neighbours, at least 1, and at least {FEWEST_LOCATED_SCHOOLS} schools",
        )
    return table


def _fit(table: pd.DataFrame, design: Floats) -> Fit:
    return fit_counts(counts_in(table), design, exposure=table["pupils"].to_numpy(dtype=float))


def _scores(table: pd.DataFrame, mean: Floats, dispersion: float) -> Floats:
    """Return normal scores of mid-p tails, those of suppressed counts averaged over what they may be."""
    from scipy.special import ndtri

    def score(y: Floats, at: Any) -> Floats:
        above, below = mid_p_tails(np.floor(y + 0.5), np.asarray(mean[at]), dispersion)
        # The smaller tail keeps its digits.
        return np.asarray(np.where(above < below, -ndtri(above), ndtri(below)))

    return counts_in(table).expect(score, log_chances(mean, dispersion))


def _rate_scores(table: pd.DataFrame) -> Floats:
    """Return normal scores of schools' exclusions given their pupils alone: rates, with their size allowed for."""
    fit = _fit(table, np.ones((len(table), 1)))
    scores = _scores(table, fit.mean, fit.dispersion)
    for what, values in (("rate", scores), ("index of deprivation", table["index"])):
        if np.ptp(values) <= SAME:
            raise AnalysisError(
                f"All schools have the same {what}, so its pattern cannot be tested.",
                found=f"{len(table):,} schools that were tested and have a point",
                advice="check the columns of pupils, exclusions and deprivation",
            )
    return scores


def _standardised(values: Floats) -> Floats:
    centred = np.asarray(values, dtype=float) - np.mean(values)
    spread = float(np.sqrt((centred**2).mean()))
    return np.asarray(centred / spread if spread > 0 else centred)


def _nearest_weights(table: pd.DataFrame, nearest: int) -> csr_array:
    """Return weights of 1 / nearest for each school's nearest schools; ties by order of the table."""
    from scipy.sparse import csr_array
    from scipy.spatial.distance import cdist

    xy = table[["easting", "northing"]].to_numpy(dtype=float)
    # All pairs of some hundred schools, so that a stable sort decides ties, which a tree does not.
    apart = cdist(xy, xy)
    np.fill_diagonal(apart, np.inf)
    others = np.argsort(apart, axis=1, kind="stable")[:, :nearest]
    starts = np.arange(0, others.size + 1, nearest)
    return csr_array((np.full(others.size, 1 / nearest), others.ravel(), starts), shape=apart.shape)


def _same(groups: pd.Series) -> csr_array:
    """Return weights that add to 1 over the other schools of the same authority; none where there is no other."""
    from scipy.sparse import csr_array

    codes = pd.factorize(groups.astype(str))[0]
    alike = (codes[:, None] == codes[None, :]).astype(float)
    np.fill_diagonal(alike, 0)
    number = alike.sum(axis=1, keepdims=True)
    return csr_array(alike / np.where(number > 0, number, 1))


def _between(effect: Floats, variance: Floats) -> float:
    """Return the variance between groups beyond that of their estimates (DerSimonian and Laird), at least 0."""
    weight = 1 / variance
    centre = (weight * effect).sum() / weight.sum()
    # Cochran's Q has expectation k - 1 where groups do not differ; the excess gives the variance between them.
    q = float((weight * (effect - centre) ** 2).sum())
    return max(0.0, (q - (len(effect) - 1)) / float(weight.sum() - (weight**2).sum() / weight.sum()))


def _p(p: float) -> str:
    return "< 0.001" if p < 0.001 else f"{p:.3f}"


def _authority_words(effects: pd.DataFrame, names: dict[str, str], *, title: str) -> str:
    clear = effects[(effects["low"] > 1) | (effects["high"] < 1)].sort_values("ratio", ascending=False)
    if clear.empty:
        return "Given size and deprivation, no authority's schools differ from the average authority's beyond chance."
    told = [
        f"{names.get(str(code), str(code))} {interval_words(low, high)}"
        for code, low, high in clear[["low", "high"]].itertuples(name=None)
    ]
    return (
        f"Given size and deprivation, schools of these authorities have more or fewer {title} than the average "
        f"authority's (95% intervals): {'; '.join(told)}."
    )


def _local_words(found: pd.DataFrame, index: str, nearest: int) -> str:
    numbers = found["class"].value_counts()
    high, low = (
        {side: int(numbers.get(f"{side}_{around}", 0)) for side in ("high", "low")} for around in ("high", "low")
    )
    return (
        f"By their {index}, the areas of the {nearest} nearest schools are more deprived than expected by chance for "
        f"{sum(high.values()):,} schools, {high['high']:,} of them with rates above the average; less deprived for "
        f"{sum(low.values()):,}, {low['high']:,} of them with rates above it. This tests the deprivation around a "
        "school, not whether rates are associated with it: the test of the whole map does that."
    )
