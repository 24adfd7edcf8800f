"""Retrieval metrics over ranked relevance: True where the result at that rank is relevant, best rank first.

Every function takes one ranking (n,) or a block of them (queries, n) and gives one value for each. The query itself
must not be among the results. ``relevant`` is how many relevant documents there are in all; by default those in the
ranking, which is right when the ranking is complete. A query with no relevant document scores 0.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

Scores = NDArray[np.float64]


def average_precision(relevance: ArrayLike, relevant: ArrayLike | None = None) -> Scores:
    """Mean, over the relevant documents, of the precision at the rank of each; those not ranked count 0."""
    ranked = _block(relevance)
    hits = np.cumsum(ranked, axis=1, dtype=np.float64)
    precisions = hits / np.arange(1, ranked.shape[1] + 1)
    return _ratio((precisions * ranked).sum(axis=1), _relevant(ranked, relevant))


def mean_average_precision(relevance: ArrayLike, relevant: ArrayLike | None = None) -> float:
    """Mean of the average precision over the queries that have a relevant document; 0 without any."""
    ranked = _block(relevance)
    counts = _relevant(ranked, relevant)
    usable = counts > 0
    return float(average_precision(ranked, counts)[usable].mean()) if usable.any() else 0.0


def precision_at_k(relevance: ArrayLike, k: int) -> Scores:
    """Part of the first ``k`` results that is relevant; a ranking shorter than k is divided by k all the same."""
    found: Scores = _block(relevance)[:, : _positive(k)].sum(axis=1) / k
    return found


def recall_at_k(relevance: ArrayLike, k: int, relevant: ArrayLike | None = None) -> Scores:
    """Part of the relevant documents that is among the first ``k`` results."""
    ranked = _block(relevance)
    return _ratio(ranked[:, : _positive(k)].sum(axis=1), _relevant(ranked, relevant))


def reciprocal_rank(relevance: ArrayLike) -> Scores:
    """1 / rank of the first relevant result; 0 without one."""
    ranked = _block(relevance)
    if ranked.shape[1] == 0:
        return np.zeros(len(ranked))
    return np.where(ranked.any(axis=1), 1.0 / (ranked.argmax(axis=1) + 1), 0.0)


def _block(relevance: ArrayLike) -> NDArray[np.bool_]:
    ranked = np.atleast_2d(np.asarray(relevance, dtype=bool))
    if ranked.ndim != 2:
        raise ValueError(f"relevance of shape {ranked.shape}; accepted: (n,) or (queries, n)")
    return ranked


def _relevant(ranked: NDArray[np.bool_], relevant: ArrayLike | None) -> Scores:
    counts = ranked.sum(axis=1) if relevant is None else relevant
    return np.broadcast_to(np.asarray(counts, dtype=np.float64), (len(ranked),))


def _ratio(parts: ArrayLike, wholes: Scores) -> Scores:
    values: Scores = np.asarray(parts, dtype=np.float64) / np.maximum(wholes, 1)
    return values


def _positive(k: int) -> int:
    if k < 1:
        raise ValueError(f"k is {k}; accepted: 1 or more")
    return k
