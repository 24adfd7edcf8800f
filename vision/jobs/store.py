"""Where jobs are written down: one SQLite file below the home folder, beside the answers and logs of those over HTTP.

Any process may read, and ask a job to end; each job is written by its own process alone, until it is deleted.
"""

from __future__ import annotations

import secrets
import sqlite3
import time
from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any, Final

import msgspec

from vision.errors import Busy, Conflict, NotFound, StorageUnavailable
from vision.jobs.model import Job, Reached, State
from vision.processes import alive

KEPT: Final = 200
"""Jobs that ended and are kept; older ones go when another one begins."""
_ID_BYTES: Final = 8
_PATIENCE_S: Final = 10
_QUOTED: Final = 2000
_COLUMNS: Final = (
    "id, kind, title, by, started, pid, created, over_http, state, stage, label, done, total, ended, error, summary, "
    "asked, seen"
)
_SCHEMA: Final = (
    "CREATE TABLE IF NOT EXISTS jobs (id TEXT PRIMARY KEY, kind TEXT NOT NULL, title TEXT NOT NULL, by TEXT NOT NULL, "
    "started REAL NOT NULL, pid INTEGER NOT NULL, created REAL NOT NULL, over_http INTEGER NOT NULL, "
    "state TEXT NOT NULL, stage TEXT NOT NULL, label TEXT NOT NULL, done INTEGER NOT NULL, total INTEGER, ended REAL, "
    "error TEXT, summary TEXT NOT NULL, asked INTEGER NOT NULL, seen REAL NOT NULL)"
)


def new_id() -> str:
    """An id for a job."""
    return secrets.token_hex(_ID_BYTES)


class Jobs:
    """The jobs of a home folder; safe to share between threads and processes."""

    def __init__(self, folder: Path, *, clock: Callable[[], float] = time.time) -> None:
        """``folder`` is made when the first job begins; ``clock`` gives seconds since 1970."""
        self.folder = folder
        self.clock = clock

    def log(self, id: str) -> Path:
        """What the process of a job over HTTP prints."""
        return self.folder / f"{id}.log"

    def answer(self, id: str) -> Path:
        """What a job over HTTP answered, as JSON."""
        return self.folder / f"{id}.json"

    def keep(self, id: str, answer: bytes) -> None:
        """Write a job's answer, whole or not at all."""
        partial = self._partial(id)
        partial.write_bytes(answer)
        partial.replace(self.answer(id))

    def add(self, job: Job, *, limit: int | None = None) -> None:
        """Write a job down as it begins; the oldest of those that ended go.

        Raises:
            Busy: as many as ``limit`` run, of those over HTTP.
            VisualSearchError: the file cannot be written.
        """
        with self._opened() as database:
            database.execute("BEGIN IMMEDIATE")
            known = self._all(database)
            if limit is not None:
                self.check_limit(limit, known)
            for old in [each for each in known if not each.is_running][KEPT - 1 :]:
                self._delete(database, old.id)
            values = (
                *(job.id, job.kind, job.title, job.by, job.started, job.pid, job.created, job.over_http, job.state),
                *(job.reached.stage, job.reached.label, job.reached.done, job.reached.total),
                *(job.ended, job.error, _encoded(job.summary), job.asked, self.clock()),
            )
            database.execute(f"INSERT INTO jobs ({_COLUMNS}) VALUES ({', '.join('?' * len(values))})", values)
            database.execute("COMMIT")

    def check_limit(self, limit: int, known: Collection[Job] | None = None) -> None:
        """Refuse one more job over HTTP where as many run as may.

        Raises:
            Busy: naming those that run.
        """
        found = self.all() if known is None else known
        running = [each for each in found if each.is_running and each.over_http]
        if len(running) >= limit:
            names = "; ".join(f"{each.title} ({each.id})" for each in running)
            raise Busy(
                f"{len(running)} of at most {limit} jobs run ({names}); wait for one of them, cancel one, or set "
                "VISUAL_SEARCH_JOBS"
            )

    def note(self, id: str, reached: Reached) -> bool:
        """Write down how far a job is; returns whether it was asked to end."""
        with self._opened() as database:
            values = (reached.stage, reached.label, reached.done, reached.total, self.clock(), id)
            database.execute("UPDATE jobs SET stage = ?, label = ?, done = ?, total = ?, seen = ? WHERE id = ?", values)
            row = database.execute("SELECT asked FROM jobs WHERE id = ?", (id,)).fetchone()
        return bool(row and row[0])

    def asked(self, id: str) -> bool:
        """Whether a job was asked to end."""
        with self._opened() as database:
            row = database.execute("SELECT asked FROM jobs WHERE id = ?", (id,)).fetchone()
        return bool(row and row[0])

    def finish(
        self, id: str, state: State, reached: Reached, *, error: str | None = None, summary: Mapping[str, Any]
    ) -> None:
        """Write down how a job ended."""
        with self._opened() as database:
            now = self.clock()
            database.execute(
                "UPDATE jobs SET state = ?, stage = ?, label = ?, done = ?, total = ?, error = ?, summary = ?, "
                "ended = ?, seen = ? WHERE id = ?",
                (
                    *(state, reached.stage, reached.label, reached.done, reached.total),
                    *(error, _encoded(summary), now, now, id),
                ),
            )

    def cancel(self, id: str) -> Job:
        """Ask a job to end; its process does so at its next step, or is woken. Asking twice is no error.

        Raises:
            NotFound: there is no such job.
            Conflict: it ended already.
        """
        job = self.get(id)
        if not job.is_running:
            raise Conflict(f"job {id} is {job.state}; only one that runs can be cancelled")
        with self._opened() as database:
            database.execute("UPDATE jobs SET asked = 1 WHERE id = ?", (id,))
        return self.get(id)

    def get(self, id: str) -> Job:
        """One job.

        Raises:
            NotFound: there is no such job.
        """
        if self._file.exists():
            with self._opened() as database:
                row = database.execute(f"SELECT {_COLUMNS} FROM jobs WHERE id = ?", (id,)).fetchone()
                if row is not None:
                    return self._job(row)
        raise NotFound(f"there is no job {id[:40]!r}; `visual-search jobs list` and GET /v1/jobs name them")

    def all(self) -> list[Job]:
        """All jobs, newest first."""
        if not self._file.exists():
            return []
        with self._opened() as database:
            return self._all(database)

    def delete(self, id: str) -> None:
        """Forget a job that ended, its answer and its log.

        Raises:
            NotFound: there is no such job.
            Conflict: it runs.
        """
        if self.get(id).is_running:
            raise Conflict(f"job {id} runs; cancel it first")
        with self._opened() as database:
            self._delete(database, id)

    @property
    def _file(self) -> Path:
        return self.folder / "jobs.sqlite"

    def _partial(self, id: str) -> Path:
        return self.answer(id).with_suffix(".partial")

    def _all(self, database: sqlite3.Connection) -> list[Job]:
        rows = database.execute(f"SELECT {_COLUMNS} FROM jobs ORDER BY started DESC, id").fetchall()
        return [self._job(row) for row in rows]

    def _job(self, row: tuple[Any, ...]) -> Job:
        """A row as it is now: of one that says that it runs, the process is looked for.

        What was found is not written down: the process may be on another machine that shares the folder.
        """
        id, kind, title, by, started, pid, created, over_http, state, stage, label, done, total, *rest = row
        ended, error, summary, asked, seen = rest
        state = State(state)
        if state is State.RUNNING and alive(pid, created) is None:
            state, ended, error = State.INTERRUPTED, seen, self._last_words(id)
        return Job(
            id=id,
            kind=kind,
            title=title,
            by=by,
            started=started,
            pid=pid,
            created=created,
            over_http=bool(over_http),
            state=state,
            reached=Reached(stage, label, done, total),
            ended=ended,
            error=error,
            summary=msgspec.json.decode(summary),
            asked=bool(asked),
        )

    def _last_words(self, id: str) -> str:
        said = "its process ended without saying why: killed, out of memory, or the machine was"
        try:
            log = self.log(id).read_bytes()[-_QUOTED:].decode("utf-8", "replace").strip()
        except OSError:
            return said
        return f"{said}; its log ends: {log}" if log else said

    def _delete(self, database: sqlite3.Connection, id: str) -> None:
        database.execute("DELETE FROM jobs WHERE id = ?", (id,))
        for path in (self.log(id), self.answer(id), self._partial(id)):
            path.unlink(missing_ok=True)

    @contextmanager
    def _opened(self) -> Iterator[sqlite3.Connection]:
        try:
            self.folder.mkdir(parents=True, exist_ok=True, mode=0o700)
            with closing(sqlite3.connect(self._file, timeout=_PATIENCE_S, isolation_level=None)) as database:
                # A record of what runs need not survive a power cut; a process that is killed damages nothing.
                database.execute("PRAGMA synchronous = OFF")
                database.execute(_SCHEMA)
                yield database
        except (sqlite3.Error, OSError) as error:
            raise StorageUnavailable(
                f"the jobs in {self._file} cannot be read or written: {error}; delete it to begin a new one"
            ) from error


def _encoded(summary: Mapping[str, Any]) -> str:
    return msgspec.json.encode(dict(summary)).decode()
