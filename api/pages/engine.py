"""The search engineer's pages: what runs, what was searched, and what was measured.

Each is written here, whole; the modules only fetch the same address again and take over the parts that change.
"""

from __future__ import annotations

from typing import Any, Final
from urllib.parse import urlencode

from flask import Blueprint, Response, request

from api.access.keys import Role
from api.access.security import requires
from api.pages import figures, frame, measuring, showing
from api.problems import Problem, problem
from api.services import services
from api.v1.measurements import KINDS
from api.v1.queries import SORTS, WAYS, Wanted, compared, detail, kept, wanted
from api.v1.status import gather
from vision.errors import VisualSearchError
from vision.tuning.state import TuningForm, state

blueprint = Blueprint("engine", __name__, url_prefix="/engine")
frame.install(blueprint)

_MODULES: Final = frame.modules("engine/main.js")
_QUERIES: Final = "engine.queries"
_SLOW: Final = (50, 100, 200, 500, 1000, 5000)
"""Milliseconds that "slower than" offers."""


@blueprint.get("")
@requires(Role.ENGINEER)
def overview() -> Response:
    """Answer what runs, and what does not."""
    return _page("overview.html", found=gather(services()))


@blueprint.get("/queries")
@requires(Role.ENGINEER)
def queries() -> Response:
    """Answer the searches of late."""
    asked = wanted()
    return _page("queries.html", found=kept(asked), asked=asked, ways=WAYS, sorts=SORTS, slow=_slow(asked), to=_to)


@blueprint.get("/queries/<query_id>")
@requires(Role.ENGINEER)
def query(query_id: str) -> Response:
    """Answer one search, and where that was asked the same search again both ways."""
    found, comparison, failed = detail(query_id), None, None
    if request.args.get("again"):
        try:
            comparison = compared(query_id)
        except VisualSearchError as error:
            failed = problem(error)
    return _page("query.html", section=_QUERIES, found=found, comparison=comparison, failed=failed)


@blueprint.get("/measurements")
@requires(Role.ENGINEER)
def measurements() -> Response:
    """Answer what was measured, and two of them beside each other where two are picked."""
    kind = request.args.get("kind") or None
    kept = services().workspace.measurements()
    picked = [kept.read(id) for id in request.args.getlist("pick")[:2]]
    comparable = len(picked) == 2 and picked[0].summary.kind == picked[1].summary.kind
    # What came later is compared with what came before.
    picked.sort(key=lambda each: each.summary.made)
    return _page(
        "measurements.html",
        found=kept.summaries(kind),
        kind=kind,
        kinds=KINDS,
        picked=picked,
        compared=measuring.compare(*picked) if comparable else None,
        tuning=_tuning(),
    )


@blueprint.get("/measurements/<measurement_id>")
@requires(Role.ENGINEER)
def measurement(measurement_id: str) -> Response:
    """Answer one measurement: its charts and its tables."""
    found = services().workspace.measurements().read(measurement_id)
    return _page("measurement.html", section="engine.measurements", found=found, tables=measuring.tables(found))


def _tuning() -> TuningForm | Problem:
    """The limits in force, or why they are not known."""
    try:
        return state(services().engine)
    except VisualSearchError as error:
        return problem(error)


def _page(template: str, section: str | None = None, **values: Any) -> Response:
    return frame.render(
        f"engine/{template}", section=section, modules=_MODULES, figures=figures, showing=showing, **values
    )


def _slow(asked: Wanted) -> list[float]:
    """What "slower than" offers: with what the address says, if that is something else."""
    return sorted({*_SLOW, asked.slower} - {0.0})


def _to(asked: Wanted, **changes: object) -> str:
    """The address of the list with changes; what is as if left out is left out."""
    plain, now = Wanted(), {name: getattr(asked, name) for name in Wanted.__struct_fields__} | changes
    pairs = {
        name: str(value).lower() if isinstance(value, bool) else value
        for name, value in now.items()
        if value != getattr(plain, name)
    }
    return "/engine/queries" + (f"?{urlencode(pairs)}" if pairs else "")
