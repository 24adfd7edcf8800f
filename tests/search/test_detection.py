"""Searching by the thing in a photo: the part that is taken, and when it is refused."""

from __future__ import annotations

import base64
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.detect.scenes import CIRCLE, room
from tests.search.test_pictures import FakeCollection
from vision.detect import Finder
from vision.errors import BadQuery, ModelUnavailable
from vision.search.pictures import Asked, QueryPictures, Target
from vision.search.request import parse


@pytest.fixture
def collection(tmp_path: Path) -> FakeCollection:
    return FakeCollection(tmp_path)


@pytest.fixture
def pictures(collection: FakeCollection) -> QueryPictures:
    pytest.importorskip("skimage")
    return QueryPictures(collection, uploaded=lambda id: room(turned=True), finder=Finder("saliency"))


@pytest.fixture
def pool() -> Iterator[ThreadPoolExecutor]:
    with ThreadPoolExecutor(3) as made:
        yield made


def asked(photo: bytes = b"", **members: Any) -> Asked:
    return parse(members), photo or None


def test_the_vector_is_that_of_the_part_that_is_named(pictures: QueryPictures) -> None:
    found = pictures.target(asked(room(), detect=True))
    assert found.region is not None and found.vector is not None
    assert (found.region.label, found.region.detector) == ("foreground", "saliency")
    assert found.region.box == pytest.approx(CIRCLE, abs=0.02)
    cropped = pictures.target(asked(room(), crop=list(found.region.box)))
    assert np.array_equal(found.vector, cropped.vector if cropped.vector is not None else ())
    assert cropped.region is None and pictures.target(asked(room())).region is None


def test_a_photo_stored_on_its_side_is_looked_at_upright(pictures: QueryPictures) -> None:
    found = pictures.target(asked(upload_id="any", detect=True)).region
    assert found is not None and found.box == pytest.approx(CIRCLE, abs=0.02)


def test_where_nothing_is_found_all_of_it_is_searched_and_said(pictures: QueryPictures) -> None:
    found = pictures.target(asked(room(things=False), detect=True))
    assert found.region is not None and found.vector is not None
    assert (found.region.box, found.region.label, found.region.score) == ((0.0, 0.0, 1.0, 1.0), None, None)
    assert found.region.notice == "saliency found nothing in the photo: all of it was searched by"
    assert np.array_equal(found.vector, pictures.target(asked(room(things=False))).vector)  # type: ignore[arg-type]


def test_in_a_batch_each_photo_has_its_own_part(pictures: QueryPictures, pool: ThreadPoolExecutor) -> None:
    requests = [
        asked(room(), detect=True),
        asked(room()),
        asked(room(), detect=True, crop=[0, 0, 1, 1]),
        asked(room(things=False), detect=True),
    ]
    first, plain, refused, empty = pictures.targets(requests, pool)
    assert isinstance(first, Target) and isinstance(plain, Target) and isinstance(empty, Target)
    assert isinstance(refused, BadQuery)
    alone = pictures.target(requests[0])
    assert first.region == alone.region and np.array_equal(first.vector, alone.vector)  # type: ignore[arg-type]
    assert plain.region is None and empty.region is not None and empty.region.label is None


@pytest.mark.parametrize(
    "members", [{"image_id": "known"}, {"vector": [0.0] * 1024}, {"q": "dress"}, {"image_text": "red"}]
)
def test_only_a_photo_has_things_in_it(pictures: QueryPictures, members: dict[str, Any]) -> None:
    with pytest.raises(BadQuery, match="detect finds the thing in a photo; give it with one of image") as caught:
        pictures.target(asked(detect=True, **members))
    assert caught.value.field == "detect"


def test_detect_and_crop_contradict_each_other(pictures: QueryPictures) -> None:
    with pytest.raises(BadQuery, match="detect and crop; crop says which part is meant, detect finds one"):
        pictures.target(asked(detect=True, crop=[0, 0, 1, 1], image=base64.b64encode(room()).decode()))


def test_without_a_detector(collection: FakeCollection, tmp_path: Path) -> None:
    with pytest.raises(BadQuery, match="detect is off here; give the part of the photo as crop"):
        QueryPictures(collection).target(asked(room(), detect=True))
    with pytest.raises(ModelUnavailable, match="there is no yolox_x.onnx"):
        QueryPictures(collection, finder=Finder("yolox", models=tmp_path)).target(asked(room(), detect=True))
