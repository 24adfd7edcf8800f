"""`POST /v1/search/batch`: several searches at once."""

from __future__ import annotations

from typing import Annotated, Any, Final

import msgspec
from flask import Blueprint, Response, current_app
from msgspec import Meta

from api import parts
from api.access import limits
from api.access.keys import Role
from api.access.security import requires
from api.links import picture_url
from api.operations import JSON, Operation, answer, describe
from api.problems import Problem, problem
from api.services import services
from vision.errors import BadQuery, VisualSearchError
from vision.search.model import Result
from vision.search.pictures import Asked, caught
from vision.search.presentation import ResultForm, TookForm, form
from vision.search.request import SearchRequest, parse

blueprint = Blueprint("batch", __name__, url_prefix="/v1/search")

MAX_SEARCHES: Final = 100

_ACCEPTED: Final = f"accepted: {JSON} {{searches: [search, …]}} with up to {MAX_SEARCHES} searches"

# A union of two structs is beyond the schema's maker; the answer of a search has "hits", a problem has "status".
Outcome = Annotated[
    Any,
    Meta(
        extra_json_schema={
            "anyOf": [{"$ref": "#/components/schemas/ResultForm"}, {"$ref": "#/components/schemas/Problem"}]
        }
    ),
]


class BatchRequest(msgspec.Struct, forbid_unknown_fields=True, frozen=True):
    """Up to 100 searches; each picture as ``image`` in base64, ``upload_id``, ``image_id``, ``image_url`` or vector."""

    searches: Annotated[list[SearchRequest], Meta(min_length=1, max_length=MAX_SEARCHES)]


class BatchForm(msgspec.Struct, frozen=True):
    """In the order of the searches, each one's result, or the problem why it has none; ``took`` is of all together."""

    results: list[Outcome]
    took: TookForm


class _Unread(msgspec.Struct, forbid_unknown_fields=True, frozen=True):
    """The searches not looked into yet, so that one that is not understood does not cost the others."""

    searches: Annotated[list[msgspec.Raw], Meta(min_length=1, max_length=MAX_SEARCHES)]


@blueprint.post("/batch")
@requires(Role.SHOPPER)
@describe(
    Operation(
        "Several searches at once, each answered on its own",
        answer=BatchForm,
        body=BatchRequest,
        problems=(400, 413, 415, 502, 503),
    )
)
def batch() -> Response:
    """Answer several searches."""
    raws = _read()
    limits.spend(current_app, len(raws) - 1)
    wanted = [caught(parse)(bytes(raw)) for raw in raws]
    good: list[Asked] = [(each, None) for each in wanted if isinstance(each, SearchRequest)]
    found = services().engine.search_batch(good)
    answered = iter(found.results)
    results = [next(answered) if isinstance(each, SearchRequest) else each for each in wanted]
    took = TookForm(found.took.extract, found.took.solr, found.took.total)
    return answer(BatchForm([outcome(each) for each in results], took))


def outcome(found: Result | VisualSearchError) -> ResultForm | Problem:
    """One search's answer, or its problem."""
    return problem(found) if isinstance(found, VisualSearchError) else form(found, image=picture_url)


def _read() -> list[msgspec.Raw]:
    try:
        return msgspec.json.decode(parts.json_body(_ACCEPTED), type=_Unread).searches
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:  # skipped unread, however deep
        raise BadQuery(f"the batch is not understood: {error}; {_ACCEPTED}", "searches") from error
