"""A Solr of the benchmark's own, and what it says about its memory, caches and files."""

from __future__ import annotations

import tempfile
import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import psutil

from vision.errors import SolrError
from vision.settings import Settings
from vision.solr.client import SolrClient
from vision.solr.embedded.java import probe
from vision.solr.embedded.launcher import EmbeddedSolr

MB = 1 << 20


@dataclass(frozen=True)
class Server:
    """A running Solr and the folder that it, and the benchmark, may write to."""

    solr: EmbeddedSolr
    home: Path

    @property
    def url(self) -> str:
        """Solr's base URL."""
        return self.solr.url

    def index_folder(self, collection: str) -> Path:
        """Where a collection's index files are."""
        return self.solr.home / collection / "data" / "index"


@contextmanager
def temporary(heap: str = "512m", java: Path | None = None) -> Iterator[Server]:
    """Start an embedded Solr in a temporary home on a free port; both are gone afterwards."""
    with tempfile.TemporaryDirectory(prefix="visual-search-benchmark-", ignore_cleanup_errors=True) as folder:
        home = Path(folder)
        with of(home, heap, java) as server:
            yield server


@contextmanager
def of(home: Path, heap: str = "512m", java: Path | None = None) -> Iterator[Server]:
    """Start an embedded Solr below ``home`` on a free port; it ends with the block, its files stay.

    Args:
        home: the folder.
        heap: the JVM's -Xmx.
        java: the folder of the Java to use; the best of this machine by default.
    """
    chosen = None if java is None else probe(java, "--java")
    settings = Settings.from_environment({}, home=home, cache=Settings.from_environment().cache)
    with EmbeddedSolr(settings, home=home / "solr", port=0, heap=heap, java=chosen) as solr:
        yield Server(solr, home)


def create(client: SolrClient, **properties: str) -> None:
    """Create a core from the product's configset with properties of its own, as ``visual.ramBufferSizeMB``."""
    own = {f"property.{name}": value for name, value in properties.items()}
    client.admin("admin/cores", action="CREATE", name=client.collection, configSet="visual", **own)


def bytes_by_extension(folder: Path) -> dict[str, int]:
    """Bytes of a folder's files by extension."""
    sizes: Counter[str] = Counter()
    for path in folder.rglob("*"):
        try:
            if path.is_file():
                sizes[path.suffix or path.name.split("_")[0]] += path.stat().st_size
        except OSError:  # merged away between the listing and the look
            continue
    return dict(sizes)


def cache_inserts(client: SolrClient) -> dict[str, int]:
    """Entries ever put into each cache of the current searcher."""
    answer = client.get_json("admin/mbeans", cat="CACHE", stats="true", **{"json.nl": "map"})
    caches = answer["solr-mbeans"]["CACHE"]
    names = ("filterCache", "queryResultCache")
    return {name: int(caches[name]["stats"][f"CACHE.searcher.{name}.inserts"]) for name in names}


def heap(client: SolrClient) -> dict[str, float]:
    """The JVM's heap, MB: ``used`` now, ``live`` in the old generation after its last collection, ``max``."""
    raw = client.admin("admin/info/system")["jvm"]["memory"]["raw"]
    pools = metrics(client, "jvm", "memory.pools.G1-Old-Gen").get("solr.jvm", {})
    live = pools.get("memory.pools.G1-Old-Gen.used-after-gc", 0)
    return {"used": raw["used"] / MB, "live": live / MB, "max": raw["max"] / MB}


def metrics(client: SolrClient, group: str, prefix: str) -> dict[str, Any]:
    """Solr's metrics of a group, by registry."""
    return dict(client.admin("admin/metrics", group=group, prefix=prefix)["metrics"])


class Watch:
    """Samples a server's memory and disk beside the benchmark, and keeps the peaks."""

    def __init__(self, server: Server, client: SolrClient, *, every: float = 0.5) -> None:
        """Start with the ``with`` block."""
        state = server.solr.state()
        assert state is not None
        self._process = psutil.Process(state.pid)
        self._server, self._every = server, every
        self._client = SolrClient(client.base, client.collection, timeout=30)
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="watch", daemon=True)
        self.peaks: dict[str, float] = {"rss": 0.0, "private": 0.0, "heap": 0.0, "disk": 0.0, "client": 0.0}

    def __enter__(self) -> Self:
        """Begin."""
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """End."""
        self._stop.set()
        self._thread.join()
        self._client.close()

    def _run(self) -> None:
        own = psutil.Process()
        index = self._server.index_folder(self._client.collection)
        looked = 0.0
        while not self._stop.wait(self._every):
            try:
                memory = self._process.memory_info()
                # Index files that are mapped count as resident and as shared; the system may drop them at any time.
                shared = getattr(memory, "shared", 0)
                self._peak(rss=memory.rss, private=memory.rss - shared, client=own.memory_info().rss)
                if time.monotonic() - looked > 2:
                    looked = time.monotonic()
                    self._peak(disk=sum(bytes_by_extension(index).values()))
                    self._peak(heap=heap(self._client)["used"] * MB)
            except (psutil.Error, SolrError):
                continue

    def _peak(self, **values: float) -> None:
        for name, value in values.items():
            self.peaks[name] = max(self.peaks[name], value / MB)
