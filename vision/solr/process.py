"""One operating-system process: started apart from us, told from any other, ended for good."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import asdict, dataclass
from pathlib import Path

import psutil

from vision.solr.jvm import TOKEN_PROPERTY

_CLOCK_SLACK_S = 5.0
"""Linux derives a process's start from the time of boot, which moves when the clock is set."""


@dataclass(frozen=True)
class State:
    """What is written down about a server that was started; ``created`` is the process's start, in Unix seconds."""

    pid: int
    created: float
    port: int
    home: str
    java: str
    heap: str
    token: str

    @property
    def url(self) -> str:
        """Where the server answers once it is ready."""
        return f"http://127.0.0.1:{self.port}/solr"


def write_state(path: Path, state: State) -> None:
    """Write it whole or not at all."""
    partial = path.with_name(path.name + ".partial")
    partial.write_text(json.dumps(asdict(state), indent=1), encoding="utf-8")
    os.replace(partial, path)


def read_state(path: Path) -> State | None:
    """What was written; None when nothing was, or nothing that can be read."""
    try:
        state = State(**json.loads(path.read_text(encoding="utf-8")))
    except (OSError, ValueError, TypeError):
        return None
    kinds = {"pid": int, "port": int, "created": float, "token": str}
    return state if all(isinstance(getattr(state, name), kind) for name, kind in kinds.items()) else None


def find(state: State) -> psutil.Process | None:
    """The process that the state speaks of, or None: it ended, or its number now belongs to another.

    A number alone proves nothing: after a reboot another process has it. The time of its start and the token in its
    command line must both be those written down.
    """
    process = alive(state.pid, state.created)
    try:
        return process if process is not None and f"{TOKEN_PROPERTY}{state.token}" in process.cmdline() else None
    except (psutil.Error, OSError):
        return None


def alive(pid: int, created: float) -> psutil.Process | None:
    """The process of this number that started at this time, in Unix seconds; None where it ended."""
    try:
        process = psutil.Process(pid)
        if process.status() == psutil.STATUS_ZOMBIE or abs(process.create_time() - created) > _CLOCK_SLACK_S:
            return None
        return process
    except (psutil.Error, OSError, ValueError, OverflowError):
        return None


def spawn(
    command: list[str], *, environ: dict[str, str], cwd: Path, log: Path, stdin: int = subprocess.DEVNULL
) -> subprocess.Popen[bytes]:
    """Start a process in a session of its own, out of reach of Ctrl+C and of our end; it writes to ``log``."""
    with log.open("wb") as output:
        if sys.platform == "win32":
            flags = subprocess.CREATE_NEW_PROCESS_GROUP | subprocess.CREATE_NO_WINDOW
            return subprocess.Popen(
                command,
                stdin=stdin,
                stdout=output,
                stderr=output,
                env=environ,
                cwd=cwd,
                creationflags=flags,
            )
        return subprocess.Popen(
            command,
            stdin=stdin,
            stdout=output,
            stderr=output,
            env=environ,
            cwd=cwd,
            start_new_session=True,
        )


def release(process: subprocess.Popen[bytes]) -> None:
    """Let a process outlive its ``Popen``, which would otherwise warn that it still runs when it is forgotten."""
    process.returncode = 0


def end(process: psutil.Process, *, timeout: float) -> bool:
    """Ask a process to end, wait, then kill it; True when it ended by itself.

    Windows has no SIGTERM: there it is killed at once, and Solr replays its transaction log at the next start.
    """
    try:
        process.terminate()
        process.wait(timeout)
        return True
    except psutil.TimeoutExpired:
        pass
    except psutil.NoSuchProcess:
        return True
    try:
        process.kill()
        process.wait(timeout)
    except psutil.NoSuchProcess:
        pass
    return False
