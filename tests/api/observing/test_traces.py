"""Spans of OpenTelemetry: one for a request, one for each stage in it, and Solr gets to know the trace."""

from __future__ import annotations

import gzip
import re
import sys
from collections.abc import Iterator, Sequence
from dataclasses import replace

import pytest
from flask.testing import FlaskClient

from api.app import create_app
from api.observing import traces
from tests.api.fakes import FakeWorkspace
from tests.api.shop import Shop
from tests.faults.between import Between
from tests.web import Handler, serving
from vision.errors import BadSetting, SolrUnavailable

sdk = pytest.importorskip("opentelemetry.sdk.trace", reason="needs opentelemetry-sdk: the extra `traces`")

from opentelemetry.sdk.trace import ReadableSpan, TracerProvider  # noqa: E402
from opentelemetry.sdk.trace.export import SimpleSpanProcessor  # noqa: E402
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter  # noqa: E402
from opentelemetry.trace import StatusCode  # noqa: E402

THEIRS = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
PARENT = re.compile(r"00-([0-9a-f]{32})-([0-9a-f]{16})-0[13]")
TYPED = "zygomorphic mauve dungarees"


@pytest.fixture
def exporter() -> InMemorySpanExporter:
    return InMemorySpanExporter()


@pytest.fixture
def spans(exporter: InMemorySpanExporter) -> Iterator[traces.Traces]:
    provider = TracerProvider()
    provider.add_span_processor(SimpleSpanProcessor(exporter))
    opened = traces.OpenTelemetry(provider)
    yield opened
    opened.close()


@pytest.fixture
def client(shop: Shop, between: Between, spans: traces.Traces) -> FlaskClient:
    return create_app(replace(shop.settings, solr_url=between.url), spans=spans).test_client()


def named(found: Sequence[ReadableSpan], name: str) -> list[ReadableSpan]:
    return [each for each in found if each.name == name]


def id_of(span: ReadableSpan) -> tuple[str, str]:
    assert span.context is not None
    return f"{span.context.trace_id:032x}", f"{span.context.span_id:016x}"


def test_a_search_by_photo(client: FlaskClient, exporter: InMemorySpanExporter, between: Between, shop: Shop) -> None:
    photo = {"image": (shop.folder / "images" / "red-ring-1.jpg").open("rb"), "query": f'{{"q": "{TYPED}"}}'}
    response = client.post("/v1/search", data=photo, headers={"X-Request-Id": "checkout-7f3a9c21"})
    assert response.status_code == 200
    found = exporter.get_finished_spans()
    (request,) = named(found, "POST /v1/search")
    assert request.attributes is not None and request.parent is None
    assert dict(request.attributes) == {
        "http.request.method": "POST",
        "http.route": "/v1/search",
        "http.response.status_code": 200,
        "request.id": "checkout-7f3a9c21",
    }
    stages = [each for each in found if each is not request]
    assert {each.name for each in stages} == {"extract", "solr"} and len(named(found, "extract")) == 1
    for stage in stages:
        assert stage.parent is not None and f"{stage.parent.span_id:016x}" == id_of(request)[1]
        assert request.start_time is not None and stage.start_time is not None and stage.end_time is not None
        assert request.start_time <= stage.start_time <= stage.end_time <= (request.end_time or 0)
    # Each question to Solr names the very span that waited for its answer.
    told = [
        PARENT.fullmatch(seen.headers.get("traceparent", ""))
        for seen in between.seen
        if "rid=" in seen.path or b"rid=" in seen.body
    ]
    assert {match and match.groups() for match in told} == {id_of(each) for each in named(found, "solr")}
    assert not any(word in str(each.to_json()) for each in found for word in TYPED.split())


def test_a_trace_that_began_elsewhere_goes_on_here(client: FlaskClient, exporter: InMemorySpanExporter) -> None:
    client.post("/v1/search", json={"q": "ring"}, headers={"traceparent": THEIRS})
    found = exporter.get_finished_spans()
    (request,) = named(found, "POST /v1/search")
    assert request.parent is not None and f"{request.parent.span_id:016x}" == "b7ad6b7169203331"
    assert {id_of(each)[0] for each in found} == {"0af7651916cd43dd8448eb211c80319c"}


@pytest.mark.parametrize("came", ["", "00-zz-zz-01", "00-" + "0" * 32 + "-" + "0" * 16 + "-01", "x" * 5000, "a\x00b"])
def test_one_that_is_none_begins_here(
    workspace: FakeWorkspace, exporter: InMemorySpanExporter, spans: traces.Traces, came: str
) -> None:
    client = create_app(workspace.settings, workspace, spans=spans).test_client()
    assert client.get("/healthz", headers={"traceparent": came}).status_code == 200
    (request,) = exporter.get_finished_spans()
    assert request.parent is None


def test_a_batchs_searches_are_in_its_trace(client: FlaskClient, exporter: InMemorySpanExporter) -> None:
    client.post("/v1/search/batch", json={"searches": [{"q": "ring"}, {"q": "circle"}, {"q": "square"}]})
    found = exporter.get_finished_spans()
    (request,) = named(found, "POST /v1/search/batch")
    solr = named(found, "solr")
    assert len(solr) >= 3 and {each.parent.span_id for each in solr if each.parent} == {int(id_of(request)[1], 16)}


def test_an_error_is_marked_and_not_told(
    workspace: FakeWorkspace, exporter: InMemorySpanExporter, spans: traces.Traces
) -> None:
    client = create_app(workspace.settings, workspace, spans=spans).test_client()
    workspace.fake.answer = SolrUnavailable(TYPED)
    client.post("/v1/search", json={"q": TYPED})
    client.get(f"/{TYPED}")
    failed, nowhere = exporter.get_finished_spans()
    assert failed.status.status_code is StatusCode.ERROR and nowhere.status.status_code is StatusCode.UNSET
    assert nowhere.name == "GET none"
    assert not any(word in str(each.to_json()) for each in (failed, nowhere) for word in TYPED.split())


def test_without_an_address_nothing_is_opened(workspace: FakeWorkspace) -> None:
    assert type(traces.sent_to(None)) is traces.Traces


def test_without_its_packages_it_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "opentelemetry.sdk.resources", None)
    with pytest.raises(BadSetting, match=r"solr-visual-search\[traces\]"):
        traces.sent_to("http://127.0.0.1:4318/v1/traces")


def test_spans_reach_a_collector(workspace: FakeWorkspace) -> None:
    """A real one's end of the wire: what comes is OTLP, with our names in it."""
    pytest.importorskip("opentelemetry.exporter.otlp.proto.http", reason="needs the extra `traces`")

    came: list[tuple[str, bytes]] = []

    class Collector(Handler):
        def do_POST(self) -> None:
            body = self.body()
            came.append((self.path, gzip.decompress(body) if self.headers.get("Content-Encoding") == "gzip" else body))
            self.say(Content_Type="application/x-protobuf")

    with serving(Collector) as url:
        opened = traces.sent_to(f"{url}/v1/traces")
        client = create_app(workspace.settings, workspace, spans=opened).test_client()
        client.post("/v1/search", json={"q": "x"})
        opened.close()
    ((path, body),) = came
    assert path == "/v1/traces" and b"POST /v1/search" in body and b"visual-search" in body
