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


def identifier(row: int) -> str:
    """A document's id, whose order is that of the rows."""
    return f"p{row:07d}"


def row_of(id: str) -> int:
    """What :func:`identifier` was made from."""
    return int(id[1:])


def batches(shop: Shop, size: int) -> Iterator[list[tuple[int, Any]]]:
    """Rows with their vectors, ``size`` at a time."""
    pairs = ((first + place, vector) for first, vectors in shop.chunks() for place, vector in enumerate(vectors))
    while batch := list(islice(pairs, size)):
        yield batch
