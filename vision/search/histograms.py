"""Where the buckets of a number begin and end: round, and chosen by what is there.

Pure. A search first counts the numbers on a fixed grid, whose edges are the same for every search and every shard, so
that the choice is as well; then its ranking request counts products in the buckets chosen.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import accumulate
from typing import Final

GRID: Final = tuple(float(f"{step}e{power}") for power in range(-2, 9) for step in (1, 2, 5))
"""Edges that numbers are counted between before buckets are chosen: 0.01, 0.02, 0.05, 0.1, … 500,000,000."""
_BUCKETS: Final = 10
_BULK: Final = 0.95
"""Part of the pictures that equal buckets are for; what is beyond them has one bucket of its own."""


@dataclass(frozen=True)
class Spread:
    """How a number is spread over what matches.

    Attributes:
        low: the smallest.
        high: the largest.
        counts: pictures below the first edge of :data:`GRID`, between each two, and from the last on.
    """

    low: float
    high: float
    counts: tuple[int, ...]


def choose(spread: Spread) -> tuple[float, ...]:
    """The edges of the buckets, rising, at least two.

    At most ten are equally wide, 1, 2 or 5 times a power of ten. Where a few numbers are far above all others, they are
    in a last, wider one: one sofa must not press a thousand socks into a single bucket.
    """
    if spread.low == spread.high:
        return (spread.low, spread.high)
    top = min(spread.high, _bulk(spread.counts))
    if top <= spread.low:  # next to everything is the smallest number itself
        top = spread.high
    width = _rounded_up((top - spread.low) / _BUCKETS)
    first, last = math.floor(spread.low / width + 1e-9), math.ceil(top / width - 1e-9)
    edges = [_exact(step, width) for step in range(first, last + 1)]
    if spread.high > edges[-1]:
        edges.append(_exact(math.ceil(spread.high / width - 1e-9), width))
    return tuple(edges)


def chosen(spreads: Mapping[str, Spread]) -> dict[str, tuple[float, ...]]:
    """The edges for each number that anything has."""
    return {name: choose(spread) for name, spread in spreads.items()}


def _bulk(counts: Sequence[int]) -> float:
    """The edge of the grid that nearly all pictures are below."""
    needed = _BULK * sum(counts)
    for edge, below in zip(GRID, accumulate(counts), strict=False):
        if below >= needed:
            return edge
    return math.inf


def _rounded_up(width: float) -> float:
    power = 10.0 ** math.floor(math.log10(width))
    step = next(step for step in (1, 2, 5, 10) if step * power >= width * (1 - 1e-9))
    return step * power


def _exact(steps: int, width: float) -> float:
    """A multiple without what floating point adds: 0.3, not 0.30000000000000004."""
    return round(steps * width, max(0, 2 - math.floor(math.log10(width))))
