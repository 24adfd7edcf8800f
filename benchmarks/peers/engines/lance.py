"""LanceDB, embedded: one table with a vector index, scalar indexes on the facets and a full-text index."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.peers.model import FACETS, TOP, Answer, Ask, facet
from benchmarks.peers.shop import Shop
from vision.reduction import DIMS


class LanceDb:
    """HNSW over 8-bit scalars in one partition, the best refined on the vectors; filters come first."""

    efforts: Sequence[int] = (40, 80, 120, 200, 320, 640, 1280)
    reads_words = True
    filters = "before"

    def __init__(self) -> None:
        """Nothing is open yet."""
        import lancedb

        self._lancedb: Any = lancedb
        self.title = f"LanceDB {version('lancedb')}"

    def build(self, shop: Shop, folder: Path) -> None:
        """Write, then index."""
        import pyarrow as pa
        from lancedb.index import FTS, BTree, HnswSq

        def parts() -> Iterator[Any]:
            for first, vectors in shop.chunks():
                rows = range(first, first + len(vectors))
                facets = [shop.facets(row) for row in rows]
                yield pa.record_batch(
                    {
                        "id": pa.array(rows, pa.int32()),
                        "title": [shop.title(row) for row in rows],
                        **{name: [each[name] for each in facets] for name in facets[0]},
                        "vector": pa.FixedSizeListArray.from_arrays(pa.array(vectors.ravel()), DIMS),
                    }
                )

        first = next(parts())
        table = self._lancedb.connect(folder).create_table(
            "products", pa.RecordBatchReader.from_batches(first.schema, parts())
        )
        table.create_index("vector", config=HnswSq(distance_type="l2", num_partitions=1))
        for name in FACETS:
            table.create_index(name, config=BTree())
        table.create_index("title", config=FTS())

    def open(self, folder: Path) -> None:
        """Open the table."""
        self._table = self._lancedb.connect(folder).open_table("products")

    def search(self, ask: Ask) -> Answer:
        """One query; words are tokens that the title must contain."""
        query = self._table.search(np.asarray(ask.vector), vector_column_name="vector").limit(TOP)
        clauses = [] if ask.level == "100" else [f"{facet(ask.level)} = 'yes'"]
        if ask.words:
            clauses.append(f"contains_tokens(title, '{ask.words}')")
        if clauses:
            query = query.where(" AND ".join(clauses), prefilter=True)
        if ask.effort:
            query = query.ef(ask.effort).refine_factor(4)
        return Answer(query.select(["id", "_distance"]).to_arrow()["id"].to_pylist())

    def close(self) -> None:
        """Nothing runs."""
