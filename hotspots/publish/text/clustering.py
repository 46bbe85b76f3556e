"""Clustering of the whole map in words: whether there is any, and at which distance."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np

from hotspots.publish.text.phrases import capitalised

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["clustering_sentence", "describe_scale"]

LEVEL: Final = 0.05


def clustering_sentence(table: pd.DataFrame, *, title: str) -> str:
    """Return in words what Moran's I says of the whole map."""
    value, z, p = (float(table[column]["Moran's I"]) for column in ("value", "z", "p"))
    if p > LEVEL:
        return f"Over the whole map {title} shows no clustering beyond chance (Moran's I {value:.3f})."
    how = "similar values lie together" if z > 0 else "unlike values lie together"
    return f"Over the whole map of {title} {how} (Moran's I {value:.3f}, z {z:.1f})."


def describe_scale(table: pd.DataFrame, *, title: str) -> str:
    """Return in words which scale a correlogram suggests, and why.

    Parameters
    ----------
    table
        From `correlogram`.
    title
        What clusters, as in a sentence.
    """
    first, last = _far(table.index[0]), _far(table.index[-1])
    tried = f"at {first}" if len(table) == 1 else f"at any distance from {first} to {last}"
    if not table["suggested"].any():
        return f"{capitalised(title)}: no clustering beyond chance was found {tried} (Moran's I)."
    at = int(np.argmax(table["suggested"].to_numpy()))
    z = table["z"].to_numpy()
    here = f"among areas within {_far(table.index[at])} of each other"
    evidence = f"(Moran's z {z[at]:.1f})"
    suits = "A distance band or density bandwidth of about that size suits it."
    if at == len(table) - 1:
        return (
            f"Clustering of {title} is strongest {here} {evidence}, the longest distance tried: "
            "it extends at least this far; longer distances would show how far."
        )
    highest = at + 1 + int(np.nanargmax(z[at + 1 :])) if np.isfinite(z[at + 1 :]).any() else at
    if z[highest] > z[at]:
        again = f"and has a broader pattern on top of it (z {z[highest]:.1f} within {_far(table.index[highest])})"
        return f"Clustering of {title} has its first peak {here} {evidence}, {again}. {suits}"
    if at == 0:
        return (
            f"Clustering of {title} is strongest {here} {evidence}, the shortest distance tried: "
            f"its scale is about that or less. {suits}"
        )
    return f"Clustering of {title} is strongest {here} {evidence}; beyond that it weakens. {suits}"


def _far(metres: float) -> str:
    return f"{metres:,.0f} m" if metres < 1000 else f"{metres / 1000:,.3g} km"
