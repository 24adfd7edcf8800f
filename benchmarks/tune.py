"""`visual-search tune` on synthetic vectors: recall and time by filter and K, and where exact becomes slower.

The tables of docs/tuning.md, and what the default of `VISUAL_SEARCH_EXACT_BELOW` goes by.
"""

from __future__ import annotations

from collections.abc import Sequence

import click

from benchmarks import server
from benchmarks.report import Table, emit, progress
from benchmarks.stream import Stream, store_in
from vision.console import progress_bars
from vision.settings import Settings
from vision.solr import configset
from vision.solr.client import SolrClient
from vision.tuning import report, session
from vision.tuning.report import Report


def run(
    pictures: int = 20_000,
    queries: int = 100,
    repeats: int = 2,
    dims: tuple[int, ...] = (),
    candidates: tuple[int, ...] = session.CANDIDATES,
) -> Sequence[Table]:
    """Index a stream into a Solr of its own, and tune that."""
    with server.temporary("1g") as running:
        name = "tuned"
        stream = Stream(pictures)
        embedding = stream.embedding(store_in(running.home))
        progress(f"indexing {pictures:,} pictures")
        with SolrClient(running.url, name, timeout=120) as client:
            configset.create(client)
            for documents in stream.documents(embedding):
                client.add(documents)
            client.commit()
            client.merge()
        settings = Settings(home=running.home, solr_url=running.url, collection=name, solr_timeout=120)
        options = session.Options(queries=queries, repeats=repeats, dims=dims, candidates=candidates)
        with progress_bars(session.STAGES) as bars:
            found = session.tune(settings, options, bars)
    return tables(found)


def tables(found: Report) -> list[Table]:
    """Every setting, the cross-over, and the chosen setting on the queries kept aside."""
    every = Table(found.about, report.COLUMNS, list(report.rows(found.figures)), [found.found])
    if found.choice.better is not None:
        every.notes.append(found.choice.better[1])
    held = Table("the chosen setting, on the queries kept aside", report.COLUMNS, list(report.rows(found.held)))
    costs = Table("exact against approximate, ms", report.CROSSING_COLUMNS, list(report.crossing_rows(found.crossing)))
    return [every, held, costs]


@click.command(help=__doc__)
@click.option("--pictures", default=20_000, show_default=True, help="How many are indexed.")
@click.option("--queries", default=100, show_default=True, help="Of which half choose and half check.")
@click.option("--repeats", default=2, show_default=True, help="Of each query at each point.")
@click.option("--coarse-dims", default="", help="Other numbers of coarse dimensions, as 64,128,512.  [default: none]")
@click.option("--candidates", default="100,200,400,800", show_default=True, help="K to try.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def main(pictures: int, queries: int, repeats: int, coarse_dims: str, candidates: str, as_json: bool) -> None:
    dims = session.numbers("--coarse-dims", coarse_dims, 8, 1024) if coarse_dims else ()
    tried = session.numbers("--candidates", candidates, 1, 10_000)
    emit("tune", run(pictures, queries, repeats, dims, tried), as_json=as_json)


if __name__ == "__main__":
    main()
