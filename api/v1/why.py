"""`POST /v1/products/{id}/why`: which parts of a photo and of a product's picture are alike, as a picture."""

from __future__ import annotations

from typing import Annotated, Final

import msgspec
from flask import Blueprint, Response
from msgspec import Meta

from api import documents, parts
from api.access.keys import Role
from api.access.security import requires
from api.operations import JSON, MULTIPART, PNG, Operation, describe
from api.services import services
from api.v1 import pictures
from vision.errors import BadQuery
from vision.search.attribution import attribute
from vision.search.overlay import draw

blueprint = Blueprint("why", __name__, url_prefix="/v1/products")

_QUERY: Final = "query"
_ACCEPTED: Final = (
    f"accepted: {JSON} {{upload_id | image_id | image, crop}}, or {MULTIPART} with the file {parts.IMAGE!r} and, if "
    f"wanted, the JSON part {_QUERY!r}"
)


class WhyRequest(msgspec.Struct, forbid_unknown_fields=True, frozen=True):
    """What was searched by: one of a photo in base64, an upload and an indexed product, and the part of it."""

    image: bytes | None = None
    upload_id: str | None = None
    image_id: str | None = None
    crop: Annotated[list[float], Meta(min_length=4, max_length=4)] | None = None


@blueprint.post("/<id:id>/why")
@requires(Role.SHOPPER)
@describe(
    Operation(
        "Which parts of a photo and of a product's picture are alike, as PNG: both side by side, pairs numbered",
        media=PNG,
        body=WhyRequest,
        parts=(parts.IMAGE, _QUERY),
        problems=(400, 404, 409, 413, 415, 422, 502, 503),
    )
)
def why(id: str) -> Response:
    """Answer a picture."""
    wired = services()
    embedding, models = wired.engine.collection.embedding(), wired.settings.models
    asked, data = _read()
    photo = embedding.open(data, crop=asked.crop, models=models)
    product = embedding.open(_original(id), models=models)
    found, other = embedding.maps([photo, product], models=models)
    response = Response(draw(photo, product, attribute(found, other)), content_type=PNG)
    response.headers["Cache-Control"] = "no-store"
    return response


def _original(id: str) -> bytes:
    document = documents.find(services().client, id, "id,image,root")
    return pictures.original(id, document.get("root", ""), document.get("image"))


def _read() -> tuple[WhyRequest, bytes]:
    """The request and the bytes of its picture, however they came."""
    found = parts.form_parts((parts.IMAGE, _QUERY), _ACCEPTED) if parts.is_form() else {}
    body = found.get(_QUERY) or b"{}" if parts.is_form() else parts.json_body(_ACCEPTED)
    try:
        asked = msgspec.json.decode(body, type=WhyRequest)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise BadQuery(f"the request is not understood: {error}; {_ACCEPTED}") from error
    data = found.get(parts.IMAGE, asked.image)
    ways = {"image": data, "upload_id": asked.upload_id, "image_id": asked.image_id}
    given = [name for name, value in ways.items() if value]
    if len(given) != 1:
        raise BadQuery(f"the request has {' and '.join(given) or 'no picture'}; give one; {_ACCEPTED}", "image")
    if asked.upload_id is not None:
        return asked, services().uploads.read(asked.upload_id)
    return asked, _original(asked.image_id) if asked.image_id is not None else data or b""
