"""`/v1/queries` and `/v1/status` on a real Solr: what is shown is what was sent, and running it gives the same."""

from __future__ import annotations

import io
import json
import subprocess
from dataclasses import replace
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl

import pytest
import requests
from flask.testing import FlaskClient

from api.app import create_app
from tests.api.fakes import FakeEngine, FakeWorkspace, hit, result
from tests.api.shop import Shop
from vision.search.comparison import compare
from vision.search.model import Mode, Query

pytestmark = pytest.mark.solr


@pytest.fixture
def client(shop: Shop) -> FlaskClient:
    return create_app(shop.settings).test_client()


def searched(client: FlaskClient, **body: Any) -> tuple[dict[str, Any], dict[str, Any]]:
    """An answer, and what is kept of its search."""
    answer = client.post("/v1/search", json=body)
    listed = client.get("/v1/queries").get_json()
    return answer.get_json(), client.get(f"/v1/queries/{listed['queries'][0]['id']}").get_json()


def test_a_search_is_kept_with_its_plan_and_not_its_photo(client: FlaskClient, shop: Shop) -> None:
    data = {"image": (io.BytesIO(shop.photo("red-ring-1.jpg")), "photo.jpg"), "query": '{"q": "ring"}'}
    answer = client.post("/v1/search", data=data).get_json()
    [query] = client.get("/v1/queries").get_json()["queries"]
    assert (query["words"], query["by"], query["total"]) == ("ring", ["photo"], answer["total"])
    assert query["way"] == answer["plan"]["way"] and query["reason"] == answer["plan"]["reason"]
    assert query["took"] == answer["took"]
    detail = client.get(f"/v1/queries/{query['id']}")
    assert detail.get_json()["plan"] == answer["plan"]
    assert detail.get_json()["request"] == {"q": "ring"}


@pytest.mark.parametrize(
    "body",
    [
        {"q": 'it\'s a "red" $ring', "spelling": "off"},
        {"image_id": "green-ring-1", "mode": "approximate"},
        {"image_id": "blue-circle-2", "q": "circle", "filters": {"color": ["blue", "green"]}, "facets": ["color"]},
        {"image_id": "red-square-1", "max_distance": 0.5},
    ],
)
def test_the_copied_command_gives_the_same_products(client: FlaskClient, body: dict[str, Any]) -> None:
    answer, detail = searched(client, **body)
    sent = detail["sent"][-1]
    done = subprocess.run(["bash", "-c", sent["curl"]], capture_output=True, check=True)
    found = json.loads(done.stdout)
    given = [each["id"] for each in answer["hits"]]
    ids = [each["id"] for each in found["response"]["docs"]]
    # Candidates are asked for with one more after the page (docs/queries.md).
    assert ids[: len(given)] == given and len(ids) - len(given) == (answer["plan"]["way"] == "approximate")
    url = sent["curl"].split("'")[1]
    again = requests.post(url, data=parse_qsl(sent["parameters"], keep_blank_values=True), timeout=30).json()
    assert again["response"]["docs"] == found["response"]["docs"]
    assert all("[…]" not in text for text in (sent["curl"], sent["parameters"]))
    if "image_id" in body:
        assert any("[…]" in each["value"] for each in sent["shown"])


def test_the_list_is_narrowed_and_ordered(client: FlaskClient) -> None:
    for body in ({"q": "ring"}, {"image_id": "green-ring-1"}, {"q": "*"}, {"image_id": "nobody"}):
        client.post("/v1/search", json=body)
    client.get("/v1/facets")
    everything = client.get("/v1/queries").get_json()
    assert [each["way"] for each in everything["queries"]] == ["failed", "browse", "exact", "text"]
    assert everything["kept"] == 4 and {each["way"]: each["count"] for each in everything["ways"]} == {
        "browse": 1,
        "exact": 1,
        "text": 1,
        "failed": 1,
    }
    assert sum(each["count"] for each in everything["latency"]["bars"]) == 3
    [failed] = client.get("/v1/queries?errors=true").get_json()["queries"]
    assert failed["error"]["kind"] == "NotFound" and "nobody" in failed["error"]["detail"]
    assert [each["words"] for each in client.get("/v1/queries?way=text").get_json()["queries"]] == ["ring"]
    took = [each["took"]["total"] for each in client.get("/v1/queries?sort=took").get_json()["queries"]]
    assert took == sorted(took, reverse=True)
    slow = client.get(f"/v1/queries?slower={took[1]}").get_json()
    assert slow["matching"] == 2 and slow["kept"] == 4
    assert len(client.get("/v1/queries?of=slowest&rows=2").get_json()["queries"]) == 2
    for wrong in ("way=sideways", "sort=color", "rows=0", "slower=x", "of=all"):
        refused = client.get(f"/v1/queries?{wrong}")
        assert refused.status_code == 400, wrong
    assert client.delete("/v1/queries").status_code == 204
    assert client.get("/v1/queries").get_json()["kept"] == 0
    assert client.get(f"/v1/queries/{failed['id']}").status_code == 404


def test_searches_of_a_batch_are_kept_each(client: FlaskClient) -> None:
    client.post("/v1/search/batch", json={"searches": [{"q": "ring"}, {"image_id": "nobody"}, {"q": "circle"}]})
    found = client.get("/v1/queries").get_json()["queries"]
    assert sorted((each["words"] or "", each["way"]) for each in found) == [
        ("", "failed"),
        ("circle", "text"),
        ("ring", "text"),
    ]


def test_running_it_again_tells_what_the_approximation_missed(client: FlaskClient) -> None:
    _, same = searched(client, image_id="green-ring-1", rows=5)
    both = client.get(f"/v1/queries/{same['query']['id']}/comparison").get_json()
    assert both["identical"] and both["recall"] == 1.0
    assert (both["exact"]["plan"]["way"], both["approximate"]["plan"]["way"]) == ("exact", "approximate")
    oracle = client.post("/v1/search", json={"image_id": "green-ring-1", "rows": 5, "mode": "exact"}).get_json()
    assert [each["hit"]["id"] for each in both["exact"]["hits"]] == [each["id"] for each in oracle["hits"]]
    _, failed = searched(client, image_id="nobody")
    assert client.get(f"/v1/queries/{failed['query']['id']}/comparison").status_code == 409
    kept = client.get("/v1/queries").get_json()["kept"]
    assert kept == 3  # the comparison itself is not kept


def test_a_missed_product_is_marked() -> None:
    class Two(FakeEngine):
        def run(self, query: Query, sent: object = None) -> Any:
            names = "abc" if query.mode is Mode.EXACT else "acd"
            return result(*(hit(name, product_id=name) for name in names))

    workspace = FakeWorkspace(Path("/nowhere"))
    found = compare(Two(workspace.fake_client, workspace.store()), Query(text="x"))
    assert found.exact.places == (1, None, 2) and found.approximate.places == (1, 3, None)
    assert found.recall == pytest.approx(2 / 3) and not found.identical


def test_nothing_is_kept_where_that_is_wanted(shop: Shop) -> None:
    client = create_app(replace(shop.settings, recent_queries=0)).test_client()
    client.post("/v1/search", json={"q": "ring"})
    assert client.get("/v1/queries").get_json()["size"] == 0
    assert client.get("/v1/queries").get_json()["queries"] == []
    assert "Searches are not kept" in client.get("/engine/queries").text


def test_status_counts_what_is_there(client: FlaskClient) -> None:
    found = client.get("/v1/status").get_json()
    assert found["health"]["ready"] and found["missing"] == []
    assert found["collection"] == {
        "name": "api-shop",
        "documents": 40,
        "products": 39,
        "pictures": 40,
        "regions": 0,
        "without_vector": 0,
    }
    assert found["embedding"]["fingerprint"] == found["health"]["fingerprint"]
    assert found["embedding"]["coarse_dims"] == 256 and found["embedding"]["calibration"] is None
    assert found["solr"]["version"].startswith("9.") and found["solr"]["admin"] is None
    assert 0 < found["solr"]["heap_used"] < found["solr"]["heap_max"]
    index = found["index"]
    assert (index["documents"], index["deleted"], index["segments"]) == (40, 0, 1)
    sizes = {each["kind"]: each["bytes"] for each in index["sizes"]}
    # 40 vectors of 1024 float32 and of 256 int8.
    assert 40 * (4096 + 256) <= sizes["vectors"] < 1.1 * 40 * (4096 + 256)
    assert sum(sizes.values()) == pytest.approx(index["bytes"], rel=0.05)
    assert {each["name"] for each in index["caches"]} >= {"filterCache", "queryResultCache"}
    settings = {each["name"]: each for each in found["settings"]}
    assert settings["collection"]["value"] == "api-shop" and settings["collection"]["origin"] == "command"
    assert settings["candidates"] == settings["candidates"] | {"value": None, "origin": "default"}


def test_status_says_why_where_solr_is_gone(shop: Shop) -> None:
    gone = replace(shop.settings, solr_url="http://eva:s3cret@127.0.0.1:9/solr")
    answer = create_app(gone).test_client().get("/v1/status")
    found = answer.get_json()
    assert answer.status_code == 200 and not found["health"]["ready"]
    assert {each["part"] for each in found["missing"]} == {"collection", "embedding", "solr", "index"}
    assert all("did not answer" in each["reason"] for each in found["missing"])
    settings = {each["name"]: each["value"] for each in found["settings"]}
    assert settings["solr_url"] == "http://127.0.0.1:9/solr"
    assert "s3cret" not in answer.text
