"""The budget of what is sent again, and what `Retry-After` may say; the rest is in tests/faults/test_retries.py."""

from __future__ import annotations

import pytest

from vision.solr.attempts import Attempts, Budget


def test_ten_at_once_and_then_one_in_ten() -> None:
    budget = Budget()
    assert [budget.spend() for _ in range(12)] == [True] * 10 + [False] * 2
    for _ in range(25):
        budget.earn()
    assert [budget.spend() for _ in range(3)] == [True, True, False]
    assert budget.retries == 12


def test_a_quiet_day_saves_up_ten_and_no_more() -> None:
    budget = Budget()
    for _ in range(1000):
        budget.earn()
    assert sum(budget.spend() for _ in range(100)) == 10


@pytest.mark.parametrize(
    ("said", "seconds"), [("3", 3.0), ("-3", 0.0), ("soon", 0.0), ("", 0.0), ("Wed, 21 Oct 2015 07:28:00 GMT", 0.0)]
)
def test_retry_after(said: str, seconds: float) -> None:
    assert Attempts.of(Budget(), times=2, reads=True).parse_retry_after(said) == seconds


def test_posts_are_sent_again_only_where_they_read() -> None:
    for reads in (True, False):
        attempts = Attempts.of(Budget(), times=2, reads=reads)
        assert attempts.is_retry("GET", 503) and attempts.is_retry("GET", 429)
        assert attempts.is_retry("POST", 503) is reads
        assert not attempts.is_retry("GET", 500) and not attempts.is_retry("GET", 502)
