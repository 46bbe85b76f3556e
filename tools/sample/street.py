"""Invented street-level crime of one year, in the columns of data.police.uk."""

from typing import Final

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from numpy.typing import NDArray

from sample import facts
from sample.boundaries import TO_GRID
from sample.risk import draw_points

FORCE: Final = "West Midlands Police"
VIOLENCE: Final = "Violence and sexual offences"
WEAPONS: Final = "Possession of weapons"
ANTISOCIAL: Final = "Anti-social behaviour"
# Inside by this much, so that a point stays in its area whichever way a reader moves it from
# longitude and latitude to the grid (the usual ways differ by up to 2.3 m).
MARGIN_METRES: Final = 8.0
OUTCOMES: Final = {
    "Unable to prosecute suspect": 0.47,
    "Investigation complete; no suspect identified": 0.24,
    "Status update unavailable": 0.09,
    "Under investigation": 0.06,
    "Court result unavailable": 0.05,
    "Awaiting court outcome": 0.04,
    "Local resolution": 0.02,
    "Offender given a caution": 0.02,
    "Further investigation is not in the public interest": 0.01,
}
FIRST: Final = (
    "Alder", "Amber", "Barley", "Bramble", "Clover", "Copper", "Crane", "Elder", "Fallow", "Fern",
    "Flint", "Gorse", "Hazel", "Heron", "Juniper", "Kestrel", "Larch", "Linnet", "Mallow", "Otter",
    "Quill", "Rowan", "Sedge", "Sorrel", "Tansy", "Teasel", "Thistle", "Vetch", "Wren", "Yarrow",
)  # fmt: skip
SECOND: Final = ("mere", "dene", "fold", "garth", "holt", "combe", "shaw", "wold", "beck", "rigg")
KIND: Final = ("Street", "Road", "Close", "Avenue", "Lane", "Grove", "Drive", "Way")
FEATURES: Final = ("Supermarket", "Parking Area", "Petrol Station", "Shopping Area", "Nightclub")


def make_map_points(areas: gpd.GeoDataFrame, rng: np.random.Generator) -> pd.DataFrame:
    """Return the invented map points that crimes are moved to: 4 to 8 in each area.

    Returns
    -------
    DataFrame
        ``area`` (position), ``weight`` within the area, and the text columns of a crime there.
    """
    each = rng.integers(4, 9, len(areas))
    area = np.repeat(np.arange(len(areas)), each)
    inner = shapely.buffer(areas.geometry.to_numpy(), -MARGIN_METRES)
    points = draw_points(inner[area], rng)
    longitude, latitude = TO_GRID.transform(points[:, 0], points[:, 1], direction="INVERSE")
    size = len(area)
    names = [f"{FIRST[a]}{SECOND[b]} {KIND[c]}" for a, b, c in
             rng.integers([len(FIRST), len(SECOND), len(KIND)], size=(size, 3))]  # fmt: skip
    names = np.where(rng.random(size) < 0.12, rng.choice(FEATURES, size), names)
    return pd.DataFrame(
        {
            "area": area,
            # Uneven: one point of an area takes most of its crimes.
            "weight": rng.gamma(0.8, 1.0, size) + 0.02,
            "Longitude": [f"{x:.6f}" for x in longitude],
            "Latitude": [f"{y:.6f}" for y in latitude],
            "Location": [f"On or near {name}" for name in names],
            "LSOA code": areas["lsoa11_code"].to_numpy()[area],
            "LSOA name": areas["lsoa11_name"].to_numpy()[area],
        }
    )


def draw_crimes(points: pd.DataFrame, chance: NDArray[np.float64], rng: np.random.Generator) -> pd.DataFrame:
    """Return all crimes of the year at their map points, every row separate."""
    numbers = {
        VIOLENCE: facts.STREET_VIOLENCE,
        WEAPONS: facts.STREET_WEAPONS,
        ANTISOCIAL: facts.STREET_ANTISOCIAL - facts.STREET_ANTISOCIAL_TWINS,
    }
    kind = np.repeat(list(numbers), list(numbers.values()))
    at = rng.choice(len(points), len(kind), p=chance)
    table = points.iloc[at].drop(columns=["area", "weight"]).reset_index(drop=True)
    outcome = rng.choice(list(OUTCOMES), len(kind), p=list(OUTCOMES.values()))
    return table.assign(
        **{
            "Month": rng.choice(facts.STREET_MONTHS, len(kind)),
            "Crime type": kind,
            "Last outcome category": np.where(kind == ANTISOCIAL, "", outcome),
        }
    )


def misplace(table: pd.DataFrame, outside: pd.DataFrame, rng: np.random.Generator) -> pd.DataFrame:
    """Return the crimes, a known number without location and a known number outside the force."""
    numbers = (facts.STREET_NO_LOCATION, facts.STREET_OUTSIDE_FORCE)
    chosen = rng.choice(len(table), sum(numbers), replace=False)
    nowhere, elsewhere = np.split(chosen, [numbers[0]])
    place = ["Longitude", "Latitude", "Location", "LSOA code", "LSOA name"]
    table = table.copy()
    table.loc[nowhere, place] = ["", "", "No Location", "", ""]
    picked = outside.iloc[rng.integers(len(outside), size=len(elsewhere))]
    table.loc[elsewhere, place] = picked[place].to_numpy()
    return table


def make_street(
    areas: gpd.GeoDataFrame,
    share: NDArray[np.float64],
    ring: gpd.GeoDataFrame,
    rng: np.random.Generator,
) -> pd.DataFrame:
    """Return the whole file, by month and area.

    Parameters
    ----------
    share
        Shape (areas,): shares of the expected events.
    ring
        Areas of neighbouring forces.
    """
    points = make_map_points(areas, rng)
    within = points["weight"] / points.groupby("area")["weight"].transform("sum")
    chance = within.to_numpy() * share[points["area"]]
    table = misplace(draw_crimes(points, chance / chance.sum(), rng), make_map_points(ring, rng), rng)
    inside = table["LSOA code"].isin(areas["lsoa11_code"])
    located = table[(table["Crime type"] == ANTISOCIAL) & inside]
    twins = located.iloc[rng.choice(len(located), facts.STREET_ANTISOCIAL_TWINS, replace=False)]
    table = pd.concat([table, twins], ignore_index=True)
    # Anti-social behaviour is no recorded crime and has no identifier.
    table["Crime ID"] = ["" if kind == ANTISOCIAL else rng.bytes(32).hex() for kind in table["Crime type"]]
    # Rows without location come last in their month, as in the published files.
    order = table.assign(last=table["LSOA code"] == "")
    table = table.loc[order.sort_values(["Month", "last", "LSOA code", "Crime type"], kind="stable").index]
    table = table.assign(**{"Reported by": FORCE, "Falls within": FORCE, "Context": ""})
    return table[
        [
            "Crime ID", "Month", "Reported by", "Falls within", "Longitude", "Latitude",
            "Location", "LSOA code", "LSOA name", "Crime type", "Last outcome category", "Context",
        ]
    ]  # fmt: skip
