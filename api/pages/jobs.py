"""Long work: what runs, how it ended, what it led to, and, for search engineers, beginning it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from flask import Blueprint, Response, request, url_for

from api.access.keys import Role
from api.access.security import caller, requires
from api.pages import figures, frame, showing
from api.services import services
from api.v1 import catalogues
from api.v1.jobs import STATES, visible, wanted
from api.v1.proposals import page
from vision.evaluation.measurements import Summary
from vision.jobs.model import Job, State
from vision.jobs.presentation import JobForm, job_form

blueprint = Blueprint("work", __name__)
frame.install(blueprint)

_MODULES: Final = frame.modules("jobs/main.js")
_TOOLS: Final = {
    "cluster": ("merchandise.groups", "The groups"),
    "fill": ("merchandise.fill", "What was filled"),
    "audit": ("merchandise.audit", "What is suspicious"),
    "duplicates": ("merchandise.duplicates", "The duplicates"),
}
_SOON: Final = timedelta(seconds=5)
"""A measurement is kept at the end of its job."""


@dataclass(frozen=True)
class Row:
    """A job, where its result is and what that is called; empty where it has none."""

    job: JobForm
    address: str
    text: str


@blueprint.get("/jobs")
@requires(Role.MERCHANDISER)
def index() -> Response:
    """Answer the jobs, those that run first."""
    state, kind = wanted()
    rows, start = page()
    jobs = services().workspace.jobs()
    found = sorted(visible(state, kind), key=lambda job: not job.is_running)
    measured = services().workspace.measurements().summaries()
    now = jobs.clock()
    engineer = caller() >= Role.ENGINEER
    return frame.render(
        "jobs/jobs.html",
        rows=[_row(job, job_form(job, now), measured) for job in found[start : start + rows]],
        running=sum(job.is_running for job in found),
        total=len(found),
        start=start,
        size=rows,
        state=state,
        kind=kind,
        states=STATES,
        kinds=sorted({job.kind for job in visible(None, None)}),
        engineer=engineer,
        catalogues=catalogues.known() if engineer else [],
        limit=services().settings.jobs,
        modules=_MODULES,
        figures=figures,
        showing=showing,
        address=_address,
    )


def _address(**changes: Any) -> str:
    return url_for("work.index", **(request.args.to_dict() | changes))


def _row(job: Job, form: JobForm, measured: list[Summary]) -> Row:
    if job.state is not State.DONE:
        return Row(form, "", "")
    if job.kind in _TOOLS and job.over_http:
        endpoint, text = _TOOLS[job.kind]
        return Row(form, url_for(endpoint, job=job.id), text)
    if job.kind in ("evaluate", "tune"):
        kept = _measurement(form, measured)
        return (
            Row(form, url_for("engine.measurement", measurement_id=kept), "What was measured")
            if kept
            else Row(form, "", "")
        )
    if job.kind == "index":
        return Row(form, url_for("engine.overview"), "The collection now")
    if job.kind == "changes":
        return Row(form, url_for("merchandise.log"), "The changes")
    return Row(form, "", "")


def _measurement(form: JobForm, measured: list[Summary]) -> str | None:
    """What a job kept: the last of its kind that was made while it ran."""
    assert form.ended is not None
    since, until = form.started.replace(microsecond=0), form.ended + _SOON
    return next(
        (
            each.id
            for each in measured
            if each.kind == form.kind and since <= datetime.fromisoformat(each.made) <= until
        ),
        None,
    )
