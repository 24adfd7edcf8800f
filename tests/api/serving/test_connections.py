"""The real server against clients that send slowly, much, or nothing: others are answered all the same."""

from __future__ import annotations

import json
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, suppress
from pathlib import Path
from typing import Final

import pytest
import requests
from flask import Flask, request

from api.serving import connections
from api.serving.overload import Dispatcher

HEAD_SECONDS: Final = 2.0
BODY_SECONDS: Final = 3.0
PATIENCE: Final = 12.0


@pytest.fixture(scope="module")
def url() -> Iterator[str]:
    """A server whose bounds are about a tenth of what they are."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(connections, "HEAD_SECONDS", HEAD_SECONDS)
        patch.setattr(connections, "BODY_SECONDS", BODY_SECONDS)
        patch.setattr(connections, "MOST_OF_ONE", 20)
        patch.setattr(connections, "IDLE_SECONDS", int(BODY_SECONDS))
        yield from served()


def served() -> Iterator[str]:
    app = Flask(__name__)

    @app.post("/")
    def answer() -> str:
        return str(len(request.get_data()))

    @app.post("/long")
    def long() -> str:
        time.sleep(1.5 * BODY_SECONDS)
        return "long"

    listening = socket.create_server(("127.0.0.1", 0))
    server = connections.create_server(
        app, listening, Dispatcher(4, 50), max_body=1 << 20, is_proxy=lambda address: address == "127.0.0.3"
    )
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{listening.getsockname()[1]}"
    server.close()
    server.task_dispatcher.shutdown()
    thread.join(10)


def connected(url: str, source: str = "127.0.0.1") -> socket.socket:
    return socket.create_connection(("127.0.0.1", int(url.rpartition(":")[2])), 10, source_address=(source, 0))


def is_open(sock: socket.socket, seconds: float = 0.05) -> bool:
    sock.settimeout(seconds)
    try:
        return sock.recv(1) != b""
    except TimeoutError:
        return True
    except OSError:
        return False


def post(url: str, data: bytes = b"x", **options: object) -> requests.Response:
    return requests.post(url, data=data, timeout=10, **options)  # type: ignore[arg-type]


HEAD = b"POST / HTTP/1.1\r\nHost: x\r\n"
SLOW: dict[str, tuple[bytes, Callable[[int], bytes], float]] = {
    "a byte of a header": (HEAD + b"X: ", lambda at: b"x", HEAD_SECONDS),
    "a header": (HEAD, lambda at: b"X-%d: 1\r\n" % at, HEAD_SECONDS),
    "the first line": (b"POST /", lambda at: b"a", HEAD_SECONDS),
    "a byte of a body": (HEAD + b"Content-Length: 100000\r\n\r\n", lambda at: b"x", BODY_SECONDS),
    "a chunk": (HEAD + b"Transfer-Encoding: chunked\r\n\r\n", lambda at: b"1\r\nx\r\n", BODY_SECONDS),
    "a chunk's length": (HEAD + b"Transfer-Encoding: chunked\r\n\r\n", lambda at: b"0", BODY_SECONDS),
    "nothing after the beginning": (HEAD + b"Content-Length: 10\r\n\r\nx", lambda at: b"", BODY_SECONDS),
    "nothing at all": (b"", lambda at: b"", BODY_SECONDS),
}


def test_slow_requests_end(url: str) -> None:
    """All at once, a little of each now and then: how long it takes the server to hang up on them."""
    ended: dict[str, float] = {}
    with ExitStack() as held:
        socks = {kind: held.enter_context(connected(url)) for kind in SLOW}
        began = time.monotonic()
        for kind, sock in socks.items():
            sock.sendall(SLOW[kind][0])
        at = 0
        while len(ended) < len(SLOW) and time.monotonic() - began < PATIENCE:
            for kind in SLOW.keys() - ended.keys():
                with suppress(OSError):
                    socks[kind].sendall(SLOW[kind][1](at))
                if not is_open(socks[kind], 0.01):
                    ended[kind] = time.monotonic() - began
            at += 1
            time.sleep(0.05)
    for kind, (_, _, bound) in SLOW.items():
        assert bound - 0.3 < ended[kind] < bound + 3, (kind, ended)


def test_a_large_body_that_comes_as_fast_as_it_can_is_taken(url: str) -> None:
    """A third longer than a body may take without a rate, at five times the rate that it needs."""
    parts = 20
    with connected(url) as sock:
        sock.sendall(HEAD + b"Content-Length: %d\r\n\r\n" % (parts * connections.LEAST_RATE))
        for _ in range(parts):
            sock.sendall(bytes(connections.LEAST_RATE))
            time.sleep(4 / 3 * BODY_SECONDS / parts)
        sock.settimeout(5)
        assert sock.recv(100).startswith(b"HTTP/1.1 200 OK")


def read_to(sock: socket.socket, body: bytes) -> bytes:
    """An answer, which may come in pieces, up to the end of its body."""
    found = b""
    while not found.endswith(b"\r\n\r\n" + body):
        more = sock.recv(1000)
        assert more, found
        found += more
    return found


def test_what_waits_for_an_answer_is_not_late(url: str) -> None:
    """The next request is half there while the one before takes longer than a body may."""
    with connected(url) as sock:
        sock.sendall(b"POST /long HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n\r\n" + HEAD)
        sock.settimeout(8)
        assert read_to(sock, b"long").startswith(b"HTTP/1.1 200 OK")
        sock.sendall(b"Content-Length: 3\r\n\r\nabc")
        assert read_to(sock, b"3").startswith(b"HTTP/1.1 200 OK")


def test_others_are_answered_while_some_hold_connections(url: str) -> None:
    with ExitStack() as held:
        slow = [held.enter_context(connected(url, f"127.0.1.{number}")) for number in range(60)]
        for sock in slow:
            sock.sendall(HEAD + b"X: ")
        times = []
        for _ in range(10):
            began = time.monotonic()
            assert post(url).text == "1"
            times.append(time.monotonic() - began)
        assert max(times) < 3.0
        began = time.monotonic()
        for sock in slow:
            while is_open(sock):
                assert time.monotonic() - began < PATIENCE


def test_one_address_has_so_many_connections_and_no_more(url: str) -> None:
    with ExitStack() as held:
        mine = [held.enter_context(connected(url, "127.0.0.2")) for _ in range(25)]
        time.sleep(0.5)
        assert sum(map(is_open, mine)) == 20
        assert post(url).text == "1", "another address is none of its business"
    with ExitStack() as held:
        through = [held.enter_context(connected(url, "127.0.0.3")) for _ in range(25)]
        time.sleep(0.5)
        assert sum(map(is_open, through)) == 25, "a proxy stands for many clients"


REFUSED: dict[str, tuple[bytes, int]] = {
    "large headers": (b"GET / HTTP/1.1\r\nX: " + b"x" * 70_000 + b"\r\n\r\n", 431),
    "many headers": (b"GET / HTTP/1.1\r\n" + b"X: 1\r\n" * 12_000 + b"\r\n", 431),
    "a long line": (b"GET /" + b"a" * 70_000 + b" HTTP/1.1\r\n\r\n", 431),
    "a body that is too long": (HEAD + b"Content-Length: 99999999\r\n\r\n", 413),
    "a length that is none": (HEAD + b"Content-Length: -1\r\n\r\n", 400),
    "two lengths": (HEAD + b"Content-Length: 1\r\nContent-Length: 2\r\n\r\n", 400),
    "another transfer coding": (HEAD + b"Transfer-Encoding: gzip, chunked\r\n\r\n", 501),
    "a chunk's length that is none": (HEAD + b"Transfer-Encoding: chunked\r\n\r\nzz\r\n", 400),
    "a huge chunk": (HEAD + b"Transfer-Encoding: chunked\r\n\r\nffffffffff\r\n" + b"x" * (2 << 20), 413),
    "bare line feeds": (b"GET / HTTP/1.1\nHost: x\nX: \ra\r\n\r\n", 400),
    "no HTTP": (b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n", 400),
}


@pytest.mark.parametrize("kind", REFUSED)
def test_what_is_no_request_is_a_problem(url: str, kind: str) -> None:
    sent, status = REFUSED[kind]
    with connected(url) as sock:
        with suppress(OSError):
            sock.sendall(sent)
        sock.settimeout(5)
        found = b""
        with suppress(OSError):
            while more := sock.recv(65536):
                found += more
    head, _, body = found.partition(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1."), found[:200]
    assert head.split()[1] == str(status).encode()
    assert b"application/problem+json" in head and json.loads(body)["status"] == status
    assert post(url).text == "1"


def test_the_server_bounds_are_those_of_the_documents() -> None:
    found = (Path(__file__).parents[3] / "docs" / "http.md").read_text(encoding="utf-8")
    for number in (connections.MOST, connections.MOST_OF_ONE, connections.HEAD_SECONDS, connections.BODY_SECONDS):
        assert f"{number:g}" in found.split("## Limits")[1]
