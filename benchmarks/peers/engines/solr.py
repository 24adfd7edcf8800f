"""A Solr of an engine's own, and documents as both Solr engines index them."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from itertools import islice
from pathlib import Path
from typing import Any, Final

import psutil
import urllib3

from benchmarks import server
from benchmarks.peers.shop import Shop

HEAP: Final = "1g"


class Running:
    """A Solr below a folder, and whatever else is started with it."""

    def __init__(self, folder: Path) -> None:
        """Start it."""
        self._stack = ExitStack()
        self.server = self._stack.enter_context(server.of(folder, HEAP))
        # One way to speak HTTP for all engines, so that no client library's own time is measured.
        self.http = urllib3.PoolManager(maxsize=32, timeout=urllib3.Timeout(300), retries=False)

    def also(self, started: Any) -> Any:
        """Enter a context that ends before Solr does."""
        return self._stack.enter_context(started)

    @property
    def process(self) -> psutil.Process:
        """The JVM."""
        state = self.server.solr.state()
        assert state is not None
        return psutil.Process(state.pid)

    def close(self) -> None:
        """Stop everything."""
        self._stack.close()


def id_of(row: int) -> str:
    """A document's id; the order of the ids is that of the rows."""
    return f"p{row:07d}"


def row_of(id: str) -> int:
    """What :func:`id_of` was made from."""
    return int(id[1:])


def documents(shop: Shop, size: int) -> Iterator[list[dict[str, Any]]]:
    """What both index, ``size`` documents at a time."""
    pairs = ((first + place, vector) for first, vectors in shop.chunks() for place, vector in enumerate(vectors))
    every = (
        {"id": id_of(row), "title": shop.title(row), "vector": vector}
        | {f"attr_{name}": value for name, value in shop.facets(row).items()}
        for row, vector in pairs
    )
    while batch := list(islice(every, size)):
        yield batch
