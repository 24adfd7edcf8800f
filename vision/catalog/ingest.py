"""Index a catalogue: check, extract, reduce, send, commit, count."""

from __future__ import annotations

import time
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

import numpy as np
import orjson
from numpy.typing import NDArray

from vision import reduction
from vision.catalog import reader
from vision.catalog.cache import FeatureCache
from vision.catalog.documents import document
from vision.catalog.features import Checked, check, extract
from vision.catalog.pictures import Pictures, Roots
from vision.console import Progress
from vision.embedding import Embedding, EmbeddingStore
from vision.errors import BadCatalogue, Conflict, SolrRefused
from vision.extractors import Extractor
from vision.reduction import CoarseCodec, Pca
from vision.search.composer import SEPARATOR
from vision.solr import configset
from vision.solr.client import SolrClient

_SEND = 200
_VERIFY = 1000
_SCALE_SAMPLE = 10_000
# Merging the index into one segment rewrites all of it: worth it after a load of this many pictures that are also
# at least half of the collection, not after a small change.
_BULK = 1000
_DIGEST = 32
_NONE = bytes(_DIGEST)


@dataclass(frozen=True)
class IndexOptions:
    """What a run of ``visual-search index`` may choose."""

    pca: Path | None = None
    dims: int = reduction.DIMS
    rejects: Path | None = None
    allow_urls: bool = False
    recreate: bool = False
    seed: int = 0


@dataclass(frozen=True)
class IndexReport:
    """What a run did; ``cached`` pictures needed no extraction."""

    indexed: int
    rejected: int
    cached: int
    seconds: float
    embedding: str
    rejects: Path | None = None
    notes: tuple[str, ...] = ()


class Ingest:
    """Indexes catalogues into one collection; can be interrupted anywhere and run again."""

    def __init__(
        self,
        client: SolrClient,
        store: EmbeddingStore,
        cache: FeatureCache,
        roots: Roots,
        *,
        progress: Progress = lambda stage, done, total: None,
    ) -> None:
        """Wire what a run needs, without doing anything yet."""
        self._client = client
        self._store = store
        self._cache = cache
        self._roots = roots
        self._progress = progress

    def run(self, catalogue: Path, extractor_name: str, extractor: Extractor, options: IndexOptions) -> IndexReport:
        """Index a catalogue.

        Args:
            catalogue: CSV, JSONL or Parquet.
            extractor_name: as the user gave it; kept with the embedding, so that queries can load the same.
            extractor: loaded from it.
            options: what the command line chose.

        Raises:
            BadCatalogue: the file cannot be read, or no row of it is good.
            Conflict: the collection holds vectors of another embedding.
            SolrError: Solr did not answer or refused; what was committed stays.
        """
        began = time.perf_counter()
        total = reader.count(catalogue)
        pictures = Pictures(catalogue.parent, options.allow_urls)
        rejects = options.rejects or catalogue.with_name(catalogue.stem + ".rejects.jsonl")
        self._prepare_collection(extractor, options)
        with _Rejects(rejects) as rejected:
            digests, extracted = self._extract(catalogue, pictures, extractor, total, rejected)
        good = len(digests) // _DIGEST - rejected.count
        if good == 0:
            raise BadCatalogue(f"none of the {total} rows of {catalogue.name} can be indexed; see {rejects}")
        embedding = self._embedding(extractor_name, extractor, digests, options)
        self._store.save(embedding)
        self._roots.remember(pictures)
        self._send(catalogue, pictures, embedding, digests, good)
        self._finish(catalogue, digests, good)
        return IndexReport(
            indexed=good,
            rejected=rejected.count,
            cached=good - extracted,
            seconds=round(time.perf_counter() - began, 2),
            embedding=embedding.fingerprint,
            rejects=rejects if rejected.count else None,
            notes=embedding.pca.notes,
        )

    def _prepare_collection(self, extractor: Extractor, options: IndexOptions) -> None:
        if options.recreate and configset.exists(self._client):
            configset.drop(self._client)
        configset.create(self._client)
        current = self._current()
        if current is not None and current.extractor_fingerprint != extractor.fingerprint:
            raise Conflict(self._other(current.fingerprint, extractor.fingerprint))

    def _current(self) -> Embedding | None:
        """The embedding that the collection's documents have now, or None of an empty collection."""
        facet = orjson.dumps({"embedding": {"type": "terms", "field": "embedding", "limit": 1}}).decode()
        answer = self._client.select({"q": "*:*", "rows": 0, "json.facet": facet})
        buckets = answer["facets"].get("embedding", {}).get("buckets", [])
        return self._store.load(str(buckets[0]["val"])) if buckets else None

    def _other(self, current: str, new: str) -> str:
        return (
            f"collection {self._client.collection!r} holds vectors of {current!r}, this run would add {new!r}; "
            "use another collection (--collection), or --recreate to delete this one and index again"
        )

    def _extract(
        self, catalogue: Path, pictures: Pictures, extractor: Extractor, total: int, rejected: _Rejects
    ) -> tuple[bytes, int]:
        """First pass: the picture hash of each row (zeros for a rejected one), and how many were extracted."""
        digests = bytearray()
        extracted = 0

        def count(missing: int) -> None:
            nonlocal extracted
            extracted += missing

        for row in extract(check(catalogue), pictures, extractor, self._cache, advance=count):
            if row.picture is None:
                rejected.add(row)
            digests += row.picture or _NONE
            self._progress("extract", len(digests) // _DIGEST, total)
        return bytes(digests), extracted

    def _embedding(self, name: str, extractor: Extractor, digests: bytes, options: IndexOptions) -> Embedding:
        current = self._current()
        if options.pca is not None:
            pca = Pca.load(options.pca)
        elif current is not None:
            current.use(extractor)
            return current
        else:
            features = self._features(extractor.fingerprint, digests)
            self._progress("pca", 0, None)
            pca = reduction.fit(
                features, extractor_fingerprint=extractor.fingerprint, n_components=options.dims, seed=options.seed
            )
        sample = self._sample(extractor.fingerprint, digests, options.seed)
        vectors = pca.transform(sample, extractor_fingerprint=extractor.fingerprint)
        codec = CoarseCodec.fit(vectors)
        sigma2 = reduction.sigma2(vectors, seed=options.seed)
        embedding = Embedding(name, extractor.fingerprint, pca, codec, sigma2)
        if current is not None and current.fingerprint != embedding.fingerprint:
            raise Conflict(self._other(current.fingerprint, embedding.fingerprint))
        embedding.use(extractor)
        return embedding

    def _features(self, extractor: str, digests: bytes) -> Iterator[NDArray[np.float32]]:
        """Features of all different pictures, batch by batch, in the catalogue's order."""
        unique = dict.fromkeys(_split(digests))
        unique.pop(_NONE, None)
        order = iter(unique)
        while batch := list(islice(order, _VERIFY)):
            yield self._cache.matrix(extractor, batch)

    def _sample(self, extractor: str, digests: bytes, seed: int) -> NDArray[np.float32]:
        unique = sorted(set(_split(digests)) - {_NONE})
        if len(unique) > _SCALE_SAMPLE:
            chosen = np.random.default_rng(seed).choice(len(unique), _SCALE_SAMPLE, replace=False)
            unique = [unique[index] for index in np.sort(chosen)]
        return np.concatenate(list(self._features(extractor, b"".join(unique))))

    def _send(self, catalogue: Path, pictures: Pictures, embedding: Embedding, digests: bytes, good: int) -> None:
        """Second pass: compose and send the documents; while Solr reads one batch the next is composed."""
        rows = zip(check(catalogue), _split(digests), strict=True)
        wanted = ((row, picture) for row, picture in rows if picture != _NONE)
        sent = 0
        pending: Future[None] | None = None
        with ThreadPoolExecutor(1, thread_name_prefix="send") as sender:
            while batch := list(islice(wanted, _SEND)):
                documents = self._documents(batch, pictures.root_id, embedding)
                if pending is not None:
                    pending.result()
                pending = sender.submit(self._client.add, documents)
                sent += len(batch)
                self._progress("index", sent, good)
            if pending is not None:
                pending.result()

    def _documents(
        self, batch: list[tuple[Checked, bytes]], root: str, embedding: Embedding
    ) -> list[dict[str, object]]:
        features = self._cache.matrix(embedding.extractor_fingerprint, [picture for _, picture in batch])
        vectors = embedding.pca.transform(features)
        coarse = embedding.codec.encode(vectors)
        fingerprint = embedding.fingerprint
        documents = []
        for (row, picture), vector, code in zip(batch, vectors, coarse, strict=True):
            assert row.product is not None
            documents.append(
                document(row.product, vector=vector, coarse=code, embedding=fingerprint, image_hash=picture, root=root)
            )
        return documents

    def _finish(self, catalogue: Path, digests: bytes, good: int) -> None:
        self._progress("commit", 0, None)
        self._client.commit()
        if good >= _BULK and 2 * good >= self._client.count():
            self._progress("merge", 0, None)
            self._client.merge()
        self._progress("verify", 0, good)
        present = 0
        rows = zip(check(catalogue), _split(digests), strict=True)
        ids = (row.id for row, picture in rows if picture != _NONE)
        while batch := list(islice(ids, _VERIFY)):
            terms = f"{{!terms f=id cache=false separator='{SEPARATOR}' v=$wanted}}"
            present += self._client.count(terms, wanted=SEPARATOR.join(batch))
            self._progress("verify", present, good)
        if present != good:
            raise SolrRefused(
                f"Solr holds {present} of the {good} pictures that were sent to {self._client.collection!r}; "
                "run the same command again, and look into Solr's log if that does not help",
                status=500,
            )


class _Rejects:
    """Rejected rows as JSON lines; no file stays behind where there are none."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self.count = 0

    def __enter__(self) -> _Rejects:
        self._file = self._path.open("wb")
        return self

    def __exit__(self, *_: object) -> None:
        self._file.close()
        if not self.count:
            self._path.unlink()

    def add(self, row: Checked) -> None:
        self.count += 1
        self._file.write(orjson.dumps({"line": row.line, "id": row.id, "reason": row.reason}) + b"\n")


def _split(digests: bytes) -> Iterator[bytes]:
    for start in range(0, len(digests), _DIGEST):
        yield digests[start : start + _DIGEST]
