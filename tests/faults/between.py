"""A proxy between the application and a real Solr: passes everything on, notes it, and can be told to misbehave."""

from __future__ import annotations

import http.client
import socket
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from typing import Any, BinaryIO, Final
from urllib.parse import parse_qsl, urlsplit

_LAST: Final = {"Connection": "close"}
"""Unsaid, a client may send its next request before it learns that nobody reads it, and tries once more for that."""
_PASSED_ON: Final = ("content-type", "authorization", "accept-encoding", "x-request-id", "traceparent")


@dataclass(frozen=True)
class Seen:
    """A request as Solr would read it."""

    method: str
    path: str
    headers: Mapping[str, str]
    body: bytes

    @property
    def handler(self) -> str:
        """The path without the question."""
        return urlsplit(self.path).path

    @property
    def form(self) -> list[tuple[str, str]]:
        """All parameters, in their order, from the address and the body."""
        text = urlsplit(self.path).query
        if self.headers.get("content-type", "").startswith("application/x-www-form-urlencoded"):
            text = f"{text}&{self.body.decode()}" if text else self.body.decode()
        return parse_qsl(text, keep_blank_values=True)


@dataclass
class Answer:
    """What Solr answered, before it is passed on."""

    status: int
    headers: dict[str, str]
    body: bytes

    def raw(self) -> bytes:
        """On the wire."""
        lines = [f"HTTP/1.1 {self.status} {http.client.responses.get(self.status, 'Odd')}"]
        lines += [f"{name}: {value}" for name, value in self.headers.items()]
        return "\r\n".join([*lines, f"Content-Length: {len(self.body)}", "", ""]).encode() + self.body


class Wire:
    """The application's end of a connection: what a fault may do with it."""

    def __init__(self, sock: socket.socket, ended: threading.Event, upstream: Callable[[Seen], Answer]) -> None:
        """Hold it."""
        self.socket = sock
        self.ended = ended
        self.upstream = upstream

    def send(self, data: bytes) -> None:
        """As it is."""
        self.socket.sendall(data)

    def answer(self, status: int, body: bytes, content_type: str = "application/json", **headers: str) -> None:
        """A whole answer."""
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        self.send(Answer(status, {"Content-Type": content_type, **_LAST, **named}, body).raw())

    def hang(self, seconds: float = 3600.0) -> None:
        """Say nothing; ends early when the proxy does or the other side hangs up."""
        self.socket.settimeout(0.2)
        while not self.ended.wait(0.05) and seconds > 0:
            seconds -= 0.25
            try:
                if self.socket.recv(1) == b"":
                    return
            except TimeoutError:
                continue
            except OSError:
                return

    def drip(self, data: bytes, every: float) -> None:
        """A byte at a time."""
        for at in range(len(data)):
            if self.ended.wait(every):
                return
            self.send(data[at : at + 1])

    def reset(self) -> None:
        """Hang up with a reset, not an end."""
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\x01\x00\x00\x00\x00\x00\x00\x00")
        self.socket.close()


Fault = Callable[[Wire, Seen], None]
"""Answers a request in place of Solr; the connection is closed afterwards."""


@dataclass
class Between:
    """The proxy.

    Attributes:
        solr: base URL of the real one.
        url: of this one, in its place.
        fault: what happens to requests that ``hits`` says; None passes all on.
        hits: which requests.
        seen: every request that came, the latest last.
    """

    solr: str
    url: str = ""
    fault: Fault | None = None
    hits: Callable[[Seen], bool] = lambda seen: True
    seen: list[Seen] = field(default_factory=list)
    _ended: threading.Event = field(default_factory=threading.Event)

    @contextmanager
    def running(self) -> Iterator[Between]:
        """Listen on a free port until the block ends."""
        base = urlsplit(self.solr)
        with socket.create_server(("127.0.0.1", 0), backlog=64) as listening:
            self.url = f"http://127.0.0.1:{listening.getsockname()[1]}{base.path}"
            accepting = threading.Thread(target=self._accept, args=(listening,), daemon=True)
            accepting.start()
            try:
                yield self
            finally:
                self._ended.set()
                listening.shutdown(socket.SHUT_RDWR)
                accepting.join(5)

    @contextmanager
    def broken(self, fault: Fault, hits: Callable[[Seen], bool] = lambda seen: True) -> Iterator[None]:
        """Misbehave within the block."""
        self.fault, self.hits = fault, hits
        try:
            yield
        finally:
            self.fault = None

    def forms(self, handler: str = "/select") -> list[list[tuple[str, str]]]:
        """The parameters of every request to a handler."""
        return [each.form for each in self.seen if each.handler.endswith(handler)]

    def _accept(self, listening: socket.socket) -> None:
        while not self._ended.is_set():
            try:
                sock, _ = listening.accept()
            except OSError:
                return
            threading.Thread(target=self._serve, args=(sock,), daemon=True).start()

    def _serve(self, sock: socket.socket) -> None:
        with sock, suppress(OSError), sock.makefile("rb") as reader:
            while (seen := _read(reader)) is not None:
                self.seen.append(seen)
                fault = self.fault
                if fault is not None and self.hits(seen):
                    fault(Wire(sock, self._ended, self._ask), seen)
                    return
                sock.sendall(self._ask(seen).raw())

    def _ask(self, seen: Seen) -> Answer:
        base = urlsplit(self.solr)
        connection = http.client.HTTPConnection(base.hostname or "", base.port, timeout=60)
        try:
            headers = {name: value for name, value in seen.headers.items() if name in _PASSED_ON}
            connection.request(seen.method, seen.path, seen.body or None, headers)
            response = connection.getresponse()
            kept = ("content-type", "content-encoding", "location", "www-authenticate")
            found = {name: value for name, value in response.getheaders() if name.lower() in kept}
            return Answer(response.status, found, response.read())
        finally:
            connection.close()


def _read(reader: BinaryIO) -> Seen | None:
    """The next request of a connection; None at its end."""
    line = reader.readline().decode("latin-1").split()
    if len(line) != 3:
        return None
    headers: dict[str, str] = {}
    while (text := reader.readline().decode("latin-1").rstrip("\r\n")) != "":
        name, _, value = text.partition(":")
        headers[name.lower()] = value.strip()
    if headers.get("transfer-encoding", "").lower() == "chunked":
        return Seen(line[0], line[1], headers, b"".join(_chunks(reader)))
    return Seen(line[0], line[1], headers, reader.read(int(headers.get("content-length", 0))))


def _chunks(reader: BinaryIO) -> Iterator[bytes]:
    while (size := int(reader.readline().split(b";")[0], 16)) > 0:
        yield reader.read(size)
        reader.readline()
    reader.readline()


def changed(change: Callable[[Answer], Any]) -> Fault:
    """Solr's own answer, changed on its way."""

    def fault(wire: Wire, seen: Seen) -> None:
        answer = wire.upstream(seen)
        answer.headers |= _LAST
        change(answer)
        wire.send(answer.raw())

    return fault
