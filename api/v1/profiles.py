"""`/v1/profiles`: what a shopper likes to look at, to rank or filter any search by it."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated, Final

import msgspec
from flask import Blueprint, Response
from msgspec import Meta

from api import parts
from api.access.keys import Role
from api.access.security import requires
from api.operations import JSON, Operation, answer, describe
from api.services import services
from vision.errors import BadQuery
from vision.search.steering.profiles import KEPT, Profile

blueprint = Blueprint("profiles", __name__, url_prefix="/v1/profiles")

_ACCEPTED: Final = f"accepted: {JSON} {{like: [product, …], unlike: [product, …]}} with up to {KEPT} products each"

_Products = Annotated[list[Annotated[str, Meta(min_length=1, max_length=256)]], Meta(max_length=KEPT)]


class EventsRequest(msgspec.Struct, forbid_unknown_fields=True, frozen=True):
    """Ids of products, or of their pictures, that a shopper liked or did not like."""

    like: _Products = []
    unlike: _Products = []


class EventForm(msgspec.Struct, frozen=True):
    """One product of a profile, and when that was said of it."""

    product: str
    liked: bool
    time: datetime


class ProfileForm(msgspec.Struct, frozen=True):
    """A profile; its id is the only way to it. ``events`` are the newest 200, newest first."""

    profile_id: str
    events: list[EventForm]


@blueprint.post("")
@requires(Role.SHOPPER)
@describe(Operation("A new profile, without likes", answer=ProfileForm, status=201))
def make() -> Response:
    """Make a profile."""
    made = answer(_form(services().profiles.make()), 201)
    made.headers["Cache-Control"] = "no-store"
    return made


@blueprint.get("/<profile_id>")
@requires(Role.SHOPPER)
@describe(Operation("What a profile knows", answer=ProfileForm, problems=(404,)))
def show(profile_id: str) -> Response:
    """Answer a profile."""
    shown = answer(_form(services().profiles.read(profile_id)))
    shown.headers["Cache-Control"] = "no-store"
    return shown


@blueprint.post("/<profile_id>/events")
@requires(Role.SHOPPER)
@describe(
    Operation(
        "Products that a shopper likes or does not like; the last word on each counts",
        answer=ProfileForm,
        body=EventsRequest,
        problems=(400, 404, 413, 415),
    )
)
def add(profile_id: str) -> Response:
    """Note products."""
    try:
        said = msgspec.json.decode(parts.json_body(_ACCEPTED), type=EventsRequest)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise BadQuery(f"the body is not understood: {error}; {_ACCEPTED}") from error
    both = sorted(set(said.like) & set(said.unlike))
    if both:
        raise BadQuery(f"{both[0]!r} is in like and in unlike; say one of them", "like")
    return answer(_form(services().profiles.add(profile_id, said.like, said.unlike)))


@blueprint.delete("/<profile_id>")
@requires(Role.SHOPPER)
@describe(Operation("Forget a profile and everything in it", status=204, problems=(404,)))
def delete(profile_id: str) -> Response:
    """Forget a profile."""
    services().profiles.delete(profile_id)
    return Response(status=204)


def _form(profile: Profile) -> ProfileForm:
    events = [EventForm(each.product, each.liked, datetime.fromtimestamp(each.time, UTC)) for each in profile.events]
    return ProfileForm(profile.id, events)
