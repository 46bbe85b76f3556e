"""Invented schools: a register in the manner of Get Information about Schools."""

from typing import Final

import geopandas as gpd
import numpy as np
import pandas as pd
from numpy.typing import NDArray

from sample import facts
from sample.facts import AUTHORITIES, DFE_CODES
from sample.risk import draw_points

# Type: group, weight among state-funded secondaries.
SECONDARY_TYPES: Final = {
    "Academy converter": ("Academies", 0.39),
    "Academy sponsor led": ("Academies", 0.26),
    "Community school": ("Local authority maintained schools", 0.12),
    "Voluntary aided school": ("Local authority maintained schools", 0.09),
    "Foundation school": ("Local authority maintained schools", 0.06),
    "Free schools": ("Free Schools", 0.05),
    "University technical college": ("Free Schools", 0.015),
    "Studio schools": ("Free Schools", 0.015),
}
OTHER_TYPES: Final = {
    "special": ("Community special school", "Special schools", "Not applicable", 2, 19),
    "unit": ("Pupil referral unit", "Local authority maintained schools", "Not applicable", 11, 16),
    "independent": ("Other independent school", "Independent schools", "Not applicable", 3, 18),
    "primary": ("Academy converter", "Academies", "Primary", 4, 11),
    "sixth": ("Free schools 16 to 19", "Free Schools", "16 plus", 16, 19),
    "proposed": ("Free schools", "Free Schools", "Secondary", 11, 18),
}
FIRST: Final = (
    "Alder", "Amber", "Barley", "Bramble", "Cinder", "Clover", "Copper", "Dapple", "Ember",
    "Fallow", "Flint", "Gorse", "Heron", "Juniper", "Kestrel", "Linnet", "Mallow", "Marl",
    "Nettle", "Otter", "Pewter", "Quill", "Saffron", "Sedge", "Sorrel", "Tansy", "Teasel",
    "Thistle", "Umber", "Vetch", "Wren", "Yarrow",
)  # fmt: skip
SECOND: Final = (
    "beck", "combe", "dene", "fold", "garth", "holt", "mere", "rigg", "shaw", "stow", "thwaite",
    "wold",
)  # fmt: skip
ENDING: Final = {
    "special": "Special School",
    "unit": "Short Stay School",
    "independent": "House School",
    "primary": "Primary School",
    "sixth": "Sixth Form",
    "proposed": "Free School",
}
# Draws that fell within 150 m of a real school when the sample was made. No file says so at run
# time; the test that holds it looks at a list of real schools, where there is one.
REDRAWN: Final = frozenset((1, 9, 46, 53, 65, 93, 118, 123, 133, 137, 322, 339, 343))
FIRST_URN: Final = 900_001
# Real establishments have numbers below 9000.
FIRST_NUMBER: Final = 9_001
SHARED_POINTS: Final = 3
STATUS_CLOSING: Final = "Open, but proposed to close"
# In Kensington Gardens, where no school stands.
LONDON: Final = (526_700, 180_000)
COLUMNS: Final = [
    "URN", "LA (code)", "LA (name)", "EstablishmentNumber", "EstablishmentName",
    "TypeOfEstablishment (name)", "EstablishmentTypeGroup (name)", "PhaseOfEducation (name)",
    "EstablishmentStatus (name)", "OpenDate", "CloseDate", "StatutoryLowAge",
    "StatutoryHighAge", "NumberOfPupils", "Postcode", "Easting", "Northing",
]  # fmt: skip


def list_schools() -> pd.DataFrame:
    """Return one row a school to be made: ``la_code`` and ``role``, secondaries first."""
    rows = [(la, "secondary") for la, number in facts.SECONDARIES.items() for _ in range(number)]
    others = {
        "special": facts.SCHOOLS_SPECIAL,
        "unit": facts.SCHOOLS_REFERRAL_UNIT,
        "independent": facts.SCHOOLS_INDEPENDENT,
        "primary": facts.SCHOOLS_PRIMARY,
        "sixth": facts.SCHOOLS_SIXTH_FORM,
        "proposed": facts.SCHOOLS_PROPOSED,
    }
    codes = list(AUTHORITIES)
    for role, number in others.items():
        # Birmingham twice as often as the rest: it has two fifths of the children.
        turns = [codes[0], *codes]
        rows += [(turns[i % len(turns)], role) for i in range(number)]
    return pd.DataFrame(rows, columns=["la_code", "role"])


def place_schools(
    schools: pd.DataFrame,
    areas: gpd.GeoDataFrame,
    population: NDArray[np.int64],
    rng: np.random.Generator,
) -> pd.DataFrame:
    """Return the schools with a point inside their own authority, where people live."""
    wanted = schools["la_code"].value_counts()
    polygons = areas.geometry.to_numpy()
    placed = schools.assign(easting=0, northing=0)
    drawn = 0
    for la_code in AUTHORITIES:
        members = np.flatnonzero(areas["la_code"] == la_code)
        share = population[members] / population[members].sum()
        # A quarter more than needed, since some draws are passed over.
        size = int(wanted[la_code] * 1.25) + 4
        points = draw_points(polygons[rng.choice(members, size, p=share)], rng)
        good = [i for i in range(size) if drawn + i not in REDRAWN][: wanted[la_code]]
        placed.loc[placed["la_code"] == la_code, ["easting", "northing"]] = points[good]
        drawn += size
    return placed


def invent_names(schools: pd.DataFrame, kinds: list[str], rng: np.random.Generator) -> list[str]:
    """Return a name for each school, no two with the same first word.

    Parameters
    ----------
    kinds
        Type of each establishment: an academy calls itself one.
    """
    stems = [first + second for first in FIRST for second in SECOND]
    chosen = rng.permutation(stems)[: len(schools)]
    names = []
    for stem, role, kind in zip(chosen, schools["role"], kinds, strict=True):
        if role != "secondary":
            ending = ENDING[role]
        elif kind.startswith("Academy"):
            ending = "Academy"
        else:
            ending = {"University technical college": "UTC", "Studio schools": "Studio"}.get(
                kind, str(rng.choice(["School", "High School"]))
            )
        names.append(f"{stem} {ending}")
    return names


def describe_secondaries(size: int, rng: np.random.Generator) -> pd.DataFrame:
    """Return type, group, phase, ages and roll of state-funded secondary schools."""
    weight = np.array([w for _, w in SECONDARY_TYPES.values()])
    kind = rng.choice(list(SECONDARY_TYPES), size, p=weight / weight.sum())
    phase = np.array(["Secondary"] * size, dtype=object)
    special_phase = rng.choice(size, 10, replace=False)
    phase[special_phase[:8]] = "All-through"
    phase[special_phase[8:]] = "Middle deemed secondary"
    low = np.select([phase == "All-through", phase == "Middle deemed secondary"], [4, 9], 11)
    high = np.where(rng.random(size) < 0.62, 18, 16)
    high = np.where(phase == "Middle deemed secondary", 13, high)
    # Technical colleges and studio schools take pupils from 14.
    late = np.isin(kind, ["University technical college", "Studio schools"])
    low, high = np.where(late, 14, low), np.where(late, 19, high)
    phase = np.where(late, "Secondary", phase)
    roll = np.clip(rng.normal(960, 330, size), 160, 2_050)
    roll = np.where(late, rng.uniform(110, 420, size), roll)
    return pd.DataFrame(
        {
            "kind": kind,
            "group": [SECONDARY_TYPES[k][0] for k in kind],
            "phase": phase,
            "low": low,
            "high": high,
            "roll": np.rint(roll).astype(int),
        }
    )


def describe_others(roles: pd.Series, rng: np.random.Generator) -> pd.DataFrame:
    """Return type, group, phase, ages and roll of the schools that are to be filtered out."""
    usual = {"special": 110, "unit": 45, "independent": 220, "primary": 380, "sixth": 650}
    rows = [OTHER_TYPES[role] for role in roles]
    table = pd.DataFrame(rows, columns=["kind", "group", "phase", "low", "high"])
    # A school that is only proposed has no pupils.
    roll = [int(usual.get(role, 0) * rng.uniform(0.5, 1.6)) for role in roles]
    return table.assign(roll=roll)


def open_dates(schools: pd.DataFrame, rng: np.random.Generator) -> list[str]:
    """Return the day of opening as the register prints it; blank where it was before 1980."""
    dates = []
    for kind, role in zip(schools["kind"], schools["role"], strict=True):
        if role == "proposed":
            dates.append("")
        elif kind == "Academy converter":
            dates.append(f"01-{rng.integers(1, 13):02d}-{rng.integers(2011, 2018)}")
        elif kind in {"Academy sponsor led", "Free schools", "University technical college",
                      "Studio schools", "Free schools 16 to 19"}:  # fmt: skip
            dates.append(f"01-09-{rng.integers(2009, 2018)}")
        else:
            dates.append("" if rng.random() < 0.7 else f"01-09-{rng.integers(1980, 2005)}")
    return dates


def close_predecessors(register: pd.DataFrame, rng: np.random.Generator) -> pd.DataFrame:
    """Return closed rows of schools that became academies: same number, other URN, same point."""
    academies = register[(register["role"] == "secondary") & register["kind"].str.startswith("Academy")]
    old = academies.iloc[np.sort(rng.choice(len(academies), facts.SCHOOLS_CLOSED, replace=False))]
    opened = pd.to_datetime(old["opened"], format="%d-%m-%Y")
    kind = rng.choice(["Community school", "Foundation school"], len(old), p=[0.8, 0.2])
    return old.assign(
        kind=kind,
        group="Local authority maintained schools",
        status="Closed",
        opened="",
        closed=(opened - pd.Timedelta(days=1)).dt.strftime("%d-%m-%Y"),
        name=old["name"].str.replace(" Academy", " School", regex=False),
        roll=0,
    )


def misplace(schools: pd.DataFrame, rng: np.random.Generator) -> pd.DataFrame:
    """Return the schools with the oddities of place that real registers have.

    Three pairs of secondaries share a point, one school stands in London, and one is run by Walsall
    and stands in Sandwell.
    """
    schools = schools.copy()
    secondary = schools.index[schools["role"] == "secondary"]
    birmingham = [i for i in secondary if schools.at[i, "la_code"] == "E08000025"]
    pairs = rng.choice(birmingham, 2 * SHARED_POINTS, replace=False).reshape(-1, 2)
    point = ["easting", "northing"]
    for one, other in pairs:
        schools.loc[other, point] = schools.loc[one, point].to_numpy()
    coventry, sandwell, walsall = (
        [i for i in secondary if schools.at[i, "la_code"] == code] for code in ("E08000026", "E08000028", "E08000030")
    )
    schools.loc[coventry[0], point] = LONDON
    # Two authorities swap one place, so that no new point is needed.
    away, home = walsall[0], sandwell[0]
    schools.loc[away, point] = schools.loc[home, point].to_numpy()
    spare = schools.index[(schools["role"] == "special") & (schools["la_code"] == "E08000028")][0]
    schools.loc[home, point] = schools.loc[spare, point].to_numpy()
    return schools


def invent_postcodes(schools: pd.DataFrame) -> list[str]:
    """Return ZZ99 postcodes, which no letter ever reaches, one for each point."""
    letters = "ABDEFGHJLNPQRSTUWXYZ"
    points = list(zip(schools["easting"], schools["northing"], strict=True))
    number = {point: i for i, point in enumerate(dict.fromkeys(points))}
    n = len(letters)
    return [f"ZZ99 {1 + i // n**2}{letters[i // n % n]}{letters[i % n]}" for i in (number[p] for p in points)]


def make_schools(areas: gpd.GeoDataFrame, population: NDArray[np.int64], rng: np.random.Generator) -> pd.DataFrame:
    """Return all schools with working columns, for :func:`as_register` and for exclusions.

    Returns
    -------
    DataFrame
        ``urn, la_code, role, number, laestab, name, kind, group, phase, status, opened, closed,
        low, high, roll, postcode, easting, northing``; closed predecessors have role ``closed``.
    """
    schools = place_schools(list_schools(), areas, population, rng)
    schools = misplace(schools, rng)
    secondary = schools["role"] == "secondary"
    described = pd.concat(
        [
            describe_secondaries(int(secondary.sum()), rng),
            describe_others(schools.loc[~secondary, "role"], rng),
        ],
        ignore_index=True,
    )
    schools = pd.concat([schools, described], axis=1)
    schools["name"] = invent_names(schools, list(schools["kind"]), rng)
    schools["number"] = FIRST_NUMBER + schools.groupby("la_code").cumcount()
    schools["laestab"] = schools["la_code"].map(DFE_CODES) + schools["number"].astype(str)
    schools["postcode"] = invent_postcodes(schools)
    schools["status"] = np.where(schools["role"] == "proposed", "Proposed to open", "Open")
    # Still open: a filter for the one word "Open" would lose these two.
    schools.loc[schools.index[secondary][[40, 150]], "status"] = STATUS_CLOSING
    schools["opened"], schools["closed"] = open_dates(schools, rng), ""
    closed = close_predecessors(schools, rng).assign(role="closed")
    schools = pd.concat([schools, closed], ignore_index=True)
    schools = schools.iloc[rng.permutation(len(schools))].reset_index(drop=True)
    schools["urn"] = FIRST_URN + np.arange(len(schools))
    return schools


def as_register(schools: pd.DataFrame) -> pd.DataFrame:
    """Return the register under the names and in the order of its published columns."""
    roll = schools["roll"].astype(str).where(schools["roll"] > 0, "")
    values = [
        schools["urn"], schools["la_code"].map(DFE_CODES), schools["la_code"].map(AUTHORITIES),
        schools["number"], schools["name"], schools["kind"], schools["group"], schools["phase"],
        schools["status"], schools["opened"], schools["closed"], schools["low"],
        schools["high"], roll, schools["postcode"], schools["easting"], schools["northing"],
    ]  # fmt: skip
    return pd.DataFrame(dict(zip(COLUMNS, values, strict=True)))
