"""Second pass over a catalogue: documents are composed and sent, committed, and counted."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from itertools import islice
from typing import Any

from vision.catalog.cache import FeatureCache
from vision.catalog.documents import document, without_picture
from vision.catalog.product import Product
from vision.catalog.survey import Survey
from vision.console import Progress
from vision.embedding import Embedding
from vision.errors import SolrRefused
from vision.solr.client import SolrClient
from vision.solr.fields import SEPARATOR

_SEND = 200
_VERIFY = 1000
# Merging the index into one segment rewrites all of it: worth it after a load of this many pictures that are also
# at least half of the collection, not after a small change.
_BULK = 1000

Pair = tuple[Product, bytes]


def send(
    client: SolrClient,
    products: Iterator[Pair],
    good: int,
    embedding: Embedding,
    cache: FeatureCache,
    root: str,
    progress: Progress,
) -> None:
    """Send rows, of which there are ``good``; while Solr reads one batch the next is composed. Nothing is committed.

    Raises:
        Conflict: the catalogue changed since its survey.
        SolrError: Solr did not answer or refused.
    """
    sent = 0
    pending: Future[None] | None = None
    with ThreadPoolExecutor(1, thread_name_prefix="send") as sender:
        while batch := list(islice(products, _SEND)):
            documents = _compose(batch, embedding, cache, root)
            if pending is not None:
                pending.result()
            pending = sender.submit(client.add, documents)
            sent += len(batch)
            progress("index", sent, good)
        if pending is not None:
            pending.result()


def commit(client: SolrClient, good: int, progress: Progress) -> None:
    """Make what was sent visible; after a bulk load, in one segment."""
    progress("commit", 0, None)
    client.commit()
    if good >= _BULK and 2 * good >= client.count():
        progress("merge", 0, None)
        client.merge()


def verify(client: SolrClient, survey: Survey, embedding: Embedding, progress: Progress) -> None:
    """Count the sent documents in Solr: those with a picture by id and embedding, those without by id and no embedding.

    Raises:
        SolrRefused: some are not there.
        Conflict: the catalogue changed since its survey.
    """
    present = 0
    products = survey.products()
    wanted = f"{{!terms f=id cache=false separator='{SEPARATOR}' v=$wanted}}"
    progress("verify", 0, survey.good)
    while batch := list(islice(products, _VERIFY)):
        made_with = {"fq": "{!term f=embedding v=$made_with}", "made_with": embedding.fingerprint}
        for has_picture, fq in ((True, made_with), (False, {"fq": "-embedding:*"})):
            ids = [product.id for product, picture in batch if bool(picture) is has_picture]
            present += client.count(wanted, wanted=SEPARATOR.join(ids), **fq) if ids else 0
        progress("verify", present, survey.good)
    if present != survey.good:
        raise SolrRefused(
            f"Solr holds {present:,} of the {survey.good:,} documents that were sent to {client.collection!r}; "
            "run the same command again, and look into Solr's log if that does not help",
            status=500,
        )


def _compose(batch: Sequence[Pair], embedding: Embedding, cache: FeatureCache, root: str) -> list[dict[str, Any]]:
    plain = [without_picture(product) for product, picture in batch if not picture]
    shown = [(product, picture) for product, picture in batch if picture]
    if not shown:
        return plain
    features = cache.matrix(embedding.extractor_fingerprint, [picture for _, picture in shown])
    vectors = embedding.pca.transform(features)
    coarse = embedding.codec.encode(vectors)
    return plain + [
        document(product, vector=vector, coarse=code, embedding=embedding.fingerprint, image_hash=picture, root=root)
        for (product, picture), vector, code in zip(shown, vectors, coarse, strict=True)
    ]
