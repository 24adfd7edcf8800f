"""Words that are understood, on real Solr: what they change is the order, by as much as is said, and nothing else."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from tests.search.oracle import bm25, values
from tests.search.synthetic import CATEGORIES, COLORS, LENGTHS, Synthetic, build
from vision.embedding import EmbeddingStore
from vision.search.composer import AGREEMENT
from vision.search.engine import SearchEngine
from vision.search.model import Kind, Query, Result
from vision.search.request import parse
from vision.solr import configset
from vision.solr.client import SolrClient

pytestmark = pytest.mark.solr

PRODUCTS: list[dict[str, Any]] = [
    {
        "id": "said",
        "title": "red dress",
        "attr_color": ["blue"],
        "attr_category": ["dress"],
        "price": 20,
    },
    {"id": "has", "title": "a dress", "description": "comes in many colors", "attr_color": ["red"], "price": 40},
    {
        "id": "both",
        "title": "a long evening dress in red for parties",
        "attr_color": ["red", "white"],
        "attr_category": ["dress"],
        "price": 60,
    },
    {"id": "dark", "title": "a red scarf", "attr_color": ["dark red"], "attr_brand": ["Red Dress & Co"], "price": 80},
    {"id": "sofa", "title": "a couch", "attr_color": ["grey"], "attr_category": ["sofa"], "price": 1000},
]


@pytest.fixture(scope="module")
def small(solr_url: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Synthetic]:
    built = build(solr_url, "understood", tmp_path_factory.mktemp("understood"), pictures=1500, seed=8)
    yield built
    built.engine.client.close()


@pytest.fixture(scope="module")
def shop(solr_url: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[SearchEngine]:
    with SolrClient(solr_url, "shop-words") as client:
        configset.create(client)
        client.add([{"product_id": each["id"], **each} for each in PRODUCTS])
        client.commit()
        yield SearchEngine(client, EmbeddingStore(tmp_path_factory.mktemp("none")))
        configset.drop(client)


def search(engine: SearchEngine, **members: Any) -> Result:
    return engine.search(parse(members))


def ids(result: Result) -> list[str]:
    return [hit.id for hit in result.hits]


@pytest.mark.parametrize(
    "text", ["red", "dress", "red dress", "knee length", "mini blue sofa", "blue number 77", "the"]
)
@pytest.mark.parametrize("picture", [False, True])
def test_nothing_is_lost_and_the_score_is_what_is_said(small: Synthetic, text: str, picture: bool) -> None:
    plain = Query(text=text, vector=small.queries(1, 3)[0] if picture else None, rows=1000, explain=True)
    plain = replace(plain, facets=("color", "category"))
    off, on = small.engine.run(plain), small.engine.run(replace(plain, understand=True))
    assert (on.total, on.facets) == (off.total, off.facets)
    assert sorted(ids(on)) == sorted(ids(off))
    rows = {id: row for row, id in enumerate(small.ids)}
    words = set(text.replace("knee length", "knee-length").split())
    wanted = {
        name: words & set(values) for name, values in (("color", COLORS), ("length", LENGTHS), ("category", CATEGORIES))
    }
    chips = {(chip.field, chip.value): chip.count for chip in on.understood}
    assert chips == {
        (name, value): len({hit.product_id for hit in on.hits if small.columns[name][rows[hit.id]] == value})
        for name, values in wanted.items()
        for value in values
    }
    plainly = {hit.id: bm25(hit) for hit in off.hits}
    expected = []
    for hit in on.hits:
        parts = values(hit)
        agreeing = sum(small.columns[name][rows[hit.id]] in values for name, values in wanted.items() if values)
        assert hit.explain is not None and (hit.explain.agreement or 0.0) == pytest.approx(AGREEMENT * agreeing)
        relevance = plainly[hit.id] + AGREEMENT * agreeing
        assert bm25(hit) == pytest.approx(relevance, rel=1e-5)
        assert parts["text"] == pytest.approx(relevance / (relevance + 2), rel=1e-5)
        score = parts["text"] if not picture else 0.5 * parts["text"] + 0.5 * parts["image"]
        assert hit.score == pytest.approx(score, rel=1e-5)
        expected.append(score)
    assert (
        expected == sorted(expected, reverse=True)
        or max(low - high for high, low in zip(expected, expected[1:], strict=False)) < 1e-6
    )


@pytest.mark.parametrize("mode", ["approximate", "exact"])
def test_pages_neither_repeat_nor_lose(small: Synthetic, mode: str) -> None:
    members: dict[str, Any] = {"q": "red dress", "image_id": small.ids[0], "rows": 9, "mode": mode}
    seen: list[str] = []
    result = search(small.engine, **members)
    while True:
        seen += ids(result)
        if result.page is None:
            break
        result = search(small.engine, **members, page=result.page)
    assert len(seen) == len(set(seen)) == result.total == search(small.engine, q="red dress", understand="off").total


def test_what_agrees_comes_before_what_only_says_so(shop: SearchEngine) -> None:
    assert ids(search(shop, q="red dress", understand="off"))[0] == "said"
    found = search(shop, q="red dress")
    assert ids(found)[0] == "both" and sorted(ids(found)) == ["both", "dark", "has", "said"]
    assert [(chip.field, chip.value, chip.text, chip.count) for chip in found.understood] == [
        ("color", "red", "red", 2),
        ("category", "dress", "dress", 2),
    ]


def test_the_longest_phrase_and_the_collections_synonyms(shop: SearchEngine) -> None:
    found = search(shop, q="dark-red scarf")
    assert [(chip.field, chip.value, chip.text) for chip in found.understood] == [("color", "dark red", "dark-red")]
    found = search(shop, q="gray couch")
    assert (ids(found), [chip.value for chip in found.understood]) == (["sofa"], ["grey", "sofa"])


def test_a_chip_that_was_taken_away_has_no_effect(shop: SearchEngine) -> None:
    off = search(shop, q="red dress", understand="off", explain=True)
    without = search(shop, q="red dress", ignore=["red", "dress"], explain=True)
    assert without.understood == () and without.hits == off.hits
    filtered = search(shop, q="red dress", filters={"color": ["red"]})
    assert [chip.text for chip in filtered.understood] == ["dress"]
    assert sorted(ids(filtered)) == ["both", "has"]


def test_a_price_is_a_range_and_a_value_that_nothing_has_is_said_to_be_none(shop: SearchEngine) -> None:
    found = search(shop, q="red dress over 30 under 70")
    assert (ids(found), found.total) == (["both", "has"], 2)
    assert [(chip.kind, chip.applied) for chip in found.understood] == [
        (Kind.PRICE, True),
        (Kind.PRICE, True),
        (Kind.ATTRIBUTE, True),
        (Kind.ATTRIBUTE, True),
    ]
    found = search(shop, q="white dress under 50")
    assert found.total == 0
    assert [(chip.text, chip.applied, chip.count) for chip in found.understood[1:]] == [
        ("white", False, 0),
        ("dress", False, 0),
    ]


def test_new_values_are_known_after_a_commit(shop: SearchEngine) -> None:
    assert search(shop, q="teal").understood == ()
    shop.client.add([{"id": "teal", "product_id": "teal", "title": "a teal cup", "attr_color": ["teal"]}])
    shop.client.commit()
    try:
        shop.collection.forget()
        assert [chip.value for chip in search(shop, q="teal").understood] == ["teal"]
    finally:
        shop.client.delete("id:teal")
        shop.client.commit()
        shop.collection.forget()


def test_what_is_typed_reaches_no_parser(shop: SearchEngine) -> None:
    hostile = "red} {!terms f=id}both ${solr.home} dress"
    result = search(shop, q=hostile)
    assert result.total == 0
    assert [chip.value for chip in result.understood] == ["red", "dress"]


def test_nothing_is_left_in_the_filter_cache(small: Synthetic) -> None:
    def inserts() -> int:
        answer = small.engine.client.get_json("admin/mbeans", cat="CACHE", stats="true", **{"json.nl": "map"})
        return int(answer["solr-mbeans"]["CACHE"]["filterCache"]["stats"]["CACHE.searcher.filterCache.inserts"])

    before = inserts()
    for color in COLORS:
        assert small.engine.run(Query(text=f"{color} dress", understand=True)).understood
    assert inserts() == before


def test_an_index_without_attributes(solr_url: str, tmp_path: Path) -> None:
    with SolrClient(solr_url, "bare-words") as client:
        configset.create(client)
        client.add([{"id": "1", "product_id": "1", "title": "red dress under 50"}])
        client.commit()
        result = search(SearchEngine(client, EmbeddingStore(tmp_path)), q="red dress under 50")
        configset.drop(client)
    assert (result.total, result.understood) == (1, ())
