"""SQLite files that others write to meanwhile: copied as of one moment, written over in one transaction, merged."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Final

from vision.errors import BadSetting

_PATIENCE_S: Final = 60


def copy(source: Path, target: Path) -> None:
    """Make ``target``, a new file, what ``source`` is at one moment, whatever is written meanwhile.

    Raises:
        BadSetting: one cannot be read or the other not written.
    """
    with _said(f"{source} cannot be copied to {target}"):
        _check_there(source)
        with closing(_open(source)) as one, closing(_open(target)) as other:
            one.backup(other)
            other.execute("PRAGMA journal_mode = DELETE")  # one file is all of it


def overwrite(source: Path, target: Path) -> None:
    """Make ``target`` what ``source`` is, all or nothing: its readers and writers go on with it, it is the same file.

    Raises:
        BadSetting: one cannot be read or the other not written.
    """
    with _said(f"{target} cannot be written over"):
        _check_there(source)
        target.parent.mkdir(parents=True, exist_ok=True)
        with closing(_open(source)) as one, closing(_open(target)) as other:
            other.execute("PRAGMA synchronous = FULL")
            one.backup(other)


def merge(source: Path, target: Path) -> None:
    """Add to ``target`` the rows of ``source`` whose keys it does not have, all or none; make it where there is none.

    Raises:
        BadSetting: one cannot be read or the other not written.
    """
    if not target.exists():
        overwrite(source, target)
        return
    with _said(f"{source} cannot be added to {target}"):
        _check_there(source)
        with closing(_open(target)) as database:
            database.execute("PRAGMA synchronous = FULL")
            database.execute("ATTACH ? AS source", (str(source),))
            tables = database.execute("SELECT name, sql FROM source.sqlite_schema WHERE type = 'table'").fetchall()
            with database:
                for name, sql in tables:
                    if not database.execute("SELECT 1 FROM main.sqlite_schema WHERE name = ?", (name,)).fetchone():
                        database.execute(sql)
                    database.execute(f'INSERT OR IGNORE INTO main."{name}" SELECT * FROM source."{name}"')
            database.execute("DETACH source")


def remove(path: Path) -> None:
    """Delete a file that nobody uses, and what SQLite keeps beside it."""
    for suffix in ("-wal", "-shm", "-journal", ""):
        Path(f"{path}{suffix}").unlink(missing_ok=True)


def _open(path: Path) -> sqlite3.Connection:
    return sqlite3.connect(path, timeout=_PATIENCE_S)


def _check_there(path: Path) -> None:
    """SQLite would make an empty one."""
    os.stat(path)


@contextmanager
def _said(what: str) -> Iterator[None]:
    try:
        yield
    except (sqlite3.Error, OSError) as error:
        raise BadSetting(f"{what}: {error}; see that both can be written and the disk is not full") from (error)
