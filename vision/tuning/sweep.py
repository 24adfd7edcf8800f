"""Every setting at every filter level: what it finds of what is right, and what it costs, in turns."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from functools import partial
from typing import Any, Final

import numpy as np

from vision.evaluation.timing import Times, interleaved
from vision.search.engine import SearchEngine
from vision.search.model import Mode, Query
from vision.tuning.clock import ClockedClient
from vision.tuning.crossover import Cost
from vision.tuning.levels import Level
from vision.tuning.queries import Asked
from vision.tuning.truth import K, Truth

WORST: Final = 0.05
"""Part of the queries whose recall is looked at by itself."""
EXACT: Final = "exact"
AUTO: Final = "auto"
_WARM = 3
_TIE = 1e-6

Page = Sequence[tuple[str, float]]
"""Product and score of each hit."""


@dataclass(frozen=True)
class Point:
    """A setting: components that candidates are found by, and K; ``way`` is ``approximate``, or one without a K."""

    dims: int
    candidates: int | None
    way: str = "approximate"

    @property
    def name(self) -> str:
        """As it is shown."""
        return self.way if self.candidates is None else f"{self.dims} dims, K={self.candidates}"


@dataclass(frozen=True)
class Target:
    """A collection that is asked, and the client that counts Solr's time."""

    engine: SearchEngine
    client: ClockedClient


@dataclass(frozen=True)
class Figures:
    """One point at one level.

    Attributes:
        recall: mean recall@10 over the queries.
        worst: the mean over the worst 5 % of them, one at least.
        solr_p50: Solr's own time (``QTime``), milliseconds.
        solr_p95: the same.
        p50: wall time of a page, from query to hits.
        p95: the same.
        ratio: median of wall time over that of the exact search of the same query in the same turn.
        ratio_low: first quartile of it.
        ratio_high: third quartile of it.
    """

    point: Point
    level: str
    matching: int
    queries: int
    recall: float
    worst: float
    solr_p50: float
    solr_p95: float
    p50: float
    p95: float
    ratio: float
    ratio_low: float
    ratio_high: float

    def plain(self) -> dict[str, Any]:
        """For JSON."""
        found = asdict(self) | {"recall": round(self.recall, 4), "worst": round(self.worst, 4)}
        point: dict[str, Any] = found.pop("point")
        times = ("solr_p50", "solr_p95", "p50", "p95")
        ratios = ("ratio", "ratio_low", "ratio_high")
        names = {"p50": "wall_p50", "p95": "wall_p95"}
        rounded = {names.get(name, name): round(found.pop(name), 2) for name in times}
        rounded |= {name: round(found.pop(name), 3) for name in ratios}
        return {**point, **found, **rounded}


@dataclass(eq=False)
class _Record:
    """What one point did, call by call."""

    solr: list[int] = field(default_factory=list)
    found: dict[int, Page] = field(default_factory=dict)


def ask(engine: SearchEngine, query: Query) -> Page:
    """One page as the engine ranks it, without what it does around that."""
    page = engine.ranker.page(query, engine.ranker.vectors(query), [])
    return [(hit.product_id, hit.score) for hit in page.hits]


def mean_of_worst(recalls: Sequence[float]) -> float:
    """The mean of the worst 5 %, one at least."""
    return float(np.mean(np.sort(recalls)[: max(1, round(WORST * len(recalls)))]))


@dataclass(frozen=True, eq=False)
class Sweep:
    """Asks.

    Attributes:
        targets: by their number of coarse dimensions.
        own: the collection's own number.
        asked: all queries.
        truth: what they must find.
        repeats: of each query at each point.
        told: how many more calls were made.
    """

    targets: Mapping[int, Target]
    own: int
    asked: Sequence[Asked]
    truth: Truth
    repeats: int
    told: Callable[[int], None]

    def measure(self, level: Level, points: Sequence[Point], numbers: Sequence[int]) -> list[Figures]:
        """Points at a level, by these queries, in turns; :data:`EXACT` must be among them, as costs are over its."""
        queries = {number: level.within(self.asked[number].query) for number in numbers}
        right = self._right(level, queries)
        records = {point: _Record() for point in points}
        ways = {point: partial(self._ask, point, records[point], queries) for point in points}
        rounds = [number for _ in range(self.repeats) for number in numbers]
        times = interleaved(ways, rounds, warm=_WARM)
        exact = times[next(point for point in points if point.way == EXACT)]
        return [_figures(point, level, records[point], right, times[point], exact) for point in points]

    def compare(self, level: Level, point: Point, numbers: Sequence[int]) -> Cost:
        """What verifying everything costs at a level, and what a point does, in turns."""
        queries = {number: level.within(self.asked[number].query) for number in numbers}
        points = (Point(point.dims, None, EXACT), point)
        ways = {each: partial(self._ask, each, _Record(), queries) for each in points}
        times = interleaved(ways, [number for _ in range(self.repeats) for number in numbers], warm=_WARM)
        exact, near = (times[each] for each in points)
        low, middle, high = exact.over(near)
        return Cost(level.matching, exact.p50, near.p50, middle, low, high)

    def calls(self, levels: int, points: int, queries: int) -> int:
        """How many searches that takes."""
        return levels * points * (queries * self.repeats + min(_WARM, queries * self.repeats))

    def _ask(self, point: Point, record: _Record, queries: Mapping[int, Query], number: int) -> None:
        target = self.targets[point.dims]
        mode = Mode.APPROXIMATE if point.way == "approximate" else Mode(point.way)
        query = replace(queries[number], mode=mode, candidates=point.candidates, embedding=None)
        target.client.spent = 0
        record.found[number] = ask(target.engine, query)
        record.solr.append(target.client.spent)
        self.told(1)

    def _right(self, level: Level, queries: Mapping[int, Query]) -> dict[int, Callable[[Page], float]]:
        """For each query what gives the recall of a page."""
        client = self.targets[self.own].client
        whole = None if level.query == Query() else self.truth.mask(client, level.query)
        everything = np.ones(len(self.truth.documents), dtype=bool)
        found: dict[int, Callable[[Page], float]] = {}
        for number, query in queries.items():
            asked = self.asked[number]
            if asked.by_score:
                found[number] = self._by_score(query)
                continue
            keep = everything if whole is None else whole
            keep = self.truth.mask(client, query) if asked.filtered else keep
            nearest = self.truth.nearest(number, keep, asked.own)
            found[number] = lambda hits, nearest=nearest: nearest.recall([product for product, _ in hits])  # type: ignore[misc]
        return found

    def _by_score(self, query: Query) -> Callable[[Page], float]:
        """Against Solr's own exact search: words rank by BM25, which no one else can say."""
        engine = self.targets[self.own].engine
        exact = replace(query, mode=Mode.EXACT)
        best = ask(engine, exact)[:K]
        least = min((score for _, score in best), default=0.0) - _TIE
        return lambda hits: min(len(best), sum(score >= least for _, score in hits[:K])) / len(best) if best else 1.0


def _figures(
    point: Point,
    level: Level,
    record: _Record,
    right: Mapping[int, Callable[[Page], float]],
    times: Times,
    exact: Times,
) -> Figures:
    """Of the calls that count: those before were to warm up."""
    counted = len(times.values)
    solr = record.solr[-counted:]
    recalls = [right[number](page) for number, page in record.found.items()]
    low, middle, high = times.over(exact)
    return Figures(
        point=point,
        level=level.name,
        matching=level.matching,
        queries=len(recalls),
        recall=float(np.mean(recalls)),
        worst=mean_of_worst(recalls),
        solr_p50=float(np.percentile(solr, 50)),
        solr_p95=float(np.percentile(solr, 95)),
        p50=times.p50,
        p95=times.p95,
        ratio=middle,
        ratio_low=low,
        ratio_high=high,
    )
