"""`/metrics`: what this server did and has in hand, for Prometheus.

No label's value comes from a caller: routes are those of the application, methods and statuses those of HTTP, the rest
are words of ours. A counter of something else is one line in :class:`Metrics`, and a call where that happens.
"""

from __future__ import annotations

import logging
import platform
from collections import Counter as Tally
from collections.abc import Callable, Iterator
from typing import Final, cast

from flask import Blueprint, Flask, Response, current_app, request
from prometheus_client import CollectorRegistry, Counter, Gauge, GCCollector, Histogram, ProcessCollector
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily
from prometheus_client.exposition import choose_encoder
from prometheus_client.registry import Collector

from api.access.keys import Role
from api.access.security import requires
from api.openapi import version
from api.operations import Operation, describe
from api.services import Services
from vision.catalog.drift_record import State as Drift
from vision.errors import VisualSearchError
from vision.jobs.model import State
from vision.telemetry import Search, Stage

blueprint = Blueprint("metrics", __name__)

_LOG = logging.getLogger(__name__)
_NAME: Final = "visual-search-metrics"
_PREFIX: Final = "visual_search"
_METHODS: Final = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
NOWHERE: Final = "none"
"""The route of what asked for none that there is."""
OTHER: Final = "other"
"""The method of what HTTP does not have."""
_SECONDS: Final = (0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0, 2.0, 5.0, 10.0, 30.0)
_CANDIDATES: Final = (50, 100, 200, 500, 1000, 2000, 5000, 10000)


def bounded(method: str) -> str:
    """A method, or :data:`OTHER`: callers may send any word."""
    return method if method in _METHODS else OTHER


class Metrics:
    """The figures of one application; safe to share between threads."""

    def __init__(self) -> None:
        """All at zero; each name that is known beforehand is there from the start."""
        self.registry = registry = CollectorRegistry()
        ProcessCollector(registry=registry)
        GCCollector(registry=registry)
        self.requests = Counter(
            "requests", "Requests answered.", ("route", "method", "status"), namespace=_PREFIX, registry=registry
        )
        self.seconds = Histogram(
            "request_seconds",
            "Seconds until the answer was made, without sending it.",
            ("route",),
            namespace=_PREFIX,
            registry=registry,
            buckets=_SECONDS,
        )
        self.in_hand = Gauge("requests_in_hand", "Requests being answered.", namespace=_PREFIX, registry=registry)
        self.queued = Gauge("requests_queued", "Requests that wait for a thread.", namespace=_PREFIX, registry=registry)
        self.stages = Histogram(
            "stage_seconds",
            "Seconds of what answers wait for; of Solr, each request to it.",
            ("stage",),
            namespace=_PREFIX,
            registry=registry,
            buckets=_SECONDS,
        )
        self.searches = Counter(
            "searches",
            "Searches by what was asked of the planner and the way it took.",
            ("mode", "way"),
            namespace=_PREFIX,
            registry=registry,
        )
        self.partial = Counter(
            "searches_partial",
            "Searches that were cut short by their deadline.",
            namespace=_PREFIX,
            registry=registry,
        )
        self.candidates = Histogram(
            "search_candidates",
            "K of the searches that looked for candidates.",
            namespace=_PREFIX,
            registry=registry,
            buckets=_CANDIDATES,
        )
        about = Gauge("build_info", "Always 1.", ("version", "python"), namespace=_PREFIX, registry=registry)
        about.labels(version(), platform.python_version()).set(1)
        for stage in Stage:
            self.stages.labels(stage)

    def answered(self, route: str, method: str, status: int, seconds: float) -> None:
        """One request; ``route`` is a rule of the application or :data:`NOWHERE`, ``method`` a :func:`bounded` one."""
        self.requests.labels(route, method, status).inc()
        self.seconds.labels(route).observe(seconds)

    def stage(self, stage: Stage, seconds: float) -> None:
        """One stage of an answer."""
        self.stages.labels(stage).observe(seconds)

    def searched(self, search: Search) -> None:
        """One search."""
        self.searches.labels(search.mode, search.way).inc()
        if search.partial:
            self.partial.inc()
        if search.candidates is not None:
            self.candidates.observe(search.candidates)

    def watch_queue(self, length: Callable[[], int], refused: Callable[[], int]) -> None:
        """Ask for the queue's length, and how many found it full, when the figures are asked for."""
        self.queued.set_function(lambda: float(length()))
        self.registry.register(_Counted("requests_refused", "Requests that found the queue full.", refused))


class _Counted(Collector):
    """What somebody else counts."""

    def __init__(self, name: str, meaning: str, count: Callable[[], int]) -> None:
        self._name = f"{_PREFIX}_{name}"
        self._meaning = meaning
        self._count = count

    def collect(self) -> Iterator[CounterMetricFamily]:
        yield CounterMetricFamily(self._name, self._meaning, self._count())


class _Kept(Collector):
    """What lies in the home folder, counted when it is asked for."""

    def __init__(self, wired: Services) -> None:
        self._wired = wired

    def describe(self) -> list[GaugeMetricFamily]:
        return []  # counting needs folders that are not there yet

    def collect(self) -> Iterator[GaugeMetricFamily | CounterMetricFamily]:
        count, size = self._wired.uploads.usage()
        yield GaugeMetricFamily(f"{_PREFIX}_uploads", "Photos that are kept.", count)
        yield GaugeMetricFamily(f"{_PREFIX}_uploads_bytes", "Bytes of them.", size)
        yield from self._drift()
        yield from self._feed()
        jobs = GaugeMetricFamily(f"{_PREFIX}_jobs", "Jobs that are known, by state.", labels=("state",))
        try:
            states = Tally(job.state for job in self._wired.workspace.jobs().all())
        except VisualSearchError as error:
            _LOG.warning("jobs could not be counted: %s", error)
            return
        for state in State:
            jobs.add_metric((state.value,), states[state])
        yield jobs

    def _drift(self) -> Iterator[GaugeMetricFamily]:
        """Of the collection that is searched; nothing before a PCA's new pictures can be compared."""
        try:
            found = self._wired.drift()
        except VisualSearchError as error:
            _LOG.warning("drift could not be read: %s", error)
            return
        if found is None:
            return
        alarm = GaugeMetricFamily(f"{_PREFIX}_pca_drifted", "Whether new pictures are described worse than tolerated.")
        alarm.add_metric((), found.state is Drift.DRIFTED)
        left_out = GaugeMetricFamily(
            f"{_PREFIX}_pca_error", "Mean part of pictures that the PCA leaves out.", labels=("components", "of")
        )
        for name, measure in (("all", found.whole), ("coarse", found.coarse)):
            if measure is not None:
                left_out.add_metric((name, "new"), measure.now)
                left_out.add_metric((name, "usual"), measure.usual)
        yield alarm
        yield left_out

    def _feed(self) -> Iterator[GaugeMetricFamily | CounterMetricFamily]:
        try:
            found = self._wired.workspace.feed().figures()
        except VisualSearchError as error:
            _LOG.warning("the feed could not be looked at: %s", error)
            return
        behind = sum(each.behind for each in found.partitions)
        yield GaugeMetricFamily(f"{_PREFIX}_feed_queued", "Changes that came over HTTP and wait.", found.queued)
        yield GaugeMetricFamily(f"{_PREFIX}_feed_lag_seconds", "Seconds that the oldest of them waits.", found.lag)
        yield GaugeMetricFamily(f"{_PREFIX}_feed_behind", "Records of the topic that are not taken yet.", behind)
        yield GaugeMetricFamily(f"{_PREFIX}_feed_following", "Whether anybody applies changes.", found.following)
        yield CounterMetricFamily(f"{_PREFIX}_feed_applied", "Changes that were applied.", found.applied)
        yield CounterMetricFamily(f"{_PREFIX}_feed_rejected", "Changes that were no good.", found.rejected)


def install(app: Flask, wired: Services) -> Metrics:
    """Give an application its figures."""
    metrics = Metrics()
    metrics.registry.register(_Kept(wired))
    metrics.registry.register(_Counted("solr_retries", "Requests to Solr that were sent again.", wired.retries))
    app.extensions[_NAME] = metrics
    return metrics


def of(app: Flask) -> Metrics:
    """The figures of an application."""
    return cast(Metrics, app.extensions[_NAME])


@blueprint.get("/metrics")
@requires(Role.ENGINEER, or_loopback=True)
@describe(Operation("What this server did and has in hand, for Prometheus", media="text/plain"))
def show() -> Response:
    """Answer all figures."""
    encode, content_type = choose_encoder(request.headers.get("Accept", ""))
    response = Response(encode(of(current_app).registry), content_type=content_type)
    response.headers["Cache-Control"] = "no-store"
    return response
