"""Invented population by age: the people of the census, spread over bands of five years."""

from typing import Final

import numpy as np
import pandas as pd

# Per cent of people by band, about as in an English city in 2011; the last band has no upper end.
PROFILE: Final = {
    0: 6.8, 5: 6.5, 10: 6.3, 15: 6.6, 20: 7.6, 25: 7.2, 30: 6.9, 35: 6.6, 40: 6.9, 45: 6.7, 50: 5.8, 55: 5.2,
    60: 5.4, 65: 4.3, 70: 3.6, 75: 3.0, 80: 2.2, 85: 1.5, 90: 0.9,
}  # fmt: skip
# How much younger (above 0) or older an authority is: weights times exp(-tilt (age - 40) / 40).
TILT: Final = {
    "E08000025": 0.18,
    "E08000026": 0.10,
    "E08000027": -0.14,
    "E08000028": 0.08,
    "E08000029": -0.20,
    "E08000030": 0.0,
    "E08000031": 0.04,
}
# How alike the areas of an authority are: the sum of the Dirichlet distribution's parameters.
LIKENESS: Final = 250.0


def name_band(start: int) -> str:
    """Return the name of a column: ``0-4``, ``90+``."""
    return "90+" if start == max(PROFILE) else f"{start}-{start + 4}"


def make_ages(population: pd.DataFrame, rng: np.random.Generator) -> pd.DataFrame:
    """Return people by area and band of ages; the bands of an area add up to its people in the census.

    Parameters
    ----------
    population
        Columns ``lsoa11_code``, ``lsoa11_name``, ``la_code``, ``la_name`` and ``population``.
    rng
        Source of random numbers.
    """
    starts = np.array(list(PROFILE), dtype=float)
    shares = np.array(list(PROFILE.values()))
    rows = []
    for la_code, people in zip(population["la_code"], population["population"], strict=True):
        weights = shares * np.exp(-TILT[la_code] * (starts - 40) / 40)
        own = rng.dirichlet(LIKENESS * weights / weights.sum())
        rows.append(rng.multinomial(int(people), own))
    bands = pd.DataFrame(rows, columns=[name_band(start) for start in PROFILE], index=population.index)
    return pd.concat([population[["lsoa11_code", "lsoa11_name", "la_code", "la_name"]], bands], axis=1)
