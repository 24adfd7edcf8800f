"""`POST /v1/search`: JSON, or multipart with a picture beside it."""

from __future__ import annotations

from typing import Final

from flask import Blueprint, Response

from api import parts
from api.access.keys import Role
from api.access.security import requires
from api.links import picture_url
from api.operations import JSON, MULTIPART, Operation, answer, describe
from api.services import services
from vision.search.presentation import ResultForm, form
from vision.search.request import SearchRequest, parse

blueprint = Blueprint("search", __name__, url_prefix="/v1")

_QUERY: Final = "query"
_ACCEPTED: Final = (
    f"accepted: {JSON}, or {MULTIPART} with the file {parts.IMAGE!r} and, if wanted, the JSON part {_QUERY!r}"
)


@blueprint.post("/search")
@requires(Role.SHOPPER)
@describe(
    Operation(
        "Search by words, facets and a picture, in any combination",
        answer=ResultForm,
        body=SearchRequest,
        parts=(parts.IMAGE, _QUERY),
        problems=(400, 404, 409, 413, 415, 422, 502, 503),
    )
)
def search() -> Response:
    """Answer one search."""
    wanted, image = _read()
    return answer(form(services().engine.search(wanted, image), image=picture_url))


def _read() -> tuple[SearchRequest, bytes | None]:
    """The search and its picture's bytes, however they came."""
    if not parts.is_form():
        return parse(parts.json_body(_ACCEPTED)), None
    found = parts.form_parts((parts.IMAGE, _QUERY), _ACCEPTED)
    return parse(found.get(_QUERY) or b"{}"), found.get(parts.IMAGE)
