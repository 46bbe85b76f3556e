"""What a study finds: every result that its sections ask for, made once."""

from hotspots.study.findings.analyses import analyse
from hotspots.study.findings.authorities import standardise
from hotspots.study.findings.results import Findings, attempt

__all__ = ["Findings", "analyse", "attempt", "standardise"]
