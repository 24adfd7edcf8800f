"""What was sent to a collection, by id: an SQLite file that vouches for a row after Solr has committed, never before.

A row that is not in it, or not as it is in the catalogue, is sent again. So is one whose document was written by
somebody else since: the versions that Solr gave to a row's documents are kept with it.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Final, Protocol, Self

from vision import databases
from vision.errors import SolrRefused, StorageUnavailable
from vision.following import holding
from vision.solr.client import SolrClient

_PATIENCE_S: Final = 60
_CHUNK: Final = 500
_ASKED: Final = 1000
_TABLES: Final = (
    # ``documents`` is null where Solr may hold something else, or nothing.
    "CREATE TABLE IF NOT EXISTS rows (id TEXT PRIMARY KEY, source TEXT NOT NULL, digest BLOB NOT NULL, "
    "picture BLOB NOT NULL, made TEXT NOT NULL, size INTEGER NOT NULL, changed INTEGER NOT NULL, documents INTEGER) "
    "WITHOUT ROWID",
    "CREATE INDEX IF NOT EXISTS rows_source ON rows (source)",
    "CREATE TABLE IF NOT EXISTS collection (state TEXT NOT NULL)",
    "CREATE TEMP TABLE pending (id TEXT PRIMARY KEY, source TEXT NOT NULL, digest BLOB NOT NULL, "
    "picture BLOB NOT NULL, made TEXT NOT NULL, size INTEGER NOT NULL, changed INTEGER NOT NULL) WITHOUT ROWID",
    "CREATE TEMP TABLE present (id TEXT PRIMARY KEY) WITHOUT ROWID",
    "CREATE TEMP TABLE there (id TEXT PRIMARY KEY, documents INTEGER NOT NULL) WITHOUT ROWID",
)


@dataclass(frozen=True)
class Row:
    """One row as it was sent.

    Attributes:
        id: of the row.
        digest: of all that the catalogue says in it.
        picture: SHA-256 of its picture's bytes; empty without one.
        made: what its documents were made with.
        size: of the picture's file, in bytes.
        changed: when that file was written, in nanoseconds; -1 where that is not to be relied on.
        trusted: whether Solr holds what was sent.
    """

    id: str
    digest: bytes
    picture: bytes
    made: str
    size: int
    changed: int
    trusted: bool = True


class Noted(Protocol):
    """Where it is noted what was sent: :class:`Sent`, or :class:`Unnoted`."""

    def rows(self, ids: Sequence[str]) -> Mapping[str, Row]:
        """Those of these rows that are known, by id."""
        ...

    def discard(self) -> None:
        """Forget what was noted and not confirmed."""
        ...

    def note(self, source: str, rows: Sequence[Row]) -> None:
        """These are about to be sent."""
        ...

    def looked(self, rows: Sequence[Row]) -> None:
        """The pictures of these rows are the same, in files that were written again."""
        ...

    def forget(self, ids: Sequence[str]) -> None:
        """These rows are deleted."""
        ...

    def confirm(self, client: SolrClient) -> None:
        """Solr has committed what was noted."""
        ...


class Sent:
    """One collection's file; one process at a time writes to it, under :meth:`vision.workspace.Workspace.sent`."""

    def __init__(self, file: Path) -> None:
        """Open the file, making it where there is none.

        Raises:
            StorageUnavailable: it cannot be used.
        """
        self._file = file
        with self._errors():
            file.parent.mkdir(parents=True, exist_ok=True)
            self._db = sqlite3.connect(file, timeout=_PATIENCE_S, isolation_level=None)
            try:
                databases.write_ahead(self._db, patience=_PATIENCE_S)
                self._db.execute("PRAGMA synchronous = FULL")
                for statement in _TABLES:
                    self._db.execute(statement)
            except BaseException:
                self._db.close()
                raise

    def __enter__(self) -> Self:
        """Use as a context manager that closes the file."""
        return self

    def __exit__(self, *_: object) -> None:
        """Close the file; what was not confirmed is forgotten."""
        self._db.close()

    def count(self, source: str | None = None) -> int:
        """How many rows are known, of one source where it is named."""
        sql = "SELECT count(*) FROM rows"
        return self._one(sql) if source is None else self._one(f"{sql} WHERE source = ?", source)

    def rows(self, ids: Sequence[str]) -> dict[str, Row]:
        """Those of these rows that are known, by id."""
        found: dict[str, Row] = {}
        with self._errors():
            for start in range(0, len(ids), _CHUNK):
                chunk = ids[start : start + _CHUNK]
                sql = f"SELECT * FROM rows WHERE id IN ({','.join('?' * len(chunk))})"
                for id, _, digest, picture, made, size, changed, documents in self._db.execute(sql, chunk):
                    found[id] = Row(id, digest, picture, made, size, changed, documents is not None)
        return found

    def compare(self, client: SolrClient) -> int:
        """See what Solr holds, where anybody wrote since it was last known; how many rows are to be sent again.

        Raises:
            SolrError: Solr did not answer or refused.
        """
        state = holding.state(client)
        with self._errors():
            known = self._db.execute("SELECT state FROM collection").fetchone()
            if known is not None and known[0] == state:
                return 0
            with databases.transaction(self._db):
                self._db.execute("DELETE FROM there")
                for page in holding.everything(client):
                    self._add_there(page)
                other = "(SELECT documents FROM there WHERE there.id = rows.id)"
                self._db.execute(f"UPDATE rows SET documents = NULL WHERE documents IS NOT {other}")
                self._db.execute("DELETE FROM there")
                self._keep_state(state)
            return self._one("SELECT count(*) FROM rows WHERE documents IS NULL")

    def begin(self) -> None:
        """Forget which rows of a catalogue are there, and what was noted and not confirmed."""
        self.discard()
        with self._errors():
            self._db.execute("DELETE FROM present")

    def discard(self) -> None:
        """Forget what was noted and not confirmed."""
        with self._errors():
            self._db.execute("DELETE FROM pending")

    def present(self, ids: Iterable[str]) -> None:
        """These rows are in the catalogue."""
        with self._errors(), databases.transaction(self._db):
            self._db.executemany("INSERT OR IGNORE INTO present VALUES (?)", ((id,) for id in ids))

    def gone(self, source: str) -> list[str]:
        """The rows of a source that are not present."""
        sql = "SELECT id FROM rows WHERE source = ? AND id NOT IN (SELECT id FROM present) ORDER BY id"
        with self._errors():
            return [id for (id,) in self._db.execute(sql, (source,))]

    def note(self, source: str, rows: Sequence[Row]) -> None:
        """These are about to be sent: until they are confirmed it is known of them that they may be there, no more."""
        values = [
            (each.id, source, each.digest, each.picture, each.made, each.size, each.changed, None) for each in rows
        ]
        with self._errors(), databases.transaction(self._db):
            self._db.executemany("INSERT OR REPLACE INTO rows VALUES (?, ?, ?, ?, ?, ?, ?, ?)", values)
            self._db.executemany(
                "INSERT OR REPLACE INTO pending VALUES (?, ?, ?, ?, ?, ?, ?)", (each[:-1] for each in values)
            )

    def made(self, made: str) -> None:
        """What is pending and has a picture was made with this."""
        with self._errors():
            self._db.execute("UPDATE pending SET made = ? WHERE picture <> x''", (made,))

    def looked(self, rows: Sequence[Row]) -> None:
        """The pictures of these rows are the same, in files that were written again."""
        values = ((each.size, each.changed, each.id) for each in rows)
        with self._errors(), databases.transaction(self._db):
            self._db.executemany("UPDATE rows SET size = ?, changed = ? WHERE id = ?", values)

    def forget(self, ids: Sequence[str]) -> None:
        """These rows are deleted, or written by somebody who does not note them."""
        with self._errors(), databases.transaction(self._db):
            self._db.executemany("DELETE FROM rows WHERE id = ?", ((id,) for id in ids))

    def confirm(self, client: SolrClient, *, alone: bool = True, anew: bool = False) -> None:
        """Keep what was noted, after Solr has committed it.

        Args:
            client: of the collection.
            alone: whether nobody else wrote since :meth:`compare`, as far as is known.
            anew: whether the collection holds nothing else.

        Raises:
            SolrRefused: some of it is not there.
        """
        with self._errors():
            ids = (id for (id,) in self._db.execute("SELECT id FROM pending").fetchall())
            with databases.transaction(self._db):
                self._db.execute("DELETE FROM there")
                while chunk := list(islice(ids, _ASKED)):
                    self._add_there(holding.of(client, chunk))
                missing = self._one("SELECT count(*) FROM pending WHERE id NOT IN (SELECT id FROM there)")
                if missing:
                    raise SolrRefused(
                        f"Solr lacks {missing:,} of the rows that were sent to {client.collection!r}; run the same "
                        "command again, and look into Solr's log if that does not help",
                        status=500,
                    )
                if anew:
                    self._db.execute("DELETE FROM rows")
                self._db.execute(
                    "INSERT OR REPLACE INTO rows SELECT id, source, digest, picture, made, size, changed, documents "
                    "FROM pending JOIN there USING (id)"
                )
                self._db.execute("DELETE FROM pending")
                self._db.execute("DELETE FROM there")
                self._keep_state(holding.state(client) if alone else "")

    def _add_there(self, documents: Iterable[tuple[str, int]]) -> None:
        add = f"documents = (documents + excluded.documents) & {holding.MASK}"
        self._db.executemany(f"INSERT INTO there VALUES (?, ?) ON CONFLICT (id) DO UPDATE SET {add}", documents)

    def _keep_state(self, state: str) -> None:
        self._db.execute("DELETE FROM collection")
        self._db.execute("INSERT INTO collection VALUES (?)", (state,))

    def _one(self, sql: str, *values: str) -> int:
        with self._errors():
            return int(self._db.execute(sql, values).fetchone()[0])

    @contextmanager
    def _errors(self) -> Iterator[None]:
        try:
            yield
        except (sqlite3.Error, OSError) as error:
            raise StorageUnavailable(
                f"what was sent is kept in {self._file}, which cannot be used: {error}; its disk may be full: make "
                "room or make it writable, or delete it: everything is then sent once more"
            ) from error


class Unnoted:
    """For rows of no catalogue: every one is sent, and whatever a catalogue sent by the same id is forgotten."""

    def __init__(self, sent: Sent) -> None:
        """``sent`` is where it is forgotten."""
        self._sent = sent

    def rows(self, ids: Sequence[str]) -> Mapping[str, Row]:
        """None is known."""
        return {}

    def discard(self) -> None:
        """Nothing is kept."""

    def note(self, source: str, rows: Sequence[Row]) -> None:
        """Forget them, before Solr has them: a catalogue that knows better sends its own again."""
        self._sent.forget([each.id for each in rows])

    def looked(self, rows: Sequence[Row]) -> None:
        """Nothing is kept."""

    def forget(self, ids: Sequence[str]) -> None:
        """They are deleted."""
        self._sent.forget(ids)

    def confirm(self, client: SolrClient) -> None:
        """Nothing is kept."""
