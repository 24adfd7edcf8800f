"""What it costs that a command is listed as a job: the same catalogue indexed with and without, in turns.

Its features are in the cache already, so that nothing slow hides the cost; `note` is one write of how far a job is.
"""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable, Sequence
from contextlib import nullcontext
from pathlib import Path

import click

from benchmarks import server
from benchmarks.report import Table, emit, progress
from tests.catalog.support import catalogue
from vision.catalog import IndexOptions, session
from vision.console import Progress
from vision.jobs.model import Reached
from vision.jobs.recording import recorded, this_process
from vision.settings import Settings
from vision.workspace import Workspace

_NOTES = 200


def run(settings: Settings, path: Path, rounds: int) -> Sequence[Table]:
    """Index in turns; times are of the process, all threads together, and by the clock."""
    workspace = Workspace(settings)
    told = 0

    def silent(stage: str, done: int, total: int | None) -> None:
        nonlocal told
        told += 1

    def index(progress: Progress) -> None:
        with workspace.client() as client:
            session.index(workspace, client, path, "histogram", IndexOptions(), detect=False, progress=progress)

    index(silent)
    told = 0
    spent: dict[str, list[tuple[float, float]]] = {"not listed": [], "a job": []}
    for number in range(rounds):
        progress(f"round {number + 1} of {rounds}")
        for name, seen in spent.items():
            listed = name == "a job"
            began = time.perf_counter(), time.process_time()
            with recorded(settings, "index", "measured") if listed else nullcontext(silent) as say:
                index(say)
            seen.append((time.perf_counter() - began[0], time.process_time() - began[1]))
    table = Table(
        f"indexing from the cache, {rounds} rounds in turns, medians", ("index", "seconds", "of the processor")
    )
    for name, seen in spent.items():
        table.add(name, statistics.median(each[0] for each in seen), statistics.median(each[1] for each in seen))
    jobs = workspace.jobs()
    one = this_process("index", "measured", time.time())
    jobs.add(one)
    note = _median_ms(lambda number: jobs.note(one.id, Reached("index", "sending", number, _NOTES)))
    with recorded(settings, "index", "measured") as job:
        step = _median_ms(lambda number: job("index", number, _NOTES))
    calls = Table("one call, median ms", ("call", "ms", "how often"))
    calls.add("note, in a thread", note, "4 a second at most")
    calls.add("progress, in the command", step, f"{told // rounds} in one run")
    return [table, calls]


def _median_ms(call: Callable[[int], object]) -> float:
    taken = []
    for number in range(_NOTES):
        began = time.perf_counter()
        call(number)
        taken.append((time.perf_counter() - began) * 1000)
    return statistics.median(taken)


@click.command(help=__doc__)
@click.option("--products", default=3000, show_default=True, help="How many are indexed.")
@click.option("--rounds", default=5, show_default=True, help="Times that each is run.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def main(products: int, rounds: int, as_json: bool) -> None:
    with server.temporary("1g") as running:
        settings = Settings(home=running.home / "home", solr_url=running.url, collection="jobs")
        emit("jobs", run(settings, catalogue(running.home / "catalogue", products), rounds), as_json=as_json)


if __name__ == "__main__":
    main()
