"""What a shopper likes to look at: products they liked and disliked, kept with the time, newer ones counting more.

Products are kept, not vectors: a profile outlives a new embedding, and what is gone from the index counts no more.
One SQLite file for all processes of a server.
"""

from __future__ import annotations

import re
import secrets
import sqlite3
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np

from vision import databases
from vision.errors import NotFound, StorageUnavailable
from vision.search.model import Vector
from vision.search.steering.rocchio import UNLIKED

KEPT: Final = 200
"""Events of a profile, the newest."""
_ID: Final = re.compile(r"[A-Za-z0-9_-]{32}", re.ASCII)
_RANDOM_BYTES: Final = 24
_NOTED: Final = 0.01
_PATIENCE_S: Final = 10
"""Part of a profile's time to live that passes before a use of it is noted again: it may go that much too early."""
_SCHEMA: Final = """
CREATE TABLE IF NOT EXISTS profiles (id TEXT PRIMARY KEY, used REAL NOT NULL) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS events (
    profile TEXT NOT NULL REFERENCES profiles (id) ON DELETE CASCADE,
    product TEXT NOT NULL,
    liked INTEGER NOT NULL,
    time REAL NOT NULL,
    PRIMARY KEY (profile, product)
) WITHOUT ROWID;
"""


@dataclass(frozen=True)
class Event:
    """One product that was liked or not; ``time`` in seconds since 1970, the last time it was said."""

    product: str
    liked: bool
    time: float


@dataclass(frozen=True)
class Profile:
    """A shopper's events, newest first."""

    id: str
    events: tuple[Event, ...]


class Profiles:
    """Keeps profiles until they were not used for ``ttl`` seconds; safe to share between threads and processes."""

    def __init__(self, file: Path, *, ttl: int, half_life: float, clock: Callable[[], float] = time.time) -> None:
        """``file`` is created by the first :meth:`make`.

        Args:
            file: of SQLite.
            ttl: seconds.
            half_life: seconds after which an event counts half.
            clock: seconds since 1970.
        """
        self.file = file
        self.ttl = ttl
        self.half_life = half_life
        self._clock = clock

    def make(self) -> Profile:
        """A new profile without events; what expired goes."""
        id = secrets.token_urlsafe(_RANDOM_BYTES)
        with self._opened() as database:
            database.execute("DELETE FROM profiles WHERE used < ?", (self._clock() - self.ttl,))
            database.execute("INSERT INTO profiles VALUES (?, ?)", (id, self._clock()))
        return Profile(id, ())

    def read(self, id: str) -> Profile:
        """A profile, which counts as used.

        Raises:
            NotFound: no such profile, or one that expired.
        """
        with self._opened() as database:
            self._touch(database, id)
            rows = database.execute(
                "SELECT product, liked, time FROM events WHERE profile = ? ORDER BY time DESC, product", (id,)
            ).fetchall()
        return Profile(id, tuple(Event(product, bool(liked), when) for product, liked, when in rows))

    def add(self, id: str, liked: Sequence[str], unliked: Sequence[str]) -> Profile:
        """Note products; what was said of one before is forgotten, and the oldest where there are too many.

        Raises:
            NotFound: as :meth:`read`.
        """
        now = self._clock()
        rows = [(id, product, 1, now) for product in liked] + [(id, product, 0, now) for product in unliked]
        with self._opened() as database:
            self._touch(database, id)
            database.executemany("INSERT OR REPLACE INTO events VALUES (?, ?, ?, ?)", rows)
            database.execute(
                "DELETE FROM events WHERE profile = ? AND product NOT IN "
                "(SELECT product FROM events WHERE profile = ? ORDER BY time DESC, product LIMIT ?)",
                (id, id, KEPT),
            )
        return self.read(id)

    def delete(self, id: str) -> None:
        """Forget a profile and everything in it.

        Raises:
            NotFound: as :meth:`read`.
        """
        with self._opened() as database:
            self._touch(database, id)
            database.execute("DELETE FROM profiles WHERE id = ?", (id,))

    def point(self, profile: Profile, vectors: Mapping[str, Vector]) -> Vector | None:
        """(1024,) where the profile's likes lie, away from its dislikes; None while nothing liked has a vector.

        Args:
            profile: its events are weighted by their age.
            vectors: by product; events of products that are not there do not count.
        """
        now = self._clock()

        def mean(liked: bool) -> Vector | None:
            held = [event for event in profile.events if event.liked is liked and event.product in vectors]
            if not held:
                return None
            weights = np.array([0.5 ** ((now - event.time) / self.half_life) for event in held])
            weights = np.maximum(weights, 1e-12)
            stacked = np.stack([vectors[event.product] for event in held]).astype(np.float64)
            return np.asarray((weights / weights.sum()) @ stacked, dtype=np.float32)

        towards, away = mean(True), mean(False)
        if towards is None:
            return None
        return towards if away is None else np.asarray(towards + UNLIKED * (towards - away), dtype=np.float32)

    def _touch(self, database: sqlite3.Connection, id: str) -> None:
        now = self._clock()
        known = (
            _ID.fullmatch(id)
            and database.execute(
                "SELECT used FROM profiles WHERE id = ? AND used >= ?", (id, now - self.ttl)
            ).fetchone()
        )
        if not known:
            raise NotFound(f"there is no profile {id[:40]!r}: unknown, deleted, or not used for {self.ttl} seconds")
        # A search reads a profile, and a write waits for the disk: a use soon after another one is not noted.
        if now - known[0] > self.ttl * _NOTED:
            database.execute("UPDATE profiles SET used = ? WHERE id = ?", (now, id))

    @contextmanager
    def _opened(self) -> Iterator[sqlite3.Connection]:
        try:
            self.file.parent.mkdir(parents=True, exist_ok=True)
            with closing(sqlite3.connect(self.file, timeout=_PATIENCE_S)) as database:
                database.execute("PRAGMA foreign_keys = ON")
                databases.write_ahead(database, patience=_PATIENCE_S)
                database.executescript(_SCHEMA)
                with database:
                    yield database
        except (sqlite3.Error, OSError) as error:
            why = error.strerror if isinstance(error, OSError) else error  # shoppers see it: no path
            raise StorageUnavailable(f"profiles ({self.file.name}) cannot be read or written: {why}") from error
