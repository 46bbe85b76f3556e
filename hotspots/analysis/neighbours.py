"""Who is next to whom: contiguity, nearest neighbours and distance bands, in compressed rows."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
import pandas as pd

from hotspots.errors import AnalysisError, list_briefly
from hotspots.nouns import text_ids

if TYPE_CHECKING:
    import geopandas as gpd
    from numpy.typing import NDArray

    from hotspots.nouns import StudyArea

Rule = Literal["queen", "rook", "nearest", "distance"]

SNAP = 0.1
"""Metres to which vertices are brought before borders are compared: published files differ in the last decimals."""


@dataclass(frozen=True, eq=False, slots=True)
class Neighbours:
    """Neighbours of every area, each with weight one, in compressed rows.

    Parameters
    ----------
    ids
        Area ids (n), as text.
    starts
        Row starts (n + 1): the neighbours of area i are ``others[starts[i]:starts[i + 1]]``.
    others
        Positions of the neighbours (number of ordered pairs), ascending in every row.
    words
        The rule in words, e.g. ``"Queen contiguity (a shared border or corner)"``.
    """

    ids: pd.Index
    starts: NDArray[np.int64]
    others: NDArray[np.int64]
    words: str

    def __len__(self) -> int:
        return len(self.ids)

    @property
    def cardinalities(self) -> NDArray[np.int64]:
        """Number of neighbours of every area (n)."""
        return np.diff(self.starts)

    @property
    def islands(self) -> list[str]:
        """Ids of the areas without a neighbour."""
        return [str(i) for i in self.ids[self.cardinalities == 0]]

    @property
    def components(self) -> int:
        """Number of groups of areas that hang together."""
        focal = np.repeat(np.arange(len(self)), self.cardinalities)
        # Every area takes over the lowest label it is linked to, and that label's own, until nothing changes.
        labels = np.arange(len(self))
        while (labels[focal] != labels[self.others]).any():
            np.minimum.at(labels, labels[focal], labels[self.others])
            np.minimum.at(labels, labels[self.others], labels[focal])
            labels = labels[labels]
        return len(set(labels.tolist()))

    def matrix(self, *, with_self: bool = False) -> Any:
        """Return the binary weights as a SciPy sparse array (n, n), with ones on the diagonal if asked."""
        from scipy.sparse import csr_array, eye_array

        n = len(self)
        weights = csr_array((np.ones(len(self.others)), self.others, self.starts), shape=(n, n))
        return (weights + eye_array(n, format="csr")).tocsr() if with_self else weights

    def aligned_to(self, ids: pd.Index) -> Neighbours:
        """Return the same neighbours in the order of `ids`.

        Raises
        ------
        AnalysisError
            If the ids are not the same set.
        """
        if self.ids.equals(ids):
            return self
        position = self.ids.get_indexer(ids)
        if len(ids) != len(self) or (position < 0).any():
            odd = sorted(set(map(str, ids)) ^ set(map(str, self.ids)))
            raise AnalysisError(
                "The neighbours and the data do not have the same areas.",
                found=f"{len(odd):,} ids on one side only: {list_briefly(odd)}",
                advice="link the neighbours of the same study area",
            )
        weights = self.matrix()[position][:, position].tocsr()
        weights.sort_indices()
        return Neighbours(ids, weights.indptr.astype(np.int64), weights.indices.astype(np.int64), self.words)

    def within(self, keep: NDArray[np.bool_]) -> Neighbours:
        """Return the neighbours among the areas where `keep` (n) is true."""
        weights = self.matrix()[keep][:, keep].tocsr()
        weights.sort_indices()
        starts, others = weights.indptr.astype(np.int64), weights.indices.astype(np.int64)
        return Neighbours(self.ids[keep], starts, others, self.words)

    def to_graph(self) -> Any:
        """Return a libpysal `Graph` with binary weights; libpysal takes seconds to import."""
        from libpysal.graph import Graph

        focal = np.repeat(np.arange(len(self)), self.cardinalities)
        alone = np.flatnonzero(self.cardinalities == 0)
        return Graph.from_arrays(
            self.ids[np.concatenate([focal, alone])],
            self.ids[np.concatenate([self.others, alone])],
            np.concatenate([np.ones(len(focal)), np.zeros(len(alone))]),
        )


def link_neighbours(
    area: StudyArea | gpd.GeoDataFrame,
    *,
    rule: Rule = "queen",
    number: int | None = None,
    distance: float | None = None,
) -> Neighbours:
    """Return who is next to whom.

    Vertices are brought to 0.1 m first: on published files exact comparison can leave every area an island.
    Contiguity takes areas that share a vertex (queen) or an edge (rook); where borders were digitised apart
    (a vertex of one lies inside an edge of the other) use `distance` instead.

    Parameters
    ----------
    area
        A study area, or any GeoDataFrame of polygons in metres (its index gives the ids).
    rule
        ``"queen"``, ``"rook"``, ``"nearest"`` (needs `number`) or ``"distance"`` (needs `distance`).
    number
        How many nearest areas, by distance of representative points.
    distance
        Greatest distance in metres between representative points.

    Raises
    ------
    AnalysisError
        If the rule's number or distance is missing.
    """
    areas: gpd.GeoDataFrame = getattr(area, "areas", area)
    ids, shapes = text_ids(areas.index), areas.geometry.to_numpy()
    if rule in ("queen", "rook"):
        pairs = _pairs_that_share(*(_edges(shapes) if rule == "rook" else _vertices(shapes)))
        words = {
            "queen": "Queen contiguity (a shared border or corner)",
            "rook": "Rook contiguity (a shared border)",
        }[rule]
    elif rule == "nearest":
        count = _needed(number, rule, "number", "a whole number of areas, e.g. number = 8")
        if not 1 <= count < len(ids):
            raise AnalysisError(
                f"{count:g} nearest neighbours were asked of {len(ids):,} areas.",
                found=f"number = {count:g}",
                advice="ask for fewer: 8 is usual",
            )
        pairs = _nearest_pairs(shapes, int(count))
        words = f"{int(count)} nearest areas"
    else:
        metres = _needed(distance, rule, "distance", "a distance in metres, e.g. distance = 1500")
        pairs = _distance_pairs(shapes, float(metres))
        words = f"areas within {metres:,.0f} m"
    return _compress(ids, pairs, words)


def from_graph(graph: Any, *, words: str = "neighbours given as a libpysal Graph") -> Neighbours:
    """Return the neighbours held in a libpysal `Graph`; its weights must be equal within every row.

    Raises
    ------
    AnalysisError
        If an area has unequal weights: the exact tests here are for equal weights.
    """
    known = pd.Index(graph.unique_ids)
    ids = text_ids(known)
    links = graph.adjacency
    links = links[links > 0]
    spread = links.groupby(level=0).agg(["min", "max"])
    unequal = spread.index[spread["min"] != spread["max"]]
    if len(unequal):
        raise AnalysisError(
            f"The weights of area {unequal[0]!r} are not equal.",
            found=f"{len(unequal):,} areas with unequal weights",
            advice="give a binary or row-standardised graph",
        )
    focal = known.get_indexer(links.index.get_level_values(0))
    other = known.get_indexer(links.index.get_level_values(1))
    apart = focal != other
    return _compress(ids, np.column_stack([focal[apart], other[apart]]), words)


def _needed(value: float | None, rule: str, name: str, advice: str) -> float:
    if value is None or value <= 0:
        raise AnalysisError(f"The neighbour rule {rule!r} needs {name}.", found=f"{name} = {value}", advice=advice)
    return value


def _compress(ids: pd.Index, pairs: NDArray[np.int64], words: str) -> Neighbours:
    """Return ordered pairs (m, 2), each once, as compressed rows."""
    n = len(ids)
    focal, other = np.divmod(_distinct(pairs[:, 0] * n + pairs[:, 1]), n)
    starts = np.zeros(n + 1, dtype=np.int64)
    np.cumsum(np.bincount(focal, minlength=n), out=starts[1:])
    return Neighbours(ids, starts, other, words)


def _distinct(keys: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return the distinct keys, sorted; on whole numbers NumPy's own `unique` takes many times as long."""
    keys = np.sort(keys)
    return keys[np.diff(keys, prepend=keys[:1] - 1) > 0]


def _vertices(shapes: NDArray[Any]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return a key on the snapping lattice for every vertex, and whose it is: the position in `shapes`."""
    import shapely

    coordinates, owner = shapely.get_coordinates(shapes, return_index=True)
    lattice = np.rint(coordinates / SNAP).astype(np.int64)
    return lattice[:, 0] * (1 << 31) + lattice[:, 1], owner


def _edges(shapes: NDArray[Any]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return a key for every edge, whichever way round it is drawn, and whose it is: the position in `shapes`."""
    import shapely

    parts, part_area = shapely.get_parts(shapes, return_index=True)
    rings, ring_part = shapely.get_rings(parts, return_index=True)
    vertices, ring = _vertices(rings)
    places, corner = np.unique(vertices, return_inverse=True)
    start, end = corner[:-1], corner[1:]
    drawn = (ring[1:] == ring[:-1]) & (start != end)  # not from one ring to the next, nor shorter than the lattice
    keys = np.minimum(start, end) * len(places) + np.maximum(start, end)
    return keys[drawn], part_area[ring_part[ring[:-1][drawn]]]


def _pairs_that_share(keys: NDArray[np.int64], owner: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return the ordered pairs of owners (m, 2) that hold the same key."""
    order = np.lexsort((owner, keys))
    keys, owner = keys[order], owner[order]
    fresh = np.append(True, (keys[1:] != keys[:-1]) | (owner[1:] != owner[:-1]))
    keys, owner = keys[fresh], owner[fresh]
    found = [np.empty((0, 2), dtype=np.int64)]
    # Few areas meet in one vertex: compare each entry with the next, the one after, ... until none shares its key.
    for step in range(1, len(keys)):
        together = np.flatnonzero(keys[step:] == keys[:-step])
        if not len(together):
            break
        pair = np.column_stack([owner[together], owner[together + step]])
        found += [pair, pair[:, ::-1]]
    return np.concatenate(found).astype(np.int64)


def _points(shapes: NDArray[Any]) -> NDArray[np.float64]:
    import shapely

    # A point that lies inside, unlike the centroid of a crescent.
    points: NDArray[np.float64] = shapely.get_coordinates(shapely.point_on_surface(shapes))
    return points


def _nearest_pairs(shapes: NDArray[Any], number: int) -> NDArray[np.int64]:
    from scipy.spatial import KDTree

    points = _points(shapes)
    # A few more than asked for, so that ties (to the millimetre) go to the first area and not to chance.
    distances, nearest = KDTree(points).query(points, k=min(number + 9, len(points)))
    rows = []
    for i, (away, candidates) in enumerate(zip(np.round(distances, 3), np.asarray(nearest), strict=True)):
        rows += [(i, j) for j in candidates[np.lexsort((candidates, away))] if j != i][:number]
    return np.array(rows, dtype=np.int64)


def _distance_pairs(shapes: NDArray[Any], distance: float) -> NDArray[np.int64]:
    from scipy.spatial import KDTree

    pairs = KDTree(_points(shapes)).query_pairs(distance, output_type="ndarray").astype(np.int64)
    return np.concatenate([pairs, pairs[:, ::-1]])
