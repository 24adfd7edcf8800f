"""`POST /v1/looks`: shop the look, one photo and a search for each thing in it."""

from __future__ import annotations

from typing import Annotated, Final

import msgspec
from flask import Blueprint, Response
from msgspec import Meta

from api import parts
from api.access.keys import Role
from api.access.security import requires
from api.operations import JSON, MULTIPART, Operation, answer, describe
from api.problems import Problem
from api.services import services
from api.v1.batch import Outcome, outcome
from api.v1.detect import RegionForm, region_form
from vision.errors import BadQuery, VisualSearchError
from vision.search.model import Result
from vision.search.presentation import ResultForm, TookForm
from vision.search.request import SearchRequest

blueprint = Blueprint("looks", __name__, url_prefix="/v1")

MAX_LOOKS: Final = 10

_QUERY: Final = "query"
_ACCEPTED: Final = (
    f"accepted: {JSON} with one of image (base64), upload_id, image_url, or {MULTIPART} with the file {parts.IMAGE!r} "
    f"and, if wanted, the JSON part {_QUERY!r}; besides: boxes [[x, y, w, h], …], max_looks, narrow, search"
)
_CATEGORY: Final = "category"
# Of a search: what says where it is measured from, which the regions say here, and what belongs to one list alone.
_NOT_HERE: Final = (
    "image",
    "image_url",
    "image_id",
    "image_text",
    "upload_id",
    "vector",
    "crop",
    "detect",
    "page",
)

Box = Annotated[list[float], Meta(min_length=4, max_length=4)]


class LooksRequest(msgspec.Struct, forbid_unknown_fields=True, frozen=True):
    """One photo, and the parts of it that are meant; without ``boxes`` they are detected, ``max_looks`` at most.

    ``search`` has the members of a search besides its picture, for all parts alike; ``narrow`` searches each part among
    the categories that its label may be.
    """

    image: bytes | None = None
    upload_id: str | None = None
    image_url: str | None = None
    boxes: Annotated[list[Box], Meta(min_length=1, max_length=MAX_LOOKS)] | None = None
    max_looks: Annotated[int, Meta(ge=1, le=MAX_LOOKS)] = 5
    narrow: bool = False
    search: SearchRequest = SearchRequest()


class LookForm(msgspec.Struct, frozen=True):
    """A part of the photo and what looks like it, or the problem why there is no such list."""

    region: RegionForm
    result: Outcome


class LooksForm(msgspec.Struct, frozen=True):
    """The parts in the order given, or the largest first; ``detector`` is null where they were given."""

    looks: list[LookForm]
    detector: str | None
    notice: str | None
    took: TookForm


@blueprint.post("/looks")
@requires(Role.SHOPPER)
@describe(
    Operation(
        "Search for each thing in one photo",
        answer=LooksForm,
        body=LooksRequest,
        parts=(parts.IMAGE, _QUERY),
        problems=(400, 404, 413, 415, 422, 502, 503),
    )
)
def looks() -> Response:
    """Answer a list for each thing in a photo."""
    wanted, photo = _read()
    detector, notice = None, None
    if wanted.boxes is not None:
        regions = [RegionForm(box, None, None, []) for box in wanted.boxes]
    else:
        found = services().finder.find(photo)
        regions = [region_form(each) for each in found.regions[: wanted.max_looks]]
        detector, notice = found.detector, found.notice
        if not regions:
            notice = f"{detector} found nothing in the photo; give boxes"
    searches = [(_search(wanted, region), photo) for region in regions]
    answered = services().engine.search_batch(searches)
    shown = [LookForm(region, _shown(each)) for region, each in zip(regions, answered.results, strict=True)]
    took = TookForm(answered.took.extract, answered.took.solr, answered.took.total)
    return answer(LooksForm(shown, detector, notice, took))


def _shown(found: Result | VisualSearchError) -> ResultForm | Problem:
    """A part's answer without a page token, which only another request for looks could go on with.

    Vectors of photos that are extracted together differ in their last bits from those of one alone.
    """
    form = outcome(found)
    return msgspec.structs.replace(form, page=None) if isinstance(form, ResultForm) else form


def _search(wanted: LooksRequest, region: RegionForm) -> SearchRequest:
    """The search for one part; the photo's bytes go beside it."""
    filters = wanted.search.filters
    if wanted.narrow and region.categories and _CATEGORY not in filters:
        filters = filters | {_CATEGORY: list(region.categories)}
    return msgspec.structs.replace(wanted.search, crop=region.box, filters=filters)


def _read() -> tuple[LooksRequest, bytes]:
    """The request and its photo's bytes, however they came."""
    if parts.is_form():
        found = parts.form_parts((parts.IMAGE, _QUERY), _ACCEPTED)
        wanted, image = _parse(found.get(_QUERY) or b"{}"), found.get(parts.IMAGE)
    else:
        wanted, image = _parse(parts.json_body(_ACCEPTED)), None
    if image is not None and wanted.image is not None:
        raise BadQuery(f"the request has an image file and image; give one photo; {_ACCEPTED}", "image")
    _check(wanted.search)
    photo = services().photos.one(
        image=wanted.image if image is None else image, upload_id=wanted.upload_id, image_url=wanted.image_url
    )
    return wanted, photo


def _parse(data: bytes) -> LooksRequest:
    try:
        return msgspec.json.decode(data, type=LooksRequest)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise BadQuery(f"the request is not understood: {error}; {_ACCEPTED}") from error


def _check(search: SearchRequest) -> None:
    """Refuse what the parts of the photo say themselves."""
    given = [name for name in _NOT_HERE if getattr(search, name) not in (None, False)]
    if given:
        raise BadQuery(
            f"search has {', '.join(given)}; here the parts of the photo are what is searched by, each from its first "
            "result on: for the next page send POST /v1/search the photo, the part's box as crop, and start",
            f"search.{given[0]}",
        )
