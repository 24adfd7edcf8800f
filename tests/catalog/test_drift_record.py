from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from vision.catalog.drift_form import drift_form
from vision.catalog.drift_record import RUNS, WINDOW, Baseline, DriftFiles, Origin, Record, Run, Seen, State
from vision.errors import BadSetting
from vision.reduction.drift import Spread

AT = "2026-01-02T03:04:05+00:00"
USUAL = Spread.of(np.random.default_rng(0).normal(0.2, 0.02, 500))
BASELINE = Baseline(AT, Origin.HELD_OUT, 40, 16, USUAL, USUAL)


def seen(first: int, count: int, error: float = 0.2) -> list[Seen]:
    values = np.random.default_rng(first).normal(error, 0.02, count)
    return [Seen(f"{first + number:016x}", value, value) for number, value in enumerate(values.tolist())]


def run(new: int) -> Run:
    return Run(AT, new, 0.2, 0.2)


@pytest.fixture
def files(tmp_path: Path) -> DriftFiles:
    return DriftFiles(tmp_path / "embeddings", tmp_path / "drift")


def test_the_newest_pictures_stay_and_each_counts_once() -> None:
    record = Record("e").plus(seen(0, 300), run(300)).plus(seen(100, 250), run(250))
    assert len(record.window) == 350 and record.window[-1].picture == f"{349:016x}"
    record = record.plus(seen(1000, 400), run(400))
    assert len(record.window) == WINDOW and record.window[0].picture == f"{250:016x}"
    for _ in range(2 * RUNS):
        record = record.plus([], run(1))
    assert len(record.runs) == RUNS


def test_an_alarm_begins_once_and_ends_when_all_is_usual_again() -> None:
    record = Record("e").plus(seen(0, 200), run(200)).judged(BASELINE, "one")
    assert record.since is None
    record = record.plus(seen(1000, 500, 0.4), run(500)).judged(BASELINE, "two")
    assert record.since == "two"
    record = record.plus(seen(2000, 100), run(100)).judged(BASELINE, "three")
    assert record.since == "two"  # it is the same alarm
    record = record.plus(seen(3000, 500), run(500)).judged(BASELINE, "four")
    assert record.since is None
    assert record.judged(None, "five") == record


def test_what_is_said(files: DriftFiles) -> None:
    (files.embeddings / "e").mkdir(parents=True)
    assert drift_form(files, "shop", "e").state is State.NO_BASELINE
    files.keep_baseline("e", BASELINE)
    assert drift_form(files, "shop", "e").state is State.TOO_FEW
    drifted = Record("e").plus(seen(0, 100, 0.4), run(100)).judged(BASELINE, AT)
    files.change("shop", lambda known: drifted)
    found = drift_form(files, "shop", "e")
    assert (found.state, found.since, found.pictures, found.baseline_pictures) == (State.DRIFTED, AT, 100, 500)
    assert found.coarse is not None and found.coarse.ratio == pytest.approx(2, rel=0.05)
    assert found.coarse.beyond == 1 and found.coarse.components == 16
    assert "leave out 40." in str(found.notice) and "docs/drift.md" in str(found.notice)
    assert drift_form(files, "shop", "another embedding").state is State.NO_BASELINE
    files.forget("shop")
    assert files.record("shop") is None


def test_a_damaged_file_says_what_to_do(files: DriftFiles) -> None:
    files.records.mkdir()
    (files.records / "shop.json").write_text("{")
    with pytest.raises(BadSetting, match=r"shop\.json is damaged .* delete it"):
        files.record("shop")


WRITER = """
import sys
from pathlib import Path
from vision.catalog.drift_record import DriftFiles, Record, Run, Seen
files = DriftFiles(Path(sys.argv[1]), Path(sys.argv[1]))
for number in range(20):
    new = [Seen(f"{sys.argv[2]}-{number}", 0.5, 0.5)]
    files.change("shop", lambda known: (known or Record("e")).plus(new, Run("now", 1, 0.5, 0.5)))
"""


def test_processes_that_index_at_once_lose_nothing(tmp_path: Path) -> None:
    writers = [subprocess.Popen([sys.executable, "-c", WRITER, str(tmp_path), str(each)]) for each in range(3)]
    assert [writer.wait(60) for writer in writers] == [0] * 3
    record = DriftFiles(tmp_path, tmp_path).record("shop")
    assert record is not None and len(record.window) == 60 and len(record.runs) == 60
    assert not list(tmp_path.glob("*.partial"))
