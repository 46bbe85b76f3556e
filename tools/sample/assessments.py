"""Invented children in need assessments: factors by authority, recorded in two manners."""

from typing import Final

import numpy as np
import pandas as pd

from sample.facts import AUTHORITIES, DFE_CODES

# Share of assessments with the factor where an authority records about two each.
FACTORS: Final = {
    "Domestic_Abuse": 0.40,
    "Mental_Health": 0.34,
    "Alcohol_Misuse": 0.14,
    "Drug_Misuse": 0.17,
    "Gangs": 0.035,
    "Child_sexual_exploitation": 0.05,
    "Child_criminal_exploitation": 0.045,
    "Going_missing": 0.045,
    "Neglect": 0.22,
    "Emotional_Abuse": 0.36,
    "Physical_Abuse": 0.19,
    "Self_harm": 0.05,
}
# Assessments in 2018 and 2019, and how many factors each authority records beside those shares.
AUTHORITY: Final = {
    "E08000025": (8_412, 8_037, 1.66),
    "E08000026": (3_780, 4_215, 1.58),
    "E08000027": (3_020, 3_486, 0.5),
    "E08000028": (4_140, 4_390, 1.5),
    "E08000029": (1_735, 1_702, 1.45),
    "E08000030": (4_205, 4_840, 0.95),
    "E08000031": (2_480, 1_890, 0.53),
}
# Authorities and factors so rare that the number is suppressed.
RARE: Final = (
    ("E08000027", "Gangs"),
    ("E08000029", "Gangs"),
    ("E08000031", "Self_harm"),
    ("E08000029", "Child_criminal_exploitation"),
)
SUPPRESSED_UP_TO: Final = 5


def count_factor(la_code: str, factor: str, year: int, rng: np.random.Generator) -> str:
    """Return one cell: a number, ``x`` where not collected that year, ``c`` where suppressed."""
    number, scale = AUTHORITY[la_code][year - 2018], AUTHORITY[la_code][2]
    share = min(FACTORS[factor] * scale, 0.75)
    count = int(rng.binomial(number, share))
    if (la_code, factor) in RARE:
        count = int(rng.integers(1, SUPPRESSED_UP_TO + 1))
    # Criminal exploitation was not asked for in 2018.
    if factor == "Child_criminal_exploitation" and year == 2018:
        return "x"
    return "c" if 0 < count <= SUPPRESSED_UP_TO else str(count)


def make_assessments(rng: np.random.Generator) -> pd.DataFrame:
    """Return assessments and their factors, two years by seven authorities."""
    rows = []
    for year in (2018, 2019):
        for la_code, la_name in AUTHORITIES.items():
            row = {
                "time_period": str(year),
                "geographic_level": "Local authority",
                "old_la_code": DFE_CODES[la_code],
                "new_la_code": la_code,
                "la_name": la_name,
                "Episodes_with_assessment_factor": str(AUTHORITY[la_code][year - 2018]),
            }
            rows.append(row | {f: count_factor(la_code, f, year, rng) for f in FACTORS})
    return pd.DataFrame(rows)
