"""The oracle: exact rankings by squared Euclidean distance, in blocks, so that memory stays bounded."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from vision.evaluation.metrics import average_precision, precision_at_k, recall_at_k, reciprocal_rank

_BLOCK_VALUES = 4_000_000


@dataclass(frozen=True)
class Quality:
    """Means over the queries that have at least one relevant document besides themselves."""

    queries: int
    map: float
    precision: float
    """P@k."""
    recall: float
    """R@k."""
    mrr: float
    """Mean reciprocal rank."""
    k: int


def squared_distances(queries: NDArray[Any], documents: NDArray[Any]) -> NDArray[np.float32]:
    """Squared Euclidean distances (queries, documents), computed in float64 and rounded once to float32."""
    left = np.atleast_2d(np.asarray(queries, dtype=np.float64))
    right = np.atleast_2d(np.asarray(documents, dtype=np.float64))
    squares = np.einsum("ij,ij->i", left, left)[:, None] + np.einsum("ij,ij->i", right, right)[None, :]
    distances: NDArray[np.float32] = np.maximum(squares - 2 * (left @ right.T), 0).astype(np.float32)
    return distances


def rank(
    queries: NDArray[Any], documents: NDArray[Any], ids: Sequence[str] | None = None, k: int | None = None
) -> NDArray[np.intp]:
    """Indices of the documents nearest to each query, by distance, then id: (queries, min(k, documents)).

    Without ``ids`` ties go by position. Ids compare by code point, as Solr compares strings.
    """
    order = _id_order(ids, len(documents))
    ordered = np.asarray(documents)[order]
    count = len(documents) if k is None else min(k, len(documents))
    parts = [
        order[np.argsort(distances, axis=1, kind="stable")[:, :count]]
        for _, distances in _blocks(np.atleast_2d(queries), ordered)
    ]
    return np.concatenate(parts) if parts else np.zeros((0, count), dtype=np.intp)


def label_quality(
    vectors: NDArray[Any],
    labels: Sequence[str],
    ids: Sequence[str] | None = None,
    *,
    k: int = 10,
    candidates: NDArray[np.bool_] | None = None,
) -> Quality:
    """Every vector (n, dims) is a query once; relevant are the others with the same label.

    Args:
        vectors: one for each picture.
        labels: their classes.
        ids: break ties; by position without them.
        k: of precision and recall.
        candidates: (n,) True where a picture may be a result, as under a filter; all may by default.
    """
    order = _id_order(ids, len(vectors))
    _, classes = np.unique(np.asarray(labels), return_inverse=True)
    allowed = np.ones(len(vectors), dtype=bool) if candidates is None else np.asarray(candidates, dtype=bool)
    pool = order[allowed[order]]
    documents, document_classes = np.asarray(vectors)[pool], classes[pool]
    scores: list[NDArray[np.float64]] = []
    for start, distances in _blocks(np.asarray(vectors), documents):
        rows = np.arange(start, start + len(distances))
        itself = pool[None, :] == rows[:, None]
        ranking = np.argsort(np.where(itself, np.inf, distances), axis=1, kind="stable")
        relevance = (document_classes[None, :] == classes[rows][:, None]) & ~itself
        ranked = np.take_along_axis(relevance, ranking, axis=1)
        usable = ranked[ranked.any(axis=1)]
        scores.append(
            np.stack(
                [
                    average_precision(usable),
                    precision_at_k(usable, k),
                    recall_at_k(usable, k),
                    reciprocal_rank(usable),
                ]
            )
        )
    table = np.concatenate(scores, axis=1) if scores else np.zeros((4, 0))
    means = table.mean(axis=1) if table.shape[1] else np.zeros(4)
    return Quality(table.shape[1], float(means[0]), float(means[1]), float(means[2]), float(means[3]), k)


def _id_order(ids: Sequence[str] | None, count: int) -> NDArray[np.intp]:
    if ids is None:
        return np.arange(count, dtype=np.intp)
    if len(ids) != count:
        raise ValueError(f"{len(ids)} ids for {count} vectors")
    return np.array(sorted(range(count), key=ids.__getitem__), dtype=np.intp)


def _blocks(queries: NDArray[Any], documents: NDArray[Any]) -> Iterator[tuple[int, NDArray[np.float32]]]:
    """Row number of a block's first query, and its distances to all documents."""
    rows = max(1, _BLOCK_VALUES // max(1, len(documents)))
    for start in range(0, len(queries), rows):
        yield start, squared_distances(queries[start : start + rows], documents)
