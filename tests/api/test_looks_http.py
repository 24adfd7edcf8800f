"""`POST /v1/looks`: one photo, several lists; each is the one that a search by that part gives."""

from __future__ import annotations

import base64
import io
import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from flask.testing import FlaskClient

from api.app import create_app
from tests.api.fakes import FakeEngine
from tests.api.shop import Shop
from tests.detect.scenes import CIRCLE, SQUARE, room

pytest.importorskip("skimage")

PHOTO = base64.b64encode(room()).decode()


def looked(client: FlaskClient, **sent: Any) -> dict[str, Any]:
    response = client.post("/v1/looks", **sent)
    assert response.status_code == 200, response.text
    body: dict[str, Any] = response.get_json()
    assert set(body) == {"looks", "detector", "notice", "took"}
    assert all(set(look) == {"region", "result"} for look in body["looks"])
    return body


def test_each_box_is_searched_by(client: FlaskClient, engine: FakeEngine) -> None:
    boxes = [[0, 0, 0.5, 1], [0.5, 0, 0.5, 1]]
    search = {"q": "x", "rows": 3, "facets": ["color"], "filters": {"color": ["red"]}}
    body = looked(client, json={"image": PHOTO, "boxes": boxes, "search": search})
    assert [look["region"]["box"] for look in body["looks"]] == boxes
    assert (body["detector"], body["notice"]) == (None, None)
    assert [(request.crop, request.q, request.rows, image) for request, image in engine.asked] == [
        (box, "x", 3, room()) for box in boxes
    ]
    assert body["looks"][0]["result"]["hits"][0]["image"] == "/v1/products/a%2Fb%20%C3%BC/image"


def test_detected_where_no_boxes_come(client: FlaskClient, engine: FakeEngine) -> None:
    form = {"image": (io.BytesIO(room()), "p.png"), "query": json.dumps({"search": {"rows": 1}})}
    body = looked(client, data=form)
    assert [request.crop for request, _ in engine.asked] == [look["region"]["box"] for look in body["looks"]]
    assert engine.asked[0][0].crop == pytest.approx(CIRCLE, abs=0.02)
    assert engine.asked[1][0].crop == pytest.approx(SQUARE, abs=0.02)
    assert body["detector"] == "saliency" and "saliency" in body["notice"]
    assert len(looked(client, json={"image": PHOTO, "max_looks": 1})["looks"]) == 1


def test_nothing_found_is_said(client: FlaskClient) -> None:
    body = looked(client, json={"image": base64.b64encode(room(things=False)).decode()})
    assert body["looks"] == [] and body["notice"] == "saliency found nothing in the photo; give boxes"


@pytest.mark.parametrize(
    ("sent", "field", "says"),
    [
        ({}, "image", "the request has no photo"),
        ({"image": PHOTO, "upload_id": "x"}, "upload_id", "has image and upload_id"),
        ({"image": PHOTO, "boxes": []}, None, "length >= 1"),
        ({"image": PHOTO, "boxes": [[0, 0, 1, 1]] * 11}, None, "length <= 10"),
        ({"image": PHOTO, "boxes": [[0, 0, 1]]}, None, "length >= 4"),
        ({"image": PHOTO, "max_looks": 11}, None, "<= 10"),
        ({"image": PHOTO, "rows": 3}, None, "unknown field `rows`"),
        ({"image": PHOTO, "search": {"crop": [0, 0, 1, 1]}}, "search.crop", "search has crop; here the parts"),
        ({"image": PHOTO, "search": {"image_id": "a", "detect": True}}, "search.image_id", "has image_id, detect"),
        (
            {"image": PHOTO, "search": {"page": "t"}},
            "search.page",
            "send POST /v1/search the photo, the part's box as crop",
        ),
    ],
)
def test_what_is_refused(client: FlaskClient, sent: dict[str, Any], field: str | None, says: str) -> None:
    response = client.post("/v1/looks", json=sent)
    problem = response.get_json(force=True)
    assert response.status_code == 400 and problem.get("field") == field
    assert says in problem["detail"]


@pytest.mark.solr
def test_each_list_is_that_of_a_search_by_the_part(shopper: FlaskClient, shop: Shop) -> None:
    search = {"facets": ["color", "category"], "rows": 4, "filters": {"category": ["circle", "square"]}}
    body = looked(shopper, json={"image": PHOTO, "search": search})
    assert len(body["looks"]) == 2
    for look, color in zip(body["looks"], ("red", "blue"), strict=True):
        alone = {"image": PHOTO, "crop": look["region"]["box"], **search}
        expected = shopper.post("/v1/search", json=alone).get_json()
        result = look["result"]
        assert [hit["id"] for hit in result["hits"]] == [hit["id"] for hit in expected["hits"]]
        for hit, other in zip(result["hits"], expected["hits"], strict=True):
            assert hit["distance"] == pytest.approx(other["distance"], abs=1e-4)
        assert {name: result[name] for name in ("total", "facets", "partial")} == {
            name: expected[name] for name in ("total", "facets", "partial")
        }
        assert look["result"]["hits"][0]["attributes"]["color"] == color
        # 2 shapes x 4 colors x 2 sizes, of which the red circles are one product.
        assert look["result"]["total"] == 15
        assert result["page"] is None and expected["page"] is not None


@pytest.mark.solr
def test_one_part_that_cannot_be_searched_costs_no_other(shopper: FlaskClient, shop: Shop) -> None:
    body = looked(shopper, json={"image": PHOTO, "boxes": [[0.8, 0, 0.5, 1], list(CIRCLE)]})
    assert body["looks"][0]["result"]["status"] == 400 and "outside" in body["looks"][0]["result"]["detail"]
    assert body["looks"][1]["result"]["total"] == 39


@pytest.mark.solr
def test_each_part_among_its_own_categories(shop: Shop, tmp_path: Path) -> None:
    (tmp_path / "labels.json").write_text('{"foreground": ["ring", "stripes"]}')
    client = create_app(replace(shop.settings, detector_labels=tmp_path / "labels.json")).test_client()
    categories = [
        {hit["attributes"]["category"] for hit in look["result"]["hits"]}
        for narrow in (True, False)
        for look in looked(client, json={"image": PHOTO, "narrow": narrow, "search": {"rows": 40}})["looks"]
    ]
    both, every = {"ring", "stripes"}, {"circle", "square", "triangle", "ring", "stripes"}
    assert categories == [both, both, every, every]
    own = {"image": PHOTO, "narrow": True, "search": {"rows": 40, "filters": {"category": ["square"]}}}
    assert {hit["attributes"]["category"] for hit in looked(client, json=own)["looks"][0]["result"]["hits"]} == {
        "square"
    }
