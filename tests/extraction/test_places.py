from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from vision.errors import BadSetting, StorageUnavailable
from vision.extraction import places
from vision.extraction.places import Folder, Place, Store


@pytest.fixture
def memory() -> Iterator[Store]:
    """fsspec's own store in this process."""
    import fsspec

    yield Store("memory://bucket/features")
    fsspec.filesystem("memory").rm("/bucket", recursive=True)


@pytest.fixture(params=["folder", "store"])
def place(request: pytest.FixtureRequest, tmp_path: Path) -> Place:
    found: Place = Folder(tmp_path / "a" / "b") if request.param == "folder" else request.getfixturevalue("memory")
    return found


def test_files_are_written_read_and_removed(place: Place) -> None:
    assert place.names() == []
    place.prepare()
    place.write("two", b"2")
    place.write("one", b"1")
    place.write("two", b"22")
    assert place.names() == ["one", "two"]
    with place.open("two") as file:
        assert file.read() == b"22"
    place.remove("one")
    assert place.names() == ["two"]


def test_what_was_half_written_is_taken_away(tmp_path: Path) -> None:
    (tmp_path / ".x.parquet.0123.partial").write_bytes(b"half")
    assert Folder(tmp_path).names() == []
    Folder(tmp_path).tidy()
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("where", "expected"),
    [
        ("features", Folder(Path("features").absolute())),
        ("/srv/features", Folder(Path("/srv/features"))),
        ("file:///srv/features", Folder(Path("/srv/features"))),
        ("s3://bucket/features/", Store("s3://bucket/features")),
        ("abfs://container@account.dfs.core.windows.net/f", Store("abfs://container@account.dfs.core.windows.net/f")),
    ],
)
def test_places(where: str, expected: Place) -> None:
    assert places.place(where) == expected


@pytest.mark.parametrize(
    "where", ["s3://KEY:SECRET@bucket/f", "sftp://ada:SECRET@host/f", "abfs://c/f?sig=SECRET", "s3://b/f#SECRET"]
)
def test_secrets_in_addresses_are_refused_and_not_quoted(where: str) -> None:
    with pytest.raises(BadSetting) as refused:
        places.place(where)
    assert "SECRET" not in str(refused.value)


@pytest.mark.parametrize("where", ["zip://a.zip::s3://bucket/f", "s3://bucket/a/../b"])
def test_chains_and_ways_up_are_refused(where: str) -> None:
    with pytest.raises(BadSetting, match="accepted: "):
        places.place(where)


def test_a_scheme_that_nobody_knows() -> None:
    with pytest.raises(BadSetting, match=r"s4://, which fsspec .* does not know; accepted: a folder, s3://"):
        Store("s4://bucket/f").prepare()


def test_a_package_that_is_missing_is_named() -> None:
    with pytest.raises(BadSetting, match=r"gs:// needs a package that is not installed here: .*gcsfs"):
        Store("gs://bucket/f").prepare()


def test_a_bucket_alone_is_no_place(memory: Store) -> None:
    with pytest.raises(BadSetting, match="names no folder"):
        Store("memory://").prepare()
    memory.write("x", b"")


@pytest.mark.skipif(os.name == "nt", reason="modes are those of POSIX")
def test_a_folder_that_is_a_file(tmp_path: Path) -> None:
    (tmp_path / "f").write_bytes(b"")
    with pytest.raises(StorageUnavailable, match="cannot be used: "):
        Folder(tmp_path / "f").prepare()
