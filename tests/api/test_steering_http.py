"""Profiles, navigation and the members that steer a search, over HTTP."""

from __future__ import annotations

from typing import Any

import pytest
from flask.testing import FlaskClient

from tests.api.shop import Shop

pytestmark = pytest.mark.solr


def search(client: FlaskClient, **members: Any) -> dict[str, Any]:
    response = client.post("/v1/search", json=members)
    assert response.status_code == 200, response.text
    body: dict[str, Any] = response.get_json()
    return body


def test_a_profile_from_its_making_to_its_end(shopper: FlaskClient) -> None:
    made = shopper.post("/v1/profiles")
    assert made.status_code == 201 and made.headers["Cache-Control"] == "no-store"
    address = f"/v1/profiles/{made.get_json()['profile_id']}"
    said = shopper.post(f"{address}/events", json={"like": ["blue-ring-2"], "unlike": ["red-ring-2"]}).get_json()
    assert [(each["product"], each["liked"]) for each in said["events"]] == [
        ("blue-ring-2", True),
        ("red-ring-2", False),
    ]
    assert shopper.get(address).get_json() == said
    id = said["profile_id"]
    ranked = search(shopper, q="ring", profile={"id": id, "weight": 1.0}, rows=3)
    assert ranked["hits"][0]["id"] == "blue-ring-2"
    assert search(shopper, q="*", profile={"id": id, "use": "filter"})["total"] < search(shopper, q="*")["total"]
    assert shopper.delete(address).status_code == 204
    for gone in (shopper.get(address), shopper.post("/v1/search", json={"q": "ring", "profile": {"id": id}})):
        assert gone.status_code == 404 and gone.mimetype == "application/problem+json"


@pytest.mark.parametrize(
    ("body", "words"),
    [
        ({"like": ["a"], "unlike": ["a"]}, "is in like and in unlike"),
        ({"liked": ["a"]}, "accepted: application/json {like"),
        ({"like": [""]}, "like"),
    ],
)
def test_events_that_are_refused(shopper: FlaskClient, body: dict[str, Any], words: str) -> None:
    id = shopper.post("/v1/profiles").get_json()["profile_id"]
    refused = shopper.post(f"/v1/profiles/{id}/events", json=body)
    assert refused.status_code == 400 and words in refused.get_json(force=True)["detail"]


def test_navigation_shows_nothing_twice(shopper: FlaskClient) -> None:
    step = shopper.post("/v1/navigation", json={"seed": 3, "rows": 10}).get_json()
    seen = [hit["id"] for hit in step["hits"]]
    assert step["step"] == 0 and step["left"] == 39 and step["hits"][0]["image"].startswith("/v1/products/")
    while step["page"]:
        step = shopper.post("/v1/navigation", json={"page": step["page"], "like": seen[-1:], "rows": 10}).get_json()
        seen += [hit["id"] for hit in step["hits"]]
    assert len(seen) == len(set(seen)) == 39


@pytest.mark.parametrize(
    ("body", "words"),
    [
        ({"unlike": ["blue-ring-2"]}, "unlike belongs to a page that was shown"),
        ({"page": "nonsense"}, "page is not a token"),
        ({"start": "somewhere"}, "accepted: application/json"),
        ({"rows": 0}, "rows"),
    ],
)
def test_navigation_that_is_refused(shopper: FlaskClient, body: dict[str, Any], words: str) -> None:
    refused = shopper.post("/v1/navigation", json=body)
    assert refused.status_code == 400 and words in refused.get_json(force=True)["detail"]


def test_likes_exclusions_and_caps(shopper: FlaskClient, shop: Shop) -> None:
    liked = search(shopper, like=["blue-ring-2"], rows=5)
    assert liked["hits"][0]["id"] == "blue-ring-2" and liked["hits"][0]["distance"] < 1e-6
    without = search(shopper, like=["blue-ring-2"], exclude=["blue-ring-2"], rows=5)
    assert without["total"] == liked["total"] - 1 and without["hits"][0]["id"] != "blue-ring-2"
    capped = search(shopper, image_id="blue-ring-2", diversity={"most": {"color": 1}}, rows=4)
    assert len({hit["attributes"]["color"] for hit in capped["hits"]}) == 4
    problem = shopper.post("/v1/search", json={"q": "ring", "diversity": {"most": {"colour": 1}}})
    assert problem.status_code == 400 and "no product has a field 'colour'" in problem.get_json(force=True)["detail"]


def test_a_photo_and_a_little_like_another_one_near_a_price(shopper: FlaskClient, shop: Shop) -> None:
    sent = shopper.post("/v1/images", data=shop.photo("blue-ring-2.jpg"), content_type="image/jpeg")
    asked = [
        {"upload_id": sent.get_json()["upload_id"], "weight": 1.0},
        {"field": "price", "near": 12, "scale": 1, "weight": 0.05},
    ]
    body = search(shopper, image_id="red-ring-1", weights={"image": 0.01}, similarities=asked, explain=True, rows=3)
    assert body["hits"][0]["id"] == "blue-ring-2"
    assert body["total"] == search(shopper, image_id="red-ring-1")["total"]
    for hit in body["hits"]:
        parts = hit["explain"]["parts"]
        assert [each["name"] for each in parts] == ["image", "similarity", "similarity"]
        assert [each["of"] for each in parts[1:]] == [asked[0]["upload_id"], "price"]
        assert sum(each["share"] for each in parts) == pytest.approx(hit["score"], rel=1e-5)
    agrees = body["hits"][0]["explain"]["agrees"]
    assert agrees == [{"field": "category", "value": "ring", "by": "picture"}]
    gone = shopper.post("/v1/search", json={"q": "ring", "similarities": [{"upload_id": "x" * 32}]})
    assert gone.status_code == 404
    wrong = shopper.post("/v1/search", json={"q": "ring", "similarities": [{"field": "color", "near": 1, "scale": 1}]})
    assert wrong.status_code == 400 and wrong.get_json(force=True)["field"] == "similarities"


def test_similarities_alone_and_several_at_once(shopper: FlaskClient) -> None:
    alone = {"similarities": [{"image_id": "blue-ring-2"}, {"image_id": "blue-ring-1", "weight": 0.1}], "rows": 2}
    near = {"similarities": [{"field": "price", "near": 7, "scale": 0.5}], "rows": 1}
    answered = shopper.post("/v1/search/batch", json={"searches": [alone, near]}).get_json()["results"]
    assert answered[0]["hits"][0]["id"] == "blue-ring-2" and answered[0]["hits"][0]["distance"] == 0
    assert answered[1]["hits"][0]["attributes"]["price"] == 7
    assert answered[1]["total"] == 39


def test_prices_in_buckets_without_their_own_filter(shopper: FlaskClient) -> None:
    body = search(shopper, q="ring", facets=["color", "price"], ranges={"price": {"max": 10}})
    prices = body["facets"]["price"]
    assert (prices["min"], prices["max"], body["total"]) == (9, 40, 2)
    assert prices["buckets"][0] == {"from": 5, "to": 10, "count": 1}
    assert sum(each["count"] for each in prices["buckets"]) == 8
    assert {each["value"]: each["count"] for each in body["facets"]["color"]} == {"red": 2}
    assert shopper.get("/v1/facets?field=price&q=ring").get_json()["facets"]["price"] == prices
    none = search(shopper, q="ring", facets=["price"], filters={"color": ["mauve"]})
    assert none["facets"]["price"] == {"min": None, "max": None, "buckets": []}
