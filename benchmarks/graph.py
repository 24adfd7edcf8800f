"""What M and beam of the coarse graph buy: recall by K, its time, bytes and the time to load, on vectors like photos.

Cores that differ in these two alone hold the coarse vectors of the same products. Recall is that of the candidates:
the part of the ten nearest by the full vector that is among the K found. Queries are those that settings may be chosen
by; `python -m benchmarks.peers` takes others.
"""

from __future__ import annotations

import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Final

import click
import numpy as np

from benchmarks import server, variants
from benchmarks.peers.engines.solr import id_of, row_of
from benchmarks.peers.shop import Matching, Shop
from benchmarks.report import Table, emit, progress
from benchmarks.stream import embedding_of, store_in
from vision.catalog import sending
from vision.embedding import Embedding
from vision.evaluation.timing import interleaved
from vision.search.literals import vector
from vision.solr.client import SolrClient
from vision.tuning.sweep import WORST, mean_of_worst

_EVERYTHING: Final = Matching()
_CHUNK: Final = 500


def run(
    running: server.Server, shop: Shop, graphs: Sequence[tuple[int, int]], candidates: Sequence[int]
) -> list[Table]:
    """One table of what each graph costs, one of what it finds."""
    embedding = embedding_of(np.asarray(shop.vectors[:10_000]), store_in(running.home))
    costs = Table(f"{shop.count:,} products", ("M", "beam", "load s", "merge s", "graph bytes a product"))
    clients: dict[tuple[int, int], SolrClient] = {}
    for connections, beam in graphs:
        progress(f"loading M={connections}, beam {beam}")
        client = SolrClient(running.url, f"graph_{connections}_{beam}", timeout=900)
        other = {"schema.xml": (variants.COARSE_GRAPH, variants.graph(connections, beam))}
        variants.create(running, client, f"set_{connections}_{beam}", other)
        began = time.perf_counter()
        sending.add(client, _documents(shop, embedding))
        client.commit()
        loaded = time.perf_counter()
        client.merge()
        merged = time.perf_counter()
        size = server.bytes_by_extension(running.index_folder(client.collection)).get(".vex", 0)
        costs.add(connections, beam, loaded - began, merged - loaded, size / shop.count)
        clients[connections, beam] = client
    columns = ("K", "M", "beam", "recall", f"of the worst {WORST:.0%}", "p50 ms", "p95 ms")
    finds = Table(f"{len(shop.tuning)} queries, in turns", columns)
    codes = embedding.codec.encode(shop.queries)
    best = shop.truth((_EVERYTHING,))[_EVERYTHING].rows
    for k in candidates:
        found: dict[tuple[int, int], dict[int, list[int]]] = {graph: {} for graph in clients}
        ways = {graph: _asking(client, codes, k, found[graph]) for graph, client in clients.items()}
        for graph, taken in interleaved(ways, shop.tuning, warm=20).items():
            recalls = [float(np.isin(best[query], rows).mean()) for query, rows in found[graph].items()]
            finds.add(k, *graph, float(np.mean(recalls)), mean_of_worst(recalls), taken.p50, taken.p95)
    return [costs, finds]


def _documents(shop: Shop, embedding: Embedding) -> Iterator[Sequence[Mapping[str, Any]]]:
    for first, vectors in shop.chunks():
        codes = embedding.codec.encode(vectors)
        for at in range(0, len(codes), _CHUNK):
            ids = [id_of(row) for row in range(first + at, first + min(at + _CHUNK, len(codes)))]
            yield [
                {"id": id, "product_id": id, "embedding": embedding.fingerprint, "coarse": code}
                for id, code in zip(ids, codes[at : at + _CHUNK], strict=True)
            ]


def _asking(client: SolrClient, codes: Any, k: int, found: dict[int, list[int]]) -> Callable[[int], None]:
    def ask(query: int) -> None:
        near = f"{{!knn f=coarse topK={k} cache=false v=$coarse}}"
        answer = client.select({"q": near, "coarse": vector(codes[query]), "fl": "id", "rows": k})
        found[query] = [row_of(each["id"]) for each in answer["response"]["docs"]]

    return ask


def _graphs(_: click.Context, __: click.Parameter, value: str) -> list[tuple[int, int]]:
    return [(int(each.partition("/")[0]), int(each.partition("/")[2])) for each in value.split(",")]


def _numbers(_: click.Context, __: click.Parameter, value: str) -> list[int]:
    return [int(each) for each in value.split(",")]


@click.command(help=__doc__)
@click.option("--products", default=100_000, show_default=True)
@click.option("--graphs", default="16/50,16/100,24/50,24/100,32/100,32/200", show_default=True, callback=_graphs)
@click.option("--candidates", default="100,150,200,400", show_default=True, callback=_numbers)
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def main(products: int, graphs: list[tuple[int, int]], candidates: list[int], as_json: bool) -> None:
    with tempfile.TemporaryDirectory(prefix="visual-search-benchmark-") as folder, server.temporary("1g") as running:
        emit("graph", run(running, Shop(Path(folder), products), graphs, candidates), as_json=as_json)


if __name__ == "__main__":
    main()
