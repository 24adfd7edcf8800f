"""`/v1/images`: photos that are kept for a while, to search by them several times."""

from __future__ import annotations

from datetime import datetime
from typing import Final

import msgspec
from flask import Blueprint, Response, request

from api import parts
from api.access.keys import Role
from api.access.security import requires
from api.operations import JPEG, JSON, MULTIPART, Operation, answer, describe
from api.services import services
from api.v1.pictures import WIDTH, shrunk, wanted_width
from vision.errors import BadQuery

blueprint = Blueprint("uploads", __name__, url_prefix="/v1/images")

_ACCEPTED: Final = (
    f"accepted: {MULTIPART} with the file {parts.IMAGE!r}, the picture itself as image/*, or {JSON} with it in base64"
)


class ImageRequest(msgspec.Struct, forbid_unknown_fields=True, frozen=True):
    """A picture in base64."""

    image: bytes


class UploadForm(msgspec.Struct, frozen=True):
    """A picture that is kept until ``expires``; ``width`` and ``height`` are those of the upright picture."""

    upload_id: str
    width: int
    height: int
    expires: datetime


@blueprint.post("")
@requires(Role.SHOPPER)
@describe(
    Operation(
        "Keep a photo for a while, without its metadata, to search by it with upload_id",
        answer=UploadForm,
        status=201,
        body=ImageRequest,
        parts=(parts.IMAGE,),
        raw=("image/*",),
        problems=(400, 413, 415, 422),
    )
)
def keep() -> Response:
    """Keep a picture."""
    kept = services().uploads.keep(_read())
    made = answer(UploadForm(kept.id, kept.width, kept.height, kept.expires), 201)
    made.headers["Location"] = f"/v1/images/{kept.id}"
    return made


@blueprint.get("/<upload_id>")
@requires(Role.SHOPPER)
@describe(
    Operation(
        "A photo that is kept, as JPEG, resized and without metadata",
        media=JPEG,
        parameters=(WIDTH,),
        problems=(400, 404),
    )
)
def show(upload_id: str) -> Response:
    """Answer a picture, or 304 to a reader that has it already."""
    width = wanted_width()
    data = services().uploads.read(upload_id)
    response = Response(content_type=JPEG)
    response.set_etag(f"{upload_id}-{width}")
    # Asked again each time, so that what was deleted is not shown.
    response.headers["Cache-Control"] = "private, no-cache"
    if not request.if_none_match.contains(f"{upload_id}-{width}"):
        response.set_data(shrunk(data, width))
    response.make_conditional(request.environ)
    return response


@blueprint.delete("/<upload_id>")
@requires(Role.SHOPPER)
@describe(Operation("Delete a photo that is kept", status=204, problems=(404,)))
def delete(upload_id: str) -> Response:
    """Delete a picture now."""
    services().uploads.delete(upload_id)
    return Response(status=204)


def _read() -> bytes:
    if parts.is_form():
        return parts.form_parts((parts.IMAGE,), _ACCEPTED)[parts.IMAGE]
    if request.mimetype.startswith("image/"):
        return request.get_data()
    try:
        return msgspec.json.decode(parts.json_body(_ACCEPTED), type=ImageRequest).image
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise BadQuery(f"the body is not understood: {error}; {_ACCEPTED}") from error
