"""The queue keeps what it accepted, in order, until it is done."""

from __future__ import annotations

import sqlite3
import threading
from pathlib import Path

import pytest

from vision.errors import Busy, StorageUnavailable
from vision.following import queue as queues
from vision.following.change import Change
from vision.following.letters import Letter, Letters
from vision.following.queue import Figures, Partition, Queue

ONE, TWO, GONE = Change("a", b"{}"), Change("b", b'{"x":1}'), Change("a", None)


def test_what_is_put_is_taken_in_order_until_it_is_done(tmp_path: Path) -> None:
    queue = Queue(tmp_path / "deep" / "q.sqlite")
    assert (queue.take(10), queue.figures()) == ([], Figures())
    assert not queue.file.exists()
    assert queue.put([ONE, TWO]) == 2
    assert queue.put([GONE]) == 3
    taken = queue.take(2)
    assert [each.change for each in taken] == [ONE, TWO]
    again = Queue(queue.file)
    assert [each.change for each in again.take(10)] == [ONE, TWO, GONE]
    again.done(taken)
    assert [each.change for each in queue.take(10)] == [GONE]
    assert [each.seq for each in queue.take(10)] == [3]


def test_figures(tmp_path: Path) -> None:
    now = [100.0]
    queue = Queue(tmp_path / "q.sqlite", clock=lambda: now[0])
    queue.put([ONE])
    now[0] = 130
    queue.put([TWO])
    queue.count(applied=5, deleted=2, rejected=1)
    queue.count(applied=1, deleted=0, rejected=0)
    queue.heard([Partition("t", 0, 3), Partition("t", 1, 0)])
    now[0] = 135
    found = queue.figures()
    assert (found.queued, found.since, found.applied, found.deleted, found.rejected) == (2, 100, 6, 2, 1)
    assert (found.last, found.heard, found.following) == (130, 130, True)
    assert found.partitions == (Partition("t", 0, 3), Partition("t", 1, 0))
    now[0] = 141
    assert not queue.figures().following


def test_more_than_may_wait_is_refused_whole(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(queues, "MOST", 3)
    queue = Queue(tmp_path / "q.sqlite")
    queue.put([ONE, TWO])
    with pytest.raises(Busy, match="2 changes wait already and at most 3 may"):
        queue.put([ONE, TWO])
    assert len(queue.take(10)) == 2
    queue.put([ONE])


def test_threads_lose_nothing(tmp_path: Path) -> None:
    queue = Queue(tmp_path / "q.sqlite")

    def put(name: int) -> None:
        for number in range(20):
            queue.put([Change(f"{name}", f"{number}".encode())])

    threads = [threading.Thread(target=put, args=(name,)) for name in range(4)]
    for each in threads:
        each.start()
    for each in threads:
        each.join()
    taken = queue.take(1000)
    for name in range(4):
        assert [each.change.row for each in taken if each.change.id == f"{name}"] == [b"%d" % n for n in range(20)]


def test_a_file_that_is_none(tmp_path: Path) -> None:
    (tmp_path / "q.sqlite").write_bytes(b"no database at all, but quite long" * 100)
    with pytest.raises(StorageUnavailable, match="what was accepted stays in it"):
        Queue(tmp_path / "q.sqlite").put([ONE])
    with pytest.raises(StorageUnavailable):
        Queue(tmp_path / "q.sqlite").figures()


def test_what_is_on_disk_when_it_is_told(tmp_path: Path) -> None:
    queue = Queue(tmp_path / "q.sqlite")
    queue.put([ONE])
    with sqlite3.connect(queue.file) as database:
        assert database.execute("PRAGMA journal_mode").fetchone() == ("wal",)


def test_letters_of_days_fill_no_disk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("vision.following.letters._LARGEST", 2000)
    letters = Letters(tmp_path / "deep" / "l.jsonl")
    letters.add([])
    assert not letters.path.exists()
    for number in range(50):
        letters.add([Letter("http", str(number), "a", "bad", b"\xff" * 100)])
    assert sum(each.stat().st_size for each in letters.path.parent.iterdir()) < 6000
    assert '"offset":"49"' in letters.path.read_text().splitlines()[-1]
