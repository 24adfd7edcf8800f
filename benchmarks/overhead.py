"""What `POST /v1/search` adds to Solr's own time, with 16 clients at once, and what it holds after 20,000 searches.

Nothing is extracted. Solr's own time is that of the same requests sent to it by hand: composed and encoded before, over
a connection that is kept, from the first byte sent to the last one read. QTime, which Solr says itself, leaves out
reading the documents of the page and writing the answer, and is whole milliseconds. Both are subtracted from what a
client waits.
"""

from __future__ import annotations

import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import click
import numpy as np
import orjson
import psutil

from benchmarks import server
from benchmarks.capacity import load
from benchmarks.processes import environment, memory, serving
from benchmarks.report import Table, emit, progress
from benchmarks.stream import Stream, store_in
from benchmarks.wire import FORM, JSON, Answered, Connection, Recording
from vision.search.engine import SearchEngine
from vision.search.request import parse
from vision.solr import configset
from vision.workspace import COLLECTION

GOAL_MS = 3.0
"""Most that the median search may add to Solr's own time."""
CLIENTS = (1, 4, 16)
GROWTH = 0.05
"""Most that private memory may grow from the second quarter of the searches to the last, as a part of it."""
_QUERIES = 200

Kind = Callable[[int], dict[str, Any]]


@dataclass(frozen=True)
class Options:
    """What is measured.

    Attributes:
        pictures: in the index.
        rounds: searches of each kind in one repeat.
        repeats: over which quartiles are taken.
        searches: during which memory is watched.
        factor: the p99 of 16 clients may be so many times 16 times the median of one.
        heap: Solr's -Xmx.
    """

    pictures: int = 10_000
    rounds: int = 40
    repeats: int = 5
    searches: int = 20_000
    factor: float = 2.0
    heap: str = "512m"


@dataclass(frozen=True)
class Bench:
    """A running server, what is asked of it, and the processes behind it."""

    url: str
    engine: SearchEngine
    client: Recording
    kinds: Mapping[str, Kind]
    processes: Mapping[str, psutil.Process]

    def ask(self, connection: Connection, kind: str, number: int) -> Answered:
        """One search."""
        return connection.post("/v1/search", orjson.dumps(self.kinds[kind](number)), JSON)

    def forms(self, kind: str, number: int) -> list[bytes]:
        """What the same search sends to Solr, once what is kept for some seconds is there."""
        request = parse(orjson.dumps(self.kinds[kind](number)))
        for _ in range(2):
            self.client.sent.clear()
            self.engine.search(request)
        return list(self.client.sent)


def run(options: Options) -> Sequence[Table]:
    """Index, serve, ask."""
    with bench(options) as running:
        progress("one client")
        tables = [_added(running, options)]
        progress("several clients")
        tables.append(_at_once(running, options))
        progress(f"{options.searches:,} searches")
        tables.append(_memory(running, options))
    return tables


def searches(stream: Stream) -> Mapping[str, Kind]:
    """Every kind of search that needs no extraction, 24 to a page."""
    vectors = stream.queries(_QUERIES)
    narrowed: dict[str, Any] = {"filters": {"half": ["a"]}, "facets": ["color", "half"]}

    def near(number: int) -> dict[str, Any]:
        return {"vector": vectors[number % _QUERIES].tolist()}

    return {
        "words": lambda number: {"q": "dress", "start": number % 5},
        "words, filter, facets": lambda number: {"q": "dress", "start": number % 5, **narrowed},
        "product, facets": lambda number: {"image_id": stream.id(number * 7 % stream.count), "facets": ["color"]},
        "vector, facets": lambda number: {"facets": ["color"], **near(number)},
        "hybrid": lambda number: {"q": "dress", **narrowed, **near(number)},
    }


@contextmanager
def bench(options: Options) -> Iterator[Bench]:
    stream = Stream(options.pictures, described=True)
    with tempfile.TemporaryDirectory(prefix="visual-search-benchmark-", ignore_cleanup_errors=True) as folder:
        home = Path(folder)
        embedding = stream.embedding(store_in(home))
        with server.of(home, options.heap) as solr, Recording(solr.url, COLLECTION) as client:
            progress(f"indexing {options.pictures:,} pictures")
            configset.create(client)
            load(client, stream, embedding)
            # As many clients behind a proxy: of a single address more than a hundred connections are closed at once.
            with serving(environment(home, VISUAL_SEARCH_TRUSTED_PROXIES="127.0.0.1")) as (url, process):
                state = solr.solr.state()
                assert state is not None
                processes = {"serve": process, "Solr": psutil.Process(state.pid)}
                engine = SearchEngine(client, store_in(home))
                yield Bench(url, engine, client, searches(stream), processes)


def _added(bench: Bench, options: Options) -> Table:
    table = Table(
        f"One client, {options.repeats} x {options.rounds} searches of each kind, in turns with what they send to Solr",
        (
            *("search", "p50 ms", "p95 ms", "QTime p50", "Solr p50", "over QTime", "over Solr", "quartiles"),
            *("serve CPU ms", "of 3 ms"),
        ),
    )
    taken: dict[str, list[tuple[float, float, float, float]]] = {kind: [] for kind in bench.kinds}
    with Connection(bench.url) as ours, Connection(bench.client.url) as theirs:
        for number in range(-_warm(options), options.repeats * options.rounds):
            for kind in bench.kinds:
                forms = bench.forms(kind, number % _QUERIES)
                before = bench.processes["serve"].cpu_times()
                found = bench.ask(ours, kind, number % _QUERIES)
                after = bench.processes["serve"].cpu_times()
                own = [theirs.post(f"/solr/{COLLECTION}/select", form, FORM) for form in forms]
                if {found.status, *(each.status for each in own)} != {200}:
                    raise click.ClickException(f"{kind} was refused: {found.body[:300]!r}")
                qtime = sum(orjson.loads(each.body)["responseHeader"]["QTime"] for each in own)
                if number >= 0:
                    cpu = after.user + after.system - before.user - before.system
                    taken[kind].append((found.ms, qtime, sum(each.ms for each in own), 1000 * cpu))
    for kind, rows in taken.items():
        client, qtimes, solr, cpu_ms = np.array(rows).T
        over = [float(np.median(each)) for each in np.split(client - solr, options.repeats)]
        added = float(np.median(client - solr))
        table.add(
            kind,
            *_percentiles(client, 50, 95),
            *(float(np.median(each)) for each in (qtimes, solr, client - qtimes, client - solr)),
            _quartiles(over),
            float(cpu_ms.mean()),
            "pass" if added <= GOAL_MS else "miss",
        )
    table.notes.append(
        "Solr: the same requests sent by hand; over: medians of what each search takes longer than its own"
    )
    return table


def _at_once(bench: Bench, options: Options) -> Table:
    columns = ("clients", "connection", "p50 ms", "p95 ms", "p99 ms", "p99 quartiles", "a second", "failed", "bounded")
    table = Table(f"All kinds in turns by several clients, {options.repeats} repeats", columns)
    ways = [(clients, keep) for keep in (True, False) for clients in CLIENTS]
    times: dict[tuple[int, bool], list[np.ndarray[Any, Any]]] = {way: [] for way in ways}
    rates: dict[tuple[int, bool], list[float]] = {way: [] for way in ways}
    failed = dict.fromkeys(ways, 0)
    for repeat in range(options.repeats):
        for way in ways[repeat % len(ways) :] + ways[: repeat % len(ways)]:
            began = time.perf_counter()
            found, lost = asked(bench, *way, options.rounds * len(bench.kinds))
            rates[way].append(len(found) / (time.perf_counter() - began))
            times[way].append(np.array(found))
            failed[way] += lost
    for way in ways:
        alone = float(np.median(np.concatenate(times[CLIENTS[0], way[1]])))
        p99 = [float(np.percentile(each, 99)) for each in times[way]]
        within = float(np.median(p99)) <= options.factor * way[0] * alone and not failed[way]
        table.add(
            way[0],
            "kept" if way[1] else "new each time",
            *_percentiles(np.concatenate(times[way]), 50, 95, 99),
            _quartiles(p99),
            float(np.median(rates[way])),
            failed[way],
            "-" if way[0] != CLIENTS[-1] else "pass" if within else "miss",
        )
    table.notes.append(
        f"bounded: nothing fails, and the median p99 is at most {options.factor:g} x clients x the p50 of one"
    )
    return table


def asked(bench: Bench, clients: int, keep: bool, count: int) -> tuple[list[float], int]:
    """Milliseconds of ``count`` searches, all kinds in turns, by several clients at once; and how many failed."""
    kinds = list(bench.kinds)
    lock, left, failed = threading.Lock(), iter(range(count)), 0

    def client() -> list[float]:
        nonlocal failed
        taken: list[float] = []
        with Connection(bench.url, keep=keep) as connection:
            while True:
                with lock:
                    number = next(left, None)
                if number is None:
                    return taken
                try:
                    found = bench.ask(connection, kinds[number % len(kinds)], number)
                except OSError:
                    connection.close()
                    found = None
                if found is None or found.status != 200:
                    with lock:
                        failed += 1
                else:
                    taken.append(found.ms)

    with ThreadPoolExecutor(clients) as pool:
        calls = [pool.submit(client) for _ in range(clients)]
        return [ms for call in calls for ms in call.result()], failed


def _memory(bench: Bench, options: Options) -> Table:
    columns = (
        "process",
        "private MB at first",
        "second quarter",
        "last quarter",
        "MB per 10,000",
        "± error",
        "handles",
    )
    table = Table(f"Private memory over {options.searches:,} searches, 4 at once", (*columns, "flat"))
    looks, failed = 40, 0
    seen: dict[str, list[tuple[float, int]]] = {name: [] for name in bench.processes}
    for look in range(looks + 1):
        if look:
            failed += asked(bench, 4, True, max(4, options.searches // looks))[1]
        for name, process in bench.processes.items():
            seen[name].append((memory(process).private, process.num_fds()))
    for name, samples in seen.items():
        private, handles = (np.array(each, dtype=float) for each in zip(*samples, strict=True))
        second, last = (float(np.median(private[at : at + looks // 4])) for at in (looks // 4, 3 * looks // 4 + 1))
        done = np.arange(looks // 4, looks + 1) * options.searches / looks / 10_000
        slope, error = _slope(done, private[looks // 4 :])
        level = last <= second * (1 + GROWTH) and handles[-1] <= handles[looks // 4] + 2 * CLIENTS[1]
        counted = f"{handles[looks // 4]:.0f} -> {handles[-1]:.0f}"
        table.add(name, private[0], second, last, slope, error, counted, "pass" if level and not failed else "miss")
    table.notes.append(
        f"flat: at most {GROWTH:.0%} more in the last quarter than in the second, and no more handles; {failed} failed"
    )
    table.notes.append(f"Solr's heap may fill up to {options.heap} before Java collects it")
    return table


def _slope(x: np.ndarray[Any, Any], y: np.ndarray[Any, Any]) -> tuple[float, float]:
    """Of the line of least squares through points, with its standard error."""
    centred = x - x.mean()
    spread = float(centred @ centred)
    slope = float(centred @ y) / spread
    rest = y - y.mean() - slope * centred
    return slope, float(np.sqrt(rest @ rest / max(1, len(x) - 2) / spread))


def _warm(options: Options) -> int:
    """Searches of each kind before the clock counts: a fresh JVM is slower."""
    return min(60, options.rounds)


def _percentiles(values: np.ndarray[Any, Any], *which: float) -> list[float]:
    return [float(each) for each in np.percentile(values, which)]


def _quartiles(values: Sequence[float]) -> str:
    low, high = np.percentile(values, (25, 75))
    return f"{low:.2f} to {high:.2f}"


@click.command(help=__doc__)
@click.option("--pictures", default=Options.pictures, show_default=True, help="How many to index.")
@click.option("--rounds", default=Options.rounds, show_default=True, help="Searches of each kind in a repeat.")
@click.option("--repeats", default=Options.repeats, show_default=True, help="Repeats, over which quartiles are taken.")
@click.option("--searches", default=Options.searches, show_default=True, help="During which memory is watched.")
@click.option("--factor", default=Options.factor, show_default=True, help="Of the bound on the p99 of several clients.")
@click.option("--heap", default=Options.heap, show_default=True, help="The JVM's -Xmx.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def main(pictures: int, rounds: int, repeats: int, searches: int, factor: float, heap: str, as_json: bool) -> None:
    emit("overhead", run(Options(pictures, rounds, repeats, searches, factor, heap)), as_json=as_json)


if __name__ == "__main__":
    main()
