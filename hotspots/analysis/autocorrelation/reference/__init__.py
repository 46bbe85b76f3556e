"""Reference distributions of the local statistics under each null hypothesis: where a p-value comes from."""

from hotspots.analysis.autocorrelation.reference.binomial import beta_binomial_tails
from hotspots.analysis.autocorrelation.reference.exact import (
    conditional_tails,
    merging_cost,
    pool_cells,
    randomisation_tails,
)
from hotspots.analysis.autocorrelation.reference.fourier import bracketed_tails
from hotspots.analysis.autocorrelation.reference.mixed_binomial import estimate_shares
from hotspots.analysis.autocorrelation.reference.mixed_poisson import Risks, estimate_risks, mixed_poisson_tails
from hotspots.analysis.autocorrelation.reference.permutation import draws_needed, weighted_tails
from hotspots.analysis.autocorrelation.reference.suppressed import extreme_tails, filling_cost

__all__ = [
    "Risks",
    "beta_binomial_tails",
    "bracketed_tails",
    "conditional_tails",
    "draws_needed",
    "estimate_risks",
    "estimate_shares",
    "extreme_tails",
    "filling_cost",
    "merging_cost",
    "mixed_poisson_tails",
    "pool_cells",
    "randomisation_tails",
    "weighted_tails",
]
