"""The product beside what people would use instead: the same vectors, filters, words and machine, asked in turns.

Engines are tuned to a recall@10 of 0.99 on one half of the queries and measured on the other. Indexes are built where
they are not yet, and kept in --folder; that takes longer than everything else. Libraries that are not installed are
left out and named: `make peers` installs them.
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Final

import click

from benchmarks.options import numbers
from benchmarks.peers import document, growth, limited, measuring, report
from benchmarks.peers.building import built, reached
from benchmarks.peers.engines import NAMES, SERVERS
from benchmarks.peers.model import LEVELS, Engine
from benchmarks.peers.results import Clock, Found, Results, Run, Size
from benchmarks.peers.shop import Matching, Shop
from benchmarks.report import emit, machine, progress
from vision.settings import Settings

FILTERS: Final = tuple(Matching(level) for level in LEVELS)
HYBRID: Final = (
    Matching("100", "linen"),
    Matching("20", "linen"),
    Matching("1", "linen"),
    Matching("100", "red dress"),
    Matching("20", "red dress"),
)
RESULTS: Final = Path(__file__).parent.parent.parent / "docs" / "performance.json"
_GROWTH: Final = (10_000, 30_000, 100_000, 300_000, 1_000_000)


def compare(shop: Shop, vectors: str, names: Sequence[str], repeats: int, queries: int, *, little: bool) -> Run:
    """Build what is missing, tune, measure."""
    run = Run(vectors, shop.count, machine())
    left_out: dict[str, str] = {}
    indexes = []
    for name in names:
        try:
            indexes.append(built(shop, name)[0])
        except ImportError as error:
            left_out[name] = f"{error.name} is not installed"
            progress(f"{name} is left out: {left_out[name]}")
    with ExitStack() as stack:
        engines: dict[str, Engine] = {}
        for each in indexes:
            progress(f"opening {each.title}")
            engines[each.name] = reached(each.name)
            engines[each.name].open(shop.folder / each.name)
            stack.callback(engines[each.name].close)
        figures = measuring.run(engines, shop, (*FILTERS, *HYBRID), repeats, queries)
        run.titles = {name: engine.title for name, engine in engines.items()}
    run.built, run.left_out = indexes, left_out
    run.found = [Found.of(each) for each in figures]
    if little and set(SERVERS) <= set(run.titles):
        efforts = {(each.engine, each.matching): each.effort for each in figures}
        try:
            run.limited = [Found.of(each) for each in limited.run(shop, (*FILTERS, *HYBRID), repeats, queries, efforts)]
        except (OSError, ValueError) as error:
            progress(f"with little memory: not measured, {error}")
    return run


def grown(folder: Path, counts: Sequence[int], repeats: int, queries: int) -> list[Size]:
    """How ours grows."""
    sizes = []
    for each in growth.run(folder, counts, repeats, queries):
        clocks = {way: Clock.of(figures.wall) for way, figures in each.figures.items()}
        recalls = {way: round(figures.recall, 4) for way, figures in each.figures.items()}
        kept = {way: clock for way, clock in clocks.items() if clock is not None}
        sizes.append(Size(each.count, each.built.bytes, each.heap, each.hot, each.built.seconds, kept, recalls))
    return sizes


@click.command(help=__doc__)
@click.option("--products", default=100_000, show_default=True, help="How many are drawn.")
@click.option("--real", type=click.Path(path_type=Path, exists=True), help="A .npy of (n, 1024) vectors instead.")
@click.option("--engines", default=",".join(NAMES), show_default=True, help="Which.")
@click.option("--repeats", default=5, show_default=True, help="Rounds, each of queries of its own.")
@click.option("--queries", default=40, show_default=True, help="Of a round, at each filter level.")
@click.option("--limited/--not-limited", "little", default=True, help="Also both Solr engines with little memory.")
@click.option("--growth", "counts", default="", callback=numbers(int), help="Instead: how ours grows over these sizes.")
@click.option("--folder", type=click.Path(path_type=Path), help="Where indexes are kept.  [default: the cache]")
@click.option("--write", is_flag=True, help="Keep what is found in docs/performance.json and write the document anew.")
@click.option("--only-write", is_flag=True, help="Write the document from what is kept.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def main(
    products: int,
    real: Path | None,
    engines: str,
    repeats: int,
    queries: int,
    little: bool,
    counts: list[int],
    folder: Path | None,
    write: bool,
    only_write: bool,
    as_json: bool,
) -> None:
    kept = Results.read(RESULTS)
    if only_write:
        document.write(kept)
        return
    where = folder or Settings.from_environment().cache / "benchmarks"
    if counts:
        kept.growth = grown(where, counts, repeats, queries)
        tables = report.of_growth(kept.growth)
    else:
        names = [name for name in engines.split(",") if name]
        unknown = sorted(set(names) - set(NAMES))
        if unknown:
            raise click.BadParameter(f"{', '.join(unknown)}; known are {', '.join(NAMES)}", param_hint="--engines")
        name = f"{products}" if real is None else f"real-{real.stem}"
        shop = Shop(where / name, products, real=real)
        vectors = "drawn vectors" if real is None else "vectors of real photos"
        run = compare(shop, vectors, names, repeats, queries, little=little)
        kept.runs[name] = run
        tables = report.of_run(run)
    if write:
        kept.write(RESULTS)
        document.write(kept)
    emit("peers", tables, as_json=as_json)


if __name__ == "__main__":
    main()
