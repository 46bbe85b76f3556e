"""The fixed numbers of the sample: authorities, yearly totals, planted risks and noise.

Whoever tests a reader needs to know what is in the file to the row, so every number that a correct
reading must reproduce stands here by name.
"""

from dataclasses import dataclass
from typing import Final

SEED: Final = 20200401
YEARS: Final = (2013, 2014, 2015, 2016, 2017, 2018, 2019)

# The order is also that of the Department for Education's codes 330 to 336.
AUTHORITIES: Final[dict[str, str]] = {
    "E08000025": "Birmingham",
    "E08000026": "Coventry",
    "E08000027": "Dudley",
    "E08000028": "Sandwell",
    "E08000029": "Solihull",
    "E08000030": "Walsall",
    "E08000031": "Wolverhampton",
}
DFE_CODES: Final[dict[str, str]] = {la: str(330 + i) for i, la in enumerate(AUTHORITIES)}

AREAS: Final = 1_680
ORDERED_PAIRS: Final = 9_824

# Shape of the gamma factor that scatters the risk of each area: a coefficient of variation of 0.20,
# independent between areas, so that it makes counts uneven without making clusters.
SCATTER_SHAPE: Final = 25.0


@dataclass(frozen=True)
class Cluster:
    """One planted hotspot: ``size`` areas around a point, all at one relative risk."""

    name: str
    place: str
    easting: float
    northing: float
    size: int
    relative_risk: float


CLUSTERS: Final = (
    Cluster("B1", "Handsworth and Smethwick", 402_900, 289_100, 12, 2.0),
    Cluster("B2", "Lozells and Aston", 406_900, 288_700, 7, 2.0),
    Cluster("B3", "Cape Hill and Edgbaston", 402_700, 286_600, 8, 1.6),
    Cluster("B4", "Balsall Heath", 407_700, 284_400, 4, 1.6),
    Cluster("B5", "Great Barr and West Bromwich", 403_300, 293_400, 10, 1.3),
    Cluster("C1", "Coventry, Hillfields and Foleshill", 434_200, 280_300, 8, 2.0),
    Cluster("C2", "Coventry, Tile Hill", 428_900, 278_300, 5, 1.6),
    Cluster("C3", "Coventry, Willenhall", 436_600, 276_700, 3, 1.3),
    Cluster("W1", "Wolverhampton, centre", 391_700, 298_200, 9, 2.0),
    Cluster("W2", "Wolverhampton, Bilston", 394_800, 296_000, 6, 1.6),
    Cluster("W3", "Wolverhampton, Low Hill", 392_400, 301_700, 4, 1.3),
)

# --- hospital admissions: violent first emergency episodes of the year of admission, each once,
# those without a usable area of residence included -------------------------------------------
ADMISSIONS_UNDER_25: Final = dict(zip(YEARS, (980, 1_000, 1_260, 1_580, 1_880, 2_130, 2_150), strict=True))
ADMISSIONS_25_AND_OVER: Final = dict(zip(YEARS, (2_620, 2_700, 2_790, 2_920, 3_070, 3_170, 3_350), strict=True))
# Among those: where the patient lives can't be placed in the study area.
ADMISSIONS_LSOA_BLANK: Final = 310
ADMISSIONS_LSOA_WELSH: Final = 60
ADMISSIONS_LSOA_UNKNOWN: Final = 60
ADMISSIONS_LSOA_ELSEWHERE: Final = 190
# Besides those: rows that a correct reading leaves out.
ADMISSIONS_OTHER_CAUSE: Final = 2_000
ADMISSIONS_NOT_EMERGENCY: Final = 240
ADMISSIONS_LATER_EPISODE: Final = 600
ADMISSIONS_REPEATED: Final = 40
ADMISSIONS_BAD_DATE: Final = 8
ADMISSIONS_OUTSIDE_YEARS: Final = 9

# --- offences: each reference once, with a usable date, located or not -------------------------
KNIFE: Final = dict(zip(YEARS, (1_512, 1_487, 1_503, 2_004, 2_413, 2_897, 3_649), strict=True))
OTHER_VIOLENCE: Final = dict(zip(YEARS, (5_210, 5_340, 5_480, 5_790, 6_120, 6_480, 6_720), strict=True))
# Among those: no place on the map of the study area.
OFFENCES_NO_COORDINATES: Final = 560
OFFENCES_ZERO_COORDINATES: Final = 190
OFFENCES_OUTSIDE_AREA: Final = 150
# Besides those.
OFFENCES_REPEATED: Final = 60
OFFENCES_BAD_DATE: Final = 12
OFFENCES_OUTSIDE_YEARS: Final = 10

# --- street-level crime, 2019 without July ----------------------------------------------------
STREET_MONTHS: Final = tuple(f"2019-{month:02d}" for month in range(1, 13) if month != 7)
STREET_VIOLENCE: Final = 13_200
STREET_WEAPONS: Final = 1_500
STREET_ANTISOCIAL: Final = 600
# Among those.
STREET_NO_LOCATION: Final = 160
STREET_OUTSIDE_FORCE: Final = 80
STREET_ANTISOCIAL_TWINS: Final = 40

# --- schools ----------------------------------------------------------------------------------
SECONDARIES: Final = dict(zip(AUTHORITIES, (94, 25, 21, 21, 16, 21, 23), strict=True))
SCHOOLS_SPECIAL: Final = 30
SCHOOLS_REFERRAL_UNIT: Final = 8
SCHOOLS_INDEPENDENT: Final = 14
SCHOOLS_PRIMARY: Final = 12
SCHOOLS_SIXTH_FORM: Final = 3
SCHOOLS_PROPOSED: Final = 2
SCHOOLS_CLOSED: Final = 36
SCHOOL_YEARS: Final = ("201415", "201516", "201617", "201718", "201819")
EXCLUSIONS_NOT_APPLICABLE: Final = 4
EXCLUSIONS_CONFIDENTIAL: Final = 5

OGL: Final = "Open Government Licence v3.0"
ATTRIBUTION: Final = (
    "Contains National Statistics data © Crown copyright and database right [2019]. "
    "Contains OS data © Crown copyright and database right [2019]. "
    f"Licensed under the {OGL}."
)
