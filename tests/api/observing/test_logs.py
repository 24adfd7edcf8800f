"""What is written to the log: one line for each request, and never what somebody searched for unless that was asked."""

from __future__ import annotations

import io
import json
import logging
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
import requests

from api.app import create_app
from api.observing.logs import JsonFormatter, TextFormatter, written
from tests.api.fakes import FakeWorkspace
from tests.api.shop import Shop
from vision.errors import SolrRefused
from vision.settings import Settings

TYPED = "zygomorphic mauve dungarees"
WORDS = TYPED.split()


@contextmanager
def logged(settings: Settings, **options: Any) -> Iterator[io.StringIO]:
    stream = io.StringIO()
    with written(settings, stream=stream, **options):
        yield stream


def lines(stream: io.StringIO) -> list[dict[str, Any]]:
    return [json.loads(line) for line in stream.getvalue().splitlines()]


def test_a_line_for_each_request(shop: Shop) -> None:
    settings = replace(shop.settings, log="json")
    client = create_app(settings).test_client()
    with logged(settings) as stream:
        client.post("/v1/search", json={"q": "ring"}, headers={"X-Request-Id": "checkout-7f3a9c21"})
        client.get("/v1/products/none")
        client.get("/nothing/here")
        client.get("/healthz")
    search, product, nothing = (each for each in lines(stream) if each["logger"] == "api.observing.requests")
    assert search["request_id"] == "checkout-7f3a9c21" and search["level"] == "info"
    assert (search["method"], search["route"], search["status"]) == ("POST", "/v1/search", 200)
    assert search["searches"] == ["auto/text"] and 0 < search["solr"] <= search["seconds"] < 60
    assert (product["route"], product["status"]) == ("/v1/products/<id:id>", 404)
    assert (nothing["route"], nothing["status"]) == ("none", 404)
    assert abs(time.time() - datetime.fromisoformat(search["time"]).timestamp()) < 60


@pytest.mark.parametrize("debug", [False, True])
@pytest.mark.parametrize("form", ["json", "text"])
def test_what_was_searched_for_is_not_in_it(shop: Shop, form: str, debug: bool) -> None:
    settings = replace(shop.settings, log=form)
    client = create_app(settings).test_client()
    with logged(settings, debug=debug) as stream:
        client.post("/v1/search", json={"q": TYPED, "facets": ["color"], "spelling": "on"})
        client.post("/v1/search", json={"q": TYPED, "nonsense": TYPED})
        client.post("/v1/search", data={"image": (io.BytesIO(TYPED.encode()), f"{TYPED}.jpg")})
        client.post("/v1/search/batch", json={"searches": [{"q": TYPED}, {"q": "", "image_id": TYPED}]})
        for path in ("/", "/v1/suggest", "/v1/facets"):
            client.get(path, query_string={"q": TYPED})
        for path in ("/v1/products/", "/v1/images/", "/v1/profiles/", "/"):
            client.get(path + TYPED)
    text = stream.getvalue()
    assert text.count("request") >= 11
    assert [word for word in WORDS if word in text.lower()] == []


def test_nor_where_solr_refuses_it(workspace: FakeWorkspace) -> None:
    client = create_app(workspace.settings, workspace).test_client()
    workspace.fake.answer = SolrRefused(f"Solr refused: Cannot parse '{TYPED}'", status=400)
    with logged(replace(workspace.settings, log="json"), debug=True) as stream:
        assert client.post("/v1/search", json={"q": TYPED}).status_code == 502
    warning = next(each for each in lines(stream) if each["level"] == "warning")
    assert warning["message"] == "POST /v1/search: SolrRefused: HTTP 400"
    assert [word for word in WORDS if word in stream.getvalue()] == []


def test_where_it_is_asked_for_it_is(shop: Shop) -> None:
    settings = replace(shop.settings, log="json", log_texts=True)
    client = create_app(settings).test_client()
    with logged(settings) as stream:
        client.post("/v1/search", json={"q": TYPED})
        client.get("/v1/products/red-ring-1")
    search, product = lines(stream)
    assert search["words"] == [TYPED] and product["path"] == "/v1/products/red-ring-1"


def test_without_a_word_of_it_only_warnings_are_written(workspace: FakeWorkspace) -> None:
    client = create_app(workspace.settings, workspace).test_client()
    with logged(workspace.settings) as stream:
        client.post("/v1/search", json={"q": "x"})
        assert stream.getvalue() == ""
        workspace.fake.answer = RuntimeError("a bug")
        client.post("/v1/search", json={"q": "x"}, headers={"X-Request-Id": "checkout-7f3a9c21"})
    text = stream.getvalue()
    assert "checkout-7f3a9c21" in text and "RuntimeError: a bug" in text and text.count("\n") > 3


def test_levels_are_as_before_afterwards(tmp_path: Path) -> None:
    before = [logging.getLogger(name).level for name in (None, "urllib3")]
    with logged(Settings(home=tmp_path, log="json"), debug=True):
        assert logging.getLogger().level == logging.DEBUG and logging.getLogger("urllib3").level == logging.INFO
    assert [logging.getLogger(name).level for name in (None, "urllib3")] == before


FORGED = (
    'a\n2026-01-01T00:00:00.000+00:00 INFO api.observing.requests [x] request status=200\x1b[2J"}\r\n{"level": "info'
)


@pytest.mark.parametrize("formatter", [JsonFormatter(), TextFormatter()])
def test_nobody_forges_a_line(formatter: logging.Formatter) -> None:
    record = logging.LogRecord("x", logging.INFO, "", 0, "%s", (FORGED,), None)
    record.fields = {"path": FORGED}
    text = formatter.format(record)
    assert len(text.splitlines()) == 1 and "\x1b" not in text and "\r" not in text
    if isinstance(formatter, JsonFormatter):
        assert json.loads(text)["message"] == json.loads(text)["path"] == FORGED


REQUEST_LOG = "org.apache.solr.core.SolrCore.Request"


def test_solrs_own_log_has_the_id(shop: Shop) -> None:
    """The one thing that ties a line of ours to one of Solr's."""
    base = shop.settings.solr_url
    home = Path(requests.get(f"{base}/admin/info/system", timeout=20).json()["solr_home"])
    client = create_app(shop.settings).test_client()
    try:
        requests.get(f"{base}/admin/info/logging", params={"set": f"{REQUEST_LOG}:INFO"}, timeout=20)
        assert (
            client.post("/v1/search", json={"q": "ring"}, headers={"X-Request-Id": "tied-7f3a9c21"}).status_code == 200
        )
        deadline, found = time.monotonic() + 20, list[str]()
        while not found and time.monotonic() < deadline:
            log = (home / "logs" / "solr.log").read_text(encoding="utf-8")
            found = [line for line in log.splitlines() if "rid=tied-7f3a9c21" in line]
            time.sleep(0.1)
        assert found and all(f"[{shop.settings.collection}]" in line or "x:" in line for line in found), found
    finally:
        requests.get(f"{base}/admin/info/logging", params={"set": f"{REQUEST_LOG}:WARN"}, timeout=20)
