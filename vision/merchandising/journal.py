"""The journal of a collection: an SQLite file that is only ever added to. What is so now follows from what it says.

Several processes may write to it at the same time; what a transaction wrote is on disk when it ends.
"""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any, Final

import msgspec

from vision import databases
from vision.errors import StorageUnavailable, VisualSearchError

VERSION: Final = 1
"""Of the tables; a file with a higher one was written by a newer release."""
_APPLICATION: Final = 0x56534A31  # "VSJ1": tells a journal from any other SQLite file
_PATIENCE_S: Final = 60

# Values of an attribute are JSON: a list in the document's own order, or null where the document has none.
_TABLES: Final = {
    "proposals": "id TEXT NOT NULL, product TEXT NOT NULL, field TEXT NOT NULL, tool TEXT NOT NULL, old TEXT NOT NULL, "
    "new TEXT NOT NULL, confidence REAL NOT NULL, evidence TEXT NOT NULL, time REAL NOT NULL",
    # What was decided of a proposal; the last row counts.
    "decisions": "proposal TEXT NOT NULL, state TEXT NOT NULL, change TEXT, by TEXT NOT NULL, why TEXT NOT NULL, "
    "time REAL NOT NULL",
    "changes": "id TEXT NOT NULL, undoes TEXT, by TEXT NOT NULL, why TEXT NOT NULL, time REAL NOT NULL",
    # What a change set is to do: one row for each product and field, its values over all documents sorted.
    "items": "change TEXT NOT NULL, product TEXT NOT NULL, field TEXT NOT NULL, proposal TEXT, old TEXT NOT NULL, "
    "new TEXT NOT NULL",
    # What is about to be written to a document; without a version it is planned, as an undo is.
    "intents": "change TEXT NOT NULL, product TEXT NOT NULL, field TEXT NOT NULL, document TEXT NOT NULL, "
    "version INTEGER, before TEXT NOT NULL, after TEXT NOT NULL",
    # What was written, with the version that it made; taking back what a conflict left half done is a write as well.
    "writes": "change TEXT NOT NULL, product TEXT NOT NULL, field TEXT NOT NULL, document TEXT NOT NULL, "
    "version INTEGER NOT NULL, before TEXT NOT NULL, after TEXT NOT NULL",
    # What became of an item; the last row counts. ``other`` is the change set that undid or redid it.
    "outcomes": "change TEXT NOT NULL, product TEXT NOT NULL, field TEXT NOT NULL, outcome TEXT NOT NULL, "
    "detail TEXT NOT NULL, other TEXT, time REAL NOT NULL",
    # What the catalogue said of a document when it was indexed again, where that was something new.
    "catalogue": "product TEXT NOT NULL, field TEXT NOT NULL, document TEXT NOT NULL, outcome TEXT NOT NULL, "
    "came TEXT NOT NULL, changed TEXT NOT NULL, file TEXT NOT NULL, time REAL NOT NULL",
}
_INDEXES: Final = (
    "proposals (id, seq)",
    "proposals (product, field)",
    "decisions (proposal, seq)",
    "changes (id)",
    "changes (undoes)",
    "items (change, product, field)",
    "intents (change, product, field)",
    "intents (document, field)",
    "writes (change, product, field)",
    "writes (document, field, version)",
    "outcomes (change, product, field, seq)",
)


def encode(value: Any) -> str:
    """As a column of JSON holds it."""
    return msgspec.json.encode(value).decode()


def decode(text: str) -> Any:
    """What a column of JSON holds."""
    return msgspec.json.decode(text)


def values(text: str) -> tuple[str, ...] | None:
    """What a column of one document's values holds; None where it had none."""
    found = msgspec.json.decode(text, type=list[str] | None)
    return None if found is None else tuple(found)


class Journal:
    """One collection's journal; safe to share between threads and processes."""

    def __init__(self, file: Path, *, clock: Callable[[], float] = time.time) -> None:
        """``file`` is made when something is first written; ``clock`` gives seconds since 1970."""
        self.file = file
        self.clock = clock

    def exists(self) -> bool:
        """Whether anything was ever written."""
        return self.file.exists()

    @contextmanager
    def reading(self) -> Iterator[sqlite3.Connection]:
        """One moment's content, whatever is written meanwhile; that of an empty journal where there is no file.

        Raises:
            VisualSearchError: the file is damaged, no journal, or a newer release's.
        """
        with self._opened() as database:
            database.execute("BEGIN")
            yield database
            database.execute("COMMIT")

    @contextmanager
    def writing(self) -> Iterator[sqlite3.Connection]:
        """A transaction that nobody else writes in: all of it is kept, or none.

        Raises:
            VisualSearchError: as for reading, or the file cannot be written.
        """
        with self._opened(create=True) as database, databases.transaction(database):
            yield database

    @contextmanager
    def _opened(self, *, create: bool = False) -> Iterator[sqlite3.Connection]:
        try:
            if create:
                self.file.parent.mkdir(parents=True, exist_ok=True)
            place = self.file if create or self.file.exists() else ":memory:"
            with closing(sqlite3.connect(place, timeout=_PATIENCE_S, isolation_level=None)) as database:
                database.execute("PRAGMA synchronous = FULL")  # what is about to be written is known before it is
                self._prepare(database)
                yield database
        except sqlite3.DatabaseError as error:
            if error.sqlite_errorcode & 0xFF in (sqlite3.SQLITE_NOTADB, sqlite3.SQLITE_CORRUPT):
                raise StorageUnavailable(
                    f"the journal {self.file} is damaged ({error}); put back a copy of it, or move it away and begin a "
                    "new one: changes made before can then not be undone, and indexing again loses them"
                ) from error
            raise self._unusable(str(error)) from error
        except OSError as error:
            raise self._unusable(error.strerror or str(error)) from error

    def _unusable(self, why: str) -> StorageUnavailable:
        return StorageUnavailable(
            f"the journal {self.file} cannot be read or written: {why}; see that its folder may be written and its "
            "disk is not full, and do it again: nothing was half written"
        )

    def _prepare(self, database: sqlite3.Connection) -> None:
        """See that the file is a journal of ours; make it one where it is new."""
        database.execute("BEGIN")  # another process may be making it: both marks are read as of one moment
        ours = self._is_ours(database)
        database.execute("COMMIT")
        if ours:
            return
        databases.write_ahead(database, patience=_PATIENCE_S)
        with databases.transaction(database):
            if not self._is_ours(database):  # another process may have been quicker
                for statement in _schema():
                    database.execute(statement)
                database.execute(f"PRAGMA application_id = {_APPLICATION}")
                database.execute(f"PRAGMA user_version = {VERSION}")

    def _is_ours(self, database: sqlite3.Connection) -> bool:
        application = database.execute("PRAGMA application_id").fetchone()[0]
        version = database.execute("PRAGMA user_version").fetchone()[0]
        if application == _APPLICATION and version == VERSION:
            return True
        if application == _APPLICATION and version > VERSION:
            raise VisualSearchError(
                f"the journal {self.file} has version {version}, this release reads {VERSION}: a newer release wrote "
                "it; use that one, or a copy of the file from before"
            )
        if application or version or database.execute("SELECT 1 FROM sqlite_schema LIMIT 1").fetchone():
            raise VisualSearchError(
                f"{self.file} is an SQLite file, but no journal of this product; move it away, a new one is then begun"
            )
        return False


def _schema() -> Iterator[str]:
    for table, columns in _TABLES.items():
        yield f"CREATE TABLE {table} (seq INTEGER PRIMARY KEY, {columns})"
        refuse = f"BEGIN SELECT RAISE(ABORT, 'the journal is only added to: {table}'); END"
        yield f"CREATE TRIGGER {table}_not_updated BEFORE UPDATE ON {table} {refuse}"
        yield f"CREATE TRIGGER {table}_not_deleted BEFORE DELETE ON {table} {refuse}"
        # INSERT OR REPLACE deletes without asking a trigger.
        yield (
            f"CREATE TRIGGER {table}_not_replaced BEFORE INSERT ON {table} "
            f"WHEN EXISTS (SELECT 1 FROM {table} WHERE seq = NEW.seq) {refuse}"
        )
    for number, columns in enumerate(_INDEXES):
        yield f"CREATE INDEX index_{number} ON {columns}"
