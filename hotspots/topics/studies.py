"""Whole studies: a study file started, read or made from settings, checked, and run into an output folder."""

from hotspots.model import Identity, Note
from hotspots.study import Checked, Finished, check_study, run_study
from hotspots.study.settings import Study, make_study, read_study, start_study

__all__ = [
    "Checked",
    "Finished",
    "Identity",
    "Note",
    "Study",
    "check_study",
    "make_study",
    "read_study",
    "run_study",
    "start_study",
]
