"""Currencies that are never mixed, what is in stock, and products without a picture, over a real Solr."""

from __future__ import annotations

from typing import Any

import pytest
from flask.testing import FlaskClient

from api.app import create_app
from tests.api.shop import Shop

pytestmark = pytest.mark.solr


@pytest.fixture
def client(market: Shop) -> FlaskClient:
    return create_app(market.settings).test_client()


def search(client: FlaskClient, **query: Any) -> Any:
    answered = client.post("/v1/search", json={"q": "*", **query})
    return answered.get_json() | {"status": answered.status_code}


def ids(answered: Any) -> list[str]:
    return [hit["id"] for hit in answered["hits"]]


@pytest.mark.parametrize(
    ("query", "field", "what"),
    [
        ({"ranges": {"price": {"max": 100}}}, "price", "a price range"),
        ({"sort": "price asc"}, "sort", "an order by price"),
        ({"sort": "-price", "filters": {"currency": ["EUR", "JPY"]}}, "sort", "an order by price"),
    ],
)
def test_prices_of_several_currencies_are_not_compared(
    client: FlaskClient, query: dict[str, Any], field: str, what: str
) -> None:
    refused = search(client, **query)
    assert (refused["status"], refused["field"]) == (400, field)
    assert refused["detail"] == f"prices are in EUR, JPY: {what} needs one of them, as filters: {{currency: [EUR]}}"


def test_with_one_currency_they_are(client: FlaskClient) -> None:
    euros = {"currency": ["EUR"]}
    assert ids(search(client, filters=euros, sort="price desc")) == ["m7", "m3", "m2", "m1"]
    assert ids(search(client, filters=euros, ranges={"price": {"max": 25}}, sort="price")) == ["m1", "m2"]
    assert ids(search(client, filters={"currency": ["JPY"]}, ranges={"price": {"min": 1600}})) == ["m5"]
    found = search(client, filters=euros, facets=["currency", "in_stock", "color"])
    assert found["facets"] == {
        "currency": [{"value": "EUR", "count": 4}, {"value": "JPY", "count": 2}],
        "in_stock": [{"value": "true", "count": 2}, {"value": "false", "count": 1}],
        "color": [{"value": "red", "count": 2}, {"value": "blue", "count": 1}, {"value": "green", "count": 1}],
    }


def test_the_ends_of_prices_are_of_one_currency(client: FlaskClient) -> None:
    assert client.get("/v1/facets").get_json()["ranges"] == {}
    assert client.get("/v1/facets?currency=JPY").get_json()["ranges"] == {"price": {"min": 1500.0, "max": 2500.0}}
    assert client.get("/v1/facets?currency=USD").get_json()["ranges"] == {}


def test_one_currency_needs_no_choice(shopper: FlaskClient) -> None:
    found = search(shopper, sort="price", ranges={"price": {"min": 2, "max": 4}})
    assert [hit["attributes"]["price"] for hit in found["hits"]] == [2.0, 3.0, 4.0]


def test_in_stock(client: FlaskClient) -> None:
    assert sorted(ids(search(client, filters={"in_stock": [True]}))) == ["m1", "m4", "m6", "m7"]
    assert sorted(ids(search(client, filters={"in_stock": ["false"]}))) == ["m2", "m5"]
    assert search(client, filters={"in_stock": [True, False]})["total"] == 6
    refused = search(client, filters={"in_stock": ["maybe"]})
    assert (refused["status"], refused["field"]) == (400, "in_stock")
    assert refused["detail"] == "filters.in_stock is 'maybe'; accepted: true, false"


def test_a_product_without_a_picture(client: FlaskClient) -> None:
    found = search(client, image_id="m5", filters={"color": ["green"]}, q=None)
    assert ids(found) == ["m5", "m6", "m7"]
    last = found["hits"][-1]
    assert (last["image"], last["distance"], last["score"]) == (None, None, 0.0)
    assert client.get("/v1/products/m7").get_json()["image"] is None
    picture = client.get("/v1/products/m7/image")
    assert (picture.status_code, picture.get_json()["detail"]) == (404, "product 'm7' has no picture")
    for refused in (client.get("/v1/products/m7/similar"), client.post("/v1/search", json={"image_id": "m7"})):
        assert refused.status_code == 400
        assert "'m7' has no picture to search by" in refused.get_json()["detail"]


def test_a_price_in_words_is_of_one_currency(client: FlaskClient) -> None:
    def chips(answered: Any) -> list[tuple[Any, ...]]:
        return [
            (each["text"], each["applied"], each["currency"])
            for each in answered["understood"]
            if each["kind"] == "price"
        ]

    euros = search(client, q="red under 15 euro")
    assert (ids(euros), chips(euros)) == (["m1"], [("under 15 euro", True, "EUR")])
    assert euros["understood"][0]["value"] == {"min": None, "max": 15}
    yen = search(client, q="over 2000 yen")
    assert (ids(yen), chips(yen)) == (["m5"], [("over 2000 yen", True, "JPY")])
    unsaid = search(client, q="red under 15")
    assert (ids(unsaid), chips(unsaid)) == (["m1", "m2"], [("under 15", False, None)])
    assert unsaid["understood"][0]["reason"].startswith("prices are in EUR, JPY: name one of them")
    chosen = search(client, q="under 15", filters={"currency": ["EUR"]})
    assert (ids(chosen), chips(chosen)) == (["m1"], [("under 15", True, "EUR")])
    assert ids(search(client, q="red under 15 euro", ignore=["under 15 euro"])) == ["m1", "m2"]
    assert ids(search(client, q="red under 15 euro", understand="off")) == []


def test_pages_of_a_price_in_words(client: FlaskClient) -> None:
    first = search(client, q="under 35 euro", rows=1, sort="price")
    second = search(client, q="under 35 euro", rows=1, sort="price", page=first["page"])
    assert (first["total"], ids(first), ids(second)) == (3, ["m1"], ["m2"])
    other = search(client, q="under 35 euro", rows=1, sort="price", page=first["page"], understand="off")
    assert (other["status"], other["field"]) == (400, "page")


def test_prices_of_several_currencies_are_not_counted_together(client: FlaskClient) -> None:
    for members in ({"facets": ["price"]}, {"similarities": [{"field": "price", "near": 20, "scale": 5}]}):
        refused = client.post("/v1/search", json={"q": "*", **members})
        assert refused.status_code == 400 and refused.get_json(force=True)["field"] == next(iter(members))
        assert "filters: {currency: [" in refused.get_json(force=True)["detail"]
    counted = client.post(
        "/v1/search", json={"q": "*", "facets": ["price"], "filters": {"currency": ["EUR"]}}
    ).get_json()
    assert (counted["facets"]["price"]["min"], counted["facets"]["price"]["max"]) == (10, 50)
    assert sum(each["count"] for each in counted["facets"]["price"]["buckets"]) == 4
