from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from tests.catalog.support import FakeExtractor
from tests.extraction.support import digest
from vision.catalog.cache import FeatureCache
from vision.errors import Conflict, NotFound, StorageUnavailable
from vision.extraction import parts
from vision.extraction.filling import Filled, fill
from vision.extraction.parts import Part
from vision.extraction.places import Folder

FINGERPRINT = FakeExtractor.fingerprint


@pytest.fixture
def cache(tmp_path: Path) -> Iterator[FeatureCache]:
    with FeatureCache(tmp_path / "features.sqlite") as opened:
        yield opened


@pytest.fixture
def place(tmp_path: Path) -> Folder:
    folder = Folder(tmp_path / "parts")
    folder.prepare()
    return folder


def put(place: Folder, *numbers: int, extractor: str = FINGERPRINT) -> str:
    pictures = [digest(bytes([number])) for number in numbers]
    vectors = np.array([[number] * 6 for number in numbers], dtype=np.float32)
    file = parts.name(extractor, pictures)
    place.write(file, parts.encode(Part(extractor, pictures, vectors, {})))
    return file


def filled(cache: FeatureCache, place: Folder) -> Filled:
    return fill(cache, str(place.path), FakeExtractor(), lambda stage, done, total: None)


def test_what_is_missing_is_filled_in(cache: FeatureCache, place: Folder) -> None:
    put(place, 1, 2, 3)
    put(place, 4)
    put(place, 9, extractor="other-ba9876543210")
    cache.put(FINGERPRINT, {digest(bytes([2])): np.full(6, 0.5, dtype=np.float32)})
    assert filled(cache, place) == Filled(2, 4, 3)
    held = cache.matrix(FINGERPRINT, [digest(bytes([number])) for number in (1, 2, 3, 4)])
    assert held[:, 0].tolist() == [1, 0.5, 3, 4]
    assert filled(cache, place) == Filled(2, 4, 0)


def test_vectors_that_are_there_are_not_read(
    cache: FeatureCache, place: Folder, monkeypatch: pytest.MonkeyPatch
) -> None:
    put(place, 1, 2)
    filled(cache, place)
    monkeypatch.delattr(parts, "read")
    assert filled(cache, place).new == 0


def test_another_extractor_s_parts_are_refused(cache: FeatureCache, place: Folder) -> None:
    put(place, 1, extractor="other-ba9876543210")
    with pytest.raises(Conflict, match=rf"features of 'other-ba9876543210', wanted are those of '{FINGERPRINT}'"):
        filled(cache, place)


def test_a_folder_without_parts(cache: FeatureCache, place: Folder) -> None:
    with pytest.raises(NotFound, match="there are no features in .*parts; `visual-search extract --to` writes them"):
        filled(cache, place)


def test_a_damaged_part_is_refused_and_named(cache: FeatureCache, place: Folder) -> None:
    file = place.path / put(place, 1, 2)
    data = bytearray(file.read_bytes())
    at = bytes(data).index(np.full(6, 2, dtype=np.float32).tobytes())
    data[at] ^= 1
    file.write_bytes(data)
    with pytest.raises(StorageUnavailable, match=rf"{file.name} is damaged"):
        filled(cache, place)
    assert cache.known(FINGERPRINT, [digest(bytes([1]))]) == frozenset()
