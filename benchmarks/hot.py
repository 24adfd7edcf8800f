"""How many products one machine of 24 GiB carries: an index with the part of a machine's memory that its part is.

An index of a million products in a thirtieth of the memory is what one of thirty million is on the whole machine: the
same part of it is held, and of the rest the same part is read from the disk. So the room for files that a machine of 24
GiB leaves is divided by the products it is to carry, and one index asked in turns with each. What that leaves out is
the growth of the graph search itself with the index, which `python -m benchmarks.scale` measures, and a disk that is as
busy as it would be there. No query is asked twice, and what is left of the memory is full of vectors from the start, as
after a long run: those that a query wants are among them by chance alone.
"""

from __future__ import annotations

import subprocess
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import click
import numpy as np

from benchmarks.cgroups import Cgroup, cgroup, forget
from benchmarks.options import numbers
from benchmarks.peers.building import built
from benchmarks.peers.engines.ours import Ours
from benchmarks.peers.model import Ask
from benchmarks.peers.shop import Matching, Shop
from benchmarks.peers.spectrum import MEASURED
from benchmarks.report import Table, emit, progress
from benchmarks.resident import in_memory
from vision.settings import Settings

MACHINE: Final = 24 * 2**30
HEAP: Final = 2 * 2**30
"""For Solr's heap, the API and the system."""
SIZES: Final = (2, 5, 10, 15, 20, 30, 40, 60)
"""Millions of products of the whole machine."""
PARTS: Final = (Matching("100"), Matching("5"), Matching("100", "linen"))
_LEAST: Final = 128 * 2**20
_WARM: Final = 300
_GRAPHS: Final = (".vex", ".vem")


@dataclass(frozen=True)
class Held:
    """What is in memory, in bytes: of coarse vectors and graphs, of full vectors, and of all files."""

    hot: int
    full: int
    files: int


def run(shop: Shop, sizes: Sequence[float], queries: int, repeats: int, lean: bool = False) -> Table:
    """One index, asked with each size's memory in turns."""
    _, folder = built(shop, "lean" if lean else "ours")
    forget(folder)
    warm = _WARM // len(PARTS)
    new = iter(MEASURED.draw(repeats * len(sizes) * len(PARTS) * (warm + queries), shop.count))
    made = Ours()
    times: dict[tuple[float, Matching], list[float]] = {}
    held: dict[float, Held] = {}
    with cgroup("visual-search-hot") as group:
        made.open(folder)
        try:
            group.add(made.running.process.pid)
            forget(folder)
            for _ in range(repeats):
                for size in sizes:
                    room = int(shop.count * _room(size))
                    group.limit(group.anonymous() + room)
                    _fill(folder, room, group)
                    for part in PARTS:
                        for count in range(warm + queries):
                            ask = Ask(next(new), part.level, part.words)
                            began = time.perf_counter()
                            made.search(ask)
                            if count >= warm:
                                times.setdefault((size, part), []).append(1000 * (time.perf_counter() - began))
                    held[size] = _held(folder)
                    progress(f"{size:g} million: {group.cached() / 2**20:,.0f} MB of files in memory")
            recall = _recall(shop, made)
        finally:
            made.close()
    return _table(shop, len(_full(folder)), sizes, times, held, recall)


def _fill(folder: Path, room: int, group: Cgroup) -> None:
    """Read as much of the full vectors as there is room for beside all other files: what a long run would have left."""
    whole = sorted(_full(folder))
    others = sum(path.stat().st_size for path in (folder / "solr").rglob("*") if path.is_file() and path not in whole)
    for path in whole:
        left = max(0, room - others)
        room -= path.stat().st_size
        with subprocess.Popen(["head", "-c", str(left), path], stdout=subprocess.PIPE) as reading:
            group.add(reading.pid)  # it waits for us, so that hardly a page was read before
            assert reading.stdout is not None
            while reading.stdout.read(2**20):
                pass


def _recall(shop: Shop, made: Ours) -> dict[Matching, float]:
    """Recall@10 of each part; memory has no say in what is found."""
    rows = {
        part: [(query, made.search(Ask(shop.queries[query], part.level, part.words)).rows) for query in shop.held_out]
        for part in PARTS
    }
    progress("what should have been found, by exact distances")
    truth = shop.truth(PARTS)
    return {
        part: float(np.mean([shop.recall(query, part, truth[part], found) for query, found in each]))
        for part, each in rows.items()
    }


def _room(size: float) -> float:
    """Bytes for files that a product has as one of ``size`` million."""
    return (MACHINE - HEAP) / (size * 1e6)


def _held(folder: Path) -> Held:
    hot = full = files = 0
    whole = _full(folder)
    for path in (folder / "solr").rglob("*"):
        if not path.is_file():
            continue
        there = in_memory(path)
        files += there
        if path in whole:
            full += there
        elif path.suffix in (".vec", *_GRAPHS):
            hot += there
    return Held(hot, full, files)


def _full(folder: Path) -> set[Path]:
    """The file of full vectors of each segment: the larger of its two."""
    segments: dict[str, list[Path]] = {}
    for path in (folder / "solr").rglob("*.vec"):
        segments.setdefault(path.name.split("_")[1], []).append(path)
    return {max(files, key=lambda each: each.stat().st_size) for files in segments.values()}


def _table(
    shop: Shop,
    segments: int,
    sizes: Sequence[float],
    times: dict[tuple[float, Matching], list[float]],
    held: dict[float, Held],
    recall: Mapping[Matching, float],
) -> Table:
    columns = ("million products", "bytes a product", "files in memory MB", "coarse and graph MB", "full vectors MB")
    names = [f"{part.level} % {part.words}".strip() for part in PARTS]
    found = ", ".join(f"{name}: {recall[part]:.4f}" for name, part in zip(names, PARTS, strict=True))
    made = Table(
        f"{shop.count:,} products, {segments} segments, in the memory that is their part of 24 GiB, ms over HTTP; "
        f"recall@10 {found}",
        (*columns, *(f"{name} {which}" for name in names for which in ("p50", "p95"))),
    )
    for size in sizes:
        there = held[size]
        cells = [float(each) for part in PARTS for each in np.percentile(times[size, part], (50, 95))]
        made.add(f"{size:g}", _room(size), there.files / 1e6, there.hot / 1e6, there.full / 1e6, *cells)
    return made


@click.command(help=__doc__)
@click.option("--products", default=1_000_000, show_default=True, help="Of the index.")
@click.option("--sizes", default=",".join(map(str, SIZES)), callback=numbers(float), help="Millions of products.")
@click.option("--queries", default=60, show_default=True, help="Of each kind, in each repeat.")
@click.option("--repeats", default=2, show_default=True, help="Rounds.")
@click.option("--lean", is_flag=True, help="An index of what searches by photo read, as Solr merges it: half the disk.")
@click.option("--folder", type=click.Path(path_type=Path), help="Where indexes are kept.  [default: the cache]")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def main(
    products: int, sizes: list[float], queries: int, repeats: int, lean: bool, folder: Path | None, as_json: bool
) -> None:
    each = _room(max(sizes))
    if (part := products * each) < _LEAST:
        raise click.UsageError(
            f"{products:,} products have {part / 2**20:,.0f} MB of a machine with {max(sizes):g} million, where Solr "
            f"cannot run: --products {_LEAST / each:,.0f} or more, or fewer --sizes"
        )
    root = folder or Settings.from_environment().cache / "benchmarks"
    emit("hot", [run(Shop(root / str(products), products), sizes, queries, repeats, lean)], as_json=as_json)


if __name__ == "__main__":
    main()
