"""Series without any change, with a steady trend or with one step: what change points are tried on."""

import numpy as np
import pandas as pd

from hotspots.model import Identity, Series

NULLS = {
    "Poisson": (0.0, 0.0, 0.0),
    "white noise": (0.05, 0.0, 0.0),
    "AR .3": (0.05, 0.3, 0.0),
    "AR .6": (0.05, 0.6, 0.0),
    "AR .8": (0.05, 0.8, 0.0),
    "3 % a year": (0.0, 0.0, 0.03),
    "3 % a year, white noise": (0.05, 0.0, 0.03),
    "-6 % a year": (0.0, 0.0, -0.06),
}
"""Standard deviation of the level from period to period, its correlation, growth a year."""
QUARTERS = [f"{year} Q{quarter}" for year in range(2010, 2040) for quarter in (1, 2, 3, 4)]


def autoregression(n, correlation, rng, size=1):
    """Return standard normal numbers, each correlated with the one before: by the definition, one by one."""
    noise = rng.standard_normal((size, n))
    for place in range(1, n):
        noise[:, place] = correlation * noise[:, place - 1] + np.sqrt(1 - correlation**2) * noise[:, place]
    return noise


def draw(rng, *, n=28, mean=750.0, sd=0.0, correlation=0.0, growth=0.0, step=0.0, size=1):
    """Return counts, shape (size, n); a step of `step` (0.2 is 20 %) lies somewhere in the middle half."""
    course = np.full((size, n), mean) * (1 + growth) ** (np.arange(n) / 4)
    places = rng.integers(n // 4, 3 * n // 4 + 1, size)
    course = course * np.where(np.arange(n)[None, :] >= places[:, None], 1 + step, 1)
    return rng.poisson(course * np.exp(sd * autoregression(n, correlation, rng, size) - sd**2 / 2)).astype(float)


def series_of(counts, *, periods=None, group="all"):
    """Return the counts as a series; of quarters where no periods are given."""
    names = QUARTERS[: len(counts)] if periods is None else periods
    table = pd.DataFrame({"period": names, "group": group, "low": counts, "high": counts})
    return Series(
        table.assign(ci_low=np.nan, ci_high=np.nan), unit="crimes", identity=Identity(release="open", title="crimes")
    )
