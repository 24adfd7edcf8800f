"""`/metrics` counts what was done, is for who may see it, and grows with nothing that a caller chooses."""

from __future__ import annotations

import json
import random
import threading
from pathlib import Path

import pytest
from flask.testing import FlaskClient
from prometheus_client.parser import text_string_to_metric_families

from api.app import create_app
from api.observing import metrics
from tests.api.fakes import FakeEngine, FakeWorkspace, hit, result
from tests.api.shop import Shop
from vision.errors import SolrUnavailable
from vision.jobs.model import State
from vision.settings import Settings

SHOPPER, ENGINEER = "shopper-key-0123456789", "engineer-key-0123456789"
PREFIX = "visual_search_"
Samples = dict[tuple[str, frozenset[tuple[str, str]]], float]


def samples(client: FlaskClient) -> Samples:
    text = client.get("/metrics").text
    return {
        (each.name.removeprefix(PREFIX), frozenset(each.labels.items())): each.value
        for family in text_string_to_metric_families(text)
        for each in family.samples
    }


def value(found: Samples, name: str, **labels: str) -> float:
    return found.get((name, frozenset(labels.items())), 0.0)


def test_requests_are_counted_by_route_method_and_status(client: FlaskClient, engine: FakeEngine) -> None:
    for _ in range(3):
        client.post("/v1/search", json={"q": "x"})
    client.post("/v1/search", json={"nonsense": 1})
    engine.answer = SolrUnavailable("no connection")
    client.post("/v1/search", json={"q": "x"})
    client.post("/v1/search", json={"q": "x"}, headers={"Sec-Fetch-Site": "cross-site"})
    client.get("/v1/search")
    client.get("/v1/products/one")
    client.get("/v1/products/another")
    found = samples(client)
    search = {"route": "/v1/search", "method": "POST"}
    assert value(found, "requests_total", **search, status="200") == 3
    assert value(found, "requests_total", **search, status="400") == 1
    assert value(found, "requests_total", **search, status="503") == 1
    assert value(found, "requests_total", **search, status="403") == 1
    assert value(found, "requests_total", route="none", method="GET", status="405") == 1
    assert value(found, "requests_total", route="/v1/products/<id:id>", method="GET", status="404") == 2
    assert value(found, "request_seconds_count", route="/v1/search") == 6
    assert value(found, "requests_in_hand") == 1  # the one that asks


def test_the_queue_is_looked_at_when_asked(workspace: FakeWorkspace) -> None:
    app = create_app(workspace.settings, workspace)
    waiting = [1, 2, 3]
    metrics.of(app).watch_queue(lambda: len(waiting), lambda: 7)
    found = samples(app.test_client())
    assert value(found, "requests_queued") == 3
    assert value(found, "requests_refused_total") == 7
    assert value(found, "solr_retries_total") == 0
    waiting.clear()
    assert value(samples(app.test_client()), "requests_queued") == 0


def test_requests_in_hand(workspace: FakeWorkspace) -> None:
    app, entered, leave = create_app(workspace.settings, workspace), threading.Barrier(4), threading.Event()

    @app.get("/slow")
    def slow() -> str:
        entered.wait(10)
        leave.wait(10)
        return "done"

    asking = [threading.Thread(target=lambda: app.test_client().get("/slow")) for _ in range(3)]
    for each in asking:
        each.start()
    entered.wait(10)
    assert value(samples(app.test_client()), "requests_in_hand") == 4
    leave.set()
    for each in asking:
        each.join(10)
    assert value(samples(app.test_client()), "requests_in_hand") == 1


SEED = 10


def test_no_caller_can_make_labels(client: FlaskClient, engine: FakeEngine) -> None:
    """A thousand requests with everything chosen by the caller: as many series as before."""
    engine.answer = result(hit())
    chance = random.Random(SEED)

    def odd() -> str:
        return "".join(chance.choice("abcäø漢%'\"\\{}=,;<>0189 ") for _ in range(chance.randint(1, 40))) or "x"

    def ask() -> None:
        path = chance.choice(
            ["/v1/products/{}", "/v1/images/{}", "/{}", "/v1/{}", "/v1/jobs/{}", "/static/{}", "/v1/suggest?q={}"]
        )
        method = chance.choice(["GET", "POST", "DELETE", "BREW", "X" * chance.randint(1, 30)])
        headers = {
            name: odd().encode("ascii", "replace").decode()
            for name in ("X-Request-Id", "User-Agent", "X-API-Key", "Host-X")
        }
        client.open(
            path.format(odd()),
            method=method,
            headers=headers,
            json={"q": odd(), "mode": odd(), "filters": {odd(): [odd()]}},
        )
        client.post("/v1/search", json={"q": odd()}, headers=headers)

    for _ in range(200):
        ask()
    before = set(samples(client))
    for _ in range(1000):
        ask()
    after = set(samples(client))
    known = {str(rule) for rule in client.application.url_map.iter_rules()} | {metrics.NOWHERE}
    labels = {labels for _, labels in after}
    routes = {text for each in labels for name, text in each if name == "route"}
    methods = {text for each in labels for name, text in each if name == "method"}
    assert routes <= known, f"seed {SEED}: {routes - known}"
    assert methods <= {"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", metrics.OTHER}, f"seed {SEED}"
    # Rare pairs of route and status may still come; a thousand requests with words of their own would add thousands.
    assert len(after - before) <= 30, f"seed {SEED}: {sorted(after - before, key=str)[:10]}"


def test_the_homes_uploads_and_jobs(shop: Shop) -> None:
    client = create_app(shop.settings).test_client()
    before = samples(client)
    photo = shop.photo("red-ring-1.jpg")
    for _ in range(2):
        assert client.post("/v1/images", data=photo, content_type="image/jpeg").status_code == 201
    after = samples(client)
    assert value(after, "uploads") == value(before, "uploads") + 2
    assert value(after, "uploads_bytes") > value(before, "uploads_bytes") + 1000
    assert {dict(labels)["state"] for name, labels in after if name == "jobs"} == {state.value for state in State}


def test_searches_and_stages(shop: Shop) -> None:
    client = create_app(shop.settings).test_client()
    client.post("/v1/search", json={"q": "ring"})
    client.post("/v1/search", json={"image_id": "blue-ring-1", "mode": "approximate"})
    client.post("/v1/search", json={"image_id": "blue-ring-1", "mode": "exact"})
    client.post("/v1/search", json={"image_id": "no-such-product"})
    client.post("/v1/search/batch", json={"searches": [{"q": "ring"}, {"q": "circle"}]})
    found = samples(client)
    assert value(found, "searches_total", mode="auto", way="text") == 3
    assert value(found, "searches_total", mode="approximate", way="approximate") == 1
    assert value(found, "searches_total", mode="exact", way="exact") == 1
    assert value(found, "searches_total", mode="auto", way="failed") == 1
    assert value(found, "search_candidates_count") == 1
    assert value(found, "stage_seconds_count", stage="solr") >= 5
    assert value(found, "stage_seconds_sum", stage="solr") > 0
    assert value(found, "stage_seconds_count", stage="extract") == 0
    client.post("/v1/search", data={"image": (shop.folder / "images" / "red-ring-1.jpg").open("rb")})
    assert value(samples(client), "stage_seconds_count", stage="extract") == 1


def guarded(workspace: FakeWorkspace, folder: Path) -> FlaskClient:
    file = folder / "keys.json"
    file.write_text(json.dumps({"shopper": [SHOPPER], "engineer": [ENGINEER]}))
    return create_app(Settings(home=folder, api_keys=file), workspace).test_client()


@pytest.mark.parametrize(
    ("address", "headers", "status"),
    [
        ("203.0.113.7", {}, 401),
        ("203.0.113.7", {"X-API-Key": SHOPPER}, 403),
        ("203.0.113.7", {"X-API-Key": ENGINEER}, 200),
        ("203.0.113.7", {"Host": "localhost"}, 401),
        ("127.0.0.1", {}, 200),
        ("::1", {}, 200),
        ("127.0.0.1", {"Host": "shop.example"}, 401),
        ("127.0.0.1", {"X-Forwarded-For": "203.0.113.7"}, 401),
        ("127.0.0.1", {"X-Forwarded-For": "127.0.0.1"}, 401),
        ("127.0.0.1", {"Forwarded": "for=203.0.113.7"}, 401),
        ("127.0.0.1", {"Via": "1.1 proxy"}, 401),
        ("127.0.0.1", {"Host": "[::bad"}, 401),
    ],
)
def test_who_may_read_them(
    workspace: FakeWorkspace, tmp_path: Path, address: str, headers: dict[str, str], status: int
) -> None:
    client = guarded(workspace, tmp_path)
    assert client.get("/metrics", headers=headers, environ_base={"REMOTE_ADDR": address}).status_code == status
