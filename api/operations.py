"""What each route takes and gives, written at the route; `/openapi.json` is made from it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final, TypeVar

import msgspec
from flask import Response

View = TypeVar("View", bound=Callable[..., Any])

JSON: Final = "application/json"
JPEG: Final = "image/jpeg"
PNG: Final = "image/png"
SVG: Final = "image/svg+xml"
MULTIPART: Final = "multipart/form-data"


@dataclass(frozen=True)
class Parameter:
    """A parameter in the query string; those in the path are read from the rule itself."""

    name: str
    description: str
    schema: Mapping[str, Any] = field(default_factory=lambda: {"type": "string"})


@dataclass(frozen=True)
class Operation:
    """One route's description.

    Attributes:
        summary: one line.
        answer: the struct that a good answer has as JSON, or None where ``media`` says what it is instead.
        status: of a good answer; 204 has no body.
        media: the answer's media type.
        body: the struct that the request has as JSON.
        parts: of a multipart form, where the body may come as one: the file ``image``, and ``query``, the struct.
        raw: media types of a body that is a picture's bytes and nothing else.
        parameters: of the query string.
        problems: the statuses of its errors, beyond 401, 403, 429, 500 and 503 that any route may answer.
        also: further statuses that carry ``answer``.
        schema: of an answer that is JSON and no one struct.
        mentions: structs that other schemas refer to by name.
    """

    summary: str
    answer: type[msgspec.Struct] | None = None
    status: int = 200
    media: str = JSON
    body: type[msgspec.Struct] | None = None
    parts: tuple[str, ...] = ()
    raw: tuple[str, ...] = ()
    parameters: tuple[Parameter, ...] = ()
    problems: tuple[int, ...] = ()
    also: tuple[int, ...] = ()
    schema: Mapping[str, Any] | None = None
    mentions: tuple[type[msgspec.Struct], ...] = ()


def describe(operation: Operation) -> Callable[[View], View]:
    """Keep a description with a view."""

    def decorate(view: View) -> View:
        view.operation = operation  # type: ignore[attr-defined]
        return view

    return decorate


def answer(value: object, status: int = 200) -> Response:
    """A value as JSON; NaN and infinity, which JSON does not have, become null."""
    return Response(msgspec.json.encode(value), status, content_type=JSON)
