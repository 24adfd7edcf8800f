"""Crash drills, as many rounds of them as wanted: the indexer and Solr are killed at other moments in each.

The indexer is killed at 10 points of its life and run again; Solr is killed at 4 points of an indexer's writing and
started again, and the indexer run again: each time the collection must equal that of an undisturbed run byte for byte.
Solr is killed 3 times under searches: each answer must be the usual one or a clear 503, and after the restart all must
be the usual ones. It ends at the first drill that fails, with what is needed to repeat it. `make test` runs one round.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import click

from benchmarks.report import Table, emit, progress
from tests.drills import drills, serving
from tests.drills.yard import ROWS, Yard


@dataclass(frozen=True)
class Options:
    """What is drilled; round ``n`` takes its points from ``seed + n``."""

    seed: int = 1
    rounds: int = 3


def run(options: Options) -> Sequence[Table]:
    """Every drill in every round, on one Solr."""
    indexer = Table(
        f"Indexer killed, {ROWS:,} documents", ("seed", "killed in", "after s", "sent before", "run again s")
    )
    writing = Table("Solr killed while written to", ("seed", "killed in", "taken before", "kept", "run again s"))
    searching = Table(
        f"Solr killed under {serving.CALLERS} callers",
        ("seed", "after answers", "right", "503", "slowest s", "back after s"),
    )
    with tempfile.TemporaryDirectory(prefix="visual-search-benchmark-", ignore_cleanup_errors=True) as folder:
        yard = Yard.at(Path(folder))
        try:
            undisturbed = drills.undisturbed(yard)
            for seed in range(options.seed, options.seed + options.rounds):
                for number, point in enumerate(drills.indexer_points(undisturbed, seed)):
                    with _told(f"seed {seed}: indexer killed at {point}"):
                        drill = drills.kill_indexer(yard, undisturbed.contents, point, f"indexer_{number}")
                    after = drill.killed.events[-1].second + point.delay
                    indexer.add(seed, point.name, after, drill.acknowledged, drill.resumed.seconds)
                for number, point in enumerate(drills.writing_points(undisturbed, seed)):
                    with _told(f"seed {seed}: Solr killed at {point}"):
                        drill = drills.kill_solr_while_writing(yard, undisturbed.contents, point, f"writing_{number}")
                    writing.add(seed, point.name, drill.acknowledged, drill.kept, drill.resumed.seconds)
                with serving.traffic(yard, undisturbed) as traffic:
                    for after in serving.moments(seed):
                        with _told(f"seed {seed}: Solr killed after {after} answers"):
                            out = serving.kill_solr_while_searching(yard, traffic, after)
                        verdicts = out.verdicts
                        searching.add(seed, after, verdicts["right"], verdicts["unavailable"], out.slowest, out.back)
        finally:
            yard.solr.stop()
    return [indexer, writing, searching]


@contextmanager
def _told(what: str) -> Iterator[None]:
    progress(what)
    try:
        yield
    except AssertionError as error:
        raise click.ClickException(f"{what}: {error}") from error


@click.command(help=__doc__)
@click.option("--seed", default=Options.seed, show_default=True, help="Of the first round's points.")
@click.option("--rounds", default=Options.rounds, show_default=True, help="How many.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def main(seed: int, rounds: int, as_json: bool) -> None:
    emit("drills", run(Options(seed, rounds)), as_json=as_json)


if __name__ == "__main__":
    main()
