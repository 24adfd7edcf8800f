"""The fewest machines for a catalogue and a load: shards until a search is quick, replicas until all are served."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from vision.errors import BadSetting
from vision.planning.costs import Costs
from vision.solr import merging

GB: Final = 2**30
VECTOR: Final = 4096
"""Bytes of a full vector."""
_ALWAYS: Final = 0.114 * VECTOR
"""Bytes of a document that every search may read: coarse vectors, their graph, words and facets (benchmarks.bytes)."""
_BUSY: Final = 0.6
"""The most of its cores that a machine is planned to be busy with."""
_SYSTEM: Final = 1.0
"""GB of the system's own needs."""
_HEAP: Final = 1.0
"""GB of heap at least."""
_MERGING: Final = 2.8
"""Disk for an index while it is merged, over the index: both are there for a while, and vectors once more
(benchmarks.capacity)."""
_LITTLE: Final = 2.2
"""p95 with 35 % of the vectors in memory over p95 with all: the most of eleven kinds of searches at 500,000 products
(docs/performance.md)."""
_LITTLE_SHARE: Final = 0.35
_MERGE_MS: Final = 2.0
"""Milliseconds that each shard adds to a search: another request, another list to merge (benchmarks.cloud)."""
_LEAST_REPLICAS: Final = 2


@dataclass(frozen=True)
class Machine:
    """What one is."""

    cores: float
    memory: float
    """GB."""
    disk: float
    """GB."""
    price: float | None = None
    """Of an hour."""


@dataclass(frozen=True)
class Wanted:
    """What is asked for; ``pictures`` of a product, each of them a document; milliseconds."""

    products: int
    qps: float
    p95: float
    pictures: float = 1.0
    extraction: float | None = None
    """Pictures that one machine extracts a second; None leaves that out."""

    @property
    def documents(self) -> int:
        """How many are indexed."""
        return math.ceil(self.products * self.pictures)


@dataclass(frozen=True)
class Capacity:
    """A cluster that will do.

    Attributes:
        shards: parts of the index.
        replicas: of each, on a machine of its own.
        documents: of a shard.
        heap: GB that Solr needs to merge a shard into one segment, which is what was measured.
        memory: GB that a machine of Solr needs.
        disk: GB that it needs, merging included.
        in_memory: part of the full vectors that its memory holds beside what every search reads.
        busy: part of Solr's cores that is at work.
        p95: milliseconds.
        api: machines of the API.
        cost: of an hour, where machines have a price.
        indexing: hours to index everything, extraction apart, all shards at once.
        extracting: hours to extract features of everything on one machine; None where nothing was said.
        beyond: whether a shard is larger than any index that was measured.
    """

    shards: int
    replicas: int
    documents: int
    heap: float
    memory: float
    disk: float
    in_memory: float
    busy: float
    p95: float
    api: int
    cost: float | None
    indexing: float
    extracting: float | None
    beyond: bool

    @property
    def machines(self) -> int:
        """Of Solr and of the API."""
        return self.shards * self.replicas + self.api


def plan(costs: Costs, wanted: Wanted, machine: Machine) -> Capacity:
    """The cheapest that will do.

    Raises:
        BadSetting: none does, and why.
    """
    if wanted.products < 1 or wanted.qps <= 0 or wanted.p95 <= 0 or wanted.pictures <= 0:
        raise BadSetting("give a number of products, searches a second and a p95 above 0")
    best = min(_possible(costs, wanted, machine), key=lambda each: (each.machines, each.shards), default=None)
    if best is None:
        quickest = latency(costs, wanted.documents, most_shards(wanted), in_memory=1.0)
        raise BadSetting(
            f"no number of these machines answers within {wanted.p95:g} ms at p95: the quickest that this plans with "
            f"is {quickest:.0f} ms, and machines of {machine.memory:g} GB of memory and {machine.disk:g} GB of disk "
            "must hold their part; allow more time, or larger machines"
        )
    return best


def most_shards(wanted: Wanted) -> int:
    """As many as are tried: a shard of a thousand documents gains nothing."""
    return max(1, min(1024, wanted.documents // 1000))


def latency(costs: Costs, documents: int, shards: int, *, in_memory: float, busy: float = 0.0) -> float:
    """p95 in milliseconds, of a search of all shards side by side, on machines that are so busy.

    Waiting is that of a queue that serves in turns: a machine that is half busy takes twice as long.
    """
    alone = costs.tail * costs.latency.at(documents / shards) + _MERGE_MS * (shards - 1)
    slower = 1.0 if in_memory >= 1.0 else _LITTLE
    return alone * slower / (1.0 - busy)


def _possible(costs: Costs, wanted: Wanted, machine: Machine) -> Iterator[Capacity]:
    for shards in range(1, most_shards(wanted) + 1):
        documents = math.ceil(wanted.documents / shards)
        heap = max(_HEAP, merging.heap(documents) / GB)
        always = _ALWAYS * documents / GB + heap + _SYSTEM
        vectors = VECTOR * documents / GB
        disk = costs.disk * documents * _MERGING / GB
        in_memory = min(1.0, (machine.memory - always) / vectors)
        if in_memory < _LITTLE_SHARE or disk > machine.disk:
            continue
        # A machine answers its shard's part of each search that comes to its replica.
        each = costs.solr.at(documents) / 1000
        idle = latency(costs, wanted.documents, shards, in_memory=in_memory)
        allowed = min(_BUSY, 1.0 - idle / wanted.p95)
        if allowed <= 0:
            continue
        replicas = max(_LEAST_REPLICAS, math.ceil(wanted.qps * each / (allowed * machine.cores)))
        busy = wanted.qps * each / (replicas * machine.cores)
        api = max(2, math.ceil(wanted.qps * costs.api / 1000 / (_BUSY * machine.cores)))
        machines = shards * replicas + api
        yield Capacity(
            shards,
            replicas,
            documents,
            heap,
            always + in_memory * vectors,
            disk,
            in_memory,
            busy,
            latency(costs, wanted.documents, shards, in_memory=in_memory, busy=busy),
            api,
            None if machine.price is None else machines * machine.price,
            documents / costs.building / 3600,
            None if wanted.extraction is None else wanted.documents / wanted.extraction / 3600,
            documents > costs.most,
        )
