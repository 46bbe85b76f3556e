"""What a study file may say: its sections and keys, and what is checked about each alone and about all together."""

from hotspots.study.settings.chart_sections import FactorsSection, RecordedSection, SeriesLine, SeriesSection
from hotspots.study.settings.comparison_sections import (
    ClustersSection,
    ComparisonSection,
    PredictionSection,
    StabilitySection,
)
from hotspots.study.settings.schema import EventSection
from hotspots.study.settings.study_file import Study, make_study, read_study
from hotspots.study.settings.template import start_study

__all__ = [
    "ClustersSection",
    "ComparisonSection",
    "EventSection",
    "FactorsSection",
    "PredictionSection",
    "RecordedSection",
    "SeriesLine",
    "SeriesSection",
    "StabilitySection",
    "Study",
    "make_study",
    "read_study",
    "start_study",
]
