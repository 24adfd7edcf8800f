"""One operating-system process: started apart from us, told from any other, ended for good."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import psutil

_CLOCK_SLACK_S = 5.0
"""Linux derives a process's start from the time of boot, which moves when the clock is set."""


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
