"""How latency, memory and bytes grow with the number of products, beside a scan of all of them."""

from __future__ import annotations

import math
from collections.abc import Sequence
from copy import copy
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np

from benchmarks.cgroups import forget
from benchmarks.peers.building import Built, built
from benchmarks.peers.engines.ours import Ours
from benchmarks.peers.measuring import Effort, Figures, measure
from benchmarks.peers.model import Ask
from benchmarks.peers.shop import Matching, Shop
from benchmarks.processes import memory
from benchmarks.report import progress
from benchmarks.resident import resident
from benchmarks.server import MB

_HOT: Final = 300
"""Queries after which what is in memory counts as needed."""


@dataclass(frozen=True)
class Grown:
    """One size.

    Attributes:
        built: the index.
        figures: by way: auto, with and without a filter that leaves 5 %, and exact.
        heap: bytes of the JVM that are no files.
        hot: bytes of files in memory after searches without and with a filter, none of them exact over everything.
    """

    built: Built
    count: int
    figures: dict[str, Figures]
    heap: int
    hot: int


@dataclass(frozen=True)
class Fit:
    """``value = factor * count ** power``, by least squares of logarithms; ``error`` is the worst ratio missed."""

    factor: float
    power: float
    error: float

    @classmethod
    def of(cls, counts: Sequence[float], values: Sequence[float]) -> Fit:
        """Through at least two points."""
        power, shift = np.polyfit(np.log(counts), np.log(values), 1)
        fitted = np.exp(shift) * np.asarray(counts) ** power
        missed = np.exp(np.abs(np.log(fitted / np.asarray(values))).max())
        return cls(float(math.exp(shift)), float(power), float(missed))

    def at(self, count: float) -> float:
        """What it says for another size."""
        return float(self.factor * count**self.power)


def run(folder: Path, counts: Sequence[int], repeats: int, queries: int) -> list[Grown]:
    """Measure each size after the other; the ways of one size in turns."""
    return [_measured(Shop(folder / str(count), count), repeats, queries) for count in counts]


def _measured(shop: Shop, repeats: int, queries: int) -> Grown:
    found, folder = built(shop, "ours")
    forget(folder)
    made = Ours()
    made.open(folder)
    try:
        parts = [Matching("100"), Matching("5")]
        truths = shop.truth(tuple(parts))
        for query in range(_HOT):
            made.search(Ask(shop.queries[query % shop.asked], parts[query % 2].level))
        hot = sum(resident(folder / "solr").values())
        heap = int(memory(made.running.process).private * MB)
        exact = copy(made)
        exact.mode = "exact"
        effort = {"auto": Effort(0, 1.0), "exact": Effort(0, 1.0)}
        whole = measure({"auto": made, "exact": exact}, shop, parts[0], truths[parts[0]], repeats, queries, effort)
        part = measure({"auto": made}, shop, parts[1], truths[parts[1]], repeats, queries, effort)
        figures = {"auto": whole[0], "exact": whole[1], "auto, 5 % left": part[0]}
        progress(f"{shop.count:,} products: {figures['auto'].times().p50:.1f} ms")
        return Grown(found, shop.count, figures, heap, hot)
    finally:
        made.close()
