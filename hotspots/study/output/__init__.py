"""What a study writes: layers, rasters, maps, charts, tables, the briefing and the summary, in one folder at once."""

from hotspots.study.output.folder import replaced_folder
from hotspots.study.output.main_findings import headlines
from hotspots.study.output.write import finish_summary, write_outputs

__all__ = ["finish_summary", "headlines", "replaced_folder", "write_outputs"]
