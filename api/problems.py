"""The one place that chooses HTTP statuses: every error becomes `application/problem+json` (RFC 9457)."""

from __future__ import annotations

import logging
import re
from dataclasses import dataclass
from http import HTTPStatus
from typing import Final

import msgspec
from flask import Flask, Response, request
from werkzeug.exceptions import HTTPException, RequestEntityTooLarge

from vision import errors, telemetry
from vision.console import in_one_line

_LOG = logging.getLogger(__name__)
_TYPE: Final = "urn:visual-search:problem:"
MEDIA: Final = "application/problem+json"


class Problem(msgspec.Struct, frozen=True, omit_defaults=True):
    """What went wrong: ``detail`` says what came, what is accepted and what to do.

    ``field`` names the member of the request at fault; ``request_id`` is what the server's log, and Solr's, have of it.
    """

    type: str
    title: str
    status: int
    detail: str
    field: str | None = None
    request_id: str | None = None


@dataclass(frozen=True)
class Kind:
    """The status and title of one class of errors; ``retry_after`` in seconds where trying again may help."""

    status: HTTPStatus
    title: str
    retry_after: int | None = None


# The most specific class wins. A picture that cannot be used is 422, not 400: the request itself was well-formed, and
# a page can tell "choose another picture" from a fault of its own. For the same reason it is not 415, which is what a
# wrong Content-Type of the whole request gets.
KINDS: Final[dict[type[Exception], Kind]] = {
    errors.VisualSearchError: Kind(HTTPStatus.INTERNAL_SERVER_ERROR, "The search failed"),
    errors.BadInput: Kind(HTTPStatus.BAD_REQUEST, "The request cannot be accepted"),
    errors.BadImage: Kind(HTTPStatus.UNPROCESSABLE_ENTITY, "The picture cannot be used"),
    errors.BadQuery: Kind(HTTPStatus.BAD_REQUEST, "The search cannot be understood"),
    errors.BadVector: Kind(HTTPStatus.BAD_REQUEST, "The vector cannot be used"),
    errors.BadCatalogue: Kind(HTTPStatus.BAD_REQUEST, "The catalogue cannot be read"),
    errors.BadSetting: Kind(HTTPStatus.BAD_REQUEST, "A setting is outside what is accepted"),
    errors.NotFound: Kind(HTTPStatus.NOT_FOUND, "Not found"),
    errors.TooLarge: Kind(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, "The upload is too large"),
    errors.NotPermitted: Kind(HTTPStatus.FORBIDDEN, "Not permitted"),
    errors.NotAuthenticated: Kind(HTTPStatus.UNAUTHORIZED, "An API key is needed"),
    errors.Conflict: Kind(HTTPStatus.CONFLICT, "The index and the request disagree"),
    errors.FingerprintMismatch: Kind(HTTPStatus.CONFLICT, "Vectors of two different embeddings"),
    errors.Superseded: Kind(HTTPStatus.SERVICE_UNAVAILABLE, "The collection was replaced meanwhile", retry_after=1),
    errors.ModelUnavailable: Kind(HTTPStatus.SERVICE_UNAVAILABLE, "The model cannot be loaded"),
    errors.StorageUnavailable: Kind(HTTPStatus.SERVICE_UNAVAILABLE, "The server's files fail", retry_after=60),
    errors.WorkersUnavailable: Kind(HTTPStatus.SERVICE_UNAVAILABLE, "Workers cannot be had", retry_after=60),
    errors.IssuerUnavailable: Kind(HTTPStatus.SERVICE_UNAVAILABLE, "Tokens cannot be checked", retry_after=10),
    errors.TookTooLong: Kind(HTTPStatus.GATEWAY_TIMEOUT, "It takes too long"),
    errors.Busy: Kind(HTTPStatus.TOO_MANY_REQUESTS, "Too much runs already", retry_after=15),
    errors.Locked: Kind(HTTPStatus.SERVICE_UNAVAILABLE, "Another process is at it", retry_after=5),
    errors.RateLimited: Kind(HTTPStatus.TOO_MANY_REQUESTS, "Too many requests", retry_after=60),
    errors.Overloaded: Kind(HTTPStatus.SERVICE_UNAVAILABLE, "Too many requests wait", retry_after=2),
    errors.SolrError: Kind(HTTPStatus.BAD_GATEWAY, "Solr failed"),
    errors.SolrUnavailable: Kind(HTTPStatus.SERVICE_UNAVAILABLE, "Solr does not answer", retry_after=5),
    errors.ShardUnavailable: Kind(HTTPStatus.SERVICE_UNAVAILABLE, "A part of Solr does not answer", retry_after=5),
    errors.DeadlineExceeded: Kind(HTTPStatus.SERVICE_UNAVAILABLE, "The search ran out of time", retry_after=5),
    errors.SolrRefused: Kind(HTTPStatus.BAD_GATEWAY, "Solr refused the request"),
    errors.SolrNotStarted: Kind(HTTPStatus.SERVICE_UNAVAILABLE, "Solr did not start", retry_after=30),
}


def kind(error: type[Exception]) -> Kind:
    """The status and title of a class of our errors: its own, or its nearest ancestor's."""
    return next(KINDS[each] for each in error.__mro__ if each in KINDS)


def install(app: Flask) -> None:
    """Let an application answer every error as a problem."""
    app.register_error_handler(errors.VisualSearchError, expected)
    app.register_error_handler(OSError, of_system)
    app.register_error_handler(HTTPException, of_http)
    app.register_error_handler(Exception, unexpected)


def expected(error: errors.VisualSearchError) -> Response:
    """An error raised on purpose."""
    found = kind(type(error))
    response = respond(problem(error))
    if found.retry_after is not None:
        response.headers["Retry-After"] = str(getattr(error, "seconds", found.retry_after))
    if found.status == HTTPStatus.UNAUTHORIZED:
        response.headers["WWW-Authenticate"] = 'Bearer realm="visual-search"'
    return response


def problem(error: errors.VisualSearchError) -> Problem:
    """An error raised on purpose as a caller sees it; what is not the caller's fault is logged."""
    found = kind(type(error))
    if found.status >= 500:
        # What Solr refuses it quotes, and that is what somebody searched for.
        said = f"HTTP {error.status}" if isinstance(error, errors.SolrRefused) else str(error)
        _LOG.warning("%s %s: %s: %s", request.method, _route(), type(error).__name__, in_one_line(said))
    return stated(error)


def stated(error: errors.VisualSearchError) -> Problem:
    """An error as a caller sees it, and nothing else."""
    found = kind(type(error))
    return Problem(
        type=_TYPE + _slug(type(error).__name__),
        title=found.title,
        status=found.status,
        detail=str(error),
        field=getattr(error, "field", None),
        request_id=_request_id(),
    )


def of_http(error: HTTPException) -> Response:
    """What Flask or Werkzeug refused: no such route, a wrong method, a body over the limit."""
    status = error.code or 500
    if isinstance(error, RequestEntityTooLarge):
        return expected(_too_large())
    nowhere = f"there is nothing at {request.path}; /openapi.json lists what there is"
    detail = nowhere if status == HTTPStatus.NOT_FOUND else error.description
    response = respond(Problem("about:blank", error.name, status, detail or error.name, request_id=_request_id()))
    for name, value in error.get_headers(request.environ):
        if name not in ("Content-Type", "Content-Length"):
            response.headers[name] = value
    return response


def of_system(error: OSError) -> Response:
    """What the system refused: a full disk is no bug, and its remedy is not the caller's."""
    if errors.StorageUnavailable.of(error) is None:
        return unexpected(error)
    _LOG.error("%s %s: %s", request.method, _route(), in_one_line(str(error)))
    return expected(errors.StorageUnavailable(f"the server cannot write to its disk: {error.strerror}"))


def unexpected(error: Exception) -> Response:
    """A bug: logged with its traceback under the request's id, which is all that the caller sees."""
    id = _request_id()
    _LOG.error("%s %s failed, request %s", request.method, _route(), id, exc_info=error)
    detail = f"an unexpected error; it is in the server's log as {id}"
    return respond(Problem(_TYPE + "unexpected", "Internal error", 500, detail, request_id=id))


def respond(problem: Problem) -> Response:
    """A problem as an answer."""
    return Response(msgspec.json.encode(problem), problem.status, content_type=MEDIA)


def _too_large() -> errors.TooLarge:
    limit = request.max_content_length or 0
    came = request.content_length
    if came is not None and came > limit:
        return errors.TooLarge(f"the upload has {_mib(came)}; at most {_mib(limit)} are accepted: send a smaller one")
    # Werkzeug limits the number of parts and the text among them as well.
    return errors.TooLarge(f"the form is larger than is accepted: one file of at most {_mib(limit)} and a short query")


def _request_id() -> str | None:
    current = telemetry.current()
    return None if current is None else current.id


def _route() -> str:
    """Not the path: it may have an upload's id, or what was searched for."""
    return request.url_rule.rule if request.url_rule is not None else "(no route)"


def _mib(size: int) -> str:
    return f"{size / 2**20:,.1f} MiB" if size >= 2**20 else f"{size:,} bytes"


def _slug(name: str) -> str:
    return re.sub(r"(?<!^)(?=[A-Z])", "-", name).lower()
