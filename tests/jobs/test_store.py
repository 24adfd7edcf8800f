"""The store of jobs, from several processes' point of view."""

from __future__ import annotations

import subprocess
import sys
import threading
import time
from pathlib import Path

import psutil
import pytest

from vision.errors import Busy, Conflict, NotFound
from vision.jobs.model import Job, Reached, State
from vision.jobs.store import KEPT, Jobs, new_id


def job(pid: int | None = None, created: float | None = None, *, started: float = 0.0, over_http: bool = False) -> Job:
    me = psutil.Process(pid)
    return Job(new_id(), "index", "a title", "Ada", started, me.pid, created or me.create_time(), over_http)


def test_what_was_noted_is_read(tmp_path: Path) -> None:
    now = [100.0]
    jobs = Jobs(tmp_path / "jobs", clock=lambda: now[0])
    assert jobs.all() == [] and not (tmp_path / "jobs").exists()
    one = job(started=100.0)
    jobs.add(one)
    assert jobs.get(one.id) == one
    assert jobs.note(one.id, Reached("extract", "pictures", 3, 7)) is False
    assert jobs.get(one.id).reached == Reached("extract", "pictures", 3, 7)
    with pytest.raises(Conflict, match="cancel it first"):
        jobs.delete(one.id)
    assert jobs.cancel(one.id).asked and jobs.cancel(one.id).asked and jobs.asked(one.id)
    now[0] = 109.0
    jobs.finish(one.id, State.CANCELLED, Reached("extract", "pictures", 4, 7), summary={"rows": 4})
    found = jobs.get(one.id)
    assert (found.state, found.ended, found.summary, found.error) == (State.CANCELLED, 109.0, {"rows": 4}, None)
    with pytest.raises(Conflict, match="is cancelled; only one that runs"):
        jobs.cancel(one.id)
    jobs.delete(one.id)
    with pytest.raises(NotFound, match="there is no job"):
        jobs.get(one.id)


def test_a_killed_process_is_interrupted_and_so_is_one_whose_number_another_has(tmp_path: Path) -> None:
    jobs = Jobs(tmp_path)
    with subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE) as process:
        one = job(process.pid)
        jobs.add(one)
        jobs.log(one.id).write_text("Segmentation fault\n")
        assert jobs.get(one.id).state is State.RUNNING
        process.kill()
        process.wait()
        found = jobs.get(one.id)
        assert found.state is State.INTERRUPTED and found.ended is not None
        assert "killed" in str(found.error) and str(found.error).endswith("its log ends: Segmentation fault")
    reused = job(created=psutil.Process().create_time() - 60)
    jobs.add(reused)
    assert jobs.get(reused.id).state is State.INTERRUPTED


def test_only_so_many_run_over_http_and_terminals_do_not_count(tmp_path: Path) -> None:
    jobs = Jobs(tmp_path)
    jobs.add(job(), limit=1)
    first = job(over_http=True)
    jobs.add(first, limit=1)
    with pytest.raises(Busy, match=f"1 of at most 1 jobs run .a title .{first.id}"):
        jobs.add(job(over_http=True), limit=1)
    jobs.finish(first.id, State.DONE, Reached(), summary={})
    jobs.add(job(over_http=True), limit=1)


def test_one_of_many_that_come_at_once_gets_the_last_place(tmp_path: Path) -> None:
    refused = []

    def come() -> None:
        try:
            Jobs(tmp_path).add(job(over_http=True), limit=1)
        except Busy:
            refused.append(True)

    comers = [threading.Thread(target=come) for _ in range(8)]
    for each in comers:
        each.start()
    for each in comers:
        each.join()
    assert len(refused) == 7 and len(Jobs(tmp_path).all()) == 1


def test_old_ones_go_with_what_they_left(tmp_path: Path) -> None:
    jobs = Jobs(tmp_path)
    running = job(started=-1.0)
    jobs.add(running)
    made = [job(started=float(number)) for number in range(KEPT + 5)]
    for each in made:
        jobs.add(each)
        jobs.log(each.id).touch()
        jobs.keep(each.id, b"{}")
        jobs.finish(each.id, State.DONE, Reached(), summary={})
    assert [each.id for each in jobs.all()] == [each.id for each in (*made[: -KEPT - 1 : -1], running)]
    assert not jobs.log(made[0].id).exists() and not jobs.answer(made[0].id).exists()
    assert jobs.log(made[-1].id).exists() and jobs.answer(made[-1].id).read_bytes() == b"{}"


def test_a_note_takes_no_time_worth_speaking_of(tmp_path: Path) -> None:
    jobs = Jobs(tmp_path)
    one = job()
    jobs.add(one)
    began = time.perf_counter()
    for number in range(50):
        jobs.note(one.id, Reached("extract", "pictures", number, 50))
    assert (time.perf_counter() - began) / 50 < 0.05
