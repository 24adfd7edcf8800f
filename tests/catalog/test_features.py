from __future__ import annotations

import threading
from collections.abc import Iterable, Iterator, Sequence
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from tests.catalog.support import FakeExtractor, catalogue, draw, row, write
from vision import embedding
from vision.catalog import decoding
from vision.catalog.cache import FeatureCache
from vision.catalog.features import Checked, catalogue_features, check, extract
from vision.catalog.pictures import Pictures
from vision.images import content_hash, decode, resized


@pytest.fixture
def cache(tmp_path: Path) -> Iterator[FeatureCache]:
    with FeatureCache(tmp_path / "home" / "features.sqlite") as opened:
        yield opened


def through(path: Path, extractor: FakeExtractor, cache: FeatureCache, batch: int = 4) -> list[Checked]:
    return list(extract(check(path), Pictures(path.parent), extractor, cache, batch=batch))


def test_check_tells_repeated_ids_from_new_ones(tmp_path: Path) -> None:
    path = write(tmp_path / "c.csv", [row(1), row(2, price="x"), row(1, title="again"), row(2)])
    found = list(check(path))
    assert [(each.line, each.id, each.product is not None) for each in found] == [
        (2, "p00001", True),
        (3, "p00002", False),
        (4, "p00001", False),
        (5, "p00002", True),
    ]
    assert found[2].reason == "id 'p00001' came before, in line 2"


def test_rows_keep_their_order_and_features_are_those_of_their_pictures(tmp_path: Path, cache: FeatureCache) -> None:
    path = catalogue(tmp_path, 11)
    extractor = FakeExtractor()
    found = through(path, extractor, cache)
    assert [each.id for each in found] == [f"p{n:05d}" for n in range(11)]
    hashes = [each.picture for each in found if each.picture is not None]
    assert [picture.hex() for picture in hashes] == [content_hash(draw(n)) for n in range(11)]
    wanted = FakeExtractor().extract([decode(draw(n)) for n in range(11)])
    assert np.array_equal(cache.matrix(extractor.fingerprint, hashes), wanted)
    assert sum(extractor.calls) == 11


def test_only_what_is_missing_is_extracted(tmp_path: Path, cache: FeatureCache) -> None:
    first = FakeExtractor()
    through(catalogue(tmp_path, 6), first, cache)
    second, told = FakeExtractor(), list[int]()
    path = catalogue(tmp_path, 9)
    list(extract(check(path), Pictures(tmp_path), second, cache, batch=4, advance=told.append))
    assert (sum(first.calls), sum(second.calls), told) == (6, 3, [0, 2, 1])


def test_the_same_picture_is_extracted_once(tmp_path: Path, cache: FeatureCache) -> None:
    catalogue(tmp_path, 2)
    path = write(tmp_path / "c.csv", [row(n, image=f"images/{n % 2}.png") for n in range(10)])
    extractor = FakeExtractor()
    found = through(path, extractor, cache)
    assert sum(extractor.calls) == 2
    assert len({each.picture for each in found}) == 2
    assert None not in {each.picture for each in found}


def test_a_bad_picture_is_a_rejected_row(tmp_path: Path, cache: FeatureCache) -> None:
    path = catalogue(tmp_path, 5)
    (tmp_path / "images" / "1.png").write_bytes(b"GIF89a nothing more")
    (tmp_path / "images" / "2.png").unlink()
    (tmp_path / "images" / "3.png").write_bytes(b"")
    extractor = FakeExtractor()
    found = through(path, extractor, cache)
    assert [each.picture is None for each in found] == [False, True, True, True, False]
    assert [each.product is None for each in found] == [False, True, True, True, False]
    assert found[1].reason.startswith("image: got 19 bytes that begin with b'GIF8'")
    assert found[2].reason.startswith("image 'images/2.png' does not exist in ")
    assert found[3].reason.startswith("image: the picture is empty")
    assert sum(extractor.calls) == 2


def test_a_bad_picture_of_two_rows_rejects_both(tmp_path: Path, cache: FeatureCache) -> None:
    (tmp_path / "images").mkdir()
    (tmp_path / "images" / "0.png").write_bytes(b"nothing")
    path = write(tmp_path / "c.csv", [row(0), row(1, image="images/0.png")])
    assert [each.reason[:6] for each in through(path, FakeExtractor(), cache)] == ["image:", "image:"]


class Broken(FakeExtractor):
    """Gives no number for dark pictures."""

    def extract(self, images: Sequence[Image.Image]) -> NDArray[np.float32]:
        features = super().extract(images)
        features[features[:, 0] == 0, 1] = np.nan
        return features


def test_features_that_are_no_numbers_reject_their_row_and_are_not_kept(tmp_path: Path, cache: FeatureCache) -> None:
    path = catalogue(tmp_path, 3)
    Image.new("RGB", (8, 8)).save(tmp_path / "images" / "1.png")
    told: list[int] = []
    found = list(extract(check(path), Pictures(tmp_path), Broken(), cache, advance=told.append))
    assert [each.reason for each in found] == ["", "image: fake gives NaN or infinite values for it", ""]
    assert told == [2]
    dark = bytes.fromhex(content_hash((tmp_path / "images" / "1.png").read_bytes()))
    assert cache.known(Broken.fingerprint, [dark]) == frozenset()


def test_at_most_three_batches_are_in_memory(tmp_path: Path, cache: FeatureCache) -> None:
    path = catalogue(tmp_path, 30)
    taken = 0

    def counted(rows: Iterable[Checked]) -> Iterator[Checked]:
        nonlocal taken
        for each in rows:
            taken += 1
            yield each

    given = 0
    for _ in extract(counted(check(path)), Pictures(tmp_path), FakeExtractor(), cache, batch=4):
        assert taken - given <= 12
        given += 1
    assert given == taken == 30


def test_the_next_batch_is_decoded_while_the_extractor_works(
    tmp_path: Path, cache: FeatureCache, monkeypatch: pytest.MonkeyPatch
) -> None:
    decoded = threading.Semaphore(0)
    really = embedding.open_picture

    def counted(*given: Any) -> Image.Image:
        picture = really(*given)
        decoded.release()
        return picture

    class Waiting(FakeExtractor):
        """Ends when eight pictures were decoded: the four that it is given, and the four after them."""

        def extract(self, images: Sequence[Image.Image]) -> NDArray[np.float32]:
            if not self.calls:
                assert all(decoded.acquire(timeout=20) for _ in range(8))
            return super().extract(images)

    monkeypatch.setattr(decoding, "open_picture", counted)
    assert len(through(catalogue(tmp_path, 12), Waiting(), cache)) == 12


def test_pictures_that_are_no_good_reject_rows_of_later_batches_too(tmp_path: Path, cache: FeatureCache) -> None:
    catalogue(tmp_path, 6)
    (tmp_path / "images" / "0.png").write_bytes(b"nothing")
    numbers = [0, 1, 2, 3, 1, 0, 4, 5, 0, 1, 4, 2]
    path = write(tmp_path / "c.csv", [row(at, image=f"images/{n}.png") for at, n in enumerate(numbers)])
    extractor, told = FakeExtractor(), list[int]()
    found = list(extract(check(path), Pictures(tmp_path), extractor, cache, batch=2, advance=told.append))
    assert [each.picture is None for each in found] == [n == 0 for n in numbers]
    assert (sum(extractor.calls), sum(told)) == (5, 5)


def test_threads_resize_for_extractors_that_would_do_it_first(tmp_path: Path, cache: FeatureCache) -> None:
    class Small(FakeExtractor):
        info = replace(FakeExtractor.info, stretches=True)
        sizes: ClassVar[set[tuple[int, int]]] = set()

        def extract(self, images: Sequence[Image.Image]) -> NDArray[np.float32]:
            self.sizes.update(image.size for image in images)
            return super().extract([resized(image, self.info.input_size) for image in images])

    found = through(catalogue(tmp_path, 9), Small(), cache)
    assert Small.sizes == {(8, 8)}
    wanted = Small().extract([decode(draw(n)) for n in range(9)])
    assert np.array_equal(cache.matrix(Small.fingerprint, [each.picture or b"" for each in found]), wanted)


def test_many_large_pictures_go_to_the_extractor_in_parts(
    tmp_path: Path, cache: FeatureCache, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("vision.catalog.features._PIXELS", 5 * 16 * 16)
    extractor = FakeExtractor()
    found = through(catalogue(tmp_path, 20), extractor, cache, batch=20)
    assert extractor.calls == [6, 6, 6, 2]
    assert all(each.picture is not None for each in found)


def test_no_thread_stays_when_it_is_left_early(tmp_path: Path, cache: FeatureCache) -> None:
    path = catalogue(tmp_path, 20)
    with closing(extract(check(path), Pictures(tmp_path), FakeExtractor(), cache, batch=4)) as rows:
        next(rows)
    assert not [thread for thread in threading.enumerate() if thread.name.startswith("pictures")]


def test_catalogue_features_are_those_of_different_pictures_in_order(
    tmp_path: Path, cache: FeatureCache, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("vision.catalog.features._FEATURES", 3)
    catalogue(tmp_path, 7)
    numbers = [3, 1, 3, 0, 6, 5, 1, 2, 4]
    path = write(tmp_path / "c.csv", [row(at, image=f"images/{n}.png") for at, n in enumerate(numbers)])
    with path.open("a") as file:
        file.write("ragged\n")
    told: list[int] = []
    rejected: list[Checked] = []
    batches = list(
        catalogue_features(
            path, Pictures(tmp_path), FakeExtractor(), cache, advance=told.append, reject=rejected.append
        )
    )
    assert [len(batch) for batch in batches] == [3, 3, 1]
    wanted = FakeExtractor().extract([decode(draw(n)) for n in (3, 1, 0, 6, 5, 2, 4)])
    assert np.array_equal(np.concatenate(batches), wanted)
    assert told[-1] == 10
    assert [each.reason for each in rejected] == ["1 cells where the header has 5"]
