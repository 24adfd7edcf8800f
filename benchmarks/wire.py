"""HTTP with as little of our own as can be, so that what is timed is the server; and what a search sends to Solr."""

from __future__ import annotations

import socket
import time
from collections.abc import Mapping
from dataclasses import dataclass
from types import TracebackType
from typing import Any, BinaryIO, Self
from urllib.parse import urlencode, urlsplit

from vision.solr.client import SolrClient

JSON = "application/json"
FORM = "application/x-www-form-urlencoded; charset=utf-8"


@dataclass(frozen=True)
class Answered:
    """``ms`` from the first byte sent to the last one read; of all requests, where there were several."""

    ms: float
    status: int
    body: bytes


class Connection:
    """A connection to one server; used by one thread at a time."""

    def __init__(self, url: str, *, keep: bool = True, timeout: float = 60.0) -> None:
        """Connect at the first request; with ``keep`` once, else for each anew.

        Args:
            url: whose host and port are meant.
            keep: whether the connection is kept alive.
            timeout: seconds of silence before it is given up.
        """
        parts = urlsplit(url)
        self._address = (parts.hostname or "127.0.0.1", parts.port or 80)
        self._keep, self._timeout = keep, timeout
        self._socket: socket.socket | None = None
        self._reader: BinaryIO | None = None

    def __enter__(self) -> Self:
        """Use as a context manager."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Hang up."""
        self.close()

    def close(self) -> None:
        """Hang up; the next request connects again."""
        for each in (self._reader, self._socket):
            if each is not None:
                each.close()
        self._reader = self._socket = None

    def post(self, path: str, body: bytes, content_type: str) -> Answered:
        """Send one request and read its answer.

        Raises:
            OSError: no connection, nothing said for too long, or hung up on.
        """
        host = f"{self._address[0]}:{self._address[1]}"
        keep = "" if self._keep else "Connection: close\r\n"
        head = (
            f"POST {path} HTTP/1.1\r\nHost: {host}\r\n{keep}Content-Type: {content_type}\r\n"
            f"Content-Length: {len(body)}\r\n\r\n"
        )
        began = time.perf_counter()
        sender, reader = self._connected()
        sender.sendall(head.encode() + body)
        status, answer = _read(reader)
        ms = (time.perf_counter() - began) * 1000
        if not self._keep:
            self.close()
        return Answered(ms, status, answer)

    def _connected(self) -> tuple[socket.socket, BinaryIO]:
        if self._socket is None or self._reader is None:
            self._socket = socket.create_connection(self._address, timeout=self._timeout)
            self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            self._reader = self._socket.makefile("rb")
        return self._socket, self._reader


def _read(reader: BinaryIO) -> tuple[int, bytes]:
    """Status and body of one answer."""
    line = reader.readline()
    if not line:
        raise ConnectionResetError("the server hung up without an answer")
    headers: dict[bytes, bytes] = {}
    while (header := reader.readline().rstrip()) != b"":
        name, _, value = header.partition(b":")
        headers[name.lower()] = value.strip()
    if headers.get(b"transfer-encoding", b"").lower() != b"chunked":
        return int(line.split()[1]), reader.read(int(headers[b"content-length"]))
    parts = []
    while (size := int(reader.readline(), 16)) > 0:
        parts.append(reader.read(size))
        reader.readline()
    reader.readline()
    return int(line.split()[1]), b"".join(parts)


class Recording(SolrClient):
    """A client that keeps what it sends."""

    def __init__(self, url: str, collection: str) -> None:
        """Keep nothing yet."""
        super().__init__(url, collection, timeout=120)
        self.sent: list[bytes] = []

    def select(self, params: Mapping[str, Any], *, partial: bool = False) -> dict[str, Any]:
        """Run one query, and keep it as a form."""
        self.sent.append(urlencode({"q": "*:*", "wt": "json", **params}, doseq=True).encode())
        return super().select(params, partial=partial)
