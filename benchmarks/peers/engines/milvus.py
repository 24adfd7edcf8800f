"""Milvus Lite: Milvus' client on a local file."""

from __future__ import annotations

from collections.abc import Sequence
from importlib.metadata import version
from pathlib import Path
from typing import Any, Final

from benchmarks.peers.model import FACETS, TOP, Answer, Ask, facet
from benchmarks.peers.shop import Shop
from vision.reduction import DIMS

_NAME: Final = "products"


class MilvusLite:
    """HNSW (M = 16, efConstruction = 100)."""

    efforts: Sequence[int] = (10, 20, 40, 80, 120, 200, 320, 640, 1280)
    reads_words = True
    filters = "before"

    def __init__(self) -> None:
        """Nothing is open yet."""
        import pymilvus

        self._pymilvus: Any = pymilvus
        self.title = f"Milvus Lite {version('milvus-lite')}"

    def build(self, shop: Shop, folder: Path) -> None:
        """Insert into a collection that has its index from the start."""
        kinds = self._pymilvus.DataType
        client = self._pymilvus.MilvusClient(str(folder / "milvus.db"))
        schema = client.create_schema(auto_id=False)
        schema.add_field("id", kinds.INT64, is_primary=True)
        schema.add_field("title", kinds.VARCHAR, max_length=200, enable_analyzer=True, enable_match=True)
        for name in FACETS:
            schema.add_field(name, kinds.VARCHAR, max_length=3)
        schema.add_field("vector", kinds.FLOAT_VECTOR, dim=DIMS)
        index = client.prepare_index_params()
        index.add_index("vector", index_type="HNSW", metric_type="L2", params={"M": 16, "efConstruction": 100})
        client.create_collection(_NAME, schema=schema, index_params=index)
        for first, vectors in shop.chunks():
            for start in range(0, len(vectors), 1000):
                client.insert(
                    _NAME,
                    [
                        {"id": row, "title": shop.title(row), "vector": vector}
                        | {name: value for name, value in shop.facets(row).items() if name in FACETS}
                        for row, vector in enumerate(vectors[start : start + 1000], start=first + start)
                    ],
                )
        client.flush(_NAME)
        client.close()

    def open(self, folder: Path) -> None:
        """Load the collection."""
        self._client = self._pymilvus.MilvusClient(str(folder / "milvus.db"))
        self._client.load_collection(_NAME)

    def search(self, ask: Ask) -> Answer:
        """One query with a filter expression."""
        clauses = [] if ask.level == "100" else [f'{facet(ask.level)} == "yes"']
        clauses += [f"TEXT_MATCH(title, '{word}')" for word in ask.words.split()]
        found = self._client.search(
            _NAME,
            [ask.vector.tolist()],
            filter=" and ".join(clauses),
            limit=TOP,
            search_params={"params": {"ef": max(ask.effort, TOP)}},
        )
        return Answer([hit["id"] for hit in found[0]])

    def close(self) -> None:
        """Close the file."""
        self._client.close()
