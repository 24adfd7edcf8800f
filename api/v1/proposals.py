"""`/v1/proposals`: what the merchandiser's tools propose, to be kept, looked at, accepted or rejected."""

from __future__ import annotations

from typing import Annotated, Any, Final, TypeVar

import msgspec
from flask import Blueprint, Response, request
from msgspec import Meta

from api import parts
from api.access.keys import Role
from api.access.security import requires
from api.operations import JSON, Operation, Parameter, answer, describe
from api.parameters import whole_number
from api.services import services
from vision.errors import BadQuery
from vision.merchandising.model import State
from vision.merchandising.presentation import ChangeForm, ProposalForm, change_form, proposal_form
from vision.merchandising.proposal import Proposal, Tool
from vision.merchandising.proposals import Wanted, check

blueprint = Blueprint("proposals", __name__, url_prefix="/v1/proposals")

MAX_IDS: Final = 10_000
MAX_ROWS: Final = 1000
T = TypeVar("T", bound=msgspec.Struct)

_STATES: Final = [state.value for state in State]
_PARAMETERS: Final = (
    Parameter("state", "Left out: open. all: every state.", {"type": "string", "enum": [*_STATES, "all"]}),
    Parameter("tool", "Only those of this tool.", {"type": "string", "enum": [tool.value for tool in Tool]}),
    Parameter("field", "Only those for this attribute."),
    Parameter("product", "Only those for this product."),
    Parameter("min_confidence", "Only those as sure as this.", {"type": "number", "minimum": 0, "maximum": 1}),
    Parameter("rows", "How many.", {"type": "integer", "default": 50, "maximum": MAX_ROWS}),
    Parameter("start", "How many to leave out before.", {"type": "integer", "default": 0}),
)
_Ids = Annotated[list[Annotated[str, Meta(min_length=1, max_length=64)]], Meta(min_length=1, max_length=MAX_IDS)]


class ProposalsRequest(msgspec.Struct, forbid_unknown_fields=True, frozen=True):
    """Proposals as the tools give them."""

    proposals: Annotated[list[Proposal], Meta(max_length=MAX_IDS)]


class SavedForm(msgspec.Struct, frozen=True):
    """How many proposals came, and how many of them are open now."""

    saved: int
    open: int


class DecisionRequest(msgspec.Struct, forbid_unknown_fields=True, frozen=True):
    """Ids of proposals that are kept, who decides, and why."""

    ids: _Ids
    by: str
    why: str = ""


class ProposalsForm(msgspec.Struct, frozen=True):
    """A page of proposals, surest first, and how many there are in all."""

    proposals: list[ProposalForm]
    total: int


class RejectedForm(msgspec.Struct, frozen=True):
    """How many proposals were not rejected before."""

    rejected: int


class ReopenedForm(msgspec.Struct, frozen=True):
    """How many proposals were rejected, and are open again."""

    reopened: int


@blueprint.get("")
@requires(Role.MERCHANDISER)
@describe(Operation("What is proposed", answer=ProposalsForm, parameters=_PARAMETERS, problems=(400, 404, 503)))
def listed() -> Response:
    """Answer a page of proposals."""
    rows, start = page()
    found, total = services().desk.proposals.page(wanted(), rows=rows, start=start)
    return answer(ProposalsForm([proposal_form(each) for each in found], total))


def wanted() -> Wanted:
    """Which proposals the query string asks for.

    Raises:
        BadQuery: a state, tool or confidence that there is none of.
    """
    asked = request.args
    state, tool = asked.get("state") or State.OPEN.value, asked.get("tool") or None
    if state not in (*_STATES, "all"):
        raise BadQuery(f"state is {state[:40]!r}; accepted: {', '.join(_STATES)}, all", "state")
    if tool is not None and tool not in list(Tool):
        raise BadQuery(f"tool is {tool[:40]!r}; accepted: {', '.join(Tool)}", "tool")
    return Wanted(
        None if state == "all" else State(state),
        None if tool is None else Tool(tool),
        asked.get("field") or None,
        asked.get("product") or None,
        _share("min_confidence", asked.get("min_confidence")),
    )


@blueprint.post("")
@requires(Role.MERCHANDISER)
@describe(Operation("Keep proposals", answer=SavedForm, body=ProposalsRequest, problems=(400, 404, 413, 415, 503)))
def save() -> Response:
    """Keep proposals."""
    said = body(ProposalsRequest, "{proposals: [{id, product, field, old, new, confidence, evidence, tool}, …]}")
    check(said.proposals)
    return answer(SavedForm(len(said.proposals), services().desk.proposals.save(said.proposals)))


@blueprint.get("/<proposal_id>")
@requires(Role.MERCHANDISER)
@describe(Operation("One proposal", answer=ProposalForm, problems=(404, 503)))
def show(proposal_id: str) -> Response:
    """Answer a proposal."""
    return answer(proposal_form(services().desk.proposals.get([proposal_id])[0]))


@blueprint.post("/accept")
@requires(Role.MERCHANDISER)
@describe(
    Operation(
        "Write proposals to the index, as one change set",
        answer=ChangeForm,
        body=DecisionRequest,
        problems=(400, 404, 409, 413, 415, 502, 503),
    )
)
def accept() -> Response:
    """Accept proposals."""
    said = body(DecisionRequest, "{ids: [proposal, …], by, why}")
    return answer(change_form(services().desk.accept(said.ids, by=said.by, why=said.why)))


@blueprint.post("/reject")
@requires(Role.MERCHANDISER)
@describe(
    Operation("Decide against proposals", answer=RejectedForm, body=DecisionRequest, problems=(400, 404, 413, 415, 503))
)
def reject() -> Response:
    """Reject proposals."""
    said = body(DecisionRequest, "{ids: [proposal, …], by, why}")
    return answer(RejectedForm(services().desk.proposals.reject(said.ids, by=said.by, why=said.why)))


@blueprint.post("/reopen")
@requires(Role.MERCHANDISER)
@describe(
    Operation("Take rejections back", answer=ReopenedForm, body=DecisionRequest, problems=(400, 404, 413, 415, 503))
)
def reopen() -> Response:
    """Reopen proposals."""
    said = body(DecisionRequest, "{ids: [proposal, …], by, why}")
    return answer(ReopenedForm(services().desk.proposals.reopen(said.ids, by=said.by, why=said.why)))


def body(kind: type[T], form: str) -> T:
    """The request's body.

    Raises:
        BadQuery: it is not understood.
    """
    accepted = f"accepted: {JSON} {form}"
    try:
        return msgspec.json.decode(parts.json_body(accepted), type=kind)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise BadQuery(f"the body is not understood: {error}; {accepted}") from error


def page() -> tuple[int, int]:
    """``rows`` and ``start`` of the query string."""
    rows = whole_number("rows", request.args.get("rows"), default=50, low=1, high=MAX_ROWS)
    return rows, whole_number("start", request.args.get("start"), default=0, low=0, high=10**9 - 1)


def _share(name: str, raw: Any) -> float:
    try:
        value = float(raw or 0)
    except ValueError:
        value = -1.0
    if not 0 <= value <= 1:
        raise BadQuery(f"{name} is {raw[:40]!r}; accepted: 0 to 1", name)
    return value
