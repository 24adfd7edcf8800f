"""The nodes of one Solr: which to ask next, and which do not answer now."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Final
from urllib.parse import urlsplit

_OUT, _OUT_MOST = 5.0, 300.0
"""Seconds for which a node that did not answer is asked last; twice as many each time that it does not."""
_FRESH, _FRESH_FAILED = 60.0, 1.0
"""Seconds after which a cluster is asked anew which nodes it has; and after one of them did not answer."""
_PORTS: Final = {"http": 80, "https": 443}

Ask = Callable[["Node"], Iterable["Node"]]
"""Asks a node which nodes are live."""


@dataclass(frozen=True)
class Node:
    """Where one listens."""

    host: str
    port: int

    @classmethod
    def of(cls, url: str) -> Node:
        """That of a base address."""
        parts = urlsplit(url)
        return cls(parts.hostname or "", parts.port or _PORTS[parts.scheme])

    @classmethod
    def named(cls, name: str) -> Node:
        """That of a node's name in its cluster, as ``10.0.0.7:8983_solr``."""
        host, _, port = name.partition("_")[0].rpartition(":")
        return cls(host.strip("[]"), int(port))


def addresses(url: str) -> list[str]:
    """The base addresses in ``SOLR_URL``: one, or several with commas in between."""
    return [each.strip().rstrip("/") for each in url.split(",") if each.strip()]


class Nodes:
    """Whom to connect to, those first that answered; safe to share between threads.

    Those that are named are a way in: the cluster is asked which nodes live, and those are used from then on. Where
    none of them answers (names that count within the cluster alone, say), it is the named ones again.
    """

    def __init__(self, named: Sequence[Node], ask: Ask) -> None:
        """Nobody is asked yet."""
        self._named = tuple(named)
        self._ask = ask
        self._lock = threading.Lock()
        self._live: tuple[Node, ...] = ()
        self._out: dict[Node, tuple[float, float]] = {}
        self._turn = 0
        self._next_ask = 0.0

    def order(self) -> list[Node]:
        """All of them, the best first: each in its turn, then those that did not answer, the longest ago first."""
        self._refresh()
        with self._lock:
            self._turn += 1
            known = self._live or self._named
            turned = known[self._turn % len(known) :] + known[: self._turn % len(known)]
            every = [*turned, *(each for each in self._named if each not in known)]
            now = time.monotonic()
            return sorted(every, key=lambda each: (self._until(each, now), each not in known))

    def _until(self, node: Node, now: float) -> float:
        until, _ = self._out.get(node, (0.0, 0.0))
        return until if until > now else 0.0

    def failed(self, node: Node) -> None:
        """It did not answer, or said that it cannot."""
        with self._lock:
            _, seconds = self._out.get(node, (0.0, _OUT / 2))
            seconds = min(_OUT_MOST, 2 * seconds)
            self._out[node] = time.monotonic() + seconds, seconds
            self._next_ask = min(self._next_ask, time.monotonic() + _FRESH_FAILED)

    def worked(self, node: Node) -> None:
        """It answered."""
        with self._lock:
            self._out.pop(node, None)

    def is_out(self, node: Node) -> bool:
        """Whether it failed lately and others did not."""
        with self._lock:
            now = time.monotonic()
            known = {*self._live, *self._named}
            return self._until(node, now) > 0 and any(self._until(each, now) == 0 for each in known)

    def _refresh(self) -> None:
        """Ask which nodes live, now and then; one thread does, and nobody waits for it but itself."""
        with self._lock:
            now = time.monotonic()
            if now < self._next_ask:
                return
            self._next_ask = now + _FRESH
            asked = sorted({*self._live, *self._named}, key=lambda each: self._until(each, now))
        for node in asked:
            found = tuple(dict.fromkeys(self._ask(node)))
            if found:
                with self._lock:
                    self._live = found
                return
