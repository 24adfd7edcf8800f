"""When a file is looked at, and a watching process from its start to its end."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.catalog.shop import Shop
from tests.catalog.support import catalogue, draw, row, write
from vision.following.watching import Watch
from vision.jobs.model import State
from vision.workspace import Workspace

ONE, OTHER = (1, 100, 1), (2, 90, 2)


def test_a_file_is_read_once_it_stays_as_it_is() -> None:
    watch = Watch(settled=1)
    assert [watch.is_due((1, size, 1), now) for size, now in ((1, 0.0), (2, 0.8), (3, 1.6), (3, 2.5), (3, 2.6))] == [
        False,
        False,
        False,
        False,
        True,
    ]


def test_what_was_read_is_read_again_when_it_changed() -> None:
    watch = Watch(settled=0, look=60)
    assert watch.is_due(ONE, 0)
    watch.done(0, 1)
    assert not watch.is_due(ONE, 2)
    assert watch.is_due(OTHER, 3)
    watch.done(3, 4)
    assert not watch.is_due(None, 5)
    assert not watch.is_due(OTHER, 6), "away for a moment is no change"


def test_a_change_while_it_is_read_is_one_more() -> None:
    watch = Watch(settled=0)
    assert watch.is_due(ONE, 0)
    watch.done(0, 5)
    assert watch.is_due(OTHER, 5)


def test_pictures_are_looked_at_now_and_then_and_less_where_that_takes_long() -> None:
    watch = Watch(settled=0, look=60)
    watch.is_due(ONE, 0)
    watch.done(0, 1)
    assert (watch.is_due(ONE, 60), watch.is_due(ONE, 61)) == (False, True)
    watch.done(61, 71)
    assert (watch.is_due(ONE, 270), watch.is_due(ONE, 271)) == (False, True)


def test_what_may_work_later_is_tried_again_less_and_less_often() -> None:
    watch, now, waits = Watch(settled=0), 0.0, []
    assert watch.is_due(ONE, now)
    for _ in range(6):
        watch.failed(now, again=True)
        began = now
        while not watch.is_due(ONE, now):
            now += 0.5
        waits.append(now - began)
    assert waits == [1, 2, 5, 15, 60, 60]
    watch.failed(now, again=False)
    assert not watch.is_due(ONE, now + 10_000)
    assert watch.is_due(OTHER, now + 10_000)


def wait_for(happened: Callable[[], bool], running: subprocess.Popen[str], seconds: float = 60) -> None:
    deadline = time.monotonic() + seconds
    while not happened():
        assert running.poll() is None, running.communicate()
        assert time.monotonic() < deadline
        time.sleep(0.05)


def titles(shop: Shop) -> dict[str, str]:
    with shop.client() as client:
        found = client.select({"q": "*:*", "fl": "id,title", "rows": 1000})["response"]["docs"]
    return {each["id"]: each["title"] for each in found}


def said(running: subprocess.Popen[str]) -> tuple[int, int, int]:
    """What the next line says of what was sent, unchanged and deleted."""
    assert running.stdout is not None
    line = json.loads(running.stdout.readline())
    return line["indexed"], line["unchanged"], line["deleted"]


def put(path: Path, rows: list[dict[str, str]]) -> None:
    write(path.with_name("partial.csv"), rows).replace(path)


Begin = Callable[..., subprocess.Popen[str]]


@pytest.fixture
def watching(shop: Shop) -> Iterator[Begin]:
    """Begins watching processes, none of which outlives the test."""
    begun: list[subprocess.Popen[str]] = []

    def begin(path: Path, *more: str) -> subprocess.Popen[str]:
        begun.append(shop.command("index", path, "--extractor", "histogram", "--watch", *more))
        return begun[-1]

    yield begin
    for each in begun:
        each.kill()
        each.communicate()


@pytest.mark.solr
@pytest.mark.skipif(sys.platform == "win32", reason="signals are those of POSIX")
def test_watched_from_start_to_end(shop: Shop, watching: Begin, tmp_path: Path) -> None:
    path = catalogue(tmp_path / "data", 20)
    running = watching(path, "--json")
    assert said(running) == (20, 0, 0)
    (path.parent / "images" / "50.png").write_bytes(draw(50))
    put(path, [row(n) for n in range(1, 20)] + [row(50)])
    assert said(running) == (1, 19, 1)
    assert titles(shop).keys() == {f"p{n:05d}" for n in (*range(1, 20), 50)}

    assert running.stderr is not None
    put(path, [row(n) for n in range(2)])  # half of an export
    refused = next(line for line in running.stderr if "was not taken over" in line)
    assert "catalogue.csv has 2 rows and lacks 19 of the 20 that were sent" in refused
    put(path, [row(n, title="third") for n in range(1, 20)])
    assert said(running) == (19, 0, 1)
    assert set(titles(shop).values()) == {"third"}
    job = Workspace(shop.settings).jobs().all()[0]
    assert (job.state, job.title) == (State.RUNNING, "watch catalogue.csv")
    running.send_signal(signal.SIGTERM)
    assert "Traceback" not in running.communicate(timeout=30)[1]
    assert running.returncode == 0
    assert Workspace(shop.settings).jobs().all()[0].state is State.INTERRUPTED

    running = watching(path, "--json")
    assert said(running) == (0, 19, 0)
    running.send_signal(signal.SIGINT)
    assert "Traceback" not in running.communicate(timeout=30)[1]
    assert running.returncode == 130


@pytest.mark.solr
@pytest.mark.slow
@pytest.mark.skipif(sys.platform == "win32", reason="signals are those of POSIX")
def test_killed_while_watching(shop: Shop, watching: Begin, tmp_path: Path) -> None:
    path = catalogue(tmp_path / "data", 40)
    for turn in range(4):
        running = watching(path)
        wait_for(lambda: shop.exists() and bool(titles(shop)), running)
        put(path, [row(n, title=f"turn {turn}") for n in range(turn, 40)])
        time.sleep(0.9 + 0.2 * turn)
        running.kill()
        running.wait()
    running = watching(path)
    expected = {f"p{n:05d}": "turn 3" for n in range(3, 40)}
    wait_for(lambda: titles(shop) == expected, running)
