"""`index --changes` and `index --watch`: rounds, told to a terminal."""

from __future__ import annotations

import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import click
import orjson

from vision.catalog.ingest import IndexOptions
from vision.console import echo
from vision.errors import VisualSearchError
from vision.following.rounds import ChangesReport, Round
from vision.following.watching import ended_by_sigterm, watch
from vision.workspace import Workspace

if TYPE_CHECKING:
    from vision.jobs.recording import Recorder


@dataclass(frozen=True)
class How:
    """What the command line chose, besides what indexing chooses.

    Attributes:
        detect: whether the settings' detector looks for things in pictures.
        most_gone: the share of what was sent that may be gone at once.
        watch: whether to stay.
        as_json: whether a machine reads what is printed: a line for each round.
    """

    detect: bool
    most_gone: float
    watch: bool
    as_json: bool


class Told:
    """Runs rounds of one catalogue and prints what became of it, as lines for people or as JSON."""

    def __init__(self, found: Round, job: Recorder, *, as_json: bool) -> None:
        """Nothing is done yet."""
        self._round = found
        self._job = job
        self._json = as_json
        self._recreate = found.options.recreate

    def once(self) -> ChangesReport:
        """Look at the catalogue, and say what changed."""
        report = self._round.run(recreate=self._recreate)
        self._recreate = False  # what was made anew once is not made anew each time
        self._job.summary = report.plain() | {"collection": self._round.client.collection}
        self._say(report)
        return report

    def watch(self) -> None:
        """Look at it again whenever it changed, until interrupted."""
        catalogue, last = self._round.catalogue, ""

        def look() -> None:
            nonlocal last
            self.once()
            last = ""

        def failed(error: VisualSearchError) -> None:
            nonlocal last
            if str(error) != last:  # what is tried again is told once
                last = str(error)
                echo(f"{_now()} {catalogue.name} was not taken over: {last}", err=True)

        echo(f"watching {catalogue}", err=True)
        with ended_by_sigterm():
            watch(catalogue, look, failed=failed)

    def _say(self, report: ChangesReport) -> None:
        for remark in (*(f"PCA: {note}" for note in report.notes), *report.remarks):
            echo(remark, err=True)
        if report.rejects is not None:
            echo(
                f"{report.rejected:,} rows rejected, whose products stay as they are; the reasons are in "
                f"{report.rejects}",
                err=True,
            )
        if self._json:
            click.echo(orjson.dumps(report.plain()).decode())
        else:
            regions = f" with {report.regions:,} regions" if report.regions else ""
            echo(
                f"{_now()} {report.indexed:,} rows sent{regions}, {report.unchanged:,} unchanged, {report.deleted:,} "
                f"deleted in {report.seconds:.1f} s"
            )


def run(workspace: Workspace, catalogue: Path, extractor: str, options: IndexOptions, job: Recorder, how: How) -> None:
    """One round, or rounds until interrupted.

    Raises:
        VisualSearchError: as :meth:`Round.run`, of the only round.
    """
    with workspace.client() as client:
        found = Round.of(
            workspace,
            catalogue,
            extractor,
            client=client,
            options=options,
            detect=how.detect,
            most_gone=how.most_gone,
            progress=job,
        )
        told = Told(found, job, as_json=how.as_json)
        if how.watch:
            told.watch()
        else:
            told.once()


def _now() -> str:
    return time.strftime("%H:%M:%S")
