"""`/v1/jobs`: long work in processes of its own, with progress, an end from outside, and its answer when it is done."""

from __future__ import annotations

from typing import Annotated, Any, Final

import msgspec
from flask import Blueprint, Response, request
from msgspec import Meta

from api.access.keys import Role, require
from api.access.security import caller, requires
from api.operations import JSON, Operation, Parameter, answer, describe
from api.services import services
from api.v1.proposals import body, page
from vision.errors import BadQuery, Conflict, NotFound
from vision.jobs import kinds, starting
from vision.jobs.model import Job, State
from vision.jobs.presentation import JobForm, job_form
from vision.jobs.store import Jobs

blueprint = Blueprint("jobs", __name__, url_prefix="/v1/jobs")

STATES: Final = [state.value for state in State]
_ACCEPTED: Final = f"{{kind: {' | '.join(kinds.KINDS)}, request: what that kind is asked, by: a name}}"
_LISTED: Final = (
    Parameter("state", "Only those of this state.", {"type": "string", "enum": STATES}),
    Parameter("kind", "Only those of this kind; commands in a terminal have further ones."),
    Parameter("rows", "How many.", {"type": "integer", "default": 50, "maximum": 1000}),
    Parameter("start", "How many to leave out before.", {"type": "integer", "default": 0}),
)


def _any_of(structs: list[type[msgspec.Struct]], *others: dict[str, Any]) -> dict[str, Any]:
    return {"anyOf": [*({"$ref": f"#/components/schemas/{each.__name__}"} for each in structs), *others]}


_REQUESTS: Final = [kind.request for kind in kinds.KINDS.values()]
_ANSWERS: Final = [kind.answer for kind in kinds.KINDS.values() if kind.answer is not None]

# A union of structs is beyond the schema's maker; which of them it is, ``kind`` says.
_Request = Annotated[msgspec.Raw, Meta(extra_json_schema=_any_of(_REQUESTS))]


class JobRequest(msgspec.Struct, forbid_unknown_fields=True, frozen=True):
    """What is to be done, ``request`` as the route of its own takes it, and who wants it."""

    kind: str
    request: _Request
    by: Annotated[str, Meta(max_length=100, pattern=r"^[^\x00-\x1f\x7f]*$")] = ""


class JobsForm(msgspec.Struct, frozen=True):
    """A page of jobs, newest first, and how many there are in all."""

    jobs: list[JobForm]
    total: int


@blueprint.post("")
@requires(Role.MERCHANDISER)
@describe(
    Operation(
        "Begin long work, in a process of its own",
        answer=JobForm,
        status=202,
        body=JobRequest,
        mentions=tuple(_REQUESTS),
        problems=(400, 404, 409, 413, 415, 429, 503),
    )
)
def begin() -> Response:
    """Begin a job."""
    said = body(JobRequest, _ACCEPTED)
    kinds.named(said.kind)
    _check_role(said.kind)
    wired = services()
    jobs = wired.workspace.jobs()
    job = starting.start(wired.settings, jobs, said.kind, kinds.read(said.kind, bytes(said.request)), by=said.by)
    made = answer(job_form(job, jobs.clock()), 202)
    made.headers["Location"] = f"/v1/jobs/{job.id}"
    return made


@blueprint.get("")
@requires(Role.MERCHANDISER)
@describe(Operation("Long work, newest first", answer=JobsForm, parameters=_LISTED, problems=(400,)))
def listed() -> Response:
    """Answer a page of jobs."""
    state, kind = wanted()
    rows, start = page()
    found, now = visible(state, kind), services().workspace.jobs().clock()
    return answer(JobsForm([job_form(job, now) for job in found[start : start + rows]], len(found)))


def wanted() -> tuple[str | None, str | None]:
    """``state`` and ``kind`` of the query string; empty ones, as forms send them, count as left out.

    Raises:
        BadQuery: no such state.
    """
    state, kind = request.args.get("state") or None, request.args.get("kind") or None
    if state is not None and state not in STATES:
        raise BadQuery(f"state is {state[:40]!r}; accepted: {', '.join(STATES)}", "state")
    return state, kind


def visible(state: str | None, kind: str | None) -> list[Job]:
    """The jobs that the caller may see, newest first, of one state and kind where they are given."""
    every = _role() >= Role.ENGINEER
    return [
        job
        for job in services().workspace.jobs().all()
        if state in (None, job.state) and kind in (None, job.kind) and (every or kinds.is_merchandisers(job.kind))
    ]


@blueprint.get("/<job_id>")
@requires(Role.MERCHANDISER)
@describe(Operation("How far a job is", answer=JobForm, problems=(404,)))
def show(job_id: str) -> Response:
    """Answer a job."""
    jobs, job = _find(job_id)
    return answer(job_form(job, jobs.clock()))


@blueprint.post("/<job_id>/cancel")
@requires(Role.MERCHANDISER)
@describe(Operation("Ask a job to end; it does so within seconds", answer=JobForm, problems=(404, 409)))
def cancel(job_id: str) -> Response:
    """Ask a job to end."""
    jobs, _ = _find(job_id)
    return answer(job_form(jobs.cancel(job_id), jobs.clock()))


@blueprint.get("/<job_id>/result")
@requires(Role.MERCHANDISER)
@describe(
    Operation(
        "What a job answered: as its own route does, or as the command prints with --json",
        schema=_any_of(_ANSWERS, {"type": "object"}, {"type": "array"}),
        mentions=tuple(_ANSWERS),
        problems=(404, 409),
    )
)
def result(job_id: str) -> Response:
    """Answer what the job answered."""
    jobs, job = _find(job_id)
    if job.is_running:
        raise Conflict(f"job {job_id} still runs; GET /v1/jobs/{job_id} says how far it is")
    if job.state is not State.DONE:
        raise Conflict(f"job {job_id} is {job.state} and has no answer" + (f": {job.error}" if job.error else ""))
    if not job.over_http:
        raise NotFound(f"job {job_id} was a command in a terminal, which printed its answer there")
    try:
        return Response(jobs.answer(job_id).read_bytes(), content_type=JSON)
    except FileNotFoundError:
        raise NotFound(f"the answer of job {job_id} was deleted; begin it again") from None


@blueprint.delete("/<job_id>")
@requires(Role.MERCHANDISER)
@describe(Operation("Forget a job that ended, and its answer", status=204, problems=(404, 409)))
def delete(job_id: str) -> Response:
    """Forget a job."""
    jobs, _ = _find(job_id)
    jobs.delete(job_id)
    return Response(status=204)


def _find(id: str) -> tuple[Jobs, Job]:
    """The store, and a job in it that the caller may see."""
    jobs = services().workspace.jobs()
    job = jobs.get(id)
    _check_role(job.kind)
    return jobs, job


def _check_role(kind: str) -> None:
    needed = Role.MERCHANDISER if kinds.is_merchandisers(kind) else Role.ENGINEER
    require(caller(), needed)


def _role() -> Role:
    return caller()
