"""Second pass over a catalogue: documents are composed and sent, committed, and counted."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from vision.catalog.cache import FeatureCache
from vision.catalog.documents import document, of_region, without_picture
from vision.catalog.product import Product
from vision.catalog.regions import Part, Regions
from vision.console import Progress
from vision.embedding import Embedding
from vision.errors import SolrRefused
from vision.solr.client import SolrClient
from vision.solr.fields import REGIONS, SEPARATOR, region_id

BATCH = 200
"""Documents of one request."""
SENDERS = 2
"""Requests at a time: Solr reads, analyses and links each in one thread."""
_VERIFY = 1000
_ALL = 1_000_000
# Merging the index into one segment rewrites all of it: worth it after a load of this many pictures that are also
# at least half of the collection, not after a small change.
_BULK = 1000

Pair = tuple[Product, bytes]


class Rows(Protocol):
    """The good rows of a run, which can be walked again and again: a :class:`~vision.catalog.survey.Survey`'s."""

    @property
    def catalogue(self) -> Path:
        """Where they come from."""
        ...

    @property
    def good(self) -> int:
        """How many there are."""
        ...

    def products(self) -> Iterator[Pair]:
        """Each product with its picture's hash."""
        ...


@dataclass(frozen=True)
class Load:
    """What one run sends.

    Attributes:
        survey: the good rows.
        embedding: what vectors are made with.
        cache: where features are, and what was found in pictures.
        root: short name of the folder that pictures' paths are relative to.
        regions: what is found in pictures; None where whole pictures alone are sent.
    """

    survey: Rows
    embedding: Embedding
    cache: FeatureCache
    root: str
    regions: Regions | None = None

    def parts(self, batch: Sequence[Pair]) -> list[tuple[Part, ...]]:
        """The regions that are sent of each row: those that have features."""
        if self.regions is None:
            return [()] * len(batch)
        found = self.regions.parts([picture for _, picture in batch if picture])
        keys = [part.key for parts in found.values() for part in parts]
        known = self.cache.known(self.embedding.extractor_fingerprint, keys)
        return [tuple(part for part in found.get(picture, ()) if part.key in known) for _, picture in batch]

    def vectors(self, keys: Sequence[bytes]) -> tuple[NDArray[np.float32], NDArray[np.int8]]:
        """Both vectors, (n, 1024) and (n, 256), of pictures or regions whose features are in the cache."""
        vectors = self.embedding.pca.transform(self.cache.matrix(self.embedding.extractor_fingerprint, keys))
        return vectors, self.embedding.codec.encode(vectors)


def send(client: SolrClient, load: Load, products: Iterator[Pair], progress: Progress) -> int:
    """Send rows of the load; while Solr reads one batch the next is composed. Nothing is committed.

    Returns how many regions were sent beside the rows.

    Raises:
        Conflict: the catalogue changed since its survey.
        SolrError: Solr did not answer or refused.
    """
    sent = regions = 0

    def composed() -> Iterator[list[dict[str, Any]]]:
        nonlocal sent, regions
        while batch := list(islice(products, BATCH)):
            documents = _compose(batch, load)
            _leave(client, documents)
            yield documents
            sent += len(batch)
            regions += len(documents) - len(batch)
            progress("index", sent, load.survey.good)

    add(client, composed())
    return regions


def _leave(client: SolrClient, documents: Sequence[Mapping[str, Any]]) -> None:
    """Delete what is there of documents whose product is another one now, and on another shard perhaps.

    Solr replaces documents of one id within a shard only.
    """
    parts = client.shards.parts()
    if parts.field is None or len(parts.names) < 2:
        return
    comes = {str(each["id"]): str(each[parts.field]) for each in documents}
    answer = client.select(
        {
            "q": f"{{!terms f=id cache=false separator='{SEPARATOR}' v=$wanted}}",
            "wanted": SEPARATOR.join(comes),
            "fl": f"id,{parts.field}",
            "rows": _ALL,
        }
    )
    found = answer["response"]["docs"]
    if gone := [each["id"] for each in found if str(each.get(parts.field)) != comes[each["id"]]]:
        client.delete_ids(gone)


def add(client: SolrClient, batches: Iterable[Sequence[Mapping[str, Any]]]) -> None:
    """Send batches, a few at a time, while the next is composed; nothing is committed.

    Raises:
        SolrError: Solr did not answer or refused.
    """
    pending: deque[Future[None]] = deque()
    with ThreadPoolExecutor(SENDERS, thread_name_prefix="send") as sender:
        for documents in batches:
            # Regions can make a batch many times as large as its rows: it goes in requests of the usual size.
            for start in range(0, len(documents), BATCH):
                if len(pending) >= SENDERS:
                    pending.popleft().result()
                pending.append(sender.submit(client.add, documents[start : start + BATCH]))
        while pending:
            pending.popleft().result()


def sweep(client: SolrClient, load: Load) -> int:
    """Delete the regions of this run's pictures that it did not send: found before, by another detector, or elsewhere.

    Returns how many; nothing is committed. Needs what earlier runs sent to be visible.

    Raises:
        Conflict: the catalogue changed since its survey.
    """
    products = load.survey.products()
    swept = 0
    while batch := list(islice(products, _VERIFY)):
        sent = set(_region_ids(batch, load))
        answer = client.select(
            {
                "q": f"{{!terms f=picture_id cache=false separator='{SEPARATOR}' v=$wanted}}",
                "wanted": SEPARATOR.join(product.id for product, _ in batch),
                "fq": REGIONS,
                "fl": "id",
                "rows": _ALL,
            }
        )
        stale = [each["id"] for each in answer["response"]["docs"] if each["id"] not in sent]
        if stale:
            client.delete_ids(stale)
        swept += len(stale)
    return swept


def commit(client: SolrClient, sent: int, progress: Progress) -> tuple[str, ...]:
    """Make what was sent visible, and merge it after a bulk load; returns what the user should know."""
    progress("commit", 0, None)
    client.commit()
    if sent < _BULK or 2 * sent < client.count():
        return ()
    progress("merge", 0, None)
    return client.merge().remarks


def verify(client: SolrClient, load: Load, regions: int, progress: Progress) -> None:
    """Count the sent documents in Solr: those with a picture by id and embedding, those without by id and no embedding.

    Raises:
        SolrRefused: some are not there.
        Conflict: the catalogue changed since its survey.
    """
    present, expected = 0, load.survey.good + regions
    products = load.survey.products()
    wanted = f"{{!terms f=id cache=false separator='{SEPARATOR}' v=$wanted}}"
    made_with = {"fq": "{!term f=embedding v=$made_with}", "made_with": load.embedding.fingerprint}
    progress("verify", 0, expected)
    while batch := list(islice(products, _VERIFY)):
        shown = [product.id for product, picture in batch if picture]
        plain = [product.id for product, picture in batch if not picture]
        for ids, fq in (([*shown, *_region_ids(batch, load)], made_with), (plain, {"fq": "-embedding:*"})):
            present += client.count(wanted, wanted=SEPARATOR.join(ids), **fq) if ids else 0
        progress("verify", present, expected)
    if present != expected:
        raise SolrRefused(
            f"Solr holds {present:,} of the {expected:,} documents that were sent to {client.collection!r}; "
            "run the same command again, and look into Solr's log if that does not help",
            status=500,
        )


def _region_ids(batch: Sequence[Pair], load: Load) -> list[str]:
    return [
        region_id(product.id, part.number)
        for (product, _), parts in zip(batch, load.parts(batch), strict=True)
        for part in parts
    ]


def _compose(batch: Sequence[Pair], load: Load) -> list[dict[str, Any]]:
    plain = [without_picture(product) for product, picture in batch if not picture]
    shown = [(product, picture) for product, picture in batch if picture]
    if not shown:
        return plain
    vectors, coarse = load.vectors([picture for _, picture in shown])
    wholes = [
        document(
            product,
            vector=vector,
            coarse=code,
            embedding=load.embedding.fingerprint,
            image_hash=picture,
            root=load.root,
        )
        for (product, picture), vector, code in zip(shown, vectors, coarse, strict=True)
    ]
    return plain + wholes + _compose_regions(wholes, load.parts(shown), load)


def _compose_regions(
    wholes: Sequence[dict[str, Any]], parts: Sequence[tuple[Part, ...]], load: Load
) -> list[dict[str, Any]]:
    """The documents of the regions of pictures, whose own documents then name themselves as those of regions do."""
    found = [(whole, part) for whole, each in zip(wholes, parts, strict=True) for part in each]
    if not found or load.regions is None:
        return []
    vectors, coarse = load.vectors([part.key for _, part in found])
    for whole, _ in found:
        whole["picture_id"] = whole["id"]
    detector = load.regions.fingerprint
    return [
        of_region(whole, part, detector=detector, vector=vector, coarse=code)
        for (whole, part), vector, code in zip(found, vectors, coarse, strict=True)
    ]
