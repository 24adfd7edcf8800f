from __future__ import annotations

import os
import signal
import sys
import time
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import pytest

from vision.errors import BadQuery, WorkersUnavailable
from vision.extraction import cluster
from vision.extraction.cluster import AHEAD, Cluster


@pytest.fixture(scope="module")
def crew() -> Iterator[Cluster]:
    with cluster.workers(None, 2) as found:
        yield found


def slow_first(item: int) -> tuple[int, int]:
    time.sleep(0.5 if item == 0 else 0)
    return item * 2, os.getpid()


def refuse(item: int) -> None:
    raise BadQuery(f"{item} is odd", "item")


def die(item: int) -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def die_once(item: int, *, marker: Path) -> int:
    if item == 3 and not marker.exists():
        marker.touch()
        die(item)
    return item


def test_results_come_in_order_from_other_processes_and_few_items_are_taken(crew: Cluster) -> None:
    taken = 0

    def items() -> Iterator[int]:
        nonlocal taken
        while taken < 100:
            taken += 1
            yield taken - 1

    seen, processes = 0, set()
    for item, (doubled, process) in crew.in_order("double", slow_first, items()):
        assert (item, doubled) == (seen, 2 * seen)
        seen += 1
        processes.add(process)
        assert taken <= seen + 2 * AHEAD
    assert (seen, len(processes)) == (100, 2)
    assert os.getpid() not in processes


def test_each_worker_is_asked_and_told_how_many_share_its_machine(crew: Cluster) -> None:
    answers = crew.on_each(slow_first)
    assert answers.keys() == crew.machines().keys()
    assert {doubled for doubled, _ in answers.values()} == {4}
    assert len({process for _, process in answers.values()}) == 2


def test_nobody_may_connect_without_the_certificates(crew: Cluster) -> None:
    import distributed

    address = crew.client.scheduler.address
    assert address.startswith("tls://127.0.0.1:")
    with pytest.raises((OSError, ValueError, TypeError)):
        distributed.Client(address.replace("tls", "tcp"), timeout=2, set_as_default=False)


def test_errors_on_purpose_come_as_they_are(crew: Cluster) -> None:
    with pytest.raises(BadQuery, match="1 is odd"):
        list(crew.in_order("refuse", refuse, [1]))


@pytest.mark.skipif(sys.platform == "win32", reason="signals are those of POSIX")
def test_a_task_whose_worker_dies_is_done_again(crew: Cluster, tmp_path: Path) -> None:
    task = partial(die_once, marker=tmp_path / "died")
    assert [found for _, found in crew.in_order("once", task, range(6))] == list(range(6))
    assert (tmp_path / "died").exists()


@pytest.mark.slow
@pytest.mark.skipif(sys.platform == "win32", reason="signals are those of POSIX")
def test_a_task_that_ends_every_worker_is_given_up() -> None:
    with (
        cluster.workers(None, 1) as crew,
        pytest.raises(WorkersUnavailable, match="the task die-0 ended 4 workers one after another: out of memory"),
    ):
        list(crew.in_order("die", die, [1]))


@pytest.mark.slow
def test_no_worker_is_left(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cluster, "_LOOK_S", 0.1)
    with cluster.workers(None, 1) as crew:
        monkeypatch.setattr(cluster, "_PATIENCE_S", 0.5)
        crew.client.retire_workers(list(crew.machines()))
        with pytest.raises(WorkersUnavailable, match="this machine: no worker is left; what is extracted is kept"):
            list(crew.in_order("slow", slow_first, [1]))
