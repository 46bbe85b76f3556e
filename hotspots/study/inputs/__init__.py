"""What goes into a study: its files read, protected where they must be, and counted."""

from hotspots.study.inputs.contents import Inputs, Report
from hotspots.study.inputs.read import read_inputs
from hotspots.study.inputs.requirements import empty_sides, name_places, need_index, nothing_happened, untestable
from hotspots.study.inputs.series import name_chart

__all__ = [
    "Inputs",
    "Report",
    "empty_sides",
    "name_chart",
    "name_places",
    "need_index",
    "nothing_happened",
    "read_inputs",
    "untestable",
]
