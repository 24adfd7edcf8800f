"""Runs ``visual-search`` as it is, writes down what it comes by, and between two of those events kills it, or Solr.

    python fuse.py LOG POINT VICTIM ARGUMENT...

LOG gets a line for each event: its name and the seconds since the start. An event is a call of one of ``watched()``,
``send>``, or its end, ``send<``. POINT is ``send>:2:0.013``: after the third ``send>`` and 13 ms more, or when the next
event comes before that; ``-`` lets it run. VICTIM is ``self``, or the state file of an embedded Solr.

Nothing is replaced: what is watched is called as it would be.
"""

from __future__ import annotations

import functools
import json
import os
import signal
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any


class Fuse:
    """Counts events and burns at one of them."""

    def __init__(self, log: Path, point: str, victim: str) -> None:
        self._began = time.perf_counter()
        self._log = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o644)
        name, ordinal, delay = ("", "0", "0") if point == "-" else point.split(":")
        self._name, self._ordinal, self._delay = name, int(ordinal), float(delay)
        self._victim = victim
        self._seen: Counter[str] = Counter()
        self._lock = threading.Lock()
        self._lit = self._burnt = False

    def event(self, name: str) -> None:
        with self._lock:
            if self._lit:
                self._burn()
            os.write(self._log, f"{name} {time.perf_counter() - self._began:.4f}\n".encode())
            if name == self._name and self._seen[name] == self._ordinal:
                self._lit = True
                timer = threading.Timer(self._delay, self._expired)
                timer.daemon = True
                timer.start()
            self._seen[name] += 1

    def watch(self, stage: str, owner: Any, name: str) -> None:
        """Make a call of ``owner.name``, and its end, events."""
        real: Callable[..., Any] = getattr(owner, name)

        @functools.wraps(real)
        def watched(*args: Any, **kwargs: Any) -> Any:
            self.event(f"{stage}>")
            result = real(*args, **kwargs)
            self.event(f"{stage}<")
            return result

        setattr(owner, name, watched)

    def _expired(self) -> None:
        with self._lock:
            self._burn()

    def _burn(self) -> None:
        if self._burnt:
            return
        self._burnt = True
        if self._victim == "self":
            os.kill(os.getpid(), signal.SIGKILL)
        os.kill(json.loads(Path(self._victim).read_text())["pid"], signal.SIGKILL)
        os.write(self._log, f"killed {time.perf_counter() - self._began:.4f}\n".encode())


def watched() -> dict[str, tuple[Any, str]]:
    """What the events are about, in the order of a run: of the indexer, a change set, a backup, a restore."""
    from vision import reduction
    from vision.backup import databases, indexes, manifest
    from vision.backup.switching import Switch
    from vision.catalog import sending
    from vision.catalog.cache import FeatureCache
    from vision.catalog.remembered import Remembered
    from vision.embedding import EmbeddingStore
    from vision.merchandising import changes
    from vision.merchandising.documents import Documents
    from vision.solr import configset
    from vision.solr.client import SolrClient

    return {
        "create": (configset, "create"),
        "extract": (FeatureCache, "put"),
        "fit": (reduction, "fit"),
        "keep": (EmbeddingStore, "save"),
        "send": (SolrClient, "add"),
        "commit": (SolrClient, "commit"),
        "merge": (SolrClient, "merge"),
        "verify": (sending, "verify"),
        "remember": (Remembered, "put"),
        "write": (Documents, "write"),
        "settle": (changes, "settle"),
        "snapshot": (indexes, "take"),
        "export": (indexes, "export"),
        "copy": (databases, "copy"),
        "hash": (manifest, "entry"),
        "finish": (manifest, "write"),
        "read": (manifest, "verify"),
        "restore": (indexes, "restore_core"),
        "check": (indexes, "check"),
        "add": (databases, "merge"),
        "note": (Switch, "note"),
        "put": (Switch, "_put"),
        "switch": (Switch, "_switch_index"),
        "tidy": (Switch, "tidy"),
    }


def main() -> None:
    log, point, victim, *arguments = sys.argv[1:]
    fuse = Fuse(Path(log), point, victim)
    for stage, (owner, name) in watched().items():
        fuse.watch(stage, owner, name)

    from vision.cli import main as command

    command(arguments)


if __name__ == "__main__":
    main()
