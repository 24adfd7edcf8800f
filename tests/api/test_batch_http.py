from __future__ import annotations

import base64
from typing import Any

import pytest
from flask.testing import FlaskClient

from api.v1.batch import MAX_SEARCHES
from tests.api.fakes import FakeEngine
from tests.api.shop import Shop
from vision.errors import SolrUnavailable


def batch(client: FlaskClient, *searches: Any) -> list[dict[str, Any]]:
    response = client.post("/v1/search/batch", json={"searches": searches})
    assert response.status_code == 200, response.text
    body = response.get_json()
    assert set(body) == {"results", "took"} and set(body["took"]) == {"extract", "solr", "total"}
    results: list[dict[str, Any]] = body["results"]
    assert len(results) == len(searches)
    return results


def test_each_search_is_answered_in_its_place(client: FlaskClient, engine: FakeEngine) -> None:
    results = batch(client, {"q": "a"}, {"q": "b", "rows": -1}, {"nope": 1}, 5, {"q": "c"})
    assert [request.q for request, _ in engine.asked] == ["a", "c"]
    assert [each.get("status", 200) for each in results] == [200, 400, 400, 400, 200]
    assert results[0]["hits"][0]["image"] == "/v1/products/a%2Fb%20%C3%BC/image"
    assert results[1]["field"] == "rows" and "unknown field `nope`; accepted: q" in results[2]["detail"].replace(
        " - at `$`", ""
    )


def test_an_error_of_one_search_is_its_problem(client: FlaskClient, engine: FakeEngine) -> None:
    engine.answer = SolrUnavailable("no connection")
    result = batch(client, {"q": "a"})[0]
    assert (result["status"], result["title"], result["detail"]) == (503, "Solr does not answer", "no connection")


@pytest.mark.parametrize(
    ("sent", "status", "says"),
    [
        ({"json": {"searches": []}}, 400, "length >= 1"),
        ({"json": {"searches": [{"q": "x"}] * (MAX_SEARCHES + 1)}}, 400, "length <= 100"),
        ({"json": {}}, 400, "missing required field `searches`"),
        ({"json": {"searches": [], "rows": 3}}, 400, "up to 100 searches"),
        ({"data": b"{", "content_type": "application/json"}, 400, "not understood"),
        ({"data": b"", "content_type": "application/json"}, 400, "no body"),
        ({"data": b"x", "content_type": "text/plain"}, 415, "application/json"),
    ],
)
def test_what_is_no_batch(client: FlaskClient, sent: dict[str, Any], status: int, says: str) -> None:
    response = client.post("/v1/search/batch", **sent)
    assert response.status_code == status
    assert says in response.get_json(force=True)["detail"]


@pytest.mark.solr
def test_a_batch_answers_what_single_searches_answer(shopper: FlaskClient, shop: Shop) -> None:
    photos = [shop.photo(f"{color}-square-1.jpg") for color in ("red", "green", "blue")]
    upload_id = shopper.post("/v1/images", data=photos[0], content_type="image/jpeg").get_json()["upload_id"]
    searches: list[dict[str, Any]] = [
        {"q": "ring", "facets": ["color"]},
        *({"image": base64.b64encode(photo).decode(), "crop": [0, 0, 1, 0.9]} for photo in photos),
        {"upload_id": upload_id, "rows": 5},
        {"image_id": "green-ring-1", "filters": {"color": ["green", "blue"]}},
        {"image": base64.b64encode(b"%PDF-1.7").decode()},
        {"image_id": "nobody"},
        {"upload_id": "x" * 32},
        {"q": "*", "filters": {"colour": ["red"]}},
        {},
    ]
    results = batch(shopper, *searches)
    assert [each.get("status", 200) for each in results] == [200] * 6 + [422, 404, 404, 400, 400]
    for search, result in zip(searches, results, strict=True):
        alone = shopper.post("/v1/search", json=search).get_json(force=True)
        if "hits" in result:
            assert [(each["id"], each["score"]) for each in result["hits"]] == [
                (each["id"], pytest.approx(each["score"], rel=1e-5)) for each in alone["hits"]
            ]
            assert (result["total"], result["facets"]) == (alone["total"], alone["facets"])
        else:
            assert result.pop("request_id") != alone.pop("request_id")
            assert result == alone
