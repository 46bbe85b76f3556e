"""How authorities compare: standardised rates, recorded crime against admissions, and profiles."""

from hotspots.analysis.authorities.profiles import describe_authorities
from hotspots.analysis.authorities.recording import compare_recording
from hotspots.analysis.authorities.standardisation import count_by_age, standardised_rates

__all__ = ["compare_recording", "count_by_age", "describe_authorities", "standardised_rates"]
