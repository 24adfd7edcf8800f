"""Searches of a collection with regions: what is found, counted and paged, against NumPy over the stored vectors."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from tests.catalog.rooms import THINGS, alone, catalogue, photo, png
from tests.catalog.shop import Shop
from vision.detect import Finder
from vision.errors import NotFound
from vision.search.engine import SearchEngine
from vision.search.model import Query, Result
from vision.search.request import parse
from vision.search.steering import navigation
from vision.search.steering.calibration import Calibrations, calibrate
from vision.workspace import Workspace

pytest.importorskip("skimage")
pytestmark = pytest.mark.solr

COLORS = ("red", "green", "blue", "yellow")
PRODUCTS = {id.removesuffix("-2") for id in THINGS} | {"words"}
Documents = Mapping[str, Mapping[str, Any]]


@pytest.fixture(scope="module")
def shop(solr_url: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shop]:
    folder = tmp_path_factory.mktemp("rooms")
    made = Shop(folder / "home", solr_url, "search_regions", timeout=60)
    made.index(catalogue(folder / "catalogue"), finder=Finder("saliency"), allow_missing_images=True)
    yield made
    made.drop()


@pytest.fixture(scope="module")
def engine(shop: Shop) -> SearchEngine:
    return Workspace(shop.settings).engine()


@pytest.fixture(scope="module")
def documents(shop: Shop) -> Documents:
    return shop.documents()


def squared(document: Mapping[str, Any], vector: NDArray[np.float32]) -> float:
    """Squared distance of a document, infinite without a vector."""
    if "vector" not in document:
        return float("inf")
    return float(((np.asarray(document["vector"], dtype=np.float64) - vector.astype(np.float64)) ** 2).sum())


def nearest(documents: Documents, vector: NDArray[np.float32], by: str, keep: Sequence[str]) -> dict[str, str]:
    """The nearest document of each product or picture among those kept, nearest first."""
    found: dict[str, str] = {}
    for id in sorted(keep, key=lambda id: (squared(documents[id], vector), id)):
        each = documents[id]
        group = each["product_id"] if by == "product" else each.get("picture_id", id)
        found.setdefault(group, id)
    return found


def shown(result: Result) -> list[str]:
    """The ids of the documents that the hits are."""
    return [hit.region or hit.id for hit in result.hits]


def counts(result: Result, field: str) -> dict[str, int]:
    return {each.value: each.count for each in result.facets[field]}


def expected_counts(documents: Documents, keep: Sequence[str], field: str, by: str) -> dict[str, int]:
    groups = {
        (documents[id]["product_id"] if by == "product" else documents[id].get("picture_id", id), value)
        for id in keep
        for value in documents[id].get(f"attr_{field}", [])
    }
    return dict(Counter(value for _, value in groups))


@pytest.mark.parametrize("group_by", ["product", "picture"])
@pytest.mark.parametrize("mode", ["exact", "approximate"])
@pytest.mark.parametrize("color", COLORS)
def test_hits_totals_and_facets_are_numpys(
    engine: SearchEngine, documents: Documents, color: str, mode: str, group_by: str
) -> None:
    vector = engine.collection.embedding().vector(alone(color))
    everything = list(documents)
    in_rooms = [id for id in everything if documents[id]["attr_category"] == ["room"]]
    near = sorted(squared(each, vector) for each in documents.values())[9] * 1.0001
    asked: dict[str, Any] = {
        "rows": 50,
        "mode": mode,
        "facets": ["color", "category"],
        "group_by": "product_id" if group_by == "product" else None,
    }
    for more, keep, own in (
        ({}, everything, None),
        ({"filters": {"category": ["room"]}}, in_rooms, "category"),
        ({"max_distance": near}, [id for id in everything if squared(documents[id], vector) <= near], None),
    ):
        result = engine.search(parse(asked | more), alone(color))
        wanted = nearest(documents, vector, group_by, keep)
        assert result.total == len(wanted)
        groups = [hit.product_id if group_by == "product" else hit.id for hit in result.hits]
        assert sorted(groups) == sorted(wanted)
        for hit, id, group in zip(result.hits, shown(result), groups, strict=True):
            expected = squared(documents[wanted[group]], vector)
            assert (hit.distance is None) == (expected == float("inf"))
            if hit.distance is not None:
                # Which of two documents that are equally near is shown does not matter.
                assert hit.distance == pytest.approx(expected, rel=1e-3, abs=1e-5)
                assert squared(documents[id], vector) == pytest.approx(expected, rel=1e-3, abs=1e-5)
        assert [hit.score for hit in result.hits] == sorted((hit.score for hit in result.hits), reverse=True)
        for field in ("color", "category"):
            counted = everything if field == own else keep
            assert counts(result, field) == expected_counts(documents, counted, field, group_by)


def test_the_part_that_matched_is_told(engine: SearchEngine, documents: Documents) -> None:
    result = engine.search(parse({"rows": 50}), alone("yellow"))
    boxes = {hit.id: hit for hit in result.hits}
    first = result.hits[0]
    assert first.box is not None and first.label == "foreground"
    assert first.region is not None and first.region in documents
    assert first.region.startswith(first.id + "#region-") and first.id in THINGS
    # r1 shows blue and yellow, r2 yellow and red: the yellow half of each.
    assert boxes["r1"].box is not None and boxes["r1"].box[0] > 0.5
    assert boxes["r2"].box is not None and boxes["r2"].box[0] < 0.5
    whole = engine.search(parse({"rows": 1}), png(photo("yellow", "red"))).hits[0]
    assert (whole.id, whole.box, whole.label, whole.region) == ("r2", None, None, None)
    assert whole.distance == pytest.approx(0, abs=1e-6)


def test_the_part_of_a_photo_finds_itself(engine: SearchEngine, documents: Documents) -> None:
    for id in ("r1", "r4"):
        data = png(photo(*THINGS[id]))
        found = engine.search(parse({"detect": True, "rows": 1}), data).hits[0]
        # Two photos have the same thing at the same place.
        assert found.region in ("r1#region-1", "r4#region-1")
        assert found.distance == pytest.approx(0, abs=1e-5)
        second = engine.search(parse({"image_id": f"{id}#region-2", "rows": 1})).hits[0]
        assert second.region is not None and second.region.endswith("#region-2")
        assert second.distance == pytest.approx(0, abs=1e-5)
    # A region that is not there any more stands for its picture.
    gone = engine.search(parse({"image_id": "r1#region-9", "rows": 1})).hits[0]
    assert (gone.id, gone.box) == ("r1", None) and gone.distance == pytest.approx(0, abs=1e-5)
    with pytest.raises(NotFound):
        engine.search(parse({"image_id": "r9#region-1"}))


@pytest.mark.parametrize("request_", [{"q": "photo"}, {"q": "*"}, {"filters": {"category": ["room"]}}])
def test_words_and_facets_show_whole_pictures_and_count_products(
    engine: SearchEngine, documents: Documents, request_: dict[str, Any]
) -> None:
    for group_by in ("product_id", None):
        result = engine.search(parse(request_ | {"rows": 50, "group_by": group_by, "facets": ["color"]}))
        keep = [
            id
            for id, each in documents.items()
            if (request_.get("q") != "photo" or "photo" in each["title"])
            and ("filters" not in request_ or each["attr_category"] == ["room"])
        ]
        by = "product" if group_by else "picture"
        groups = {documents[id]["product_id"] if group_by else documents[id].get("picture_id", id) for id in keep}
        assert result.total == len(result.hits) == len(groups)
        assert all(hit.box is None and hit.id in {*THINGS, "words"} for hit in result.hits)
        assert counts(result, "color") == expected_counts(documents, keep, "color", by)
    assert {hit.product_id for hit in engine.search(parse({"q": "*", "rows": 50})).hits} == PRODUCTS


def test_pages_never_show_a_product_twice(engine: SearchEngine) -> None:
    for mode in ("exact", "approximate"):
        for group_by in ("product_id", None):
            asked = {"rows": 2, "mode": mode, "group_by": group_by}
            seen: list[str] = []
            page = None
            while True:
                result = engine.search(parse(asked | ({"page": page} if page else {})), alone("red"))
                seen += [hit.product_id if group_by else hit.id for hit in result.hits]
                page = result.page
                if page is None:
                    break
            assert len(seen) == len(set(seen)) == result.total == (len(PRODUCTS) if group_by else len(THINGS) + 1)


def test_few_candidates_still_find_every_product(engine: SearchEngine) -> None:
    # Three candidates are regions of fewer products than the page wants.
    query = Query(
        vector=engine.collection.embedding().vector(alone("red")),
        embedding=engine.collection.fingerprint(),
        candidates=3,
        rows=20,
    )
    for grouped in (True, False):
        result = engine.run(replace(query, grouped=grouped))
        ids = [hit.product_id if grouped else hit.id for hit in result.hits]
        assert len(ids) == len(set(ids)) == (len(PRODUCTS) if grouped else len(THINGS) + 1)


def test_two_photos_with_the_same_thing_are_no_near_duplicates(engine: SearchEngine) -> None:
    asked = {"rows": 50, "diversity": {"fold": True}}
    plain = engine.search(parse({"rows": 50}), alone("red"))
    assert len({round(hit.distance or 0, 4) for hit in plain.hits[:4]}) < 4  # several have the same red thing
    folded = engine.search(parse(asked), alone("red"))
    assert [hit.duplicates for hit in folded.hits if hit.duplicates] == []
    assert len(folded.hits) == len(plain.hits)


def test_calibration_and_votes_leave_the_own_product_out(
    engine: SearchEngine, shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    embedding = engine.collection.embedding()
    monkeypatch.setattr("vision.search.steering.calibration._LEAST", 2)
    calibration = calibrate(engine.client, embedding)
    # No picture finds itself, or a region of itself, as a stranger or as kin.
    assert min(calibration.strangers) > 1e-6
    assert len(calibration.strangers) == len(PRODUCTS) - 1
    Calibrations(engine.collection.store.folder).save(shop.name, calibration)
    engine.collection.forget()
    result = engine.search(parse({"category_first": True, "rows": 50}), alone("red"))
    assert result.category is not None
    assert sum(share for _, share in result.category.alternatives) == pytest.approx(1)
    assert all(hit.match is None or 0 <= hit.match <= 1 for hit in result.hits)


def test_looking_around_shows_whole_pictures_once(engine: SearchEngine) -> None:
    starts: tuple[navigation.Start, ...] = ("random", "diverse")
    for start in starts:
        state = navigation.first(3, start)
        seen: list[str] = []
        while True:
            step = navigation.step(engine, Query(rows=3), state)
            assert state.liked or all(hit.box is None for hit in step.hits)
            seen += [hit.product_id for hit in step.hits]
            if step.page is None:
                break
            state = navigation.resume(step.page, [step.hits[0].product_id], [])
        assert len(seen) == len(set(seen)) > 3


def test_a_profile_knows_products(engine: SearchEngine, documents: Documents) -> None:
    # Of a product and of its picture it is the whole picture that is liked.
    found = engine.collection.indexed.vectors(["r0", "r0-2", "s1"])
    for id in found:
        assert found[id].tolist() == np.asarray(documents[id]["vector"], dtype=np.float32).tolist()
