"""`/v1/changes`: what was changed, by whom and why; undone, resumed, exported."""

from __future__ import annotations

from typing import Annotated, Final

import msgspec
from flask import Blueprint, Response, request
from msgspec import Meta

from api.access.keys import Role
from api.access.security import requires
from api.operations import Operation, Parameter, answer, describe
from api.services import services
from api.v1.proposals import MAX_IDS, MAX_ROWS, body, page
from vision.errors import BadQuery
from vision.merchandising import changes, export
from vision.merchandising.model import Outcome
from vision.merchandising.presentation import ChangeForm, ItemForm, change_form, item_form

blueprint = Blueprint("changes", __name__, url_prefix="/v1")

_CSV: Final = "text/csv"
_PAGE: Final = (
    Parameter("rows", "How many.", {"type": "integer", "default": 50, "maximum": MAX_ROWS}),
    Parameter("start", "How many to leave out before.", {"type": "integer", "default": 0}),
)
_OUTCOMES: Final = [outcome.value for outcome in Outcome]
_STATE: Final = Parameter(
    "state",
    "Only what came out so; may be repeated.",
    {"type": "array", "items": {"type": "string", "enum": _OUTCOMES}},
)
_RAW: Final = Parameter(
    "raw",
    "true: for programs. Otherwise an apostrophe is put before cells that a spreadsheet takes for a formula.",
    {"type": "string", "enum": ["true", "false"]},
)


class ChangesForm(msgspec.Struct, frozen=True):
    """A page of change sets, newest first, and how many there are in all."""

    changes: list[ChangeForm]
    total: int


class WholeChangeForm(msgspec.Struct, frozen=True):
    """A change set, and a page of what it did to products."""

    change: ChangeForm
    items: list[ItemForm]


class UndoRequest(msgspec.Struct, forbid_unknown_fields=True, frozen=True):
    """Who undoes, why, and which products alone, where not all."""

    by: str
    why: str = ""
    products: Annotated[list[str], Meta(max_length=MAX_IDS)] = []


@blueprint.get("/changes")
@requires(Role.MERCHANDISER)
@describe(Operation("What was changed", answer=ChangesForm, parameters=_PAGE, problems=(400, 404, 503)))
def listed() -> Response:
    """Answer a page of change sets."""
    rows, start = page()
    with services().desk.journal.reading() as database:
        found, total = changes.page(database, rows=rows, start=start)
    return answer(ChangesForm([change_form(each) for each in found], total))


@blueprint.get("/changes/<change_id>")
@requires(Role.MERCHANDISER)
@describe(
    Operation(
        "What a change set did to each product", answer=WholeChangeForm, parameters=_PAGE, problems=(400, 404, 503)
    )
)
def show(change_id: str) -> Response:
    """Answer a change set."""
    rows, start = page()
    with services().desk.journal.reading() as database:
        found = changes.get(database, change_id)
        items = [item_form(each) for each in changes.settled(database, change_id, rows=rows, start=start)]
    return answer(WholeChangeForm(change_form(found), items))


@blueprint.post("/changes/<change_id>/undo")
@requires(Role.MERCHANDISER)
@describe(
    Operation(
        "Restore what was before a change set, as a change set of its own",
        answer=ChangeForm,
        body=UndoRequest,
        problems=(400, 404, 409, 413, 415, 502, 503),
    )
)
def undo(change_id: str) -> Response:
    """Undo a change set."""
    said = body(UndoRequest, "{by, why, products: [product, …]}")
    return answer(change_form(services().desk.undo(change_id, by=said.by, why=said.why, products=said.products)))


@blueprint.post("/changes/<change_id>/resume")
@requires(Role.MERCHANDISER)
@describe(Operation("Go on with a change set that was interrupted", answer=ChangeForm, problems=(404, 409, 502, 503)))
def resume(change_id: str) -> Response:
    """Resume a change set."""
    return answer(change_form(services().desk.resume(change_id)))


@blueprint.get("/changes.csv")
@requires(Role.MERCHANDISER)
@describe(
    Operation(
        "All changes, for the system that keeps the catalogue",
        media=_CSV,
        parameters=(_STATE, _RAW),
        problems=(400, 404, 503),
    )
)
def exported() -> Response:
    """Answer CSV."""
    states = [state for state in request.args.getlist("state") if state]  # a form sends what is left empty
    if unknown := set(states) - set(_OUTCOMES):
        raise BadQuery(f"state is {min(unknown)[:40]!r}; accepted: {', '.join(_OUTCOMES)}", "state")
    raw = request.args.get("raw", "false")
    if raw not in ("true", "false"):
        raise BadQuery(f"raw is {raw[:40]!r}; accepted: true, false", "raw")
    lines = export.rows(services().desk.journal, states=[Outcome(each) for each in states], raw=raw == "true")
    response = Response("".join(lines), content_type=f"{_CSV}; charset=utf-8")
    response.headers["Content-Disposition"] = 'attachment; filename="changes.csv"'
    response.headers["Cache-Control"] = "no-store"
    return response
