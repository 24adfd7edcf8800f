"""`/v1/suggest` over a real Solr."""

from __future__ import annotations

import pytest
from flask.testing import FlaskClient

pytestmark = pytest.mark.solr


def test_completions_have_what_they_find(shopper: FlaskClient) -> None:
    answered = shopper.get("/v1/suggest?q=cir").get_json()
    assert answered["q"] == "cir" and answered["took"] > 0
    assert answered["suggestions"][0] == {
        "text": "circle",
        "total": 7,
        "kind": "attribute",
        "field": "category",
        "value": "circle",
    }
    found = {
        each["text"]: each["total"] for each in shopper.get("/v1/suggest?q=red+s&limit=20").get_json()["suggestions"]
    }
    assert found == {"red square": 2, "red stripes": 2}
    for text, total in found.items():
        assert shopper.post("/v1/search", json={"q": text}).get_json()["total"] == total


def test_one_error_is_forgiven(shopper: FlaskClient) -> None:
    texts = [each["text"] for each in shopper.get("/v1/suggest?q=trianlge").get_json()["suggestions"]]
    assert texts == ["triangle"]


@pytest.mark.parametrize("query", ["", "?q=", "?q=%20", "?q=*", "?q=xyzzyx"])
def test_nothing_to_suggest(shopper: FlaskClient, query: str) -> None:
    assert shopper.get(f"/v1/suggest{query}").get_json()["suggestions"] == []


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ("q=a&limit=0", "limit"),
        ("q=a&limit=21", "limit"),
        ("q=a&language=x1", "language"),
        ("q=a&language=xx", "language"),
    ],
)
def test_what_is_not_accepted_says_so(shopper: FlaskClient, query: str, field: str) -> None:
    refused = shopper.get(f"/v1/suggest?{query}")
    assert (refused.status_code, refused.get_json()["field"]) == (400, field)


def test_what_is_too_long_is_refused(shopper: FlaskClient) -> None:
    refused = shopper.get("/v1/suggest", query_string={"q": "x" * 501})
    assert (refused.status_code, refused.get_json()["field"]) == (400, "q")


def test_facets_count_what_was_asked_for_and_no_other_words(shopper: FlaskClient) -> None:
    assert shopper.post("/v1/search", json={"q": "cricle"}).get_json()["corrected"] == {
        "from": "cricle",
        "to": "circle",
    }
    assert shopper.get("/v1/facets?q=cricle").get_json()["total"] == 0
