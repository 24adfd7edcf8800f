"""How far a bulk load is merged: into one segment, or into as few as Solr's heap has room for the graphs of."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import Any, Final, NamedTuple

from vision.errors import SolrRefused
from vision.solr.shards import Parts

GRAPH: Final = 400
"""Bytes of heap for each document of a segment while its graph is built, with the 24 connections of `coarse`."""
ALIVE: Final = 160 << 20
"""Bytes of heap that everything else needs."""
_UNEVEN: Final = 1.25
"""Lucene makes a segment so many times as large as its share."""
_UNKNOWN: Final = 512 << 20
"""What is taken for the heap of a Solr that does not say: what the product's own comes with."""
_LEAST_S: Final = 3600.0
_SLOWEST: Final = 100
"""Documents a second, a fifth of what was measured for a million (docs/performance.md)."""


class Merge(NamedTuple):
    """Into how few segments each shard is merged, the seconds it may take, and the heap for one, in bytes."""

    segments: int
    seconds: float
    heap: int

    @property
    def remarks(self) -> tuple[str, ...]:
        """What the user should know."""
        if self.segments == 1:
            return ()
        return (
            f"the index was merged into {self.segments} segments, as Solr's heap has no room to make larger ones: with "
            f"{math.ceil(self.heap / 2**20):,} MB it would be one, and searches quicker",
        )


def segments(documents: int, heap: int) -> int:
    """How few segments so many documents can be merged into, with so many bytes of heap.

    A merge builds the graph of the new segment on the heap. Where that is too small, Solr ends.
    """
    room = max(heap - ALIVE, heap // 4) // GRAPH
    return 1 if documents <= room else math.ceil(_UNEVEN * documents / room)


def heap(documents: int) -> int:
    """Bytes of heap that let so many documents be merged into one segment."""
    return ALIVE + GRAPH * documents


def wanted(documents: int, parts: Parts, admin: Callable[..., Mapping[str, Any]]) -> Merge:
    """How a collection is to be merged.

    Args:
        documents: of the collection.
        parts: its shards.
        admin: asks a node, which is one for all of them.
    """
    each = math.ceil(documents / max(1, len(parts.names)))
    together = each * _together(parts, admin)  # a node merges all that it has of a collection at once
    return Merge(segments(together, _said(admin)), _LEAST_S + each / _SLOWEST, heap(together))


def _together(parts: Parts, admin: Callable[..., Mapping[str, Any]]) -> int:
    if parts.collection is None:
        return 1
    try:
        there = admin("admin/cores", action="STATUS", indexInfo="false").get("status", {})
    except SolrRefused:
        return 1
    return max(1, sum(str(name).startswith(f"{parts.collection}_shard") for name in there))


def _said(admin: Callable[..., Mapping[str, Any]]) -> int:
    try:
        found = admin("admin/info/system").get("jvm", {}).get("memory", {}).get("raw", {}).get("max")
    except SolrRefused:
        found = None
    return found if isinstance(found, int) else _UNKNOWN
