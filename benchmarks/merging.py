"""How much heap merging an index into one segment needs: the same index, merged with each heap, until Solr ends."""

from __future__ import annotations

import shutil
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Final

import click

from benchmarks import server
from benchmarks.options import numbers
from benchmarks.peers.building import built
from benchmarks.peers.shop import Shop
from benchmarks.report import Table, emit, progress
from benchmarks.server import MB
from vision.errors import SolrError
from vision.settings import Settings
from vision.solr import merging
from vision.solr.client import SolrClient
from vision.solr.statistics import read_index

_LONGEST: Final = 3600.0


def run(shop: Shop, heaps: Sequence[int]) -> Table:
    """Merge copies of one index, kept without stored vectors."""
    _, folder = built(shop, "lean")
    made = Table(
        f"{shop.count:,} products merged into one segment; this product does that from a heap of "
        f"{merging.heap(shop.count) / MB:,.0f} MB on",
        ("heap MB", "segments before", "after", "seconds", "Solr"),
    )
    for heap in heaps:
        progress(f"merging with a heap of {heap} MB")
        with tempfile.TemporaryDirectory(dir=folder.parent, ignore_cleanup_errors=True) as copied:
            shutil.copytree(folder, copied, dirs_exist_ok=True)
            made.add(heap, *_merged(Path(copied), heap))
    return made


def _merged(folder: Path, heap: int) -> tuple[int, int | None, float, str]:
    with server.of(folder, f"{heap}m") as running, SolrClient(running.url, "ours", timeout=_LONGEST) as client:
        before, began = read_index(client).segments, time.perf_counter()
        try:
            client.post("update", {"optimize": {"maxSegments": 1}})
            after, said = read_index(client).segments, "goes on"
        except SolrError as error:
            console = (folder / "solr" / "logs" / "console.log").read_text(encoding="utf-8")
            after, said = None, "ends: out of memory" if "OutOfMemoryError" in console else str(error)
        return before, after, time.perf_counter() - began, said


@click.command(help=__doc__)
@click.option("--products", default=300_000, show_default=True, help="Of the index.")
@click.option("--heaps", default="288,224,192,160,128", show_default=True, callback=numbers(int), help="MB.")
@click.option("--folder", type=click.Path(path_type=Path), help="Where indexes are kept.  [default: the cache]")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def main(products: int, heaps: list[int], folder: Path | None, as_json: bool) -> None:
    root = folder or Settings.from_environment().cache / "benchmarks"
    emit("merging", [run(Shop(root / str(products), products), heaps)], as_json=as_json)


if __name__ == "__main__":
    main()
