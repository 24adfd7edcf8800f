"""Searches from several callers at once, each answer held against what the same request got in quiet times."""

from __future__ import annotations

import itertools
import math
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from json import dumps
from typing import Any, Literal

import requests
from requests import Response

Verdict = Literal["right", "partial", "unavailable", "wrong"]

# What may differ between two right answers: times, whether a count was in the cache, the last bits of distances.
_PASSING = frozenset({"took", "plan"})
_CLOSE = 1e-5
_PAUSE = 0.1
"""Seconds that a caller waits after a 503; a real one would wait longer."""


@dataclass(frozen=True)
class Request:
    """One that a caller sends again and again."""

    method: str
    path: str
    json: Mapping[str, Any] | None = None
    photo: bytes | None = None
    """Sent beside ``json``, as a form."""

    def send(self, url: str, timeout: float) -> requests.Response:
        if self.photo is None:
            return requests.request(self.method, url + self.path, json=self.json, timeout=timeout)
        photo = {"image": ("photo.png", self.photo)}
        form = {"query": dumps(self.json)}
        return requests.request(self.method, url + self.path, data=form, files=photo, timeout=timeout)


@dataclass(frozen=True)
class Answer:
    """What came back, how long it took, and whether it may be."""

    number: int
    began: float
    seconds: float
    verdict: Verdict
    said: str


def same(one: Any, other: Any) -> bool:
    """Whether two decoded answers say the same, apart from times, plans and the last bits of numbers."""
    if isinstance(one, dict) and isinstance(other, dict):
        return one.keys() == other.keys() and all(same(one[key], other[key]) for key in one.keys() - _PASSING)
    if isinstance(one, list) and isinstance(other, list):
        return len(one) == len(other) and all(map(same, one, other))
    if isinstance(one, float) and isinstance(other, float):
        return math.isclose(one, other, rel_tol=_CLOSE, abs_tol=_CLOSE)
    return bool(one == other)


def judge(response: requests.Response, expected: Any) -> Verdict:
    """Right as a whole, clearly unavailable, or neither; in a batch each search may be either."""
    if response.status_code == 503:
        clear = response.headers["Content-Type"] == "application/problem+json" and "Retry-After" in response.headers
        return "unavailable" if clear and _is_unavailable(response.json()) else "wrong"
    if response.status_code != 200:
        return "wrong"
    body = response.json()
    if same(body, expected):
        return "right"
    if "results" in body and len(body["results"]) == len(expected["results"]):
        pairs = zip(body["results"], expected["results"], strict=True)
        return "unavailable" if all(_is_unavailable(one) or same(one, other) for one, other in pairs) else "wrong"
    return "wrong"


def _is_unavailable(problem: Mapping[str, Any]) -> bool:
    return (
        problem.get("status") == 503
        and problem["type"] == "urn:visual-search:problem:solr-unavailable"
        and problem["title"] == "Solr does not answer"
        and problem["detail"].startswith("Solr at ")
    )


@dataclass
class Traffic:
    """Callers of one server, each going round the requests from another one on.

    Attributes:
        every: seconds from one request of a caller to its next, where the answer does not take longer.
    """

    url: str
    requests: Sequence[Request]
    timeout: float
    every: float = 0.0
    expected: list[Any] = field(default_factory=list)
    answers: list[Answer] = field(default_factory=list)
    _stop: threading.Event = field(default_factory=threading.Event)
    _came: threading.Condition = field(default_factory=threading.Condition)

    def learn(self) -> None:
        """Ask everything once, while nothing is wrong; that is what is expected from now on."""
        for each in self.requests:
            response = each.send(self.url, self.timeout)
            assert response.status_code == 200, response.text
            self.expected.append(response.json())

    def ask(self, number: int) -> Answer:
        began = time.monotonic()
        try:
            response = self.requests[number].send(self.url, self.timeout)
        except requests.RequestException as error:
            return Answer(number, began, time.monotonic() - began, "wrong", repr(error))
        verdict = self.judged(response, self.expected[number])
        said = f"{self.requests[number].path} answered {response.status_code}: {response.text[:300]}"
        return Answer(number, began, time.monotonic() - began, verdict, said)

    def judged(self, response: Response, expected: Any) -> Verdict:
        """What an answer is worth."""
        return judge(response, expected)

    @contextmanager
    def flowing(self, callers: int) -> Iterator[None]:
        """Ask from so many threads until the block ends."""
        self._stop.clear()
        threads = [threading.Thread(target=self._call, args=(first,), daemon=True) for first in range(callers)]
        for each in threads:
            each.start()
        try:
            yield
        finally:
            self._stop.set()
            for each in threads:
                each.join(2 * self.timeout)
                assert not each.is_alive(), "a caller still waits for its answer"

    def wait_for(self, count: int, timeout: float = 120.0) -> None:
        """Until so many more answers have come."""
        with self._came:
            wanted = len(self.answers) + count
            assert self._came.wait_for(lambda: len(self.answers) >= wanted, timeout), "answers stopped coming"

    def _call(self, first: int) -> None:
        for number in itertools.count(first):
            if self._stop.is_set():
                return
            answer = self.ask(number % len(self.requests))
            with self._came:
                self.answers.append(answer)
                self._came.notify_all()
            least = _PAUSE if answer.verdict == "unavailable" else 0.0
            self._stop.wait(max(least, answer.began + self.every - time.monotonic()))
