"""A collection that another takes the place of under a running engine: each answer is all of one of them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import pytest

from tests.api.shop import Shop, index, index_shop
from vision.catalog.ingest import IndexOptions
from vision.errors import BadQuery, FingerprintMismatch
from vision.search.engine import SearchEngine
from vision.search.model import Result
from vision.search.request import SearchRequest, parse
from vision.solr import configset
from vision.workspace import Workspace

pytestmark = pytest.mark.solr

PHOTO = "green-ring-1.jpg"


@pytest.fixture(scope="module")
def shop(solr_url: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shop]:
    """A shop in one collection, and in another with fewer components, of which candidates are found by others."""
    made = index_shop(solr_url, tmp_path_factory.mktemp("superseded"), collection="superseded")
    beside = replace(made.settings, collection="superseded-next")
    index(beside, made.folder / "catalogue.csv", IndexOptions(dims=6, coarse_dims=8))
    yield made
    for each in (made.settings, beside):
        with Workspace(each).client() as client:
            configset.drop(client)


@pytest.fixture
def engine(shop: Shop) -> Iterator[SearchEngine]:
    workspace = Workspace(shop.settings)
    with workspace.client() as client:
        yield workspace.engine(client)


def swap(engine: SearchEngine) -> None:
    engine.client.admin("admin/cores", action="SWAP", core="superseded", other="superseded-next")


def ids(result: Result) -> list[str]:
    return [hit.id for hit in result.hits]


@pytest.fixture
def other(shop: Shop) -> Iterator[SearchEngine]:
    """Of whatever is not served."""
    workspace = Workspace(replace(shop.settings, collection="superseded-next"))
    with workspace.client() as client:
        yield workspace.engine(client)


REQUESTS = {
    "by a product": SearchRequest(image_id="green-ring-1", rows=10),
    "by likes": SearchRequest(like=["green-ring-1", "red-square-2"], rows=10),
    "exactly": SearchRequest(image_id="green-ring-1", rows=10, mode="exact"),  # type: ignore[arg-type]
    "by words and product": parse({"image_id": "green-ring-1", "q": "ring", "rows": 10}),
    "by another picture that counts": parse({"q": "ring", "similarities": [{"image_id": "red-ring-1"}], "rows": 10}),
    "diverse": parse({"image_id": "green-ring-1", "rows": 5, "diversity": {"mmr": 0.5}}),
    "near enough": parse({"image_id": "green-ring-1", "max_distance": 0.05, "rows": 10}),
}


@pytest.mark.parametrize("request_", REQUESTS.values(), ids=REQUESTS)
def test_every_way_of_searching_notices(engine: SearchEngine, request_: SearchRequest, other: SearchEngine) -> None:
    before, expected = engine.search(request_), other.search(request_)
    swap(engine)
    try:
        after = engine.search(request_)
    finally:
        swap(engine)
    assert ids(after) == ids(expected) and after.plan.embedding == expected.plan.embedding
    assert [hit.score for hit in after.hits] == [hit.score for hit in expected.hits]
    again = engine.search(request_)
    assert (ids(again), again.total) == (ids(before), before.total)


def test_a_photo_is_extracted_for_what_answers(engine: SearchEngine, shop: Shop, other: SearchEngine) -> None:
    request = SearchRequest(rows=10)
    engine.search(request, shop.photo(PHOTO))
    expected = other.search(request, shop.photo(PHOTO))
    swap(engine)
    try:
        found = engine.search(request, shop.photo(PHOTO))
        batch = engine.search_batch([(request, shop.photo(PHOTO))] * 3)
    finally:
        swap(engine)
    assert found.plan.embedding == expected.plan.embedding
    for each in (found, *batch.results):
        assert isinstance(each, Result)
        assert [hit.distance for hit in each.hits] == pytest.approx([hit.distance for hit in expected.hits], abs=1e-5)


def test_where_nothing_is_near_enough_the_collection_is_asked(engine: SearchEngine, other: SearchEngine) -> None:
    request = parse({"image_id": "green-ring-1", "max_distance": 0.0, "filters": {"color": ["red"]}})
    engine.search(request)
    theirs = other.collection.fingerprint()
    swap(engine)
    try:
        assert engine.search(request).plan.embedding == theirs
    finally:
        swap(engine)


def test_both_are_there_by_their_names(shop: Shop, other: SearchEngine) -> None:
    workspace = Workspace(shop.settings)
    with workspace.client() as client:
        engine = SearchEngine(client, workspace.store(), others=lambda: (other,))
        request = SearchRequest(image_id="green-ring-1", rows=10)
        own, theirs = engine.collection.fingerprint(), other.collection.fingerprint()
        assert engine.search(SearchRequest(image_id="green-ring-1", extractor=theirs)).plan.embedding == theirs
        assert engine.search(SearchRequest(image_id="green-ring-1", extractor=own)).plan.embedding == own
        assert engine.search(SearchRequest(image_id="green-ring-1", extractor="histogram")).plan.embedding == own
        batch = engine.search_batch(
            [(SearchRequest(like=["green-ring-1"], extractor=each), None) for each in (theirs, own)]
        )
        assert [each.plan.embedding for each in batch.results if isinstance(each, Result)] == [theirs, own]
        with pytest.raises(FingerprintMismatch, match=own) as refused:
            engine.search(SearchRequest(image_id="green-ring-1", extractor="clip"))
        assert theirs in str(refused.value)
        whole = ids(engine.search(request))
        first = engine.search(SearchRequest(image_id="green-ring-1", rows=5))
        swap(engine)
        try:
            second = engine.search(SearchRequest(image_id="green-ring-1", rows=5, page=first.page))
            assert engine.search(request).plan.embedding == theirs
        finally:
            swap(engine)
        assert ids(first) + ids(second) == whole and second.plan.embedding == own


def test_a_page_whose_vectors_are_gone_is_another_search(shop: Shop, engine: SearchEngine, other: SearchEngine) -> None:
    first = engine.search(SearchRequest(image_id="green-ring-1", rows=5))
    swap(engine)
    try:
        with pytest.raises(BadQuery, match="another search"):
            engine.search(SearchRequest(image_id="green-ring-1", rows=5, page=first.page))
    finally:
        swap(engine)
