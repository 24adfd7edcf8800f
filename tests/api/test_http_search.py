from __future__ import annotations

import base64
import io
import json
import math
from dataclasses import replace
from typing import Any

import msgspec
import pytest
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from tests.api.fakes import FakeEngine, hit, result
from vision.search.model import Agreement, Explanation, Part, Plan, Way
from vision.search.presentation import ResultForm, to_json

PIXELS = b"pretend these are pixels"


def file(data: bytes = PIXELS, name: str = "photo.jpg") -> tuple[io.BytesIO, str]:
    return io.BytesIO(data), name


def post_part(client: FlaskClient, disposition: str, data: bytes) -> TestResponse:
    """Post one large part from memory; Werkzeug's test client would leave a temporary file open."""
    body = f"--b\r\nContent-Disposition: form-data; {disposition}\r\n\r\n".encode() + data + b"\r\n--b--\r\n"
    return client.post("/v1/search", data=body, content_type="multipart/form-data; boundary=b")


def test_json(client: FlaskClient, engine: FakeEngine) -> None:
    response = client.post("/v1/search", json={"q": "dress", "filters": {"color": ["red"]}, "rows": 3})
    assert response.status_code == 200
    assert response.mimetype == "application/json"
    request, image = engine.asked[0]
    assert (request.q, request.filters, request.rows, image) == ("dress", {"color": ["red"]}, 3, None)


def test_the_answer_has_exactly_the_members_of_the_contract(client: FlaskClient, engine: FakeEngine) -> None:
    body = client.post("/v1/search", json={"q": "dress"}).get_json()
    assert set(body) == {
        "hits",
        "total",
        "facets",
        "took",
        "plan",
        "partial",
        "page",
        "understood",
        "spelling",
        "corrected",
    }
    assert set(body["took"]) == {"extract", "solr", "total"}
    assert set(body["plan"]) == {"way", "mode", "reason", "exact", "candidates", "matching", "requests", "embedding"}
    assert body["facets"] == {"color": [{"value": "red", "count": 2}, {"value": "blue", "count": 1}]}
    assert body["hits"] == [
        {
            "id": "a/b ü",
            "product_id": "p1",
            "title": "Red dress",
            "image": "/v1/products/a%2Fb%20%C3%BC/image",
            "attributes": {"color": "red", "price": 20.5},
            "score": 0.75,
            "distance": 12.5,
            "box": None,
        }
    ]
    part = hit(box=(0.1, 0.2, 0.3, 0.4), label="chair", region="a/b ü#region-1")
    assert {name: to_json(result(part))["hits"][0][name] for name in ("id", "box", "label", "region")} == {
        "id": "a/b ü",
        "box": (0.1, 0.2, 0.3, 0.4),
        "label": "chair",
        "region": "a/b ü#region-1",
    }
    assert msgspec.convert(body, ResultForm).page == "next"


def test_a_picture_elsewhere_keeps_its_address(client: FlaskClient, engine: FakeEngine) -> None:
    engine.answer = result(hit(image="https://pictures.example/1.jpg"), hit("2", image=None))
    hits = client.post("/v1/search", json={"q": "dress"}).get_json()["hits"]
    assert [each["image"] for each in hits] == ["https://pictures.example/1.jpg", None]


def test_parts_of_the_score_come_when_asked_for() -> None:
    parts = (Part("text", 0.6, 0.5, 0.3), Part("similarity", 0.4, 0.5, 0.2, "p7"))
    explained = Explanation(parts, (Agreement("color", "red", "words"),), bm25=3.0)
    shown = to_json(result(hit(explain=explained)))
    assert shown["hits"][0]["explain"] == {
        "parts": [
            {"name": "text", "value": 0.6, "weight": 0.5, "share": 0.3},
            {"name": "similarity", "value": 0.4, "weight": 0.5, "share": 0.2, "of": "p7"},
        ],
        "agrees": [{"field": "color", "value": "red", "by": "words"}],
        "bm25": 3.0,
        "text": 0.6,
        "text_weight": 0.5,
    }
    assert shown["hits"][0]["image"] == "images/red.jpg"


def test_approximate_plans_say_so() -> None:
    plan = to_json(replace(result(), plan=Plan(Way.TAIL, "why", candidates=200)))["plan"]
    assert (plan["mode"], plan["exact"], plan["candidates"]) == ("approximate", False, 200)


@pytest.mark.parametrize("odd", [math.nan, math.inf, -math.inf])
def test_no_number_that_json_lacks(client: FlaskClient, engine: FakeEngine, odd: float) -> None:
    engine.answer = result(
        hit(
            score=odd,
            distance=odd,
            attributes={"price": odd},
            explain=Explanation((Part("image", odd, 1.0, odd),), bm25=odd),
        )
    )
    response = client.post("/v1/search", json={"q": "dress"})

    def refuse(name: str) -> None:
        raise AssertionError(f"{name} in the answer")

    found = json.loads(response.text, parse_constant=refuse)["hits"][0]
    assert (found["distance"], found["attributes"]["price"]) == (None, None)
    assert "NaN" not in json.dumps(to_json(engine.answer)) and "Infinity" not in json.dumps(to_json(engine.answer))


@pytest.mark.parametrize("as_file", [False, True])
def test_multipart(client: FlaskClient, engine: FakeEngine, as_file: bool) -> None:
    query = b'{"q": "dress"}'
    part: Any = (io.BytesIO(query), "query.json", "application/json") if as_file else query.decode()
    response = client.post("/v1/search", data={"image": file(), "query": part})
    assert response.status_code == 200
    request, image = engine.asked[0]
    assert (request.q, image) == ("dress", PIXELS)


def test_a_picture_in_base64(client: FlaskClient, engine: FakeEngine) -> None:
    encoded = base64.b64encode(PIXELS).decode()
    assert client.post("/v1/search", json={"q": "dress", "image": encoded}).status_code == 200
    assert engine.asked[0][0].image == PIXELS


def test_a_picture_alone(client: FlaskClient, engine: FakeEngine) -> None:
    assert client.post("/v1/search", data={"image": file()}).status_code == 200
    assert engine.asked[0][1] == PIXELS


def test_a_file_input_left_empty_is_no_picture(client: FlaskClient, engine: FakeEngine) -> None:
    boundary = "b"
    body = (
        f'--{boundary}\r\nContent-Disposition: form-data; name="image"; filename=""\r\n\r\n\r\n'
        f'--{boundary}\r\nContent-Disposition: form-data; name="query"\r\n\r\n{{"q":"x"}}\r\n--{boundary}--\r\n'
    )
    response = client.post("/v1/search", data=body, content_type=f"multipart/form-data; boundary={boundary}")
    assert response.status_code == 200
    assert engine.asked[0][1] is None


@pytest.mark.parametrize(
    ("sent", "status", "says"),
    [
        ({"data": b"", "content_type": "application/json"}, 400, "no body"),
        ({}, 400, "multipart/form-data"),
        ({"data": b"{bad", "content_type": "application/json"}, 400, "not JSON"),
        ({"data": b"[1]", "content_type": "application/json"}, 400, "object"),
        ({"data": b'{"q": NaN}', "content_type": "application/json"}, 400, "not JSON"),
        ({"data": b'{"max_distance": 1e400}', "content_type": "application/json"}, 400, "out of range"),
        ({"data": b'{"q": "\xff"}', "content_type": "application/json"}, 400, "utf-8"),
        ({"json": {"q": "x", "nope": 1}}, 400, "accepted: q, image"),
        ({"json": {"q": "x", "image": "not base64!"}}, 400, "base64"),
        ({"data": b"q=x", "content_type": "application/x-www-form-urlencoded"}, 415, "application/json"),
        ({"data": b"q=x", "content_type": "text/plain"}, 415, "application/json"),
        ({"data": b"q=x"}, 415, "application/json"),
        ({"data": b"x", "content_type": "multipart/form-data"}, 400, "neither"),
        ({"data": {"image": "text"}, "content_type": "multipart/form-data"}, 400, "as a file"),
        ({"data": {"picture": file()}}, 400, "'picture'"),
        ({"data": {"image": [file(), file()]}}, 400, "2 parts"),
        ({"data": {"image": file(), "query": "{"}}, 400, "not JSON"),
    ],
)
def test_what_cannot_be_read_says_what_is_accepted(
    client: FlaskClient, engine: FakeEngine, sent: dict[str, Any], status: int, says: str
) -> None:
    response = client.post("/v1/search", **sent)
    assert response.status_code == status
    assert response.mimetype == "application/problem+json"
    assert says.lower() in response.get_json(force=True)["detail"].lower()
    assert not engine.asked


@pytest.mark.parametrize("member", ["image", "query"])
def test_an_upload_over_the_limit(client: FlaskClient, engine: FakeEngine, member: str) -> None:
    response = post_part(client, f'name="{member}"; filename="a"', bytes(11 << 20))
    assert response.status_code == 413
    assert response.mimetype == "application/problem+json"
    assert "11.0 MiB; at most 10.0 MiB" in response.get_json(force=True)["detail"]
    assert not engine.asked


def test_json_over_its_limit(client: FlaskClient) -> None:
    response = client.post("/v1/search", data=b'{"q":"' + bytes(11 << 20), content_type="application/json")
    assert response.status_code == 413
    assert "at most 10.0 MiB" in response.get_json(force=True)["detail"]


def test_text_in_a_form_over_its_limit(client: FlaskClient) -> None:
    response = post_part(client, 'name="query"', b"x" * (2 << 20))
    assert response.status_code == 413
    assert response.mimetype == "application/problem+json"
