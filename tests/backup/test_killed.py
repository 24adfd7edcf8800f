"""Backups and restores killed anywhere: no half backup is taken for a whole one, no half restore stays."""

from __future__ import annotations

import shutil
import signal
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.backup.place import Place
from tests.drills import fuse
from tests.drills.points import Point, draw_points, read_events
from vision.backup import manifest
from vision.backup.switching import FOLDER

pytestmark = [
    pytest.mark.solr,
    pytest.mark.model,
    pytest.mark.skipif(sys.platform == "win32", reason="signals are those of POSIX"),
]
SEED = 3
SAVING = ("snapshot", "export", "copy", "hash", "finish")
RESTORING = ("read", "restore", "check", "add", "note", "put", "switch", "tidy")
FEW, MANY = 0, 25
COUNTS = [pytest.param(FEW, id="few", marks=pytest.mark.slow), pytest.param(MANY, id="many", marks=pytest.mark.many)]
"""Points beyond one in each stage."""


def killed(place: Place, log: Path, point: Point | None, *words: str | Path) -> int:
    ran = place.run(*words, script=("-P", fuse.__file__, str(log), str(point or "-"), "self"))
    assert ran.returncode in (0, -signal.SIGKILL), ran.stderr
    return ran.returncode


def points(log: Path, stages: tuple[str, ...], more: int) -> list[Point]:
    events = read_events(log)
    least = [stage for stage in stages if any(event.stage == stage for event in events[:-1])]
    assert set(least) == set(stages), least
    within = [event for event in events[:-1] if event.stage in stages]
    return draw_points(events, stages, min(len(stages) + more, len(within)), SEED)


@pytest.mark.parametrize("more", COUNTS)
def test_backup_killed(more: int, place: Place, tmp_path: Path) -> None:
    place.change(1, 2, 3)
    log, there = tmp_path / "events", place.contents()
    assert killed(place, log, None, "backup", tmp_path / "whole") == 0
    folder = tmp_path / "backup"
    deaths, drawn = 0, points(log, SAVING, more)
    for point in drawn:
        said = f"seed {SEED}, killed at {point}"
        shutil.rmtree(folder, ignore_errors=True)
        status = killed(place, log, point, "backup", folder)
        deaths += status == -signal.SIGKILL
        if not (folder / manifest.FILE).exists():
            assert status == -signal.SIGKILL, said
            half = place.run("restore", folder, "--replace")
            assert half.returncode == 1 and "holds no finished backup" in half.stderr, f"{said}: {half.stderr}"
            place.done("backup", folder)
        manifest.verify(folder, manifest.read(folder))
        assert place.contents() == there, said
    assert deaths >= len(drawn) - 1, f"seed {SEED}: only {deaths} of {len(drawn)} were killed"
    transfer = Path(solr_home(place)) / "transfer"
    place.done("backup", tmp_path / "last")
    assert not list(transfer.glob(f"visual-search-{place.name}-*"))
    with place.client() as client:
        kept = client.admin("admin/cores", action="LISTSNAPSHOTS", core=place.name)["snapshots"]
    assert kept == {}, "Solr keeps commits of killed backups"
    place.drop()
    assert place.done("restore", folder, "--replace")["documents"] == len(there)
    assert place.contents() == there


@pytest.mark.parametrize("more", COUNTS)
def test_restore_killed(more: int, place: Place, tmp_path: Path) -> None:
    """Killed while it replaces, then run again: the backup's state. The kill alone leaves one state or the other."""
    folder, log = tmp_path / "backup", tmp_path / "events"
    old_change = place.change(1, 2, 3)
    place.done("backup", folder)
    wanted = state(place)

    def altered() -> Any:
        place.change(10, 11)
        path = place.workspace.tuned().path(place.name)
        path.write_bytes(path.read_bytes().replace(b"150", b"151"))
        return state(place)

    altered()
    assert killed(place, log, None, "restore", folder, "--replace") == 0
    deaths, drawn = 0, points(log, RESTORING, more)
    for point in drawn:
        said = f"seed {SEED}, killed at {point}"
        before = altered()
        deaths += killed(place, log, point, "restore", folder, "--replace") == -signal.SIGKILL
        # A backup, or a restore that is refused, also takes back what is half done.
        refused = place.run("restore", folder)
        assert refused.returncode == 1 and "would be replaced" in refused.stderr, f"{said}: {refused.stderr}"
        assert state(place) in (before, wanted), said
        assert place.done("restore", folder, "--replace")["documents"] == 60, said
        assert state(place) == wanted, said
        assert not (place.home / FOLDER).exists(), said
        with place.client() as client:
            cores = client.admin("admin/cores", action="STATUS", indexInfo="false")["status"]
        assert [name for name in cores if name.startswith(place.name)] == [place.name], said
    assert deaths >= len(drawn) - 1, f"seed {SEED}: only {deaths} of {len(drawn)} were killed"
    assert place.undo(old_change) == "written"


def solr_home(place: Place) -> str:
    with place.client() as client:
        return str(client.admin("admin/info/system")["solr_home"])


def state(place: Place) -> Any:
    """What the index, the journal and the tuning say."""
    with place.client() as client:
        journal = place.workspace.journal(client)
        with journal.reading() as database:
            changes = [row[0] for row in database.execute("SELECT id FROM changes ORDER BY seq")]
    tuned = place.workspace.tuned().load(place.name)
    colors = {id: each["attr_color"] for id, each in place.contents().items()}
    return colors, changes, None if tuned is None else tuned.candidates
