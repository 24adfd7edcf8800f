"""A topic of a real broker, followed by real processes that are killed, share partitions and outlive the broker."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.catalog.shop import Shop
from tests.catalog.support import catalogue, draw, row
from tests.follow.kafka.broker import Broker, running
from tests.follow.test_follower import wait_for
from vision.errors import BadSetting, SolrNotStarted
from vision.following.topic import properties
from vision.workspace import Workspace

slow = pytest.mark.slow
GROUP, TOPIC = "shop", "products"
COUNT = 12
Begin = Callable[..., subprocess.Popen[str]]


@pytest.fixture
def broker(tmp_path: Path) -> Iterator[Broker]:
    try:
        with running(tmp_path / "kafka") as found:
            found.topic(TOPIC)
            yield found
    except SolrNotStarted as error:
        pytest.skip(f"the broker's jars cannot be had: {error}")


@pytest.fixture
def path(shop: Shop, tmp_path: Path) -> Path:
    found = catalogue(tmp_path / "data", COUNT)
    shop.index(found)
    return found


@pytest.fixture
def follow(shop: Shop, broker: Broker, path: Path) -> Iterator[Begin]:
    """Begins followers of the topic, none of which outlives the test."""
    begun: list[subprocess.Popen[str]] = []

    def begin(shop: Shop = shop) -> subprocess.Popen[str]:
        options = ("--kafka", broker.servers, "--topic", TOPIC, "--group", GROUP, "--pictures", path.parent)
        begun.append(shop.command("follow", *options))
        return begun[-1]

    yield begin
    for each in begun:
        each.kill()
        each.communicate()


def produce(broker: Broker, *records: tuple[str | bytes | None, Any], partition: int = -1) -> int:
    producer = broker.producer()
    for key, value in records:
        data = value if value is None or isinstance(value, bytes) else json.dumps(value).encode()
        producer.produce(TOPIC, key=key, value=data, partition=partition)
    assert producer.flush(60) == 0
    return len(records)


def upsert(number: int, **changes: Any) -> tuple[str, dict[str, Any]]:
    return f"p{number:05d}", row(number) | changes


def titles(shop: Shop) -> dict[str, str]:
    return {id: each["title"] for id, each in shop.documents("title").items()}


@slow
@pytest.mark.solr
def test_rows_tombstones_and_poison(shop: Shop, path: Path, broker: Broker, follow: Begin) -> None:
    (path.parent / "images" / "50.png").write_bytes(draw(50))
    follow()
    sent = produce(
        broker,
        upsert(50),
        upsert(1, title="new"),
        ("p00002", None),
        (None, row(3, title="without a key")),
        ("p00004", b"\xff\x00 no JSON"),
        (b"\xff", row(5)),
        ("p00006", row(7)),
        (None, None),
        upsert(8, price="dear"),
        upsert(9, image="images/none.png"),
        ("p00010", b"[" * 100_000),
        upsert(11, title="after all that"),
    )
    wait_for(lambda: broker.committed(TOPIC, GROUP) == sent)
    usual = {f"p{n:05d}": f"thing {n}" for n in range(COUNT) if n != 2}
    changed = {"p00050": "thing 50", "p00001": "new", "p00003": "without a key", "p00011": "after all that"}
    assert titles(shop) == usual | changed
    rejected = (shop.home / "feed" / f"{shop.name}.rejects.jsonl").read_text().splitlines()
    found = [json.loads(line) for line in rejected]
    assert len(found) == 7
    assert {each["source"] for each in found} == {TOPIC}
    assert all(each["offset"].count(":") == 1 for each in found)
    feed = Workspace(shop.settings).feed()
    wait_for(lambda: feed.figures().applied == sent - 7)  # they are counted once the broker knows
    assert (feed.figures().deleted, feed.figures().rejected) == (1, 7)


@pytest.mark.many
@pytest.mark.solr
@pytest.mark.skipif(sys.platform == "win32", reason="signals are those of POSIX")
def test_killed_between_batches_and_the_broker_too(shop: Shop, broker: Broker, follow: Begin) -> None:
    sent = 0
    for turn in range(3):
        follower = follow()
        for part in range(5):
            sent += produce(broker, *(upsert(n, title=f"turn {turn}.{part}") for n in range(COUNT)))
        wait_for(lambda turn=turn: broker.committed(TOPIC, GROUP) > turn * 5 * COUNT)  # type: ignore[misc]
        follower.kill()
        follower.wait()
        if turn == 1:
            broker.kill()
            broker.start()
    follower = follow()
    wait_for(lambda: broker.committed(TOPIC, GROUP) == sent)
    assert set(titles(shop).values()) == {"turn 2.4"}
    broker.kill()
    broker.start()
    sent += produce(broker, *(upsert(n, title="after the broker") for n in range(COUNT)))
    wait_for(lambda: set(titles(shop).values()) == {"after the broker"})
    follower.send_signal(signal.SIGTERM)
    assert follower.wait(60) == 0


@slow
@pytest.mark.solr
def test_two_consumers_share_the_partitions(shop: Shop, path: Path, broker: Broker, follow: Begin) -> None:
    """While one after the other joins and one is killed, the last of each key is what counts."""
    stop, last = threading.Event(), dict[str, str]()

    def keep_producing() -> None:
        number = 0
        while not stop.wait(0.1):
            number += 1
            produce(broker, *(upsert(n, title=f"{number} of {n}") for n in range(COUNT)))
            last.update({f"p{n:05d}": f"{number} of {n}" for n in range(COUNT)})

    producing = threading.Thread(target=keep_producing)
    producing.start()
    try:
        first = follow()
        wait_for(lambda: broker.committed(TOPIC, GROUP) > 0)
        second = follow(Shop(shop.home.with_name("other"), shop.url, shop.name, timeout=30))
        # The other one, whose home is another machine's, needs the collection's embedding.
        assert second.wait(60) == 1
        assert "does not hold that embedding" in second.communicate()[1]
        other = follow()
        assert other.stdout is not None
        other.stdout.readline()
        behind = broker.committed(TOPIC, GROUP)
        wait_for(lambda: broker.committed(TOPIC, GROUP) > behind + 5 * COUNT)
        first.kill()
        first.wait()
        behind = broker.committed(TOPIC, GROUP)
        wait_for(lambda: broker.committed(TOPIC, GROUP) > behind + 5 * COUNT)
    finally:
        stop.set()
        producing.join()
    wait_for(lambda: titles(shop) == last)


def test_what_signs_in_is_in_a_file(tmp_path: Path) -> None:
    file = tmp_path / "kafka.properties"
    file.write_text("# ours\n\nsecurity.protocol = SASL_SSL\nsasl.password=a=b \n")
    assert properties(file) == {"security.protocol": "SASL_SSL", "sasl.password": "a=b"}
    for wrong in ("group.id=x", "enable.auto.commit=true", "nonsense"):
        file.write_text(f"\n{wrong}\n")
        with pytest.raises(BadSetting, match="line 2: name=value is accepted"):
            properties(file)
    with pytest.raises(BadSetting, match="cannot be read"):
        properties(tmp_path / "none")
