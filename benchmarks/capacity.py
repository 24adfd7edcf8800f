"""How many products a 512 MB heap holds, how quickly they load, what they cost on disk, and how quickly they answer.

Nothing may be lost: the count is checked after the load and after a restart, every document must still have its
vector, and the answers are checked against NumPy over the same vectors, made again chunk by chunk.
"""

from __future__ import annotations

import tempfile
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import click

from benchmarks import server
from benchmarks.report import Table, emit, progress
from benchmarks.stream import Stream, store_in
from vision.catalog import sending
from vision.embedding import Embedding
from vision.evaluation.timing import interleaved
from vision.search.engine import SearchEngine
from vision.search.model import Mode, Query, Result
from vision.search.planner import Limits
from vision.solr.client import SolrClient

COLLECTION = "capacity"


@dataclass(frozen=True)
class Options:
    """What is measured."""

    pictures: int = 100_000
    heap: str = "512m"
    ram_buffer: int = 64
    soft_commit: int = 3000
    queries: int = 50


def run(options: Options) -> Sequence[Table]:
    """Load, merge, query, restart, and count again."""
    stream = Stream(options.pictures)
    with tempfile.TemporaryDirectory(prefix="visual-search-benchmark-", ignore_cleanup_errors=True) as folder:
        home = Path(folder)
        embedding = stream.embedding(store_in(home))
        with server.of(home, options.heap) as running:
            client = SolrClient(running.url, COLLECTION, timeout=120)
            properties = {
                "visual.ramBufferSizeMB": str(options.ram_buffer),
                "solr.autoSoftCommit.maxTime": str(options.soft_commit),
            }
            server.create(client, **properties)
            with server.Watch(running, client) as watch:
                loading = load(client, stream, embedding)
                loading.rows += [
                    ("peak heap used, MB", watch.peaks["heap"]),
                    ("peak JVM memory without mapped files, MB", watch.peaks["private"]),
                    ("peak JVM resident, mapped index files included, MB", watch.peaks["rss"]),
                    ("peak index on disk, MB", watch.peaks["disk"]),
                    ("peak memory of the sender, MB", watch.peaks["client"]),
                ]
            _verify(client, options.pictures)
            disk = _disk(running, options.pictures)
            engine = SearchEngine(client, store_in(home), limits=Limits())
            asking = _ask(engine, stream, options.queries)
            after = server.heap(client)
            old = server.metrics(client, "jvm", "gc")["solr.jvm"]
            loading.rows += [
                ("heap used after the queries, MB", after["used"]),
                ("of it live after the last old collection, MB", after["live"]),
                ("heap allowed, MB", after["max"]),
                ("collections of the whole heap", int(old.get("gc.G1-Old-Generation.count", 0))),
            ]
            client.close()
        began = time.perf_counter()
        with server.of(home, options.heap) as running, SolrClient(running.url, COLLECTION, timeout=120) as client:
            loading.add("restart to the first answer, s", time.perf_counter() - began)
            _verify(client, options.pictures)
            loading.add("documents with a vector after the restart", options.pictures)
    return [loading, disk, asking]


def load(client: SolrClient, stream: Stream, embedding: Embedding) -> Table:
    """Send everything, commit and merge; how quickly."""
    table = Table(f"Loading {stream.count:,} pictures: 1024 float32 and 256 int8 each", ("what", "value"))
    began = time.perf_counter()

    def chunks() -> Iterator[Sequence[dict[str, Any]]]:
        sent = 0
        for chunk in stream.documents(embedding):
            yield chunk
            sent += len(chunk)
            if sent % 10_000 == 0:
                progress(f"{sent:,} of {stream.count:,} after {time.perf_counter() - began:.0f} s")

    sending.add(client, chunks())
    client.commit()
    loaded = time.perf_counter() - began
    client.merge()
    merged = time.perf_counter() - began - loaded
    table.add("pictures a second, commit included", stream.count / loaded)
    table.add("load and commit, s", loaded)
    table.add("merge into one segment, s", merged)
    return table


def _verify(client: SolrClient, expected: int) -> None:
    """Every document is there, and has both vectors."""
    found = client.count()
    zeros = "[" + ",".join(["0"] * 1024) + "]"
    vectors = {
        "vector": f"vectorSimilarity(FLOAT32,EUCLIDEAN,vector,{zeros})",
        "coarse": f"vectorSimilarity(BYTE,EUCLIDEAN,coarse,[{','.join(['0'] * 256)}])",
    }
    with_vector = {
        name: client.count("{!frange cache=false l=0 incl=false v=$similarity}", similarity=function)
        for name, function in vectors.items()
    }
    if {found, *with_vector.values()} != {expected}:
        raise click.ClickException(f"{expected} pictures were sent; Solr has {found}, with vectors {with_vector}")


def _disk(running: server.Server, pictures: int) -> Table:
    meaning = {
        ".vec": "vectors as searched: 4,096 + 256 bytes a picture",
        ".vex": "HNSW graphs",
        ".fdt": "stored fields, both vectors again among them",
        ".dvd": "doc values",
        ".tim": "terms",
        ".doc": "postings",
    }
    table = Table("On disk after the merge", ("file", "bytes a picture", "MB", "what it holds"))
    sizes = server.bytes_by_extension(running.index_folder(COLLECTION))
    small = {name: size for name, size in sizes.items() if size / pictures < 1}
    for name, size in sorted(sizes.items(), key=lambda each: -each[1]):
        if name not in small:
            table.add(name, size / pictures, size / server.MB, meaning.get(name, ""))
    table.add("others", sum(small.values()) / pictures, sum(small.values()) / server.MB, "")
    table.add("whole", sum(sizes.values()) / pictures, sum(sizes.values()) / server.MB, "")
    return table


def _ask(engine: SearchEngine, stream: Stream, count: int) -> Table:
    table = Table(
        "Queries (engine, in turns; the page is 10 products, grouped, one facet)",
        ("query", "p50 ms", "p95 ms", "recall@10"),
    )
    vectors = stream.queries(count)
    expected = stream.nearest(vectors, 10)
    tenth = {"tenth": ("t3",)}
    kinds = {
        "approximate": Query(mode=Mode.APPROXIMATE),
        "exact": Query(mode=Mode.EXACT),
        "approximate, 10 % filter": Query(mode=Mode.APPROXIMATE, filters=tenth),
        "exact, 10 % filter": Query(mode=Mode.EXACT, filters=tenth),
        "approximate, one word": Query(mode=Mode.APPROXIMATE, text="dress"),
    }
    found: dict[str, float] = {}

    def ask(name: str, number: int) -> None:
        query = Query(
            vector=vectors[number],
            mode=kinds[name].mode,
            filters=kinds[name].filters,
            text=kinds[name].text,
            facets=("color",),
            rows=10,
        )
        result: Result = engine.run(query)
        if name in ("approximate", "exact"):
            ids = {hit.id for hit in result.hits}
            found[name] = found.get(name, 0.0) + len(ids & set(expected[number])) / 10

    for name in kinds:
        for number in range(3):
            ask(name, number)
    found.clear()
    ways = {name: (lambda number, name=name: ask(name, number)) for name in kinds}
    times = interleaved(ways, range(count), warm=0)
    for name in kinds:
        table.add(name, times[name].p50, times[name].p95, found[name] / count if name in found else None)
    return table


@click.command(help=__doc__)
@click.option("--pictures", default=Options.pictures, show_default=True, help="How many to index.")
@click.option("--heap", default=Options.heap, show_default=True, help="The JVM's -Xmx.")
@click.option("--ram-buffer", default=Options.ram_buffer, show_default=True, help="Solr's ramBufferSizeMB.")
@click.option("--soft-commit", default=Options.soft_commit, show_default=True, help="autoSoftCommit's ms; -1: none.")
@click.option("--queries", default=Options.queries, show_default=True, help="Queries of each kind.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def main(pictures: int, heap: str, ram_buffer: int, soft_commit: int, queries: int, as_json: bool) -> None:
    emit("capacity", run(Options(pictures, heap, ram_buffer, soft_commit, queries)), as_json=as_json)


if __name__ == "__main__":
    main()
