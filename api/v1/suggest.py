"""`GET /v1/suggest`: completions while somebody types."""

from __future__ import annotations

import time
from typing import Final

import msgspec
from flask import Blueprint, Response, request

from api.access.keys import Role
from api.access.security import requires
from api.operations import Operation, Parameter, answer, describe
from api.parameters import whole_number
from api.services import services
from vision.search.request import checked_language

blueprint = Blueprint("suggest", __name__, url_prefix="/v1")

MAX_SUGGESTIONS: Final = 20
_DEFAULT: Final = 8

_Q: Final = Parameter("q", "What was typed so far; after a blank at its end the last word is whole.")
_LANGUAGE: Final = Parameter("language", "Of the words, as in a search.")
_LIMIT: Final = Parameter(
    "limit", "How many.", {"type": "integer", "minimum": 1, "maximum": MAX_SUGGESTIONS, "default": _DEFAULT}
)


class SuggestionForm(msgspec.Struct, frozen=True):
    """A search and how many products it finds.

    ``kind`` is ``attribute`` where its end is the ``value`` of a ``field``, a category, say; else ``phrase``.
    """

    text: str
    total: int
    kind: str
    field: str | None
    value: str | None


class SuggestForm(msgspec.Struct, frozen=True):
    """What may be meant by ``q``, what finds most first, and ``took`` in milliseconds; all of them find something."""

    q: str
    suggestions: list[SuggestionForm]
    took: float


@blueprint.get("/suggest")
@requires(Role.SHOPPER)
@describe(
    Operation(
        "Completions while somebody types, with what each would find",
        answer=SuggestForm,
        parameters=(_Q, _LANGUAGE, _LIMIT),
        problems=(400, 404, 502, 503),
    )
)
def suggest() -> Response:
    """Answer completions."""
    began = time.perf_counter()
    limit = whole_number("limit", request.args.get("limit"), default=_DEFAULT, low=1, high=MAX_SUGGESTIONS)
    engine = services().engine
    language = checked_language(request.args.get("language"), engine.language)
    typed = request.args.get("q", "")
    found = engine.suggestions.complete(typed, language, limit)
    shown = [
        SuggestionForm(each.text, each.total, "phrase" if each.field is None else "attribute", each.field, each.value)
        for each in found
    ]
    return answer(SuggestForm(typed, shown, round((time.perf_counter() - began) * 1000, 2)))
