"""Start, find and end the embedded Solr.

    with EmbeddedSolr(settings, home=folder) as solr:   # ends with the block, and with us if we are killed
        requests.get(f"{solr.url}/admin/info/system")

    EmbeddedSolr(settings).start()                      # lives on; another process finds it and ends it
    EmbeddedSolr(settings).stop()

One server per home. What is started is written to ``<home>/run/state.json``; only that process is ever ended.
"""

from __future__ import annotations

import os
import secrets
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import replace
from pathlib import Path
from types import TracebackType
from typing import Self

import psutil

from vision.errors import BadSetting, SolrNotStarted
from vision.locks import file_lock
from vision.settings import Settings
from vision.solr import auth, process, watchdog
from vision.solr.home import CONSOLE, choose_port, cores_to_load, prepare, quote_logs, start_failed, vectors_enabled
from vision.solr.jars import Progress, ensure_jars
from vision.solr.java import Java, find_java
from vision.solr.jvm import Launch, command, environment, heap_megabytes
from vision.solr.process import State
from vision.solr.resources import embedded_dir
from vision.solr.status import SolrStatus, answers_with, read_status, settled_cores

_STOP_TIMEOUT_S = 30.0
_PORT_TRIES = 3
_POLL_S = 0.1


class _PortTaken(SolrNotStarted):
    """Another process was quicker to listen on the chosen port."""


class EmbeddedSolr:
    """The embedded Solr of one home folder, running or not."""

    def __init__(
        self,
        settings: Settings,
        *,
        home: Path | None = None,
        port: int | None = None,
        heap: str | None = None,
        java: Java | None = None,
        timeout: float = 120.0,
        progress: Progress | None = None,
        config_edit: bool = False,
        auth: bool | None = None,
    ) -> None:
        """Nothing is started, written or looked for yet.

        Args:
            settings: Gives what the other arguments leave open.
            home: Solr's home: cores, configsets, logs and the state file. ``settings.home/"solr"`` by default.
            port: The first port tried; 0 for any free one.
            heap: As Java's -Xmx.
            java: The best of this machine by default.
            timeout: Seconds from launch to the first answer, before it is given up.
            progress: Told about each jar while they are fetched.
            config_edit: Whether Solr's Config API may change handlers; our own configset needs no such change.
            auth: Whether Solr asks for a password, from its next start on; None leaves that as it was.

        Raises:
            BadSetting: a heap that is not written as Java wants it.
        """
        self.home = (home or settings.home / "solr").absolute()
        self._settings = settings
        self._port = settings.solr_port if port is None else port
        self._heap = heap or settings.solr_heap
        heap_megabytes(self._heap)
        self._java = java
        self._timeout = timeout
        self._progress = progress
        self._config_edit = config_edit
        self._auth = auth
        self._owned: subprocess.Popen[bytes] | None = None
        self._watchdog: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        """The base URL, as ``http://127.0.0.1:8983/solr``; it signs in where Solr asks for a password.

        Raises:
            SolrNotStarted: it does not run.
        """
        state = self.state()
        if state is None:
            raise SolrNotStarted(f"no embedded Solr runs for {self.home}; start one with: visual-search solr start")
        return auth.signed_in(state.url, self.home)

    def state(self) -> State | None:
        """What was written down about the running server; None when it does not run, whatever a stale file says."""
        state = process.read_state(self._state_file)
        return state if state is not None and process.find(state) is not None else None

    def start(self) -> bool:
        """Start it so that it outlives us, and wait until it answers; False when it ran already.

        Raises:
            SolrNotStarted: no jars, no Java, or no answer in time; quotes the log.
        """
        started = self._start()
        if started is not None:
            process.release(started)
        return started is not None

    def stop(self) -> bool:
        """End the server of this home, and no other process; False when none ran.

        Waits for Solr to commit and close; kills it after half a minute.
        """
        if not self._state_file.exists():
            return False
        with self._lock():
            state = process.read_state(self._state_file)
            running = None if state is None else process.find(state)
            if running is not None:
                process.end(running, timeout=_STOP_TIMEOUT_S)
            self._state_file.unlink(missing_ok=True)
        return running is not None

    def status(self) -> SolrStatus:
        """What the running server says about itself; an empty status when none runs.

        Raises:
            SolrUnavailable: it runs and does not answer.
        """
        state = self.state()
        if state is None:
            return SolrStatus()
        answered = read_status(self.url, timeout=self._settings.solr_timeout, trust_env=False)
        # Its own log is better evidence than its options: a processor may lack the instructions.
        return replace(answered, simd=vectors_enabled(self.home))

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
        return self.home / "run" / "state.json"

    def _lock(self) -> AbstractContextManager[None]:
        patience = self._timeout + _STOP_TIMEOUT_S
        return file_lock(self.home / "run" / "lock", timeout=patience, doing="starting or stopping this Solr")

    def _start(self, *, watched: bool = False) -> subprocess.Popen[bytes] | None:
        """The process that was started and answers; None when one of this home ran already."""
        if self.state() is None:
            # Before the lock: a slow download may take longer than others wait for it.
            ensure_jars(self._settings.cache, progress=self._progress)
        with self._lock():
            state = process.read_state(self._state_file)
            running = None if state is None else process.find(state)
            if state is not None and running is not None:
                if self._auth not in (None, auth.is_on(self.home)):
                    raise BadSetting(
                        f"the embedded Solr of {self.home} runs already, with{'' if auth.is_on(self.home) else 'out'} "
                        "a password; stop it first: visual-search solr stop"
                    )
                self._wait(state, running.is_running)
                return None
            self._state_file.unlink(missing_ok=True)
            if self._auth is not None:
                (auth.switch_on if self._auth else auth.switch_off)(self.home)
            jars = ensure_jars(self._settings.cache, progress=self._progress)
            java = self._java or find_java()
            port = self._port
            for attempt in range(_PORT_TRIES):
                launch = Launch(
                    java=java,
                    jars=jars,
                    embedded=embedded_dir(),
                    home=self.home,
                    port=choose_port(port),
                    heap=self._heap,
                    token=secrets.token_hex(8),
                    config_edit=self._config_edit,
                )
                try:
                    return self._launch(launch, watched=watched)
                except _PortTaken:
                    if attempt == _PORT_TRIES - 1:
                        raise
                    port = 0
            raise AssertionError("the loop returns or raises")

    def _launch(self, launch: Launch, *, watched: bool) -> subprocess.Popen[bytes]:
        prepare(self.home)
        try:
            started = process.spawn(
                command(launch), environ=environment(os.environ), cwd=self.home, log=launch.logs / CONSOLE
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
            process.write_state(self._state_file, state)
            self._wait(state, lambda: started.poll() is None)
        except BaseException:
            # Also on Ctrl+C: nothing half-started stays behind.
            self._end(started)
            raise
        return started

    def _wait(self, state: State, alive: Callable[[], bool]) -> None:
        """Return once this very server answers and has loaded its cores.

        Cores load after the first answer, and queries get a 503 until then. After a kill they replay their transaction
        log; a core that takes longer than the timeout for it is no failure, it goes on in the background.
        """
        deadline, url = time.monotonic() + self._timeout, auth.signed_in(state.url, self.home)
        answered = False
        while alive() and not start_failed(self.home):
            answered = answered or answers_with(url, state.token)
            late = time.monotonic() > deadline
            if answered and (late or cores_to_load(self.home) <= settled_cores(url)):
                return
            if late:
                raise SolrNotStarted(
                    f"the embedded Solr (process {state.pid}, {state.url}) did not answer within {self._timeout:g} s; "
                    f"its log ends with\n{quote_logs(self.home, since=state.created)}"
                )
            time.sleep(_POLL_S)
        quoted = quote_logs(self.home, since=state.created)
        kind = _PortTaken if "Address already in use" in quoted or "Failed to bind" in quoted else SolrNotStarted
        raise kind(
            f"the embedded Solr ended before it answered ({state.java}, -Xmx{state.heap}); its log ends with\n{quoted}"
        )

    def _end(self, started: subprocess.Popen[bytes]) -> None:
        """End our own child, forget it, and let its watchdog see that there is nothing left to do."""
        try:
            if started.poll() is None:
                process.end(psutil.Process(started.pid), timeout=_STOP_TIMEOUT_S)
            started.wait()
        finally:
            state = process.read_state(self._state_file)
            if state is not None and state.pid == started.pid:
                self._state_file.unlink(missing_ok=True)
            if self._watchdog is not None:
                self._watchdog.communicate()
                self._watchdog = None


def _watch(pid: int, created: float) -> subprocess.Popen[bytes]:
    """A process that ends the server when ours is gone; see :mod:`vision.solr.watchdog`."""
    # -P: this folder's modules must not stand in for the standard library's.
    script = [sys.executable, "-P", watchdog.__file__, str(pid), repr(created)]
    return subprocess.Popen(
        script, stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True
    )
