"""Queries as forms: what arrives is what was given, and what goes wrong is told as requests tells it."""

from __future__ import annotations

import base64
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from urllib.parse import parse_qsl, urlencode

import numpy as np
import pytest
import requests
import urllib3

from vision.errors import NotFound, SolrRefused, SolrUnavailable
from vision.search.literals import vector
from vision.solr.client import SolrClient
from vision.solr.fields import FieldMap
from vision.solr.forms import Forms, encoded

NOTHING = b'{"responseHeader":{},"response":{"numFound":0,"docs":[]}}'
ANSWER = b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%s" % (len(NOTHING), NOTHING)


@contextmanager
def answering(answer: bytes, *, then_wait: float = 0.0) -> Iterator[tuple[str, list[bytes]]]:
    """A server that says the same to each connection's first request and hangs up; its URL, and what it was sent."""
    heard: list[bytes] = []
    ended = threading.Event()
    with socket.create_server(("127.0.0.1", 0)) as listening:
        listening.settimeout(0.1)

        def serve() -> None:
            while not ended.is_set():
                try:
                    connection, _ = listening.accept()
                except TimeoutError:
                    continue
                with connection:
                    heard.append(_request(connection))
                    connection.sendall(answer)
                    ended.wait(then_wait)

        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        try:
            yield f"127.0.0.1:{listening.getsockname()[1]}/solr", heard
        finally:
            ended.set()
            thread.join(10)


def _request(connection: socket.socket) -> bytes:
    """Head and body of one request."""
    data = b""
    while b"\r\n\r\n" not in data:
        data += connection.recv(1 << 16)
    head, _, body = data.partition(b"\r\n\r\n")
    length = next((int(line[15:]) for line in head.lower().split(b"\r\n") if line.startswith(b"content-length:")), 0)
    while len(body) < length:
        body += connection.recv(1 << 16)
    return head + b"\r\n\r\n" + body


def client(address: str, *, user: str = "", timeout: float = 5.0) -> SolrClient:
    found = SolrClient(f"http://{user}{address}", "products", timeout=timeout)
    found._names = FieldMap()
    return found


PARAMS: dict[str, Any] = {
    "q": "{!bool filter=$base should=$verified cache=false}",
    "words": "50 % of a+b & c = ü\u001f; #1 ${x}",
    "similarity": f"vectorSimilarity(FLOAT32,EUCLIDEAN,vector,{vector(np.linspace(-1e-9, 9, 1024, dtype=np.float32))})",
    "fq": ["{!cache=false}*:*", "{!terms f=attr_color separator='\u001f'}red\u001fblue"],
    "rows": 24,
}


def test_a_form_says_what_any_form_would_and_leaves_vectors_as_they_are() -> None:
    assert parse_qsl(encoded(PARAMS)) == parse_qsl(urlencode(PARAMS, doseq=True))
    assert PARAMS["similarity"] in encoded(PARAMS)


@pytest.mark.parametrize("params", [PARAMS, {"q": "*:*", "fq": ["a", "b"]}], ids=["long", "short"])
def test_what_arrives_is_what_was_given_with_who_asks(params: dict[str, Any]) -> None:
    with answering(ANSWER) as (address, heard), client(address, user="me:secret@") as solr:
        assert solr.select(params)["response"]["docs"] == []
    head, _, body = heard[0].partition(b"\r\n\r\n")
    line = head.split(b"\r\n")[0].decode()
    came = parse_qsl(body.decode() or line.split()[1].partition("?")[2])
    assert line.split()[0] == ("POST" if body else "GET") and bool(body) == (params is PARAMS)
    expected = [
        (name, str(one)) for name, each in params.items() for one in (each if isinstance(each, list) else [each])
    ]
    assert sorted(came) == sorted([*expected, ("wt", "json")])
    assert f"Authorization: Basic {base64.b64encode(b'me:secret').decode()}".encode() in head


def test_nobody_there_and_nothing_said_and_half_an_answer() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    with pytest.raises(SolrUnavailable, match="no connection"):
        client(f"127.0.0.1:{port}/solr").select({})
    with (
        answering(b"", then_wait=3) as (address, _),
        client(address, timeout=0.2) as solr,
        pytest.raises(SolrUnavailable, match="longer than the time limit"),
    ):
        solr.select({})
    with (
        answering(b"HTTP/1.1 200 OK\r\nContent-Length: 99\r\n\r\n{") as (address, _),
        client(address) as solr,
        pytest.raises(SolrUnavailable, match="broke in the middle"),
    ):
        solr.select({})


@pytest.mark.parametrize(("status", "kind"), [(400, SolrRefused), (404, NotFound), (503, SolrUnavailable)])
def test_a_refusal_is_told_with_its_reason(status: int, kind: type[Exception]) -> None:
    said = b'{"error":{"msg":"undefined field x"}}'
    answer = f"HTTP/1.1 {status} No\r\nContent-Length: {len(said)}\r\n\r\n".encode() + said
    with answering(answer) as (address, _), client(address) as solr, pytest.raises(kind) as raised:
        solr.select({})
    assert "undefined field x" in str(raised.value) or status != 400


def test_a_proxy_of_the_environment_is_asked_where_the_session_asks_it(monkeypatch: pytest.MonkeyPatch) -> None:
    with answering(ANSWER) as (address, heard):
        monkeypatch.setenv("http_proxy", f"http://{address.partition('/')[0]}")
        monkeypatch.delenv("no_proxy", raising=False)
        monkeypatch.delenv("NO_PROXY", raising=False)
        with requests.Session() as session:
            assert (
                Forms(session, "http://solr.example/solr/select", urllib3.Retry(False)).send({"q": "x"}, 5.0) == NOTHING
            )
    assert heard[0].startswith(b"GET http://solr.example/solr/select?q=x HTTP/1.1")
