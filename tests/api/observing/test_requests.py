"""Ids of requests: in the answer, in problems, in the log, and in what Solr is asked."""

from __future__ import annotations

import json
import logging
import re
from concurrent.futures import wait
from dataclasses import replace

import pytest
from flask.testing import FlaskClient

from api.app import create_app
from api.observing.requests import chosen_id
from tests.api.fakes import FakeEngine
from tests.api.shop import Shop
from tests.faults.between import Between
from vision import telemetry
from vision.errors import SolrUnavailable
from vision.telemetry import Pool, Request

MADE = re.compile(r"[0-9a-f]{32}")


@pytest.mark.parametrize("came", ["checkout-7f3a9c21", "0123456789abcdef" * 4, "a.b_c-d.e"])
def test_a_callers_id_is_kept(client: FlaskClient, came: str) -> None:
    assert client.get("/healthz", headers={"X-Request-Id": came}).headers["X-Request-Id"] == came


@pytest.mark.parametrize(
    "came",
    [
        "",
        "short",
        "x" * 65,
        "-leading-dash",
        "with space",
        "a&shards=evil",
        "new\nline1234",
        "%0d%0aSet-Cookie",
        "ünicode-x",
    ],
)
def test_any_other_is_not(came: str) -> None:
    assert MADE.fullmatch(chosen_id(came))


@pytest.mark.parametrize("path", ["/", "/static/common/base.css", "/healthz", "/nothing", "/v1/products/none/similar"])
def test_every_answer_has_one_of_its_own(client: FlaskClient, path: str) -> None:
    found = []
    for _ in range(2):
        with client.get(path) as response:
            found.append(response.headers["X-Request-Id"])
    assert len(set(found)) == 2 and all(MADE.fullmatch(each) for each in found)


@pytest.mark.parametrize(("error", "status"), [(SolrUnavailable("no connection"), 503), (RuntimeError("a bug"), 500)])
def test_problem_log_and_header_have_the_same(
    client: FlaskClient, engine: FakeEngine, caplog: pytest.LogCaptureFixture, error: Exception, status: int
) -> None:
    engine.answer = error
    with caplog.at_level(logging.INFO):
        response = client.post("/v1/search", json={"q": "x"}, headers={"X-Request-Id": "checkout-7f3a9c21"})
    assert response.status_code == status
    assert response.get_json(force=True)["request_id"] == response.headers["X-Request-Id"] == "checkout-7f3a9c21"
    (line,) = (record for record in caplog.records if record.name == "api.observing.requests")
    assert line.__dict__["fields"]["status"] == status


def test_threads_of_a_pool_work_for_who_gave_the_work() -> None:
    class Nobody:
        pass

    def found(number: int) -> tuple[int, str | None]:
        current = telemetry.current()
        return number, None if current is None else current.id

    with Pool(4) as pool:
        asked = []
        for number in range(40):
            with telemetry.answering(Request(str(number), Nobody())):  # type: ignore[arg-type]
                asked.append(pool.submit(found, number))
        asked.append(pool.submit(found, 40))
        wait(asked)
    assert [each.result() for each in asked] == [*((number, str(number)) for number in range(40)), (40, None)]


@pytest.fixture
def observed(shop: Shop, between: Between) -> FlaskClient:
    return create_app(replace(shop.settings, solr_url=between.url)).test_client()


def sent(between: Between) -> list[str | None]:
    return [dict(form).get("rid") for form in (*between.forms("/select"), *between.forms("/visual"))]


def test_solr_is_told_the_id(observed: FlaskClient, between: Between, shop: Shop) -> None:
    for number, search in enumerate(({"q": "ring"}, {"image_id": "blue-ring-1", "facets": ["color"]})):
        before, id = len(sent(between)), f"request-{number}"
        response = observed.post("/v1/search", json=search, headers={"X-Request-Id": id})
        assert response.status_code == 200
        assert set(sent(between)[before:]) == {id}
        # What the engineer is shown to run again by hand is the question, not who asked it.
        assert "rid=" not in json.dumps(response.get_json()["plan"])
    observed.post(
        "/v1/search",
        data={"image": (shop.folder / "images" / "red-ring-1.jpg").open("rb")},
        headers={"X-Request-Id": "by-photo"},
    )
    assert sent(between)[-1] == "by-photo"


def test_so_it_is_for_each_search_of_a_batch(observed: FlaskClient, between: Between) -> None:
    before = len(sent(between))
    asked = {"searches": [{"q": word} for word in ("ring", "circle", "square", "stripes")]}
    assert observed.post("/v1/search/batch", json=asked, headers={"X-Request-Id": "the-batch"}).status_code == 200
    assert len(sent(between)) >= before + 4 and set(sent(between)[before:]) == {"the-batch"}
