from __future__ import annotations

import base64
import io
from datetime import UTC, datetime
from typing import Any

import pytest
from flask.testing import FlaskClient
from PIL import Image

from tests.api.fakes import FakeEngine, FakeWorkspace
from tests.api.shop import Shop


def photo(orientation: int = 1, size: tuple[int, int] = (600, 400)) -> bytes:
    exif = Image.Exif()
    exif[0x010F] = "A camera with a serial number"
    exif[0x0112] = orientation
    buffer = io.BytesIO()
    Image.new("RGB", size, (200, 30, 40)).save(buffer, "JPEG", exif=exif)
    return buffer.getvalue()


def ways(data: bytes) -> list[dict[str, Any]]:
    return [
        {"data": {"image": (io.BytesIO(data), "photo.jpg")}},
        {"data": data, "content_type": "image/jpeg"},
        {"json": {"image": base64.b64encode(data).decode()}},
    ]


@pytest.mark.parametrize("way", range(3))
def test_a_photo_is_kept_shown_and_deleted(client: FlaskClient, workspace: FakeWorkspace, way: int) -> None:
    response = client.post("/v1/images", **ways(photo(6))[way])
    assert response.status_code == 201
    body = response.get_json()
    assert (body["width"], body["height"]) == (400, 600)
    ends = datetime.fromisoformat(body["expires"]) - datetime.now(UTC)
    assert 3590 < ends.total_seconds() <= 3600
    address = response.headers["Location"]
    assert address == f"/v1/images/{body['upload_id']}"
    assert b"serial number" not in workspace.uploads().read(body["upload_id"])

    shown = client.get(f"{address}?w=96")
    assert shown.mimetype == "image/jpeg" and shown.headers["Cache-Control"] == "private, no-cache"
    with Image.open(io.BytesIO(shown.data)) as image:
        assert image.size == (96, 144) and not image.getexif()
    again = client.get(f"{address}?w=90", headers={"If-None-Match": shown.headers["ETag"]})
    assert again.status_code == 304

    deleted = client.delete(address)
    assert (deleted.status_code, deleted.data) == (204, b"")
    for method in ("GET", "DELETE"):
        gone = client.open(address, method=method)
        assert gone.status_code == 404
        assert gone.mimetype == "application/problem+json"
        assert gone.get_json(force=True)["field"] == "upload_id"
        assert "uploads go after 3,600 seconds" in gone.get_json(force=True)["detail"]


@pytest.mark.parametrize(
    ("sent", "status", "says"),
    [
        ({"data": b"%PDF-1.7", "content_type": "image/jpeg"}, 422, "a PDF document"),
        ({"data": b"", "content_type": "image/jpeg"}, 422, "empty"),
        ({"data": b"", "content_type": "application/json"}, 400, "no body; accepted: multipart"),
        ({"data": b"{", "content_type": "application/json"}, 400, "image/*"),
        ({"json": {"picture": "aGk="}}, 400, "unknown field `picture`"),
        ({"data": {"picture": (io.BytesIO(b"x"), "x")}}, 400, "'picture'"),
        ({"data": {"image": "text"}, "content_type": "multipart/form-data"}, 400, "as a file"),
        ({"data": b"x", "content_type": "multipart/form-data"}, 400, "no 'image'"),
        ({"data": b"x", "content_type": "text/plain"}, 415, "image/*"),
        ({"data": bytes(11 << 20), "content_type": "image/jpeg"}, 413, "at most 10.0 MiB"),
    ],
)
def test_what_is_not_kept(client: FlaskClient, sent: dict[str, Any], status: int, says: str) -> None:
    response = client.post("/v1/images", **sent)
    assert response.status_code == status
    assert response.mimetype == "application/problem+json"
    assert says in response.get_json(force=True)["detail"]


def test_a_search_names_its_upload(client: FlaskClient, engine: FakeEngine) -> None:
    assert client.post("/v1/search", json={"upload_id": "u", "crop": [0, 0, 0.5, 1]}).status_code == 200
    assert engine.asked[0][0].upload_id == "u"


@pytest.mark.solr
@pytest.mark.parametrize("crop", [None, [0.1, 0.2, 0.5, 0.5]])
def test_by_upload_is_the_same_search_as_by_file(shopper: FlaskClient, shop: Shop, crop: list[float] | None) -> None:
    data = shop.photo("blue-ring-2.jpg")
    upload_id = shopper.post("/v1/images", **ways(data)[0]).get_json()["upload_id"]
    by_file, by_upload = (
        shopper.post("/v1/search", json={"crop": crop, "rows": 39, **each}).get_json()
        for each in ({"image": base64.b64encode(data).decode()}, {"upload_id": upload_id})
    )
    assert by_upload["hits"] == by_file["hits"] and len(by_file["hits"]) == 39
    if crop is None:
        assert by_upload["hits"][0]["id"] == "blue-ring-2" and by_upload["hits"][0]["distance"] < 1e-6


@pytest.mark.solr
def test_pages_of_a_search_by_upload(shopper: FlaskClient, shop: Shop) -> None:
    upload_id = shopper.post("/v1/images", **ways(shop.photo("red-square-1.jpg"))[1]).get_json()["upload_id"]
    seen: list[str] = []
    page: str | None = None
    while page is not None or not seen:
        body = shopper.post("/v1/search", json={"upload_id": upload_id, "rows": 10, "page": page}).get_json()
        seen += [each["id"] for each in body["hits"]]
        page = body["page"]
    assert len(seen) == len(set(seen)) == 39


@pytest.mark.solr
def test_a_search_by_an_upload_that_is_gone(shopper: FlaskClient) -> None:
    response = shopper.post("/v1/search", json={"upload_id": "x" * 32})
    assert response.status_code == 404
    assert response.get_json(force=True)["field"] == "upload_id"
    both = shopper.post("/v1/search", json={"upload_id": "x" * 32, "image_id": "y"})
    assert both.status_code == 400 and "image_id and upload_id" in both.get_json(force=True)["detail"]
