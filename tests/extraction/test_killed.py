"""``visual-search extract`` in a process of its own, with workers of its own, ended at any moment."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import psutil
import pytest

from tests.catalog.support import catalogue, draw
from tests.extraction.support import alone, contents, digest, same
from vision.extraction.places import Folder

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(sys.platform == "win32", reason="signals are those of POSIX"),
]

COUNT, PART = 600, 20


def begin(path: Path, to: Path, *options: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-c", "from vision.cli import main; main()", "extract", str(path), "--to", str(to)]
        + ["--extractor", "histogram", "--workers", "2", "--part", str(PART), "--json", *options],
        env=os.environ | {"VISUAL_SEARCH_HOME": str(to.parent / "home")},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def finish(running: subprocess.Popen[str]) -> dict[str, int]:
    out, said = running.communicate(timeout=120)
    assert running.returncode == 0, said
    assert "Traceback" not in said
    report: dict[str, int] = json.loads(out)
    return report


def wait_for(happened: Callable[[], bool], running: subprocess.Popen[str]) -> None:
    deadline = time.monotonic() + 120
    while not happened():
        assert running.poll() is None and time.monotonic() < deadline
        time.sleep(0.005)


def written(to: Path) -> int:
    return len(list(to.glob("*.parquet")))


def worker_processes(running: subprocess.Popen[str]) -> list[psutil.Process]:
    found = []
    with suppress(psutil.Error):  # the command ends while we look
        for each in psutil.Process(running.pid).children(recursive=True):
            with suppress(psutil.Error):
                found += [each] if "spawn_main" in " ".join(each.cmdline()) else []
    return found


def check_all_there(path: Path, to: Path, home: Path, fingerprint: str) -> None:
    vectors, bad = contents(Folder(to), fingerprint)
    assert vectors.keys() == {digest(draw(number)) for number in range(COUNT)}
    assert bad == {}
    assert same(vectors, alone(path, "histogram", home))


def test_a_worker_that_is_killed_is_replaced(tmp_path: Path) -> None:
    path, to = catalogue(tmp_path, COUNT), tmp_path / "features"
    running = begin(path, to)
    wait_for(lambda: written(to) >= 3, running)
    victim = worker_processes(running)[0]
    victim.kill()
    report = finish(running)
    assert (report["extracted"], report["known"], report["parts"]) == (COUNT, 0, COUNT // PART)
    check_all_there(path, to, tmp_path / "home", str(report["extractor"]))


def test_a_command_that_is_killed_goes_on_where_it_was(tmp_path: Path) -> None:
    path, to = catalogue(tmp_path, COUNT), tmp_path / "features"
    running = begin(path, to)
    wait_for(lambda: written(to) >= 3, running)
    orphans = worker_processes(running)
    assert len(orphans) == 2
    running.kill()
    running.communicate()
    _, alive = psutil.wait_procs(orphans, timeout=60)
    assert alive == []
    before = {each: each.stat().st_mtime_ns for each in to.glob("*.parquet")}
    assert 3 <= len(before) < COUNT // PART
    (to / ".half.parquet.0.partial").write_bytes(b"half")
    report = finish(begin(path, to))
    assert (report["extracted"], report["known"]) == (COUNT - PART * len(before), PART * len(before))
    assert before.items() <= {each: each.stat().st_mtime_ns for each in to.glob("*.parquet")}.items()
    assert list(to.glob(".*.partial")) == []
    check_all_there(path, to, tmp_path / "home", str(report["extractor"]))


def test_ctrl_c_is_one_line(tmp_path: Path) -> None:
    path, to = catalogue(tmp_path, COUNT), tmp_path / "features"
    running = begin(path, to)
    wait_for(lambda: written(to) >= 3, running)
    workers = worker_processes(running)
    for process in (*workers, psutil.Process(running.pid)):  # as a terminal does: to all of them
        process.send_signal(signal.SIGINT)
    out, said = running.communicate(timeout=60)
    assert (running.returncode, out) == (130, "")
    assert said.splitlines()[-1] == "interrupted; run the same command again to go on"
    assert "Traceback" not in said
    _, alive = psutil.wait_procs(workers, timeout=60)
    assert alive == []
