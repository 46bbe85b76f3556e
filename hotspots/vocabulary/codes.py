"""Codes of places, causes and the grid, and the attribution of boundaries."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Final

CRS: Final = "EPSG:27700"
"""British National Grid; everything is in it, in metres."""

WEST_MIDLANDS: Final = {
    "E08000025": "Birmingham",
    "E08000026": "Coventry",
    "E08000027": "Dudley",
    "E08000028": "Sandwell",
    "E08000029": "Solihull",
    "E08000030": "Walsall",
    "E08000031": "Wolverhampton",
}
"""The seven local authorities of the West Midlands police force area (E23000014)."""

LSOA_PREFIXES: Final = ("E01", "W01")

NEWEST_LSOA_2011: Final = {"E01": 33_768, "W01": 1_958}
"""Number of the newest LSOA of 2011 (England, Wales); what is newer came with 2021 and was given to no older area."""


def is_newer_lsoa(code: str) -> bool:
    """Whether this is the code of an LSOA that there was not yet in 2011."""
    return code[:3] in NEWEST_LSOA_2011 and code[3:].isdigit() and int(code[3:]) > NEWEST_LSOA_2011[code[:3]]


OFFICIAL: Final = re.compile("[EWNSKJewnskj][0-9]{8}")
"""A code of ONS: a letter for the country and eight digits."""


def detect_vintage(codes: Iterable[str]) -> int | None:
    """Return the year of the geography, 2011 or 2021, that these codes of LSOAs belong to; None if it can't be told.

    About one LSOA in twenty changed its code between 2011 and 2021, so a hundred or more without a single
    newer code are taken to be of 2011. Fewer prove nothing: an unchanged area has the same code in both.

    Examples
    --------
    >>> detect_vintage(["E01008881", "E01034955"])
    2021
    >>> detect_vintage(f"E0100{n}" for n in range(8881, 9081))
    2011
    >>> detect_vintage(["E01008881"]) is None
    True
    """
    lsoas = {code for code in codes if code[:3] in NEWEST_LSOA_2011 and len(code) == 9 and code[3:].isdigit()}
    lsoas = {code for code in lsoas if code[3:] != "999999"}
    if any(is_newer_lsoa(code) for code in lsoas):
        return 2021
    return 2011 if len(lsoas) >= 100 else None


def tidy_code(code: str) -> str:
    """Return a code without spaces around it, and in capitals if it is one of ONS's; others are kept as they are.

    Examples
    --------
    >>> tidy_code(" e01009012"), tidy_code("c331")
    ('E01009012', 'c331')
    """
    code = code.strip()
    return code.upper() if OFFICIAL.fullmatch(code) else code


VIOLENCE: Final = ("X85", "Y09")
"""First and last ICD-10 category of assault (Chapter XX, X85-Y09)."""

SHARP_OBJECT: Final = "X99"
"""ICD-10: assault by sharp object."""

ATTRIBUTION: Final = (
    "Contains National Statistics data © Crown copyright and database right {year}",
    "Contains OS data © Crown copyright and database right {year}",
    "Office for National Statistics, licensed under the Open Government Licence v3.0",
)
"""Asked for wherever ONS boundaries are drawn; the year is that of their supply, not of the geography."""
