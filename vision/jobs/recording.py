"""A command while it runs: bars in the terminal, its progress in the store, and ended when somebody asks.

The command tells one callable how far it is. That only keeps what it was told; a thread writes it down a few times a
second, and learns on the way whether the job is to end. It then ends as Ctrl+C ends it, at its next step; where that
does not come soon, the thread sends the main thread the signal of Ctrl+C.
"""

from __future__ import annotations

import _thread
import getpass
import os
import signal
import sys
import threading
import time
import traceback
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from typing import Any, Final

import click
import psutil

from vision.console import Progress, progress_bars
from vision.errors import VisualSearchError
from vision.jobs.model import Job, Reached, State
from vision.jobs.store import Jobs, new_id
from vision.settings import Settings
from vision.workspace import Workspace

PERIOD_S: Final = 0.25
"""Between two writes."""
_HEARD_S: Final = 2.0
_GRACE_S: Final = 1.0
_QUOTED: Final = 2000


class Cancelled(KeyboardInterrupt):
    """Somebody asked this job to end: what Ctrl+C is, from elsewhere."""


class Recorder:
    """Progress of one job: call it as a :class:`~vision.console.Progress`, and leave the rest to it."""

    def __init__(self, jobs: Jobs, job: Job, bars: Progress, labels: Mapping[str, str], *, after: float | None) -> None:
        """Prepare; nothing is written yet.

        Args:
            jobs: the store.
            job: as it begins.
            bars: told the same.
            labels: what a stage is called.
            after: seconds before it is written down at all; None of one that is.
        """
        self.id = job.id
        self.summary: Mapping[str, Any] = {}
        """Figures of what was done, for whoever looks at the job later."""
        self.cancelled = False
        """Whether it was ended from elsewhere."""
        self.jobs = jobs
        self._job, self._bars, self._labels = job, bars, labels
        self._after = after
        self._written = after is None
        self._reached = Reached()
        self._farthest: dict[str, int] = {}
        self._asked: float | None = None
        self._lock = threading.Lock()
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._watch, name="job", daemon=True)
        self._owner = threading.current_thread()

    def __call__(self, stage: str, done: int, total: int | None) -> None:
        """Note how far a stage is; one that is gone through again does not go back.

        Raises:
            Cancelled: somebody asked this job to end.
        """
        self._bars(stage, done, total)
        farthest = self._farthest[stage] = max(done, self._farthest.get(stage, 0))
        self._reached = Reached(stage, self._labels.get(stage, stage), farthest, total)
        # Also after the signal: whatever was imported or computed may have swallowed it.
        if self._asked is not None and threading.current_thread() is self._owner and not self._over.is_set():
            with self._lock:
                self.cancelled = True
            raise Cancelled

    def begin(self) -> None:
        """Write the job down, and watch from now on."""
        if self._after == 0:
            self._add()
        self._thread.start()

    def close(self) -> None:
        """Take no more notice of who asks it to end."""
        with self._lock:
            self._over.set()

    def end(self, state: State, error: str | None = None) -> None:
        """Write down how it ended."""
        self.close()
        self._thread.join()
        if self._written:
            with suppress(VisualSearchError):
                self.jobs.finish(self.id, state, self._reached, error=error, summary=self.summary)

    def _add(self) -> None:
        try:
            self.jobs.add(self._job)
            self._written = True
        except VisualSearchError as error:  # what it does matters more than that it is listed
            click.echo(f"not listed by `visual-search jobs`: {error}", err=True)
            self._after = float("inf")

    def _watch(self) -> None:
        began = noted = time.monotonic()
        last = self._reached
        while not self._over.wait(PERIOD_S):
            now = time.monotonic()
            if not self._written:
                if self._after is not None and now - began >= self._after:
                    self._add()
                continue
            with suppress(VisualSearchError):
                reached = self._reached
                if reached != last or now - noted > _HEARD_S:
                    asked = self.jobs.note(self.id, reached)
                    last, noted = reached, now
                else:
                    asked = self.jobs.asked(self.id)
                if asked and self._asked is None:
                    self._asked = now
            if self._asked is not None and now - self._asked > _GRACE_S:
                self._wake()

    def _wake(self) -> None:
        """Do what Ctrl+C does, once: a signal also ends a wait for an answer."""
        if self._owner is not threading.main_thread():
            return
        with self._lock:
            if self.cancelled or self._over.is_set():
                return
            self.cancelled = True
            if sys.platform == "win32":
                _thread.interrupt_main()
            else:
                signal.pthread_kill(self._owner.ident or 0, signal.SIGINT)


@contextmanager
def recorded(
    settings: Settings,
    kind: str,
    title: str,
    stages: Mapping[str, str] | None = None,
    *,
    id: str | None = None,
    after: float = 0.0,
) -> Iterator[Recorder]:
    """A long command: bars on stderr, and a job that others see and can end.

    Args:
        settings: whose home folder it is written down in.
        kind: the command's name.
        title: one line.
        stages: what stages are called.
        id: of a job that is written down already, for this process.
        after: seconds after which it is written down, where it is often short.
    """
    labels = dict(stages or {})
    jobs = Workspace(settings).jobs()
    job = this_process(kind, title, jobs.clock(), id=id)
    recorder: Recorder | None = None
    try:
        with progress_bars(labels) as bars:
            recorder = Recorder(jobs, job, bars, labels, after=None if id is not None else after)
            recorder.begin()
            try:
                yield recorder
                recorder.close()
            except BaseException as error:
                recorder.end(*_outcome(error, quoted=id is not None))
                raise
            recorder.end(State.DONE)
    except KeyboardInterrupt:
        if recorder is not None and recorder.cancelled:
            click.echo(f"job {job.id} was cancelled", err=True)
        raise


def this_process(kind: str, title: str, now: float, *, id: str | None = None) -> Job:
    """A job of the process that asks."""
    me = psutil.Process()
    return Job(id or new_id(), kind, title, _user(), now, me.pid, me.create_time())


def _outcome(error: BaseException, *, quoted: bool) -> tuple[State, str | None]:
    if isinstance(error, KeyboardInterrupt):
        return State.CANCELLED, None
    if isinstance(error, SystemExit):
        return State.INTERRUPTED, "its process was told to end"
    if isinstance(error, VisualSearchError | click.ClickException):
        return State.FAILED, str(error)
    words = f"unexpected: {type(error).__name__}: {error}"
    if quoted:
        words += "; its log ends: " + "".join(traceback.format_exception(error))[-_QUOTED:].strip()
    return State.FAILED, words


def _user() -> str:
    try:
        return getpass.getuser()
    except (OSError, KeyError):  # a number without a name, as containers have
        return str(os.getuid()) if hasattr(os, "getuid") else ""
