"""Ways in which a Solr, or what lies between it and us, goes wrong."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, Final

import orjson

from tests.faults.between import Answer, Fault, Seen, Wire, changed


def status(code: int, body: bytes, content_type: str = "application/json", **headers: str) -> Fault:
    """Answers this."""
    return lambda wire, seen: wire.answer(code, body, content_type, **headers)


def _error(code: int, message: str) -> Fault:
    body = orjson.dumps({"responseHeader": {"status": code}, "error": {"msg": message, "code": code}})
    return status(code, body)


def _half(wire: Wire, seen: Seen) -> None:
    raw = wire.upstream(seen).raw()
    wire.send(raw[: len(raw) - max(1, len(raw) // 3)])


def _half_a_chunk(wire: Wire, seen: Seen) -> None:
    body = wire.upstream(seen).body
    head = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n"
    wire.send(head + f"{len(body):x}\r\n".encode() + body[: len(body) // 2])


def _drip_head(wire: Wire, seen: Seen) -> None:
    wire.drip(b"HTTP/1.1 200 OK\r\nX-Long: " + b"x" * 4000, every=0.3)


def _drip_body(wire: Wire, seen: Seen) -> None:
    head, _, body = wire.upstream(seen).raw().partition(b"\r\n\r\n")
    wire.send(head + b"\r\n\r\n")
    wire.drip(body, every=0.3)


def _endless(wire: Wire, seen: Seen) -> None:
    wire.send(b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n")
    chunk = b"10000\r\n" + b" " * 0x10000 + b"\r\n"
    while not wire.ended.is_set():
        wire.send(chunk)


def _json(change: Any) -> Fault:
    """Solr's own answer with its JSON changed."""

    def apply(answer: Answer) -> None:
        if answer.body.startswith(b"{"):
            answer.body = orjson.dumps(change(orjson.loads(answer.body)))

    return changed(apply)


def _without(*names: str) -> Fault:
    def change(found: dict[str, Any]) -> dict[str, Any]:
        return {name: value for name, value in found.items() if name not in names}

    return _json(change)


def _documents(change: Any) -> Fault:
    def apply(found: dict[str, Any]) -> dict[str, Any]:
        if "response" in found:
            found["response"]["docs"] = [change(each) for each in found["response"]["docs"]]
        return found

    return _json(apply)


def _nan(answer: Answer) -> None:
    answer.body = re.sub(rb'"score":[0-9.Ee-]+', b'"score":NaN', answer.body)


_PAGE: Final = b"<html><body><h1>502 Bad Gateway</h1><hr>a load balancer</body></html>"

UNANSWERED: Final[Mapping[str, Fault]] = {
    "hangs up at once": lambda wire, seen: None,
    "resets the connection": lambda wire, seen: wire.reset(),
    "says nothing": lambda wire, seen: wire.hang(),
    "drips its head": _drip_head,
    "drips its body": _drip_body,
    "half a body": _half,
    "half a chunk": _half_a_chunk,
    "an answer without an end": _endless,
    "502 by a load balancer": status(502, _PAGE, "text/html"),
    "503": status(503, _PAGE, "text/html"),
    "504": status(504, b"", "text/plain"),
    "429": _error(429, "Too many requests"),
}
"""No answer of Solr's: worth trying again."""

ODD: Final[Mapping[str, Fault]] = {
    "500": _error(500, "java.lang.OutOfMemoryError: Java heap space"),
    "400": _error(400, "undefined field: coarse"),
    "401": status(401, b"<html>require authentication</html>", "text/html", WWW_Authenticate='Basic realm="solr"'),
    "403": _error(403, "Unauthorized request"),
    "301 elsewhere": status(301, b"", "text/plain", Location="http://192.0.2.1/solr/"),
    "an empty answer": status(200, b""),
    "no JSON": status(200, b"{'response': oops"),
    "a page of HTML": status(200, b"<html>please log in</html>", "text/html"),
    "a list": status(200, b"[]"),
    "null": status(200, b"null"),
    "gzip that is none": status(200, b"\x1f\x8b rubbish", Content_Encoding="gzip"),
    "HTTP of another kind": lambda wire, seen: wire.send(b"SSH-2.0-OpenSSH_9.6\r\n"),
    "no documents": _without("response"),
    "no header": _without("responseHeader"),
}
"""Answers that no search is made of."""

PARTS: Final[Mapping[str, Fault]] = {
    "no facets": _without("facets"),
    "documents without ids": _documents(lambda each: {k: v for k, v in each.items() if k != "id"}),
    "documents without scores": _documents(lambda each: {k: v for k, v in each.items() if k != "score"}),
    "scores that are text": _documents(lambda each: each | {"score": "high"}),
    "scores that are NaN": changed(_nan),
}
"""Answers that lack a part; what did not ask for it does not notice."""

KINDS: Final[Mapping[str, Fault]] = {**UNANSWERED, **ODD, **PARTS}
