"""A server of one home folder: started, found and ended, by whichever process of ours.

One server per home. What is started is written to ``<home>/run/state.json``; only that process is ever ended.
"""

from __future__ import annotations

import os
import secrets
import subprocess
import sys
import time
from abc import ABC, abstractmethod
from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path
from types import TracebackType
from typing import Self

import psutil

from vision import processes
from vision.errors import SolrNotStarted
from vision.locks import file_lock
from vision.settings import Settings
from vision.solr.embedded import classes, watchdog
from vision.solr.embedded.home import CONSOLE, choose_port, quote_logs
from vision.solr.embedded.jars import Progress, committed_lock, ensure_jars, folder_of
from vision.solr.embedded.java import Java, find_java
from vision.solr.embedded.jvm import Launch, environment, heap_megabytes
from vision.solr.embedded.state import State, find, read_state, write_state
from vision.solr.resources import embedded_dir

_STOP_TIMEOUT_S = 30.0
_PORT_TRIES = 3
_POLL_S = 0.1


class _PortTaken(SolrNotStarted):
    """Another process was quicker to listen on the chosen port."""


class Server(ABC):
    """One Java server, running or not."""

    title: str
    """What it is called in messages."""
    port: int
    """The first port that is tried, or the only one."""

    def __init__(
        self,
        settings: Settings,
        *,
        home: Path,
        port: int,
        heap: str,
        java: Java | None = None,
        timeout: float = 120.0,
        progress: Progress | None = None,
        fixed: bool = False,
    ) -> None:
        """Nothing is started, written or looked for yet.

        Args:
            settings: Say where jars are kept.
            home: The server's folder: its data, logs and the state file.
            port: The first port tried; 0 for any free one.
            heap: As Java's -Xmx.
            java: The best of this machine by default.
            timeout: Seconds from launch to the first answer, before it is given up.
            progress: Told about each jar while they are fetched.
            fixed: Whether it must be this very port.

        Raises:
            BadSetting: a heap that is not written as Java wants it.
        """
        self.home = home.absolute()
        self._settings = settings
        self.port = port
        self._heap = heap
        heap_megabytes(heap)
        self._java = java
        self._timeout = timeout
        self._progress = progress
        self._fixed = fixed
        self._owned: subprocess.Popen[bytes] | None = None
        self._watchdog: subprocess.Popen[bytes] | None = None

    @abstractmethod
    def _command(self, launch: Launch) -> list[str]:
        """The whole command line of one start."""

    @abstractmethod
    def _prepare(self, launch: Launch) -> None:
        """Make the folder ready for a start.

        Raises:
            SolrNotStarted: it cannot be written.
        """

    @abstractmethod
    def _answers(self, state: State) -> bool:
        """Whether this very server answers."""

    def _settled(self, state: State) -> bool:
        """Whether it has nothing more to load before it is of use; it is not waited for after the timeout."""
        return True

    def _gave_up(self) -> bool:
        """Whether it ended but for threads that it leaves behind."""
        return False

    def _accept(self) -> None:
        """Look at the settings of the one that runs already.

        Raises:
            BadSetting: they are not those that were asked for.
        """
        return

    def state(self) -> State | None:
        """What was written down about the running server; None when it does not run, whatever a stale file says."""
        state = read_state(self._state_file)
        return state if state is not None and find(state) is not None else None

    def start(self) -> bool:
        """Start it so that it outlives us, and wait until it answers; False when it ran already.

        Raises:
            SolrNotStarted: no jars, no Java, or no answer in time; quotes the log.
        """
        started = self._start()
        if started is not None:
            processes.release(started)
        return started is not None

    def stop(self) -> bool:
        """End the server of this home, and no other process; False when none ran.

        Waits for it to finish and close; kills it after half a minute.
        """
        if not self._state_file.exists():
            return False
        with self._lock():
            state = read_state(self._state_file)
            running = None if state is None else find(state)
            if running is not None:
                processes.end(running, timeout=_STOP_TIMEOUT_S)
                self._keep_classes()
            self._state_file.unlink(missing_ok=True)
        return running is not None

    def __enter__(self) -> Self:
        """Start it, or use the one that runs for this home already; that one is left running at the end.

        Raises:
            SolrNotStarted: as :meth:`start`.
        """
        self._owned = self._start(watched=True)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """End it if this block started it."""
        owned, self._owned = self._owned, None
        if owned is not None:
            with self._lock():
                self._end(owned)

    @property
    def _state_file(self) -> Path:
        return self._run / "state.json"

    @property
    def _run(self) -> Path:
        return self.home / "run"

    def _lock(self) -> AbstractContextManager[None]:
        patience = self._timeout + _STOP_TIMEOUT_S
        return file_lock(self._run / "lock", timeout=patience, doing=f"starting or stopping {self.title}")

    def _start(self, *, watched: bool = False) -> subprocess.Popen[bytes] | None:
        """The process that was started and answers; None when one of this home ran already."""
        if self.state() is None:
            # Before the lock: a slow download may take longer than others wait for it.
            ensure_jars(self._settings.cache, progress=self._progress)
        with self._lock():
            state = read_state(self._state_file)
            running = None if state is None else find(state)
            if state is not None and running is not None:
                self._accept()
                self._wait(state, running.is_running)
                return None
            self._state_file.unlink(missing_ok=True)
            jars = ensure_jars(self._settings.cache, progress=self._progress)
            java = self._java or find_java()
            port = self.port
            for attempt in range(_PORT_TRIES):
                launch = Launch(
                    java=java,
                    jars=jars,
                    embedded=embedded_dir(),
                    home=self.home,
                    port=self._chosen(port),
                    heap=self._heap,
                    token=secrets.token_hex(8),
                    sharing=classes.flags(java, jars, self._run),
                )
                try:
                    return self._launch(launch, watched=watched)
                except _PortTaken:
                    if self._fixed or attempt == _PORT_TRIES - 1:
                        raise
                    port = 0
            raise AssertionError("the loop returns or raises")

    def _chosen(self, port: int) -> int:
        found = choose_port(port)
        if self._fixed and found != port:
            raise SolrNotStarted(
                f"{self.title} of {self.home} is known by its port {port}, and another process has that port; end "
                "that one"
            )
        return found

    def _launch(self, launch: Launch, *, watched: bool) -> subprocess.Popen[bytes]:
        self._prepare(launch)
        try:
            started = processes.spawn(
                self._command(launch), environ=environment(os.environ), cwd=self.home, log=launch.logs / CONSOLE
            )
        except OSError as error:
            raise SolrNotStarted(f"{launch.java.path} (from {launch.java.source}) could not be run: {error}") from error
        try:
            created = psutil.Process(started.pid).create_time()
            if watched:
                self._watchdog = _watch(started.pid, created)
            state = State(
                started.pid, created, launch.port, str(self.home), str(launch.java.path), launch.heap, launch.token
            )
            write_state(self._state_file, state)
            self._wait(state, lambda: started.poll() is None)
        except BaseException:
            # Also on Ctrl+C: nothing half-started stays behind.
            self._end(started)
            raise
        return started

    def _wait(self, state: State, alive: Callable[[], bool]) -> None:
        """Return once this very server answers and has settled."""
        deadline = time.monotonic() + self._timeout
        answered = False
        while alive() and not self._gave_up():
            answered = answered or self._answers(state)
            late = time.monotonic() > deadline
            if answered and (late or self._settled(state)):
                return
            if late:
                raise SolrNotStarted(
                    f"{self.title} (process {state.pid}, port {state.port}) did not answer within {self._timeout:g} s; "
                    f"its log ends with\n{quote_logs(self.home, since=state.created)}"
                )
            time.sleep(_POLL_S)
        quoted = quote_logs(self.home, since=state.created)
        kind = _PortTaken if "Address already in use" in quoted or "Failed to bind" in quoted else SolrNotStarted
        raise kind(
            f"{self.title} ended before it answered ({state.java}, -Xmx{state.heap}); its log ends with\n{quoted}"
        )

    def _end(self, started: subprocess.Popen[bytes]) -> None:
        """End our own child, forget it, and let its watchdog see that there is nothing left to do."""
        try:
            if started.poll() is None:
                processes.end(psutil.Process(started.pid), timeout=_STOP_TIMEOUT_S)
            started.wait()
            self._keep_classes()
        finally:
            state = read_state(self._state_file)
            if state is not None and state.pid == started.pid:
                self._state_file.unlink(missing_ok=True)
            if self._watchdog is not None:
                self._watchdog.communicate()
                self._watchdog = None

    def _keep_classes(self) -> None:
        classes.keep(self._run, folder_of(self._settings.cache, committed_lock()))


def _watch(pid: int, created: float) -> subprocess.Popen[bytes]:
    """A process that ends the server when ours is gone; see :mod:`vision.solr.embedded.watchdog`."""
    # -P: this folder's modules must not stand in for the standard library's.
    script = [sys.executable, "-P", watchdog.__file__, str(pid), repr(created)]
    return subprocess.Popen(
        script, stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True
    )


def run_tool(command: list[str], *, timeout: float) -> subprocess.CompletedProcess[str]:
    """Run one of Solr's own tools to its end, in the environment that servers get."""
    return subprocess.run(command, env=environment(os.environ), capture_output=True, text=True, timeout=timeout)
