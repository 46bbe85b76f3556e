"""A study: the file that describes it, what it reads, finds and writes; and its run from one end to the other."""

from hotspots.study.check import describe_check, many
from hotspots.study.run import Checked, Finished, check_study, find_sample, run_study

__all__ = ["Checked", "Finished", "check_study", "describe_check", "find_sample", "many", "run_study"]
