"""A SolrCloud: what kinds of replicas cost and show, and how many candidates each of several shards should look for.

Two nodes of this machine, which share its cores: times of parts tell them apart, not what two machines would take.
"""

from __future__ import annotations

import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final

import click
import numpy as np
import psutil

from benchmarks.report import Table, emit, progress
from benchmarks.stream import Stream, Vectors, query_vectors, store_in
from vision.catalog import sending
from vision.embedding import Embedding
from vision.search import planner
from vision.search.composer import compose
from vision.search.model import Mode, Query
from vision.search.planner import Limits
from vision.settings import Settings
from vision.solr import configset
from vision.solr.client import SolrClient
from vision.solr.configset import CONFIGSET, Shape
from vision.solr.embedded.cloud import EmbeddedCloud, inactive

NODES: Final = 2
TOP: Final = 10
KINDS: Final = ("tlog", "nrt")
_SHARDS: Final = (1, 2, 4, 8)
_ASKED: Final = 100
_FRESHNESS: Final = 20
MB: Final = 1 << 20


@dataclass(frozen=True)
class Place:
    """A running cloud, and the documents that are loaded into it."""

    cloud: EmbeddedCloud
    home: Path
    stream: Stream
    embedding: Embedding

    def client(self, name: str) -> SolrClient:
        """A client of one collection."""
        return SolrClient(self.cloud.url, name, timeout=120)

    def load(self, client: SolrClient) -> float:
        """Seconds until all documents are sent, committed, and merged."""
        began = time.perf_counter()
        sending.add(client, self._batches())
        client.commit()
        client.merge()
        return time.perf_counter() - began

    def _batches(self) -> Iterator[Sequence[Mapping[str, Any]]]:
        for chunk in self.stream.documents(self.embedding):
            yield from (chunk[start : start + sending.BATCH] for start in range(0, len(chunk), sending.BATCH))

    def spent(self) -> float:
        """Seconds of processor time of all nodes."""
        states = [each.state() for each in self.cloud.nodes]
        times = [psutil.Process(each.pid).cpu_times() for each in states if each is not None]
        return float(sum(each.user + each.system for each in times))


@contextmanager
def place(pictures: int, heap: str) -> Iterator[Place]:
    """In a temporary folder; both are gone afterwards."""
    with tempfile.TemporaryDirectory(prefix="visual-search-benchmark-", ignore_cleanup_errors=True) as folder:
        home, stream = Path(folder), Stream(pictures)
        embedding = stream.embedding(store_in(home))
        settings = Settings(home=home)
        with EmbeddedCloud(settings, nodes=NODES, port=0, heap=heap) as cloud:
            yield Place(cloud, home, stream, embedding)


def replicas(where: Place, rounds: int) -> Table:
    """One shard of two replicas by kind: loading, bytes, how long a commit is not seen, whether they answer alike."""
    table = Table(
        f"{where.stream.count:,} documents in one shard of two replicas on two nodes, {rounds} rounds in turns",
        ("replicas", "loaded in s", "CPU s of the nodes", "MB on disk", "commit to all ms", "most ms", "same ten"),
    )
    found: dict[str, list[tuple[float, float]]] = {kind: [] for kind in KINDS}
    kept: dict[str, tuple[float, list[float], float]] = {}
    for turn in range(rounds):
        for kind in KINDS[turn % 2 :] + KINDS[: turn % 2]:
            with where.client(f"{kind}{turn}") as client:
                _create(client, kind)
                before = where.spent()
                seconds = where.load(client)
                _alike(client, where)  # all of them have it
                found[kind].append((seconds, where.spent() - before))
                if turn == rounds - 1:
                    kept[kind] = (_bytes(client) / MB, _freshness(client, where), _alike(client, where))
                configset.drop(client)
            progress(f"round {turn + 1}: {kind}: {seconds:.0f} s")
    for kind in KINDS:
        seconds, spent = (float(np.median(each)) for each in zip(*found[kind], strict=True))
        megabytes, fresh, alike = kept[kind]
        table.add(kind.upper(), seconds, spent, megabytes, float(np.median(fresh)), max(fresh), alike)
    return table


def _create(client: SolrClient, kind: str) -> None:
    client.admin(
        "admin/collections",
        action="CREATE",
        name=client.collection,
        numShards=1,
        **{f"{kind}Replicas": 2, "collection.configName": CONFIGSET, "router.field": "product_id"},
    )


def _replicas(client: SolrClient) -> list[str]:
    """The base address of each replica's core."""
    cluster = configset.cluster(client)["collections"][configset.real_name(client)]
    return [
        f"{each['base_url']}/{each['core']}"
        for shard in cluster["shards"].values()
        for each in shard["replicas"].values()
    ]


def _bytes(client: SolrClient) -> float:
    total = 0.0
    for core in _replicas(client):
        base, name = core.rsplit("/", 1)
        with SolrClient(base, name) as one:
            index = one.admin("admin/cores", action="STATUS", core=name)["status"][name]["index"]
            total += float(index["sizeInBytes"])
    return total


def _own(core: str, params: Mapping[str, Any]) -> dict[str, Any]:
    """One replica's own answer."""
    base, name = core.rsplit("/", 1)
    with SolrClient(base, name) as one:
        return dict(one.select({**params, "distrib": "false"})["response"])


def _freshness(client: SolrClient, where: Place) -> list[float]:
    """Milliseconds from the end of a commit until every replica has what was committed."""
    cores, taken = _replicas(client), []
    document = dict(next(where.stream.documents(where.embedding))[0])
    for number in range(_FRESHNESS):
        id = f"fresh{number}"
        client.add([{**document, "id": id, "product_id": id}])
        client.commit()
        began = time.perf_counter()
        _until(lambda id=id: all(_own(core, {"q": f"id:{id}", "rows": 0})["numFound"] for core in cores))  # type: ignore[misc]
        taken.append(1000 * (time.perf_counter() - began))
    return taken


def _until(reached: Callable[[], object], seconds: float = 60.0) -> None:
    deadline = time.monotonic() + seconds
    while not reached():
        if time.monotonic() > deadline:
            raise click.ClickException("replicas did not come to have the same documents")
        time.sleep(0.02)


def _alike(client: SolrClient, where: Place) -> float:
    """The part of queries that all replicas, once they have all documents, answer with the same ten."""
    cores = _replicas(client)
    _until(lambda: len({_own(core, {"q": "*:*", "rows": 0})["numFound"] for core in cores}) == 1)
    same = 0
    for vector in where.stream.queries(_ASKED):
        query = Query(vector=vector, mode=Mode.APPROXIMATE, rows=TOP)
        asked = compose(query, planner.plan(query, Limits()), query_vectors(vector, where.embedding))
        same += len({tuple(each["id"] for each in _own(core, asked)["docs"]) for core in cores}) == 1
    return same / _ASKED


def shards(where: Place, repeats: int) -> Table:
    """Recall and time of approximate searches by shards: each looks for all K, and each for its part."""
    limits = Limits()
    table = Table(
        f"recall@{TOP} and p50 ms of {_ASKED} searches with K = {limits.candidates}, {where.stream.count:,} documents",
        ("shards", "of each", "recall", "of the worst 5 %", "p50 ms", "Solr's own p50 ms"),
    )
    queries = where.stream.queries(_ASKED)
    truth = where.stream.nearest(queries, TOP)
    for count in _SHARDS:
        with where.client(f"shards{count}") as client:
            configset.create(client, shape=Shape(count, 1))
            where.load(client)
            _until(lambda client=client: not inactive(client))  # type: ignore[misc]
            plan = planner.of_shards(
                planner.plan(Query(vector=queries[0], mode=Mode.APPROXIMATE, rows=TOP), limits), count
            )
            ways = {limits.candidates: replace(plan, of_shard=None)} | (
                {} if plan.of_shard is None else {plan.of_shard: plan}
            )
            measured: dict[int, list[tuple[float, float, float]]] = {each: [] for each in ways}
            for _ in range(repeats):
                for each, way in ways.items():
                    measured[each] += [
                        _asked(client, query, way, wanted, where) for query, wanted in zip(queries, truth, strict=True)
                    ]
            for each, rows in measured.items():
                recall, wall, own = (np.asarray(column) for column in zip(*rows, strict=True))
                worst = np.sort(recall)[: max(1, len(recall) // 20)].mean()
                table.add(
                    count, each, float(recall.mean()), float(worst), float(np.median(wall)), float(np.median(own))
                )
            configset.drop(client)
        progress(f"{count} shards")
    return table


def _asked(
    client: SolrClient, vector: Vectors, plan: Any, wanted: Sequence[str], where: Place
) -> tuple[float, float, float]:
    """Recall of one search, its milliseconds, and Solr's own."""
    query = Query(vector=vector, mode=Mode.APPROXIMATE, rows=TOP)
    params = compose(query, plan, query_vectors(vector, where.embedding))
    began = time.perf_counter()
    answer = client.select(params)
    seconds = time.perf_counter() - began
    found = {each["id"] for each in answer["response"]["docs"]}
    return len(found & set(wanted)) / len(wanted), 1000 * seconds, float(answer["responseHeader"]["QTime"])


@click.command(help=__doc__)
@click.option("--pictures", default=20_000, show_default=True, help="How many documents.")
@click.option("--rounds", default=3, show_default=True, help="Loads by each kind of replicas.")
@click.option("--repeats", default=3, show_default=True, help="Of the queries, by each number of shards.")
@click.option("--heap", default="512m", show_default=True, help="Each node's -Xmx.")
@click.option("--only", type=click.Choice(["replicas", "shards"]), help="One of the two.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def main(pictures: int, rounds: int, repeats: int, heap: str, only: str | None, as_json: bool) -> None:
    with place(pictures, heap) as where:
        tables = [replicas(where, rounds)] if only != "shards" else []
        tables += [shards(where, repeats)] if only != "replicas" else []
    emit("cloud", tables, as_json=as_json)


if __name__ == "__main__":
    main()
