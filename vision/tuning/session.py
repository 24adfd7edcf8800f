"""One tuning from beginning to end: queries, filter levels, side collections, figures, a choice, and a check of it."""

from __future__ import annotations

import os
import tempfile
import time
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

import numpy as np

from vision.console import Progress
from vision.embedding import EmbeddingStore
from vision.errors import BadSetting
from vision.evaluation.indexes import PAGE
from vision.evaluation.session import terminated
from vision.search.model import Mode, Query
from vision.search.planner import Limits
from vision.settings import Settings
from vision.tuning import crossover, levels, queries, sides, truth
from vision.tuning.choice import Goal, choose
from vision.tuning.clock import ClockedClient
from vision.tuning.levels import Level
from vision.tuning.queries import Asked
from vision.tuning.report import Report
from vision.tuning.sides import Side
from vision.tuning.sweep import AUTO, EXACT, Figures, Point, Sweep, Target, ask
from vision.tuning.truth import Documents, Truth
from vision.workspace import Workspace

DIMS: Final = (64, 128, 256, 512)
CANDIDATES: Final = (100, 200, 400, 800)
STAGES: Final = {
    "read": "reading vectors",
    "merge": "merging side collections",
    "warm": "warming up",
    "ask": "asking",
    "cross": "exact against K",
    "check": "checking the choice",
}
_WARM_S = 5.0
_CROSS_QUERIES = 40
"""Queries at each size of the cross-over; each is asked as often as elsewhere."""


@dataclass(frozen=True)
class Options:
    """What a tuning may choose.

    Attributes:
        queries: at most so many, of which half choose and half check.
        file: searches, a request a line; products of the collection without one.
        filters: levels as ``FIELD=VALUE``; built from the collection without any.
        candidates: the K that are tried.
        dims: the numbers of coarse components that are tried beside the collection's own.
        goal: what the chosen setting has to reach.
        seed: of every choice by chance.
        repeats: times that each query is asked at each point.
        rows: of a page.
    """

    queries: int = 200
    file: Path | None = None
    filters: tuple[str, ...] = ()
    candidates: tuple[int, ...] = CANDIDATES
    dims: tuple[int, ...] = DIMS
    goal: Goal = Goal()
    seed: int = 0
    repeats: int = 2
    rows: int = PAGE

    def check(self) -> tuple[int, ...]:
        """The K that a page of ``rows`` may have, smallest first.

        Raises:
            BadSetting: none of them.
        """
        least = 4 * self.rows  # what the planner takes at least
        found = tuple(sorted({each for each in self.candidates if each >= least}))
        if not found:
            raise BadSetting(
                f"--candidates are {', '.join(map(str, self.candidates))}; a page of {self.rows} rows has {least} or "
                "more: give larger ones, or fewer --rows"
            )
        return found


def keep(workspace: Workspace, found: Report) -> Path:
    """Let searches go by what was chosen, and keep what was measured; the file of the choice."""
    workspace.measurements().keep(
        "tune",
        collection=found.collection,
        about=found.about,
        found=found.found,
        result=found.plain(),
        charts=found.charts(),
    )
    return workspace.tuned().save(found.tuned())


def tune(settings: Settings, options: Options, progress: Progress) -> Report:
    """Measure the collection that the settings name, and choose; nothing is written."""
    candidates = options.check()
    with ExitStack() as stack:
        stack.enter_context(terminated())
        workspace = Workspace(settings, progress=progress)
        reading = stack.enter_context(workspace.reading_client())
        client = ClockedClient(reading.base, reading.collection, timeout=reading.timeout, vectors=reading.vectors)
        stack.callback(client.close)
        own = Target(workspace.engine(client), client)
        documents = truth.documents(client)
        asked, notes = _asked(own, documents, options)
        found = (
            levels.given(own.engine.collection, options.filters)
            if options.filters
            else levels.built(own.engine.collection)
        )
        right = Truth(documents, np.stack([_vector(each) for each in asked]))
        embedding = own.engine.collection.embedding()
        ours = client.names.fields is None
        if options.dims and not ours:
            notes.append("other coarse dimensions were not tried: a collection with a schema of its own keeps 256")
        beside = _sides(stack, own, right, options.dims if ours else ())
        _read(client, right, beside, progress)
        targets = {dims: Target(each.engine, each.client) for dims, each in beside.items()}
        targets[embedding.codec.dims] = own
        return _Run(
            own, targets, embedding.codec.dims, asked, right, tuple(found), candidates, options, progress
        ).report(embedding.fingerprint, notes)


def _asked(own: Target, documents: Documents, options: Options) -> tuple[list[Asked], list[str]]:
    if options.file is not None:
        return queries.read(own.engine, options.file, options.queries, options.seed, options.rows)
    return queries.sampled(own.engine, documents, options.queries, options.seed, options.rows), []


def _vector(asked: Asked) -> np.ndarray[tuple[int, ...], np.dtype[np.float32]]:
    assert asked.query.vector is not None
    return asked.query.vector


def _sides(stack: ExitStack, own: Target, right: Truth, dims: Sequence[int]) -> dict[int, Side]:
    """A collection for each number of components that is not the collection's own and that its vectors have."""
    embedding = own.engine.collection.embedding()
    values = np.flatnonzero(np.abs(right.asked).max(axis=0))
    wanted = [each for each in dims if each != embedding.codec.dims and each <= values.max(initial=0) + 1]
    if not wanted:
        return {}
    store = EmbeddingStore(Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="visual-search-"))))
    return {each: stack.enter_context(sides.side(own.client, store, embedding, right.asked, each)) for each in wanted}


def _read(client: ClockedClient, right: Truth, beside: Mapping[int, Side], progress: Progress) -> None:
    """One pass over the stored vectors: distances, and whatever side collections there are."""
    names = sides.COPIED if beside else "id,product_id"
    done, total = 0, client.count()
    progress("read", 0, total)
    for batch in truth.select(client, Query(), names, truth.BATCH, stored=("vector",)):
        right.read(batch)
        for each in beside.values():
            each.add(batch)
        done += len(batch)
        progress("read", done, total)
    for number, each in enumerate(beside.values(), start=1):
        progress("merge", number - 1, len(beside))
        each.finish()
        progress("merge", number, len(beside))


@dataclass(frozen=True, eq=False)
class _Run:
    """Everything that is needed to ask."""

    own: Target
    targets: Mapping[int, Target]
    dims: int
    asked: Sequence[Asked]
    right: Truth
    levels: tuple[Level, ...]
    candidates: tuple[int, ...]
    options: Options
    progress: Progress

    def report(self, fingerprint: str, notes: Sequence[str]) -> Report:
        choosing, checking = queries.halves(self.asked, self.options.seed)
        self._warm(choosing)
        points = [Point(dims, k) for dims in sorted(self.targets) for k in self.candidates]
        exact = Point(self.dims, None, EXACT)
        figures = self._measured("ask", [exact, *points], choosing)
        choice = choose(figures, self.dims, self.options.goal)
        crossing = self._crossing(choice.point, choosing[:_CROSS_QUERIES])
        assert choice.point.candidates is not None
        limits = Limits(choice.point.candidates, crossing.exact_below)
        auto = Point(self.dims, None, AUTO)
        held = self._measured("check", [exact, choice.point, auto], checking, limits)
        about = (
            f"{len(self.right.documents):,} pictures, {len(choosing)} queries to choose by and {len(checking)} to "
            f"check (seed {self.options.seed}), each {self.options.repeats} times in turns, "
            f"pages of {self.options.rows}, {os.cpu_count()} cores"
        )
        return Report(
            collection=self.own.client.collection,
            embedding=fingerprint,
            pictures=len(self.right.documents),
            about=about,
            goal=self.options.goal,
            dims=self.dims,
            levels=self.levels,
            figures=tuple(figures),
            choice=choice,
            crossing=crossing,
            held=tuple(held),
            notes=tuple(notes),
        )

    def _measured(
        self, stage: str, points: Sequence[Point], numbers: Sequence[int], limits: Limits | None = None
    ) -> list[Figures]:
        targets = dict(self.targets)
        if limits is not None:
            engine = type(self.own.engine)(self.own.client, self.own.engine.collection.store, limits=limits)
            targets[self.dims] = replace(self.own, engine=engine)
        counter = _Counter(self.progress, stage)
        sweep = Sweep(targets, self.dims, self.asked, self.right, self.options.repeats, counter.add)
        counter.expect(sweep.calls(len(self.levels), len(points), len(numbers)))
        return [each for level in self.levels for each in sweep.measure(level, points, numbers)]

    def _crossing(self, point: Point, numbers: Sequence[int]) -> crossover.Crossing:
        counter = _Counter(self.progress, "cross")
        sweep = Sweep(self.targets, self.dims, self.asked, self.right, self.options.repeats, counter.add)
        collection = self.own.engine.collection
        total = levels.count(collection, Query())
        each = sweep.calls(1, 2, len(numbers))
        counter.expect(each * crossover.most(total))

        def cost(part: int) -> crossover.Cost:
            return sweep.compare(levels.hashed(collection, part, total), point, numbers)

        found = crossover.find(total, cost)
        counter.finish()
        return found

    def _warm(self, numbers: Sequence[int]) -> None:
        """Bring a fresh JVM to speed: until its compiler is through, whatever is asked first looks slower."""
        ends = time.monotonic() + _WARM_S
        self.progress("warm", 0, None)
        turn = 0
        while time.monotonic() < ends:
            query = self.asked[numbers[turn % len(numbers)]].query
            for target in self.targets.values():
                for mode in (Mode.APPROXIMATE, Mode.EXACT):
                    ask(target.engine, replace(query, mode=mode, candidates=self.candidates[0], embedding=None))
            turn += 1
        self.progress("warm", 1, 1)


class _Counter:
    """Calls of a stage."""

    def __init__(self, progress: Progress, stage: str) -> None:
        self._progress, self._stage = progress, stage
        self._done, self._total = 0, 0

    def expect(self, total: int) -> None:
        self._total = total
        self._progress(self._stage, 0, total)

    def add(self, calls: int) -> None:
        self._done += calls
        self._progress(self._stage, self._done, self._total)

    def finish(self) -> None:
        self._progress(self._stage, self._total, self._total)


def numbers(option: str, text: str, low: int, high: int) -> tuple[int, ...]:
    """A list of whole numbers, separated by commas.

    Raises:
        BadSetting: another one, or none.
    """
    parts = [part.strip() for part in text.split(",") if part.strip()]
    for part in parts or ("",):
        if not (part.isdecimal() and low <= int(part) <= high):
            raise BadSetting(
                f"{option} has {part!r}; accepted: whole numbers from {low} to {high}, separated by commas"
            )
    return tuple(dict.fromkeys(int(part) for part in parts))
