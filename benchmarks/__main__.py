"""All benchmarks that need nothing but this machine, in sizes that end within ten minutes: what `make bench` runs.

Each is there with its full sizes as `python -m benchmarks.NAME`; see README.md in this folder.
"""

from __future__ import annotations

import time

import click

from benchmarks import (
    capacity,
    changes,
    collapse,
    demo,
    extraction,
    fields,
    forms,
    memory,
    mentions,
    overhead,
    planner,
    recall,
    server,
    serving,
    startup,
    suggesting,
    threshold,
    words,
)
from benchmarks.report import Table, emit, progress
from benchmarks.warmup import warm_up
from tests.search.synthetic import build


@click.command(help=__doc__)
@click.option("--pictures", default=10_000, show_default=True, help="How many most of them index.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def main(pictures: int, as_json: bool) -> None:
    tables: list[Table] = []
    began = time.perf_counter()

    def said(name: str) -> None:
        progress(f"{time.perf_counter() - began:4.0f} s  {name}")

    with server.temporary("1g") as running:
        said(f"indexing {pictures:,} pictures")
        synthetic = build(running.url, "quick", running.home, pictures=pictures)
        warm_up(synthetic, 5)
        said("forms")
        tables += forms.run(synthetic)
        said("planner")
        tables += planner.run(synthetic, queries=10)
        said("threshold")
        tables += threshold.run(synthetic, queries=10)
        said("collapse")
        tables += collapse.run(synthetic, queries=10)
        said("mentions")
        tables += mentions.run(synthetic, queries=10)
    said("recall")
    tables += recall.run(pictures // 2, queries=20)
    said("fields")
    tables += fields.run(pictures // 4, rounds=1)
    said("startup")
    tables += startup.run(pictures // 4, starts=2)
    said("capacity")
    tables += capacity.run(capacity.Options(pictures=2 * pictures, queries=20))
    said("memory")
    tables += memory.run(memory.Options(products=(pictures // 10, pictures // 5), searches=60))
    said("extraction")
    tables += extraction.run(rounds=2, batches=1)
    said("serving")
    tables += serving.run(serving.Options(products=pictures // 30, count=20, rounds=2))
    said("overhead")
    tables += overhead.run(overhead.Options(pictures=pictures // 10, rounds=5, repeats=2, searches=400))
    said("demo")
    tables += demo.run(products=pictures // 30)
    said("words")
    tables += words.run(products=pictures // 20)
    said("suggesting")
    tables += suggesting.run(products=pictures // 20, rounds=1)
    said("changes")
    tables += changes.run(products=pictures // 5)
    said("done")
    emit("quick", tables, as_json=as_json)
    forms.check(tables)


if __name__ == "__main__":
    main()
