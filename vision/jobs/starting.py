"""A job begun in a process of its own, which outlives whoever began it."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from contextlib import suppress
from pathlib import Path

import msgspec
import psutil

import vision
from vision.jobs import kinds, order
from vision.jobs.model import Job
from vision.jobs.order import Order
from vision.jobs.store import Jobs, new_id
from vision.processes import spawn
from vision.settings import Settings


def start(settings: Settings, jobs: Jobs, kind: str, request: msgspec.Struct, *, by: str) -> Job:
    """Begin a job.

    Args:
        settings: what the job works with; they reach it on its stdin.
        jobs: where it is written down.
        kind: one of :data:`kinds.KINDS`.
        request: that kind's.
        by: who wants it.

    Raises:
        BadInput, NotFound: it cannot be done as it is asked.
        Busy: as many run as may.
    """
    found = kinds.named(kind)
    found.check(settings, request)
    jobs.check_limit(settings.jobs)
    id, title = new_id(), found.title(settings, request)
    jobs.folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    root = str(Path(vision.__file__).parent.parent)
    paths = os.pathsep.join([root, *filter(None, [os.environ.get("PYTHONPATH")])])
    process = spawn(
        [sys.executable, "-P", "-m", "vision.jobs.child"],
        environ=dict(os.environ) | {"PYTHONPATH": paths},
        cwd=Path.cwd(),
        log=jobs.log(id),
        stdin=subprocess.PIPE,
    )
    assert process.stdin is not None
    # Somebody has to ask how it ended, or it stays as a zombie for as long as the server lives.
    threading.Thread(target=process.wait, name=f"job-{id}", daemon=True).start()
    try:
        # It waits for its order, and ends without one. Where it died before, the log says why, and the job is shown.
        with suppress(BrokenPipeError), process.stdin as stdin:
            created = psutil.Process(process.pid).create_time()
            job = Job(id, kind, title, by, jobs.clock(), process.pid, created, over_http=True)
            jobs.add(job, limit=settings.jobs)
            stdin.write(order.encode(Order(id, kind, title, msgspec.Raw(msgspec.json.encode(request)), settings)))
    except BaseException:
        jobs.log(id).unlink(missing_ok=True)
        raise
    return job
