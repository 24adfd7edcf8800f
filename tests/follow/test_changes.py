"""What changed in a catalogue since it was sent, on a real Solr: sent, deleted, and never missed."""

from __future__ import annotations

import contextlib
import os
import random
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.catalog import rooms
from tests.catalog.shop import Shop
from tests.catalog.support import catalogue, draw, row, write
from vision import extractors
from vision.catalog import IndexOptions
from vision.errors import BadCatalogue
from vision.following.rounds import ChangesReport, Round
from vision.workspace import Workspace

pytestmark = pytest.mark.solr

COUNT = 30


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return catalogue(tmp_path / "data", COUNT)


def changes(
    shop: Shop, path: Path, *, detect: bool = False, most_gone: float = 0.2, recreate: bool = False, **options: Any
) -> ChangesReport:
    workspace = Workspace(shop.settings)
    with workspace.client() as client:
        found = Round(
            workspace,
            client,
            path,
            "histogram",
            IndexOptions(**options),
            detect,
            most_gone,
            lambda stage, done, total: None,
            extractors.load("histogram"),
        )
        return found.run(recreate=recreate)


def versions(shop: Shop) -> dict[str, int]:
    return {id: each["_version_"] for id, each in shop.documents("_version_").items()}


def written(shop: Shop, before: dict[str, int]) -> set[str]:
    """The ids of documents that were written since."""
    return {id for id, version in versions(shop).items() if before.get(id) != version}


def test_what_an_interrupted_run_may_have_sent_is_known(shop: Shop, path: Path) -> None:
    class Stopped(Exception):
        pass

    def stop(stage: str, done: int, total: int | None) -> None:
        if stage == "verify":
            raise Stopped

    workspace = Workspace(shop.settings)
    with workspace.client() as client, pytest.raises(Stopped):
        histogram = extractors.load("histogram")
        Round(workspace, client, path, "histogram", IndexOptions(), False, 0.2, stop, histogram).run()
    assert len(shop.documents("id")) == COUNT
    write(path, [row(n) for n in range(1, COUNT)])
    assert numbers(changes(shop, path)) == (COUNT - 1, 0, 1)
    assert set(shop.documents("id")) == {f"p{n:05d}" for n in range(1, COUNT)}


@pytest.mark.slow
@pytest.mark.skipif(sys.platform == "win32", reason="signals are those of POSIX")
def test_killed_at_any_moment(shop: Shop, path: Path) -> None:
    changes(shop, path)
    chance, rows = random.Random(5), list[dict[str, str]]()
    for turn in range(12):
        rows = [row(n, title=f"turn {turn} of {n}") if n % 7 == turn % 7 else row(n) for n in range(turn % 5, COUNT)]
        write(path, rows)
        running = shop.command("index", path, "--extractor", "histogram", "--changes", "--json")
        with contextlib.suppress(subprocess.TimeoutExpired):
            running.communicate(timeout=chance.uniform(0.8, 2.5))
        running.kill()
        running.communicate()
    report = changes(shop, path)
    assert report.rejected == 0
    expected = {each["id"]: each["title"] for each in rows}
    assert {id: each["title"] for id, each in shop.documents("title").items()} == expected
    assert numbers(changes(shop, path)) == (0, len(rows), 0)


def numbers(report: ChangesReport) -> tuple[int, int, int]:
    return report.indexed, report.unchanged, report.deleted


def test_only_what_changed_is_sent(shop: Shop, path: Path) -> None:
    first = changes(shop, path)
    assert (first.whole, *numbers(first)) == (True, COUNT, 0, 0)
    before = versions(shop)
    assert numbers(changes(shop, path)) == (0, COUNT, 0)
    assert versions(shop) == before

    (path.parent / "images" / "99.png").write_bytes(draw(99))
    rows = [row(n) for n in range(1, COUNT)] + [row(99)]
    rows[4] = row(5, title="another title")
    write(path, rows)
    assert numbers(changes(shop, path)) == (2, COUNT - 2, 1)
    assert written(shop, before) == {"p00005", "p00099"}
    now = shop.documents("title")
    assert "p00000" not in now
    assert now["p00005"]["title"] == "another title"
    assert numbers(changes(shop, path)) == (0, COUNT, 0)


def test_a_whole_run_before_counts(shop: Shop, path: Path) -> None:
    running = shop.command("index", path, "--extractor", "histogram", "--json")
    assert running.wait(60) == 0, running.communicate()
    running.communicate()
    before = versions(shop)
    assert numbers(changes(shop, path)) == (0, COUNT, 0)
    assert versions(shop) == before


def test_columns_in_another_order_are_no_change(shop: Shop, path: Path) -> None:
    changes(shop, path)
    write(path, [row(n) for n in reversed(range(COUNT))], columns=("price", "color", "image", "title", "id"))
    assert numbers(changes(shop, path)) == (0, COUNT, 0)


def test_a_picture_that_is_replaced_under_its_name(shop: Shop, path: Path) -> None:
    changes(shop, path)
    before = shop.vectors()
    picture = path.parent / "images" / "3.png"
    there = picture.stat()
    other = draw(77)
    assert other != picture.read_bytes()
    picture.with_suffix(".new").write_bytes(other)
    os.utime(picture.with_suffix(".new"), ns=(there.st_atime_ns, there.st_mtime_ns))  # as `cp -p` and rsync do
    picture.with_suffix(".new").replace(picture)
    assert numbers(changes(shop, path)) == (1, COUNT - 1, 0)
    after = shop.vectors()
    assert {id for id in before if (before[id][0] != after[id][0]).any()} == {"p00003"}

    picture.touch()
    versions_before = versions(shop)
    assert numbers(changes(shop, path)) == (0, COUNT, 0)
    assert versions(shop) == versions_before


def test_rows_that_become_bad_keep_their_product(shop: Shop, path: Path) -> None:
    changes(shop, path)
    (path.parent / "images" / "2.png").write_bytes(b"no picture")
    (path.parent / "images" / "4.png").unlink()
    rows = [row(n) for n in range(COUNT)]
    rows[1] = row(1, price="dear")
    rows[3] = row(3, title="")
    write(path, rows)
    report = changes(shop, path)
    assert (*numbers(report), report.rejected) == (0, COUNT - 4, 0, 4)
    assert len(shop.documents("title")) == COUNT
    assert report.rejects is not None
    assert len(report.rejects.read_text().splitlines()) == 4

    (path.parent / "images" / "4.png").write_bytes(draw(4))
    report = changes(shop, path)
    assert (report.rejected, report.deleted) == (3, 0)


def test_a_row_that_cannot_be_read_may_be_any(shop: Shop, path: Path) -> None:
    changes(shop, path)
    write(path, [row(n) for n in range(COUNT - 1)])
    with path.open("a") as file:
        file.write('p00029,"thing\n')
    report = changes(shop, path)
    assert (report.deleted, report.rejected) == (0, 1)
    assert "nothing was deleted" in report.remarks[0]
    write(path, [row(n) for n in range(COUNT - 1)])
    assert numbers(changes(shop, path)) == (0, COUNT - 1, 1)


@pytest.mark.parametrize("left", [0, 1, 23])
def test_a_catalogue_that_lacks_much_is_refused(shop: Shop, path: Path, left: int) -> None:
    changes(shop, path)
    before = versions(shop)
    write(path, [row(n, title="changed") for n in range(left)])
    with pytest.raises(BadCatalogue) as refused:
        changes(shop, path)
    assert f"has {left} rows and lacks {COUNT - left} of the {COUNT} that were sent" in str(refused.value)
    assert "--most-gone 100" in str(refused.value)
    assert versions(shop) == before
    assert numbers(changes(shop, path, most_gone=1)) == (left, 0, COUNT - left)
    assert set(shop.documents("id")) == {f"p{n:05d}" for n in range(left)}


def test_somebody_else_wrote(shop: Shop, path: Path) -> None:
    changes(shop, path)
    with shop.client() as client:
        client.delete_ids(["p00001"])
        client.post("update", [{"id": "p00002", "title": {"set": "by hand"}}])
        client.commit()
    report = changes(shop, path)
    assert numbers(report) == (2, COUNT - 2, 0)
    assert "2 rows were sent again" in report.remarks[0]
    assert shop.documents("title")["p00002"]["title"] == "thing 2"
    assert "p00001" in shop.documents("title")


def test_a_collection_that_was_made_anew(shop: Shop, path: Path) -> None:
    changes(shop, path)
    changes(shop, path)
    shop.index(write(path.with_name("half.csv"), [row(n) for n in range(COUNT // 2)]), recreate=True)
    report = changes(shop, path)
    assert numbers(report) == (COUNT, 0, 0)
    assert len(shop.documents("title")) == COUNT

    shop.drop()
    report = changes(shop, path)
    assert (report.whole, report.indexed) == (True, COUNT)
    assert numbers(changes(shop, path, recreate=True)) == (COUNT, 0, 0)
    assert numbers(changes(shop, path)) == (0, COUNT, 0)


def test_what_was_sent_is_lost(shop: Shop, path: Path) -> None:
    changes(shop, path)
    for each in (shop.home / "sent").iterdir():
        each.unlink()
    write(path, [row(n) for n in range(COUNT - 2)])
    report = changes(shop, path)
    assert (report.whole, *numbers(report)) == (True, COUNT - 2, 0, 0)
    assert "of 2 pictures" in report.remarks[-1]
    assert len(shop.documents("title")) == COUNT


def test_another_catalogue_of_the_collection_stays(shop: Shop, path: Path, tmp_path: Path) -> None:
    other = catalogue(tmp_path / "other", 5, first=100)
    changes(shop, path)
    changes(shop, other)
    write(path, [row(n) for n in range(COUNT - 1)])
    assert numbers(changes(shop, path)) == (0, COUNT - 1, 1)
    assert numbers(changes(shop, other)) == (0, 5, 0)
    assert len(shop.documents("title")) == COUNT - 1 + 5


def test_regions_go_with_their_picture(shop: Shop, tmp_path: Path) -> None:
    path = rooms.catalogue(tmp_path / "rooms")

    def look() -> ChangesReport:
        return changes(shop, path, detect=True, allow_missing_images=True)

    first = look()
    assert "r1#region-2" in shop.documents("id")
    assert first.regions > 0
    assert numbers(look()) == (0, 12, 0)

    (path.parent / "r1.png").write_bytes(rooms.alone("red"))
    rooms.write(path.parent, [rooms.row(id) for id in rooms.THINGS if id != "r0-2"])
    report = look()
    assert numbers(report) == (1, 9, 2)
    documents = shop.documents("id,picture_id,box")
    assert not [id for id in documents if id.startswith(("r0-2", "words"))]
    assert not [id for id in documents if id.startswith("r1#region-2")]
    assert [id for id in documents if id.startswith("r0#")]

    whole = changes(shop, path, allow_missing_images=True)
    assert (whole.indexed, whole.regions) == (10, 0)
    assert not [id for id in shop.documents("id") if "#" in id]
