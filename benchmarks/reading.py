"""What it costs Solr to read a page's documents, with its documentCache and lazy fields and without, in turns.

The cores hold the same pictures and differ in these settings alone. Each query is asked once, as searches by photo
are: what a cache keeps of one is of no use to another.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any, Final

import click

from benchmarks import server, variants
from benchmarks.capacity import load
from benchmarks.once import PLAN
from benchmarks.report import Table, emit, progress
from benchmarks.stream import Stream, query_vectors, store_in
from vision.evaluation.timing import interleaved
from vision.search.composer import Params, compose
from vision.search.model import Query
from vision.solr.client import SolrClient

_LAZY: Final = "<enableLazyFieldLoading>true"
_CACHE: Final = '<documentCache size="1024" initialSize="256" autowarmCount="0"/>'
OURS: Final = "as configured"
VARIANTS: Final[Mapping[str, Mapping[str, tuple[str, str]]]] = {
    OURS: {},
    "with documentCache": {"solrconfig.xml": (_LAZY, _CACHE + _LAZY)},
    "with documentCache, not lazy": {"solrconfig.xml": (_LAZY, _CACHE + _LAZY.replace("true", "false"))},
    "not lazy": {"solrconfig.xml": (_LAZY, _LAZY.replace("true", "false"))},
}
_IDS: Final = "as configured, ids alone"


def run(running: server.Server, stream: Stream, queries: int) -> Sequence[Table]:
    """Each variant, for pages of 10 and of 24."""
    embedding = stream.embedding(store_in(running.home))
    clients = {}
    for number, (name, changes) in enumerate(VARIANTS.items()):
        progress(f"loading {name}")
        clients[name] = SolrClient(running.url, f"reading{number}", timeout=300)
        variants.create(running, clients[name], f"set{number}", changes)
        load(clients[name], stream, embedding)
    columns = ("page", "variant", "p50 ms", "p95 ms", f"times {OURS}", "quartiles")
    table = Table(f"reading: {stream.count:,} pictures, {queries} queries in turns", columns)
    vectors = stream.queries(queries)
    for rows in (10, 24):
        asked = [
            compose(Query(vector=vector, rows=rows), PLAN, query_vectors(vector, embedding), by_id=False)
            for vector in vectors
        ]
        ways: dict[str, Callable[[int], Any]] = {
            name: partial(_ask, client=client, asked=asked) for name, client in clients.items()
        }
        ways[_IDS] = partial(_ask, client=clients[OURS], asked=[each | {"fl": "id,score"} for each in asked])
        times = interleaved(ways, range(queries), warm=min(60, queries))
        for name, taken in times.items():
            low, middle, high = taken.over(times[OURS])
            table.add(rows, name, taken.p50, taken.p95, middle, f"{low:.2f} to {high:.2f}")
    return [table]


def _ask(turn: int, client: SolrClient, asked: Sequence[Params]) -> None:
    client.select(asked[turn])


@click.command(help=__doc__)
@click.option("--pictures", default=20_000, show_default=True, help="How many are indexed.")
@click.option("--queries", default=300, show_default=True)
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def main(pictures: int, queries: int, as_json: bool) -> None:
    with server.temporary("1g") as running:
        emit("reading", run(running, Stream(pictures), queries), as_json=as_json)


if __name__ == "__main__":
    main()
