"""Times that can be compared on a busy machine: what is compared is run in turns, round by round."""

from __future__ import annotations

import time
from collections.abc import Callable, Hashable, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeVar

import numpy as np

K = TypeVar("K", bound=Hashable)


@dataclass(frozen=True)
class Times:
    """Milliseconds of one way of doing a thing."""

    values: tuple[float, ...]

    @property
    def p50(self) -> float:
        """The median."""
        return float(np.percentile(self.values, 50))

    @property
    def p95(self) -> float:
        """Nineteen of twenty are quicker."""
        return float(np.percentile(self.values, 95))

    @property
    def per_second(self) -> float:
        """How many one caller gets done in a second, one after another."""
        return 1000 * len(self.values) / sum(self.values)

    def over(self, other: Times) -> tuple[float, float, float]:
        """How many times as long as ``other`` took, round by round: first quartile, median, third quartile."""
        low, middle, high = np.percentile(np.asarray(self.values) / np.asarray(other.values), (25, 50, 75))
        return float(low), float(middle), float(high)


def timed(call: Callable[[], object]) -> float:
    """Milliseconds of one call."""
    began = time.perf_counter()
    call()
    return (time.perf_counter() - began) * 1000


def interleaved(ways: Mapping[K, Callable[[int], object]], rounds: Sequence[int], *, warm: int = 2) -> dict[K, Times]:
    """Run each way once per round, in an order that turns, and take the times.

    Args:
        ways: by name; each is called with the round's number.
        rounds: the numbers, usually of queries.
        warm: calls of each way before the clock counts.
    """
    names = list(ways)
    for name in names:
        for number in rounds[:warm]:
            ways[name](number)
    taken: dict[K, list[float]] = {name: [] for name in names}
    for turn, number in enumerate(rounds):
        first = turn % len(names)
        for name in names[first:] + names[:first]:
            way = ways[name]
            taken[name].append(timed(lambda way=way, number=number: way(number)))  # type: ignore[misc]
    return {name: Times(tuple(values)) for name, values in taken.items()}
