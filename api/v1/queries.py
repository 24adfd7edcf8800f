"""`/v1/queries`: the searches that this server answered of late, as a search engineer looks at them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any, Final

import msgspec
import numpy as np
from flask import Blueprint, Response, request

from api.access.keys import Role
from api.access.security import requires
from api.links import picture_url
from api.operations import Operation, Parameter, answer, describe
from api.services import services
from vision.errors import BadQuery, Conflict
from vision.search.comparison import Comparison, Side, compare
from vision.search.model import Way
from vision.search.presentation import HitForm, PlanForm, TookForm, hit_form, plan_form
from vision.search.querylog import Entry
from vision.search.ranker import shortened
from vision.search.request import RangeRequest, SearchRequest
from vision.solr import curl

blueprint = Blueprint("queries", __name__, url_prefix="/v1/queries")

FAILED: Final = "failed"
WAYS: Final = (*(way.value for way in Way), FAILED)
SORTS: Final = ("time", "took")
OF: Final = ("recent", "slowest")
_STEPS: Final = (5, 10, 20, 50, 100, 200, 500, 1000, 2000, 5000)
"""Milliseconds between the bars of the histogram."""
_MAX_ROWS: Final = 1000


class ErrorForm(msgspec.Struct, frozen=True):
    """Why a search failed."""

    kind: str
    detail: str


class QueryForm(msgspec.Struct, frozen=True):
    """One search in short.

    ``by`` is what it searched by besides words, ``filters`` what narrowed it, ``way`` the planner's, or ``failed``;
    the plan's members are null where it failed. ``at`` is UTC, ``took`` in milliseconds.
    """

    id: str
    at: str
    words: str | None
    by: list[str]
    filters: list[str]
    way: str
    reason: str | None
    candidates: int | None
    matching: int | None
    total: int | None
    shown: int
    rows: int
    start: int
    took: TookForm
    partial: bool
    error: ErrorForm | None


class CountForm(msgspec.Struct, frozen=True):
    """How many of the kept searches went one way."""

    way: str
    count: int


class BarForm(msgspec.Struct, frozen=True):
    """How many took less than ``below`` milliseconds, and no less than the bar before; null: any longer."""

    below: int | None
    count: int


class LatencyForm(msgspec.Struct, frozen=True):
    """Milliseconds, over all kept searches that were answered; null where there is none."""

    p50: float | None
    p95: float | None
    p99: float | None
    max: float | None
    bars: list[BarForm]


class QueriesForm(msgspec.Struct, frozen=True):
    """Searches in short, ``matching`` of the ``kept``; ways and latency are of all kept. ``size`` 0: none are kept."""

    size: int
    kept: int
    matching: int
    ways: list[CountForm]
    latency: LatencyForm
    queries: list[QueryForm]


class ParameterForm(msgspec.Struct, frozen=True):
    """A parameter as it is shown: long vectors are left out."""

    name: str
    value: str


class SentForm(msgspec.Struct, frozen=True):
    """A request to Solr: as it is read, and whole, as a command for a shell and as the parameters alone."""

    shown: list[ParameterForm]
    curl: str
    parameters: str


class QueryDetailForm(msgspec.Struct, frozen=True):
    """A search, its request without the members that were left out, its plan, and all that was sent to Solr for it.

    ``again`` says whether it can be run again.
    """

    query: QueryForm
    request: dict[str, Any]
    plan: PlanForm | None
    sent: list[SentForm]
    again: bool


class ComparedForm(msgspec.Struct, frozen=True):
    """A hit, and its place on the other page, null where it is not there."""

    hit: HitForm
    place: int | None


class SideForm(msgspec.Struct, frozen=True):
    """One way's page."""

    plan: PlanForm
    took: float
    total: int
    hits: list[ComparedForm]


class ComparisonForm(msgspec.Struct, frozen=True):
    """The search run again both ways; ``recall`` is the part of the exact page that the approximate one has."""

    recall: float
    identical: bool
    exact: SideForm
    approximate: SideForm


_LISTED: Final = (
    Parameter("of", "The ring, or the slowest of the last day.", {"type": "string", "enum": list(OF)}),
    Parameter("way", "Only those that went this way.", {"type": "string", "enum": list(WAYS)}),
    Parameter("slower", "Only those that took at least so many milliseconds.", {"type": "number"}),
    Parameter("errors", "Only those that failed or are partial.", {"type": "boolean"}),
    Parameter("sort", "Latest first, or slowest first.", {"type": "string", "enum": list(SORTS)}),
    Parameter("rows", "How many.", {"type": "integer", "default": 50, "maximum": _MAX_ROWS}),
)


class Wanted(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Which searches, and in which order."""

    of: str = "recent"
    way: str | None = None
    slower: float = 0.0
    errors: bool = False
    sort: str = "time"
    rows: int = 50

    def __post_init__(self) -> None:
        """Refuse what none can be."""
        for name, value, accepted in (("of", self.of, OF), ("way", self.way, WAYS), ("sort", self.sort, SORTS)):
            if value is not None and value not in accepted:
                raise BadQuery(f"{name} is {value[:40]!r}; accepted: {', '.join(accepted)}", name)
        if not 1 <= self.rows <= _MAX_ROWS:
            raise BadQuery(f"rows is {self.rows}; accepted: 1 to {_MAX_ROWS}", "rows")


def wanted() -> Wanted:
    """What the address asks for; empty parameters, as forms send them, count as left out.

    Raises:
        BadQuery: a parameter that is not accepted.
    """
    given = {name: value for name, value in request.args.items() if value and name in Wanted.__struct_fields__}
    try:
        return msgspec.convert(given, Wanted, strict=False)
    except msgspec.ValidationError as error:
        raise BadQuery(f"the list is not understood: {error}") from error


@blueprint.get("")
@requires(Role.ENGINEER)
@describe(Operation("The searches that were answered of late", answer=QueriesForm, parameters=_LISTED, problems=(400,)))
def listed() -> Response:
    """Answer them, in short."""
    return answer(kept(wanted()))


@blueprint.get("/<query_id>")
@requires(Role.ENGINEER)
@describe(Operation("One of them: its plan, and what was sent to Solr", answer=QueryDetailForm, problems=(404,)))
def show(query_id: str) -> Response:
    """Answer one, whole."""
    return answer(detail(query_id))


@blueprint.get("/<query_id>/comparison")
@requires(Role.ENGINEER)
@describe(
    Operation(
        "The same search again, exact and approximate side by side",
        answer=ComparisonForm,
        problems=(400, 404, 409, 502, 503),
    )
)
def comparison(query_id: str) -> Response:
    """Run it again both ways."""
    return answer(compared(query_id))


@blueprint.delete("")
@requires(Role.ENGINEER)
@describe(Operation("Forget them all", status=204))
def forget() -> Response:
    """Forget."""
    services().workspace.queries.clear()
    return Response(status=204)


def kept(asked: Wanted) -> QueriesForm:
    """The list, and what is counted over all that are kept."""
    log = services().workspace.queries
    ring = log.recent()
    chosen = [entry for entry in (log.slowest() if asked.of == "slowest" else ring) if _is_wanted(entry, asked)]
    if asked.sort == "took":
        chosen.sort(key=lambda entry: -entry.took.total)
    elif asked.of == "slowest":
        chosen.sort(key=lambda entry: -entry.at)
    counted = Counter(_way(entry) for entry in ring)
    ways = [CountForm(way, counted[way]) for way in WAYS if counted[way]]
    return QueriesForm(
        log.size, len(ring), len(chosen), ways, _latency(ring), [_form(each) for each in chosen[: asked.rows]]
    )


def detail(id: str) -> QueryDetailForm:
    """One search, whole.

    Raises:
        NotFound: it is not kept.
    """
    entry = services().workspace.queries.get(id)
    given = msgspec.to_builtins(entry.request)
    default = msgspec.to_builtins(SearchRequest())
    plan = None if entry.plan is None else plan_form(entry.plan)
    sent = []
    if entry.sent:
        client = services().client
        url = f"{client.url}/{client.names.handler}"
        sent = [
            SentForm(
                [ParameterForm(name, shortened(value)) for name, value in curl.pairs(params)],
                curl.command(url, params),
                curl.parameters(params),
            )
            for params in entry.sent
        ]
    request = {name: value for name, value in given.items() if value != default[name]}
    return QueryDetailForm(_form(entry), request, plan, sent, entry.query is not None)


def compared(id: str) -> ComparisonForm:
    """One search, run again.

    Raises:
        NotFound: it is not kept.
        Conflict: it failed before it was known what to ask.
    """
    entry = services().workspace.queries.get(id)
    if entry.query is None:
        raise Conflict("this search failed before it was known what to ask Solr for; search again")
    found: Comparison = compare(services().engine, entry.query)
    return ComparisonForm(found.recall, found.identical, _side(found.exact), _side(found.approximate))


def _side(side: Side) -> SideForm:
    result = side.result
    hits = [
        ComparedForm(hit_form(hit, picture_url(hit)), place)
        for hit, place in zip(result.hits, side.places, strict=True)
    ]
    return SideForm(plan_form(result.plan), result.took.total, result.total, hits)


def _is_wanted(entry: Entry, asked: Wanted) -> bool:
    failed = entry.error is not None or entry.partial
    return entry.took.total >= asked.slower and (not asked.errors or failed) and asked.way in (None, _way(entry))


def _way(entry: Entry) -> str:
    return FAILED if entry.plan is None else entry.plan.way.value


def _latency(entries: Sequence[Entry]) -> LatencyForm:
    took = np.array([entry.took.total for entry in entries if entry.error is None])
    edges = np.searchsorted(_STEPS, took, side="right")
    bars = [BarForm(below, int((edges == place).sum())) for place, below in enumerate((*_STEPS, None))]
    if not len(took):
        return LatencyForm(None, None, None, None, bars)
    p50, p95, p99 = (round(float(each), 1) for each in np.percentile(took, (50, 95, 99)))
    return LatencyForm(p50, p95, p99, round(float(took.max()), 1), bars)


def _form(entry: Entry) -> QueryForm:
    asked, plan = entry.request, entry.plan
    return QueryForm(
        id=entry.id,
        at=datetime.fromtimestamp(entry.at, UTC).isoformat(timespec="milliseconds"),
        words=asked.q,
        by=_by(entry),
        filters=_filters(asked),
        way=_way(entry),
        reason=None if plan is None else plan.reason,
        candidates=None if plan is None else plan.candidates,
        matching=None if plan is None else plan.matching,
        total=entry.total,
        shown=entry.shown,
        rows=asked.rows,
        start=entry.query.start if entry.query is not None else asked.start,
        took=TookForm(entry.took.extract, entry.took.solr, entry.took.total),
        partial=entry.partial,
        error=None if entry.error is None else ErrorForm(*entry.error),
    )


def _by(entry: Entry) -> list[str]:
    asked = entry.request
    found = {
        "photo": entry.by_photo,
        f"product {asked.image_id}": asked.image_id,
        f"picture of “{asked.image_text}”": asked.image_text,
        f"like {len(asked.like)}": asked.like,
        f"unlike {len(asked.unlike)}": asked.unlike,
        "profile": asked.profile,
        "part of the picture": asked.crop or asked.detect,
    }
    return [name for name, given in found.items() if given]


def _filters(asked: SearchRequest) -> list[str]:
    found = []
    for name, values in {**asked.filters, **asked.ranges}.items():
        if isinstance(values, RangeRequest):
            low, high = ("" if bound is None else f"{bound:g}" for bound in (values.min, values.max))
            found.append(f"{name}: {low}–{high}")
        else:
            found.append(f"{name}: {', '.join(map(str, values))}")
    found += [f"no {name}" for name in asked.missing]
    return found
