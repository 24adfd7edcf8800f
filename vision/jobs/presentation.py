"""Jobs as JSON has them."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import msgspec

from vision.jobs.model import Job


class JobForm(msgspec.Struct, frozen=True):
    """A long piece of work.

    ``stage`` is what it is at, ``label`` the same in words, ``done`` of ``total`` how far, null while unknown.
    ``seconds`` is how long it has run, or ran. ``error`` says why it failed; ``summary`` has figures of what it did.
    """

    id: str
    kind: str
    title: str
    state: str
    stage: str
    label: str
    done: int
    total: int | None
    by: str
    started: datetime
    ended: datetime | None
    seconds: float
    error: str | None
    summary: dict[str, Any]
    cancellable: bool


def job_form(job: Job, now: float) -> JobForm:
    """A job, at a moment in seconds since 1970."""
    reached = job.reached
    return JobForm(
        id=job.id,
        kind=job.kind,
        title=job.title,
        state=job.state,
        stage=reached.stage,
        label=reached.label,
        done=reached.done,
        total=reached.total,
        by=job.by,
        started=_time(job.started),
        ended=None if job.ended is None else _time(job.ended),
        seconds=round(max(0.0, (job.ended or now) - job.started), 2),
        error=job.error,
        summary=dict(job.summary),
        cancellable=job.is_cancellable,
    )


def _time(seconds: float) -> datetime:
    return datetime.fromtimestamp(seconds, UTC)
