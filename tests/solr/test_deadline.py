"""Deadlines: the earliest counts, and other threads keep it."""

from __future__ import annotations

import math
import socket
import time

import pytest

from vision.errors import DeadlineExceeded, SolrUnavailable
from vision.solr import deadline, sessions
from vision.telemetry import Pool


def test_without_one_there_is_no_end() -> None:
    assert deadline.remaining() == deadline.checked() == math.inf
    with deadline.within(None):
        assert deadline.remaining() == math.inf


def test_the_earliest_counts_and_ends_with_its_block() -> None:
    with deadline.within(10.0):
        with deadline.within(100.0):
            assert 9.0 < deadline.remaining() <= 10.0
        with pytest.raises(KeyError), deadline.within(1.0):
            assert deadline.remaining() <= 1.0
            raise KeyError
        assert deadline.remaining() > 9.0
    assert deadline.remaining() == math.inf


def test_what_is_over_is_said() -> None:
    with deadline.within(0.0):
        assert deadline.remaining() == 0.0
        with pytest.raises(DeadlineExceeded, match="ask again"):
            deadline.checked()
    assert issubclass(DeadlineExceeded, SolrUnavailable)


def test_threads_of_a_pool_keep_the_deadline_of_who_gave_them_work() -> None:
    with Pool(1) as pool:
        with deadline.within(10.0):
            carried = list(pool.map(lambda _: deadline.remaining(), [0]))
        after = list(pool.map(lambda _: deadline.remaining(), [0]))
    assert after == [math.inf]
    assert 9.0 < carried[0] <= 10.0


def test_reading_does_not_end_before_the_deadline(monkeypatch: pytest.MonkeyPatch) -> None:
    """What ends earlier is taken for Solr's own time; another process may run between any two lines."""
    remaining = deadline.remaining

    def late() -> float:
        time.sleep(0.05)
        return remaining()

    ours, theirs = socket.socketpair()
    with ours, theirs, deadline.within(0.2):
        ours.settimeout(10)
        with monkeypatch.context() as patched:
            patched.setattr(deadline, "remaining", late)
            answer = sessions._Bounded(ours, ours.makefile("rb", buffering=0))
        with answer, pytest.raises(TimeoutError):
            answer.readinto(bytearray(1))
        assert deadline.remaining() == 0
