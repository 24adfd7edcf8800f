"""Of which parts a collection is: candidates are found in each, and a document by its id is in one of them."""

from __future__ import annotations

import math
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from vision.errors import SolrError, SolrRefused
from vision.solr import aliases

_FRESH_S: Final = 300.0
_AWAY_S: Final = 5.0
"""Seconds for which shards that did not answer are left out without being asked again."""
_COPIED_S: Final = 10.0
"""Seconds after a commit of ours in which replicas that copy it are not asked."""
_committed: dict[str, float] = {}
"""When this process committed last, by the collection's address."""


@dataclass(frozen=True)
class Parts:
    """Names, none of a standalone Solr; ``field`` decides to which shard a document comes, where its key does not."""

    names: tuple[str, ...] = ()
    field: str | None = None
    cores: tuple[str, ...] = ()
    """One replica of each."""
    collection: str | None = None
    """What an alias stands for; None where nobody knows."""
    copied: bool = False
    """Whether there are replicas that copy what others committed (PULL, TLOG), a second later."""


_known: dict[str, tuple[float, Parts]] = {}
"""Until when it is known what they are, by the collection's address: for all clients of this process."""


class Shards:
    """Those of one collection, asked for every few minutes; safe to share between threads."""

    def __init__(
        self, url: str, read: Callable[[], Mapping[str, Any]], answers: Callable[[Mapping[str, str]], object]
    ) -> None:
        """Nothing is asked yet.

        Args:
            url: the collection's address.
            read: asks for the cluster's status.
            answers: asks for no documents, with such parameters.
        """
        self._url = url
        self._collection = url.rpartition("/")[2]
        self._read = read
        self._answers = answers
        self._there: tuple[str, ...] = ()
        self._there_until = 0.0
        self._lock = threading.Lock()

    def parts(self) -> Parts:
        """What they are; nothing where we may not look.

        Raises:
            SolrUnavailable: no answer.
        """
        if (known := self._fresh()) is not None:
            return known
        try:
            cluster = self._read()["cluster"]
            name = aliases.real(cluster, self._collection)
            about = cluster["collections"].get(name)
        except SolrRefused:
            name, about = self._collection, {}
        if about is None:  # it may be made any moment
            return Parts()
        active = {name: each for name, each in sorted(about.get("shards", {}).items()) if each.get("state") == "active"}
        cores = tuple(_core(each["replicas"]) for each in active.values())
        kinds = {each.get("type", "NRT") for shard in active.values() for each in shard["replicas"].values()}
        found = Parts(tuple(active), about.get("router", {}).get("field"), cores, name, copied=bool(kinds - {"NRT"}))
        _known[self._url] = time.monotonic() + _FRESH_S, found
        return found

    def _fresh(self) -> Parts | None:
        until, parts = _known.get(self._url, (0.0, Parts()))
        return parts if time.monotonic() < until else None

    def forget(self) -> None:
        """The collection was created or dropped."""
        _known.pop(self._url, None)

    def committed(self) -> None:
        """This process committed: until others have copied it, leaders are asked."""
        _committed[self._url] = time.monotonic()

    def params(self, *, partial: bool) -> dict[str, str]:
        """Parameters that say which replicas answer; ``partial`` where some shards are better than none."""
        found: dict[str, str] = {}
        known = self._fresh()  # nothing is asked for this alone: whoever writes to several shards knows them
        if known and known.copied and time.monotonic() < _committed.get(self._url, -math.inf) + _COPIED_S:
            # Of one shard, whoever is asked would answer himself.
            found |= {"shards.preference": "replica.leader:true", "shortCircuit": "false"}
        with self._lock:
            away = partial and time.monotonic() < self._there_until
            return found | ({"shards": ",".join(self._there)} if away else {})

    def some_are_away(self) -> bool:
        """Ask each whether it answers; whether some do and some do not, which are left out from now on for a while.

        Solr's own ``shards.tolerant`` fails where facets are counted (FacetMerger of 9.10 knows no missing shard).
        """
        names = self.parts().names
        if len(names) < 2:
            return False
        there = tuple(name for name in names if self._has(name))
        if not 0 < len(there) < len(names):
            return False
        with self._lock:
            self._there, self._there_until = there, time.monotonic() + _AWAY_S
        return True

    def _has(self, name: str) -> bool:
        try:
            self._answers({"shards": name})
        except SolrError:
            return False
        return True


def _core(replicas: Mapping[str, Mapping[str, Any]]) -> str:
    """The name of one that answers, the leader's if that does; any node passes on what is asked of it."""
    order = sorted(replicas.values(), key=lambda each: (each.get("state") != "active", each.get("leader") != "true"))
    return str(order[0]["core"]) if order else ""
