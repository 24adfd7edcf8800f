"""More requests than can be answered, and a server that is told to end: who gets an answer, which, and how soon."""

from __future__ import annotations

import signal
import socket
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
import requests

from api.serving.serve import THREADS
from tests.api.shop import Shop
from tests.faults.between import Between, Seen
from tests.faults.kinds import KINDS
from tests.faults.running import Running, server, slow

pytestmark = pytest.mark.solr

QUEUE = 5
SOLR_TAKES = 1.0
SEARCH = {"q": "ring", "sort": "price"}


@dataclass(frozen=True)
class Came:
    """An answer, or None and why where the server hung up; and the seconds until then."""

    response: requests.Response | None
    seconds: float
    why: str = ""

    @property
    def status(self) -> int:
        return 0 if self.response is None else self.response.status_code


def is_search(seen: Seen) -> bool:
    return seen.handler.endswith("/select")


def ask(url: str, **members: Any) -> Came:
    began = time.monotonic()
    try:
        response = requests.post(f"{url}/v1/search", json={**SEARCH, **members}, timeout=30)
    except requests.ConnectionError as error:
        return Came(None, time.monotonic() - began, str(error))
    return Came(response, time.monotonic() - began)


@pytest.fixture
def running(shop: Shop, between: Between) -> Iterator[Running]:
    with server(shop, between.url, VISUAL_SEARCH_QUEUE=str(QUEUE), VISUAL_SEARCH_SEARCH_SECONDS="4") as found:
        assert ask(found.url).status == 200
        yield found


def test_as_many_wait_as_may_and_the_others_are_told_at_once(running: Running, between: Between) -> None:
    more = 20
    with between.broken(slow(SOLR_TAKES), is_search), ThreadPoolExecutor(THREADS + QUEUE + more) as pool:
        asked = [pool.submit(ask, running.url) for _ in range(THREADS + QUEUE + more)]
        time.sleep(SOLR_TAKES / 2)
        began = time.monotonic()
        alive = requests.get(f"{running.url}/healthz", timeout=10)
        assert alive.status_code == 200 and time.monotonic() - began < SOLR_TAKES / 2, "a full queue is no death"
        came = [each.result() for each in asked]
    answered = [each for each in came if each.status == 200]
    refused = [each for each in came if each.status == 503]
    assert (len(answered), len(refused)) == (THREADS + QUEUE, more)
    assert max(each.seconds for each in refused) < SOLR_TAKES
    for each in refused:
        assert each.response is not None
        assert each.response.headers["Content-Type"] == "application/problem+json"
        assert int(each.response.headers["Retry-After"]) > 0
        found = each.response.json()
        assert found["type"] == "urn:visual-search:problem:overloaded" and f"{QUEUE} requests wait" in found["detail"]
    assert ask(running.url).status == 200


def test_what_is_begun_is_finished_and_nothing_else(running: Running, between: Between) -> None:
    """Those that are answered and those that wait; a connection that is kept gets no more."""
    with requests.Session() as kept:
        assert kept.get(f"{running.url}/healthz", timeout=10).status_code == 200
        with between.broken(slow(SOLR_TAKES), is_search), ThreadPoolExecutor(THREADS + QUEUE) as pool:
            asked = [pool.submit(ask, running.url) for _ in range(THREADS + QUEUE)]
            time.sleep(SOLR_TAKES / 2)
            running.process.send_signal(signal.SIGTERM)
            time.sleep(0.3)
            late = kept.post(f"{running.url}/v1/search", json=SEARCH, timeout=10)
            assert late.status_code == 503 and "about to end" in late.text
            with pytest.raises(OSError):
                socket.create_connection((urlsplit(running.url).hostname, urlsplit(running.url).port), timeout=5)
            came = [each.result() for each in asked]
    assert [each.status for each in came] == [200] * (THREADS + QUEUE)
    assert running.process.wait(10) == 0


def test_it_ends_though_a_request_does_not(shop: Shop, between: Between) -> None:
    with server(shop, between.url, VISUAL_SEARCH_SEARCH_SECONDS="2", VISUAL_SEARCH_TOOLS_SECONDS="60") as running:
        assert ask(running.url).status == 200
        with between.broken(KINDS["says nothing"], is_search), ThreadPoolExecutor(1) as pool:
            hanging = pool.submit(requests.post, f"{running.url}/v1/audits", json={"field": "color"}, timeout=60)
            time.sleep(0.5)
            began = time.monotonic()
            running.process.send_signal(signal.SIGTERM)
            assert running.process.wait(30) == 0
            assert time.monotonic() - began < 2 + 4
            with pytest.raises(requests.ConnectionError):
                hanging.result()


def test_an_idle_server_ends_at_once_whoever_is_connected(running: Running) -> None:
    with requests.Session() as kept:
        assert kept.get(f"{running.url}/healthz", timeout=10).status_code == 200
        began = time.monotonic()
        running.process.send_signal(signal.SIGTERM)
        assert running.process.wait(10) == 0
        assert time.monotonic() - began < 3


def test_each_thread_and_handle_is_given_back(shop: Shop, tmp_path: Path) -> None:
    """Refusals, too, leave nothing behind."""
    import psutil

    assert shop.settings.solr_url is not None
    with server(shop, shop.settings.solr_url, VISUAL_SEARCH_QUEUE="1") as running:
        process = psutil.Process(running.process.pid)

        def burst() -> list[tuple[int, str]]:
            barrier = threading.Barrier(40)

            def one(_: int) -> tuple[int, str]:
                barrier.wait()
                came = ask(running.url)
                return came.status, came.why  # who keeps an answer keeps its connection

            with ThreadPoolExecutor(40) as pool:
                return list(pool.map(one, range(40)))

        for _ in range(3):
            burst()
        time.sleep(1.0)
        threads, handles = process.num_threads(), process.num_fds()
        came = {each for _ in range(10) for each in burst()}
        assert {status for status, _ in came} == {200, 503}, f"{came}; the server's status: {running.process.poll()}"
        time.sleep(1.0)
        assert (
            process.num_threads() <= threads and process.num_fds() <= handles + THREADS
        )  # connections to Solr are kept
