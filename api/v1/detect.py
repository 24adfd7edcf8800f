"""`POST /v1/detect`: where the things in a photo are."""

from __future__ import annotations

from typing import Final

import msgspec
from flask import Blueprint, Response

from api import parts
from api.access.keys import Role
from api.access.security import requires
from api.operations import JSON, MULTIPART, Operation, answer, describe
from api.services import services
from vision.detect import Region
from vision.errors import BadQuery

blueprint = Blueprint("detect", __name__, url_prefix="/v1")

_ACCEPTED: Final = (
    f"accepted: {MULTIPART} with the file {parts.IMAGE!r}, or {JSON} with one of image (base64), upload_id, image_url"
)


class DetectRequest(msgspec.Struct, forbid_unknown_fields=True, frozen=True):
    """One photo: ``image`` in base64, ``upload_id`` or ``image_url``."""

    image: bytes | None = None
    upload_id: str | None = None
    image_url: str | None = None


class RegionForm(msgspec.Struct, frozen=True):
    """A part of a photo: ``box`` is [x, y, width, height], 0 to 1 of the upright photo.

    ``score`` is how sure the detector is, ``categories`` are those of the catalogue that the label may be. Where a
    caller gave the box, ``label`` and ``score`` are null.
    """

    box: list[float]
    label: str | None
    score: float | None
    categories: list[str]


class DetectForm(msgspec.Struct, frozen=True):
    """The regions, the one that a search with ``detect`` takes first; none is an answer too.

    ``notice`` is what a reader must know about them, if anything.
    """

    regions: list[RegionForm]
    detector: str
    notice: str | None


@blueprint.post("/detect")
@requires(Role.SHOPPER)
@describe(
    Operation(
        "Find the things in a photo",
        answer=DetectForm,
        body=DetectRequest,
        parts=(parts.IMAGE,),
        problems=(400, 404, 413, 415, 422, 503),
    )
)
def detect() -> Response:
    """Answer the regions of a photo."""
    found = services().finder.find(_read())
    return answer(DetectForm([region_form(each) for each in found.regions], found.detector, found.notice))


def region_form(region: Region) -> RegionForm:
    """A region in its public form."""
    return RegionForm(list(region.box), region.label, region.score, list(region.categories))


def _read() -> bytes:
    """The photo's bytes, however they came."""
    if parts.is_form():
        return parts.form_parts((parts.IMAGE,), _ACCEPTED)[parts.IMAGE]
    try:
        wanted = msgspec.json.decode(parts.json_body(_ACCEPTED), type=DetectRequest)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise BadQuery(f"the body is not understood: {error}; {_ACCEPTED}") from error
    return services().photos.one(image=wanted.image, upload_id=wanted.upload_id, image_url=wanted.image_url)
