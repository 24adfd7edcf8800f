"""What a search, a product and its index cost, fitted to measurements by size.

``measured.json`` is written by ``python -m benchmarks.scale --write``: processor time, latency and bytes of one index
of 10,000 to 1,000,000 products, while one and several clients ask. Costs are powers of the size, by least squares of
logarithms; what was left out of a fit tells how far it can be believed (``tests/planning``).
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib import resources
from typing import Any, Final

import numpy as np

_FEW: Final = 4
"""Clients at which processor time is read: fewer leave it to compilers and timers, more to waiting."""


@dataclass(frozen=True)
class Load:
    """So many clients, each asking again when it is answered; milliseconds, of processor time for each search.

    Attributes:
        clients: how many.
        qps: searches answered a second.
        p50: of the time over HTTP.
        p95: of the time over HTTP.
        solr: spent in Solr.
        api: spent in the API.
    """

    clients: float
    qps: float
    p50: float
    p95: float
    solr: float
    api: float


@dataclass(frozen=True)
class Point:
    """One size; bytes on disk, bytes of files that searches read, seconds to build."""

    products: int
    disk: int
    hot: int
    built: float
    loads: tuple[Load, ...]

    def load(self, clients: int) -> Load:
        """With so many clients.

        Raises:
            ValueError: it was not measured.
        """
        for each in self.loads:
            if each.clients == clients:
                return each
        raise ValueError(f"{self.products:,} products were not measured with {clients} clients")


@dataclass(frozen=True)
class Power:
    """``factor * count ** power``."""

    factor: float
    power: float

    @classmethod
    def of(cls, counts: Sequence[float], values: Sequence[float]) -> Power:
        """Through at least two points, by least squares of logarithms."""
        power, shift = np.polyfit(np.log(counts), np.log(values), 1)
        return cls(math.exp(float(shift)), float(power))

    def at(self, count: float) -> float:
        """For a count."""
        return float(self.factor * count**self.power)


@dataclass(frozen=True)
class Costs:
    """Of one index on one machine.

    Attributes:
        solr: milliseconds of a core's time in Solr for a search, by products.
        latency: milliseconds of a search when nobody else asks, by products.
        api: milliseconds of a core's time in the API.
        tail: p95 over p50 when nobody else asks.
        disk: bytes a product.
        building: products indexed a second, extraction apart.
        most: products of the largest index that was measured.
        cores: of the machine.
    """

    solr: Power
    latency: Power
    api: float
    tail: float
    disk: float
    building: float
    most: int
    cores: int

    @classmethod
    def of(cls, points: Sequence[Point], cores: int) -> Costs:
        """Fitted to points of at least two sizes."""
        counts = [each.products for each in points]
        alone = [each.load(1) for each in points]
        busy = [each.load(_FEW) for each in points]
        return cls(
            Power.of(counts, [each.solr for each in busy]),
            Power.of(counts, [each.p50 for each in alone]),
            float(np.median([each.api for each in busy])),
            float(np.median([each.p95 / each.p50 for each in alone])),
            float(np.median([each.disk / each.products for each in points])),
            float(min(each.products / each.built for each in points)),
            max(counts),
            cores,
        )

    def throughput(self, products: int, cores: float) -> float:
        """Searches a second that so many cores answer at most, Solr and API on the same machine."""
        return 1000 * cores / (self.solr.at(products) + self.api)


def measured() -> tuple[list[Point], int]:
    """The points that come with the product, and the cores that they were measured on."""
    text = resources.files("vision.planning").joinpath("measured.json").read_text(encoding="utf-8")
    return read(json.loads(text))


def read(plain: Mapping[str, Any]) -> tuple[list[Point], int]:
    """Points as ``benchmarks.scale`` writes them, and the cores."""
    points = [
        Point(each["products"], each["disk"], each["hot"], each["built"], tuple(Load(**load) for load in each["loads"]))
        for each in plain["points"]
    ]
    return points, int(plain["machine"]["cores"])
