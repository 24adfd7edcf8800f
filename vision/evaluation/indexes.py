"""What ranks pictures in an evaluation: throw-away collections in Solr, and a flat scan in NumPy to compare with."""

from __future__ import annotations

import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from vision.catalog.documents import document
from vision.console import Progress
from vision.embedding import Embedding, EmbeddingStore
from vision.errors import SolrRefused
from vision.evaluation.gallery import Gallery
from vision.evaluation.judgments import Rows
from vision.search import planner
from vision.search.composer import QueryVectors, compose
from vision.search.engine import SearchEngine
from vision.search.model import Mode, Query
from vision.search.planner import Limits
from vision.solr import configset
from vision.solr.client import SolrClient

PAGE = 24
"""Rows of the searches that are timed: what a page of results asks for by default."""
_SEND = 200


@dataclass(frozen=True, eq=False)
class Scope:
    """One filter: its name, its part of a query, and the rows that it leaves.

    Attributes:
        name: as the user wrote it, or None for everything.
        query: filters and ranges, no vector yet.
        pool: (rows,) True where a row may be found.
        asked: the rows that are queries.
    """

    name: str | None
    query: Query
    pool: NDArray[np.bool_]
    asked: Rows


class Ranker(Protocol):
    """Something that a picture can be looked for in."""

    def ranked(self, row: int, scope: Scope, mode: str, depth: int) -> Rows:
        """The ``depth`` rows nearest to a row, best first, itself left out."""

    def search(self, row: int, scope: Scope, mode: str) -> object:
        """What a shopper's search by this row costs: one page of :data:`PAGE`."""


class Flat:
    """A flat scan over float32 vectors in memory; nothing of Solr."""

    def __init__(self, vectors: NDArray[np.float32], ids: list[str]) -> None:
        """Take (rows, dims) vectors; ties go by id."""
        self._vectors = np.ascontiguousarray(vectors)
        self._squares = np.einsum("ij,ij->i", self._vectors, self._vectors)
        place = np.empty(len(ids), dtype=np.intp)
        place[sorted(range(len(ids)), key=ids.__getitem__)] = np.arange(len(ids))
        self._place = place

    def ranked(self, row: int, scope: Scope, mode: str, depth: int) -> Rows:
        """As :meth:`Ranker.ranked`."""
        return _others(self._nearest(row, scope, depth + 1), row, depth)

    def search(self, row: int, scope: Scope, mode: str) -> object:
        """As :meth:`Ranker.search`."""
        return self._nearest(row, scope, PAGE)

    def _nearest(self, row: int, scope: Scope, count: int) -> Rows:
        everything = bool(scope.pool.all())
        rows = np.arange(len(self._vectors)) if everything else np.flatnonzero(scope.pool)
        vectors, squares = (self._vectors, self._squares) if everything else (self._vectors[rows], self._squares[rows])
        distances = squares - 2 * (vectors @ self._vectors[row])
        if count < len(rows):
            near = np.argpartition(distances, count - 1)[:count]
            rows, distances = rows[near], distances[near]
        nearest: Rows = rows[np.lexsort((self._place[rows], distances))]
        return nearest


class Index:
    """A collection of the gallery's pictures, asked as the search engine asks."""

    def __init__(self, engine: SearchEngine, embedding: Embedding, gallery: Gallery, vectors: dict[int, QueryVectors]):
        """Take what is indexed already.

        Args:
            engine: on the collection.
            embedding: what its vectors are made with.
            gallery: the pictures.
            vectors: of the rows that are queries.
        """
        self._engine = engine
        self._embedding = embedding
        self._vectors = vectors
        self._rows = {id: row for row, id in enumerate(gallery.ids)}

    def ranked(self, row: int, scope: Scope, mode: str, depth: int) -> Rows:
        """As :meth:`Ranker.ranked`: pictures, not grouped, in the order in which a shopper pages through them.

        The request is the engine's own but for what it returns, ids alone. K is that of a page of :data:`PAGE`, so
        that an approximate ranking is its candidates first and all others by exact score after them.

        Raises:
            SolrRefused: Solr counts other pictures than the filter leaves.
        """
        vectors = self._vectors[row]
        page = replace(scope.query, vector=vectors.full, mode=Mode(mode), rows=PAGE)
        wanted = min(depth + 1, int(scope.pool.sum()))
        query = replace(
            page, grouped=False, rows=wanted, candidates=planner.candidates_for(page, self._engine.ranker.limits)
        )
        plan = planner.plan(query, self._engine.ranker.limits, matching=int(scope.pool.sum()))
        params = compose(query, plan, vectors, self._engine.client.names) | {"fl": "id"}
        answer = self._engine.client.select(params)["response"]
        if answer["numFound"] != scope.pool.sum():
            raise SolrRefused(
                f"Solr finds {answer['numFound']:,} pictures with the filter {scope.name or 'none'}, the catalogue has "
                f"{scope.pool.sum():,}; nothing was measured",
                status=500,
            )
        found = np.array([self._rows[each["id"]] for each in answer["docs"]], dtype=np.intp)
        return _others(found, row, depth)

    def search(self, row: int, scope: Scope, mode: str) -> object:
        """As :meth:`Ranker.search`, with products grouped and everything that a page shows returned."""
        query = replace(
            scope.query,
            vector=self._vectors[row].full,
            embedding=self._embedding.fingerprint,
            mode=Mode(mode),
            rows=PAGE,
        )
        return self._engine.run(query)

    def picture_bytes(self) -> float:
        """Bytes on Solr's disk for each picture, everything together."""
        segments = self._engine.client.get_json("admin/segments")["segments"].values()
        return float(sum(segment["sizeInBytes"] for segment in segments)) / len(self._rows)


@contextmanager
def throwaway(
    url: str,
    store: EmbeddingStore,
    gallery: Gallery,
    embedding: Embedding,
    vectors: NDArray[np.float32],
    asked: Rows,
    *,
    limits: Limits,
    timeout: float,
    progress: Progress,
) -> Iterator[Index]:
    """Index the gallery into a collection that is dropped at the end of the block, whatever ends it.

    Args:
        url: of Solr.
        store: a temporary one, where the engine finds the embedding.
        gallery: the pictures.
        embedding: what ``vectors`` are made with.
        vectors: (rows, 1024).
        asked: the rows that will be queries.
        limits: of the planner.
        timeout: seconds before a request is given up.
        progress: told of the stage ``index``.

    Raises:
        SolrError: Solr did not answer or refused.
    """
    store.save(embedding)
    coarse = embedding.codec.encode(vectors)
    queries = {int(row): QueryVectors(vectors[row].copy(), coarse[row].copy(), embedding.sigma2) for row in asked}
    with SolrClient(url, f"evaluate_{secrets.token_hex(6)}", timeout=timeout) as client:
        try:
            configset.create(client)
            for start in range(0, len(gallery), _SEND):
                rows = range(start, min(start + _SEND, len(gallery)))
                client.add([_document(gallery, row, embedding, vectors[row], coarse[row]) for row in rows])
                progress("index", rows.stop, len(gallery))
            client.commit()
            client.merge()
            yield Index(SearchEngine(client, store, limits=limits), embedding, gallery, queries)
        finally:
            if configset.exists(client):
                configset.drop(client)


def _others(found: Rows, row: int, depth: int) -> Rows:
    """Without the query itself."""
    others: Rows = found[found != row]
    return others[:depth]


def _document(
    gallery: Gallery, row: int, embedding: Embedding, vector: NDArray[np.float32], coarse: NDArray[np.int8]
) -> dict[str, object]:
    return document(
        gallery.products[row],
        vector=vector,
        coarse=coarse,
        embedding=embedding.fingerprint,
        image_hash=gallery.pictures[row],
        root=gallery.files.root_id,
    )
