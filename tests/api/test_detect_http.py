"""`POST /v1/detect`, and `detect` in a search, on drawn photos and by saliency."""

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
from tests.api.fakes import FakeEngine, FakeWorkspace
from tests.api.shop import Shop
from tests.detect.scenes import CIRCLE, SQUARE, room
from vision.errors import BadSetting
from vision.search.model import Searched
from vision.settings import Settings

pytest.importorskip("skimage")


def file(data: bytes) -> dict[str, Any]:
    return {"data": {"image": (io.BytesIO(data), "photo.png")}}


def detected(client: FlaskClient, **sent: Any) -> dict[str, Any]:
    response = client.post("/v1/detect", **sent)
    assert response.status_code == 200, response.text
    body: dict[str, Any] = response.get_json()
    assert set(body) == {"regions", "detector", "notice"}
    return body


def test_a_photo_however_it_comes(client: FlaskClient, workspace: FakeWorkspace) -> None:
    # Solr is not asked, so it need not be there.
    workspace.error = RuntimeError("no engine is needed")
    upload_id = client.post("/v1/images", data=room(turned=True), content_type="image/png").get_json()["upload_id"]
    ways = (
        file(room()),
        {"json": {"image": base64.b64encode(room()).decode()}},
        {"json": {"upload_id": upload_id}},
    )
    first, *others = (detected(client, **way) for way in ways)
    assert first["detector"] == "saliency" and "saliency" in first["notice"]
    circle, square = first["regions"]
    assert set(circle) == {"box", "label", "score", "categories"}
    assert (circle["label"], circle["categories"]) == ("foreground", [])
    assert circle["box"] == pytest.approx(CIRCLE, abs=0.02) and square["box"] == pytest.approx(SQUARE, abs=0.02)
    assert others == [first, first]


def test_nothing_is_an_answer(client: FlaskClient) -> None:
    assert detected(client, **file(room(things=False)))["regions"] == []


@pytest.mark.parametrize(
    ("sent", "status", "says"),
    [
        ({"json": {}}, 400, "the request has no photo; give one of image, image_url, upload_id"),
        ({"json": {"image": "", "upload_id": "x"}}, 400, "has image and upload_id; give one of"),
        ({"json": {"image": "!"}}, 400, "not understood"),
        ({"json": {"crop": [0, 0, 1, 1]}}, 400, "unknown field `crop`"),
        ({"json": {"upload_id": "x"}}, 404, "no upload 'x' is kept"),
        ({"json": {"image_url": "http://shop.example/a.jpg"}}, 400, "image_url is off here"),
        (file(b"no picture"), 422, "not a picture that can be read"),
        ({"data": b"", "content_type": "application/json"}, 400, "no body"),
        ({"data": b"x", "content_type": "image/jpeg"}, 415, "multipart/form-data"),
    ],
)
def test_what_is_refused(client: FlaskClient, sent: dict[str, Any], status: int, says: str) -> None:
    response = client.post("/v1/detect", **sent)
    assert response.status_code == status and response.mimetype == "application/problem+json"
    assert says in response.get_json(force=True)["detail"]


def test_limits_and_keys_are_those_of_every_route(workspace: FakeWorkspace, tmp_path: Path) -> None:
    keys = tmp_path / "keys.json"
    keys.write_text(json.dumps({"shopper": ["shopper-key-0123456789"]}))
    guarded = create_app(Settings(home=tmp_path, api_keys=keys, max_upload_mb=1), workspace).test_client()
    for route in ("/v1/detect", "/v1/looks"):
        assert guarded.post(route, json={}).status_code == 401
        key = {"X-API-Key": "shopper-key-0123456789"}
        assert guarded.post(route, json={}, headers=key).status_code == 400
        assert guarded.post(route, json={}, headers=key | {"Origin": "https://elsewhere.example"}).status_code == 403
        large = {"image": base64.b64encode(bytes(1 << 20)).decode()}
        assert guarded.post(route, json=large, headers=key).status_code == 413


def test_labels_of_the_catalogue(tmp_path: Path) -> None:
    (tmp_path / "labels.json").write_text('{"foreground": ["dress"]}')
    workspace = FakeWorkspace(tmp_path)
    workspace.settings = replace(workspace.settings, detector="saliency", detector_labels=tmp_path / "labels.json")
    found = detected(create_app(workspace.settings, workspace).test_client(), **file(room()))
    assert [region["categories"] for region in found["regions"]] == [["dress"], ["dress"]]


def test_a_detector_that_cannot_be(tmp_path: Path) -> None:
    workspace = FakeWorkspace(tmp_path)
    workspace.settings = replace(workspace.settings, detector="rcnn")
    with pytest.raises(BadSetting, match="there is no detector 'rcnn'"):
        create_app(workspace.settings, workspace)
    workspace.settings = replace(workspace.settings, detector="yolox:none.onnx")
    response = create_app(workspace.settings, workspace).test_client().post("/v1/detect", **file(room()))
    assert response.status_code == 503 and "no model file at none.onnx" in response.get_json(force=True)["detail"]


def test_the_part_is_in_the_answer_of_a_search(client: FlaskClient, engine: FakeEngine) -> None:
    assert not isinstance(engine.answer, Exception)
    region = Searched((0.1, 0.2, 0.3, 0.4), "chair", 0.9, "yolox", None)
    engine.answer = replace(engine.answer, region=region)
    body = client.post("/v1/search", **file(room())).get_json()
    assert body["region"] == {"box": [0.1, 0.2, 0.3, 0.4], "label": "chair", "score": 0.9, "detector": "yolox"}


@pytest.mark.solr
def test_a_search_by_the_thing_is_the_search_by_its_box(shopper: FlaskClient, shop: Shop) -> None:
    image = base64.b64encode(room()).decode()
    found = shopper.post("/v1/search", json={"image": image, "detect": True, "rows": 5}).get_json()
    region = found.pop("region")
    assert (region["label"], region["detector"]) == ("foreground", "saliency") and region["notice"]
    assert region["box"] == pytest.approx(CIRCLE, abs=0.02)
    cropped = shopper.post("/v1/search", json={"image": image, "crop": region["box"], "rows": 5}).get_json()
    assert "region" not in cropped
    assert found["hits"] == cropped["hits"] and found["total"] == cropped["total"] == 39
    assert found["hits"][0]["attributes"]["color"] == "red"
    # The next page finds the same part again.
    page = {"image": image, "detect": True, "rows": 5, "page": found["page"]}
    further = shopper.post("/v1/search", json=page).get_json()
    assert further["region"] == region
    assert (
        further["hits"]
        == shopper.post("/v1/search", json={"image": image, "crop": region["box"], "rows": 5, "start": 5}).get_json()[
            "hits"
        ]
    )
    refused = shopper.post("/v1/search", json={"image": image, "detect": True, "crop": [0, 0, 1, 1]})
    assert refused.status_code == 400 and refused.get_json(force=True)["field"] == "detect"
