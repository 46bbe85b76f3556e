"""Invented exclusions by school and by authority, with the hidden marks of the published files."""

from typing import Final

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from numpy.typing import NDArray

from sample import facts
from sample.facts import AUTHORITIES, DFE_CODES, SCHOOL_YEARS

# Permanent exclusions per pupil and year where IDACI is 0.20; in real files 0.0019 to 0.0027.
BASE_RATE: Final = 0.0023
RISE_PER_TENTH: Final = 0.15
USUAL_IDACI: Final = 0.20
YEAR_FACTOR: Final = dict(zip(SCHOOL_YEARS, (0.93, 0.97, 1.02, 1.04, 1.04), strict=True))
# Gamma shapes: what persists at a school over the years, and what differs from year to year.
SCHOOL_SHAPE: Final = 2.8
YEAR_SHAPE: Final = 5.0
SUSPENSION_RATE: Final = 0.082
# Special schools exclude for good about a third as often.
SPECIAL_FACTOR: Final = 0.35
HIGH: Final = (4.0, 3.5, 3.0, 4.0)
LOW: Final = (0.15,) * 8
TYPES: Final = {"secondary": "State-funded secondary", "special": "Special"}
HIDDEN: Final = (1, 2)


def find_surroundings(schools: pd.DataFrame, areas: gpd.GeoDataFrame, idaci: pd.DataFrame) -> pd.DataFrame:
    """Return the schools with ``idaci`` and ``la_here``, those of the area they stand in.

    The school in London gets the usual IDACI and no authority.
    """
    points = shapely.points(schools["easting"], schools["northing"])
    tree = shapely.STRtree(areas.geometry.to_numpy())
    school, area = tree.query(points, predicate="intersects")
    score = np.full(len(schools), USUAL_IDACI)
    score[school] = idaci["idaci_score"].to_numpy(dtype=float)[area]
    la_here = np.full(len(schools), "", dtype=object)
    la_here[school] = areas["la_code"].to_numpy()[area]
    return schools.assign(idaci=score, la_here=la_here)


def plant_schools(schools: pd.DataFrame) -> pd.DataFrame:
    """Return the planted schools: ``laestab, multiplier, kind``.

    Parameters
    ----------
    schools
        With ``idaci``, ``la_here`` and ``first_year``. The largest of those that fit are taken:
        at a small school even a fourfold rate can't be told from chance.
    """
    usual = schools[
        (schools["role"] == "secondary")
        & (schools["first_year"] == SCHOOL_YEARS[0])
        & (schools["roll"] > 600)
        & (schools["la_here"] == schools["la_code"])
        # Schools on a shared or foreign point stay out: nothing should blur the truth.
        & ~schools.duplicated(["easting", "northing"], keep=False)
    ]
    west_dudley = (usual["la_code"] == "E08000027") & (usual["easting"] < 392_500)
    groups = (
        (usual[west_dudley & (usual["idaci"] < 0.14)], HIGH, "high"),
        (usual[(usual["la_code"] == "E08000031") & (usual["idaci"] < 0.19)], HIGH, "high"),
        (usual[(usual["idaci"] > 0.33) & (usual["roll"] > 900)], LOW, "low"),
    )
    rows = []
    for group, multipliers, kind in groups:
        largest = group.sort_values(["roll", "laestab"], ascending=[False, True])
        chosen = largest["laestab"].head(len(multipliers))
        rows += [(school, m, kind) for school, m in zip(chosen, multipliers, strict=True)]
    return pd.DataFrame(rows, columns=["laestab", "multiplier", "kind"])


def expect_rates(schools: pd.DataFrame, planted: pd.DataFrame, rng: np.random.Generator) -> NDArray[np.float64]:
    """Return each school's lasting rate of permanent exclusions per pupil and year.

    A planted school has its multiplier in place of the chance difference between schools.
    """
    steps = (schools["idaci"].to_numpy() - USUAL_IDACI) / 0.1
    rate = BASE_RATE * (1 + RISE_PER_TENTH) ** steps
    rate = rate * np.where(schools["role"] == "special", SPECIAL_FACTOR, 1.0)
    own = schools["laestab"].map(planted.set_index("laestab")["multiplier"])
    chance = rng.gamma(SCHOOL_SHAPE, 1 / SCHOOL_SHAPE, len(schools))
    return rate * own.fillna(pd.Series(chance, index=schools.index)).to_numpy()


def draw_years(schools: pd.DataFrame, planted: pd.DataFrame, rng: np.random.Generator) -> pd.DataFrame:
    """Return the true numbers by year and school: ``headcount``, ``perm``, ``fixed``."""
    size = len(schools)
    rate = expect_rates(schools, planted, rng)
    is_planted = schools["laestab"].isin(planted["laestab"]).to_numpy()
    suspensions = SUSPENSION_RATE * rng.gamma(1.6, 1 / 1.6, size)
    parts = []
    for i, year in enumerate(SCHOOL_YEARS):
        growth = 1 + 0.012 * (i - 4) + rng.normal(0, 0.012, size)
        headcount = np.maximum(np.rint(schools["roll"].to_numpy() * growth), 1).astype(int)
        yearly = np.where(is_planted, 1.0, rng.gamma(YEAR_SHAPE, 1 / YEAR_SHAPE, size))
        part = schools.assign(
            time_period=year,
            headcount=headcount,
            perm=rng.poisson(rate * headcount * yearly * YEAR_FACTOR[year]),
            fixed=rng.poisson(suspensions * headcount * rng.gamma(8, 1 / 8, size)),
        )
        parts.append(part[part["first_year"] <= year])
    return empty_schools(pd.concat(parts, ignore_index=True), planted, rng)


def empty_schools(true: pd.DataFrame, planted: pd.DataFrame, rng: np.random.Generator) -> pd.DataFrame:
    """Return the true numbers with a few school years without pupils and a few confidential."""
    free = true.index[(true["role"] == "secondary") & ~true["laestab"].isin(planted["laestab"])].to_numpy()
    numbers = facts.EXCLUSIONS_NOT_APPLICABLE, facts.EXCLUSIONS_CONFIDENTIAL
    empty, confidential = np.split(rng.choice(free, sum(numbers), replace=False), [numbers[0]])
    true = true.copy()
    true.loc[empty, ["headcount", "perm", "fixed"]] = 0
    true["confidential"] = true.index.isin(confidential)
    return true


def print_rate(count: int, headcount: int) -> str:
    """Return exclusions per 100 pupils as the published files print it: 8.3, 0.54, 0."""
    return f"{100 * count / headcount:.2f}".rstrip("0").rstrip(".")


def mark_cells(count: int, headcount: int, *, confidential: bool) -> tuple[str, str]:
    """Return count and rate as published: a number, ``x`` for 1 or 2, ``.`` or ``c``."""
    if headcount == 0:
        return ".", "."
    if confidential:
        return "c", "c"
    if count in HIDDEN:
        return "x", "x"
    return str(count), print_rate(count, headcount)


def publish_schools(true: pd.DataFrame) -> pd.DataFrame:
    """Return the file by school, with small numbers hidden."""
    rows = []
    for row in true.itertuples(index=False):
        perm = mark_cells(row.perm, row.headcount, confidential=row.confidential)
        fixed = mark_cells(row.fixed, row.headcount, confidential=row.confidential)
        rows.append(
            {
                "time_period": row.time_period,
                "new_la_code": row.la_code,
                "old_la_code": DFE_CODES[row.la_code],
                "la_name": AUTHORITIES[row.la_code],
                "estab": row.number,
                "laestab": row.laestab,
                "school_name": row.name,
                "school_type": TYPES[row.role],
                "headcount": row.headcount,
                "perm_excl": perm[0],
                "perm_excl_rate": perm[1],
                "fixed_excl": fixed[0],
                "fixed_excl_rate": fixed[1],
            }
        )
    table = pd.DataFrame(rows)
    return table.sort_values(["time_period", "laestab"], kind="stable", ignore_index=True)


def publish_authorities(true: pd.DataFrame) -> pd.DataFrame:
    """Return the file by authority: true totals, so that they bound what the schools hide."""
    secondary = true[true["role"] == "secondary"]
    rows = []
    for (year, la_code), group in secondary.groupby(["time_period", "la_code"], sort=True):
        perm, headcount = int(group["perm"].sum()), int(group["headcount"].sum())
        rows.append(
            {
                "time_period": year,
                "geographic_level": "Local authority",
                "old_la_code": DFE_CODES[la_code],
                "new_la_code": la_code,
                "la_name": AUTHORITIES[la_code],
                "school_type": TYPES["secondary"],
                "num_schools": len(group),
                "headcount": headcount,
                "perm_excl": perm,
                "perm_excl_rate": print_rate(perm, headcount),
            }
        )
    return pd.DataFrame(rows)


def first_years(schools: pd.DataFrame) -> pd.Series:
    """Return the first school year in the file: later where a new school opened after 2014."""
    opened = pd.to_datetime(schools["opened"], format="%d-%m-%Y").dt.year
    # An academy goes on under the number of the school it was; only these start from nothing.
    new = ~schools["kind"].str.startswith("Academy") & (opened >= 2015)
    year = opened.where(new, 2014).astype(int)
    return year.astype(str) + (year + 1 - 2000).astype(str)


def make_exclusions(
    schools: pd.DataFrame,
    areas: gpd.GeoDataFrame,
    idaci: pd.DataFrame,
    rng: np.random.Generator,
) -> tuple[pd.DataFrame, pd.DataFrame, pd.DataFrame]:
    """Return the file by school, the file by authority, and the planted schools."""
    known = schools[schools["role"].isin(list(TYPES))].sort_values("laestab", ignore_index=True)
    known = find_surroundings(known, areas, idaci).assign(first_year=first_years(known))
    planted = plant_schools(known)
    true = draw_years(known, planted, rng)
    return publish_schools(true), publish_authorities(true), planted
