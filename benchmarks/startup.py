"""How long the embedded Solr takes from launch to its first answer, and how soon it is as quick as it gets.

The jars must be here already: a first start fetches them, which takes as long as the network does.
"""

from __future__ import annotations

import tempfile
import time
from collections.abc import Sequence
from functools import partial
from pathlib import Path

import click

from benchmarks import server
from benchmarks.report import Table, emit
from tests.search.synthetic import build
from vision.evaluation.timing import Times, timed
from vision.search.engine import SearchEngine
from vision.search.model import Mode, Query
from vision.solr.client import SolrClient


def run(pictures: int = 10_000, starts: int = 5) -> Sequence[Table]:
    """Start with an empty home, then with an index, each a few times."""
    columns = ("home", "launch to ready p50 s", "slowest s", "1st search ms", "2nd", "10th", "100th")
    table = Table(f"{starts} starts each; a search is approximate, 24 products", columns)
    with tempfile.TemporaryDirectory(prefix="visual-search-benchmark-", ignore_cleanup_errors=True) as folder:
        home = Path(folder)
        with server.of(home):  # the jars' files are in the page cache from here on
            pass
        ready = [_start(home) for _ in range(starts)]
        table.add("empty", Times(tuple(ready)).p50 / 1000, max(ready) / 1000, None, None, None, None)
        with server.of(home) as running:
            synthetic = build(running.url, "startup", running.home, pictures=pictures)
            synthetic.engine.client.close()
        vectors = synthetic.queries(100, seed=50)
        store = synthetic.engine.collection.store
        runs = []
        for _ in range(starts):
            began = time.perf_counter()
            with server.of(home) as running, SolrClient(running.url, "startup") as client:
                took = (time.perf_counter() - began) * 1000
                engine = SearchEngine(client, store)
                asked = [Query(vector=vector, mode=Mode.APPROXIMATE) for vector in vectors]
                runs.append((took, [timed(partial(engine.run, query)) for query in asked]))
        ready = [took for took, _ in runs]
        searches = [Times(tuple(times[number] for _, times in runs)).p50 for number in (0, 1, 9, 99)]
        table.add(f"{pictures:,} pictures", Times(tuple(ready)).p50 / 1000, max(ready) / 1000, *searches)
    return [table]


def _start(home: Path) -> float:
    began = time.perf_counter()
    with server.of(home):
        return (time.perf_counter() - began) * 1000


@click.command(help=__doc__)
@click.option("--pictures", default=10_000, show_default=True, help="How many the index holds.")
@click.option("--starts", default=5, show_default=True, help="Starts of each kind.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def main(pictures: int, starts: int, as_json: bool) -> None:
    emit("startup", run(pictures, starts), as_json=as_json)


if __name__ == "__main__":
    main()
