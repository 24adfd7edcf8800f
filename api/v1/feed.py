"""`/v1/feed`: changes of the catalogue one by one, kept on disk until `visual-search follow` has applied them."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Final

import msgspec
from flask import Blueprint, Response, request
from werkzeug.exceptions import UnsupportedMediaType

from api.access.keys import Role
from api.access.security import requires
from api.operations import JSON, Operation, answer, describe
from api.services import services
from vision.errors import BadQuery, TooLarge
from vision.following.change import ACCEPTED, Change, FeedLine, checked, of_line
from vision.following.queue import Partition

blueprint = Blueprint("feed", __name__, url_prefix="/v1/feed")

NDJSON: Final = "application/x-ndjson"
MAX_LINES: Final = 10_000


class RefusedForm(msgspec.Struct, frozen=True):
    """A row that is not accepted: its line from 1 on, its id and the reason."""

    line: int
    id: str
    reason: str


class AcceptedForm(msgspec.Struct, frozen=True):
    """How many changes were kept and will be applied, how many wait now, and which rows are no good.

    Whether a picture is one is seen when a change is applied. ``following`` tells whether anybody applies changes now.
    """

    accepted: int
    rejected: list[RefusedForm]
    queued: int
    following: bool


class FeedForm(msgspec.Struct, frozen=True):
    """How far a collection's feed is.

    ``queued`` changes wait, the oldest for ``lag_seconds``; ``applied``, of which ``deleted`` were deletions, and
    ``rejected`` are counted from all sources since the beginning. ``following`` tells whether anybody applies changes
    now, ``heard`` when that was seen last. ``partitions`` are those of the topic that it follows as well.
    """

    collection: str
    queued: int
    lag_seconds: float
    applied: int
    deleted: int
    rejected: int
    following: bool
    heard: datetime | None
    last: datetime | None
    partitions: list[Partition]


@blueprint.post("")
@requires(Role.ENGINEER)
@describe(
    Operation(
        "Keep changes of the catalogue, one on each line, to be applied in their order",
        answer=AcceptedForm,
        status=202,
        body=FeedLine,
        raw=(NDJSON,),
        problems=(400, 413, 415),
    )
)
def add() -> Response:
    """Keep changes, and say so once they are on disk."""
    changes, refused = _read(request.get_data())
    queue = services().workspace.feed()
    queued = queue.put(changes) if changes else queue.figures().queued
    return answer(AcceptedForm(len(changes), refused, queued, queue.figures().following), 202)


@blueprint.get("")
@requires(Role.MERCHANDISER)
@describe(Operation("How far the feed is, and whether anybody applies it", answer=FeedForm))
def show() -> Response:
    """Answer how the feed is."""
    workspace = services().workspace
    figures = workspace.feed().figures()
    return answer(
        FeedForm(
            collection=workspace.feed_name,
            queued=figures.queued,
            lag_seconds=round(figures.lag, 3),
            applied=figures.applied,
            deleted=figures.deleted,
            rejected=figures.rejected,
            following=figures.following,
            heard=_time(figures.heard),
            last=_time(figures.last),
            partitions=list(figures.partitions),
        )
    )


def _read(body: bytes) -> tuple[list[Change], list[RefusedForm]]:
    """The changes of a request; one line that is none refuses all of them, a row that is no good itself alone."""
    if request.mimetype not in (NDJSON, JSON):
        raise UnsupportedMediaType(f"the body is {request.mimetype or 'of no Content-Type'}; {NDJSON} is {ACCEPTED}")
    lines = [body] if request.mimetype == JSON else body.split(b"\n")
    numbered = [(number, line) for number, line in enumerate(lines, start=1) if line.strip()]
    if not numbered:
        raise BadQuery(f"the request has no lines; {ACCEPTED}")
    if len(numbered) > MAX_LINES:
        raise TooLarge(f"the request has {len(numbered):,} lines; at most {MAX_LINES:,} are accepted at once")
    kept, refused = list[Change](), list[RefusedForm]()
    for number, line in numbered:
        change = of_line(line, number)
        # Whether rows without a picture are taken, whoever applies them says.
        found = None if change.row is None else checked(change, number, allow_missing_images=True)
        if found is not None and found.product is None:
            refused.append(RefusedForm(number, change.id, found.reason))
        else:
            kept.append(change)
    return kept, refused


def _time(seconds: float | None) -> datetime | None:
    return None if seconds is None else datetime.fromtimestamp(seconds, UTC)
