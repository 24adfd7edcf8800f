"""Changes that came over HTTP and are not in Solr yet: an SQLite file, on disk before anybody is told so."""

from __future__ import annotations

import sqlite3
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import msgspec

from vision import databases
from vision.errors import Busy, StorageUnavailable
from vision.following.change import Change

MOST: Final = 200_000
"""Changes that wait at most; more are refused until some are applied."""
_PATIENCE_S: Final = 30
_ALIVE_S: Final = 10.0
_TABLES: Final = (
    "CREATE TABLE IF NOT EXISTS queue (seq INTEGER PRIMARY KEY AUTOINCREMENT, at REAL NOT NULL, id TEXT NOT NULL, "
    "row BLOB)",
    "CREATE TABLE IF NOT EXISTS figures (name TEXT PRIMARY KEY, value REAL NOT NULL)",
    "CREATE TABLE IF NOT EXISTS partitions (topic TEXT NOT NULL, number INTEGER NOT NULL, behind INTEGER NOT NULL)",
)


@dataclass(frozen=True)
class Waiting:
    """A change in the queue, since when it waits, in seconds since 1970."""

    seq: int
    at: float
    change: Change


class Partition(msgspec.Struct, frozen=True):
    """A topic's partition, and how many of its records are not applied yet."""

    topic: str
    partition: int
    behind: int


@dataclass(frozen=True)
class Figures:
    """How a feed is.

    Attributes:
        queued: changes that came over HTTP and wait.
        since: when the oldest of them came; None where none waits.
        applied: changes that are in Solr, from all sources, since the file was made.
        deleted: those of them that were deletions.
        rejected: changes that were no good.
        last: when one was applied last.
        heard: when whoever applies them was last heard of.
        following: whether that is so just now.
        partitions: of a topic.
    """

    queued: int = 0
    since: float | None = None
    applied: int = 0
    deleted: int = 0
    rejected: int = 0
    last: float | None = None
    heard: float | None = None
    following: bool = False
    partitions: tuple[Partition, ...] = ()

    @property
    def lag(self) -> float:
        """Seconds that the oldest change waits by now."""
        return 0.0 if self.since is None else max(0.0, time.time() - self.since)


class Queue:
    """One collection's file; safe to share between threads and processes. One process at a time takes from it."""

    def __init__(self, file: Path, *, clock: Callable[[], float] = time.time) -> None:
        """``file`` is made when something is first put."""
        self.file = file
        self._clock = clock
        self._lock = threading.Lock()

    def put(self, changes: Sequence[Change]) -> int:
        """Keep changes, all or none, on disk when this returns; returns how many wait.

        Raises:
            Busy: too many do.
            StorageUnavailable: the file cannot be written.
        """
        now = self._clock()
        with self._writing() as database:
            queued = int(database.execute("SELECT count(*) FROM queue").fetchone()[0])
            if queued + len(changes) > MOST:
                raise Busy(
                    f"{queued:,} changes wait already and at most {MOST:,} may; see that `visual-search follow` runs, "
                    "and send these again later"
                )
            rows = ((now, each.id, each.row) for each in changes)
            database.executemany("INSERT INTO queue (at, id, row) VALUES (?, ?, ?)", rows)
            return queued + len(changes)

    def take(self, limit: int) -> list[Waiting]:
        """The oldest, which stay until they are :meth:`done`."""
        if not self.file.exists():
            return []
        with self._opened() as database:
            found = database.execute("SELECT seq, at, id, row FROM queue ORDER BY seq LIMIT ?", (limit,)).fetchall()
        return [Waiting(seq, at, Change(id, row)) for seq, at, id, row in found]

    def done(self, taken: Sequence[Waiting]) -> None:
        """They are in Solr, or rejected."""
        with self._writing() as database:
            database.executemany("DELETE FROM queue WHERE seq = ?", ((each.seq,) for each in taken))

    def count(self, *, applied: int, deleted: int, rejected: int) -> None:
        """Add to what was done, from whatever source."""
        with self._writing() as database:
            for name, more in (("applied", applied), ("deleted", deleted), ("rejected", rejected)):
                database.execute(
                    "INSERT INTO figures VALUES (?, ?) ON CONFLICT (name) DO UPDATE SET value = value + excluded.value",
                    (name, more),
                )
            if applied:
                database.execute("INSERT OR REPLACE INTO figures VALUES ('last', ?)", (self._clock(),))

    def heard(self, partitions: Sequence[Partition] = ()) -> None:
        """Whoever applies changes is at it."""
        with self._writing() as database:
            database.execute("INSERT OR REPLACE INTO figures VALUES ('heard', ?)", (self._clock(),))
            database.execute("DELETE FROM partitions")
            rows = ((each.topic, each.partition, each.behind) for each in partitions)
            database.executemany("INSERT INTO partitions VALUES (?, ?, ?)", rows)

    def figures(self) -> Figures:
        """How the feed is; of one that nothing ever came from, zeros.

        Raises:
            StorageUnavailable: the file cannot be read.
        """
        if not self.file.exists():
            return Figures()
        with self._opened() as database:
            queued, since = database.execute("SELECT count(*), min(at) FROM queue").fetchone()
            kept = dict(database.execute("SELECT name, value FROM figures").fetchall())
            partitions = database.execute("SELECT * FROM partitions ORDER BY 1, 2").fetchall()
        heard = kept.get("heard")
        return Figures(
            queued=queued,
            since=since,
            applied=int(kept.get("applied", 0)),
            deleted=int(kept.get("deleted", 0)),
            rejected=int(kept.get("rejected", 0)),
            last=kept.get("last"),
            heard=heard,
            following=heard is not None and self._clock() - heard < _ALIVE_S,
            partitions=tuple(Partition(*each) for each in partitions),
        )

    @contextmanager
    def _writing(self) -> Iterator[sqlite3.Connection]:
        with self._lock, self._opened(create=True) as database, databases.transaction(database):
            yield database

    @contextmanager
    def _opened(self, *, create: bool = False) -> Iterator[sqlite3.Connection]:
        try:
            if create:
                self.file.parent.mkdir(parents=True, exist_ok=True)
            with closing(sqlite3.connect(self.file, timeout=_PATIENCE_S, isolation_level=None)) as database:
                databases.write_ahead(database, patience=_PATIENCE_S)
                database.execute("PRAGMA synchronous = FULL")  # whoever was told that it is kept will not send it again
                for statement in _TABLES:
                    database.execute(statement)
                yield database
        except (sqlite3.Error, OSError) as error:
            raise StorageUnavailable(
                f"the feed's changes are kept in {self.file}, which cannot be used: {error}; its disk may be full: "
                "make room or make it writable, what was accepted stays in it"
            ) from error
