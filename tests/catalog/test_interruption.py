"""Runs that are ended from outside, at any moment: the next one goes on, and the result is the same bit for bit."""

from __future__ import annotations

import json
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import IO

import psutil
import pytest

from tests.catalog.conftest import NewShop
from tests.catalog.shop import Shop, same_vectors
from tests.catalog.support import catalogue
from vision.settings import Settings
from vision.solr.embedded.launcher import EmbeddedSolr

pytestmark = [
    pytest.mark.solr,
    pytest.mark.slow,
    pytest.mark.skipif(sys.platform == "win32", reason="signals are those of POSIX"),
]

COUNT = 1200


@pytest.fixture(scope="module")
def many(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return catalogue(tmp_path_factory.mktemp("many"), COUNT)


def cached(shop: Shop) -> int:
    """How many pictures' features are in the shop's cache."""
    path = shop.home / "features.sqlite"
    if not path.exists():
        return 0
    with closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True, timeout=10)) as database:
        try:
            return int(database.execute("SELECT count(*) FROM features").fetchone()[0])
        except sqlite3.OperationalError:
            return 0


def wait_for(happened: Callable[[], bool], running: subprocess.Popen[str]) -> None:
    deadline = time.monotonic() + 60
    while not happened():
        assert running.poll() is None and time.monotonic() < deadline
        time.sleep(0.005)


def wait_for_line(stream: IO[str] | None, line: str) -> None:
    assert stream is not None
    assert line in iter(lambda: stream.readline().strip(), None), line


def index(shop: Shop, path: Path) -> subprocess.Popen[str]:
    return shop.command("index", path, "--extractor", "histogram", "--json")


def finish(shop: Shop, path: Path) -> dict[str, float]:
    running = index(shop, path)
    out, said = running.communicate(timeout=120)
    assert running.returncode == 0, said
    report = json.loads(out)
    assert set(report) == {"indexed", "rejected", "cached", "seconds", "regions", "drifted"}
    return dict(report)


@pytest.fixture(scope="module")
def undisturbed(solr_url: str, many: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shop]:
    shop = Shop(tmp_path_factory.mktemp("undisturbed"), solr_url, "ingest_undisturbed")
    report = finish(shop, many)
    assert (report["indexed"], report["rejected"], report["cached"]) == (COUNT, 0, 0)
    yield shop
    shop.drop()


def test_killed_at_any_stage(new_shop: NewShop, many: Path, undisturbed: Shop) -> None:
    shop = new_shop()
    running = index(shop, many)
    wait_for(lambda: cached(shop) >= 100, running)
    running.kill()
    running.communicate()
    extracted = cached(shop)
    assert 100 <= extracted < COUNT

    running = index(shop, many)
    wait_for_line(running.stderr, "sending to Solr")
    running.kill()
    running.communicate()
    assert running.returncode == -signal.SIGKILL
    assert cached(shop) == COUNT

    report = finish(shop, many)
    assert (report["indexed"], report["cached"]) == (COUNT, COUNT)
    assert same_vectors(shop, undisturbed)


def test_killed_during_extraction_goes_on_from_the_cache(new_shop: NewShop, many: Path, undisturbed: Shop) -> None:
    shop = new_shop()
    running = index(shop, many)
    wait_for(lambda: cached(shop) >= 300, running)
    running.kill()
    running.communicate()
    extracted = cached(shop)
    report = finish(shop, many)
    assert (report["indexed"], report["cached"]) == (COUNT, extracted)
    assert same_vectors(shop, undisturbed)


def test_ctrl_c_is_one_line(new_shop: NewShop, many: Path) -> None:
    shop = new_shop()
    for stage in ("pictures to features", "sending to Solr"):
        running = index(shop, many)
        wait_for_line(running.stderr, stage)
        running.send_signal(signal.SIGINT)
        out, said = running.communicate(timeout=30)
        assert running.returncode == 130
        assert said.splitlines()[-1] == "interrupted; run the same command again to go on"
        assert "Traceback" not in said
        assert out == ""
    assert finish(shop, many)["cached"] == COUNT
    assert len(shop.documents("title")) == COUNT


@pytest.fixture
def own_solr(tmp_path: Path) -> Iterator[EmbeddedSolr]:
    solr = EmbeddedSolr(Settings(home=tmp_path), home=tmp_path / "solr", port=0)
    solr.start()
    yield solr
    solr.stop()


def test_solr_dies_in_the_middle(own_solr: EmbeddedSolr, many: Path, tmp_path: Path) -> None:
    state = own_solr.state()
    assert state is not None
    shop = Shop(tmp_path / "home", own_solr.url, "products")
    running = index(shop, many)
    wait_for_line(running.stderr, "sending to Solr")
    psutil.Process(state.pid).kill()
    out, said = running.communicate(timeout=60)
    assert (running.returncode, out) == (1, "")
    last = said.splitlines()[-1]
    assert last == (
        f"Error: Solr at {state.url}/products did not answer: no connection; once it answers, run the same command "
        "again (where Solr is embedded, that starts it): pictures that were extracted are kept"
    )
    assert "Traceback" not in said
    own_solr.start()
    again = Shop(shop.home, own_solr.url, shop.name)
    report = finish(again, many)
    assert (report["indexed"], report["cached"]) == (COUNT, COUNT)
    assert len(again.documents("title")) == COUNT
