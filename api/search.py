"""`POST /v1/search`: JSON, or multipart with a picture beside it."""

from __future__ import annotations

from typing import Final

from flask import Blueprint, Response, request
from werkzeug.datastructures import FileStorage
from werkzeug.exceptions import UnsupportedMediaType

from api.keys import Role
from api.links import picture_url
from api.operations import JSON, MULTIPART, Operation, answer, describe
from api.security import requires
from api.services import services
from vision.errors import BadQuery
from vision.search.presentation import ResultForm, form
from vision.search.request import SearchRequest, parse

blueprint = Blueprint("search", __name__, url_prefix="/v1")

# Of the JSON part beside a file: a vector of 1024 numbers and two hundred values in each of many filters fit.
MAX_JSON: Final = 1 << 20

_IMAGE: Final = "image"
_QUERY: Final = "query"
_ACCEPTED: Final = f"accepted: {JSON}, or {MULTIPART} with the file {_IMAGE!r} and, if wanted, the JSON part {_QUERY!r}"


@blueprint.post("/search")
@requires(Role.SHOPPER)
@describe(
    Operation(
        "Search by words, facets and a picture, in any combination",
        answer=ResultForm,
        body=SearchRequest,
        multipart=True,
        problems=(400, 404, 409, 413, 415, 422, 502, 503),
    )
)
def search() -> Response:
    """Answer one search."""
    wanted, image = _read()
    return answer(form(services().engine.search(wanted, image), image=picture_url))


def _read() -> tuple[SearchRequest, bytes | None]:
    """The search and its picture's bytes, however they came."""
    if request.mimetype == MULTIPART:
        return _read_parts()
    if request.mimetype == JSON or not request.mimetype:
        data = request.get_data()
        if not data:
            raise BadQuery(f"the request has no body; {_ACCEPTED}")
        if request.mimetype == JSON:
            return parse(data), None
    raise UnsupportedMediaType(f"the body is {request.mimetype or 'of no Content-Type'}; {_ACCEPTED}")


def _read_parts() -> tuple[SearchRequest, bytes | None]:
    unknown = sorted((set(request.form) | set(request.files)) - {_IMAGE, _QUERY})
    if unknown:
        raise BadQuery(f"the form has the part(s) {', '.join(map(repr, unknown))}; {_ACCEPTED}", unknown[0])
    if _IMAGE in request.form:
        raise BadQuery(f"the part {_IMAGE!r} is text; send it as a file, with a filename", _IMAGE)
    queries = request.form.getlist(_QUERY) + [_bytes(each) for each in request.files.getlist(_QUERY)]
    images = [each for each in request.files.getlist(_IMAGE) if not _left_empty(each)]
    for name, values in ((_QUERY, queries), (_IMAGE, images)):
        if len(values) > 1:
            raise BadQuery(f"the form has {len(values)} parts {name!r}; one is accepted", name)
    if not queries and not images:
        raise BadQuery(f"the form has neither {_IMAGE!r} nor {_QUERY!r}; {_ACCEPTED}")
    query = queries[0] if queries else b""
    data = query.encode("utf-8", "replace") if isinstance(query, str) else query
    return parse(data or b"{}"), _bytes(images[0]) if images else None


def _left_empty(file: FileStorage) -> bool:
    """A browser's file input that nothing was chosen in is sent all the same, without a name and without bytes."""
    if file.filename:
        return False
    file.stream.seek(0, 2)
    size = file.stream.tell()
    file.stream.seek(0)
    return size == 0


def _bytes(file: FileStorage) -> bytes:
    data: bytes = file.read()
    return data
