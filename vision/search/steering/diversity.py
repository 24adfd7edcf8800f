"""The first results in another order: less alike, no more than some of a brand, near-duplicates folded into one.

Only a pool of the best is ordered anew, the same for every page of a search; what comes after it keeps its order, and
nothing is lost but what is folded, which its representative names.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final

import numpy as np
from numpy.typing import NDArray

from vision.search.explaining import texts
from vision.search.model import Diversity, Hit

POOL: Final = 100
"""Results that are ordered anew, or four pages where those are more."""
FOLDED: Final = 0.02
"""Near-duplicates are closer than this part of the collection's median squared distance."""

Distances = NDArray[np.float32]


@dataclass(frozen=True)
class Pool:
    """The best results of a search, best first, with what is needed to order them anew.

    Attributes:
        hits: in the order of their scores.
        vectors: (n, dims); a row of NaN for a product without a picture.
        sigma2: the collection's median squared distance, in the vectors' unit.
        wholes: (n, dims) of the whole pictures, where a region's vector is in ``vectors``; near-duplicates are told by
            them, so that two rooms with the same chair are not one.
    """

    hits: Sequence[Hit]
    vectors: NDArray[np.float32]
    sigma2: float
    wholes: NDArray[np.float32] | None = None


def size(rows: int) -> int:
    """How many results are ordered anew: it depends on the size of a page, never on its number."""
    return max(POOL, 4 * rows)


def arranged(pool: Pool, wanted: Diversity) -> list[Hit]:
    """The pool's hits in the order that is shown."""
    distances = _distances(pool.vectors)
    rows = list(range(len(pool.hits)))
    folded: Mapping[int, Sequence[int]] = {}
    if wanted.fold:
        pictures = distances if pool.wholes is None else _distances(pool.wholes)
        folded = fold(pictures, FOLDED * pool.sigma2)
        rows = list(folded)
    if wanted.mmr > 0:
        scores = np.array([hit.score for hit in pool.hits], dtype=np.float64)
        rows = mmr(rows, scores, distances / pool.sigma2, wanted.mmr)
    for field, most in wanted.most.items():
        rows = capped(rows, [texts(pool.hits[row].attributes.get(field)) for row in range(len(pool.hits))], most)
    return [_with_duplicates(pool.hits, row, folded.get(row, ())) for row in rows]


def fold(distances: Distances, limit: float) -> dict[int, list[int]]:
    """Rows that stand for others, best first, and the rows within ``limit`` of each that no better one stands for."""
    standing: dict[int, list[int]] = {}
    for row in range(len(distances)):
        near = [other for other in standing if distances[row, other] <= limit]
        if near:
            standing[min(near, key=lambda other: distances[row, other])].append(row)
        else:
            standing[row] = []
    return standing


def mmr(rows: Sequence[int], scores: NDArray[np.float64], distances: Distances, weight: float) -> list[int]:
    """Maximal marginal relevance (Carbonell and Goldstein, 1998): each next one is good, and unlike those before.

    Args:
        rows: to be ordered.
        scores: of all rows, 0 to 1.
        distances: (n, n) squared, in units of the collection's median; likeness is 1/(1+d²), as in the score.
        weight: 0 orders by score alone, 1 by unlikeness alone.
    """
    left, chosen = list(rows), list[int]()
    nearest = np.zeros(len(scores))
    likeness = np.nan_to_num(1.0 / (1.0 + distances), nan=0.0)
    while left:
        best = max(left, key=lambda row: ((1 - weight) * scores[row] - weight * nearest[row], -row))
        left.remove(best)
        chosen.append(best)
        nearest = np.maximum(nearest, likeness[best])
    return chosen


def capped(rows: Sequence[int], values: Sequence[Sequence[str]], most: int) -> list[int]:
    """Rounds of at most ``most`` rows of each value: what is too many comes in the next round, in its order.

    A row of several values counts for each of them; one of none is never too many.
    """
    chosen, left = list[int](), list(rows)
    while left:
        seen: dict[str, int] = defaultdict(int)
        later = []
        for row in left:
            if all(seen[value] < most for value in values[row]):
                chosen.append(row)
                for value in values[row]:
                    seen[value] += 1
            else:
                later.append(row)
        left = later
    return chosen


def _distances(vectors: NDArray[np.float32]) -> Distances:
    """(n, n) squared Euclidean; NaN with a row of NaN."""
    values = vectors.astype(np.float64)
    squares = np.einsum("ij,ij->i", values, values)
    return np.asarray(np.maximum(squares[:, None] + squares[None] - 2 * values @ values.T, 0), dtype=np.float32)


def _with_duplicates(hits: Sequence[Hit], row: int, folded: Sequence[int]) -> Hit:
    return replace(hits[row], duplicates=tuple(hits[other].id for other in folded)) if folded else hits[row]
