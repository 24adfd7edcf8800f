"""A synthetic collection on real Solr, and the NumPy oracle that says what every search of it must give."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from vision import reduction
from vision.embedding import Embedding, EmbeddingStore
from vision.reduction import CoarseCodec, Pca
from vision.search.engine import SearchEngine
from vision.search.planner import Limits
from vision.solr import configset
from vision.solr.client import SolrClient

COLORS = ("red", "blue", "green", "black", "white")
LENGTHS = ("mini", "knee-length", "midi", "maxi")
CATEGORIES = ("dress", "skirt", "coat", "shirt", "sofa")
EXTRACTOR = "synthetic-000000000000"


@dataclass
class Synthetic:
    """Vectors and columns of a collection, row by row as they were indexed."""

    engine: SearchEngine
    vectors: NDArray[np.float32]
    ids: list[str]
    products: list[str]
    columns: Mapping[str, list[str]]
    prices: NDArray[np.float64]
    embedding: Embedding
    spread: NDArray[np.float32] = field(repr=False)
    _double: dict[str, NDArray[np.float64]] = field(default_factory=dict, repr=False)

    def queries(self, count: int, seed: int) -> NDArray[np.float32]:
        """New points near indexed ones: photos of things like those in the catalogue."""
        random = np.random.default_rng(seed)
        near = self.vectors[random.integers(len(self.vectors), size=count)]
        return np.asarray(near + random.normal(size=near.shape) * 0.5 * self.spread, dtype=np.float32)

    def distances(self, queries: NDArray[np.float32]) -> NDArray[np.float64]:
        """Squared Euclidean in double precision: (rows,) for one query, (n, rows) for n."""
        if "double" not in self._double:
            double = self.vectors.astype(np.float64)
            self._double |= {"double": double, "squares": np.einsum("ij,ij->i", double, double)}
        asked = np.atleast_2d(queries.astype(np.float64))
        squares = np.einsum("ij,ij->i", asked, asked)
        products = asked @ self._double["double"].T
        found: NDArray[np.float64] = np.maximum(squares[:, None] + self._double["squares"] - 2.0 * products, 0.0)
        return found if queries.ndim == 2 else found[0]

    def where(self, **columns: str | Iterable[str]) -> NDArray[np.bool_]:
        """Rows that have one of the values in each column."""
        keep = np.ones(len(self.ids), dtype=bool)
        for name, values in columns.items():
            accepted = {values} if isinstance(values, str) else set(values)
            keep &= np.array([value in accepted for value in self.columns[name]])
        return keep

    def ranked(self, scores: NDArray[np.floating[Any]], keep: NDArray[np.bool_], top: int | None = None) -> list[str]:
        """Ids by score, then id, of the best picture of each product among the kept rows; the first ``top``."""
        rows = np.flatnonzero(keep)
        if top is not None and len(rows) > 3 * top:
            rows = rows[np.argpartition(-scores[rows], 3 * top)[: 3 * top]]
        best: dict[str, str] = {}
        for row in sorted(rows, key=lambda row: (-scores[row], self.ids[row])):
            best.setdefault(self.products[row], self.ids[row])
        return list(best.values())[:top]

    def counts(self, name: str, keep: NDArray[np.bool_]) -> dict[str, int]:
        """Products by value of a column, among the kept rows."""
        pairs = {(self.products[row], self.columns[name][row]) for row in np.flatnonzero(keep)}
        return dict(Counter(value for _, value in pairs if value))

    def total(self, keep: NDArray[np.bool_]) -> int:
        """Products among the kept rows."""
        return len({self.products[row] for row in np.flatnonzero(keep)})


def build(
    url: str,
    name: str,
    home: Path,
    *,
    pictures: int,
    seed: int = 0,
    limits: Limits | None = None,
    kinds: bool = False,
    create: Callable[[SolrClient], object] = configset.create,
    segment: int | None = None,
    variants: bool = False,
) -> Synthetic:
    """Index ``pictures`` clustered vectors whose variance falls from component to component, as after PCA.

    One picture in ten is a second view of the product before it; one value in twenty is missing. The same seed gives
    the same documents, whatever they are indexed into.

    Args:
        url: of Solr.
        name: of the collection.
        home: where the embedding is kept.
        pictures: how many.
        seed: of everything.
        limits: of the engine's planner.
        kinds: each cluster is of one category; without, categories have nothing to do with vectors.
        create: makes the collection.
        segment: pictures that are committed together, and left in segments of that size; None merges all into one.
        variants: a product's second picture has a color and a price of its own.
    """
    random = np.random.default_rng(seed)
    spread = np.asarray(4.0 * np.arange(1, reduction.DIMS + 1) ** -0.6, dtype=np.float32)
    centres = random.normal(size=(300, reduction.DIMS))
    noise = random.normal(size=(pictures, reduction.DIMS)) * 0.8
    noise[1::10] = noise[0:-1:10] + 0.1 * noise[1::10]
    cluster = random.integers(300, size=pictures)
    cluster[1::10] = cluster[0:-1:10]
    vectors = np.asarray((centres[cluster] + noise) * spread, dtype=np.float32)
    ids = [f"p{row:06d}" for row in random.permutation(pictures)]
    products = list(ids)
    for row in range(1, pictures, 10):
        products[row] = products[row - 1]
    columns = {
        "color": _column(random, COLORS, pictures),
        "length": _column(random, LENGTHS, pictures),
        "category": _column(random, CATEGORIES, pictures),
        "half": _column(random, ("a", "b"), pictures, missing=0.0),
        "tenth": _column(random, tuple(f"t{n}" for n in range(10)), pictures, missing=0.0),
        "hundredth": _column(random, tuple(f"h{n}" for n in range(100)), pictures, missing=0.0),
    }
    if kinds:
        columns["category"] = [CATEGORIES[each % len(CATEGORIES)] for each in cluster]
    for column, values in columns.items():
        for row in range(1, pictures, 10):
            values[row] = values[row] if variants and column == "color" else values[row - 1]
    prices = np.round(random.gamma(3.0, 20.0, size=pictures), 2)
    if not variants:
        prices[1::10] = prices[0:-1:10]
    embedding = _embedding(vectors)
    store = EmbeddingStore(home / "embeddings")
    store.save(embedding)
    client = SolrClient(url, name)
    create(client)
    coarse = embedding.codec.encode(vectors)
    for start in range(0, pictures, segment or 500):
        rows = range(start, min(start + (segment or 500), pictures))
        client.add([_document(row, ids, products, columns, prices, vectors, coarse, embedding) for row in rows])
        if segment is not None:
            client.commit()
    client.commit()
    if segment is None:
        client.merge()
    engine = SearchEngine(client, store, limits=limits)
    return Synthetic(engine, vectors, ids, products, columns, prices, embedding, spread)


def _column(random: np.random.Generator, values: tuple[str, ...], count: int, missing: float = 0.05) -> list[str]:
    chosen = random.choice(values, size=count)
    return [str(value) if keep else "" for value, keep in zip(chosen, random.random(count) >= missing, strict=True)]


def _embedding(vectors: NDArray[np.float32]) -> Embedding:
    identity = np.eye(2, dtype=np.float32)
    ones = np.ones(2, dtype=np.float32)
    pca = Pca(np.zeros(2, dtype=np.float32), identity, ones, ones, {"extractor": EXTRACTOR})
    return Embedding("synthetic", EXTRACTOR, pca, CoarseCodec.fit(vectors), reduction.sigma2(vectors))


def _document(
    row: int,
    ids: list[str],
    products: list[str],
    columns: Mapping[str, list[str]],
    prices: NDArray[np.float64],
    vectors: NDArray[np.float32],
    coarse: NDArray[np.int8],
    embedding: Embedding,
) -> dict[str, Any]:
    said = " ".join(columns[name][row] for name in ("length", "color", "category") if columns[name][row])
    document = {
        "id": ids[row],
        "product_id": products[row],
        "title": f"{said} number {row}",
        "price": prices[row],
        "vector": vectors[row],
        "coarse": coarse[row],
        "embedding": embedding.fingerprint,
    }
    return document | {f"attr_{name}": [values[row]] for name, values in columns.items() if values[row]}
