"""Invented recorded knife crime by police force and quarter, in the layout of the Home Office's open data."""

from typing import Final

import numpy as np
import pandas as pd

FORCE: Final = "West Midlands"
REGION: Final = "West Midlands"
OTHERS: Final = {"Staffordshire": 95, "Warwickshire": 40, "West Mercia": 90}
"""Forces of the region of the same name, which is not the force → knife crimes in a usual quarter."""
PEOPLE: Final = {"West Midlands": 2_736.460, "Staffordshire": 1_097.5, "Warwickshire": 545.5, "West Mercia": 1_227.0}
"""In thousands, one number for all quarters, as in the published table."""


def make_recorded(offences: pd.DataFrame, rng: np.random.Generator) -> pd.DataFrame:
    """Return knife crime by quarter: the force's from its own extract, the other forces' drawn.

    Parameters
    ----------
    offences
        From ``make_offences``: ``reference``, ``occurred_from`` (``DD/MM/YYYY HH:MM``) and ``knife``.
    rng
        Source of random numbers.
    """
    own = offences[offences["knife"] == "Y"].drop_duplicates("reference")
    when = pd.to_datetime(own["occurred_from"], format="%d/%m/%Y %H:%M", errors="coerce").dropna()
    when = when[when.dt.year.between(2013, 2019)]
    counts = when.dt.to_period("Q").value_counts().sort_index()
    rows = []
    for force in sorted([FORCE, *OTHERS]):
        for quarter, count in counts.items():
            # January to March is the fourth quarter of the financial year that began the year before.
            start = quarter.year - (quarter.quarter == 1)
            number = int(count) if force == FORCE else int(rng.poisson(OTHERS[force]))
            rows.append(
                {
                    "Force Name": force,
                    "Region": REGION,
                    "Financial Year": f"{start}/{(start + 1) % 100:02d}",
                    "Financial Quarter": f"Q{(quarter.quarter - 2) % 4 + 1}",
                    "Population": PEOPLE[force],
                    "Knife Crime": number,
                }
            )
    return pd.DataFrame(rows)
