"""What a run found, small enough to keep: one JSON file of runs by name, which the document is written from."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import orjson

from benchmarks.peers.building import Built
from benchmarks.peers.measuring import Figures, Ratio
from benchmarks.peers.shop import Matching


@dataclass(frozen=True)
class Clock:
    """Milliseconds: of all queries, and of each repeat."""

    p50: float
    p95: float
    p50s: Sequence[float]
    p95s: Sequence[float]

    @classmethod
    def of(cls, repeats: Sequence[Sequence[float]]) -> Clock | None:
        """None where nothing was measured."""
        if not any(repeats):
            return None
        every = np.concatenate([np.asarray(each) for each in repeats])

        def rounded(part: int) -> list[float]:
            return [round(float(np.percentile(each, part)), 3) for each in repeats]

        whole = [round(float(np.percentile(every, part)), 3) for part in (50, 95)]
        return cls(whole[0], whole[1], rounded(50), rounded(95))


@dataclass(frozen=True)
class Found:
    """One engine on one part of the shop."""

    engine: str
    level: str
    words: str
    effort: int
    tuned: float
    recall: float
    worst: float
    queries: int
    wall: Clock
    own: Clock | None
    ways: Sequence[str]

    @classmethod
    def of(cls, figures: Figures) -> Found:
        """What is kept of figures."""
        wall = Clock.of(figures.wall)
        assert wall is not None
        matching = figures.matching
        return cls(
            figures.engine,
            matching.level,
            matching.words,
            figures.effort.value,
            round(figures.effort.recall, 4),
            round(figures.recall, 4),
            round(figures.worst, 4),
            len(figures.recalls),
            wall,
            Clock.of(figures.own),
            sorted(figures.ways),
        )

    @property
    def matching(self) -> Matching:
        """The part."""
        return Matching(self.level, self.words)

    def over(self, other: Found, own: bool = False) -> Ratio | None:
        """This one's p95 over another's, repeat by repeat; None where one has no clock, or one of whole 0 ms."""
        ours, others = (self.own, other.own) if own else (self.wall, other.wall)
        if ours is None or others is None or min(others.p95s) <= 0:
            return None
        return Ratio.of(np.asarray(ours.p95s), np.asarray(others.p95s))


@dataclass(frozen=True)
class Size:
    """One size of ``growth``: bytes, and milliseconds by way."""

    products: int
    disk: int
    heap: int
    hot: int
    seconds: float
    ways: Mapping[str, Clock]
    recalls: Mapping[str, float]


@dataclass
class Run:
    """One run on one shop.

    Attributes:
        vectors: what they are.
        products: how many.
        machine: what it ran on.
        titles: of engines, with versions.
        built: their indexes.
        found: with all memory.
        limited: the Solr engines with little.
        left_out: engines that could not run, and why.
    """

    vectors: str
    products: int
    machine: Mapping[str, Any]
    titles: Mapping[str, str] = field(default_factory=dict)
    built: Sequence[Built] = ()
    found: Sequence[Found] = ()
    limited: Sequence[Found] = ()
    left_out: Mapping[str, str] = field(default_factory=dict)

    def of(self, engine: str, matching: Matching, limited: bool = False) -> Found | None:
        """What an engine did there."""
        return next(
            (
                each
                for each in (self.limited if limited else self.found)
                if each.engine == engine and each.matching == matching
            ),
            None,
        )

    def parts(self) -> list[Matching]:
        """The parts that were asked for, in their order."""
        return list(dict.fromkeys(each.matching for each in self.found))


@dataclass
class Results:
    """All runs that are kept, by name, and how things grow."""

    runs: dict[str, Run] = field(default_factory=dict)
    growth: Sequence[Size] = ()

    @classmethod
    def read(cls, path: Path) -> Results:
        """Empty where there is no file."""
        return msgspec.json.decode(path.read_bytes(), type=cls) if path.is_file() else cls()

    def write(self, path: Path) -> None:
        """Keep them."""
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(orjson.dumps(msgspec.to_builtins(self), option=orjson.OPT_INDENT_2) + b"\n")
