"""The ring of late searches: bounded, shared by threads, cheap, and without anybody's photo."""

from __future__ import annotations

import statistics
import threading
import time
import tracemalloc
from typing import Any

import msgspec
import numpy as np
import pytest

from vision.errors import NotFound, SolrUnavailable
from vision.search.composer import QueryVectors, compose
from vision.search.model import Mode, Plan, Query, Result, Took, Way
from vision.search.planner import Limits, plan
from vision.search.querylog import SLOWEST, QueryLog, Trail
from vision.search.request import SearchRequest, parse


def result(way: Way = Way.TEXT) -> Result:
    return Result(hits=(), total=3, facets={}, took=Took(0.0, 1.0, 2.0), plan=Plan(way, "why"), partial=False)


class Clock:
    def __init__(self) -> None:
        self.now = 1_700_000_000.0

    def __call__(self) -> float:
        return self.now


def add(log: QueryLog, words: str, took: float = 1.0, **more: Any) -> None:
    log.add(SearchRequest(q=words), Trail(), result(), Took(0.0, took, took), **more)


def test_the_latest_are_kept_and_the_oldest_go() -> None:
    log = QueryLog(3)
    for number in range(5):
        add(log, str(number))
    assert [entry.request.q for entry in log.recent()] == ["4", "3", "2"]
    assert log.get(log.recent()[0].id).request.q == "4"
    log.clear()
    assert log.recent() == [] and log.slowest() == []
    with pytest.raises(NotFound, match="the last 3"):
        log.get("gone")


def test_what_was_slow_outlives_the_ring_for_a_day() -> None:
    clock = Clock()
    log = QueryLog(2, clock=clock)
    add(log, "slow", 900.0)
    for number in range(200):
        clock.now += 60.0
        add(log, str(number), float(number))
    assert [entry.request.q for entry in log.slowest()[:3]] == ["slow", "199", "198"]
    assert len(log.slowest()) == SLOWEST
    slow = log.slowest()[0]
    assert slow not in log.recent() and log.get(slow.id) is slow
    clock.now += 23 * 3600.0
    assert "slow" not in [entry.request.q for entry in log.slowest()]


def test_a_photo_is_not_kept_but_that_there_was_one_is() -> None:
    log = QueryLog(10)
    log.add(SearchRequest(image=b"JPEG", q="x"), Trail(), result(), Took(1.0, 1.0, 2.0))
    log.add(SearchRequest(vector=[1.0, 2.0]), Trail(), result(), Took(1.0, 1.0, 2.0))
    add(log, "beside", image=True)
    assert all(entry.by_photo and entry.request.image is None for entry in log.recent())
    assert all(entry.request.vector is None for entry in log.recent())


def test_nothing_that_is_kept_opens_a_shoppers_photo_or_profile() -> None:
    log = QueryLog(10)
    secret = "s3cret"
    for members in (
        {"upload_id": secret},
        {"image_url": f"https://photos.example/{secret}"},
        {"q": "x", "profile": {"id": secret}},
        {"q": "x", "similarities": [{"upload_id": secret, "weight": 0.4}, {"field": "price", "near": 3, "scale": 1}]},
    ):
        log.add(parse(members), Trail(), result(), Took(1.0, 1.0, 2.0))
    kept = [msgspec.to_builtins(entry.request) for entry in log.recent()]
    assert secret not in repr(kept)
    assert [entry.by_photo for entry in log.recent()] == [False, False, True, True]
    assert kept[0]["similarities"][0]["weight"] == 0.4 and kept[1]["profile"]["use"] == "rank"


def test_a_search_that_failed_says_why_and_what_it_had_sent() -> None:
    log = QueryLog(10)
    trail = Trail(Query(text="x"), [{"q": "*:*"}])
    log.add(SearchRequest(q="x"), trail, SolrUnavailable("no connection"), Took(0.0, 0.0, 5.0))
    entry = log.recent()[0]
    assert entry.error == ("SolrUnavailable", "no connection") and entry.plan is None and entry.total is None
    assert entry.sent == ({"q": "*:*"},) and entry.query == trail.query


def test_without_a_size_nothing_is_kept() -> None:
    log = QueryLog(0)
    add(log, "x")
    assert log.recent() == [] and log.slowest() == []


def test_threads_lose_nothing() -> None:
    log = QueryLog(10_000)

    def write() -> None:
        for _ in range(500):
            add(log, "x")

    def read() -> None:
        for _ in range(50):
            log.recent()
            log.slowest()

    threads = [threading.Thread(target=write) for _ in range(8)]
    reading = [threading.Thread(target=read) for _ in range(2)]
    for each in threads + reading:
        each.start()
    for each in threads + reading:
        each.join()
    assert len(log.recent()) == 4000
    assert len({entry.id for entry in log.recent()}) == 4000


def test_it_costs_a_search_less_than_50_microseconds() -> None:
    log = QueryLog(500)
    request, plain = SearchRequest(q="red dress", image=b"x" * 100_000), Took(1.0, 2.0, 3.0)
    trail = Trail(Query(vector=np.zeros(1024, np.float32)), [{"q": "x" * 12_000}, {"q": "y" * 12_000}])
    outcome = result()
    took = []
    for _ in range(20_000):
        began = time.perf_counter()
        log.add(request, trail, outcome, plain)
        took.append(time.perf_counter() - began)
    median, mean = statistics.median(took) * 1e6, statistics.fmean(took) * 1e6
    print(f"\nkeeping one search: median {median:.1f} µs, mean {mean:.1f} µs")
    assert median < 50


def test_it_costs_at_most_50_kilobytes_of_memory() -> None:
    rng = np.random.default_rng(0)
    log = QueryLog(200)
    tracemalloc.start()
    for _ in range(200):
        vector = rng.normal(size=1024).astype(np.float32)
        query = Query(vector=vector, mode=Mode.APPROXIMATE)
        vectors = QueryVectors(vector, rng.integers(-127, 127, 256).astype(np.int8), 1.0)
        sent = [compose(query, plan(query, Limits()), vectors)]
        log.add(SearchRequest(upload_id="x"), Trail(query, sent), result(), Took(1.0, 2.0, 3.0))
    each = tracemalloc.get_traced_memory()[0] / 200
    tracemalloc.stop()
    print(f"\nkeeping one search by a photo: {each / 1000:.0f} KB")
    assert each < 50_000
