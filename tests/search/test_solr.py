"""What the configset promises, on real Solr."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.search.oracle import bm25, values
from tests.search.synthetic import Synthetic, build
from vision.errors import BadQuery, Conflict, FingerprintMismatch, NotFound, SolrRefused, SolrUnavailable
from vision.search.model import Query, Result
from vision.search.request import parse
from vision.solr import configset
from vision.solr.client import SolrClient

pytestmark = pytest.mark.solr


@pytest.fixture(scope="module")
def small(solr_url: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Synthetic]:
    built = build(solr_url, "small", tmp_path_factory.mktemp("small"), pictures=300, seed=5)
    yield built
    built.engine.client.close()


def update(client: SolrClient, documents: list[dict[str, Any]]) -> None:
    client.add(documents)
    client.commit()


def test_an_attribute_update_keeps_both_vectors(small: Synthetic) -> None:
    id, vector = small.ids[30], small.vectors[30]
    update(small.engine.client, [{"id": id, "attr_style": {"set": ["boho"]}, "title": {"set": "renamed"}}])
    params = {"q": "{!term f=id v=$wanted}", "wanted": id, "fl": "*"}
    document = small.engine.client.select(params)["response"]["docs"][0]
    assert np.array_equal(np.array(document["vector"], dtype=np.float32), vector)
    assert document["coarse"] == small.embedding.codec.encode(vector[None])[0].tolist()
    for mode in ("exact", "approximate"):
        result = small.engine.search(parse({"image_id": id, "mode": mode, "filters": {"style": ["boho"]}}))
        assert [(hit.id, hit.distance, hit.title) for hit in result.hits] == [(id, 0.0, "renamed")]


@pytest.mark.parametrize(
    "typed",
    [
        "id:p000001",
        "[* TO *]",
        "* -nothing",
        "dress OR sofa",
        "dress NOT mini",
        "${solr.home}",
        "{!func}1",
        "_query_:x",
        "!!! ???",
        "((((",
        "/.*/",
        "dress~2",
        "d*",
        "\\",
    ],
)
def test_what_a_shopper_types_is_words_and_nothing_else(small: Synthetic, typed: str) -> None:
    result = small.engine.run(Query(text=typed, rows=1))
    assert result.total == 0


def test_a_lone_quote_is_dropped(small: Synthetic) -> None:
    assert small.engine.run(Query(text='"dress')).total == small.engine.run(Query(text="dress")).total > 0


def test_words_match_all_or_nothing_and_compounds_are_one(small: Synthetic) -> None:
    def total(text: str) -> int:
        return small.engine.run(Query(text=text)).total

    assert total("knee-length") == total("knee length") == total("kneelength") == total("Knee‑Length") > 0
    assert total("knee") == 0
    assert total("dresses") == total("dress") > total("red dress") > 0
    assert total("red dress unheardof") == 0
    assert total("a dress in red") == total("the red dress") == total("red dress")
    assert total("dress without red") == total("the") == 0


def test_a_request_cannot_unlock_select(small: Synthetic) -> None:
    answer = small.engine.client.select({"q": "{!edismax v=$w}", "w": "${q}", "expandMacros": "true", "rows": 0})
    assert answer["response"]["numFound"] == 0
    with pytest.raises(SolrRefused):
        small.engine.client.select({"q": "*:*", "stream.url": "http://127.0.0.1:1/"})


def test_the_schema_cannot_be_changed_over_http(small: Synthetic) -> None:
    client = small.engine.client
    body = {"add-field": {"name": "x", "type": "string"}}
    answer = client.session.post(f"{client.url}/schema", json=body, timeout=10)
    assert answer.status_code == 400
    assert "not editable" in answer.text


def test_refusals_and_silence_are_different_errors(small: Synthetic) -> None:
    client = small.engine.client
    with pytest.raises(SolrRefused, match="undefined field") as refused:
        client.select({"q": "nofield:x"})
    assert refused.value.status == 400
    with pytest.raises(SolrRefused) as bad_vector:
        client.add([{"id": "bad", "product_id": "bad", "vector": [1.0, 2.0]}])
    assert bad_vector.value.status in (400, 500)
    with SolrClient("http://127.0.0.1:9/solr", "small", timeout=2) as nowhere:
        with pytest.raises(SolrUnavailable, match="did not answer"):
            nowhere.select({"q": "*:*"})
        with pytest.raises(SolrUnavailable, match="did not answer"):
            nowhere.fields()
    with SolrClient(client.base, "missing") as missing, pytest.raises(NotFound, match="no collection 'missing'"):
        missing.select({"q": "*:*"})


def search(small: Synthetic, **members: Any) -> Result:
    return small.engine.search(parse(members))


def test_unknown_fields_are_named_with_those_there_are(small: Synthetic) -> None:
    with pytest.raises(BadQuery, match="no product has a field 'colour'; accepted: category, color"):
        search(small, q="dress", filters={"colour": ["red"]})
    with pytest.raises(BadQuery, match="'price' is a number"):
        search(small, q="dress", filters={"price": ["5"]})
    with pytest.raises(BadQuery, match="'color' has no range; accepted: price"):
        search(small, q="dress", ranges={"color": {"min": 1}})


def test_only_the_collections_own_vectors_are_compared(small: Synthetic) -> None:
    with pytest.raises(FingerprintMismatch, match="'other-1', the collection holds 'synthetic-"):
        small.engine.run(Query(vector=small.vectors[0], embedding="other-1"))
    with pytest.raises(FingerprintMismatch, match="'inception_v3'"):
        search(small, vector=[0.0] * 1024, extractor="inception_v3")
    with pytest.raises(NotFound, match="no product or picture 'nobody'"):
        search(small, image_id="nobody")


def test_an_empty_or_mixed_collection_says_so(solr_url: str, small: Synthetic, tmp_path: Path) -> None:
    with SolrClient(solr_url, "mixed") as client:
        configset.create(client)
        engine = type(small.engine)(client, small.engine.collection.store)
        with pytest.raises(NotFound, match="holds no vectors; run `visual-search index"):
            engine.search(parse({"vector": [0.0] * 1024}))
        update(client, [{"id": str(n), "product_id": str(n), "embedding": f"e{n}"} for n in (1, 2)])
        with pytest.raises(Conflict, match="mixes vectors of"):
            engine.collection.embedding()
        engine.collection.forget()
        configset.drop(client)
        assert not configset.exists(client)


def test_a_product_without_a_vector_is_ranked_last_with_no_distance(small: Synthetic) -> None:
    update(small.engine.client, [{"id": "plain", "product_id": "plain", "title": "a plain dress"}])
    try:
        result = small.engine.run(Query(vector=small.vectors[3], rows=1000))
        assert (result.hits[-1].id, result.hits[-1].distance, result.hits[-1].score) == ("plain", None, 0.0)
        with pytest.raises(BadQuery, match="has no picture to search by"):
            search(small, image_id="plain")
    finally:
        small.engine.client.delete("id:plain")
        small.engine.client.commit()


def test_page_tokens_go_on_where_the_page_ended(small: Synthetic) -> None:
    members: dict[str, Any] = {"q": "dress", "image_id": small.ids[0], "rows": 7}
    seen: list[str] = []
    result = search(small, **members)
    seen += [hit.id for hit in result.hits]
    while result.page is not None:
        result = search(small, **members, page=result.page)
        seen += [hit.id for hit in result.hits]
    assert len(seen) == len(set(seen)) == result.total
    whole = search(small, **(members | {"rows": 1000}))
    assert [hit.id for hit in whole.hits] == seen


def test_sort_by_price(small: Synthetic) -> None:
    rising = [hit.attributes["price"] for hit in search(small, q="dress", sort="price", rows=100).hits]
    falling = [hit.attributes["price"] for hit in search(small, q="dress", sort="price desc", rows=100).hits]
    assert rising == sorted(rising)
    assert falling == sorted(rising, reverse=True)


def test_explain_gives_the_parts_of_the_score(small: Synthetic) -> None:
    weights = {"text": 0.2, "image": 0.6}
    for hit in search(small, q="dress", image_id=small.ids[0], weights=weights, explain=True).hits:
        parts = values(hit)
        assert hit.score == pytest.approx((0.2 * parts["text"] + 0.6 * parts["image"]) / 0.8, rel=1e-5)
        assert parts["text"] == pytest.approx(bm25(hit) / (bm25(hit) + 2))
        assert hit.distance is not None and hit.explain is not None
        assert parts["image"] == pytest.approx(1 / (1 + hit.distance / (hit.explain.sigma2 or 0)))


def test_one_picture_to_search_by(small: Synthetic) -> None:
    with pytest.raises(BadQuery, match="the search has image_id and vector; give one picture"):
        search(small, image_id=small.ids[0], vector=[0.0] * 1024)
    with pytest.raises(BadQuery, match="an image file and image"):
        small.engine.search(parse({"image": "aGk="}), b"hi")
    with pytest.raises(BadQuery, match="crop is a part of a photo"):
        search(small, image_id=small.ids[0], crop=[0, 0, 1, 1])
    with pytest.raises(BadQuery, match="image_url is off here"):
        search(small, image_url="http://127.0.0.1/a.jpg")
