"""Searches that were answered, asked again of the collection beside: how alike the answers are, and how quick.

Nobody waits for it: one thread asks, and what comes while it is behind is left out. What is kept are numbers, and of
an error its class; never what was searched for.
"""

from __future__ import annotations

import queue
import sqlite3
import threading
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import msgspec
import numpy as np

from vision.errors import StorageUnavailable, VisualSearchError
from vision.search.engine import SearchEngine
from vision.search.model import Result
from vision.search.request import SearchRequest
from vision.solr import deadline
from vision.swapping.alike import overlap, percentile

_WAITING: Final = 8
_SECONDS: Final = 10.0
_KEPT: Final = 10_000
"""Searches; older ones go."""
_PATIENCE_S: Final = 30


@dataclass(frozen=True)
class Shadowed:
    """One search asked of both.

    Attributes:
        at: seconds since 1970.
        live: fingerprint of the vectors that answered.
        other: of those that were asked as well; empty where that failed.
        shared: part of the first results, that both have.
        first: whether both have the same first.
        live_ms: that the answer took, in all.
        other_ms: that the other took.
        error: the class of what failed.
    """

    at: float
    live: str
    other: str
    shared: float
    first: bool
    live_ms: float
    other_ms: float
    error: str | None = None


class ShadowForm(msgspec.Struct, frozen=True):
    """Searches that both collections were asked since the pair changed: means, milliseconds, and how many failed.

    ``overlap`` is the mean part of the first ten that both have, ``first`` the part of searches with the same first;
    null where nothing was asked yet. ``errors`` counts those that failed beside, by the class of what failed.
    """

    searches: int
    overlap: float | None
    first: float | None
    live_p50_ms: float | None
    live_p95_ms: float | None
    other_p50_ms: float | None
    other_p95_ms: float | None
    errors: dict[str, int]


class ShadowFile:
    """What came of them, in one SQLite file; safe to share between threads and processes."""

    def __init__(self, path: Path) -> None:
        """``path`` is made when something is first added."""
        self.path = path

    def add(self, found: Shadowed) -> None:
        """Keep one.

        Raises:
            StorageUnavailable: the file cannot be written.
        """
        row = (found.at, found.live, found.other, found.shared, found.first, found.live_ms, found.other_ms, found.error)
        with self._opened() as database, database:
            database.execute(
                "CREATE TABLE IF NOT EXISTS shadowed (seq INTEGER PRIMARY KEY, at REAL, live TEXT, other TEXT, "
                "shared REAL, first INTEGER, live_ms REAL, other_ms REAL, error TEXT)"
            )
            last = database.execute(
                "INSERT INTO shadowed (at, live, other, shared, first, live_ms, other_ms, error) "
                "VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
                row,
            ).lastrowid
            database.execute("DELETE FROM shadowed WHERE seq <= ?", ((last or 0) - _KEPT,))

    def summary(self, live: str, other: str) -> ShadowForm:
        """Of the searches that one pair of embeddings, by their fingerprints, was asked.

        Raises:
            StorageUnavailable: the file cannot be read.
        """
        rows: list[tuple[float, int, float, float, str | None]] = []
        if self.path.exists():
            with self._opened() as database:
                rows = database.execute(
                    "SELECT shared, first, live_ms, other_ms, error FROM shadowed WHERE live = ? AND other IN (?, '')",
                    (live, other),
                ).fetchall()
        good = [row for row in rows if row[4] is None]
        errors: dict[str, int] = {}
        for *_, error in rows:
            if error is not None:
                errors[error] = errors.get(error, 0) + 1
        if not good:
            return ShadowForm(len(rows), None, None, None, None, None, None, errors)
        shared, first, live_ms, other_ms = (np.array(each, dtype=float) for each in list(zip(*good, strict=True))[:4])
        return ShadowForm(
            searches=len(rows),
            overlap=round(float(shared.mean()), 4),
            first=round(float(first.mean()), 4),
            live_p50_ms=percentile(live_ms, 50),
            live_p95_ms=percentile(live_ms, 95),
            other_p50_ms=percentile(other_ms, 50),
            other_p95_ms=percentile(other_ms, 95),
            errors=errors,
        )

    @contextmanager
    def _opened(self) -> Iterator[sqlite3.Connection]:
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            with closing(sqlite3.connect(self.path, timeout=_PATIENCE_S)) as database:
                yield database
        except (sqlite3.Error, OSError) as error:
            raise StorageUnavailable(f"{self.path} cannot be used: {error}") from error


class Shadow:
    """Asks, one search after the other, in a thread of its own that begins with the first."""

    def __init__(self, file: ShadowFile) -> None:
        """Nothing is asked yet."""
        self._file = file
        self._waiting: queue.Queue[tuple[SearchEngine, SearchRequest, bytes | None, Result]] = queue.Queue(_WAITING)
        self._lock = threading.Lock()
        self._thread: threading.Thread | None = None

    def ask(self, other: SearchEngine, request: SearchRequest, image: bytes | None, result: Result) -> None:
        """Ask it later, unless too many wait; what the other cannot be asked is left out."""
        live = result.plan.embedding
        # A page or a vector belongs to one collection; what has no picture is the same in both.
        if live is None or request.page is not None or request.vector is not None or request.extractor is not None:
            return
        if result.partial or any(each.vector is not None for each in request.similarities):
            return
        try:
            self._waiting.put_nowait((other, request, image, result))
        except queue.Full:
            return
        with self._lock:
            if self._thread is None:
                self._thread = threading.Thread(target=self._work, name="shadow", daemon=True)
                self._thread.start()

    def _work(self) -> None:
        while True:
            asked = self._waiting.get()
            with suppress(VisualSearchError):  # a full disk, say: the searches themselves are what matters
                self._file.add(compared(*asked))


def compared(other: SearchEngine, request: SearchRequest, image: bytes | None, result: Result) -> Shadowed:
    """Ask another collection what was answered, and compare."""
    live, took = str(result.plan.embedding), result.took.total
    try:
        with deadline.within(_SECONDS):
            found = other.search(request, image, logged=False)
    except VisualSearchError as error:
        return Shadowed(time.time(), live, "", 0.0, False, took, 0.0, type(error).__name__)
    one, two = ([hit.product_id for hit in each.hits] for each in (result, found))
    same = overlap(one, two)
    return Shadowed(time.time(), live, str(found.plan.embedding), same, one[:1] == two[:1], took, found.took.total)
