"""What is written down about a server that was started, and the process that it speaks of."""

from __future__ import annotations

import json
import os
from dataclasses import asdict, dataclass
from pathlib import Path

import psutil

from vision.processes import alive
from vision.solr.embedded.jvm import TOKEN_PROPERTY


@dataclass(frozen=True)
class State:
    """One start of one server; ``created`` is the process's start, in Unix seconds."""

    pid: int
    created: float
    port: int
    home: str
    java: str
    heap: str
    token: str

    @property
    def url(self) -> str:
        """Where a Solr answers once it is ready."""
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
