"""A command as a job: what others see of it, and how they end it."""

from __future__ import annotations

import signal
import threading
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from vision.errors import BadSetting
from vision.jobs.model import Job, State
from vision.jobs.recording import Cancelled, recorded, this_process
from vision.jobs.store import Jobs
from vision.settings import Settings


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(home=tmp_path)


@pytest.fixture
def jobs(settings: Settings) -> Jobs:
    return Jobs(settings.home / "jobs")


def wait_for(happened: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 10
    while not happened():
        assert time.monotonic() < deadline
        time.sleep(0.01)


def only(jobs: Jobs) -> Job:
    (found,) = jobs.all()
    return found


def test_progress_is_seen_while_it_runs_and_never_goes_back(settings: Settings, jobs: Jobs) -> None:
    with recorded(settings, "index", "index c.csv", {"extract": "pictures to features"}) as job:
        found = only(jobs)
        assert (found.state, found.kind, found.title, found.over_http) == (State.RUNNING, "index", "index c.csv", False)
        job("extract", 30, 100)
        wait_for(lambda: only(jobs).reached.done == 30)
        assert only(jobs).reached.label == "pictures to features" and only(jobs).reached.total == 100
        job("extract", 10, 100)
        job("extract", 40, 100)
        job("extract", 20, 100)
        job.summary = {"indexed": 100}
    found = only(jobs)
    assert (found.state, found.reached.done, found.summary) == (State.DONE, 40, {"indexed": 100})
    assert found.ended is not None and found.ended >= found.started


def test_asked_to_end_it_ends_at_its_next_step(settings: Settings, jobs: Jobs) -> None:
    steps = 0
    with pytest.raises(Cancelled), recorded(settings, "index", "index") as job:
        jobs.cancel(only(jobs).id)
        while True:
            time.sleep(0.01)
            steps += 1
            job("extract", steps, None)
    assert only(jobs).state is State.CANCELLED and job.cancelled and 0 < steps < 100


def test_one_that_is_stuck_is_woken_once(settings: Settings, jobs: Jobs) -> None:
    began = time.monotonic()
    cleaned = False
    with pytest.raises(KeyboardInterrupt), recorded(settings, "evaluate", "evaluate"):
        jobs.cancel(only(jobs).id)
        try:
            threading.Event().wait(30)
        finally:
            time.sleep(2.5)  # cleaning up is not woken again
            cleaned = True
    assert cleaned and 2.5 < time.monotonic() - began < 15
    assert only(jobs).state is State.CANCELLED


def test_one_whose_wake_up_was_swallowed_ends_at_its_next_step(settings: Settings, jobs: Jobs) -> None:
    swallowed = False
    with pytest.raises(Cancelled), recorded(settings, "index", "index") as job:
        jobs.cancel(only(jobs).id)
        try:
            threading.Event().wait(30)
        except KeyboardInterrupt:
            swallowed = True
        job("extract", 1, 2)
    assert swallowed and only(jobs).state is State.CANCELLED


def test_a_bug_in_a_process_of_its_own_is_quoted(settings: Settings, jobs: Jobs) -> None:
    jobs.add(this_process("cluster", "clusters", 1.0, id="known"))
    with pytest.raises(ZeroDivisionError), recorded(settings, "cluster", "clusters", id="known"):
        _ = 1 // 0
    error = str(only(jobs).error)
    assert "its log ends: Traceback" in error and error.endswith("integer division or modulo by zero")


def test_ctrl_c_an_error_and_a_bug(settings: Settings, jobs: Jobs, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(KeyboardInterrupt), recorded(settings, "index", "1"):
        signal.raise_signal(signal.SIGINT)
    with pytest.raises(BadSetting), recorded(settings, "index", "2"):
        raise BadSetting("port is 0; a port is 1 to 65535")
    with pytest.raises(ZeroDivisionError), recorded(settings, "index", "3"):
        _ = 1 // 0
    with pytest.raises(SystemExit), recorded(settings, "index", "4"):
        raise SystemExit(143)
    found = {each.title: (each.state, each.error) for each in jobs.all()}
    assert found == {
        "1": (State.CANCELLED, None),
        "2": (State.FAILED, "port is 0; a port is 1 to 65535"),
        "3": (State.FAILED, "unexpected: ZeroDivisionError: integer division or modulo by zero"),
        "4": (State.INTERRUPTED, "its process was told to end"),
    }
    assert "was cancelled" not in capsys.readouterr().err


def test_what_is_short_is_not_listed(settings: Settings, jobs: Jobs) -> None:
    with recorded(settings, "changes", "accept", after=0.3):
        pass
    assert jobs.all() == []
    with recorded(settings, "changes", "accept", after=0.3) as job:
        job("write", 1, 2)
        wait_for(lambda: bool(jobs.all()))
    assert only(jobs).state is State.DONE and only(jobs).reached.done == 1


def test_work_goes_on_where_nothing_can_be_written(settings: Settings, capsys: pytest.CaptureFixture[str]) -> None:
    (settings.home / "jobs").write_text("a file in the place of the folder")
    with recorded(settings, "index", "index") as job:
        job("extract", 1, 2)
    assert "not listed by `visual-search jobs`" in capsys.readouterr().err
