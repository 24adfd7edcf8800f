"""Regions over HTTP: hits say which part matched, and products stay products."""

from __future__ import annotations

import base64
import io
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from flask.testing import FlaskClient
from PIL import Image

from api.app import create_app
from tests.api.browsing import counts, opened_page, sync_api
from tests.api.shop import serving
from tests.catalog.rooms import THINGS, alone, catalogue
from tests.catalog.shop import Shop
from vision.detect import Finder

if TYPE_CHECKING:
    from playwright.sync_api import Browser

pytest.importorskip("skimage")
pytestmark = pytest.mark.solr

PRODUCTS = len({id.removesuffix("-2") for id in THINGS}) + 1
REGION = "/v1/products/r1%23region-2"


@pytest.fixture(scope="module")
def rooms(solr_url: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shop]:
    folder = tmp_path_factory.mktemp("rooms")
    made = Shop(folder / "home", solr_url, "api_regions", timeout=60)
    made.index(catalogue(folder / "catalogue"), finder=Finder("saliency"), allow_missing_images=True)
    yield made
    made.drop()


@pytest.fixture
def shopper(rooms: Shop) -> FlaskClient:
    return create_app(rooms.settings).test_client()


def searched(client: FlaskClient, **asked: Any) -> dict[str, Any]:
    response = client.post("/v1/search", json={"rows": 50} | asked)
    assert response.status_code == 200, response.text
    body: dict[str, Any] = response.get_json()
    return body


def test_hits_say_which_part_matched(shopper: FlaskClient) -> None:
    found = searched(shopper, image=base64.b64encode(alone("yellow")).decode(), facets=["category"])
    assert found["total"] == len(found["hits"]) == PRODUCTS
    assert found["facets"]["category"] == [{"value": "room", "count": 6}, {"value": "thing", "count": 5}]
    by_id = {hit["id"]: hit for hit in found["hits"]}
    assert set(by_id) <= {*THINGS, "words"}
    x, y, width, height = by_id["r1"]["box"]
    assert 0.5 < x < x + width <= 1 and 0 < y < y + height <= 1
    assert (by_id["r1"]["label"], by_id["r1"]["region"]) == ("foreground", "r1#region-2")
    assert by_id["r1"]["image"] == "/v1/products/r1/image"
    assert by_id["words"]["box"] is None and not {"label", "region"} & set(by_id["words"])
    assert all("#region" not in str(hit["id"]) + hit["product_id"] for hit in found["hits"])


def test_what_is_like_a_part(shopper: FlaskClient) -> None:
    for way in ({"image_id": "r1#region-2"}, {"like": ["r1#region-2"]}):
        first = searched(shopper, **way)["hits"][0]
        assert (first["region"], first["distance"]) == ("r1#region-2", pytest.approx(0, abs=1e-5))


def test_a_regions_id_stands_for_its_picture(shopper: FlaskClient) -> None:
    product = shopper.get(REGION).get_json()
    assert (product["id"], product["product_id"]) == ("r1", "r1")
    assert product["pictures"] == [{"id": "r1", "image": "/v1/products/r1/image"}]
    assert product == shopper.get("/v1/products/r1").get_json()
    assert [each["id"] for each in shopper.get("/v1/products/r0").get_json()["pictures"]] == ["r0", "r0-2"]
    image = shopper.get(f"{REGION}/image")
    assert Image.open(io.BytesIO(image.data)).size == (320, 173)
    assert image.data == shopper.get("/v1/products/r1/image").data
    assert shopper.get("/v1/products/r9%23region-1").status_code == 404


def test_similar_products_are_others_and_once(shopper: FlaskClient) -> None:
    for id in ("r0", "r0-2", "r1", "s0", "r1%23region-1"):
        found = shopper.get(f"/v1/products/{id}/similar?rows=50").get_json()
        products = [hit["product_id"] for hit in found["hits"]]
        assert len(products) == len(set(products)) == found["total"] == PRODUCTS - 1
        assert id[:2] not in products


def test_counts_are_of_pictures_and_products(shopper: FlaskClient) -> None:
    ready = shopper.get("/readyz").get_json()
    assert ready["pictures"] == len(THINGS) + 1
    facets = shopper.get("/v1/facets").get_json()
    assert facets["total"] == PRODUCTS
    assert {each["value"]: each["count"] for each in facets["facets"]["category"]} == {"room": 6, "thing": 5}
    suggested = shopper.get("/v1/suggest?q=pho").get_json()["suggestions"]
    assert suggested[0]["text"].startswith("photo") and suggested[0]["total"] <= PRODUCTS


@pytest.mark.browser
def test_the_page_frames_the_part(rooms: Shop, browser: Browser, complaints: list[str], tmp_path: Path) -> None:
    with serving(rooms.settings) as url:
        with opened_page(browser, url, (1280, 900), complaints) as page:
            counts(page, f"{PRODUCTS} products")
            sync_api.expect(page.locator(".matched")).to_have_count(0)
            file = tmp_path / "yellow.png"
            file.write_bytes(alone("yellow"))
            page.locator("input[type=file]").first.set_input_files(str(file))
            hit = page.locator(".hit", has_text="photo of blue and yellow")
            part = hit.locator(".matched")
            sync_api.expect(part).to_be_visible()
            inner, outer = part.bounding_box(), hit.locator(".frame").bounding_box()
            assert inner is not None and outer is not None
            # The yellow square: x 290 to 430 of 480, y 60 to 200 of 260, in a square frame.
            assert (inner["x"] - outer["x"]) / outer["width"] == pytest.approx(290 / 480, abs=0.03)
            assert (inner["y"] - outer["y"]) / outer["height"] == pytest.approx((110 + 60) / 480, abs=0.03)
            assert inner["width"] / outer["width"] == pytest.approx(140 / 480, abs=0.04)
            hit.get_by_role("link", name="More like this").click()
            sync_api.expect(page.locator("#pictures")).to_contain_text("photo of blue and yellow")
            sync_api.expect(page.locator(".hit").first).to_contain_text("photo of blue and yellow")
            page.screenshot(path=str(tmp_path / "page.png"))
