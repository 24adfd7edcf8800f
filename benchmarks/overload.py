"""What is answered while more is asked than can be: as much as at the peak, and the rest is refused at once.

The peak is what 16 clients get, each asking again as soon as it has its answer. Then searches come at a fixed rate,
whether those before were answered or not, at once and twice and four times the peak, each over a connection of its own.
What is answered after more than the patience counts as not answered.
"""

from __future__ import annotations

import itertools
import threading
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import click
import numpy as np

from benchmarks import overhead
from benchmarks.overhead import Bench
from benchmarks.report import Table, emit, progress
from benchmarks.wire import Connection

GOAL = 0.8
"""Of the peak that is to be answered at four times as much."""
CLIENTS = 16
FACTORS = (1, 2, 4)
_SENDERS = 300
"""Most requests on their way at once: no more than the server takes connections, nor so few that senders wait."""


@dataclass(frozen=True)
class Asked:
    """Seconds from when a request was due until its answer was there, and its status; 0 where there was none."""

    seconds: float
    status: int


def at_rate(bench: Bench, rate: float, seconds: float) -> list[Asked]:
    """Searches of all kinds in turns, so many a second, for so long."""
    kinds = list(bench.kinds)
    began, numbers, lock = time.perf_counter() + 0.1, itertools.count(), threading.Lock()

    def sender() -> list[Asked]:
        found: list[Asked] = []
        while True:
            with lock:
                number = next(numbers)
            due = began + number / rate
            if due > began + seconds:
                return found
            time.sleep(max(0.0, due - time.perf_counter()))
            try:
                with Connection(bench.url, keep=False, timeout=30) as connection:
                    status = bench.ask(connection, kinds[number % len(kinds)], number).status
            except OSError:
                status = 0
            found.append(Asked(time.perf_counter() - due, status))

    with ThreadPoolExecutor(_SENDERS) as pool:
        return [each for call in [pool.submit(sender) for _ in range(_SENDERS)] for each in call.result()]


def run(options: overhead.Options, seconds: float, patience: float, repeats: int) -> Sequence[Table]:
    """Index, serve, ask."""
    columns = (
        "asked",
        "a second",
        "answered a second",
        "of the peak",
        "quartiles",
        "p50 ms",
        "p99 ms",
        "refused, p99 ms",
    )
    table = Table(f"All kinds of searches, {repeats} x {seconds:g} s each in turns", (*columns, "none", "kept"))
    answered: dict[int, list[float]] = {factor: [] for factor in FACTORS}
    times: dict[int, list[Asked]] = {factor: [] for factor in FACTORS}
    rates: list[float] = []
    with overhead.bench(options) as bench:
        overhead.asked(bench, CLIENTS, False, 300)
        for repeat in range(repeats):
            progress(f"round {repeat + 1} of {repeats}")
            began = time.perf_counter()
            taken, _ = overhead.asked(bench, CLIENTS, False, max(CLIENTS, round((rates or [60.0])[-1] * seconds)))
            rates.append(len(taken) / (time.perf_counter() - began))
            for factor in FACTORS:
                found = at_rate(bench, factor * rates[-1], seconds)
                good = sum(each.status == 200 and each.seconds <= patience for each in found)
                answered[factor].append(good / seconds / rates[-1])
                times[factor] += found
    peak = float(np.median(rates))
    table.add("16 clients", peak, peak, 1.0, "", *(["-"] * 4), "-")
    for factor in FACTORS:
        share = float(np.median(answered[factor]))
        low, high = np.percentile(answered[factor], (25, 75))
        good_ms = [1000 * each.seconds for each in times[factor] if each.status == 200]
        lost = [1000 * each.seconds for each in times[factor] if each.status == 503]
        none = sum(each.status not in (200, 503) for each in times[factor])
        p50, p99 = np.percentile(good_ms, (50, 99))
        table.add(
            f"{factor} x the peak",
            factor * peak,
            share * peak,
            share,
            f"{low:.2f} to {high:.2f}",
            float(p50),
            float(p99),
            float(np.percentile(lost, 99)) if lost else "-",
            none,
            "-" if factor != FACTORS[-1] else "pass" if share >= GOAL and not none else "miss",
        )
    table.notes.append(
        f"kept: at {FACTORS[-1]} x at least {GOAL:.0%} of the peak within {patience:g} s, and every request answered"
    )
    return [table]


@click.command(help=__doc__)
@click.option("--pictures", default=5_000, show_default=True, help="How many to index.")
@click.option("--seconds", default=15.0, show_default=True, help="Of each rate, in each repeat.")
@click.option("--patience", default=2.0, show_default=True, help="Seconds that a caller waits.")
@click.option("--repeats", default=3, show_default=True)
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def main(pictures: int, seconds: float, patience: float, repeats: int, as_json: bool) -> None:
    emit("overload", run(overhead.Options(pictures=pictures), seconds, patience, repeats), as_json=as_json)


if __name__ == "__main__":
    main()
