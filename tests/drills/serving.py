"""Solr killed while the real server answers searches, and started again."""

from __future__ import annotations

import random
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from tests.catalog.support import draw
from tests.drills.drills import Undisturbed
from tests.drills.traffic import Request, Traffic
from tests.drills.yard import PICTURES, SOLR_TIMEOUT, Yard
from tests.processes import served

CALLERS = 6
# A search asks Solr for several things, one after the other, and ends with the first that is not answered in time; a
# busy machine may need a while for the others.
BOUND = 3 * SOLR_TIMEOUT


@dataclass(frozen=True)
class Outage:
    """Solr gone and back, as the callers saw it."""

    after: int
    """Answers before the kill."""
    verdicts: Counter[str]
    slowest: float
    back: float
    """Seconds from the kill until a search was answered again."""


def searches() -> list[Request]:
    """Of all kinds: by words, photo, product, facets and filters, by page, several at once.

    None ranks the same picture twice unless it is the one searched by: the last bits of other distances may differ
    between two documents (see :mod:`tests.drills.contents`), and with them the order of what should be equal.
    """
    once = {"round": ["r1"]}

    def search(**members: object) -> Request:
        return Request("POST", "/v1/search", json=members)

    batch = [
        {"q": "thing", "rows": 5, "sort": "price"},
        {"image_id": "p00007", "rows": 5},
        {"image_id": "p00030", "mode": "exact", "filters": once},
    ]
    return [
        search(q="thing", facets=["color"], rows=20, sort="price"),
        search(image_id="p00005", rows=5, facets=["color"]),
        Request("POST", "/v1/search", {"filters": once, "facets": ["color"]}, draw(PICTURES // 2)),
        search(q="thing", image_id="p00011", filters={"color": ["red"]} | once, rows=5),
        search(image_id="p00012", mode="approximate", filters=once, rows=10),
        search(image_id="p00013", mode="exact", filters=once, rows=10),
        search(q="blue", rows=50, facets=["color"], ranges={"price": {"min": 100, "max": 900}}, sort="price"),
        Request("GET", "/v1/products/p00042"),
        Request("GET", "/v1/products/p00042/similar?rows=4"),
        Request("GET", "/v1/facets"),
        Request("POST", "/v1/search/batch", json={"searches": batch}),
    ]


@contextmanager
def serving(yard: Yard, collection: str) -> Iterator[str]:
    """``visual-search serve`` in a process of its own; it must live until the block ends, and then end well."""
    with served(yard.environment(collection)) as (url, process):
        try:
            yield url
            assert process.poll() is None, "the server ended"
        finally:
            process.terminate()
            assert process.wait(30) == 0


@contextmanager
def traffic(yard: Yard, undisturbed: Undisturbed) -> Iterator[Traffic]:
    """A server of the undisturbed collection, and what it answers while nothing is wrong."""
    yard.solr.start()
    with serving(yard, undisturbed.collection) as url:
        made = Traffic(url, searches(), timeout=2 * BOUND)
        made.learn()
        yield made


def moments(seed: int) -> list[int]:
    """After how many answers Solr is killed, each time."""
    seeded = random.Random(seed)
    return [seeded.randint(10, 60) for _ in range(3)]


def kill_solr_while_searching(yard: Yard, traffic: Traffic, after: int) -> Outage:
    """Kill Solr after so many answers, start it again while searches go on, ask everything once more."""
    traffic.answers.clear()
    with traffic.flowing(CALLERS):
        traffic.wait_for(after)
        killed = time.monotonic()
        yard.kill_solr()
        traffic.wait_for(CALLERS)
        yard.solr.start()
        traffic.wait_for(5 * CALLERS)
    answers = list(traffic.answers)
    wrong = [each.said for each in answers if each.verdict == "wrong"]
    assert not wrong, f"{len(wrong)} wrong answers: {wrong[:3]}"
    before = [each for each in answers if each.began + each.seconds < killed]
    assert len(before) >= after and {each.verdict for each in before} == {"right"}
    slowest = max(each.seconds for each in answers)
    assert slowest < BOUND, f"{slowest:.1f} s: {[each for each in answers if each.seconds == slowest]}"
    lost = [each for each in answers if each.verdict == "unavailable"]
    assert lost, "no search came while Solr was gone"
    again = [each for each in answers if each.began > max(each.began for each in lost)]
    assert again, "Solr is there and searches are not answered"
    last = [traffic.ask(number) for number in range(len(traffic.requests))]
    unlike = [each.said for each in last if each.verdict != "right"]
    assert not unlike, f"other answers than before: {unlike[:3]}"
    back = min(each.began + each.seconds for each in again) - killed
    return Outage(after, Counter(each.verdict for each in answers), slowest, back)
