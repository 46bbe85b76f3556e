"""Neighbours of areas: contiguity, nearest areas and distance bands, in compressed rows."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
import pandas as pd

from hotspots.errors import AnalysisError, list_briefly
from hotspots.model import text_ids

if TYPE_CHECKING:
    import geopandas as gpd
    from numpy.typing import NDArray

    from hotspots.model import StudyArea

Rule = Literal["queen", "rook", "nearest", "distance"]

SNAP = 0.1
"""Metres to which vertices are brought before borders are compared: published files differ in the last decimals."""


@dataclass(frozen=True, eq=False, slots=True)
class Neighbours:
    """Neighbours of every area in compressed rows; each has weight one unless the user's own graph says otherwise.

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
    weights
        Weight of every link (number of ordered pairs), or None where all are one.
    own
        Weight of every area in its own window (n), or None where that is one.
    """

    ids: pd.Index
    starts: NDArray[np.int64]
    others: NDArray[np.int64]
    words: str
    weights: NDArray[np.float64] | None = None
    own: NDArray[np.float64] | None = None

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
        """Number of connected groups of areas."""
        from scipy.sparse.csgraph import connected_components

        return int(connected_components(self.matrix(), directed=False)[0])

    def matrix(self, *, with_self: bool = False) -> Any:
        """Return the weights as a SciPy sparse array (n, n), with the areas' own on the diagonal if asked."""
        from scipy.sparse import csr_array, diags_array, eye_array

        n = len(self)
        values = np.ones(len(self.others)) if self.weights is None else self.weights.copy()
        weights = csr_array((values, self.others, self.starts), shape=(n, n))
        if not with_self:
            return weights
        own = eye_array(n, format="csr") if self.own is None else diags_array(self.own, format="csr")
        return (weights + own).tocsr()

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
        return self._of(position)

    def within(self, keep: NDArray[np.bool_]) -> Neighbours:
        """Return the neighbours among the areas where `keep` (n) is true."""
        return self._of(np.flatnonzero(keep))

    def _of(self, position: NDArray[np.int64]) -> Neighbours:
        """Return the neighbours among the areas at these positions, in their order."""
        links = self.matrix()[position][:, position].tocsr()
        links.sort_indices()
        return Neighbours(
            self.ids[position],
            links.indptr.astype(np.int64),
            links.indices.astype(np.int64),
            self.words,
            weights=None if self.weights is None else links.data,
            own=None if self.own is None else self.own[position],
        )

    def to_graph(self) -> Any:
        """Return a libpysal `Graph` with these weights, the areas' own left out; libpysal takes seconds to import."""
        from libpysal.graph import Graph

        focal = np.repeat(np.arange(len(self)), self.cardinalities)
        alone = np.flatnonzero(self.cardinalities == 0)
        return Graph.from_arrays(
            self.ids[np.concatenate([focal, alone])],
            self.ids[np.concatenate([self.others, alone])],
            np.concatenate([self.matrix().data, np.zeros(len(alone))]),
        )


def link_neighbours(
    area: StudyArea | gpd.GeoDataFrame,
    *,
    rule: Rule = "queen",
    number: int | None = None,
    distance: float | None = None,
) -> Neighbours:
    """Return the neighbours of every area.

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
        if count != int(count) or not 1 <= count < len(ids):
            raise AnalysisError(
                f"{count:g} nearest neighbours were asked of {len(ids):,} areas.",
                found=f"number = {count:g}",
                advice="ask for fewer: 8 is usual",
            )
        pairs = _nearest_pairs(shapes, int(count))
        words = f"{int(count)} nearest areas"
    elif rule not in ("distance",):
        raise AnalysisError(
            f"There is no neighbour rule {rule!r}.", advice="queen, rook, nearest (with number) or distance"
        )
    else:
        metres = _needed(distance, rule, "distance", "a distance in metres, e.g. distance = 1500")
        pairs = _distance_pairs(shapes, float(metres))
        words = f"areas within {metres:,.0f} m"
    return _compress(ids, pairs, words)


def from_graph(graph: Any, *, words: str = "neighbours given as a libpysal Graph") -> Neighbours:
    """Return the neighbours held in a libpysal `Graph`.

    Weights that are equal within every row (binary, row-standardised) are taken as one: exact tests then apply. With
    others (distance decay, kernels) p-values are simulated. An area's own weight, for Gi*, is the graph's; where it has
    none, the largest of the area's neighbours.

    Raises
    ------
    AnalysisError
        If a weight is negative or missing.
    """
    known = pd.Index(graph.unique_ids)
    links = graph.adjacency
    wrong = links[~(links >= 0)]
    if len(wrong):
        raise AnalysisError(
            f"The weight of area {wrong.index[0][0]!r} for {wrong.index[0][1]!r} is {wrong.iloc[0]}.",
            found=f"{len(wrong):,} negative or missing weights",
            advice="weights say how near a neighbour is: give numbers from 0 up",
        )
    links = links[links > 0]
    focal = known.get_indexer(links.index.get_level_values(0))
    other = known.get_indexer(links.index.get_level_values(1))
    weight, apart = links.to_numpy(float), focal != other
    neighbours = _compress(text_ids(known), np.column_stack([focal[apart], other[apart]]), words)
    largest, least = np.zeros(len(known)), np.full(len(known), np.inf)
    np.maximum.at(largest, focal[apart], weight[apart])
    np.minimum.at(least, focal[apart], weight[apart])
    own = largest.copy()
    own[focal[~apart]] = weight[~apart]
    linked = largest > 0
    if np.allclose(least[linked], largest[linked], rtol=1e-9) and np.allclose(own[linked], largest[linked], rtol=1e-9):
        return neighbours
    # Rows are sorted by area and neighbour, as the links are after sorting by both.
    order = np.lexsort((other[apart], focal[apart]))
    return replace(neighbours, weights=weight[apart][order], own=np.where(linked, own, 1.0))


def _needed(value: float | None, rule: str, name: str, advice: str) -> float:
    if value is None or not 0 < value < np.inf:
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
    # Both coordinates in one 64-bit key, which sorts as one number.
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
    pairs = [np.empty((0, 2), dtype=np.int64)]
    # Few areas meet in one vertex: compare each entry with the next, the one after, ... until none shares its key.
    for step in range(1, len(keys)):
        together = np.flatnonzero(keys[step:] == keys[:-step])
        if not len(together):
            break
        pair = np.column_stack([owner[together], owner[together + step]])
        pairs += [pair, pair[:, ::-1]]
    return np.concatenate(pairs).astype(np.int64)


def _points(shapes: NDArray[Any]) -> NDArray[np.float64]:
    import shapely

    # A point that lies inside, unlike the centroid of a crescent.
    points: NDArray[np.float64] = shapely.get_coordinates(shapely.point_on_surface(shapes))
    return points


def _nearest_pairs(shapes: NDArray[Any], number: int) -> NDArray[np.int64]:
    from scipy.spatial import KDTree

    points = _points(shapes)
    # A few more than needed, so that ties (to the millimetre) go to the first area and not to chance.
    distances, nearest = KDTree(points).query(points, k=min(number + 9, len(points)))
    rows = []
    for i, (away, candidates) in enumerate(zip(np.round(distances, 3), np.asarray(nearest), strict=True)):
        rows += [(i, j) for j in candidates[np.lexsort((candidates, away))] if j != i][:number]
    return np.array(rows, dtype=np.int64)


def _distance_pairs(shapes: NDArray[Any], distance: float) -> NDArray[np.int64]:
    from scipy.spatial import KDTree

    pairs = KDTree(_points(shapes)).query_pairs(distance, output_type="ndarray").astype(np.int64)
    return np.concatenate([pairs, pairs[:, ::-1]])


def as_neighbours(neighbours: Neighbours | Any | None, area: StudyArea) -> Neighbours:
    """Return neighbours in the order of the study's areas: those given, those of a libpysal Graph, or Queen."""
    if neighbours is None:
        neighbours = link_neighbours(area)
    elif not isinstance(neighbours, Neighbours):
        neighbours = from_graph(neighbours)
    return neighbours.aligned_to(area.ids)
