"""What a study writes: layers, rasters, maps, charts, tables, the briefing and the summary, in one folder at once."""

from hotspots.study.output.figures import draw_everything
from hotspots.study.output.folder import replaced_folder
from hotspots.study.output.main_findings import headlines
from hotspots.study.output.provenance import describe_source, keep_published
from hotspots.study.output.summary import finish_summary, summarise
from hotspots.study.output.write import compile_briefing, write_layers

__all__ = [
    "compile_briefing",
    "describe_source",
    "draw_everything",
    "finish_summary",
    "headlines",
    "keep_published",
    "replaced_folder",
    "summarise",
    "write_layers",
]
