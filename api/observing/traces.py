"""Spans for OpenTelemetry, where that is asked for: a request, and in it its stages; Solr's part goes on in Solr.

OpenTelemetry is imported where traces are on, and nowhere else. Spans have routes and figures, never what was asked.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING, Final

from api.openapi import version
from vision.errors import BadSetting

if TYPE_CHECKING:
    from opentelemetry.sdk.trace import TracerProvider

_SERVICE: Final = "visual-search"


class Attributes(dict[str, str | int]):
    """What a request's span has when it ends; ``http.route`` names it."""


class Traces:
    """Opens no spans."""

    @contextmanager
    def request(self, method: str, headers: Mapping[str, str]) -> Iterator[Attributes]:
        """Around a request.

        Args:
            method: one of HTTP's.
            headers: lower-case; may name the trace that it belongs to.
        """
        yield Attributes()

    @contextmanager
    def stage(self, name: str) -> Iterator[None]:
        """Around a stage of it."""
        yield

    def headers(self) -> Mapping[str, str]:
        """What makes whoever gets these headers go on with the trace."""
        return {}

    def close(self) -> None:
        """Send what is waiting."""


class OpenTelemetry(Traces):
    """Opens spans of one provider."""

    def __init__(self, provider: TracerProvider) -> None:
        """What the provider does with spans is its own."""
        from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

        self._provider = provider
        self._tracer = provider.get_tracer(_SERVICE, version())
        self._carried = TraceContextTextMapPropagator()

    @contextmanager
    def request(self, method: str, headers: Mapping[str, str]) -> Iterator[Attributes]:
        """A span of its own, in the caller's trace if it names one."""
        from opentelemetry.trace import SpanKind, Status, StatusCode

        theirs = self._carried.extract(headers)
        with self._tracer.start_as_current_span(method, theirs, kind=SpanKind.SERVER) as span:
            attributes = Attributes({"http.request.method": method})
            try:
                yield attributes
            finally:
                span.update_name(f"{method} {attributes.get('http.route', '')}".strip())
                span.set_attributes(attributes)
                if int(attributes.get("http.response.status_code", 0)) >= 500:
                    span.set_status(Status(StatusCode.ERROR))

    @contextmanager
    def stage(self, name: str) -> Iterator[None]:
        """A span within the request's; what it raises is not recorded, as errors quote what was asked."""
        from opentelemetry.trace import SpanKind

        with self._tracer.start_as_current_span(
            name, kind=SpanKind.CLIENT if name == "solr" else SpanKind.INTERNAL, record_exception=False
        ):
            yield

    def headers(self) -> Mapping[str, str]:
        """The current span's ``traceparent``, and ``tracestate`` if there is one."""
        found: dict[str, str] = {}
        self._carried.inject(found)
        return found

    def close(self) -> None:
        """Send what is waiting, and end the thread that sends."""
        self._provider.shutdown()


def sent_to(endpoint: str | None) -> Traces:
    """Traces that are sent by OTLP over HTTP, in the background; none without an address.

    Args:
        endpoint: of a collector, as ``http://127.0.0.1:4318/v1/traces``.

    Raises:
        BadSetting: the packages that it needs are not installed.
    """
    if endpoint is None:
        return Traces()
    try:
        from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
        from opentelemetry.sdk.resources import SERVICE_NAME, SERVICE_VERSION, Resource
        from opentelemetry.sdk.trace import TracerProvider
        from opentelemetry.sdk.trace.export import BatchSpanProcessor
    except ImportError as error:
        raise BadSetting(
            f"traces (VISUAL_SEARCH_TRACES) need a package that is not installed ({error.name}): "
            "pip install 'solr-visual-search[traces]', or unset it"
        ) from error
    provider = TracerProvider(resource=Resource.create({SERVICE_NAME: _SERVICE, SERVICE_VERSION: version()}))
    provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter(endpoint=endpoint)))
    return OpenTelemetry(provider)
