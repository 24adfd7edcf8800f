"""Nodes of a SolrCloud killed while the real server answers searches and documents are written, and started again."""

from __future__ import annotations

import threading
import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from requests import Response

from tests.drills.serving import serving
from tests.drills.traffic import Request, Traffic, Verdict
from tests.drills.yard import SOLR_TIMEOUT, Yard
from tests.processes import kill
from vision.errors import SolrError
from vision.solr import aliases, configset, updates
from vision.solr.client import SolrClient
from vision.solr.configset import Shape
from vision.solr.embedded.cloud import EmbeddedCloud, inactive
from vision.solr.embedded.launcher import EmbeddedSolr

NODES, SHAPE = 3, Shape(2, 2)
CALLERS = 4
READ, WRITTEN = "read", "written"
GREEN_S = 60.0
"""Seconds after a kill within which every replica is active again; its node is started again after three."""
_DOWN_S = 3.0
_WARM_S, _MEASURED_S = 50.0, 10.0
"""Nodes that have just started carry a third of what they carry after a minute."""
_BATCH = 5


@dataclass(frozen=True)
class Loss:
    """A node gone and back, as callers and a writer saw it.

    Attributes:
        up: seconds after the kill until its new process has told ZooKeeper of its replicas.
        loaded: until their cores have loaded and read their transaction logs.
        green: until every replica is active again.
    """

    node: str
    verdicts: Counter[str]
    slowest: float
    up: float
    loaded: float
    green: float
    acknowledged: int
    refused: int


class Writer:
    """Sends documents, one batch after the other, and knows which were acknowledged.

    Attributes:
        every: seconds from one batch to the next, where it is not taken later.
    """

    def __init__(self, url: str) -> None:
        self.client = SolrClient(url, WRITTEN, timeout=SOLR_TIMEOUT)
        configset.create(self.client, shape=SHAPE)
        self.acknowledged: list[int] = []
        self.refused = 0
        self.every = 0.0
        self._number = 0
        self._stop = threading.Event()

    @contextmanager
    def writing(self) -> Iterator[None]:
        self._stop.clear()
        thread = threading.Thread(target=self._write, daemon=True)
        thread.start()
        try:
            yield
        finally:
            self._stop.set()
            thread.join(20 * SOLR_TIMEOUT)
            assert not thread.is_alive(), "the writer still waits for its answer"

    def _write(self) -> None:
        while not self._stop.is_set():
            numbers = range(self._number, self._number + _BATCH)
            next_one = time.monotonic() + self.every
            try:
                self.client.add([document(number) for number in numbers])
            except SolrError:
                self.refused += 1
                self._stop.wait(0.2)
            else:
                self.acknowledged += numbers
                self._number += _BATCH
                self._stop.wait(max(0.0, next_one - time.monotonic()))

    def check(self) -> None:
        """See that each acknowledged document is there once, as it was sent."""
        self.client.commit()
        there = Counter[str]()
        for page in updates.documents(self.client, "id", "id,title,vector"):
            there.update(each["id"] for each in page)
            for each in page:
                sent = document(int(each["id"][1:]))
                assert each["title"] == sent["title"]
                assert np.array_equal(np.asarray(each["vector"], dtype=np.float32), sent["vector"])
        lost = [number for number in self.acknowledged if id_of(number) not in there]
        assert not lost, f"{len(lost)} of {len(self.acknowledged)} are lost: {lost[:20]}"
        assert set(there.values()) == {1}, f"there twice: {[id for id, times in there.items() if times > 1][:20]}"


def id_of(number: int) -> str:
    return f"w{number:06d}"


def document(number: int) -> dict[str, Any]:
    """The same for the same number."""
    vector = np.random.default_rng(number).normal(size=1024).astype(np.float32)
    id = id_of(number)
    return {
        "id": id,
        "product_id": id,
        "title": f"thing {number}",
        "vector": vector,
        "coarse": (vector[:256] * 30).clip(-127, 127).astype(np.int8),
        "embedding": "drill",
    }


@dataclass
class PartialTraffic(Traffic):
    """Answers may say that they are partial."""

    def judged(self, response: Response, expected: Any) -> Verdict:
        verdict = super().judged(response, expected)
        says_so = verdict == "wrong" and response.status_code == 200 and response.json().get("partial")
        return "partial" if says_so else verdict


def searches() -> list[Request]:
    """By words, picture, both and facets; none ranks the same picture twice."""
    once = {"round": ["r1"]}

    def search(**members: object) -> Request:
        return Request("POST", "/v1/search", json=members)

    return [
        search(q="thing", facets=["color"], rows=20, sort="price"),
        search(image_id="p00005", rows=5, facets=["color"], filters=once),
        search(q="thing", image_id="p00011", filters={"color": ["red"]} | once, rows=5),
        search(image_id="p00012", mode="approximate", filters=once, rows=10),
        search(image_id="p00013", mode="exact", filters=once, rows=10),
        search(q="blue", rows=50, facets=["color"], ranges={"price": {"min": 100, "max": 900}}, sort="price"),
    ]


@dataclass
class Cluster:
    """The cluster, its server, its callers and its writer."""

    yard: Yard
    cloud: EmbeddedCloud
    traffic: Traffic
    writer: Writer

    def leader(self, shard: str, collection: str = WRITTEN) -> EmbeddedSolr:
        """The node whose replica of this shard takes the writes."""
        state = self.state()
        replicas = state["collections"][aliases.real(state, collection)]["shards"][shard]["replicas"].values()
        name = next(each["node_name"] for each in replicas if each.get("leader") == "true")
        return next(each for each in self.cloud.nodes if f":{each.port}_" in name)

    def state(self) -> dict[str, Any]:
        with SolrClient(self.cloud.url, READ, timeout=SOLR_TIMEOUT) as client:
            return configset.cluster(client)

    @cached_property
    def most(self) -> tuple[float, float]:
        """Searches and batches a second of callers and a writer that never pause, with all nodes there."""
        self.load(None)
        with self.traffic.flowing(CALLERS), self.writer.writing():
            time.sleep(_WARM_S)
            asked, sent = len(self.traffic.answers), len(self.writer.acknowledged)
            time.sleep(_MEASURED_S)
            asked, sent = len(self.traffic.answers) - asked, len(self.writer.acknowledged) - sent
        return asked / _MEASURED_S, sent / _BATCH / _MEASURED_S

    def load(self, part: float | None) -> None:
        """Have callers and the writer send this part of the most that is carried; None: without a pause."""
        self.traffic.every = self.writer.every = 0.0
        if part is not None:
            searches, batches = self.most
            self.traffic.every = CALLERS / (part * searches)
            self.writer.every = 1 / (part * batches)

    def kill(self, node: EmbeddedSolr) -> Loss:
        """Kill a node while everybody is at work, start it again after a while, wait until all is as before."""
        self.traffic.answers.clear()
        before, refused = len(self.writer.acknowledged), self.writer.refused
        with self.traffic.flowing(CALLERS), self.writer.writing():
            self.traffic.wait_for(2 * CALLERS)
            killed = time.monotonic()
            kill(node)
            time.sleep(_DOWN_S)
            with ThreadPoolExecutor(1) as pool:
                up, loaded, green = self._back(killed, pool.submit(self.cloud.start))
            self.traffic.wait_for(2 * CALLERS)
        answers = list(self.traffic.answers)
        wrong = [each.said for each in answers if each.verdict == "wrong"]
        assert not wrong, f"{len(wrong)} wrong answers: {wrong[:3]}"
        return Loss(
            node.home.name,
            Counter(each.verdict for each in answers),
            max(each.seconds for each in answers),
            up,
            loaded,
            green,
            len(self.writer.acknowledged) - before,
            self.writer.refused - refused,
        )

    def _back(self, killed: float, starting: Future[bool]) -> list[float]:
        """Seconds from the kill until a node that is starting is up, has loaded its cores, and all is as before."""
        reached: list[float] = []
        with SolrClient(self.cloud.url, READ, timeout=SOLR_TIMEOUT) as client:
            # Until ZooKeeper takes notice, and the node has come back, its replicas are said to be active.
            while len(reached) < 3:
                ended = starting.done()
                waited = inactive(client)
                down = any("(down)" in each for each in waited)
                since = time.monotonic() - killed
                assert since < 3 * GREEN_S, f"not green: {waited}"
                if ended and not waited:
                    reached += [since] * (3 - len(reached))
                elif len(reached) == (0 if down else 1):
                    reached.append(since)
                time.sleep(0.2)
        starting.result()
        return reached


@contextmanager
def cluster(yard: Yard) -> Iterator[Cluster]:
    """Three nodes of one ZooKeeper; a collection that is searched through the server, one that is written to."""
    cloud = EmbeddedCloud(yard.settings, nodes=NODES, heap="384m")
    cloud.start()
    try:
        options = ("--shards", str(SHAPE.shards), "--replicas", str(SHAPE.replicas))
        run = yard.index(READ, None, options=options)
        assert run.status == 0, run.said
        writer = Writer(cloud.url)
        with serving(yard, READ) as url:
            traffic = PartialTraffic(url, searches(), timeout=6 * SOLR_TIMEOUT)
            traffic.learn()
            yield Cluster(yard, cloud, traffic, writer)
        writer.client.close()
    finally:
        cloud.stop()
