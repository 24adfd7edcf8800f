"""Groups of products that look alike, in any query's result.

Everything passes over int8 codes in blocks: of all products only those, their clusters and a distance each are held.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Final, Literal

import numpy as np
from numpy.typing import NDArray

from vision.errors import BadQuery
from vision.merchandising.tools.budget import Budget
from vision.merchandising.tools.distances import between
from vision.merchandising.tools.selection import Selection

Method = Literal["kmeans", "hdbscan"]

SAMPLE: Final = 2000
"""Products that the number of clusters is chosen on."""
NUMBERS: Final = (2, 3, 4, 5, 6, 8, 10, 12, 16, 20, 25, 32, 40)
MOST: Final = 500
DENSE: Final = 20_000
"""Products that HDBSCAN takes: its time grows with their square."""
_DENSE_DIMS: Final = 16
_BLOCK: Final = 4096
_PASSES: Final = 3
_NONE: Final = -1
_ENDLESS: Final = Budget()

Assigned = NDArray[np.int32]


@dataclass(frozen=True)
class Cluster:
    """Products that look alike.

    Attributes:
        id: 1 for the largest.
        medoid: row of the product from which the others are least far, by the sum of squared distances.
        rows: all of its products, from the nearest to the medoid to the farthest.
        distances: squared distances to the medoid, in the same order.
        cohesion: 1/(1+d²/σ²) of the mean squared distance of two of its products: .5 where they are as far from each
            other as any two of the collection, 1 where they are equal.
    """

    id: int
    medoid: int
    rows: NDArray[np.intp]
    distances: NDArray[np.float32]
    cohesion: float


@dataclass(frozen=True)
class Clustered:
    """Clusters, the largest first.

    Attributes:
        clusters: each product is in one at most.
        noise: rows in none; HDBSCAN leaves out what has no neighbours.
        silhouette: of the clustering, on a sample; None where there is only one cluster.
        tried: silhouettes of the numbers of clusters that were tried, where none was given.
    """

    clusters: list[Cluster]
    noise: NDArray[np.intp]
    silhouette: float | None
    tried: dict[int, float]


def cluster(
    selection: Selection,
    number: int | None = None,
    *,
    method: Method = "kmeans",
    least: int = 5,
    seed: int = 0,
    budget: Budget = _ENDLESS,
) -> Clustered:
    """Cluster a selection; the same again for the same seed.

    Args:
        selection: products.
        number: of clusters, for k-means; chosen by the silhouette of a sample where it is None.
        method: k-means, by mini-batches; or HDBSCAN, which finds their number itself.
        least: products of a cluster at least, for HDBSCAN.
        seed: of everything that is by chance.
        budget: how long it may take.

    Raises:
        BadQuery: too few products for so many clusters, or too many for HDBSCAN.
        TookTooLong: over the budget.
    """
    if len(selection) < 2 or (number is not None and len(selection) < number):
        raise BadQuery(
            f"{len(selection)} products with a picture were found, for {number or 'several'} clusters: widen the "
            "search, or ask for fewer",
            "clusters",
        )
    tried: dict[int, float] = {}
    if method == "hdbscan":
        budget.at("cluster", 0, None)
        assigned = _dense(selection, least)
    else:
        if number is None:
            tried = silhouettes(selection, seed=seed, budget=budget)
            number = max(tried, key=lambda each: (tried[each], -each)) if tried else 1
        assigned = _means(selection, number, seed, budget)
    members = _members(assigned)
    made = sorted((_described(selection, rows) for rows in members), key=lambda each: (-len(each[1]), each[0]))
    clusters = [Cluster(id, *each) for id, each in enumerate(made, start=1)]
    overall = _silhouette(selection, assigned, seed) if len(clusters) > 1 else None
    return Clustered(clusters, np.flatnonzero(assigned == _NONE), overall, tried)


def silhouettes(selection: Selection, *, seed: int = 0, budget: Budget = _ENDLESS) -> dict[int, float]:
    """Silhouette of a sample by number of clusters; higher is better separated."""
    from sklearn.cluster import MiniBatchKMeans
    from sklearn.metrics import silhouette_score

    rows = _sample(len(selection), seed)
    vectors = selection.matrix(rows)
    different = len(np.unique(selection.codes[rows], axis=0))
    numbers = [number for number in NUMBERS if number < min(different, len(rows))]
    found = {}
    for done, number in enumerate(numbers):
        budget.at("try", done, len(numbers))
        labels = MiniBatchKMeans(number, random_state=seed, n_init=3, batch_size=1024).fit_predict(vectors)
        if len(np.unique(labels)) > 1:
            found[number] = round(float(silhouette_score(vectors, labels)), 4)
    budget.at("try", len(numbers), len(numbers))
    return found


def _means(selection: Selection, number: int, seed: int, budget: Budget) -> Assigned:
    from sklearn.cluster import MiniBatchKMeans

    count = len(selection)
    assigned = np.empty(count, dtype=np.int32)
    start = selection.matrix(_sample(count, seed, max(SAMPLE, 20 * number)))
    # The best of three starts on a sample, then mini-batches of everything from there.
    centres = MiniBatchKMeans(number, random_state=seed, n_init=3, batch_size=1024).fit(start).cluster_centers_
    model = MiniBatchKMeans(number, init=centres, random_state=seed, n_init=1, batch_size=_BLOCK)
    order = np.random.default_rng(seed).permutation(count)
    passes = _PASSES if count > len(start) else 1
    for number_of_pass in range(passes):
        for first in range(0, count, _BLOCK):
            budget.at("cluster", number_of_pass * count + first, passes * count)
            rows = order[first : first + _BLOCK]
            if len(rows) >= number:  # scikit-learn reseeds from a batch, which must not be smaller
                model.partial_fit(selection.matrix(rows))
    budget.at("cluster", passes * count, passes * count)
    for rows, vectors in _blocks(selection):
        assigned[rows] = between(vectors, model.cluster_centers_.astype(np.float32)).argmin(axis=1)
    return assigned


def _dense(selection: Selection, least: int) -> Assigned:
    from sklearn.cluster import HDBSCAN

    if len(selection) > DENSE:
        raise BadQuery(
            f"hdbscan takes {DENSE:,} products at most, and {len(selection):,} were found: narrow the search, or take "
            "kmeans",
            "method",
        )
    if least > len(selection):
        raise BadQuery(f"least is {least}, of {len(selection)} products; give 2 or more, and fewer than those", "least")
    # Density means little in many dimensions; a ball tree holds no matrix of all distances.
    vectors = selection.matrix()[:, :_DENSE_DIMS]
    labels = HDBSCAN(min_cluster_size=least, algorithm="ball_tree", copy=True).fit_predict(vectors)
    return np.asarray(labels, dtype=np.int32)


def _described(
    selection: Selection, rows: NDArray[np.intp]
) -> tuple[int, NDArray[np.intp], NDArray[np.float32], float]:
    """A cluster's medoid, its rows by distance to it, those distances, and its cohesion.

    The sum of squared distances from a member is n·|x-μ|² and a constant, so the medoid is the member nearest to the
    mean; and the mean squared distance of two members is twice the mean squared distance to the mean, n/(n-1) times.
    """
    total = np.zeros(selection.codes.shape[1], dtype=np.int64)
    for part in _parts(rows):
        total += selection.codes[part].sum(axis=0, dtype=np.int64)
    mean = (total / len(rows) * selection.step).astype(np.float32)
    to_mean = _distances(selection, rows, mean)
    medoid = int(rows[int(to_mean.argmin())])
    distances = _distances(selection, rows, selection.matrix([medoid])[0])
    order = np.argsort(distances, kind="stable")
    pairs = 2.0 * float(to_mean.mean(dtype=np.float64)) * len(rows) / max(1, len(rows) - 1)
    return medoid, rows[order], distances[order], 1.0 / (1.0 + pairs / selection.sigma2)


def distances_from(selection: Selection, row: int) -> NDArray[np.float32]:
    """(n,) squared distances of all rows to one."""
    return _distances(selection, np.arange(len(selection)), selection.matrix([row])[0])


def _distances(selection: Selection, rows: NDArray[np.intp], point: NDArray[np.float32]) -> NDArray[np.float32]:
    found = [np.square(selection.matrix(part) - point).sum(axis=1) for part in _parts(rows)]
    return np.concatenate(found) if found else np.zeros(0, dtype=np.float32)


def _silhouette(selection: Selection, assigned: Assigned, seed: int) -> float | None:
    from sklearn.metrics import silhouette_score

    rows = _sample(len(selection), seed)
    rows = rows[assigned[rows] != _NONE]
    if not 2 <= len(np.unique(assigned[rows])) < len(rows):
        return None
    return round(float(silhouette_score(selection.matrix(rows), assigned[rows])), 4)


def _sample(count: int, seed: int, most: int = SAMPLE) -> NDArray[np.intp]:
    if count <= most:
        return np.arange(count)
    return np.sort(np.random.default_rng(seed).choice(count, most, replace=False))


def _members(assigned: Assigned) -> list[NDArray[np.intp]]:
    order = np.argsort(assigned, kind="stable")
    starts = np.flatnonzero(np.diff(assigned[order], prepend=_NONE))
    return np.split(order[starts[0] :], (starts - starts[0])[1:]) if len(starts) else []


def _blocks(selection: Selection) -> Iterator[tuple[Any, NDArray[np.float32]]]:
    for part in _parts(np.arange(len(selection))):
        yield part, selection.matrix(part)


def _parts(rows: Sequence[int] | NDArray[np.intp]) -> Iterator[NDArray[np.intp]]:
    every = np.asarray(rows, dtype=np.intp)
    for first in range(0, len(every), _BLOCK):
        yield every[first : first + _BLOCK]
