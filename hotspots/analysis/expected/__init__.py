"""How many events each area would have: by the user's own count, by age, given covariates, or along a smooth trend.

Each function returns the same counts with another column `expected`, which the nulls of risk then compare them with.
"""

from hotspots.analysis.expected.by_age import with_expected_by_age
from hotspots.analysis.expected.own_counts import with_expected
from hotspots.analysis.expected.regression import with_expected_given

__all__ = ["with_expected", "with_expected_by_age", "with_expected_given"]
