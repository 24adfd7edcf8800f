"""The web API over a collection that is not ours."""

from __future__ import annotations

import io

import pytest
from PIL import Image

from api.app import create_app
from tests.install.conftest import NewTheirs

pytestmark = pytest.mark.solr


def test_the_web_api_speaks_of_their_fields_as_of_ours(new_theirs: NewTheirs) -> None:
    theirs = new_theirs(12)
    assert theirs.install().exit_code == 0
    client = create_app(theirs.settings).test_client()
    product = client.get("/v1/products/sku-00007").get_json()
    assert (product["title"], product["description"]) == ("green thing number 7", "made of wood")
    assert product["attributes"] == {"category": "table", "color": ["red", "blue"], "price": 7.5, "in_stock": True}
    shown = client.get("/v1/products/sku-00007/image?w=96")
    assert shown.status_code == 200
    with Image.open(io.BytesIO(shown.data)) as picture:
        assert picture.width <= 96
    facets = client.get("/v1/facets").get_json()
    assert set(facets["facets"]) == {"category", "color", "in_stock"}
    assert facets["ranges"] == {"price": {"min": 0.5, "max": 11.5}}
    similar = client.get("/v1/products/sku-00007/similar?rows=3").get_json()
    assert len(similar["hits"]) == 3 and similar["total"] == 11
    found = client.post("/v1/search", json={"q": "thing", "language": "de", "rows": 2, "sort": "price"}).get_json()
    assert [hit["id"] for hit in found["hits"]] == ["sku-00000", "sku-00001"]
    wrong = client.post("/v1/search", json={"q": "thing", "facets": ["brand"]})
    assert wrong.status_code == 400
    assert "no field is mapped to 'brand'; accepted: category, color, in_stock" in wrong.get_json()["detail"]
