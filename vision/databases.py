"""What all SQLite files of this product have in common: a journal ahead of the file, transactions that are whole."""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

_PAUSE_S: Final = 0.01


def write_ahead(database: sqlite3.Connection, *, patience: float) -> None:
    """Let readers go on while somebody writes; kept by the file.

    SQLite does not wait by itself where two open a new file at once.

    Raises:
        sqlite3.Error: not within ``patience`` seconds, or the file cannot be written.
    """
    deadline = time.monotonic() + patience
    while True:
        try:
            if database.execute("PRAGMA journal_mode").fetchone()[0] != "wal":
                database.execute("PRAGMA journal_mode = WAL")
            return
        except sqlite3.OperationalError as error:
            if error.sqlite_errorcode & 0xFF != sqlite3.SQLITE_BUSY or time.monotonic() > deadline:
                raise
            time.sleep(_PAUSE_S)


@contextmanager
def transaction(database: sqlite3.Connection) -> Iterator[sqlite3.Connection]:
    """One that nobody else writes in: all of it is kept, or none. The connection commits nothing by itself."""
    database.execute("BEGIN IMMEDIATE")
    try:
        yield database
        database.execute("COMMIT")
    except BaseException:
        if database.in_transaction:
            database.execute("ROLLBACK")
        raise
