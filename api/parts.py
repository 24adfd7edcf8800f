"""What comes in a request's body: JSON, or a multipart form with a picture as a file."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

from flask import request
from werkzeug.datastructures import FileStorage
from werkzeug.exceptions import UnsupportedMediaType

from api.operations import JSON, MULTIPART
from vision.errors import BadQuery

# Of the JSON part beside a file: a vector of 1024 numbers and two hundred values in each of many filters fit.
MAX_JSON: Final = 1 << 20

IMAGE: Final = "image"


def json_body(accepted: str) -> bytes:
    """The body of a request that is JSON.

    Raises:
        BadQuery: there is none.
        UnsupportedMediaType: of another type.
    """
    if request.mimetype == JSON or not request.mimetype:
        data = request.get_data()
        if not data:
            raise BadQuery(f"the request has no body; {accepted}")
        if request.mimetype == JSON:
            return data
    raise UnsupportedMediaType(f"the body is {request.mimetype or 'of no Content-Type'}; {accepted}")


def form_parts(names: Sequence[str], accepted: str) -> Mapping[str, bytes]:
    """The parts of a multipart form, at least one and each at most once; ``image`` must be a file.

    Raises:
        BadQuery: other parts, or a part twice.
    """
    came: set[str | None] = {*request.form, *request.files}  # None: of a part without a name
    unknown = sorted(name or "" for name in came - set(names))
    if unknown:
        raise BadQuery(f"the form has the part(s) {', '.join(map(repr, unknown))}; {accepted}", unknown[0])
    if IMAGE in request.form:
        raise BadQuery(f"the part {IMAGE!r} is text; send it as a file, with a filename", IMAGE)
    found: dict[str, bytes] = {}
    for name in names:
        texts = [each.encode("utf-8", "replace") for each in request.form.getlist(name)]
        files = [each for each in request.files.getlist(name) if name != IMAGE or not _left_empty(each)]
        if len(texts) + len(files) > 1:
            raise BadQuery(f"the form has {len(texts) + len(files)} parts {name!r}; one is accepted", name)
        for data in [*texts, *(_bytes(each) for each in files)]:
            found[name] = data
    if not found:
        raise BadQuery(f"the form has {_neither(names)}; {accepted}")
    return found


def is_form() -> bool:
    """Whether the request is a multipart form."""
    return bool(request.mimetype == MULTIPART)


def _neither(names: Sequence[str]) -> str:
    return f"no {names[0]!r}" if len(names) == 1 else f"neither {' nor '.join(map(repr, names))}"


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
