"""Side collections: a collection's documents, candidates found by other numbers of components; dropped at the end."""

from __future__ import annotations

import secrets
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass, replace
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from vision.embedding import Embedding, EmbeddingStore, check_vector
from vision.reduction import CoarseCodec
from vision.search.answers import first
from vision.search.engine import SearchEngine
from vision.solr import configset
from vision.solr.client import SolrClient
from vision.tuning.clock import ClockedClient

COPIED: Final = "id,product_id,title,description,image,picture_id,box,label,price,currency,in_stock,attr_*"
"""Catalogue names of what a side collection has as well: all that can be filtered, searched and shown."""
PREFIX: Final = "tune_"
_SINGLE = ("id", "product_id", "title", "description", "image", "price", "currency", "in_stock")


@dataclass(frozen=True, eq=False)
class Side:
    """A collection with a coarse code of its own."""

    client: ClockedClient
    engine: SearchEngine
    embedding: Embedding

    def add(self, batch: Sequence[Mapping[str, Any]]) -> None:
        """Index documents of the collection, as :data:`COPIED` and ``vector`` give them."""
        self.client.add([_document(each, self.embedding) for each in batch])

    def finish(self) -> None:
        """Make everything visible, merged."""
        self.client.commit()
        self.client.merge()


@contextmanager
def side(
    client: SolrClient, store: EmbeddingStore, embedding: Embedding, sample: NDArray[np.float32], dims: int
) -> Iterator[Side]:
    """An empty one beside a collection, for the length of the block, whatever ends it.

    Args:
        client: of the collection.
        store: a temporary one.
        embedding: the collection's.
        sample: (n, 1024) of its vectors, to set the code's step by.
        dims: of the coarse code.
    """
    own = replace(embedding, codec=CoarseCodec.fit(sample, dims))
    store.save(own)
    name = f"{PREFIX}{secrets.token_hex(6)}"
    beside = ClockedClient(client.given, name, timeout=client.timeout)
    with closing(beside):
        try:
            configset.create(beside, coarse_dims=dims)
            yield Side(beside, SearchEngine(beside, store), own)
        finally:
            if configset.exists(beside):
                configset.drop(beside)


def _document(found: Mapping[str, Any], embedding: Embedding) -> dict[str, Any]:
    """A document of ours from what a collection, be it not ours, returned under our names."""
    kept = {name: first(value) if name in _SINGLE else value for name, value in found.items() if name != "vector"}
    if "vector" not in found:
        return kept
    vector = check_vector(found["vector"])
    return kept | {
        "vector": vector,
        "coarse": embedding.codec.encode(vector[None])[0],
        "embedding": embedding.fingerprint,
    }
