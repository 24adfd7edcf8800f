"""Latency over HTTP with and without extraction, and searches in batches of 1 and of 100, of a server of its own.

The demo catalogue is drawn and indexed, `visual-search serve` started, and `latency` and `batch` run against it.
"""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import click

from benchmarks import batch, latency, server
from benchmarks.processes import command, environment, run_to_end, serving
from benchmarks.report import Table, emit, progress
from vision.demo import draw_catalogue


@dataclass(frozen=True)
class Options:
    """What is measured."""

    products: int = 1200
    extractor: str = "histogram"
    count: int = 100
    rounds: int = 5
    heap: str = "512m"


def run(options: Options) -> Sequence[Table]:
    """Draw, index, serve, ask."""
    with tempfile.TemporaryDirectory(prefix="visual-search-benchmark-", ignore_cleanup_errors=True) as folder:
        home = Path(folder)
        progress(f"drawing and indexing {options.products:,} products")
        demo = draw_catalogue(home / "catalogue", products=options.products)
        env = environment(home)
        with server.of(home, options.heap):
            run_to_end(command("index", str(demo.catalogue), "--extractor", options.extractor), env)
            with serving(env) as (url, _):
                progress("searching one by one")
                tables = list(latency.run(url, None, latency.drawn(), options.count, at_once=4))
                for size in (1, 100):
                    progress(f"searching in batches of {size}")
                    tables += batch.run(url, None, size, options.rounds * (10 if size == 1 else 1))
    tables[0].notes.append(f"{options.extractor}; words and product need no extraction, photo does")
    return tables


@click.command(help=__doc__)
@click.option("--products", default=Options.products, show_default=True, help="How many are drawn.")
@click.option("--extractor", default=Options.extractor, show_default=True, help="NAME, tflite:PATH or onnx:PATH.")
@click.option("--count", default=Options.count, show_default=True, help="Searches of each kind, one by one.")
@click.option("--rounds", default=Options.rounds, show_default=True, help="Batches of 100; ten times as many of 1.")
@click.option("--heap", default=Options.heap, show_default=True, help="The JVM's -Xmx.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def main(products: int, extractor: str, count: int, rounds: int, heap: str, as_json: bool) -> None:
    emit("serving", run(Options(products, extractor, count, rounds, heap)), as_json=as_json)


if __name__ == "__main__":
    main()
