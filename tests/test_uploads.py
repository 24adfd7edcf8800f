from __future__ import annotations

import io
import os
import re
import stat
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path

import pytest
from PIL import Image

from vision.errors import BadImage, NotFound, TooLarge, VisualSearchError
from vision.uploads import Uploads

BEGAN = 1_000_000.0


class Clock:
    """Time that passes when it is told to."""

    def __init__(self) -> None:
        self.now = BEGAN

    def __call__(self) -> float:
        return self.now


def photo(shade: int = 0, side: int = 64) -> bytes:
    buffer = io.BytesIO()
    Image.new("RGB", (side, side // 2), (shade, 90, 200)).save(buffer, "JPEG")
    return buffer.getvalue()


SIZE = len(photo())

Make = Callable[..., Uploads]


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def uploads(tmp_path: Path, clock: Clock) -> Uploads:
    return Uploads(tmp_path / "uploads", ttl=60, limit=1 << 20, clock=clock)


def test_a_photo_is_kept_until_it_expires(uploads: Uploads, clock: Clock) -> None:
    kept = uploads.keep(photo())
    assert re.fullmatch(r"[\w-]{32}", kept.id)
    assert (kept.width, kept.height) == (64, 32)
    assert kept.expires == datetime.fromtimestamp(BEGAN + 60, UTC) == uploads.expires(kept.id)
    clock.now += 59
    assert uploads.read(kept.id) == photo()
    clock.now += 1
    for ask in (uploads.expires, uploads.delete, uploads.read):
        with pytest.raises(NotFound, match="uploads go after 60 seconds.*POST /v1/images again") as gone:
            ask(kept.id)
        assert gone.value.field == "upload_id"
    assert list(uploads.folder.iterdir()) == []


def test_ids_differ_for_the_same_photo(uploads: Uploads) -> None:
    one, other = uploads.keep(photo()), uploads.keep(photo())
    assert one.id != other.id
    uploads.delete(one.id)
    assert uploads.read(other.id) == photo()
    with pytest.raises(NotFound):
        uploads.delete(one.id)


@pytest.mark.parametrize(
    "id", ["", ".", "..", "../roots.json", "a" * 31, "a" * 33, "a/" * 16, "é" * 32, "a" * 31 + "\n"]
)
def test_an_id_of_another_form_names_no_file(uploads: Uploads, id: str) -> None:
    uploads.keep(photo())
    for ask in (uploads.read, uploads.expires, uploads.delete):
        with pytest.raises(NotFound):
            ask(id)


def test_the_oldest_make_room(tmp_path: Path, clock: Clock) -> None:
    uploads = Uploads(tmp_path, ttl=600, limit=3 * SIZE + 10, clock=clock)
    ids = []
    for shade in range(5):
        ids.append(uploads.keep(photo(shade)).id)
        clock.now += 1
    assert {path.name for path in tmp_path.iterdir()} == set(ids[2:])
    with pytest.raises(NotFound, match="earlier where there are too many"):
        uploads.read(ids[0])


def test_a_photo_larger_than_everything_is_refused_and_nothing_goes(tmp_path: Path) -> None:
    small = Uploads(tmp_path, ttl=600, limit=SIZE)
    kept = small.keep(photo())
    with pytest.raises(TooLarge, match="of all pictures together: send a smaller one"):
        small.keep(photo(side=1000))
    assert small.read(kept.id)


def test_what_is_no_picture_is_not_kept(uploads: Uploads) -> None:
    with pytest.raises(BadImage):
        uploads.keep(b"%PDF-1.7")
    assert not uploads.folder.exists()


def test_files_are_this_users_alone(uploads: Uploads) -> None:
    kept = uploads.keep(photo())
    modes = [stat.S_IMODE(path.stat().st_mode) for path in (uploads.folder, uploads.folder / kept.id)]
    assert modes == [0o700, 0o600]


def test_what_was_never_finished_goes_and_what_is_not_ours_stays(uploads: Uploads, clock: Clock) -> None:
    kept = uploads.keep(photo())
    for name, age in (("a" * 32 + ".partial", 599), ("b" * 32 + ".partial", 600), ("README", 9999)):
        (uploads.folder / name).write_bytes(b"half")
        os.utime(uploads.folder / name, (BEGAN - age, BEGAN - age))
    uploads.sweep()
    assert {path.name for path in uploads.folder.iterdir()} == {kept.id, "a" * 32 + ".partial", "README"}


def test_two_processes_see_each_others(uploads: Uploads, clock: Clock) -> None:
    other = Uploads(uploads.folder, ttl=60, limit=1 << 20, clock=clock)
    kept = uploads.keep(photo())
    assert other.read(kept.id) == photo()
    other.delete(kept.id)
    with pytest.raises(NotFound):
        uploads.read(kept.id)


def test_many_at_once(tmp_path: Path) -> None:
    uploads = Uploads(tmp_path, ttl=600, limit=8 * SIZE)
    with ThreadPoolExecutor(8) as pool:
        ids = {each.id for each in pool.map(lambda shade: uploads.keep(photo(shade)), range(40))}
    assert len(ids) == 40
    uploads.sweep()
    assert 0 < sum(path.stat().st_size for path in tmp_path.iterdir()) <= 8 * SIZE


def test_a_folder_that_cannot_be_written(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("not a folder")
    uploads = Uploads(tmp_path / "file", ttl=60, limit=1 << 20)
    with pytest.raises(VisualSearchError, match="cannot keep the picture .*send it with the search itself"):
        uploads.keep(photo())
