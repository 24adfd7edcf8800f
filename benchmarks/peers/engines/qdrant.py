"""Qdrant's local mode: the client without a server, which compares with every vector."""

from __future__ import annotations

from collections.abc import Sequence
from importlib.metadata import version
from pathlib import Path
from typing import Any, Final

from benchmarks.peers.model import FACETS, TOP, Answer, Ask, facet
from benchmarks.peers.shop import Shop
from vision.reduction import DIMS

_NAME: Final = "products"


class QdrantLocal:
    """Exact. What it keeps in a folder is read into memory at the start."""

    efforts: Sequence[int] = ()
    reads_words = True
    filters = "before"

    def __init__(self) -> None:
        """Nothing is open yet."""
        import qdrant_client

        self._models: Any = qdrant_client.models
        self._make: Any = qdrant_client.QdrantClient
        self.title = f"Qdrant local {version('qdrant-client')}"

    def build(self, shop: Shop, folder: Path) -> None:
        """Upload."""
        client = self._make(path=str(folder))
        vectors = self._models.VectorParams(size=DIMS, distance=self._models.Distance.EUCLID)
        client.create_collection(_NAME, vectors_config=vectors)
        for first, chunk in shop.chunks():
            rows = range(first, first + len(chunk))
            payload = [{"title": shop.title(row)} | {name: shop.facets(row)[name] for name in FACETS} for row in rows]
            client.upload_collection(_NAME, chunk, payload=payload, ids=list(rows))
        client.close()

    def open(self, folder: Path) -> None:
        """Read all of it."""
        self._client = self._make(path=str(folder))

    def search(self, ask: Ask) -> Answer:
        """One query with payload conditions."""
        models = self._models
        must = []
        if ask.level != "100":
            must.append(models.FieldCondition(key=facet(ask.level), match=models.MatchValue(value="yes")))
        if ask.words:
            must.append(models.FieldCondition(key="title", match=models.MatchText(text=ask.words)))
        points = self._client.query_points(
            _NAME, ask.vector, query_filter=models.Filter(must=must) if must else None, limit=TOP, with_payload=False
        ).points
        return Answer([point.id for point in points])

    def close(self) -> None:
        """Close the folder."""
        self._client.close()
