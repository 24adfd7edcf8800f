"""What the schema's choices for vectors cost: bytes on disk, load time, recall, and what an update leaves of them.

Cores that differ from the product's configset in one thing each are loaded in turns with the same documents.
"""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from itertools import islice

import click
import numpy as np

from benchmarks import server, variants
from benchmarks.report import Table, emit, progress
from benchmarks.stream import Stream, store_in
from vision.embedding import Embedding
from vision.search.engine import SearchEngine
from vision.search.model import Mode, Query
from vision.search.planner import Limits
from vision.solr.client import SolrClient

VARIANTS: Mapping[str, Mapping[str, tuple[str, str]]] = {
    "ours": {},
    "full field M=16, beam 100": variants.FULL_GRAPH,
    "full vector not stored": {"schema.xml": ("visual.vectorStored:true", "visual.vectorStored:false")},
    "coarse vector not stored": {"schema.xml": ("visual.coarseStored:true", "visual.coarseStored:false")},
    "coarse field M=16, beam 50": {"schema.xml": (variants.COARSE_GRAPH, variants.graph(16, 50))},
}
_FILES = (".vec", ".vex", ".fdt")
_CANDIDATES = (50, 100, 200)
_QUERIES = 100


def run(pictures: int = 10_000, rounds: int = 2) -> Sequence[Table]:
    """Load every variant, ``rounds`` times in turns; measure; update one document of each."""
    stream = Stream(pictures)
    recalls = (f"recall@10, K={candidates}" for candidates in _CANDIDATES)
    columns = ("variant", "load s", "merge s", *(f"{name} bytes" for name in _FILES), "whole", *recalls, "updated")
    table = Table(f"{pictures:,} pictures, loaded {rounds} times each in turns; bytes a picture", columns)
    with server.temporary() as running:
        embedding = stream.embedding(store_in(running.home))
        warm = Stream(min(pictures, 5000), seed=9)
        _load(running, "warm", {}, warm, embedding)
        taken: dict[str, list[tuple[float, float]]] = {name: [] for name in VARIANTS}
        rows: dict[str, tuple[list[float], str]] = {}
        for turn in range(rounds):
            for number, (name, changes) in enumerate(VARIANTS.items()):
                progress(f"round {turn + 1}: {name}")
                core = f"core{turn}_{number}"
                taken[name].append(_load(running, core, changes, stream, embedding))
                sizes = server.bytes_by_extension(running.index_folder(core))
                measured = [sizes.get(file, 0) / pictures for file in _FILES] + [sum(sizes.values()) / pictures]
                measured += _recalls(running, core, stream)
                rows[name] = (measured, _update(running, core, stream))
        for name, (measured, left) in rows.items():
            load, merge = np.median(np.array(taken[name]), axis=0)
            table.add(name, float(load), float(merge), *measured, left)
    return [table]


def _load(
    running: server.Server, core: str, changes: Mapping[str, tuple[str, str]], stream: Stream, embedding: Embedding
) -> tuple[float, float]:
    """Seconds in Solr to add and commit, and to merge; generating the vectors does not count."""
    with SolrClient(running.url, core, timeout=120) as client:
        variants.create(running, client, f"set_{core}", changes)
        loading = 0.0
        for chunk in stream.documents(embedding):
            documents = iter(chunk)
            while batch := list(islice(documents, 500)):
                began = time.perf_counter()
                client.add(batch)
                loading += time.perf_counter() - began
        began = time.perf_counter()
        client.commit()
        loading += time.perf_counter() - began
        began = time.perf_counter()
        client.merge()
        return loading, time.perf_counter() - began


def _recalls(running: server.Server, core: str, stream: Stream) -> list[float]:
    """How many of the ten nearest approximate searches find, by number of candidates."""
    asked = stream.queries(_QUERIES)
    expected = stream.nearest(asked, 10)
    found = []
    with SolrClient(running.url, core, timeout=120) as client:
        for candidates in _CANDIDATES:
            engine = SearchEngine(client, store_in(running.home), limits=Limits(candidates=candidates))
            hits = 0
            for vector, nearest in zip(asked, expected, strict=True):
                answer = engine.run(Query(vector=vector, mode=Mode.APPROXIMATE, rows=10))
                hits += len({hit.id for hit in answer.hits}.intersection(nearest))
            found.append(hits / (10 * _QUERIES))
    return found


def _update(running: server.Server, core: str, stream: Stream) -> str:
    """Which vectors a document still has after an attribute of it was set."""
    with SolrClient(running.url, core, timeout=120) as client:
        wanted = stream.id(0)
        client.add([{"id": wanted, "attr_style": {"set": ["boho"]}}])
        client.commit()
        zeros = {"vector": ("FLOAT32", 1024), "coarse": ("BYTE", 256)}
        kept = []
        for field, (encoding, dims) in zeros.items():
            function = f"vectorSimilarity({encoding},EUCLIDEAN,{field},[{','.join(['0'] * dims)}])"
            query = "{!bool filter=$one filter=$has}"
            has = "{!frange cache=false l=0 incl=false v=$similarity}"
            if client.count(query, one=f"{{!term f=id}}{wanted}", has=has, similarity=function):
                kept.append(field)
        return " and ".join(kept) + " kept" if kept else "both lost"


@click.command(help=__doc__)
@click.option("--pictures", default=10_000, show_default=True, help="How many are loaded.")
@click.option("--rounds", default=2, show_default=True, help="Loads of each variant.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def main(pictures: int, rounds: int, as_json: bool) -> None:
    emit("fields", run(pictures, rounds), as_json=as_json)


if __name__ == "__main__":
    main()
