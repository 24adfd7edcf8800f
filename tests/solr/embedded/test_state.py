from __future__ import annotations

import os
import sys
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import psutil
import pytest

from vision import processes
from vision.solr.embedded import state as states
from vision.solr.embedded.jvm import TOKEN_PROPERTY
from vision.solr.embedded.state import State

TOKEN = "0123456789abcdef"


@pytest.fixture
def sleeper(tmp_path: Path) -> Iterator[State]:
    """A process that looks like ours: it sleeps, with the token in its command line."""
    command = [sys.executable, "-c", "import time; time.sleep(60)", TOKEN_PROPERTY + TOKEN]
    popen = processes.spawn(command, environ=dict(os.environ), cwd=tmp_path, log=tmp_path / "log")
    try:
        # For a moment after exec the kernel shows an empty command line.
        deadline = time.monotonic() + 10
        while TOKEN_PROPERTY + TOKEN not in psutil.Process(popen.pid).cmdline() and time.monotonic() < deadline:
            time.sleep(0.01)
        yield State(popen.pid, psutil.Process(popen.pid).create_time(), 1, str(tmp_path), "java", "512m", TOKEN)
    finally:
        popen.kill()
        popen.wait()


def test_state_is_read_back(tmp_path: Path) -> None:
    state = State(1, 2.0, 8983, "/home", "java", "1g", TOKEN)
    states.write_state(tmp_path / "state.json", state)
    assert states.read_state(tmp_path / "state.json") == state
    assert state.url == "http://127.0.0.1:8983/solr"


@pytest.mark.parametrize("text", [None, "", "{", "[]", "{}", '{"pid": 1}', "null"])
def test_an_unreadable_state_is_no_state(tmp_path: Path, text: str | None) -> None:
    if text is not None:
        (tmp_path / "state.json").write_text(text)
    assert states.read_state(tmp_path / "state.json") is None


def test_a_state_of_wrong_types_is_no_state(tmp_path: Path) -> None:
    state = State(1, 2.0, 8983, "/home", "java", "1g", TOKEN)
    states.write_state(tmp_path / "state.json", replace(state, pid="1"))  # type: ignore[arg-type]
    assert states.read_state(tmp_path / "state.json") is None


def test_our_own_is_found(sleeper: State) -> None:
    found = states.find(sleeper)
    assert found is not None and found.pid == sleeper.pid


def test_another_process_with_the_number_is_not_ours(sleeper: State) -> None:
    assert states.find(replace(sleeper, token="f" * 16)) is None
    assert states.find(replace(sleeper, created=sleeper.created - 3600)) is None
    assert states.find(replace(sleeper, pid=os.getpid())) is None


@pytest.mark.parametrize("pid", [-1, 2**22 + 1, 2**70])
def test_a_number_nobody_has(sleeper: State, pid: int) -> None:
    assert states.find(replace(sleeper, pid=pid)) is None


def test_end_ends_it(sleeper: State) -> None:
    found = states.find(sleeper)
    assert found is not None
    assert processes.end(found, timeout=10) is True
    assert states.find(sleeper) is None


@pytest.mark.skipif(os.name == "nt", reason="Windows kills at once")
def test_what_ignores_sigterm_is_killed(tmp_path: Path) -> None:
    script = (
        "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); print('on', flush=True); time.sleep(60)"
    )
    popen = processes.spawn(
        [sys.executable, "-c", script], environ=dict(os.environ), cwd=tmp_path, log=tmp_path / "log"
    )
    while not (tmp_path / "log").read_text():
        assert popen.poll() is None
    assert processes.end(psutil.Process(popen.pid), timeout=0.5) is False
    popen.wait()
