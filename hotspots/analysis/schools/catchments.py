"""Modelled catchments of schools, and the deprivation in them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

import numpy as np
import pandas as pd

from hotspots.errors import AnalysisError
from hotspots.model import Deprivation, Schools, StudyArea, renamed_arguments

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

__all__ = ["DECAY", "Catchments", "catchment_scores", "huff_catchments"]

DECAY: Final = 1500.0
"""Metres over which a school's pull falls to 1 / e: a convention, not an estimate. No file of pupils' homes is open."""

CELLS: Final = 2_000_000
"""Pairs of area and school computed together, so that memory does not grow with the map."""


class Modelled(NamedTuple):
    """Results of the model for each school; shape (schools,)."""

    score: Floats
    """Average of the areas' values over the children who would go there; missing where no value is known."""
    children: Floats
    """Children who would go there."""
    known: Floats
    """Share of them who live in areas with a value."""
    distance: Floats
    """Their average distance, in metres."""


class Catchments(NamedTuple):
    """Deprivation of catchments, and what was assumed."""

    table: pd.DataFrame
    """Indexed by `school_id`: `score`, `children`, `known`, `distance` (metres); missing where there is no place."""
    words: str


def huff_catchments(
    places: Floats,
    schools: Floats,
    *,
    children: Floats,
    radius: Floats,
    attraction: Floats,
    values: Floats,
    decay: float,
) -> Modelled:
    """Return the average value where each school's pupils live, if children choose by size and distance.

    A child of area i goes to school j with probability P_ij = A_j exp(-d_ij / D) / sum_k A_k exp(-d_ik / D), so that
    schools compete for the same children; a school's value is sum_i c_i P_ij x_i / sum_i c_i P_ij. The distance is
    sqrt(s^2 + r^2 / 2), s from the centre of the area and r the radius of a circle of its size: the root mean square
    of the distances to all points of the circle, so that nobody lives at distance 0.

    Parameters
    ----------
    places, schools
        Centres of areas (n, 2) and points of schools (m, 2), in metres.
    children, radius, values
        Children of each area, its radius in metres, and its value (missing where unknown); shape (n,).
    attraction
        Pull of each school at distance 0, above 0; shape (m,).
    decay
        D, in metres.

    References
    ----------
    Huff (1963), Land Economics 39, 81-90 (equation 1, here with an exponential function of distance; Wilson (1971),
    Environment and Planning 3, 1-32, section 2).
    """
    totals = np.zeros((4, len(schools)))
    known = ~np.isnan(values)
    step = max(1, CELLS // max(len(schools), 1))
    for start in range(0, len(places), step):
        at = slice(start, start + step)
        apart = ((places[at, None, :] - schools[None, :, :]) ** 2).sum(axis=2)
        distance = np.sqrt(apart + radius[at, None] ** 2 / 2)
        # Less the nearest: only ratios count, and far areas keep theirs.
        pull = attraction * np.exp(-(distance - distance.min(axis=1, keepdims=True)) / decay)
        going = children[at, None] * pull / pull.sum(axis=1, keepdims=True)
        totals[0] += np.where(known[at], values[at], 0.0) @ going
        totals[1] += known[at].astype(float) @ going
        totals[2] += going.sum(axis=0)
        totals[3] += (going * distance).sum(axis=0)
    some = np.where(totals[2] > 0, totals[2], np.nan)
    score = totals[0] / np.where(totals[1] > 0, totals[1], np.nan)
    return Modelled(score, totals[2], totals[1] / some, totals[3] / some)


@renamed_arguments("area")
def catchment_scores(
    schools: Schools,
    deprivation: Deprivation,
    *,
    area: StudyArea,
    placed: pd.Series,
    children: pd.Series | None = None,
    decay: float = DECAY,
) -> Catchments:
    """Return the deprivation of the area from which each school's pupils may come, by a model.

    It is a model and no record of where pupils live. It ignores admission rules, faith, selection, roads, and children
    and schools beyond the study area, so catchments at the edge are cut off.

    Parameters
    ----------
    schools
        Every school competes that has pupils, a point, and an area of the study.
    deprivation
        Scores by area.
    area
        The study area.
    placed
        School id → area id, missing where the school is in none.
    children
        Area id → children, named by what they are (``"residents of 11 to 15 years"``); by default the population of
        the study's areas, or if there is none, every area alike.
    decay
        Metres over which a school's pull falls to 1 / e.

    Raises
    ------
    AnalysisError
        If `decay` is not above 0, or a number of children is negative.
    """
    if not 0 < decay < np.inf:
        raise AnalysisError(
            "The distance over which a school's pull falls is not above 0.",
            found=f"decay = {decay:g}",
            advice=f"give metres, e.g. {DECAY:g}",
        )
    weights, what = _children(area, children)
    table = schools.table
    usable = table["easting"].notna() & table["northing"].notna() & (table["pupils"] > 0) & (table["years"] > 0)
    usable &= placed.reindex(table.index).notna()
    found = pd.DataFrame(np.nan, index=table.index, columns=list(Modelled._fields))
    chosen = table[usable]
    outlines = area.areas.geometry
    centres = outlines.centroid
    if len(chosen):
        modelled = huff_catchments(
            np.column_stack([centres.x, centres.y]),
            chosen[["easting", "northing"]].to_numpy(dtype=float),
            children=weights,
            radius=np.sqrt(outlines.area.to_numpy() / np.pi),
            attraction=(chosen["pupils"] / chosen["years"]).to_numpy(dtype=float),
            values=deprivation.table["score"].reindex(area.ids).to_numpy(dtype=float, na_value=np.nan),
            decay=decay,
        )
        found.loc[usable] = np.column_stack(modelled)
    return Catchments(found, _words(found, decay=decay, what=what))


def _children(area: StudyArea, children: pd.Series | None) -> tuple[Floats, str]:
    """Return the children of every area, and what they are in words."""
    if children is not None:
        given = children.reindex(area.ids).to_numpy(dtype=float, na_value=np.nan)
        if (given < 0).any():
            first = area.ids[given < 0][0]
            raise AnalysisError(
                f"The number of children of area {first!r} is negative.",
                found=f"{int((given < 0).sum()):,} such areas",
                advice="correct the numbers of children",
            )
        return np.nan_to_num(given), children.name if isinstance(children.name, str) else "children"
    if "population" in area.areas.columns:
        everybody = area.areas["population"].to_numpy(dtype=float, na_value=np.nan)
        if np.nansum(everybody) > 0:
            return np.nan_to_num(everybody), "residents of all ages, as numbers of children are not given,"
    return np.ones(len(area)), "equal numbers for every area, as numbers of children are not given,"


def _words(found: pd.DataFrame, *, decay: float, what: str) -> str:
    reached = found.dropna(subset=["distance"])
    far = ""
    if len(reached):
        mean = float((reached["distance"] * reached["children"]).sum() / reached["children"].sum())
        far = f" In the model a pupil lives {mean / 1000:.1f} km from school on average."
    return (
        f"Catchments are a model: {what} are shared among all schools of the study in proportion to a school's pupils "
        f"times exp(-distance / {decay:,.0f} m), in a straight line.{far} It ignores admission rules, and children and "
        "schools beyond the study area."
    )
