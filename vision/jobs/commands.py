"""``visual-search jobs``: long work of whatever terminal or server, how far it is, and how to end it.

Exit status: 0 done, 1 there is no such job or it cannot be ended, 2 a wrong option.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import click

from vision.console import echo, reported
from vision.jobs.model import Job, State

if TYPE_CHECKING:
    from vision.jobs.store import Jobs

_JSON = click.option("--json", "as_json", is_flag=True, help="Print JSON.")
_LOOK_S = 0.2


@click.group()
def jobs() -> None:
    """Look at long work, and end it: what commands in terminals do, and what POST /v1/jobs began."""


@jobs.command("list")
@click.option("--state", type=click.Choice([each.value for each in State]), help="Only those of this state.")
@click.option("--kind", help="Only those of this kind: index, evaluate, cluster, ….")
@click.option("--rows", type=click.IntRange(1, 10_000), default=20, show_default=True, help="How many to list.")
@_JSON
@reported
def list_(state: str | None, kind: str | None, rows: int, as_json: bool) -> None:
    """List jobs, newest first."""
    store = _store()
    found = [job for job in store.all() if state in (None, job.state) and kind in (None, job.kind)]
    if as_json:
        _print_json(found[:rows])
        return
    for job in found[:rows]:
        echo(_line(job))
    if len(found) > rows:
        echo(f"{len(found):,} in all")


@jobs.command()
@click.argument("id")
@_JSON
@reported
def show(id: str, as_json: bool) -> None:
    """Say how far job ID is, or what became of it."""
    job = _store().get(id)
    if as_json:
        _print_json(job)
        return
    echo(_line(job))
    for name, value in job.summary.items():
        echo(f"  {name}: {value}")
    if job.error:
        echo(job.error)


@jobs.command()
@click.argument("id")
@click.option("--wait", is_flag=True, help="Until it has ended.")
@_JSON
@reported
def cancel(id: str, wait: bool, as_json: bool) -> None:
    """Ask job ID to end, as Ctrl+C in its terminal does: what can go on later still can."""
    store = _store()
    job = store.cancel(id)
    while wait and job.is_running:
        time.sleep(_LOOK_S)
        job = store.get(id)
    if as_json:
        _print_json(job)
    else:
        echo(f"job {id} ends at its next step" if job.is_running else _line(job))


def _store() -> Jobs:
    from vision.settings import Settings
    from vision.workspace import Workspace

    return Workspace(Settings.from_environment()).jobs()


def _line(job: Job) -> str:
    begun = time.strftime("%Y-%m-%d %H:%M", time.localtime(job.started))
    reached = job.reached
    how_far = f"{reached.done:,}" + ("" if reached.total is None else f" of {reached.total:,}")
    now = f", {reached.label} {how_far}" if job.is_running else ""
    return f"{job.id}  {begun}  {job.kind:<10}  {job.state}{now}  {job.title}  by {job.by}"


def _print_json(found: Job | list[Job]) -> None:
    import msgspec

    from vision.jobs.presentation import job_form

    now = time.time()
    form = [job_form(job, now) for job in found] if isinstance(found, list) else job_form(found, now)
    click.echo(msgspec.json.encode(form).decode())
