"""How local authorities compare: rates standardised for age, recording by children's services, and profiles."""

from hotspots.analysis.authorities import compare_recording, count_by_age, describe_authorities, standardised_rates
from hotspots.model import Ages, Extract, Factors, Series
from hotspots.publish.tables import write_table
from hotspots.sources import read_ages, read_all_factors, read_episodes, read_factors

__all__ = [
    "Ages",
    "Extract",
    "Factors",
    "Series",
    "compare_recording",
    "count_by_age",
    "describe_authorities",
    "read_ages",
    "read_all_factors",
    "read_episodes",
    "read_factors",
    "standardised_rates",
    "write_table",
]
