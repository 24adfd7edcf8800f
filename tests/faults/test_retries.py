"""What is sent again, how often, and what never is: counted by the proxy between client and Solr."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest

from tests.api.shop import Shop
from tests.faults.between import Between, Fault, Seen, Wire
from tests.faults.kinds import KINDS, status
from vision.errors import SolrRefused, SolrUnavailable
from vision.solr import deadline
from vision.solr.client import SolrClient

pytestmark = pytest.mark.solr

AGAIN = ("hangs up at once", "resets the connection", "503", "429")
ONCE = (
    "says nothing",
    "drips its head",
    "502 by a load balancer",
    "504",
    "500",
    "400",
    "401",
    "301 elsewhere",
    "half a body",
)


@pytest.fixture
def client(shop: Shop, between: Between) -> Iterator[SolrClient]:
    assert shop.settings.collection is not None
    with SolrClient(between.url, shop.settings.collection, timeout=2.0) as client:
        client.names  # noqa: B018 - asked for before anything is counted
        client.keeping  # noqa: B018
        client.budget.retries = 0
        between.seen.clear()
        yield client


def first(times: int) -> Callable[[Seen], bool]:
    """Hits so many requests and none after them."""
    left = iter(range(times))
    return lambda seen: next(left, None) is not None


@pytest.mark.parametrize("post", [False, True], ids=["get", "post"])
@pytest.mark.parametrize("kind", AGAIN)
def test_a_read_is_sent_again(client: SolrClient, between: Between, kind: str, post: bool) -> None:
    params = {"words": "x" * 2000} if post else {}
    with between.broken(KINDS[kind], first(2)):
        assert client.count(**params) == 40
    assert [each.method for each in between.seen] == ["POST" if post else "GET"] * 3
    assert len({(each.path, each.body) for each in between.seen}) == 1
    assert client.budget.retries == 2


@pytest.mark.parametrize("kind", AGAIN)
def test_other_reads_are_sent_again(client: SolrClient, between: Between, kind: str) -> None:
    client.shards.parts()  # asked for once in a while
    before = len(between.seen)
    with between.broken(KINDS[kind], first(2)):
        assert "id" in client.fields()
    assert len(between.seen) == before + 3


@pytest.mark.parametrize("kind", AGAIN)
def test_a_few_times(client: SolrClient, between: Between, kind: str) -> None:
    with between.broken(KINDS[kind]), pytest.raises(SolrUnavailable):
        client.count()
    assert len(between.seen) == 3


@pytest.mark.parametrize("kind", ONCE)
def test_what_would_fail_again_or_took_too_long_is_not(client: SolrClient, between: Between, kind: str) -> None:
    with between.broken(KINDS[kind]), pytest.raises((SolrUnavailable, SolrRefused)):
        client.count()
    assert len(between.seen) == 1 and client.budget.retries == 0


def test_nobody_listens_and_somebody_does_again(client: SolrClient) -> None:
    with SolrClient("http://127.0.0.1:9/solr", "x", timeout=1.0) as gone, pytest.raises(SolrUnavailable):
        gone.count()
    assert gone.budget.retries > 0


@pytest.mark.parametrize(
    ("seconds", "sent"), [("1", 2), ("3600", 1), ("soon", 2), ("Wed, 21 Oct 2015 07:28:00 GMT", 2)]
)
def test_retry_after_is_kept_or_nothing_is_sent(client: SolrClient, between: Between, seconds: str, sent: int) -> None:
    client.timeout = 4.0
    began = time.monotonic()
    with between.broken(status(429, b"", Retry_After=seconds), first(1)):
        if sent == 1:
            with pytest.raises(SolrUnavailable, match="429"):
                client.count()
            assert time.monotonic() - began < 1.0
        else:
            assert client.count() == 40
    assert len(between.seen) == sent
    if seconds == "1":
        assert time.monotonic() - began >= 1.0


def test_not_after_the_deadline(client: SolrClient, between: Between) -> None:
    began = time.monotonic()
    with between.broken(status(503, b"", Retry_After="1")), deadline.within(0.5), pytest.raises(SolrUnavailable):
        client.count()
    assert len(between.seen) == 1 and time.monotonic() - began < 0.5


def test_who_cannot_follow_is_not_asked_three_times(client: SolrClient, between: Between) -> None:
    """Of forty that fail, most were sent once."""
    with between.broken(KINDS["503"]):
        for _ in range(40):
            with pytest.raises(SolrUnavailable):
                client.count()
    assert len(between.seen) <= 40 + client.budget.retries
    assert 10 <= client.budget.retries <= 14


VECTORS = {"vector": np.zeros(1024, np.float32), "coarse": np.zeros(256, np.int8), "embedding": "none"}
WRITES: dict[str, Callable[[SolrClient], Any]] = {
    "documents": lambda client: client.add([{"id": "retried", "product_id": "retried", "title": "r"}]),
    "documents with vectors": lambda client: client.add([{"id": "retried", "product_id": "retried"} | VECTORS]),
    "deleted": lambda client: client.delete_ids(["retried"]),
    "committed": lambda client: client.commit(),
}
GUARDED: dict[str, Callable[[SolrClient], Any]] = {
    "a version": lambda client: client.add([{"id": "retried", "product_id": "r", "_version_": 1}]),
    "a field": lambda client: client.add([{"id": "retried", "title": {"set": "t"}}]),
    "an update": lambda client: client.post("update", [{"id": "retried", "title": {"set": "t"}, "_version_": 1}]),
    "the schema": lambda client: client.post("schema", {"add-field": {"name": "retried", "type": "string"}}),
}


def lost(wire: Wire, seen: Seen) -> None:
    """Solr did it, and nobody hears of it."""
    wire.upstream(seen)
    wire.reset()


def is_write(seen: Seen) -> bool:
    return seen.method == "POST" and not seen.handler.endswith("/select")


@pytest.mark.parametrize("fault", [*(KINDS[kind] for kind in AGAIN), lost], ids=[*AGAIN, "the answer is lost"])
@pytest.mark.parametrize("write", list(WRITES))
def test_what_may_be_written_twice_is(
    shop: Shop, client: SolrClient, between: Between, write: str, fault: Fault
) -> None:
    try:
        with between.broken(fault, first(2)):
            WRITES[write](client)
        assert len(list(filter(is_write, between.seen))) == 3
        client.commit()
        assert client.count("id:retried") == (1 if write.startswith("documents") else 0)
    finally:
        client.delete_ids(["retried"])
        client.commit()


@pytest.mark.parametrize("fault", [*(KINDS[kind] for kind in AGAIN)], ids=AGAIN)
@pytest.mark.parametrize("write", list(GUARDED))
def test_what_may_not_be_written_twice_is_not(client: SolrClient, between: Between, write: str, fault: Fault) -> None:
    with between.broken(fault), pytest.raises((SolrUnavailable, SolrRefused)):
        GUARDED[write](client)
    assert len(list(filter(is_write, between.seen))) == 1


@pytest.mark.slow
def test_a_write_that_hangs_ends(client: SolrClient, between: Between) -> None:
    for write in (WRITES["documents"], GUARDED["an update"]):
        began = time.monotonic()
        with between.broken(KINDS["says nothing"]), pytest.raises(SolrUnavailable, match="longer than the time limit"):
            write(client)
        assert time.monotonic() - began < 4 * client.timeout + 4.0
