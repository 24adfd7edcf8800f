"""Which parts are alike, over HTTP, with the network that comes with the package."""

from __future__ import annotations

import io

import numpy as np
import pytest
from flask.testing import FlaskClient
from PIL import Image

from api.app import create_app
from tests.api.shop import Shop, index_shop
from vision import extractors

pytestmark = pytest.mark.solr


@pytest.mark.model
@pytest.mark.parametrize(
    ("name", "weights", "size"), [("compact", None, (4, 320)), ("mobilenet_v2", "random:0", (7, 1280))]
)
def test_a_vector_is_the_mean_over_the_map(name: str, weights: str | None, size: tuple[int, int]) -> None:
    extractor = extractors.load(name, weights=weights)
    assert isinstance(extractor, extractors.SpatialExtractor)
    pixels = np.random.default_rng(0).integers(256, size=(3, 80, 60, 3), dtype=np.uint8)
    pictures = [Image.fromarray(each) for each in pixels]
    maps = extractor.maps(pictures)
    assert maps.shape == (3, size[0], size[0], size[1])
    if name != "compact":  # whose vector is a projection of it
        np.testing.assert_allclose(maps.mean(axis=(1, 2)), extractor.extract(pictures), rtol=1e-3, atol=1e-9)


def test_vectors_without_places_are_refused(shopper: FlaskClient, shop: Shop) -> None:
    photo = io.BytesIO(shop.photo("blue-ring-2.jpg"))
    refused = shopper.post("/v1/products/red-ring-2/why", data={"image": (photo, "photo.jpg")})
    assert refused.status_code == 409 and "which have no places in a picture" in refused.get_json(force=True)["detail"]


def test_the_picture(solr_url: str, tmp_path_factory: pytest.TempPathFactory) -> None:
    other = index_shop(solr_url, tmp_path_factory.mktemp("compact"), collection="shop_compact", extractor="compact")
    client = create_app(other.settings).test_client()
    shown = client.post("/v1/products/blue-ring-1/why", json={"image_id": "blue-ring-2"})
    assert shown.status_code == 200 and shown.mimetype == "image/png"
    with Image.open(io.BytesIO(shown.data)) as drawn:
        assert drawn.height == 420 and drawn.width > 420
    for body, status in (
        ({}, 400),
        ({"image_id": "nobody"}, 404),
        ({"image_id": "blue-ring-2", "upload_id": "x"}, 400),
    ):
        assert client.post("/v1/products/blue-ring-1/why", json=body).status_code == status
