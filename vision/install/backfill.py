"""Vectors for the documents of a collection that somebody else fills: read, extracted, sent, counted."""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from vision.catalog import sending
from vision.catalog.cache import FeatureCache
from vision.catalog.features import BATCH, Checked, extract
from vision.catalog.fitting import Fitting, held
from vision.catalog.pictures import Pictures, is_url
from vision.catalog.product import Product, Rejected
from vision.catalog.rejects import Rejects
from vision.console import Progress
from vision.embedding import Embedding, EmbeddingStore
from vision.errors import BadSetting, Conflict
from vision.extractors import Extractor
from vision.solr.client import SolrClient
from vision.solr.updates import atomic, current, documents

_SEND = 200
_ROUNDS = 5


@dataclass(frozen=True)
class BackfillOptions:
    """Where pictures are, and where rejected documents are written down.

    ``root`` None: there are no paths. ``may_change``: fields that change with every update, and are meant to.
    """

    rejects: Path
    root: Path | None = None
    allow_urls: bool = False
    pca: Path | None = None
    may_change: frozenset[str] = frozenset()


@dataclass(frozen=True)
class BackfillReport:
    """Documents: given vectors now, having them already, without a picture, rejected."""

    added: int
    present: int
    without_picture: int
    rejected: int
    seconds: float
    embedding: str | None
    rejects: Path | None = None


@dataclass(frozen=True)
class _Wanted:
    """A document that gets vectors, if it still has this version."""

    id: str
    version: int
    picture: bytes


class _Confined(Pictures):
    """Pictures below one folder: whoever writes the index names the paths, and may not lead elsewhere."""

    def read(self, image: str) -> bytes:
        if not is_url(image):
            if self.root == Path():
                raise Rejected(f"image {image[:200]!r} is a path; say below which folder with --pictures-root")
            if not (self.root / image).resolve().is_relative_to(self.root.resolve()):
                raise Rejected(f"image {image[:200]!r} leads out of {self.root}")
        return super().read(image)


class Backfill:
    """Gives vectors to the documents that have a picture and none yet; can be ended anywhere and run again."""

    def __init__(
        self,
        client: SolrClient,
        store: EmbeddingStore,
        cache: FeatureCache,
        *,
        progress: Progress = lambda stage, done, total: None,
    ) -> None:
        """Wire what a run needs, without doing anything yet; the collection is installed."""
        self._client = client
        self._store = store
        self._cache = cache
        self._progress = progress
        self._key = client.names.key
        self._image = client.names.known("image") or ""
        self._present = self._without = 0
        self._first = True
        self._may_change: frozenset[str] = frozenset()

    def run(self, extractor_name: str, extractor: Extractor, options: BackfillOptions) -> BackfillReport:
        """Read all documents, extract what pictures there are, and send vectors until every document has them.

        Raises:
            Conflict: other vectors are there, or a document lost something that we did not mean to touch.
            BadSetting: none of the pictures can be read.
            SolrError: Solr did not answer or refused; what was sent stays.
        """
        began = time.perf_counter()
        self._may_change = options.may_change
        self._client.commit()  # an interrupted run may have sent what cannot be seen yet
        fitting = Fitting(self._client.collection, self._held(extractor), extractor, pca=options.pca)
        pictures = _Confined(Path() if options.root is None else options.root.resolve(), options.allow_urls)
        with Rejects(options.rejects.with_suffix(".solr"), options.rejects) as rejects:
            total = self._client.count()
            wanted = self._survey(self._all(total), pictures, extractor, rejects, set())
            if not wanted and rejects.count and not self._present:
                raise BadSetting(
                    f"none of {rejects.count:,} pictures can be read ({rejects.first}); see {rejects.path}"
                )
            added, embedding = 0, None
            if wanted:
                embedding = self._fit(fitting, extractor_name, wanted)
                added = self._send(wanted, embedding, pictures, extractor, rejects)
                self._verify(embedding, added)
            return BackfillReport(
                added=added,
                present=self._present,
                without_picture=self._without,
                rejected=rejects.count,
                seconds=round(time.perf_counter() - began, 2),
                embedding=None if embedding is None else embedding.fingerprint,
                rejects=rejects.path if rejects.count else None,
            )

    def _held(self, extractor: Extractor) -> Embedding | None:
        undo = "take them out with `visual-search solr uninstall`, then install again"
        try:
            found = held(self._client, self._store)
        except Conflict as error:
            raise Conflict(f"collection {self._client.collection!r} mixes vectors of two embeddings; {undo}") from error
        if found is not None and found.extractor_fingerprint != extractor.fingerprint:
            raise Conflict(
                f"collection {self._client.collection!r} has vectors of {found.extractor_fingerprint!r}, this run "
                f"would add {extractor.fingerprint!r}; give --extractor {found.extractor}, or {undo}"
            )
        return found

    def _all(self, total: int) -> Iterator[dict[str, Any]]:
        fields = f"{self._key},{self._image},embedding,_version_"
        done = 0
        for page in documents(self._client, self._key, fields):
            for each in page:
                done += 1
                if done % BATCH == 0:
                    self._progress("extract", done, total)
                yield each
        self._progress("extract", done, total)

    def _survey(
        self,
        found: Iterable[dict[str, Any]],
        pictures: Pictures,
        extractor: Extractor,
        rejects: Rejects,
        rejected: set[str],
    ) -> list[_Wanted]:
        """Those to give vectors, with their pictures' features in the cache."""
        versions: dict[str, int] = {}
        wanted = []
        with closing(extract(self._rows(found, versions), pictures, extractor, self._cache)) as rows:
            for row in rows:
                version = versions.pop(row.id)
                if row.picture is not None:
                    wanted.append(_Wanted(row.id, version, row.picture))
                elif row.id not in rejected:
                    rejects.add(row)
                    rejected.add(row.id)
        return wanted

    def _rows(self, found: Iterable[dict[str, Any]], versions: dict[str, int]) -> Iterator[Checked]:
        for number, each in enumerate(found, start=1):
            image = each.get(self._image)
            if isinstance(image, list):
                image = image[0] if image else None
            if each.get("embedding"):
                self._present += 1
            elif not image:
                self._without += 1
            else:
                id = str(each[self._key])
                versions[id] = int(each["_version_"])
                yield Checked(number, id, Product(id, id, "", str(image)))

    def _fit(self, fitting: Fitting, name: str, wanted: Sequence[_Wanted]) -> Embedding:
        if fitting.fits:
            self._progress("pca", 0, None)
        embedding = fitting.embedding(name, list(dict.fromkeys(each.picture for each in wanted)), self._cache)
        self._store.save(embedding)
        return embedding

    def _send(
        self, wanted: list[_Wanted], embedding: Embedding, pictures: Pictures, extractor: Extractor, rejects: Rejects
    ) -> int:
        """Send until nobody's change came in between; returns how many documents have vectors now that had none."""
        added, total, rejected = 0, len(wanted), set[str]()
        for _ in range(_ROUNDS):
            late: list[str] = []
            for batch in self._batches(wanted):
                before = self._seen(batch[0].id) if self._first else None
                accepted = atomic(self._client, self._key, self._updates(batch, embedding), compared=("embedding",))
                if before is not None and accepted:
                    self._check_untouched(batch[0].id, before)
                added += len(accepted)
                late += [each.id for each in batch if each.id not in accepted]
                self._progress("index", added, total)
            if not late:
                return added
            fields = f"{self._key},{self._image},embedding,_version_"
            now = current(self._client, self._key, late, fields).values()
            wanted = self._survey(now, pictures, extractor, rejects, rejected)
        if wanted:
            raise Conflict(
                f"{len(wanted):,} documents of {self._client.collection!r} changed again and again while vectors were "
                "sent, and were left as they are; run the same command again when less is written"
            )
        return added

    def _batches(self, wanted: Sequence[_Wanted]) -> Iterator[Sequence[_Wanted]]:
        start = 1 if self._first else 0
        if start and wanted:
            yield wanted[:1]
        for begin in range(start, len(wanted), _SEND):
            yield wanted[begin : begin + _SEND]

    def _updates(self, batch: Sequence[_Wanted], embedding: Embedding) -> list[dict[str, Any]]:
        features = self._cache.matrix(embedding.extractor_fingerprint, [each.picture for each in batch])
        # One by one: the last bits depend on how many are multiplied at once, and a resumed run has other batches.
        vectors = np.concatenate([embedding.pca.transform(each) for each in features])
        coarse = embedding.codec.encode(vectors)
        return [
            {
                self._key: each.id,
                "_version_": each.version,
                "vector": {"set": vector},
                "coarse": {"set": code},
                "embedding": {"set": embedding.fingerprint},
                "image_hash": {"set": each.picture.hex()},
            }
            for each, vector, code in zip(batch, vectors, coarse, strict=True)
        ]

    def _seen(self, id: str) -> dict[str, Any]:
        """Everything that a document shows of itself, less what we write and its version."""
        params = {"q": f"{{!term f={self._key} v=$wanted}}", "wanted": id, "fl": "*", "rows": 1}
        found = self._client.select(params)["response"]["docs"]
        expected = {"vector", "coarse", "embedding", "image_hash", "_version_"} | self._may_change
        return {name: value for name, value in found[0].items() if name not in expected} if found else {}

    def _check_untouched(self, id: str, before: dict[str, Any]) -> None:
        """The first document is updated alone and looked at, before all others are."""
        self._first = False
        self._client.commit()
        after = self._seen(id)
        if changed := sorted(name for name in before.keys() | after.keys() if before.get(name) != after.get(name)):
            raise Conflict(
                f"document {id!r} got vectors, and its {', '.join(changed)} changed too: from "
                f"{[before.get(name) for name in changed]} to {[after.get(name) for name in changed]}. No other "
                "document was touched. Something that runs with every update does that, a copyField or an update "
                "processor: mend it, restore this document, and run the same command again; or, where that is meant, "
                f"say --may-change {','.join(changed)}"
            )

    def _verify(self, embedding: Embedding, added: int) -> None:
        sending.commit(self._client, added, self._progress)
        held(self._client, self._store)  # another run at the same time may have sent vectors of its own
        there = self._client.count("{!term f=embedding v=$made_with}", made_with=embedding.fingerprint)
        if there < added:
            raise Conflict(
                f"{added:,} documents got vectors and {there:,} have them: the others were written anew meanwhile; run "
                "the same command again"
            )
