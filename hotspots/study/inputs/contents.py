"""What a study reads, as one value."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pandas as pd

    from hotspots.disclosure import Gate
    from hotspots.errors import HotspotsError
    from hotspots.model import (
        Ages,
        AreaCounts,
        Deprivation,
        Events,
        Extract,
        Factors,
        PeriodCounts,
        Schools,
        Series,
        StudyArea,
    )

__all__ = ["Inputs", "Report"]

Report = Callable[[str], object]
"""Progress callback, called before each step."""


@dataclass(slots=True)
class Inputs:
    """What a study reads, ready to be analysed.

    `events` keep their points and are used for surfaces and, where they are released, for standardised rates;
    `counts` and `series` have been through the gate, which knows all tables of unreleased records. `period_counts` are
    of sources that need no protection alone. `detailed` are the areas in more detail, in which points are placed.
    `comparisons` and `predictions` are pairs of events: first and second, past and future. `left_out` says what of the
    study is not here, and why.
    """

    area: StudyArea
    gate: Gate
    detailed: StudyArea | None = None
    ages: Ages | None = None
    labels: pd.DataFrame | None = None
    events: dict[str, Events] = field(default_factory=dict)
    counts: dict[str, AreaCounts] = field(default_factory=dict)
    period_counts: dict[str, PeriodCounts] = field(default_factory=dict)
    series: list[Series] = field(default_factory=list)
    deprivation: Deprivation | None = None
    schools: Schools | None = None
    placed: pd.Series | None = None
    factors: Factors | None = None
    recording: Extract | None = None
    comparisons: dict[str, tuple[Events, Events]] = field(default_factory=dict)
    predictions: dict[str, tuple[Events, Events]] = field(default_factory=dict)
    left_out: dict[str, str] = field(default_factory=dict)
    problems: list[HotspotsError] = field(default_factory=list)
