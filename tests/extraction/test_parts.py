from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from tests.extraction.support import digest
from vision.errors import Conflict, StorageUnavailable
from vision.extraction import parts
from vision.extraction.parts import Part
from vision.extraction.places import Folder

FINGERPRINT = "fake-0123456789ab"
PICTURES = [digest(bytes([number])) for number in range(5)]


@pytest.fixture
def place(tmp_path: Path) -> Folder:
    folder = Folder(tmp_path / "features")
    folder.prepare()
    return folder


@pytest.fixture
def part() -> Part:
    vectors = np.random.default_rng(0).normal(size=(5, 7)).astype(np.float32)
    return Part(FINGERPRINT, PICTURES, vectors, {digest(b"bad"): "image: no good"})


def put(place: Folder, part: Part) -> str:
    file = parts.name(part.extractor, part.pictures)
    place.write(file, parts.encode(part))
    return file


def test_what_is_written_is_read(place: Folder, part: Part) -> None:
    file = put(place, part)
    found = parts.read(place, file, FINGERPRINT)
    assert (found.extractor, found.pictures, found.bad) == (part.extractor, part.pictures, part.bad)
    assert found.vectors.tobytes() == part.vectors.tobytes()
    assert parts.held(place, file, FINGERPRINT) == (part.pictures, part.bad)


def test_a_part_of_bad_pictures_alone(place: Folder, part: Part) -> None:
    file = put(place, replace(part, pictures=[], vectors=np.empty((0, 7), dtype=np.float32)))
    found = parts.read(place, file, FINGERPRINT)
    assert (found.pictures, found.vectors.shape, found.bad) == ([], (0, 7), part.bad)


def test_any_parquet_reader_reads_it(place: Folder, part: Part) -> None:
    import pyarrow
    import pyarrow.parquet

    table = pyarrow.parquet.read_table(place.path / put(place, part))
    assert table.schema.field("picture").type == pyarrow.binary(32)
    assert table.schema.field("vector").type == pyarrow.list_(pyarrow.float32(), 7)
    assert np.array_equal(np.array(table.column("vector").to_pylist(), dtype=np.float32), part.vectors)


def test_names_say_the_extractor_and_the_pictures(place: Folder, part: Part) -> None:
    file = put(place, part)
    other = put(place, replace(part, extractor="vgg16@fc2-0123456789ab"))
    place.write("notes.txt", b"")
    assert parts.names(place) == {FINGERPRINT: [file], "vgg16@fc2-0123456789ab": [other]}
    assert file == parts.name(FINGERPRINT, PICTURES) != parts.name(FINGERPRINT, PICTURES[:4])


def test_a_part_of_another_extractor_under_this_ones_name(place: Folder, part: Part) -> None:
    file = parts.name(FINGERPRINT, PICTURES)
    place.write(file, parts.encode(replace(part, extractor="other-ba9876543210")))
    with pytest.raises(
        Conflict, match=r"has features of 'other-ba9876543210', wanted are those of 'fake-0123456789ab'"
    ):
        parts.held(place, file, FINGERPRINT)


def test_a_byte_that_is_turned_is_noticed_or_says_nothing(place: Folder, part: Part) -> None:
    whole = parts.encode(part)
    noticed = 0
    for at in range(0, len(whole), 7):
        place.write("x.y.parquet", whole[:at] + bytes([whole[at] ^ 0xFF]) + whole[at + 1 :])
        try:
            found = parts.read(place, "x.y.parquet", FINGERPRINT)
        except (StorageUnavailable, Conflict):
            noticed += 1
            continue
        assert found.pictures == part.pictures
        assert found.vectors.tobytes() == part.vectors.tobytes()
        assert found.bad.keys() == part.bad.keys()
    assert noticed > len(whole) // 14


@pytest.mark.parametrize("left", [0, 3, 100, -1])
def test_half_a_part(place: Folder, part: Part, left: int) -> None:
    place.write("x.y.parquet", parts.encode(part)[:left])
    with pytest.raises(StorageUnavailable, match=r"x\.y\.parquet is damaged or cannot be read .*delete it"):
        parts.held(place, "x.y.parquet", FINGERPRINT)


def test_a_part_that_is_gone(place: Folder) -> None:
    with pytest.raises(StorageUnavailable, match="No such file"):
        parts.read(place, "x.y.parquet", FINGERPRINT)
