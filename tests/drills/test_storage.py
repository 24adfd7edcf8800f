"""A disk that is full, or may not be written: one line says so, nothing is half written, and it goes on later."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import pytest

from api.app import create_app
from tests.backup.place import Place
from tests.catalog.support import COLUMNS, catalogue, draw, row, write
from vision.errors import VisualSearchError
from vision.settings import Settings
from vision.solr.embedded.home import choose_port
from vision.solr.embedded.launcher import EmbeddedSolr
from vision.uploads import Uploads

pytestmark = [
    pytest.mark.solr,
    pytest.mark.skipif(sys.platform != "linux" or os.geteuid() != 0, reason="mounts a small disk, as root"),
]
ROOMY = 400 << 20


@dataclass(frozen=True)
class Disk:
    """A file system of its own, in memory."""

    folder: Path

    def size(self, bytes: int) -> None:
        self._remount(f"size={bytes}")

    def fill(self) -> Path:
        """Take all the room there is; the file that takes it."""
        ballast = self.folder / "ballast"
        with ballast.open("wb", buffering=0) as file, suppress(OSError):
            while True:
                file.write(b"\0" * 4096)
        return ballast

    def lock(self, locked: bool) -> None:
        self._remount("ro" if locked else "rw")

    def _remount(self, options: str) -> None:
        subprocess.run(["mount", "-o", f"remount,{options}", str(self.folder)], check=True)


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Disk]:
    folder = tmp_path / "disk"
    folder.mkdir()
    made = subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={ROOMY}", "tmpfs", str(folder)], capture_output=True)
    if made.returncode:
        pytest.skip(f"no disk can be mounted here: {made.stderr.decode().strip()}")
    yield Disk(folder)
    subprocess.run(["umount", "--lazy", str(folder)], check=True)


@pytest.fixture
def place(solr_url: str, disk: Disk, tmp_path: Path) -> Iterator[Place]:
    made = Place(disk.folder, f"disk_{tmp_path.name.strip('_')[-24:]}", solr_url)
    yield made
    made.drop()


def check_said(ran: subprocess.CompletedProcess[str], *words: str) -> None:
    assert ran.returncode in (1, 2), (ran.returncode, ran.stdout, ran.stderr)
    assert "Traceback" not in ran.stderr, ran.stderr
    said = ran.stderr.strip().splitlines()[-1]
    assert said.startswith("Error: ") and all(word in said for word in words), ran.stderr


def test_indexing_with_no_room_for_features(place: Place, disk: Disk, tmp_path: Path) -> None:
    file = catalogue(tmp_path / "shop", 60)
    place.home.mkdir()
    disk.size(100 << 10)
    check_said(place.run("index", file, "--extractor", "histogram", "--dims", "16"), str(place.home), "full")
    assert not exists(place) or place.contents() == {}
    disk.size(ROOMY)
    assert place.done("index", file, "--extractor", "histogram", "--dims", "16")["indexed"] == 60


@pytest.mark.slow
def test_indexing_with_no_room_for_the_index(disk: Disk, tmp_path: Path) -> None:
    place = Place(disk.folder, "shop", port=choose_port(0))
    images = catalogue(tmp_path / "shop", 40).parent
    rows = (row(number, image=f"images/{number % 40}.png") for number in range(3000))
    file = write(images / "catalogue.csv", rows, COLUMNS)
    solr = EmbeddedSolr(place.settings)
    solr.start()
    try:
        disk.size(12 << 20)
        check_said(place.run("index", file, "--extractor", "histogram", "--dims", "16"))
        solr.stop()
        disk.size(ROOMY)
        solr.start()
        assert place.done("index", file, "--extractor", "histogram", "--dims", "16")["indexed"] == 3000
        assert len(place.contents()) == 3000
    finally:
        solr.stop()


def test_changing_with_no_room_for_the_journal(place: Place, disk: Disk) -> None:
    place.fill(pictures=20)
    change = place.change(0)
    before, ballast = place.contents(), disk.fill()
    with pytest.raises(VisualSearchError, match="the journal .* cannot be read or written: .* disk is not full"):
        place.change(*range(1, 20))
    assert place.contents() == before
    ballast.unlink()
    place.change(*range(1, 20))
    assert {color for colors in place.colors().values() for color in colors} == {"mauve"}
    assert place.undo(change) == "written"


def test_the_server_with_no_room(disk: Disk) -> None:
    """What needs room is refused and says why; searching needs none."""
    settings = Settings(home=disk.folder / "home", solr_url="http://127.0.0.1:9/solr", solr_timeout=1)
    client = create_app(settings).test_client()
    disk.fill()
    for path, body in (("/v1/profiles", {}), ("/v1/jobs", {"kind": "tune", "request": {}})):
        response = client.post(path, json=body)
        assert response.status_code == 503, (path, response.text)
        assert response.get_json()["type"].endswith(":storage-unavailable"), response.text
    photo = client.post("/v1/images", data=draw(2, 512), content_type="image/png")
    assert photo.status_code == 503 and "No space left" in photo.get_json()["detail"]
    assert client.get("/healthz").status_code == 200


def test_keeping_a_photo_with_no_room(disk: Disk) -> None:
    uploads = Uploads(disk.folder / "uploads", ttl=60, limit=1 << 20)
    uploads.keep(draw(1))
    kept, ballast = sorted((disk.folder / "uploads").iterdir()), disk.fill()
    with pytest.raises(VisualSearchError, match="cannot keep the picture .No space left on device.; send it with"):
        uploads.keep(draw(2, 512))
    assert sorted((disk.folder / "uploads").iterdir()) == kept
    ballast.unlink()
    uploads.keep(draw(2, 512))


def test_backing_up_to_a_full_disk(place: Place, disk: Disk, tmp_path: Path) -> None:
    place.fill(pictures=20)
    ballast = disk.fill()
    there = Place(tmp_path, place.name, place.url)  # its home is elsewhere: only the backup has no room
    (disk.folder / "home").rename(disk.folder / "moved")
    subprocess.run(["cp", "-a", str(disk.folder / "moved"), str(there.home)], check=True)
    folder = disk.folder / "backup"
    check_said(there.run("backup", folder, "--without-models"), str(folder), "No space left on device", "make room")
    ballast.unlink()
    assert there.done("backup", folder, "--without-models")["documents"] == 20


@pytest.mark.parametrize(
    "words",
    [
        ("index", "FILE", "--extractor", "histogram"),
        pytest.param(("changes", "undo", "CHANGE", "--by", "Ada"), marks=pytest.mark.slow),
        pytest.param(("backup", "BACKUP"), marks=pytest.mark.slow),
        pytest.param(("restore", "BACKUP"), marks=pytest.mark.slow),
    ],
    ids=lambda words: words[0],
)
def test_a_home_folder_that_may_not_be_written(
    words: tuple[str, ...], place: Place, disk: Disk, tmp_path: Path
) -> None:
    file = catalogue(tmp_path / "shop", 20)
    assert place.done("index", file, "--extractor", "histogram", "--dims", "16")["indexed"] == 20
    change, before = place.change(1), place.contents()
    meant: dict[str, str | Path] = {"FILE": file, "CHANGE": change, "BACKUP": tmp_path / "backup"}
    disk.lock(True)
    check_said(place.run(*(meant.get(word, word) for word in words)), str(place.home))
    disk.lock(False)
    assert place.contents() == before


@pytest.mark.slow
def test_solr_in_a_folder_that_may_not_be_written(disk: Disk) -> None:
    place = Place(disk.folder, "shop", port=choose_port(0))
    place.home.mkdir()
    disk.lock(True)
    check_said(place.run("solr", "start"), str(place.home), "Read-only file system")
    disk.lock(False)
    try:
        assert place.run("solr", "start").returncode == 0
    finally:
        place.run("solr", "stop")


def exists(place: Place) -> bool:
    from vision.solr import configset

    with place.client() as client:
        return configset.exists(client)
