"""What a search costs by the number of products, while several clients ask: what `visual-search plan` goes by.

A mixture of searches by photo, alone, with a filter that leaves a twentieth, and with a word, over HTTP. Processor time
of Solr and of the API is told apart, as they run on different machines in a cluster. The indexes are those of
`python -m benchmarks.peers --growth`, made where they are not yet.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any, Final

import click
import numpy as np
import orjson
import psutil

from benchmarks.cgroups import forget
from benchmarks.options import numbers
from benchmarks.peers.building import built
from benchmarks.peers.engines.ours import Ours
from benchmarks.peers.model import Ask
from benchmarks.peers.shop import Matching, Shop
from benchmarks.report import Table, emit, machine, progress
from benchmarks.resident import resident
from vision.planning.costs import Load, Point
from vision.settings import Settings

SIZES: Final = (10_000, 30_000, 100_000, 300_000, 1_000_000)
CLIENTS: Final = (1, 4, 8)
PARTS: Final = (Matching("100"), Matching("5"), Matching("100", "linen"))
_WARM: Final = 300
MEASURED: Final = Path(__file__).parent.parent / "vision" / "planning" / "measured.json"


def run(folder: Path, sizes: Sequence[int], seconds: float, repeats: int) -> list[Point]:
    """One size after the other; numbers of clients in turns."""
    return [_point(Shop(folder / str(count), count), seconds, repeats) for count in sizes]


def _point(shop: Shop, seconds: float, repeats: int) -> Point:
    index, folder = built(shop, "ours")
    forget(folder)
    made = Ours()
    made.open(folder)
    try:
        for number in range(_WARM):
            made.search(_ask(shop, number))
        hot = sum(resident(folder / "solr").values())
        found: dict[int, list[Load]] = {clients: [] for clients in CLIENTS}
        for _ in range(repeats):
            for clients in CLIENTS:
                found[clients].append(_loaded(made, shop, clients, seconds))
        loads = [_median(each) for each in found.values()]
        progress(f"{shop.count:,} products: {max(each.qps for each in loads):.0f} a second")
        return Point(shop.count, index.bytes, hot, index.seconds, tuple(loads))
    finally:
        made.close()


def _ask(shop: Shop, number: int) -> Ask:
    part = PARTS[number % len(PARTS)]
    return Ask(shop.queries[number % shop.asked], part.level, part.words)


def _loaded(made: Ours, shop: Shop, clients: int, seconds: float) -> Load:
    lock, times, number = threading.Lock(), list[float](), 0
    until = time.perf_counter() + seconds

    def client() -> None:
        nonlocal number
        while time.perf_counter() < until:
            with lock:
                number += 1
                mine = number
            began = time.perf_counter()
            made.search(_ask(shop, mine))
            with lock:
                times.append(1000 * (time.perf_counter() - began))

    before, began = _spent(made), time.perf_counter()
    threads = [threading.Thread(target=client) for _ in range(clients)]
    for each in threads:
        each.start()
    for each in threads:
        each.join()
    taken = time.perf_counter() - began
    solr, api = (1000 * (after - was) / len(times) for was, after in zip(before, _spent(made), strict=True))
    p50, p95 = np.percentile(times, (50, 95))
    return Load(clients, len(times) / taken, float(p50), float(p95), solr, api)


def _spent(made: Ours) -> tuple[float, float]:
    """Seconds of processor time of Solr and of the API."""
    solr, api = (each.cpu_times() for each in (made.running.process, psutil.Process(made.api.pid)))
    return solr.user + solr.system, api.user + api.system


def _median(loads: Sequence[Load]) -> Load:
    columns = zip(*(asdict(each).values() for each in loads), strict=True)
    return Load(*(round(float(np.median(each)), 3) for each in columns))


def table(points: Sequence[Point]) -> Table:
    """Points as rows."""
    columns = ("products", "clients", "a second", "p50 ms", "p95 ms", "Solr's CPU ms", "the API's CPU ms")
    made = Table("searches by photo, alone, with a filter that leaves 5 %, with a word; in turns", columns)
    for point in points:
        for each in point.loads:
            made.add(point.products, int(each.clients), each.qps, each.p50, each.p95, each.solr, each.api)
    return made


def plain(points: Sequence[Point]) -> dict[str, Any]:
    """For the file that `visual-search plan` reads."""
    return {"machine": machine(), "points": [asdict(each) for each in points]}


@click.command(help=__doc__)
@click.option("--sizes", default=",".join(map(str, SIZES)), callback=numbers(int), help="Products.")
@click.option("--seconds", default=10.0, show_default=True, help="Of each number of clients, in each repeat.")
@click.option("--repeats", default=3, show_default=True, help="Rounds.")
@click.option("--folder", type=click.Path(path_type=Path), help="Where indexes are kept.  [default: the cache]")
@click.option("--write", is_flag=True, help="Keep what is found in vision/planning/measured.json.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def main(sizes: list[int], seconds: float, repeats: int, folder: Path | None, write: bool, as_json: bool) -> None:
    points = run(folder or Settings.from_environment().cache / "benchmarks", sizes, seconds, repeats)
    if write:
        MEASURED.write_bytes(orjson.dumps(plain(points), option=orjson.OPT_INDENT_2))
    emit("scale", [table(points)], as_json=as_json)


if __name__ == "__main__":
    main()
