"""Cells and bandwidths of a study file that can make no grid: `check` says so before a run leaves a surface out."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any, Final, Literal

from hotspots.errors import AnalysisError, reason_of
from hotspots.vocabulary import UNRELEASED

if TYPE_CHECKING:
    from hotspots.nouns import Events, StudyArea
    from hotspots.reading import Inputs
    from hotspots.study import Study

__all__ = ["without_grid"]

SEARCHED: Final = ("least-squares", "likelihood", "diggle")
"""Rules that take as long as a run where events are many: what they would give is then not looked at."""

FEW: Final = 500
"""Events of which everything is looked at."""

Asked = tuple[str, Sequence["Events"], Any, float | None, Literal["density", "risk", "prediction"]]
"""What is left out, the events, their bandwidth, their cell, and what is made of them."""


def without_grid(study: Study, inputs: Inputs) -> dict[str, str]:
    """Return the surfaces that can't be made with the cells or bandwidths of the study file, and why."""
    asked = [
        one
        for one in _asked(study, inputs)
        if one[3] is not None or one[2] is not None or sum(map(len, one[1])) <= FEW or _on_one_point(one[1])
    ]
    if not asked:
        return {}
    outline = inputs.area.areas.geometry.union_all()
    found: dict[str, str] = {}
    for one in asked:
        why = _why_none(study, inputs.area, outline, one)
        if why:
            found.setdefault(one[0], why)
    return found


def _asked(study: Study, inputs: Inputs) -> Iterator[Asked]:
    """Give the surfaces of points that a run makes, in its order."""
    density = study.density
    wide = density.risk_bandwidth or density.bandwidth
    for section in study.events:
        events = inputs.events.get(section.name)
        if not section.density or events is None or events.release == UNRELEASED:
            continue
        if not events.table["easting"].notna().any():
            continue
        what = f"density surface of {events.title}"
        yield what, [events], density.bandwidth, density.cell, "density"
        if density.risk and inputs.area.has_population:
            yield what, [events], wide, density.risk_cell, "risk"
    for comparison in study.comparisons:
        if comparison.name in inputs.comparisons:
            pair = inputs.comparisons[comparison.name]
            yield f"comparison {comparison.title}", pair, wide, density.risk_cell, "risk"
    for prediction in study.predictions:
        if prediction.name in inputs.predictions and prediction.bandwidths:
            past = inputs.predictions[prediction.name][0]
            yield f"prediction of {past.title}", [past], min(prediction.bandwidths), density.cell, "prediction"


def _on_one_point(events: Sequence[Events]) -> bool:
    """Whether all points are one, so that no rule finds a bandwidth."""
    return all(int(one.table[axis].nunique()) < 2 for axis in ("easting", "northing") for one in events)


def _why_none(study: Study, area: StudyArea, outline: Any, asked: Asked) -> str:
    """Return why there is no grid; empty where there is one, or where only a run can tell."""
    import numpy as np

    from hotspots.analysis.adaptive import need_few_values
    from hotspots.analysis.bandwidths import choose_bandwidth
    from hotspots.analysis.density import grid_over
    from hotspots.analysis.prediction import choose_cell
    from hotspots.analysis.relative_risk import need_expected
    from hotspots.analysis.tested_surfaces import points_inside, window_over

    _, events, bandwidth, cell, kind = asked
    kernel = study.density.kernel
    try:
        points = np.concatenate([points_inside(one, area, outline)[0] for one in events])
        untold = bandwidth in SEARCHED and len(points) > FEW
        chosen = choose_bandwidth(points, rule=None if untold else bandwidth, kernel=kernel, outline=outline)
        if untold:
            return ""
        if kind == "risk":
            window = window_over(outline, chosen, cell=cell, kernel=kernel)
            if len(events) == 1 and len(points) <= FEW:
                need_expected(area, window, len(points))
            return ""
        grid = grid_over(outline, chosen.metres, kernel=kernel, cell=cell)
        if kind == "prediction" and cell is not None:
            choose_cell(outline, cell)
        if kind == "density" and study.density.adaptive and kernel == "uniform":
            places = np.unique(points, axis=0)
            need_few_values(places, grid, np.full(len(places), chosen.metres))
    except AnalysisError as error:
        return reason_of(error)
    return ""
