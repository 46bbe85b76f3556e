"""Invented deprivation: an IDACI-like share of children in income-deprived families by area."""

from collections.abc import Sequence
from typing import Final

import geopandas as gpd
import numpy as np
import pandas as pd
from numpy.typing import NDArray

NATIONAL_AREAS: Final = 32_844
# Easting, northing, reach in metres, height: where the surface rises and where it falls.
HILLS: Final = (
    (403_500, 288_800, 5_500, 1.5),
    (409_800, 287_300, 4_000, 1.4),
    (399_800, 291_200, 4_500, 0.3),
    (394_800, 291_000, 2_800, 1.3),
    (392_800, 298_800, 3_200, 1.8),
    (400_000, 300_000, 4_000, 1.0),
    (434_000, 281_000, 3_200, 1.7),
    (404_500, 279_500, 3_500, 0.7),
    (417_500, 286_800, 2_600, 1.6),
    (412_000, 296_500, 5_000, -2.0),
    (417_000, 278_000, 5_500, -1.9),
    (388_600, 286_500, 3_400, -1.9),
    (387_600, 299_800, 2_600, -2.4),
    (405_500, 301_500, 3_500, -1.0),
    (430_500, 275_800, 3_800, -1.1),
)


def smooth(values: NDArray[np.float64], neighbours: Sequence[Sequence[int]], times: int) -> NDArray[np.float64]:
    """Return values averaged with those of the neighbours, ``times`` times, standardised."""
    for _ in range(times):
        values = np.array([np.mean(values[[i, *near]]) for i, near in enumerate(neighbours)])
    return (values - values.mean()) / values.std()


def rank_scores(scores: NDArray[np.float64]) -> NDArray[np.int64]:
    """Return invented national ranks, 1 the most deprived, falling strictly with the score.

    The curve is a smooth stand-in for England's: half of all areas lie under a score of 0.11.
    """
    share = np.exp(-4.6 * scores - 8.5 * scores**2)
    ranks = np.rint(NATIONAL_AREAS * share).astype(np.int64)
    order = np.argsort(-scores, kind="stable")
    taken = 0
    for i in order:
        taken = ranks[i] = max(ranks[i], taken + 1)
    return ranks


def make_idaci(areas: gpd.GeoDataFrame, neighbours: Sequence[Sequence[int]], rng: np.random.Generator) -> pd.DataFrame:
    """Return score, national rank and decile for each area."""
    points = areas.geometry.representative_point()
    surface = np.zeros(len(areas))
    for easting, northing, reach, height in HILLS:
        away = np.hypot(points.x.to_numpy() - easting, points.y.to_numpy() - northing)
        surface += height * np.exp(-0.5 * (away / reach) ** 2)
    surface = 0.85 * (surface - surface.mean()) / surface.std()
    surface += 0.45 * smooth(rng.normal(size=len(areas)), neighbours, 2)
    surface += 0.3 * rng.normal(size=len(areas))
    # Bounded between 0.01 and 0.60, with a long tail to the deprived side.
    scores = 0.01 + 0.59 / (1 + np.exp(0.78 - 1.15 * surface))
    ranks = rank_scores(scores)
    table = pd.DataFrame(areas.drop(columns="geometry"))
    return table.assign(
        idaci_score=[f"{s:.3f}" for s in scores],
        idaci_rank=ranks,
        idaci_decile=np.ceil(ranks / (NATIONAL_AREAS / 10)).astype(int),
    )
