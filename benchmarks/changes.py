"""How fast a change set is accepted and undone, beside loading the same pictures; undone, all must be as before."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import click

from benchmarks import server
from benchmarks.report import Table, emit, progress
from benchmarks.stream import Stream, store_in
from vision.merchandising import export
from vision.merchandising.desk import Desk
from vision.merchandising.journal import Journal
from vision.merchandising.model import Outcome
from vision.merchandising.proposal import Tool, propose
from vision.solr.client import SolrClient
from vision.solr.updates import documents


def run(products: int = 10_000) -> Sequence[Table]:
    """Load, accept a change of every product, undo it, redo it, export."""
    stream = Stream(products)
    table = Table(f"{products:,} products in one change set", ("what", "seconds", "products a second"))

    @contextmanager
    def timed(what: str) -> Iterator[None]:
        progress(what)
        began = time.perf_counter()
        yield
        seconds = time.perf_counter() - began
        table.add(what, seconds, products / seconds)

    with server.temporary() as running, SolrClient(running.url, "changes", timeout=120) as client:
        embedding = stream.embedding(store_in(running.home))
        server.create(client)
        loading = 0.0
        proposals = []
        for chunk in stream.documents(embedding):
            began = time.perf_counter()
            client.add(chunk)
            loading += time.perf_counter() - began
            proposals += [
                propose(Tool.FILL, each["id"], "color", tuple(each["attr_color"]), ("mauve",), confidence=0.9)
                for each in chunk
            ]
        client.commit()
        table.add("load, for comparison", loading, products / loading)
        before = _checksum(client)
        desk = Desk(client, Journal(running.home / "changes.sqlite"))
        with timed("save the proposals"):
            desk.proposals.save(proposals)
        with timed("accept them"):
            change = desk.accept([each.id for each in proposals], by="benchmark")
        assert change.counts == {Outcome.WRITTEN: products}, change.counts
        with timed("undo"):
            undo = desk.undo(change.id, by="benchmark")
        assert _checksum(client) == before, "undo left something"
        with timed("undo the undo"):
            desk.undo(undo.id, by="benchmark")
        with timed("export, of three change sets"):
            lines = sum(1 for _ in export.rows(desk.journal))
        assert lines == 3 * products + 1
        size = desk.journal.file.stat().st_size
        table.notes.append(f"the journal has {size / 2**20:.1f} MiB, {size / products:,.0f} bytes a product")
    return [table]


def _checksum(client: SolrClient) -> int:
    """Of everything that documents show, vectors included, less their versions."""
    pages = documents(client, "id", "*")
    return hash(tuple(repr(sorted({**each, "_version_": 0}.items())) for page in pages for each in page))


@click.command(help=__doc__)
@click.option("--products", default=10_000, show_default=True, help="How many are changed.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def main(products: int, as_json: bool) -> None:
    emit("changes", run(products), as_json=as_json)


if __name__ == "__main__":
    main()
