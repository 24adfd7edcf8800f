"""Around each request: its id, its line in the log, its figures and its span."""

from __future__ import annotations

import logging
import re
import threading
import time
import uuid
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Final

from flask import Flask, request

from api.access.loopback import PASSED_ON, is_passed_on
from api.observing.metrics import NOWHERE, Metrics, bounded
from api.observing.traces import Traces
from vision import telemetry
from vision.telemetry import Search, Stage

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

_LOG = logging.getLogger(__name__)

HEADER: Final = "X-Request-Id"
_WELL_FORMED: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{7,63}", re.ASCII)
_TRACED: Final = {"HTTP_TRACEPARENT": "traceparent", "HTTP_TRACESTATE": "tracestate"}
_ROUTE: Final = "visual_search.route"
_PROBES: Final = frozenset({"/healthz", "/readyz", "/metrics"})
"""Asked every few seconds: their lines are for whoever debugs."""


def chosen_id(came: str | None) -> str:
    """The caller's id where it is 8 to 64 letters, digits, dots, dashes and underscores, else a new one."""
    return came if came is not None and _WELL_FORMED.fullmatch(came) else uuid.uuid4().hex


class _Line:
    """What is known of one request when it ends; several threads may work for it."""

    def __init__(self, metrics: Metrics, traces: Traces) -> None:
        self._metrics = metrics
        self._traces = traces
        self._lock = threading.Lock()
        self.stages: dict[str, float] = {}
        self.searches: list[Search] = []

    @contextmanager
    def stage(self, stage: Stage) -> Iterator[None]:
        began = time.perf_counter()
        try:
            with self._traces.stage(stage.value):
                yield
        finally:
            seconds = time.perf_counter() - began
            self._metrics.stage(stage, seconds)
            with self._lock:
                self.stages[stage.value] = self.stages.get(stage.value, 0.0) + seconds

    def searched(self, search: Search) -> None:
        self._metrics.searched(search)
        with self._lock:
            self.searches.append(search)

    def headers(self) -> Mapping[str, str]:
        return self._traces.headers()


class Observed:
    """An application that is watched while it answers."""

    def __init__(self, app: Flask, metrics: Metrics, traces: Traces, *, texts: bool) -> None:
        """Stand before it; ``texts``: the log has what was asked, too."""
        app.url_value_preprocessor(_note_route)
        self._inner: WSGIApplication = app.wsgi_app
        self._metrics = metrics
        self._traces = traces
        self._texts = texts

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        """Answer one request."""
        id, line = chosen_id(environ.get("HTTP_X_REQUEST_ID")), _Line(self._metrics, self._traces)
        status = 500
        # Before anything that stands behind this takes such headers away.
        environ[PASSED_ON] = is_passed_on(environ)
        began = time.perf_counter()

        def started(text: str, headers: list[tuple[str, str]], *more: Any) -> Any:
            nonlocal status
            status = int(text[:3])
            return start_response(text, [*headers, (HEADER, id)], *more)

        came = {name: environ[variable] for variable, name in _TRACED.items() if variable in environ}
        method = bounded(environ["REQUEST_METHOD"])
        with (
            self._metrics.in_hand.track_inprogress(),
            telemetry.answering(telemetry.Request(id, line)),
            self._traces.request(method, came) as span,
        ):
            try:
                return self._inner(environ, started)
            finally:
                route = environ.get(_ROUTE, NOWHERE)
                seconds = time.perf_counter() - began
                self._metrics.answered(route, method, status, seconds)
                span |= {"http.route": route, "http.response.status_code": status, "request.id": id}
                _LOG.log(
                    logging.DEBUG if route in _PROBES else logging.INFO,
                    "request",
                    extra={"fields": self._fields(environ, method, route, status, seconds, line)},
                )

    def _fields(
        self, environ: WSGIEnvironment, method: str, route: str, status: int, seconds: float, line: _Line
    ) -> dict[str, Any]:
        found: dict[str, Any] = {"method": method, "route": route, "status": status}
        found |= {"seconds": round(seconds, 4)} | {name: round(each, 4) for name, each in line.stages.items()}
        if line.searches:
            found["searches"] = [f"{each.mode}/{each.way}" for each in line.searches]
        if self._texts:
            found["path"] = environ.get("PATH_INFO", "")
            found["query"] = environ.get("QUERY_STRING", "")
            found["words"] = [each.words for each in line.searches if each.words is not None]
        return found


def _note_route(endpoint: str | None, values: object) -> None:
    """A path may have an upload's id, which is as good as the photo: what is told is the rule.

    Called before all that may refuse a request.
    """
    if request.url_rule is not None:
        request.environ[_ROUTE] = request.url_rule.rule
