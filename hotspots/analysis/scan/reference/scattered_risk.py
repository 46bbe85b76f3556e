"""Areas whose risks are drawn from a distribution of any form: tilted chances of their counts, and random maps.

A zone's count is a sum of independent mixed Poisson counts, and may have several peaks: one for each number of areas of
many times the risk. Nothing here depends on the size of a zone alone, as it does in `zone_models`, and the events of
all areas together are not held.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from hotspots.analysis.autocorrelation.reference import Risks

    Floats = NDArray[np.float64]

__all__ = ["ScatteredRisk"]

STEEPEST: Final = 30.0
"""Largest tilt: an event is then exp(30) times as likely."""
PROPOSALS: Final = 262_144
"""Pairs of a proposal and an area that are drawn together."""


@dataclass(frozen=True, slots=True)
class ScatteredRisk:
    """Areas' risks are drawn independently from one distribution, their counts are Poisson given their risks.

    Parameters
    ----------
    size
        Expected events of every area at a risk of 1 (n).
    risks
        The distribution of risks.
    """

    size: Floats
    risks: Risks

    @property
    def total(self) -> int:
        """More events than maps have together."""
        return int(2 * self.size.sum() * self.risks.risk.max()) + 1

    @property
    def mean(self) -> Floats:
        """Expected events of every area (n)."""
        return self.size * float(self.risks.risk @ self.risks.share)

    @property
    def log_none(self) -> Floats:
        """Logarithm of the chance that an area has no risk, the same for every area (n)."""
        with np.errstate(divide="ignore"):
            return np.full(len(self.size), np.log(self.risks.share[self.risks.risk == 0].sum()))

    def log_moment(self, tilt: float) -> Floats:
        """Return log E exp(tilt Y) of every area's count (n)."""
        return _log_sum(self._powers(self.size, tilt))

    def tilted_mean(self, tilt: float) -> Floats:
        """Return the mean of every area's count when each event makes it exp(tilt) times as likely (n)."""
        return self._tilted_mean(self.size, tilt)

    def waves(self, tilt: float, angles: Floats) -> NDArray[np.complex128]:
        """Return the characteristic function of every area's tilted count (n, angles)."""
        turn, log_moment = np.exp(tilt + 1j * angles) - 1, self.log_moment(tilt)
        waves = np.zeros((len(self.size), len(angles)), dtype=complex)
        for risk, share in zip(*self.risks, strict=True):
            if share > 0:
                waves += np.exp(np.multiply.outer(self.size * risk, turn) + (np.log(share) - log_moment)[:, None])
        # A logarithm of 0 would make products of no number.
        return np.where(waves == 0, 1e-300, waves)

    def chances(self, most: int) -> Floats:
        """Return the chance of every count from 0 to `most` of every area (n, most + 1)."""
        from scipy.special import gammaln, xlogy

        number, chance = np.arange(most + 1), np.zeros((len(self.size), most + 1))
        for risk, share in zip(*self.risks, strict=True):
            mean = (self.size * risk)[:, None]
            chance += share * np.exp(xlogy(number, mean) - mean - gammaln(number + 1.0))
        return chance

    def merged(self, areas: NDArray[np.intp]) -> ScatteredRisk:
        """Return the model of these areas, and of one more that stands for all others and has no events."""
        return replace(self, size=np.append(self.size[areas], 0.0))

    def draw(self, least: int, inside: NDArray[np.int32], rng: np.random.Generator) -> Floats:
        """Return a random map (n) whose areas `inside` have at least so many events together."""
        risk = rng.choice(self.risks.risk, len(self.size), p=self.risks.share)
        drawn: Floats = rng.poisson(self.size * risk).astype(float)
        drawn[inside] = self._draw_reaching(self.size[inside], least, rng)
        return drawn

    def _draw_reaching(self, size: Floats, least: int, rng: np.random.Generator) -> NDArray[np.int64]:
        """Return random counts of areas, given that they are at least `least` together.

        Counts are proposed from the tilted distribution, in which so many are usual, and kept with the chance
        exp(-tilt (sum - least)): that undoes the tilt exactly, whatever peaks the sum has.
        """
        tilt = self._tilt_for(size, least)
        powers = self._powers(size, tilt)
        cumulated = np.cumsum(np.exp(powers - _log_sum(powers)[:, None]), axis=1)[:, :-1]
        number, most = 16, max(PROPOSALS // len(size), 16)
        while True:
            label = (rng.random((number, len(size), 1)) > cumulated).sum(axis=2)
            mean = size * self.risks.risk[label]
            events = rng.poisson(np.exp(tilt) * mean.sum(axis=1))
            kept = np.flatnonzero((events >= least) & (rng.exponential(size=number) >= tilt * (events - least)))
            if len(kept):
                first = int(kept[0])
                part = mean[first]
                return np.asarray(rng.multinomial(events[first], part / part.sum()))
            number = min(2 * number, most)

    def _tilt_for(self, size: Floats, count: int) -> float:
        """Return the tilt under which so many events are expected; 0 where at least as many are without one."""
        low, high = 0.0, STEEPEST
        if self._tilted_mean(size, low).sum() >= count:
            return low
        # Half of the way by proportion: tilts range over four powers of ten, and 1% does not matter to what is kept.
        while high > 1.01 * low:
            middle = float(np.sqrt(max(low, high / 100) * high))
            low, high = (middle, high) if self._tilted_mean(size, middle).sum() < count else (low, middle)
        return low

    def _powers(self, size: Floats, tilt: float) -> Floats:
        """Return, of each risk, the logarithm of its share of E exp(tilt Y) (n, k)."""
        with np.errstate(divide="ignore"):
            return np.asarray(np.log(self.risks.share) + np.multiply.outer(size, self.risks.risk) * np.expm1(tilt))

    def _tilted_mean(self, size: Floats, tilt: float) -> Floats:
        powers = self._powers(size, tilt)
        share = np.exp(powers - _log_sum(powers)[:, None])
        return np.asarray(size * (share @ self.risks.risk) * np.exp(tilt))


def _log_sum(powers: Floats) -> Floats:
    """Return the logarithm of the sum of exponentials (n): for a few areas ten times as fast as SciPy's."""
    largest = powers.max(axis=1)
    return np.asarray(largest + np.log(np.exp(powers - largest[:, None]).sum(axis=1)))
