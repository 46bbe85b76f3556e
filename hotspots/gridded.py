"""Cells and bandwidths of a study file that can make no grid: `check` says so before a run leaves a surface out."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any, Final

from hotspots.errors import AnalysisError, reason_of
from hotspots.vocabulary import UNRELEASED

if TYPE_CHECKING:
    from hotspots.nouns import Events, StudyArea
    from hotspots.reading import Inputs
    from hotspots.study import Study

__all__ = ["without_grid"]

SEARCHED: Final = ("least-squares", "likelihood", "diggle")
"""Rules that take as long as a run: what they would give is not looked at."""

Asked = tuple[str, Sequence["Events"], Any, float | None, bool]
"""What is left out, the events, their bandwidth, their cell, and whether it is a surface of risk."""


def without_grid(study: Study, inputs: Inputs) -> dict[str, str]:
    """Return the surfaces that can't be made with the cells or bandwidths of the study file, and why."""
    asked = [one for one in _asked(study, inputs) if one[3] is not None or isinstance(one[2], int | float)]
    if not asked:
        return {}
    outline = inputs.area.areas.geometry.union_all()
    found: dict[str, str] = {}
    for what, events, bandwidth, cell, risk in asked:
        why = _why_none(inputs.area, outline, events, bandwidth, cell, risk=risk, kernel=study.density.kernel)
        if why:
            found.setdefault(what, why)
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
        yield what, [events], density.bandwidth, density.cell, False
        if density.risk and inputs.area.has_population:
            yield what, [events], wide, density.risk_cell, True
    for comparison in study.comparisons:
        if comparison.name in inputs.comparisons:
            pair = inputs.comparisons[comparison.name]
            yield f"comparison {comparison.title}", pair, wide, density.risk_cell, True
    for prediction in study.predictions:
        if prediction.name in inputs.predictions and prediction.bandwidths:
            past = inputs.predictions[prediction.name][0]
            yield f"prediction of {past.title}", [past], min(prediction.bandwidths), density.cell, False


def _why_none(
    area: StudyArea, outline: Any, events: Sequence[Events], bandwidth: Any, cell: float | None, *, risk: bool,
    kernel: Any,
) -> str:  # fmt: skip
    """Return why there is no grid; empty where there is one, or where only a run can tell."""
    import numpy as np

    from hotspots.analysis.bandwidths import choose_bandwidth
    from hotspots.analysis.density import grid_over
    from hotspots.analysis.tested_surfaces import points_inside, window_over

    if bandwidth in SEARCHED:
        return ""
    try:
        points = np.concatenate([points_inside(one, area, outline)[0] for one in events])
        chosen = choose_bandwidth(points, rule=bandwidth, kernel=kernel, outline=outline)
        if risk:
            window_over(outline, chosen, cell=cell, kernel=kernel)
        else:
            grid_over(outline, chosen.metres, kernel=kernel, cell=cell)
    except AnalysisError as error:
        return reason_of(error)
    return ""
