"""`POST /v1/navigation`: looking around by pictures, step by step towards what is liked."""

from __future__ import annotations

import secrets
from typing import Annotated, Final

import msgspec
from flask import Blueprint, Response
from msgspec import Meta

from api import parts
from api.access.keys import Role
from api.access.security import requires
from api.links import picture_url
from api.operations import JSON, Operation, answer, describe
from api.services import services
from vision.errors import BadQuery
from vision.search import routing
from vision.search.presentation import HitForm, hit_form
from vision.search.request import RangeRequest, SearchRequest, Values, to_query
from vision.search.steering import navigation

blueprint = Blueprint("navigation", __name__, url_prefix="/v1")

MAX_ROWS: Final = 60
MAX_SHOWN: Final = 5000

_ACCEPTED: Final = (
    f"accepted: {JSON} {{start, seed, q, filters, rows}}, then {{page, like, unlike}} with the same words"
)


class NavigationRequest(msgspec.Struct, forbid_unknown_fields=True, frozen=True):
    """The first step, or with ``page`` the next one and what was said of the page before.

    ``start`` is ``diverse`` (products that differ as much as they can) or ``random``, by ``seed``; ``q`` and
    ``filters`` narrow what is shown, and should stay the same from step to step.
    """

    start: navigation.Start = "diverse"
    seed: Annotated[int, Meta(ge=0, lt=2**31)] | None = None
    like: Annotated[list[str], Meta(max_length=MAX_ROWS)] = []
    unlike: Annotated[list[str], Meta(max_length=MAX_ROWS)] = []
    q: str | None = None
    language: str | None = None
    filters: dict[str, Values | RangeRequest] = {}
    rows: Annotated[int, Meta(ge=1, le=MAX_ROWS)] = 12
    page: str | None = None


class NavigationForm(msgspec.Struct, frozen=True):
    """Products that no step before has shown; ``left`` are all those, ``page`` is null where this was the last step."""

    hits: list[HitForm]
    step: int
    left: int
    page: str | None


@blueprint.post("/navigation")
@requires(Role.SHOPPER)
@describe(
    Operation(
        "Look around by pictures: a first page from anywhere, then nearer to what is liked, nothing twice",
        answer=NavigationForm,
        body=NavigationRequest,
        problems=(400, 404, 413, 415, 502, 503),
    )
)
def navigate() -> Response:
    """Answer one step."""
    asked = _read()
    if asked.page is None:
        if asked.unlike:
            raise BadQuery("unlike belongs to a page that was shown; begin without it, or with like", "unlike")
        seed = secrets.randbelow(2**31) if asked.seed is None else asked.seed
        state = navigation.first(seed, asked.start)
        state = msgspec.structs.replace(state, liked=list(dict.fromkeys(asked.like)))
    else:
        state = navigation.resume(asked.page, asked.like, asked.unlike)
    if len(state.shown) > MAX_SHOWN:
        raise BadQuery(f"{len(state.shown):,} products were shown; after {MAX_SHOWN:,} begin anew", "page")
    engine = services().engine
    request = SearchRequest(q=asked.q or "*", language=asked.language, filters=asked.filters, rows=asked.rows)
    query = to_query(request, None, None, language=engine.language)
    found = routing.steadily(lambda: navigation.step(engine, query, state))
    hits = [hit_form(hit, picture_url(hit)) for hit in found.hits]
    return answer(NavigationForm(hits, found.number, found.total, found.page))


def _read() -> NavigationRequest:
    try:
        return msgspec.json.decode(parts.json_body(_ACCEPTED), type=NavigationRequest)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise BadQuery(f"the body is not understood: {error}; {_ACCEPTED}") from error
