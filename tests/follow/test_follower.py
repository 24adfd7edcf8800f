"""Changes applied to a real Solr: in order, the bad ones aside, and none lost."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from tests.catalog import rooms
from tests.catalog.shop import Shop
from tests.catalog.support import catalogue, draw, row
from vision.catalog.cache import FeatureCache
from vision.errors import Conflict, SolrRefused
from vision.following.change import Change
from vision.following.follower import Follower, Rules, Within
from vision.following.letters import Letters
from vision.following.queue import Queue
from vision.following.sources import Queued
from vision.settings import Settings
from vision.solr.client import SolrClient
from vision.solr.embedded.home import choose_port
from vision.solr.embedded.launcher import EmbeddedSolr
from vision.workspace import Workspace

pytestmark = pytest.mark.solr

COUNT = 12


@pytest.fixture
def path(shop: Shop, tmp_path: Path) -> Path:
    found = catalogue(tmp_path / "data", COUNT)
    shop.index(found)
    return found


def upsert(number: int, **changes: Any) -> Change:
    return of(row(number) | changes)


def of(cells: dict[str, Any]) -> Change:
    return Change(str(cells["id"]), json.dumps(cells).encode())


def delete(number: int) -> Change:
    return Change(f"p{number:05d}", None)


@contextmanager
def following(
    shop: Shop, folder: Path, *, client: SolrClient | None = None
) -> Iterator[Callable[[Sequence[Change]], Queue]]:
    """Applies changes in one go; what is left in the queue can be looked at."""
    workspace = Workspace(shop.settings)
    queue = workspace.feed()
    with client or workspace.client() as used, workspace.cache() as cache:
        letters = Letters(shop.home / "letters.jsonl")
        follower = Follower(workspace, used, queue, Rules(Within(folder), False, letters, lambda text: None))

        def apply(changes: Sequence[Change]) -> Queue:
            queue.put(changes)
            drain(follower, queue, cache)
            return queue

        yield apply


def drain(follower: Follower, queue: Queue, cache: FeatureCache) -> None:
    source = Queued(queue, gather=0)
    while follower.step(source, cache):
        pass


def letters(shop: Shop) -> list[dict[str, str]]:
    path = shop.home / "letters.jsonl"
    return [json.loads(line) for line in path.read_text().splitlines()] if path.exists() else []


def test_changes_are_applied_in_order(shop: Shop, path: Path) -> None:
    (path.parent / "images" / "50.png").write_bytes(draw(50))
    with following(shop, path.parent) as apply:
        queue = apply(
            [
                upsert(50, title="first"),
                upsert(1, color="pink"),
                delete(2),
                upsert(50, title="second"),
                delete(3),
                upsert(3, title="back again"),
                upsert(4, title="about to go"),
                delete(4),
                delete(99),
            ]
        )
    found = shop.documents("title,attr_color,embedding")
    assert found.keys() == {f"p{n:05d}" for n in (*range(COUNT), 50)} - {"p00002", "p00004"}
    assert found["p00050"]["title"] == "second"
    assert found["p00003"]["title"] == "back again"
    assert found["p00001"]["attr_color"] == ["pink"]
    assert len({each["embedding"] for each in found.values()}) == 1
    figures = queue.figures()
    assert (figures.queued, figures.applied, figures.rejected) == (0, 9, 0)
    assert letters(shop) == []


def test_bad_rows_stop_nothing_and_change_nothing(shop: Shop, path: Path) -> None:
    (path.parent / "images" / "broken.png").write_bytes(b"no picture")
    secret = path.parent.parent / "secret.png"
    secret.write_bytes(draw(1))
    with following(shop, path.parent) as apply:
        queue = apply(
            [
                upsert(0, title=""),
                upsert(1, image="images/broken.png"),
                upsert(2, image="../secret.png"),
                upsert(3, image=str(secret)),
                upsert(4, image="http://127.0.0.1/a.png"),
                upsert(5, title="good, then bad"),
                upsert(5, image="images/none.png"),
                upsert(6, image="images/6.png\0"),
                upsert(7, title="good"),
            ]
        )
    found = {id: each["title"] for id, each in shop.documents("title").items()}
    usual = {f"p{n:05d}": f"thing {n}" for n in range(COUNT)}
    assert found == usual | {"p00005": "good, then bad", "p00007": "good"}
    reasons = {(each["id"], each["offset"]): each["reason"] for each in letters(shop)}
    assert len(reasons) == 7
    assert reasons["p00000", "1"].startswith("title is empty")
    assert reasons["p00001", "2"].startswith("image: ")
    assert reasons["p00002", "3"].endswith("leads out of the folder of pictures")
    assert reasons["p00003", "4"].endswith("leads out of the folder of pictures")
    assert reasons["p00004", "5"].startswith("image is a URL")
    assert "does not exist" in reasons["p00005", "7"]
    figures = queue.figures()
    assert (figures.applied, figures.rejected, figures.queued) == (2, 7, 0)


def test_what_solr_refuses_is_one_change(shop: Shop, path: Path) -> None:
    class Refusing(SolrClient):
        """As a Solr whose schema does not take one document."""

        def add(self, documents: Sequence[Any]) -> None:
            if any(each["id"] == "p00005" for each in documents):
                raise SolrRefused("not this one", 400)
            super().add(documents)

    client = Refusing(shop.url, shop.name)
    with following(shop, path.parent, client=client) as apply:
        apply([upsert(number, title="new") for number in range(COUNT)])
    titles = {id: each["title"] for id, each in shop.documents("title").items()}
    assert [id for id, title in titles.items() if title != "new"] == ["p00005"]
    assert [(each["id"], each["reason"]) for each in letters(shop)] == [("p00005", "Solr refused it: not this one")]


def test_regions_come_and_go(shop: Shop, tmp_path: Path) -> None:
    from tests.follow.test_changes import changes

    path = rooms.catalogue(tmp_path / "rooms")
    changes(shop, path, detect=True, allow_missing_images=True)
    (path.parent / "new.png").write_bytes(rooms.png(rooms.photo("red", "blue")))
    with following(shop, path.parent) as apply:
        apply([Change("r0", None), of(rooms.row("r1") | {"id": "new", "image": "new.png"})])
    found = shop.documents("id")
    assert not [id for id in found if id.startswith("r0#") or id == "r0"]
    assert {"new", "new#region-1", "new#region-2"} <= found.keys()


def test_a_catalogue_and_a_feed_of_one_collection(shop: Shop, path: Path) -> None:
    from tests.follow.test_changes import changes

    changes(shop, path)
    (path.parent / "images" / "50.png").write_bytes(draw(50))
    with following(shop, path.parent) as apply:
        apply([upsert(50), upsert(1, title="by the feed"), delete(2)])
    report = changes(shop, path)  # the catalogue is the truth about its own rows
    assert (report.indexed, report.deleted) == (2, 0)
    titles = {id: each["title"] for id, each in shop.documents("title").items()}
    assert titles == {f"p{n:05d}": f"thing {n}" for n in (*range(COUNT), 50)}


def test_an_empty_collection_has_nothing_to_go_by(shop: Shop, tmp_path: Path) -> None:
    path = catalogue(tmp_path / "data", 3)
    shop.index(path)
    with shop.client() as client:
        client.delete("*:*")
        client.commit()
    with pytest.raises(Conflict, match="index a catalogue first"), following(shop, path.parent):
        pass


def wait_for(happened: Callable[[], bool], seconds: float = 90) -> None:
    deadline = time.monotonic() + seconds
    while not happened():
        assert time.monotonic() < deadline
        time.sleep(0.1)


@pytest.fixture
def follow(shop: Shop) -> Iterator[Callable[..., subprocess.Popen[str]]]:
    """Begins followers, none of which outlives the test."""
    begun: list[subprocess.Popen[str]] = []

    def begin(*words: str | Path, of: Shop = shop) -> subprocess.Popen[str]:
        begun.append(of.command("follow", *words))
        return begun[-1]

    yield begin
    for each in begun:
        each.kill()
        each.communicate()


@pytest.mark.slow
@pytest.mark.skipif(sys.platform == "win32", reason="signals are those of POSIX")
def test_killed_again_and_again(shop: Shop, path: Path, follow: Callable[..., subprocess.Popen[str]]) -> None:
    queue = Workspace(shop.settings).feed()
    for turn in range(5):
        for part in range(10):
            queue.put([upsert(n, title=f"turn {turn}.{part}") for n in range(COUNT)])
        running = follow("--pictures", path.parent)
        before = queue.figures().queued
        wait_for(lambda before=before: queue.figures().queued < before)  # type: ignore[misc]
        running.kill()
        running.wait()
    running = follow("--pictures", path.parent)
    assert running.stdout is not None
    running.stdout.readline()
    second = follow("--pictures", path.parent)
    assert second.wait(60) == 1
    assert "another process has been following the feed" in second.communicate()[1]
    wait_for(lambda: queue.figures().queued == 0)
    assert {each["title"] for each in shop.documents("title").values()} == {"turn 4.9"}
    running.send_signal(signal.SIGTERM)
    assert running.wait(30) == 0


@pytest.mark.slow
def test_solr_is_away_for_a_while(tmp_path: Path, follow: Callable[..., subprocess.Popen[str]]) -> None:
    solr = EmbeddedSolr(Settings(home=tmp_path), home=tmp_path / "solr", port=choose_port(0))
    solr.start()
    try:
        shop = Shop(tmp_path / "home", solr.url, "products", timeout=30)
        path = catalogue(tmp_path / "data", COUNT)
        shop.index(path)
        queue = Workspace(shop.settings).feed()
        running = follow("--pictures", path.parent, of=shop)
        assert running.stdout is not None and running.stderr is not None
        running.stdout.readline()
        solr.stop()
        queue.put([upsert(n, title="while it was away") for n in range(COUNT)])
        assert "waiting, nothing is lost" in running.stderr.readline()
        assert queue.figures().queued == COUNT
        solr.start()
        wait_for(lambda: queue.figures().queued == 0)
        again = Shop(shop.home, solr.url, shop.name)
        assert {each["title"] for each in again.documents("title").values()} == {"while it was away"}
    finally:
        solr.stop()
