"""Engines tuned to the same recall on some queries, then asked others in turns."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

import numpy as np
from numpy.typing import NDArray

from benchmarks.peers.model import Ask, Clocked, Engine
from benchmarks.peers.shop import Matching, Shop, Truth
from benchmarks.report import progress
from vision.evaluation.timing import Times
from vision.tuning.choice import Goal
from vision.tuning.sweep import mean_of_worst

GOAL: Final = Goal.recall
"""Mean recall@10 that each engine is tuned to."""
_CHOOSING: Final = 60
"""Queries that an effort is chosen by."""
_SLOW: Final = 150.0
"""Milliseconds from which on an engine is asked every eighth query only."""
_SLOWEST: Final = 1000.0
"""Milliseconds from which on it is asked one query a repeat, and tuned on few."""
_FEW: Final = 5


@dataclass(frozen=True)
class Effort:
    """How hard an engine searches, and what it finds by that on the queries it was chosen by."""

    value: int
    recall: float

    @property
    def reached(self) -> bool:
        """Whether that is enough."""
        return self.recall >= GOAL


@dataclass
class Figures:
    """One engine on one part of the shop: milliseconds at the client and by its own clock, and recall, by repeat."""

    engine: str
    matching: Matching
    effort: Effort
    wall: list[list[float]] = field(default_factory=list)
    own: list[list[float]] = field(default_factory=list)
    recalls: list[float] = field(default_factory=list)
    ways: set[str] = field(default_factory=set)

    @property
    def recall(self) -> float:
        """The mean."""
        return float(np.mean(self.recalls))

    @property
    def worst(self) -> float:
        """The mean of the worst twentieth of the queries."""
        return mean_of_worst(self.recalls)

    def times(self, own: bool = False) -> Times:
        """Of all repeats together."""
        return Times(tuple(value for repeat in (self.own if own else self.wall) for value in repeat))

    def p95s(self, own: bool = False) -> NDArray[np.float64]:
        """One for each repeat."""
        return np.asarray([np.percentile(repeat, 95) for repeat in (self.own if own else self.wall)])

    def p50s(self, own: bool = False) -> NDArray[np.float64]:
        """One for each repeat."""
        return np.asarray([np.percentile(repeat, 50) for repeat in (self.own if own else self.wall)])


@dataclass(frozen=True)
class Ratio:
    """One figure over another, repeat by repeat: the median, and from where to where."""

    median: float
    low: float
    high: float

    @classmethod
    def of(cls, above: NDArray[np.float64], below: NDArray[np.float64]) -> Ratio:
        """Of figures of the same repeats."""
        each = above / below
        return cls(float(np.median(each)), float(each.min()), float(each.max()))


def fits(engine: Engine, matching: Matching) -> bool:
    """Whether an engine can answer."""
    return (engine.reads_words or not matching.words) and (engine.filters != "none" or matching.level == "100")


def tuned(engine: Engine, shop: Shop, matching: Matching, truth: Truth) -> Effort:
    """The least effort with enough recall on queries for tuning; the greatest where none has."""

    def tried(effort: int) -> Effort:
        recalls: list[float] = []
        began = time.perf_counter()
        for query in list(shop.tuning)[:_CHOOSING]:
            found = engine.search(Ask(shop.queries[query], matching.level, matching.words, effort))
            recalls.append(shop.recall(query, matching, truth, found.rows))
            if len(recalls) >= _FEW and (time.perf_counter() - began) * 1000 > _SLOWEST * len(recalls):
                break
        return Effort(effort, float(np.mean(recalls)))

    if not engine.efforts:
        return tried(0)
    low, high = 0, len(engine.efforts) - 1
    best: Effort | None = None
    while low <= high:
        middle = (low + high) // 2
        found = tried(engine.efforts[middle])
        if found.reached:
            best, high = found, middle - 1
        else:
            low = middle + 1
    return best or tried(engine.efforts[-1])


def measure(
    engines: Mapping[str, Engine],
    shop: Shop,
    matching: Matching,
    truth: Truth,
    repeats: int,
    queries: int,
    efforts: Mapping[str, Effort],
    before: Callable[[], None] = lambda: None,
) -> list[Figures]:
    """Ask all engines the same queries in turns.

    Args:
        engines: by name, open.
        shop: what they hold.
        matching: which part is asked for.
        truth: of that part.
        repeats: how often; each has queries of its own as long as there are enough.
        queries: of one repeat.
        efforts: by engine.
        before: called before each repeat.
    """
    figures = {name: Figures(name, matching, efforts[name]) for name in engines}
    held_out = list(shop.held_out)
    pace: dict[str, float] = {}
    for name in engines:
        first = _asked(engines[name], shop, figures[name], held_out[0])
        pace[name] = min(first[0], _asked(engines[name], shop, figures[name], held_out[1])[0])
    names = list(engines)
    for repeat in range(repeats):
        before()
        for figure in figures.values():
            figure.wall.append([])
            figure.own.append([])
        for turn in range(queries):
            query = held_out[(repeat * queries + turn) % len(held_out)]
            start = turn % len(names)
            for name in names[start:] + names[:start]:
                if turn % (queries if pace[name] > _SLOWEST else 8 if pace[name] > _SLOW else 1):
                    continue
                figure = figures[name]
                wall, own, rows = _asked(engines[name], shop, figure, query)
                figure.wall[-1].append(wall)
                engine = engines[name]
                if own is None and isinstance(engine, Clocked):
                    # Another query than the one just answered, whose pages and paths are warm.
                    other = held_out[(repeat * queries + turn + len(held_out) // 2) % len(held_out)]
                    own = engine.solr_time(_ask(shop, figure, other))
                if own is not None:
                    figure.own[-1].append(own)
                figure.recalls.append(shop.recall(query, matching, truth, rows))
    return list(figures.values())


def _asked(engine: Engine, shop: Shop, figure: Figures, query: int) -> tuple[float, float | None, Sequence[int]]:
    ask = _ask(shop, figure, query)
    began = time.perf_counter()
    found = engine.search(ask)
    wall = (time.perf_counter() - began) * 1000
    if "way" in found.more:
        figure.ways.add(str(found.more["way"]))
    return wall, found.own, found.rows


def _ask(shop: Shop, figure: Figures, query: int) -> Ask:
    return Ask(shop.queries[query], figure.matching.level, figure.matching.words, figure.effort.value)


def run(
    engines: Mapping[str, Engine], shop: Shop, parts: Sequence[Matching], repeats: int, queries: int
) -> list[Figures]:
    """Tune and measure every engine on every part that it can answer."""
    progress("exact distances to everything")
    truths = shop.truth(tuple(parts))
    figures: list[Figures] = []
    for matching in parts:
        able = {name: engine for name, engine in engines.items() if fits(engine, matching)}
        began = time.perf_counter()
        efforts = {name: tuned(engine, shop, matching, truths[matching]) for name, engine in able.items()}
        chosen = time.perf_counter()
        figures += measure(able, shop, matching, truths[matching], repeats, queries, efforts)
        took = time.perf_counter()
        progress(
            f"  {matching.level:>4} % {matching.words or '-':12} tuned in {chosen - began:.0f} s, "
            f"measured in {took - chosen:.0f} s"
        )
    return figures
