"""Vectors of any number in bounded memory: chunk by chunk, each chunk the same whenever it is made again.

``tests.search.synthetic`` makes collections with an oracle that is kept in memory; this makes the same kind of vectors
(clusters, variance falling from component to component as after PCA) for collections too large for that.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from vision import reduction
from vision.embedding import Embedding, EmbeddingStore
from vision.reduction import CoarseCodec, Pca
from vision.search.composer import QueryVectors

Vectors = NDArray[np.float32]
EXTRACTOR = "synthetic-000000000000"
_CLUSTERS = 300


@dataclass(frozen=True)
class Stream:
    """``count`` pictures in chunks of ``chunk`` rows; id and attributes follow from the row's number."""

    count: int
    chunk: int = 1000
    seed: int = 0
    described: bool = False
    """Whether the pictures have descriptions, of 0 to 80 words, so that BM25 tells those that match apart."""

    @property
    def spread(self) -> Vectors:
        """(1024,) standard deviation of each component."""
        return np.asarray(4.0 * np.arange(1, reduction.DIMS + 1) ** -0.6, dtype=np.float32)

    def chunks(self) -> Iterator[tuple[int, Vectors]]:
        """First row and (n, 1024) vectors of each chunk."""
        centres = np.random.default_rng(self.seed).normal(size=(_CLUSTERS, reduction.DIMS)).astype(np.float32)
        for first in range(0, self.count, self.chunk):
            random = np.random.default_rng((self.seed, first))
            rows = min(self.chunk, self.count - first)
            cluster = random.integers(_CLUSTERS, size=rows)
            noise = random.standard_normal((rows, reduction.DIMS), dtype=np.float32) * np.float32(0.8)
            yield first, (centres[cluster] + noise) * self.spread

    def queries(self, count: int) -> Vectors:
        """(count, 1024) new points near rows of the first chunk."""
        _, vectors = next(self.chunks())
        random = np.random.default_rng((self.seed, 1, 1))
        near = vectors[random.integers(len(vectors), size=count)]
        return np.asarray(near + random.normal(size=near.shape) * 0.5 * self.spread, dtype=np.float32)

    def nearest(self, queries: Vectors, top: int) -> list[list[str]]:
        """Ids of the ``top`` nearest rows of each query, by NumPy in double precision."""
        asked = queries.astype(np.float64)
        best: list[list[tuple[float, str]]] = [[] for _ in queries]
        for first, vectors in self.chunks():
            double = vectors.astype(np.float64)
            squares = np.einsum("ij,ij->i", double, double)
            distances = np.einsum("ij,ij->i", asked, asked)[:, None] + squares - 2.0 * asked @ double.T
            for found, row in zip(best, distances, strict=True):
                near = np.argpartition(row, min(top, len(row) - 1))[:top]
                found += [(float(row[index]), self.id(first + int(index))) for index in near]
                found.sort()
                del found[top:]
        return [[id for _, id in found] for found in best]

    def id(self, row: int) -> str:
        """The id of a row."""
        return f"p{row:07d}"

    def embedding(self, store: EmbeddingStore) -> Embedding:
        """An embedding of no extractor, its code fitted on the first rows; kept in ``store``."""
        _, sample = next(Stream(self.count, min(self.count, 10_000), self.seed).chunks())
        return embedding_of(sample, store)

    def documents(self, embedding: Embedding) -> Iterator[Sequence[dict[str, Any]]]:
        """Solr documents, a chunk at a time; ``attr_tenth`` and ``attr_hundredth`` have that share of rows a value."""
        for first, vectors in self.chunks():
            coarse = embedding.codec.encode(vectors)
            yield [
                self._words(row)
                | {
                    "id": self.id(row),
                    "product_id": self.id(row),
                    "title": f"{('dress', 'skirt', 'coat', 'shirt', 'sofa')[row % 5]} number {row}",
                    "image": f"pictures/{row // 1000}/{row}.jpg",
                    "price": float(row % 300),
                    "attr_color": [("red", "blue", "green", "black", "white")[row // 5 % 5]],
                    "attr_half": ["ab"[row * 7919 // 10 % 2]],
                    "attr_tenth": [f"t{row * 7919 % 10}"],
                    "attr_hundredth": [f"h{row * 7919 % 100}"],
                    "vector": vector,
                    "coarse": code,
                    "embedding": embedding.fingerprint,
                }
                for row, vector, code in zip(range(first, first + len(vectors)), vectors, coarse, strict=True)
            ]

    def rows(self, name: str, value: str) -> NDArray[np.bool_]:
        """Which rows have ``value`` in the attribute half, tenth or hundredth."""
        mixed = np.arange(self.count) * 7919
        if name == "half":
            return np.asarray(mixed // 10 % 2 == "ab".index(value), dtype=np.bool_)
        return np.asarray(mixed % {"tenth": 10, "hundredth": 100}[name] == int(value[1:]), dtype=np.bool_)

    def _words(self, row: int) -> dict[str, Any]:
        if not self.described:
            return {}
        random = np.random.default_rng((self.seed, 2, row))
        words = [f"word{number}" for number in random.integers(500, size=random.integers(81))]
        words += ["dress"] * int(random.integers(3)) if row % 5 == 0 else []
        return {"description": " ".join(words)}


def store_in(home: Path) -> EmbeddingStore:
    """The embedding store of a benchmark's home."""
    return EmbeddingStore(home / "embeddings")


def embedding_of(sample: Vectors, store: EmbeddingStore) -> Embedding:
    """An embedding of no extractor, its code fitted on (n, 1024) vectors; kept in ``store``."""
    ones = np.ones(2, dtype=np.float32)
    pca = Pca(np.zeros(2, dtype=np.float32), np.eye(2, dtype=np.float32), ones, ones, {"extractor": EXTRACTOR})
    embedding = Embedding("synthetic", EXTRACTOR, pca, CoarseCodec.fit(sample), reduction.sigma2(sample))
    store.save(embedding)
    return embedding


def query_vectors(vector: Vectors, embedding: Embedding) -> QueryVectors:
    """What (1024,) is to a search by it."""
    return QueryVectors(vector, embedding.codec.encode(vector[None])[0], embedding.sigma2)
