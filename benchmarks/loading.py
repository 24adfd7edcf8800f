"""Ready documents into Solr, commit and merge into one segment included: ours beside pysolr's JSON `add`.

That goes into Solr's own types; ours go as `visual-search index` sends them. Each way loads the same documents into a
new core of the same Solr, in turns; `--all` adds the other ways to keep vectors, and requests one at a time, as CBOR
and as JSON. The target is three times as many documents a second. What other load takes of the cores hits a way that
uses both of them more: the processor time of both processes tells the work apart from the waiting.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import click
import numpy as np
import psutil

from benchmarks import server, stock
from benchmarks.report import Table, emit, progress
from benchmarks.stream import Stream, store_in
from vision.catalog import sending
from vision.solr import configset
from vision.solr.client import SolrClient
from vision.solr.vectors import Keeping

TARGET: Final = 3.0
STOCK: Final = "pysolr, Solr's types"
OURS: Final = "ours"

Documents = Sequence[Mapping[str, Any]]
Way = Callable[[server.Server, SolrClient, Documents], float]


@dataclass(frozen=True)
class Taken:
    """Seconds of one load: on the clock, and of processor time in Solr and in this process."""

    seconds: float
    solr: float
    own: float


def run(pictures: int = 10_000, rounds: int = 5, heap: str = "512m", everything: bool = False) -> Sequence[Table]:
    """Load ``pictures`` documents by each way, ``rounds`` times in turns."""
    ways = WAYS if everything else {name: WAYS[name] for name in (STOCK, OURS)}
    stream = Stream(pictures)
    taken: dict[str, list[Taken]] = {name: [] for name in ways}
    with server.temporary(heap) as running:
        embedding = stream.embedding(store_in(running.home))
        documents = [each for chunk in stream.documents(embedding) for each in chunk]
        for name, way in ways.items():  # a fresh JVM is several times slower
            _load(running, f"warm {name}", way, documents[:3000])
        for turn in range(rounds):
            order = list(ways)[turn % len(ways) :] + list(ways)[: turn % len(ways)]
            for name in order:
                found = _load(running, name, ways[name], documents)
                taken[name].append(found)
                progress(f"round {turn + 1}: {name}: {pictures / found.seconds:,.0f} documents a second")
    return [_speeds(taken, pictures, rounds, heap)]


def _speeds(taken: Mapping[str, Sequence[Taken]], pictures: int, rounds: int, heap: str) -> Table:
    table = Table(
        f"{pictures:,} documents, {rounds} rounds in turns, -Xmx{heap}; commit and merge included",
        ("way", "documents a second", "times pysolr", "quartiles", "CPU s in Solr", "CPU s here"),
    )
    base = np.array([each.seconds for each in taken[STOCK]])
    ratio = 0.0
    for name, each in taken.items():
        seconds = np.array([one.seconds for one in each])
        low, middle, high = np.percentile(base / seconds, (25, 50, 75))
        solr, own = (float(np.median(values)) for values in zip(*((one.solr, one.own) for one in each), strict=True))
        table.add(name, float(np.median(pictures / seconds)), float(middle), f"{low:.2f} to {high:.2f}", solr, own)
        ratio = float(middle) if name == OURS else ratio
    table.notes.append(f"target: {TARGET:g} times pysolr: {'pass' if ratio >= TARGET else 'MISS'} ({ratio:.2f})")
    return table


def _load(running: server.Server, name: str, way: Way, documents: Documents) -> Taken:
    """What one load took, into a core of its own, which is gone afterwards; all documents must be there."""
    core = "".join(letter if letter.isalnum() else "_" for letter in name)
    with SolrClient(running.url, core, timeout=120, vectors=running.home / f"{core}.sqlite") as client:
        try:
            before = _spent(running)
            seconds = way(running, client, documents)
            after = _spent(running)
            if client.count() != len(documents):
                raise click.ClickException(f"{name}: Solr has {client.count():,} of {len(documents):,} documents")
        finally:
            configset.drop(client)
    return Taken(seconds, after[0] - before[0], after[1] - before[1])


def _spent(running: server.Server) -> tuple[float, float]:
    """Seconds of processor time of Solr and of this process."""
    state = running.solr.state()
    assert state is not None
    solr, own = (psutil.Process(pid).cpu_times() for pid in (state.pid, None))
    return solr.user + solr.system, own.user + own.system


def _stock(running: server.Server, client: SolrClient, documents: Documents) -> float:
    stock.create(running, client)
    return stock.load(client, documents)


def _ours(keeping: Keeping) -> Way:
    def load(running: server.Server, client: SolrClient, documents: Documents) -> float:
        configset.create(client, keeping=keeping)
        return _timed(client, lambda: sending.add(client, _batches(documents)))

    return load


def _one_by_one(send: Callable[[SolrClient, Documents], object]) -> Way:
    def load(running: server.Server, client: SolrClient, documents: Documents) -> float:
        configset.create(client)
        return _timed(client, lambda: [send(client, batch) for batch in _batches(documents)])

    return load


def _batches(documents: Documents) -> Iterator[Documents]:
    return (documents[start : start + sending.BATCH] for start in range(0, len(documents), sending.BATCH))


def _timed(client: SolrClient, send: Callable[[], object]) -> float:
    began = time.perf_counter()
    send()
    client.commit()
    client.merge()
    return time.perf_counter() - began


WAYS: Mapping[str, Way] = {
    STOCK: _stock,
    OURS: _ours(Keeping.STORED),
    "ours, --vectors packed": _ours(Keeping.PACKED),
    "ours, --vectors outside": _ours(Keeping.OUTSIDE),
    "ours, one request at a time": _one_by_one(lambda client, batch: client.add(batch)),
    "ours, one at a time, as JSON": _one_by_one(lambda client, batch: client.post("update", list(batch))),
}


@click.command(help=__doc__)
@click.option("--pictures", default=10_000, show_default=True, help="How many are loaded.")
@click.option("--rounds", default=5, show_default=True, help="Loads by each way.")
@click.option("--heap", default="512m", show_default=True, help="The JVM's -Xmx.")
@click.option("--all", "everything", is_flag=True, help="The other ways to keep and to send vectors as well.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def main(pictures: int, rounds: int, heap: str, everything: bool, as_json: bool) -> None:
    emit("loading", run(pictures, rounds, heap, everything), as_json=as_json)


if __name__ == "__main__":
    main()
