"""By how many methods each area is hot: Gi*, Local Moran, the scan and the contours of a surface."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from hotspots.analysis.stability.method_text import describe_agreement
from hotspots.errors import AnalysisError, list_briefly, plural
from hotspots.model import (
    Agreement,
    AgreementMethod,
    Clusters,
    Contours,
    HotspotResult,
    StudyArea,
    ToleranceContours,
    combine,
)
from hotspots.vocabulary import AGREEMENT_COLUMN_WORDS, AGREEMENT_TITLES, ComparedMethod

if TYPE_CHECKING:
    import geopandas as gpd
    from numpy.typing import NDArray

    Answers = NDArray[np.object_]

__all__ = ["agreement"]

Compared = HotspotResult | Clusters | Contours
MOSTLY: Final = 0.5
"""Share of an area in contours of raised risk beyond which the surface calls it hot."""
SIZE_TOLERANCE: Final = 0.03
"""Share by which the study area of contours, which may be made of cells, may differ in size."""
USUAL_LEVEL: Final = 0.05
NUMBERS: Final = ("none", "one", "two", "three", "four")


@dataclass(frozen=True, slots=True)
class _Answer:
    """What one method says of every area (n), and the share of it in contours, where it has any."""

    says: Answers
    level: float
    covered: NDArray[np.float64] | None = None


def agreement(results: Sequence[Compared]) -> Agreement:
    """Return by how many methods each area is hot, of results for the same events in the same areas.

    A method calls hot only what is certain whatever suppressed counts are: areas of Gi* at the result's level,
    High-High areas of Local Moran, areas in clusters of a scan that are beyond chance, and areas of which more than
    half is in contours of raised risk.

    Do not read the number of methods as evidence that adds up: all use the same events and people, and each asks
    another question. An area that one method alone calls hot is described by that method.

    Parameters
    ----------
    results
        Two to four results of different methods: from `getis_ord`, `local_moran`, `scan_clusters`, and
        `tolerance_contours` of a surface of risk. One of them at least has its study area: contours have none.

    Returns
    -------
    Agreement
        One row per area, those that most methods call hot first.

    Raises
    ------
    AnalysisError
        If the results are of different areas, events or periods, two are of one method, or contours are of a density.
    """
    by_method = _by_method(results)
    area = _common_area(results)
    _need_same(results, "name", "events")
    _need_same(results, "period", "periods")
    answers = {name: _answer(result, area) for name, result in by_method.items()}
    method = AgreementMethod(
        methods=tuple(answers),
        levels={name: answer.level for name, answer in answers.items()},
        covered_share=MOSTLY,
    )
    first, *others = by_method.values()
    notes = tuple(dict.fromkeys(note for one in results for note in one.notes))
    return Agreement(
        _table(area, answers),
        sentences=describe_agreement(method),
        provenance=method,
        area=area,
        identity=combine(first, area, *others, notes=notes),
    )


def _by_method(results: Sequence[Compared]) -> dict[ComparedMethod, Compared]:
    """Return the results by method, in one order everywhere."""
    found: dict[ComparedMethod, Compared] = {}
    for result in results:
        name = _method_of(result)
        if name in found:
            raise AnalysisError(
                f"Two results are of one method: {AGREEMENT_TITLES[name]}.",
                found=f"{len(results)} results",
                advice="give one result for each method; use stability for variants of one method",
            )
        found[name] = result
    if len(found) < 2:
        raise AnalysisError(
            "Agreement needs at least two results.",
            found=f"{plural(len(found), 'result')}",
            advice="give results of getis_ord, local_moran, scan_clusters or tolerance_contours as a list",
        )
    return {name: found[name] for name in AGREEMENT_TITLES if name in found}


def _method_of(result: Any) -> ComparedMethod:
    if isinstance(result, HotspotResult):
        return result.method
    if isinstance(result, Clusters) and not result.spans_time:
        return "scan"
    if not isinstance(result, Contours):
        what = "clusters in space and time" if isinstance(result, Clusters) else f"a {type(result).__name__}"
        raise AnalysisError(
            f"{what[0].upper()}{what[1:]} can't be compared by area.",
            advice="give results of getis_ord, local_moran, scan_clusters or tolerance_contours",
        )
    densest = set(result.table["kind"]) - {"raised", "lowered"}
    if densest or (result.provenance is not None and not isinstance(result.provenance.cells, ToleranceContours)):
        raise AnalysisError(
            f"The contours of {result.title} are not of raised risk.",
            found="contours of the densest part, which there always is",
            advice="use tolerance_contours of relative_risk or compare_densities",
        )
    return "surface"


# --------------------------------------------------------------------------- the same areas, events and period


def _common_area(results: Sequence[Compared]) -> StudyArea:
    """Return the study area of all results, or stop where they differ."""
    areas = [result.area for result in results if not isinstance(result, Contours) and result.area is not None]
    if not areas:
        raise AnalysisError(
            "None of the results has its study area.",
            found="contours, or results that were made by hand",
            advice="add a result of getis_ord, local_moran or scan_clusters",
        )
    area = areas[0]
    for other in areas[1:]:
        odd = sorted(set(other.ids) ^ set(area.ids))
        if odd:
            raise AnalysisError(
                "The results are of different areas.",
                found=f"{plural(len(odd), 'area')} in one of them only: {list_briefly(odd)}",
                advice="give results for one study area",
            )
    for result in results:
        if isinstance(result, Contours):
            _need_inside(result, area)
    return area


def _need_inside(contours: Contours, area: StudyArea) -> None:
    """Stop where contours lie outside the study area, or are of one of another size."""
    table = contours.table[contours.table["area_km2"] > 0]
    if table.empty:
        return
    whole = float(area.areas.geometry.area.sum()) / 1e6
    size = float((table["area_km2"] / table["share_of_area"]).median())
    outside = 1 - float(_covered(contours, area).sum()) / float(table.geometry.union_all().area)
    if abs(size / whole - 1) > SIZE_TOLERANCE or outside > SIZE_TOLERANCE:
        raise AnalysisError(
            "The contours are of another study area.",
            found=f"contours of {size:,.1f} km², {100 * outside:.0f}% of them outside; the areas have {whole:,.1f} km²",
            advice="give contours of the same study area",
        )


def _need_same(results: Sequence[Compared], part: str, what: str) -> None:
    given = list(dict.fromkeys(str(getattr(result, part)) for result in results if getattr(result, part)))
    if len(given) > 1:
        raise AnalysisError(
            f"The results are of different {what}.",
            found="; ".join(given),
            advice="give results of the same events and period",
        )


# --------------------------------------------------------------------------- what each method says


def _answer(result: Compared, area: StudyArea) -> _Answer:
    if isinstance(result, HotspotResult):
        says = _yes_or_no(area.ids.isin(result.hot()))
        tested = (result.table["class"] != "not_tested").reindex(area.ids, fill_value=False)
        says[~tested.to_numpy(dtype=bool)] = "not_tested"
        return _Answer(says, result.level)
    if isinstance(result, Clusters):
        certain = result.table.loc[result.table["certainty"] == "certain", "area_ids"]
        return _Answer(_yes_or_no(area.ids.isin({area_id for ids in certain for area_id in ids.split()})), result.level)
    raised = result.table["kind"] == "raised"
    covered = _covered(result, area, raised) / area.areas.geometry.area.to_numpy()
    return _Answer(_yes_or_no(covered > MOSTLY), _level(result), np.minimum(covered, 1.0))


def _level(contours: Contours) -> float:
    """Return the level of contours of raised and lowered risk, which is their threshold too."""
    if contours.provenance is not None and isinstance(contours.provenance.cells, ToleranceContours):
        return contours.provenance.cells.level
    return float(contours.table["threshold"].iloc[0]) if len(contours) else USUAL_LEVEL


def _yes_or_no(hot: Any) -> Answers:
    return np.where(np.asarray(hot, dtype=bool), "yes", "no").astype(object)


def _covered(contours: Contours, area: StudyArea, of: Any = slice(None)) -> NDArray[np.float64]:
    """Return the square metres of every area (n) in contours."""
    import shapely

    shapes = area.areas.geometry.to_numpy()
    around = shapely.union_all(contours.table.loc[of].geometry.to_numpy())
    touched = shapely.STRtree(shapes).query(around, predicate="intersects")
    covered = np.zeros(len(shapes))
    covered[touched] = shapely.area(shapely.intersection(shapes[touched], around))
    return covered


def _table(area: StudyArea, answers: Mapping[ComparedMethod, _Answer]) -> gpd.GeoDataFrame:
    says: dict[str, Any] = {name: answers[name].says if name in answers else "not_given" for name in AGREEMENT_TITLES}
    given = np.array([answer.says for answer in answers.values()])
    hot, tested = (given == "yes").sum(axis=0), (given != "not_tested").sum(axis=0)
    covered = answers["surface"].covered if "surface" in answers else None
    classes = np.where(tested == 0, "not_tested", np.array(NUMBERS, dtype=object)[hot])
    table = area.areas.assign(
        hot_methods=hot, methods=tested, covered=np.nan if covered is None else covered, **says, **{"class": classes}
    )
    return table[[*(name for name in AGREEMENT_COLUMN_WORDS if name != "area_id"), "geometry"]]
