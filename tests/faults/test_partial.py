"""A Solr that ran out of time: part of an answer says so, no part of one is no answer."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import orjson
import pytest
from flask.testing import FlaskClient

from api.app import create_app
from tests.api.shop import Shop
from tests.faults.between import Answer, Between, Fault, Seen, changed

pytestmark = pytest.mark.solr


@pytest.fixture
def client(shop: Shop, between: Between) -> FlaskClient:
    return create_app(replace(shop.settings, solr_url=between.url, search_seconds=7.0)).test_client()


def stopped(change: Callable[[dict[str, Any]], object]) -> Fault:
    """As Solr answers when its time is over: with what it had, and without facets where it had not come to them."""

    def apply(answer: Answer) -> None:
        found = orjson.loads(answer.body)
        found["responseHeader"]["partialResults"] = True
        change(found)
        answer.body = orjson.dumps(found)

    return changed(apply)


def some(found: dict[str, Any]) -> None:
    found["response"]["docs"] = found["response"]["docs"][:3]
    found["response"]["numFound"] = 3
    del found["facets"]


def none(found: dict[str, Any]) -> None:
    found["response"] |= {"docs": [], "numFound": 0}
    found.pop("facets", None)


def ranks(seen: Seen) -> bool:
    return (
        seen.handler.endswith("/select")
        and ("fl", "*") not in seen.form
        and b"score" in (seen.body + seen.path.encode())
    )


SEARCH = {"q": "ring", "facets": ["color"], "rows": 2}


def test_part_of_an_answer_says_so_and_has_no_next_page(client: FlaskClient, between: Between) -> None:
    full = client.post("/v1/search", json=SEARCH).get_json()
    assert full["page"] is not None and not full["partial"]
    with between.broken(stopped(some), ranks):
        found = client.post("/v1/search", json=SEARCH).get_json()
        second = client.post("/v1/search", json={**SEARCH, "page": full["page"]}).get_json()
    assert found["partial"] and found["page"] is None
    assert [hit["id"] for hit in found["hits"]] == [hit["id"] for hit in full["hits"]]
    assert 0 < found["total"] <= full["total"] and found["facets"] == {"color": []}
    assert found["spelling"] is None and found["corrected"] is None
    assert second["partial"] and second["page"] is None and second["hits"]
    again = client.post("/v1/search", json={**SEARCH, "page": full["page"]}).get_json()
    assert not again["partial"] and not {hit["id"] for hit in again["hits"]} & {hit["id"] for hit in full["hits"]}


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("/v1/search", SEARCH),
        ("/v1/search", {"q": "ring", "facets": ["color"], "rows": 0}),
        ("/v1/search", {"image_id": "blue-ring-1"}),
        ("/v1/search", {"image_id": "blue-ring-1", "max_distance": 100}),
        ("/v1/facets", None),
        ("/v1/suggest?q=ri", None),
        ("/v1/products/blue-ring-1", None),
        ("/v1/products/blue-ring-1/similar", None),
    ],
)
def test_nothing_in_time_is_never_nothing_found(
    client: FlaskClient, between: Between, path: str, body: dict[str, Any] | None
) -> None:
    with between.broken(stopped(none), lambda seen: seen.handler.endswith("/select")):
        found = client.get(path) if body is None else client.post(path, json=body)
    assert found.status_code == 503 and int(found.headers["Retry-After"]) > 0
    assert found.get_json()["type"].endswith("deadline-exceeded")


def test_facets_say_that_they_are_lower_bounds(client: FlaskClient, between: Between) -> None:
    assert client.get("/v1/facets").get_json()["partial"] is False
    with between.broken(stopped(lambda found: None), lambda seen: ranks(seen) or "unique" in str(seen.form)):
        found = client.get("/v1/facets?field=color")
    assert found.status_code == 200 and found.get_json()["partial"] is True


def test_the_time_that_remains_goes_with_every_request(client: FlaskClient, between: Between) -> None:
    client.post(
        "/v1/search", json={"image_id": "blue-ring-1", "facets": ["color", "price"], "filters": {"color": ["red"]}}
    )
    client.post("/v1/search", json={**SEARCH, "time_allowed": 900})
    client.post("/v1/search/batch", json={"searches": [SEARCH, {**SEARCH, "time_allowed": 500}]})
    given = [int(dict(form)["timeAllowed"]) for form in between.forms()]
    assert len(given) == len(between.forms()) > 5
    assert all(0 < each <= 6500 for each in given)
    assert (
        max(given) > 5000 and {each for each in given if each <= 400} and {each for each in given if 400 < each <= 720}
    )
    assert all(each <= 720 for each in given[-3:] if each < 5000)


@pytest.mark.parametrize("time", [0, -1, 1.5, "1s", True])
def test_times_that_are_none(client: FlaskClient, time: Any) -> None:
    found = client.post("/v1/search", json={"q": "ring", "time_allowed": time})
    assert found.status_code == 400 and "time_allowed" in found.text
