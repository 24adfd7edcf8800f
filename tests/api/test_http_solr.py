"""The real way through: HTTP, engine, Solr, and a catalogue of drawn shapes."""

from __future__ import annotations

import io
import json
from dataclasses import replace
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
from flask.testing import FlaskClient
from PIL import Image

from api.app import create_app
from tests.api.shop import COLOURS, NASTY, SHAPES, Shop

pytestmark = pytest.mark.solr


def search(client: FlaskClient, **members: Any) -> dict[str, Any]:
    response = client.post("/v1/search", json=members)
    assert response.status_code == 200, response.text
    body: dict[str, Any] = response.get_json()
    return body


def ids(body: dict[str, Any]) -> list[str]:
    return [each["id"] for each in body["hits"]]


def test_everything(shopper: FlaskClient) -> None:
    body = search(shopper, q="*", facets=["color", "category"], rows=100)
    assert body["total"] == len(body["hits"]) == 39
    assert body["facets"]["color"] == [
        {"value": value, "count": count} for value, count in (("blue", 10), ("green", 10), ("yellow", 10), ("red", 9))
    ]
    assert body["page"] is None


def test_words(shopper: FlaskClient) -> None:
    body = search(shopper, q="triangle")
    assert body["total"] == 8
    assert {each["attributes"]["category"] for each in body["hits"]} == {"triangle"}
    assert search(shopper, q="nothing-like-it")["total"] == 0


def test_a_photo_finds_itself(shopper: FlaskClient, shop: Shop) -> None:
    photo = io.BytesIO(shop.photo("blue-ring-2.jpg"))
    body = shopper.post("/v1/search", data={"image": (photo, "photo.jpg")}).get_json()
    first = body["hits"][0]
    assert first["id"] == "blue-ring-2"
    assert first["distance"] < 1e-6 and first["score"] > 0.999
    assert body["total"] == 39
    assert body["took"]["extract"] > 0


def test_a_photo_words_and_a_facet_together(shopper: FlaskClient, shop: Shop) -> None:
    query = {"q": "ring", "filters": {"color": ["red", "green"]}, "facets": ["color"], "explain": True}
    parts = {"image": (io.BytesIO(shop.photo("blue-ring-1.jpg")), "photo.jpg"), "query": json.dumps(query)}
    body = shopper.post("/v1/search", data=parts).get_json()
    assert body["total"] == 4
    assert {each["attributes"]["color"] for each in body["hits"]} == {"red", "green"}
    # A facet counts without its own filter, so that another value can be added.
    assert {each["value"] for each in body["facets"]["color"]} == set(COLOURS)
    assert {"bm25", "text", "image"} <= set(body["hits"][0]["explain"])


def test_by_id_and_by_the_answers_own_image(shopper: FlaskClient) -> None:
    body = search(shopper, image_id=NASTY, rows=3)
    assert body["hits"][0]["id"] == NASTY
    picture = shopper.get(body["hits"][0]["image"])
    assert picture.status_code == 200 and picture.mimetype == "image/jpeg"


def test_a_range_and_a_sort(shopper: FlaskClient) -> None:
    body = search(shopper, q="*", ranges={"price": {"min": 5, "max": 8}}, sort="-price")
    assert [each["attributes"]["price"] for each in body["hits"]] == [8, 7, 6, 5]


@pytest.mark.parametrize("members", [{"q": "*"}, {"image_id": "green-square-1"}, {"q": "circle"}])
def test_pages_show_everything_once(shopper: FlaskClient, members: dict[str, Any]) -> None:
    body = search(shopper, rows=7, **members)
    seen = ids(body)
    while body["page"] is not None:
        body = search(shopper, rows=7, page=body["page"], **members)
        seen += ids(body)
    assert len(seen) == len(set(seen)) == body["total"]


@pytest.mark.parametrize(
    ("members", "status", "field"),
    [
        ({"q": "*", "page": "zzz"}, 400, "page"),
        ({"q": "*", "filters": {"colour": ["red"]}}, 400, "colour"),
        ({"q": "*", "sort": "title"}, 400, "sort"),
        ({}, 400, None),
        ({"image_id": "none"}, 404, None),
        ({"image_id": "red-ring-1", "extractor": "inception_v3"}, 409, None),
        ({"image_text": "red ring"}, 409, None),
        ({"image_text": " "}, 400, "image_text"),
        ({"image_text": "red ring", "image_id": "red-ring-1"}, 400, "image_text"),
        ({"vector": [1.0, 2.0]}, 400, None),
    ],
)
def test_refusals(shopper: FlaskClient, members: dict[str, Any], status: int, field: str | None) -> None:
    response = shopper.post("/v1/search", json=members)
    assert response.status_code == status
    assert response.mimetype == "application/problem+json"
    assert response.get_json(force=True).get("field") == field


def test_what_is_no_picture(shopper: FlaskClient) -> None:
    response = shopper.post("/v1/search", data={"image": (io.BytesIO(b"%PDF-1.7"), "photo.jpg")})
    assert response.status_code == 422
    assert "PDF" in response.get_json(force=True)["detail"]


def test_a_product_and_all_its_pictures(shopper: FlaskClient) -> None:
    body = shopper.get(f"/v1/products/{quote(NASTY, safe='')}").get_json()
    assert body["product_id"] == "red-circle"
    assert [each["id"] for each in body["pictures"]] == ["red-circle-2", NASTY]
    assert body["attributes"]["price"] == 1 and body["attributes"]["color"] == "red"
    assert shopper.get("/v1/products/red-circle").get_json()["pictures"] == body["pictures"]
    for each in body["pictures"]:
        assert shopper.get(each["image"]).status_code == 200


def test_similar(shopper: FlaskClient) -> None:
    body = shopper.get("/v1/products/red-circle/similar?rows=5").get_json()
    assert len(body["hits"]) == 5
    assert body["total"] == 38
    assert "red-circle" not in {each["product_id"] for each in body["hits"]}
    distances = [each["distance"] for each in body["hits"]]
    assert distances == sorted(distances)


def test_a_picture_leaves_without_its_metadata(shopper: FlaskClient, shop: Shop) -> None:
    with Image.open(io.BytesIO(shop.photo("red-ring-1.jpg"))) as original:
        assert original.getexif()
    data = shopper.get("/v1/products/red-ring-1/image?w=100").data
    assert b"serial number" not in data
    with Image.open(io.BytesIO(data)) as image:
        assert image.size == (160, 200) and not image.getexif()


def test_facets(shopper: FlaskClient) -> None:
    body = shopper.get("/v1/facets").get_json()
    assert set(body["facets"]) == {"category", "color", "currency"}
    assert body["ranges"] == {"price": {"min": 1.0, "max": 40.0}}
    some = shopper.get("/v1/facets?field=category&q=red").get_json()
    assert {each["value"] for each in some["facets"]["category"]} == set(SHAPES)
    assert some["total"] == 9
    assert shopper.get("/v1/facets?field=nope").status_code == 400


def test_ready(shopper: FlaskClient) -> None:
    response = shopper.get("/readyz")
    assert response.status_code == 200
    body = response.get_json()
    assert body["ready"] and body["pictures"] == 40
    assert body["extractor"] == "histogram" and body["fingerprint"].startswith("histogram")
    assert "notice" not in body


def test_ready_says_what_else_is_to_be_known(shop: Shop) -> None:
    body = create_app(shop.settings, notice="searching by 'compact' instead").test_client().get("/readyz").get_json()
    assert body["ready"] and body["notice"] == "searching by 'compact' instead"


def test_not_ready_without_the_embeddings_files(shop: Shop, tmp_path: Path) -> None:
    response = create_app(replace(shop.settings, home=tmp_path)).test_client().get("/readyz")
    assert response.status_code == 503
    assert [each["ok"] for each in response.get_json()["checks"]] == [True, True, False]


def test_no_collection(shop: Shop) -> None:
    client = create_app(replace(shop.settings, collection="none-such")).test_client()
    assert client.post("/v1/search", json={"q": "x"}).status_code == 404
    ready = client.get("/readyz")
    assert ready.status_code == 503
    assert "none-such" in ready.get_json()["checks"][1]["detail"]
