"""Whatever happens between the application and Solr: a problem in bounded time, a reason, and a way back."""

from __future__ import annotations

import re
import time
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import orjson
import pytest
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from api.app import create_app
from tests.api.shop import Shop
from tests.faults.between import Answer, Between, Fault, Seen, changed
from tests.faults.kinds import KINDS, PARTS, UNANSWERED

pytestmark = pytest.mark.solr

SECONDS = 1.5
"""What a request may take."""
BOUND = SECONDS + 4.0
"""Seconds until whoever asked has a whole answer; the machine may be busy."""
SEARCHES: tuple[dict[str, Any], ...] = (
    {"q": "ring", "facets": ["color"]},
    {"image_id": "blue-ring-1", "facets": ["color"], "filters": {"category": ["ring"]}},
    {"q": "*", "sort": "price"},
)
READS: tuple[tuple[str, dict[str, Any] | None], ...] = (
    *(("/v1/search", each) for each in SEARCHES),
    ("/v1/search/batch", {"searches": list(SEARCHES)}),
    ("/v1/facets", None),
    ("/v1/suggest?q=ri", None),
    ("/v1/products/blue-ring-1", None),
    ("/v1/products/blue-ring-1/similar", None),
)


@pytest.fixture
def client(shop: Shop, between: Between) -> FlaskClient:
    settings = replace(shop.settings, solr_url=between.url, solr_timeout=SECONDS, search_seconds=SECONDS)
    return create_app(settings).test_client()


def is_search(seen: Seen) -> bool:
    return seen.handler.endswith("/select")


def asked(client: FlaskClient, path: str, body: dict[str, Any] | None) -> TestResponse:
    """In bounded time: an answer, or a problem that somebody thought of."""
    began = time.monotonic()
    response = client.get(path) if body is None else client.post(path, json=body)
    taken = time.monotonic() - began
    assert taken < BOUND, f"{path}: {taken:.1f} s"
    if response.status_code != 200:
        assert response.mimetype == "application/problem+json", response.text
        found = response.get_json()
        assert found["status"] == response.status_code and found["detail"]
        assert not found["type"].endswith(":unexpected"), f"{path}: an unexpected error: {found}"
    return response


def statuses(response: TestResponse) -> list[int]:
    """Of an answer, or of each of a batch."""
    if response.status_code == 200 and "results" in (found := response.get_json()):
        return [each.get("status", 200) for each in found["results"]]
    return [response.status_code]


def settled(client: FlaskClient) -> list[TestResponse]:
    """What is answered when nothing is wrong: on a busy machine a first search may run out of its time."""
    deadline = time.monotonic() + 30
    while True:
        found = [asked(client, *each) for each in READS]
        if {status for each in found for status in statuses(each)} == {200}:
            return found
        assert time.monotonic() < deadline, [each.text for each in found]


LONG = ("drips its head", "drips its body", "an answer without an end")
"""Each read of these takes all of its time."""


@pytest.mark.parametrize(
    "warm", [pytest.param(True, id="warm"), pytest.param(False, id="cold", marks=pytest.mark.many)]
)
@pytest.mark.parametrize("kind", [pytest.param(each, marks=[pytest.mark.slow] * (each in LONG)) for each in KINDS])
def test_a_fault_is_a_problem_and_passes(client: FlaskClient, between: Between, kind: str, warm: bool) -> None:
    """Cold: the application has asked nothing yet, and what it asks first goes wrong as well."""
    right = [_shown(each) for each in settled(client)] if warm else []
    accepted = {503} if kind in UNANSWERED else {502, 503}
    with between.broken(KINDS[kind], is_search if warm else lambda seen: True):
        for number, each in enumerate(READS):
            found = set(statuses(asked(client, *each)))
            assert found <= accepted | ({200} if kind in PARTS and number else set()), (each, found)
        if kind not in PARTS:
            ready = client.get("/readyz")
            assert ready.status_code == 503, ready.text
            reasons = [each["detail"] for each in ready.get_json()["checks"] if not each["ok"]]
            assert len(reasons) == 1 and reasons[0]
        assert client.get("/healthz").status_code == 200
    again = [asked(client, *each) for each in READS]
    assert {status for each in again for status in statuses(each)} == {200}
    assert client.get("/readyz").status_code == 200
    if warm:
        assert [_shown(each) for each in again] == right


def test_nothing_listens(shop: Shop) -> None:
    gone = create_app(replace(shop.settings, solr_url="http://127.0.0.1:9/solr", solr_timeout=SECONDS)).test_client()
    for each in READS:
        response = asked(gone, *each)
        assert set(statuses(response)) == {503}
        assert "did not answer" in response.text
    assert gone.get("/healthz").status_code == 200


def _json(change: Callable[[dict[str, Any]], None]) -> Fault:
    def apply(answer: Answer) -> None:
        found = orjson.loads(answer.body)
        change(found)
        answer.body = orjson.dumps(found)

    return changed(apply)


def _old(found: dict[str, Any]) -> None:
    found["lucene"]["solr-spec-version"] = "9.4.1"


def _without_coarse(found: dict[str, Any]) -> None:
    found["schema"]["fields"] = [each for each in found["schema"]["fields"] if each["name"] != "coarse"]


def _floats(found: dict[str, Any]) -> None:
    name = next(each["type"] for each in found["schema"]["fields"] if each["name"] == "coarse")
    kind = next(each for each in found["schema"]["fieldTypes"] if each["name"] == name)
    kind["vectorEncoding"] = "FLOAT32"


def _fingerprints(*names: str) -> Callable[[dict[str, Any]], None]:
    def change(found: dict[str, Any]) -> None:
        if "embedding" in found.get("facets", {}):
            found["facets"]["embedding"]["buckets"] = [{"val": each, "count": 5} for each in names]

    return change


@pytest.mark.parametrize(
    ("handler", "fault", "check", "reason"),
    [
        ("/info/system", _json(_old), "solr", "9.4.1; 9.6 and later 9.x are supported"),
        ("/info/system", KINDS["401"], "solr", "check the user and the password in SOLR_URL"),
        ("/schema", _json(_without_coarse), "collection", "'coarse': no such field"),
        ("/schema", _json(_floats), "collection", "'coarse': FLOAT32; needed is .* BYTE"),
        ("/select", KINDS["403"], "collection", "check the user and the password in SOLR_URL"),
        ("/select", _json(_fingerprints()), "embedding", "holds no vectors"),
        ("/select", _json(_fingerprints("histogram-1", "resnet-2")), "embedding", "mixes vectors of histogram-1, res"),
        ("/select", _json(_fingerprints("resnet-2")), "embedding", "resnet-2"),
    ],
    ids=["old", "credentials", "field", "encoding", "forbidden", "no vectors", "two embeddings", "fingerprint"],
)
def test_readiness_names_the_reason(
    client: FlaskClient, between: Between, handler: str, fault: Fault, check: str, reason: str
) -> None:
    with between.broken(fault, lambda seen: seen.handler.endswith(handler)):
        ready = client.get("/readyz")
    assert ready.status_code == 503
    last = ready.get_json()["checks"][-1]
    assert (last["name"], last["ok"]) == (check, False)
    assert re.search(reason, last["detail"]), last["detail"]


def test_readiness_names_a_collection_that_is_not_there(shop: Shop) -> None:
    ready = create_app(replace(shop.settings, collection="none-such")).test_client().get("/readyz")
    assert ready.status_code == 503
    last = ready.get_json()["checks"][-1]
    assert last["name"] == "collection" and "has no collection 'none-such'; index a catalogue" in last["detail"]


def _shown(response: TestResponse) -> Any:
    """An answer without its times; scores as far as float32 goes, for Java compiles what computes them meanwhile."""

    def stripped(value: Any) -> Any:
        if isinstance(value, dict):
            return {name: stripped(each) for name, each in value.items() if name not in ("took", "plan")}
        if isinstance(value, float):
            return float(f"{value:.5g}")
        return [stripped(each) for each in value] if isinstance(value, list) else value

    return stripped(response.get_json())
