"""How results were made, as typed values and as files have them; here those of areas, of zones and of schools."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from typing import TYPE_CHECKING, Any, ClassVar, Final, Literal

from hotspots.model.periods import Coverage
from hotspots.vocabulary import (
    MEASURE_WORDS,
    SCAN_STATISTIC_WORDS,
    STATISTIC_TITLES,
    Adjustment,
    Covariate,
    Null,
    ScanNull,
    ScanStatistic,
    Secondary,
    Statistic,
    TestedMeasure,
    WindowInference,
    ZoneShape,
)

if TYPE_CHECKING:
    from dataclasses import Field

__all__ = [
    "AS_LIST",
    "BESIDE",
    "WHERE_KNOWN",
    "AverageRate",
    "BeyondByChance",
    "ExpectedMethod",
    "FitMethod",
    "HotspotMethod",
    "IndexMeasure",
    "RateCurve",
    "Recorded",
    "ScanMethod",
    "SchoolComparison",
    "SchoolMethod",
    "Slope",
    "written_as",
]

# --------------------------------------------------------------------------- as files have them


class Recorded:
    """Base class of all that is written as settings: a field is a key, unless its metadata say otherwise."""

    __slots__ = ()
    __dataclass_fields__: ClassVar[dict[str, Field[Any]]]

    def as_dict(self) -> dict[str, Any]:
        """Return method and settings as files have them: setting → plain value.

        Examples
        --------
        >>> BeyondByChance(above=5.1, below=4.9).as_dict()
        {'above': 5.1, 'below': 4.9}
        """
        written: dict[str, Any] = {}
        for each in fields(self):
            value, how = getattr(self, each.name), each.metadata
            if "prefix" in how:
                written |= {f"{how['prefix']}{name}": inner for name, inner in _settings_of(value).items()}
            elif value is not None or not how.get("optional"):
                written[each.name] = how.get("write", _plain)(value)
        return written


def written_as(words: Mapping[Any, str]) -> dict[str, Any]:
    """Return the metadata of a code for which files have words; a code that has none is written as it is."""
    return {"write": lambda code: words.get(code, code)}


AS_LIST: Final[dict[str, Any]] = {"write": lambda values: None if values is None else list(values)}
BESIDE: Final[dict[str, Any]] = {"prefix": ""}
"""Of a part whose settings stand beside the others; none of them where it is None."""
AS_RECORDS: Final[dict[str, Any]] = {"write": lambda parts: [part.as_dict() for part in parts]}
"""Of several parts, each with settings of its own."""
WHERE_KNOWN: Final[dict[str, Any]] = {"optional": True}
"""Of a setting that has no key where it is None."""


def _settings_of(part: Recorded | Coverage | None) -> dict[str, Any]:
    if isinstance(part, Coverage):
        return {"months_covered": list(part.months), "months_missing": list(part.missing)}
    return {} if part is None else part.as_dict()


def _plain(value: Any) -> Any:
    if isinstance(value, Recorded):
        return value.as_dict()
    return dict(value) if isinstance(value, Mapping) else value


# --------------------------------------------------------------------------- areas

ExpectedFrom = Literal["population", "own", "age"]
EXPECTED_WRITTEN: Final[Mapping[ExpectedFrom, str]] = {
    "population": "population",
    "own": "expected counts as given",
    "age": "population by age (indirect standardisation)",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Slope(Recorded):
    """What one covariate does to the events expected."""

    covariate: str
    """What it is, in words."""
    slope: float
    slope_low: float
    slope_high: float
    """Change of the logarithm of the events expected for a step of 1, with its 95% interval."""
    standard_deviation: float
    """Of the covariate among the areas of the fit."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ExpectedMethod(Recorded):
    """How expected counts were made, where they are not the shares of the population alone."""

    base: ExpectedFrom = field(metadata=written_as(EXPECTED_WRITTEN))
    """What they begin with: people, people by age, or expected counts as given."""
    title: str
    """What that is, in words."""
    age_bands: int | None = field(default=None, metadata=WHERE_KNOWN)
    """Number of bands of ages, each with one rate in the whole study area."""
    given: tuple[Slope, ...] = field(default=(), metadata=AS_RECORDS)
    """Covariates of the regression; none without one."""
    trend_km: float | None = field(default=None, metadata=WHERE_KNOWN)
    """Distance between the knots of a smooth trend."""
    trend_terms: int | None = field(default=None, metadata=WHERE_KNOWN)
    """Number of its terms."""
    areas_fitted: int | None = field(default=None, metadata=WHERE_KNOWN)
    """Number of areas in the regression."""
    dispersion: float | None = field(default=None, metadata=WHERE_KNOWN)
    """Variance of areas' risks around the regression, over the square of their mean; 0 under Poisson."""
    counts_clipped: int | None = field(default=None, metadata=WHERE_KNOWN)
    """Number of counts that were clipped for a trend, so that no single area bends it."""
    estimates: int = 1
    """Number of estimates over which p-values are bounds: more than one where counts are suppressed."""

    @property
    def suggested_by(self) -> tuple[str, ...]:
        """What the expected counts allow for, in words for readers, beside the number of people."""
        base = {"population": (), "own": ("the expected counts given",), "age": ("age",)}[self.base]
        trend = () if self.trend_km is None else (f"a trend of {self.trend_km:g} km",)
        return (*base, *(slope.covariate for slope in self.given), *trend)

    @property
    def is_fitted(self) -> bool:
        """Whether a regression is part of them."""
        return bool(self.given) or self.trend_km is not None


@dataclass(frozen=True, slots=True, kw_only=True)
class HotspotMethod(Recorded):
    """How areas were tested."""

    statistic: Statistic = field(metadata=written_as(STATISTIC_TITLES))
    """Gi*, Gi (without the area itself) or Local Moran's I."""
    null: Null
    """Null hypothesis."""
    inference: WindowInference
    """How p-values were computed."""
    dispersion: tuple[float, float] | None = field(metadata=AS_LIST)
    """Variance of an average area's count over its mean, lowest and highest estimate; None where it was not
    estimated."""
    risks: tuple[tuple[float, float], ...] | None = field(default=None, metadata=AS_LIST | WHERE_KNOWN)
    """Risks of areas, relative to that of all people, each with its share of the areas; None where they were not
    estimated."""
    step: float | None
    """Step of the lattice on which values that are not whole were summed, or None."""
    draws: int | None
    seed: int | None
    """Number of draws and seed of a simulation, or None."""
    mid_p: bool
    """Whether ties count half."""
    conditional: bool
    """Whether the neighbours were tested given the area's own value."""
    measure: TestedMeasure = field(metadata=written_as(MEASURE_WORDS))
    """What was tested: counts, rates, ratios to what is expected, shrunken rates, or values as given."""
    neighbours: str
    """Who counts as a neighbour, in words."""
    neighbour_pairs: int
    components: int
    islands: int
    """Pairs of neighbours, in both directions; parts of the study area that are not joined; areas without a
    neighbour."""
    areas_tested: int
    areas_hidden: int
    """Numbers of areas tested, and of areas whose count is suppressed."""
    rule: str
    """Name of the rule under which counts were protected; empty without one."""
    adjustment: Adjustment
    """For many tests."""
    level: float
    """The study's level of significance, after adjustment."""
    expected: ExpectedMethod | None = field(default=None, metadata=WHERE_KNOWN)
    """What the counts were compared with, where it is not the shares of the population alone."""

    @property
    def spread_of_risks(self) -> float | None:
        """Standard deviation of the risks of areas, as a share of their mean; None where they were not estimated."""
        if self.risks is None:
            return None
        total = sum(share for _, share in self.risks)
        mean = sum(risk * share for risk, share in self.risks) / total
        variance = sum(share * (risk - mean) ** 2 for risk, share in self.risks) / total
        return float(variance**0.5 / mean)


# --------------------------------------------------------------------------- zones


@dataclass(frozen=True, slots=True, kw_only=True)
class ScanMethod(Recorded):
    """How zones were compared and the most likely clusters found."""

    zones: ZoneShape
    """Shape of the zones."""
    zones_compared: int
    """Their number."""
    largest_share: float
    """Largest share of the population in a zone, 0 to 1."""
    largest_radius_m: float | None
    """Largest radius of a zone in metres; None without a limit."""
    statistic: ScanStatistic = field(metadata=written_as(SCAN_STATISTIC_WORDS))
    """What zones are compared by."""
    null: ScanNull
    """Null hypothesis."""
    dispersion: tuple[float, float] | None = field(metadata=AS_LIST)
    """Variance of an area's count over its mean, lowest and highest estimate; None under constant risk."""
    secondary: Secondary
    """How further clusters were sought."""
    level: float
    """Up to which p-value a zone is a cluster."""
    draws: int
    seed: int
    """Number of maps drawn for each p-value, and seed."""
    areas_scanned: int
    areas_hidden: int
    areas_left_out: int
    """Numbers of areas in zones; of those of them whose count is suppressed; of areas without a count or people."""
    events: tuple[float, float] = field(metadata=AS_LIST)
    """Events in the areas scanned, at least and at most."""
    people: float
    """People in them."""
    rule: str
    """Name of the rule under which counts were protected; empty without one."""


# --------------------------------------------------------------------------- schools

IndexMeasure = Literal["score", "estimated-score", "rank"]
INDEX_WRITTEN: Final[Mapping[IndexMeasure, str]] = {"estimated-score": "estimated score"}
SchoolModel = Literal["negative-binomial", "poisson"]
MODEL_WRITTEN: Final[Mapping[SchoolModel, str]] = {"negative-binomial": "negative binomial (NB2)", "poisson": "Poisson"}

FitMethod = Literal["robust", "maximum-likelihood"]
FIT_WRITTEN: Final[Mapping[FitMethod, str]] = {
    "robust": "robust (clipped residuals)",
    "maximum-likelihood": "maximum likelihood",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class BeyondByChance(Recorded):
    """Expected numbers of schools above and below their 95% limits if the model holds for all."""

    above: float
    below: float


@dataclass(frozen=True, slots=True, kw_only=True)
class AverageRate(Recorded):
    """The average rate of all schools compared."""

    per_100: float
    """Permanent exclusions per 100 pupils and year, suppressed numbers in the middle of what they may be."""
    per_100_low: float
    per_100_high: float
    """The same at the lowest and the highest that they may be."""
    low: float
    high: float
    """Lowest and highest number of exclusions."""
    pupil_years: float
    schools: int
    """What they are of."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RateCurve(Recorded):
    """The line that schools were compared with, along the index; rates per 100 pupils and year."""

    index: tuple[float, ...]
    """Values of the index, rising."""
    expected: tuple[float, ...]
    expected_low: tuple[float, ...]
    expected_high: tuple[float, ...]
    """What is expected, with the 95% interval of the line (by Student's t)."""
    limit_low_95: tuple[float, ...]
    limit_high_95: tuple[float, ...]
    """The limits of a school of median size, with what is not known of line and dispersion."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SchoolComparison(Recorded):
    """The comparison of schools repeated by another index."""

    slope: tuple[float, float, float]
    """Ratio of rates for one step of the index, with the ends of its 95% interval."""
    dispersion: float
    """Variance of schools' rates around the line, over the square of the rate."""
    explained_share: float
    """Share of the variance between schools' rates that the index accounts for."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SchoolMethod(Recorded):
    """How schools were compared with what deprivation and size suggest."""

    model: SchoolModel = field(metadata=written_as(MODEL_WRITTEN))
    """Distribution of counts around the line."""
    fit: FitMethod = field(metadata=written_as(FIT_WRITTEN))
    """How line and dispersion were fitted: by maximum likelihood where counts are few."""
    schools_in_model: int
    schools_hidden: int
    """Numbers of schools compared, and of those of them whose number is suppressed."""
    residuals_clipped: int
    """Number of known counts whose residual is clipped; without outliers about one in eight."""
    dispersion: float
    """Variance of schools' rates around the line, over the square of the rate; 0 under Poisson."""
    beyond_95_by_chance: BeyondByChance
    """Schools expected beyond their 95% limits."""
    explained_share: float
    """Share of the variance between schools' rates that the index accounts for."""
    poisson_phi: float
    """Pearson chi-squared over degrees of freedom of the plain Poisson fit; about 1 where chance explains all."""
    adjustment: Adjustment
    """For many tests."""
    covariates: tuple[Covariate, ...]
    """What schools were compared within."""
    level: float
    """False discovery rate that "far" above or below is held to."""
    catchment_decay_m: float
    """Metres over which a school's pull on children falls to 1 / e."""
    rate_average: AverageRate
    """The average that rates are compared with."""
    index_measure: IndexMeasure = field(metadata=written_as(INDEX_WRITTEN))
    """What the numbers of the index are."""
    areas_ranked: float
    """How many areas the index ranks."""
    curve: RateCurve | None = field(metadata=WHERE_KNOWN)
    curve_catchment: RateCurve | None = field(metadata=WHERE_KNOWN)
    """The line over the index of the own area, and of the catchment; None where there is no single one."""
    catchment: SchoolComparison | None = field(metadata={"prefix": "catchment_"})
    rank: SchoolComparison | None = field(metadata={"prefix": "rank_"})
    """The comparison repeated by the index of the catchment, and by ranks; None where it was not."""
    fewer_in_most_deprived: tuple[str, ...]
    more_in_least_deprived: tuple[str, ...]
    """Ids of the schools that go against the slope."""
