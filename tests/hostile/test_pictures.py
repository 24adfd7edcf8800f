"""Malformed pictures and bombs at the real server: it lives, says what is wrong, and neither waits nor grows."""

from __future__ import annotations

import base64
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import psutil
import pytest
import requests

from tests.hostile.bombs import DECODED, REFUSED
from tests.hostile.conftest import Served
from tests.hostile.pictures import foreign, malformed, odd, sound

pytestmark = pytest.mark.solr

SEED = 10
BOUND_S = 2.0
BOUND_MB = 300
PROBLEMS = (400, 404, 413, 422)


def _posted(path: str, **members: Any) -> requests.Response:
    return requests.post(path, timeout=60, **members)


WAYS: Mapping[str, Callable[[str, bytes], requests.Response]] = {
    "search, a form": lambda url, data: _posted(
        f"{url}/v1/search", files={"image": ("a.jpg", data, "image/jpeg"), "query": (None, '{"rows": 1}')}
    ),
    "search, base64": lambda url, data: _posted(
        f"{url}/v1/search", json={"image": base64.b64encode(data).decode(), "rows": 1}
    ),
    "images": lambda url, data: _posted(f"{url}/v1/images", data=data, headers={"Content-Type": "image/jpeg"}),
    "images, a form": lambda url, data: _posted(f"{url}/v1/images", files={"image": ("a.jpg", data, "image/png")}),
    "detect": lambda url, data: _posted(f"{url}/v1/detect", files={"image": ("a.jpg", data)}),
}


def check_alive(served: Served) -> None:
    assert psutil.pid_exists(served.pid)
    assert requests.get(f"{served.url}/healthz", timeout=5).status_code == 200
    found = requests.post(f"{served.url}/v1/search", json={"q": "ring", "rows": 1}, timeout=20)
    assert found.status_code == 200 and found.json()["total"] == 8


def send_all(served: Served, count: int) -> Counter[str]:
    """Each by one way after the other; whatever is accepted is a picture of a format that is decoded."""
    verdicts: Counter[str] = Counter()
    ways = list(WAYS)
    others = set(foreign().values())
    for number, (name, data) in enumerate(malformed(SEED, count)):
        way = ways[number % len(ways)]
        response = WAYS[way](served.url, data)
        about = f"{name}, by {way}: {response.status_code} {response.text[:300]}"
        assert response.status_code in (200, 201, *PROBLEMS), about
        if response.status_code in PROBLEMS:
            assert response.headers["Content-Type"] == "application/problem+json", about
            assert response.json()["detail"], about
        assert data not in others or response.status_code in (400, 422), about
        verdicts[f"{response.status_code}"] += 1
    check_alive(served)
    return verdicts


def test_malformed_pictures(served: Served) -> None:
    verdicts = send_all(served, 200)
    assert verdicts["422"] > 80, verdicts


@pytest.mark.many
def test_more_malformed_pictures(served: Served) -> None:
    verdicts = send_all(served, 1_500)
    print(f"seed {SEED}: {dict(verdicts)}")
    assert sum(verdicts.values()) == 1_500 and verdicts["422"] > 500 and verdicts["200"] + verdicts["201"] > 200


@pytest.mark.parametrize("way", WAYS)
def test_every_way_takes_what_is_sound_and_refuses_what_is_not(served: Served, way: str) -> None:
    for name, data in sound().items():
        assert WAYS[way](served.url, data).status_code in (200, 201), name
    for name in ("GIF", "BMP", "TIFF", "EPS that runs", "FITS", "PSD", "SVG"):
        assert WAYS[way](served.url, foreign()[name]).status_code == 422, name
    for name in ("one byte", "zeros", "a PNG's signature", "an empty JPEG"):
        assert WAYS[way](served.url, odd()[name]).status_code == 422, name


class Watched:
    """How much larger a process becomes, in MB."""

    def __init__(self, pid: int) -> None:
        self._process = psutil.Process(pid)
        self.before = self.most = self._size()

    def _size(self) -> float:
        return float(self._process.memory_info().rss) / 1e6

    @property
    def grown(self) -> float:
        return self.most - self.before

    @contextmanager
    def watching(self) -> Iterator[None]:
        ended = threading.Event()

        def watch() -> None:
            while not ended.wait(0.002):
                self.most = max(self.most, self._size())

        thread = threading.Thread(target=watch)
        thread.start()
        try:
            yield
        finally:
            ended.set()
            thread.join()


def drop(
    served: Served, bombs: Mapping[str, Callable[[], bytes]], ways: list[str]
) -> list[tuple[str, str, int, float, float]]:
    """Each bomb, way, status, seconds and MB."""
    found = []
    for name, make in bombs.items():
        data = make()
        assert len(data) < 10 << 20, f"{name}: {len(data)} bytes"
        for way in ways:
            watched = Watched(served.pid)
            with watched.watching():
                began = time.monotonic()
                status = WAYS[way](served.url, data).status_code
                taken = time.monotonic() - began
            found.append((name, way, status, taken, watched.grown))
            print(f"{name:42} {len(data):>9,} B {way:16} {status} {taken:5.2f} s {watched.grown:6.0f} MB")
    return found


@pytest.mark.alone
def test_bombs_are_refused_at_once_and_cost_nothing(served: Served) -> None:
    assert len(REFUSED) >= 20
    WAYS["search, a form"](served.url, sound()["jpeg"])
    for name, way, status, taken, grown in drop(served, REFUSED, list(WAYS)):
        assert status in (413, 422), (name, way, status)
        assert taken < BOUND_S and grown < BOUND_MB, (name, way, taken, grown)
    check_alive(served)


@pytest.mark.alone
def test_what_is_as_large_as_accepted_costs_a_bounded_amount(served: Served) -> None:
    for name, way, status, taken, grown in drop(served, DECODED, ["search, a form", "images", "detect"]):
        assert status in (200, 201), (name, way, status)
        assert taken < 10 and grown < BOUND_MB, (name, way, taken, grown)
    check_alive(served)


def test_bombs_are_refused(served: Served) -> None:
    """One of each kind, without a clock, where others run beside."""
    for name in list(REFUSED)[::4]:
        assert WAYS["search, a form"](served.url, REFUSED[name]()).status_code in (413, 422), name
    check_alive(served)


@pytest.mark.alone
def test_many_large_pictures_at_once(served: Served) -> None:
    """Eight threads decode two large ones at a time."""
    data = DECODED["a WebP of 12 megapixels with alpha"]()
    watched = Watched(served.pid)
    statuses: list[int] = []

    def send() -> None:
        statuses.append(WAYS["detect"](served.url, data).status_code)

    with watched.watching():
        threads = [threading.Thread(target=send) for _ in range(16)]
        for each in threads:
            each.start()
        for each in threads:
            each.join()
    print(f"16 at once: {watched.grown:.0f} MB")
    assert statuses == [200] * 16
    assert watched.grown < 3 * BOUND_MB
    check_alive(served)
