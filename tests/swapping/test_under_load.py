"""A real server that is searched without a break while collections change places under it: nobody notices."""

from __future__ import annotations

import base64
import json
import threading
import time
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
import requests

from tests.api.shop import serving
from tests.search.cloud import solr_cloud
from tests.swapping.pair import Pair, pair

pytestmark = [pytest.mark.solr, pytest.mark.slow]

CALLERS = 4
SWITCHES = 4
PHOTO = "green-ring-1.jpg"


@pytest.fixture(params=["standalone", "cloud"])
def made(request: pytest.FixtureRequest, solr_url: str, tmp_path: Path) -> Iterator[Pair]:
    if request.param == "standalone":
        with pair(solr_url, tmp_path, "loaded") as found:
            yield found
    else:
        with solr_cloud(tmp_path / "cloud") as url, pair(url, tmp_path, "loaded") as found:
            yield found


@dataclass
class Callers:
    """What they ask, what right answers are by the vectors that answered, and what came.

    Attributes:
        url: of the server.
        asked: requests by name.
        right: ids of the hits, by name and fingerprint.
        wrong: what was answered otherwise.
        counted: right answers by fingerprint.
        slowest: seconds.
    """

    url: str
    asked: Mapping[str, dict[str, Any]]
    right: dict[tuple[str, str], list[str]] = field(default_factory=dict)
    wrong: list[str] = field(default_factory=list)
    counted: Counter[str] = field(default_factory=Counter)
    slowest: float = 0.0
    ended: threading.Event = field(default_factory=threading.Event)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def learn(self, fingerprints: list[str]) -> None:
        for name, request in self.asked.items():
            for fingerprint in fingerprints:
                answer = requests.post(f"{self.url}/v1/search", json=request | {"extractor": fingerprint}, timeout=60)
                assert answer.status_code == 200, answer.text
                assert answer.json()["plan"]["embedding"] == fingerprint
                self.right[name, fingerprint] = [each["id"] for each in answer.json()["hits"]]

    def call(self) -> None:
        with requests.Session() as session:
            while not self.ended.is_set():
                for name, request in self.asked.items():
                    self._once(session, name, request)

    def _once(self, session: requests.Session, name: str, request: dict[str, Any]) -> None:
        began = time.monotonic()
        answer = session.post(f"{self.url}/v1/search", json=request, timeout=60)
        body = answer.json()
        if answer.status_code == 200 and body.get("page"):  # what began on one goes on there
            following = session.post(f"{self.url}/v1/search", json=request | {"page": body["page"]}, timeout=60)
            if following.status_code != 200 or following.json()["plan"]["embedding"] != body["plan"]["embedding"]:
                self.wrong.append(f"{name}, second page: {following.status_code} {following.text[:300]}")
        with self._lock:
            self.slowest = max(self.slowest, time.monotonic() - began)
            if answer.status_code != 200:
                self.wrong.append(f"{name}: {answer.status_code} {answer.text[:300]}")
                return
            fingerprint = body["plan"]["embedding"]
            if [each["id"] for each in body["hits"]] != self.right[name, fingerprint]:
                self.wrong.append(f"{name}: not what {fingerprint} finds")
            self.counted[fingerprint] += 1


def test_no_search_fails_or_mixes_while_they_change_places(made: Pair) -> None:
    photo = base64.b64encode(made.shop.photo(PHOTO)).decode()
    asked: dict[str, dict[str, Any]] = {
        "photo": {"image": photo, "rows": 10},
        "photo and words": {"image": photo, "q": "ring", "rows": 10, "facets": ["color"]},
        "product": {"image_id": "red-square-1", "rows": 10},
        "likes": {"like": ["blue-ring-1", "red-ring-2"], "rows": 10},
    }
    fingerprints = [made.fingerprint(made.served), made.fingerprint(made.beside)]
    with serving(made.shop.settings) as url:
        callers = Callers(url, asked)
        callers.learn(fingerprints)
        threads = [threading.Thread(target=callers.call) for _ in range(CALLERS)]
        for each in threads:
            each.start()
        try:
            for number in range(SWITCHES):
                time.sleep(2)
                made.switched(back=bool(number % 2))
            time.sleep(2)
        finally:
            callers.ended.set()
            for each in threads:
                each.join(120)
    print(
        f"{sum(callers.counted.values()):,} searches during {SWITCHES} switches, {len(callers.wrong)} wrong, "
        f"slowest {callers.slowest:.2f} s"
    )
    assert not callers.wrong, callers.wrong[:5]
    assert all(callers.counted[each] > 20 for each in fingerprints)


def test_a_share_of_the_searches_is_asked_of_both(made: Pair) -> None:
    settings, files = made.shop.settings, made.workspace.beside()
    with serving(settings) as url:
        found = requests.post(f"{url}/v1/search", json={"image_id": "red-square-1"}, timeout=60)
        assert found.status_code == 200
        files.save(type(files.known(made.served))(made.served, made.beside, 0.0, shadow=1.0))
        time.sleep(1.2)
        for product in ("red-square-1", "blue-ring-1", "green-circle-1"):
            assert requests.post(f"{url}/v1/search", json={"image_id": product}, timeout=60).status_code == 200
            time.sleep(0.5)
        assert requests.post(f"{url}/v1/search", json={"q": "ring"}, timeout=60).status_code == 200
        deadline = time.monotonic() + 20
        while time.monotonic() < deadline:
            beside = requests.get(f"{url}/v1/status", timeout=60).json()["beside"]
            if beside["shadow"]["searches"] == 3:
                break
            time.sleep(0.3)
    assert beside["other"] == made.beside and beside["share"] == 1.0
    assert beside["shadow"]["searches"] == 3 and 0 < beside["shadow"]["overlap"] <= 1, json.dumps(beside)
    assert beside["shadow"]["errors"] == {}
