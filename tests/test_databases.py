"""SQLite files opened by several at once, and transactions that are broken off."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from contextlib import closing
from pathlib import Path

import pytest

from vision import databases


def opened(path: Path) -> sqlite3.Connection:
    return sqlite3.connect(path, timeout=10, isolation_level=None)


def mode(path: Path) -> str:
    with closing(opened(path)) as database:
        databases.write_ahead(database, patience=10)
        return str(database.execute("PRAGMA journal_mode").fetchone()[0])


def test_many_may_open_a_new_file_at_once(tmp_path: Path) -> None:
    paths = [tmp_path / f"{number // 8}.sqlite" for number in range(80)]
    with ProcessPoolExecutor(8) as pool:
        assert set(pool.map(mode, paths)) == {"wal"}


def test_an_interrupted_transaction_leaves_nothing_and_blocks_nothing(tmp_path: Path) -> None:
    with closing(opened(tmp_path / "a.sqlite")) as database:
        database.execute("CREATE TABLE kept (number INTEGER)")

        def interrupted() -> Iterator[tuple[int]]:
            yield (1,)
            raise KeyboardInterrupt

        with pytest.raises(KeyboardInterrupt), databases.transaction(database):
            database.executemany("INSERT INTO kept VALUES (?)", interrupted())
        with databases.transaction(database) as same:
            same.execute("INSERT INTO kept VALUES (2)")
        assert database.execute("SELECT number FROM kept").fetchall() == [(2,)]
