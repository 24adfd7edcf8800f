"""The targets of many searches, without Solr: a collection, an embedding and pictures written by hand."""

from __future__ import annotations

import base64
import io
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from tests.catalog.support import FakeExtractor, draw
from vision.embedding import Embedding, EmbeddingStore
from vision.errors import (
    BadImage,
    BadQuery,
    Conflict,
    FingerprintMismatch,
    ModelUnavailable,
    NotFound,
    VisualSearchError,
)
from vision.reduction import CoarseCodec, Pca
from vision.search.collection import Collection
from vision.search.indexed import Indexed, IndexedPictures
from vision.search.model import Vector
from vision.search.pictures import Asked, QueryPictures, Target
from vision.search.request import parse
from vision.solr.client import SolrClient


class FakeIndexed(IndexedPictures):
    """One picture."""

    def __init__(self, client: SolrClient, made_with: Embedding) -> None:
        super().__init__(client, lambda fingerprint: None, 10)
        self.made_with = made_with

    def picture(self, id: str) -> Indexed:
        if id != "known":
            raise NotFound(f"no {id}")
        return Indexed(np.ones(1024, dtype=np.float32), self.made_with.fingerprint, {})


class FakeCollection(Collection):
    """One indexed picture, and an embedding whose extractor writes down its calls."""

    def __init__(self, folder: Path) -> None:
        super().__init__(SolrClient("http://127.0.0.1:9/solr", "fake"), EmbeddingStore(folder))
        self.extractor = FakeExtractor()
        ones = np.ones(6, dtype=np.float32)
        pca = Pca(
            np.zeros(6, dtype=np.float32),
            np.eye(6, dtype=np.float32),
            ones,
            ones,
            {"extractor": self.extractor.fingerprint},
        )
        self.made_with = Embedding("fake", self.extractor.fingerprint, pca, CoarseCodec(256, 1.0), 1.0)
        self.made_with.use(self.extractor)
        self.indexed = FakeIndexed(self.client, self.made_with)

    def embedding(self) -> Embedding:
        return self.made_with


@pytest.fixture
def collection(tmp_path: Path) -> FakeCollection:
    return FakeCollection(tmp_path)


@pytest.fixture
def pool() -> Iterator[ThreadPoolExecutor]:
    with ThreadPoolExecutor(3) as made:
        yield made


def asked(**members: Any) -> Asked:
    return parse({"q": "x"} | members), None


def photo(seed: int) -> str:
    return base64.b64encode(draw(seed)).decode()


def vectors(found: list[Target | VisualSearchError]) -> list[Vector]:
    return [each.vector for each in found if isinstance(each, Target) and each.vector is not None]


def test_photos_are_extracted_together_and_come_back_in_order(
    collection: FakeCollection, pool: ThreadPoolExecutor
) -> None:
    pictures = QueryPictures(collection, uploaded=lambda id: draw(int(id)))
    requests = [asked(image=photo(seed)) for seed in range(3)] + [
        asked(),
        asked(upload_id="7"),
        asked(image_id="known"),
    ]
    found = pictures.targets(requests, pool)
    assert collection.extractor.calls == [4]
    assert found[3] == Target()
    alone = [pictures.target(each).vector for each in requests if each != asked()]
    for one, other in zip(vectors(found), alone, strict=True):
        assert np.array_equal(one, other if other is not None else ())


def test_one_that_cannot_be_found_costs_no_other(collection: FakeCollection, pool: ThreadPoolExecutor) -> None:
    pictures = QueryPictures(collection)
    found = pictures.targets(
        [
            asked(image=base64.b64encode(b"no picture").decode()),
            asked(image=photo(1)),
            asked(image=photo(1), crop=[0.9, 0, 0.5, 1]),
            asked(image_id="nobody"),
            asked(upload_id="1"),
            asked(image=photo(1), image_id="known"),
            asked(image=photo(2), extractor="other"),
            asked(crop=[0, 0, 1, 1]),
        ],
        pool,
    )
    kinds = [BadImage, Target, BadQuery, NotFound, BadQuery, BadQuery, FingerprintMismatch, BadQuery]
    assert [type(each) for each in found] == kinds
    assert collection.extractor.calls == [1]


class Reading(FakeExtractor):
    """Reads words as pictures of that colour."""

    def text(self, texts: Sequence[str]) -> NDArray[np.float32]:
        return self.extract([Image.new("RGB", (8, 8), text) for text in texts])


def test_a_description_takes_the_place_of_a_photo(collection: FakeCollection, pool: ThreadPoolExecutor) -> None:
    pictures = QueryPictures(collection)
    collection.made_with = replace(collection.made_with, extractor="clip:somewhere", _loaded={})
    collection.made_with.use(Reading())
    buffer = io.BytesIO()
    Image.new("RGB", (8, 8), "red").save(buffer, "PNG")
    red = asked(image=base64.b64encode(buffer.getvalue()).decode())
    requests = [asked(image_text="red"), red, asked(image_text="blue"), asked(image_text="red", image_id="known")]
    described, shown, other, both = pictures.targets(requests, pool)
    assert isinstance(described, Target) and isinstance(shown, Target) and isinstance(other, Target)
    assert described.embedding == shown.embedding == collection.made_with.fingerprint
    assert np.array_equal(vectors([described])[0], vectors([shown])[0])
    assert not np.array_equal(vectors([described])[0], vectors([other])[0])
    assert isinstance(both, BadQuery) and "image_id and image_text; give one picture" in str(both)
    with pytest.raises(BadQuery, match="crop is a part of a photo"):
        pictures.target(asked(image_text="red", crop=[0, 0, 1, 1]))


def test_a_description_is_refused_where_pictures_stand_alone(collection: FakeCollection) -> None:
    collection.made_with = replace(collection.made_with, extractor="histogram", _loaded={})
    with pytest.raises(Conflict, match="made of pictures alone"):
        QueryPictures(collection).target(asked(image_text="red"))
    with pytest.raises(BadQuery, match="image_text is empty"):
        QueryPictures(collection).target(asked(image_text=" "))
    with pytest.raises(BadQuery, match="<= 1000.*image_text"):
        asked(image_text="red" * 1000)


def test_many_photos_go_through_in_parts(collection: FakeCollection, pool: ThreadPoolExecutor) -> None:
    found = QueryPictures(collection).targets([asked(image=photo(seed)) for seed in range(100)], pool)
    assert collection.extractor.calls == [32, 32, 32, 4]
    assert len(vectors(found)) == 100


@pytest.mark.slow
def test_large_photos_are_not_all_decoded_at_once(collection: FakeCollection, pool: ThreadPoolExecutor) -> None:
    buffer = io.BytesIO()
    Image.new("RGB", (5000, 4000)).save(buffer, "PNG", compress_level=1)
    large = base64.b64encode(buffer.getvalue()).decode()
    QueryPictures(collection).targets([asked(image=large)] * 8, pool)
    assert collection.extractor.calls == [4, 4]


def test_an_extractor_that_fails_is_said_to_each(collection: FakeCollection, pool: ThreadPoolExecutor) -> None:
    def fail(images: object) -> None:
        raise ModelUnavailable("no weights")

    collection.extractor.extract = fail  # type: ignore[method-assign, assignment]
    found = QueryPictures(collection).targets([asked(image=photo(1)), asked(image=photo(2)), asked()], pool)
    assert [type(each) for each in found] == [ModelUnavailable, ModelUnavailable, Target]
