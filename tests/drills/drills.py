"""The drills themselves: each kills something at one point, resumes, and holds what is there against what should be."""

from __future__ import annotations

import csv
import json
import re
import shutil
import signal
from dataclasses import dataclass
from pathlib import Path

import pytest
from _pytest.mark import ParameterSet

from tests.drills.contents import Contents, differences
from tests.drills.points import Point, draw_points
from tests.drills.yard import PICTURES, ROWS, Run, Yard
from vision.catalog.catalogues import Catalogues

INDEXER_POINTS, MANY_INDEXER_POINTS = 10, 50
WRITING_POINTS, MANY_WRITING_POINTS = 4, 14
CHANGING_POINTS, MANY_CHANGING_POINTS = 1, 8
INDEXER_STAGES = ("create", "extract", "fit", "keep", "remember", "send", "commit", "merge", "verify")
WRITING_STAGES = ("create", "send", "commit", "merge")
BATCH = 200
"""Rows that the indexer sends at once."""


def points(everyday: int, slow: int, few: int, many: int) -> list[ParameterSet]:
    """Number and count: of few points the first in every run, some more in a slow one; many where there is time."""
    marks: list[list[pytest.MarkDecorator]] = (
        [[]] * everyday + [[pytest.mark.slow]] * (slow - everyday) + [[pytest.mark.many]] * (few - slow)
    )
    some = (pytest.param(number, few, marks=marks[number], id=f"{number}-of-{few}") for number in range(few))
    all = (pytest.param(number, many, marks=pytest.mark.many, id=f"{number}-of-{many}") for number in range(many))
    return [*some, *all]


@dataclass(frozen=True)
class Undisturbed:
    """A run that nobody killed: what it came by, and what it left."""

    collection: str
    run: Run
    contents: Contents


@dataclass(frozen=True)
class Drill:
    """One kill, and what came of it."""

    point: Point
    killed: Run
    resumed: Run
    acknowledged: int
    """Documents whose batch Solr had answered before the kill."""
    kept: int = 0
    """Documents that were there after Solr was started again; more than that, where it had read part of a batch."""


def undisturbed(yard: Yard, collection: str = "undisturbed") -> Undisturbed:
    """Index everything once; Solr is started for it."""
    yard.solr.start()
    run = yard.index(collection)
    assert run.status == 0, run.said
    assert json.loads(run.output) | {"seconds": 0} == {
        "indexed": ROWS,
        "rejected": 0,
        "cached": ROWS - PICTURES,
        "seconds": 0,
        "regions": 0,
        "drifted": False,
    }
    found = yard.contents(collection)
    assert list(found) == ids(yard.catalogue), f"{len(found)} of {ROWS}"
    return Undisturbed(collection, run, found)


def indexer_points(undisturbed: Undisturbed, seed: int, count: int = INDEXER_POINTS) -> list[Point]:
    """Where to kill the indexer: at least once in each of its stages."""
    return draw_points(undisturbed.run.events, INDEXER_STAGES, count, seed)


def writing_points(undisturbed: Undisturbed, seed: int, count: int = WRITING_POINTS) -> list[Point]:
    """Where to kill Solr: while it owes the indexer an answer, at least once for each kind of writing."""
    events = undisturbed.run.events
    return draw_points(events, WRITING_STAGES, count, seed, within=lambda name: name.endswith(">"))


def ids(catalogue: Path) -> list[str]:
    """Of all rows, in their order."""
    with catalogue.open(encoding="utf-8", newline="") as file:
        return [each["id"] for each in csv.DictReader(file)]


def kill_indexer(yard: Yard, wanted: Contents, point: Point, collection: str) -> Drill:
    """Kill the indexer at a point of a first run, run the same command again."""
    yard.solr.start()
    home = yard.home.parent / f"home-{collection}"
    killed = yard.index_apart(collection, home, point)
    assert killed.status == -signal.SIGKILL, f"not killed, but ended: {killed.said}"
    last = killed.events[-1]
    assert (last.name, killed.came_by(last.name)) == (point.name, point.ordinal + 1), f"{point}, but at {last}"
    resumed = yard.index_apart(collection, home)
    _check_whole(yard, resumed, collection, wanted)
    (catalogue,) = Catalogues(home / "catalogues.json").all()
    assert (catalogue.path, catalogue.rows) == (yard.catalogue.resolve(), ROWS)
    shutil.rmtree(home)
    return Drill(point, killed, resumed, BATCH * killed.came_by("send<"))


def kill_solr_while_writing(yard: Yard, wanted: Contents, point: Point, collection: str) -> Drill:
    """Kill Solr at a point of an indexer's run, start it again, see what it kept, run the same command again."""
    yard.solr.start()
    killed = yard.index(collection, point)
    assert killed.came_by("killed") == 1, f"Solr was not killed: {killed.said}"
    _check_message(yard, killed)
    yard.solr.start()
    acknowledged = BATCH * killed.came_by("send<")
    kept: Contents = {}
    if acknowledged:
        with yard.client(collection) as client:
            client.commit()
        kept = yard.contents(collection)
        lost = set(ids(yard.catalogue)[:acknowledged]) - kept.keys()
        assert not lost, f"{len(lost)} of {acknowledged} documents that Solr had taken are gone"
        _check_same(kept, {id: wanted[id] for id in kept})
    resumed = yard.index(collection)
    _check_whole(yard, resumed, collection, wanted)
    return Drill(point, killed, resumed, acknowledged, len(kept))


def _check_message(yard: Yard, killed: Run) -> None:
    """One line says that Solr went away, and what to do."""
    assert (killed.status, killed.output) == (1, ""), killed.said
    assert "Traceback" not in killed.said, killed.said
    message = killed.said.splitlines()[-1]
    went = "did not answer: (no connection|the connection broke in the middle of its answer)"
    what = re.escape(
        "; once it answers, run the same command again (where Solr is embedded, that starts it): pictures that were "
        "extracted are kept"
    )
    assert re.fullmatch(rf"Error: Solr at http://127.0.0.1:{yard.port}/solr\S* {went}{what}", message), message


def _check_whole(yard: Yard, run: Run, collection: str, wanted: Contents) -> None:
    assert run.status == 0, run.said
    report = json.loads(run.output)
    assert (report["indexed"], report["rejected"]) == (ROWS, 0), report
    _check_same(yard.contents(collection), wanted)
    yard.drop(collection)


def _check_same(found: Contents, wanted: Contents) -> None:
    unlike = differences(found, wanted)
    assert not unlike, f"{len(unlike)} differences: {unlike[:5]}"
