"""Page tokens: a search goes on exactly where, and as, it began."""

from __future__ import annotations

import base64
import binascii
import hashlib
from dataclasses import replace

import msgspec

from vision.errors import BadQuery
from vision.search.composer import filter_queries
from vision.search.model import Closeness, Likeness, Mode, Plan, Query, Way


class _Token(msgspec.Struct, frozen=True, array_like=True, forbid_unknown_fields=True):
    digest: str
    mode: Mode
    candidates: int | None
    shown: int
    embedding: str | None = None
    """Of the vectors that were compared."""


def digest(query: Query) -> str:
    """What of a query must not change between its pages; 12 hexadecimal digits."""
    parts = [
        query.text or "",
        query.language,
        "" if query.vector is None else query.vector.tobytes().hex(),
        repr(sorted(filter_queries(query).items())),
        repr((query.weights, query.max_distance, query.sort, query.grouped, query.rows)),
        repr((query.excluded, query.diversity)),
        "" if query.taste is None else repr(query.taste.max_distance),
        repr([_part(each) for each in query.similarities]),
        repr((query.spelling, query.understand, query.ignore)),
    ]
    return hashlib.sha256("\x00".join(parts).encode()).hexdigest()[:12]


def _part(each: Likeness | Closeness) -> object:
    """What of a part must not change; a profile may, as likes come in while somebody turns pages."""
    if isinstance(each, Closeness):
        return each
    return (each.name, each.weight, "" if each.name == "profile" else each.vector.tobytes().hex())


def next_page(query: Query, plan: Plan, total: int) -> str | None:
    """The token of the page after this one, or None on the last and where no hits were asked for."""
    shown = query.start + query.rows
    if query.rows == 0 or shown >= total:
        return None
    mode = Mode.APPROXIMATE if plan.way in (Way.APPROXIMATE, Way.TAIL) else Mode.EXACT
    token = _Token(digest(query), mode, plan.candidates, shown, plan.embedding)
    return base64.urlsafe_b64encode(msgspec.json.encode(token)).decode().rstrip("=")


def embedding(page: str) -> str | None:
    """The fingerprint of the vectors that a search compared whose next page this is; None where it compared none.

    Raises:
        BadQuery: not a token of ours.
    """
    return _read(page).embedding


def resume(query: Query, page: str) -> Query:
    """The query of the page that ``page`` stands for.

    Raises:
        BadQuery: not a token of ours, or one of another search.
    """
    token = _read(page)
    if token.digest != digest(query):
        raise BadQuery("page belongs to another search; repeat the search it came from, with nothing changed", "page")
    if token.shown < 0 or (token.candidates is not None and not 1 <= token.candidates <= 10_000):
        raise BadQuery("page is not a page token of ours", "page")
    return replace(query, mode=token.mode, candidates=token.candidates, start=token.shown)


def _read(page: str) -> _Token:
    try:
        return msgspec.json.decode(base64.urlsafe_b64decode(page + "=" * (-len(page) % 4)), type=_Token)
    except (binascii.Error, ValueError, msgspec.DecodeError) as error:
        raise BadQuery("page is not a page token; give the `page` of the previous answer unchanged", "page") from error
