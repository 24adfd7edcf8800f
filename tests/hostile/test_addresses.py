"""Web addresses that strangers choose: no connection to a private one, counted where it would arrive."""

from __future__ import annotations

import gzip
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from ipaddress import ip_network
from pathlib import Path
from typing import Any

import pytest

from api.app import create_app
from tests.hostile.addresses import HOSTS, SCHEMES, addresses
from vision import addresses as guarding
from vision import download
from vision.catalog.pictures import Pictures
from vision.catalog.product import Rejected
from vision.errors import BadImage, TooLarge
from vision.settings import Settings

OPEN = "127.0.0.2"
"""Stands for the public internet here; every other address of this machine is private."""
ALLOWED = (ip_network(f"{OPEN}/32"),)
HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: image/jpeg\r\nConnection: close\r\n"
Answer = Callable[[socket.socket, bytes], None]


class Web:
    """Listens at an address, and counts who connects."""

    def __init__(self, host: str, port: int = 0) -> None:
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        self.socket = socket.create_server((host, port), family=family)
        self.port = int(self.socket.getsockname()[1])
        self.connections = 0
        self.answer: Answer = lambda sock, request: sock.sendall(HEAD + b"\r\npicture")
        self.ended = threading.Event()
        threading.Thread(target=self._serve, daemon=True).start()

    def _serve(self) -> None:
        while not self.ended.is_set():
            try:
                sock, _ = self.socket.accept()
            except OSError:
                return
            self.connections += 1
            threading.Thread(target=self._answer, args=(sock,), daemon=True).start()

    def _answer(self, sock: socket.socket) -> None:
        with sock, suppress(OSError):
            self.answer(sock, sock.recv(65536))

    def close(self) -> None:
        self.ended.set()
        with suppress(OSError):
            self.socket.shutdown(socket.SHUT_RDWR)
        self.socket.close()


@contextmanager
def listening(*hosts: str, port: int = 0) -> Iterator[list[Web]]:
    made: list[Web] = []
    try:
        for host in hosts:
            made.append(Web(host, port or (made[0].port if made else 0)))
        yield made
    finally:
        for each in made:
            each.close()


@pytest.fixture(scope="module")
def private() -> Iterator[list[Web]]:
    """Whatever of this machine can be connected to, but for the one address that stands for the public internet."""
    hosts = ["127.0.0.1", "127.255.255.254"]
    if socket.has_ipv6:
        with suppress(OSError), socket.create_server(("::1", 0), family=socket.AF_INET6):
            hosts.append("::1")
    with suppress(OSError):
        own = socket.gethostbyname(socket.gethostname())
        hosts += [] if own.startswith("127.") else [own]
    with listening(*hosts) as webs:
        yield webs


@pytest.fixture
def public(private: list[Web]) -> Iterator[Web]:
    """On the same port, so that a redirect or another answer of the resolver would find the private ones."""
    with listening(OPEN, port=private[0].port) as webs:
        yield webs[0]


def fetch(url: str, port: int, *, timeout: float = 3.0, most: int = 1000) -> bytes:
    return download.public_picture(url, most, timeout=timeout, allowed=ALLOWED, ports=(port, 80, 443))


def connections(private: list[Web]) -> int:
    return sum(each.connections for each in private)


def test_there_are_enough_of_them() -> None:
    assert len(HOSTS) + len(SCHEMES) >= 60 and len(set(addresses(80))) == len(addresses(80))


def test_the_listeners_would_count(private: list[Web], public: Web) -> None:
    before = connections(private)
    for each in private:
        socket.create_connection(each.socket.getsockname()[:2], 3).close()
    assert fetch(f"http://{OPEN}:{public.port}/", public.port) == b"picture"
    time.sleep(0.2)
    assert connections(private) == before + len(private) and public.connections == 1


@pytest.mark.parametrize("url", addresses(0))
def test_no_connection_to_a_private_address(private: list[Web], url: str) -> None:
    port = private[0].port
    before = connections(private)
    for fetching in (fetch, _as_in_a_catalogue):
        with pytest.raises(BadImage):
            fetching(url.replace(":0/", f":{port}/"), port)
    time.sleep(0.01)
    assert connections(private) == before


def test_without_the_check_they_would_be_reached(private: list[Web], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(guarding, "is_public", lambda *_: True)
    port, before = private[0].port, connections(private)
    for url in addresses(port):
        with suppress(BadImage):
            fetch(url, port, timeout=0.3)
    time.sleep(0.2)
    assert connections(private) - before > 20


def _as_in_a_catalogue(url: str, port: int) -> bytes:
    return download.picture(url, 1000, timeout=3, allowed=ALLOWED)


@pytest.mark.parametrize("target", [*addresses(0)[::2], "http://127.0.0.1:0/", "//127.0.0.1:0/", "http://[::1]:0/"])
def test_redirects_lead_to_no_private_address(private: list[Web], public: Web, target: str) -> None:
    to = target.replace(":0/", f":{public.port}/").encode("utf-8", "surrogateescape")
    to = to.replace(b"\r\n", b"%0d%0a").replace(b"\x00", b"%00")
    before = connections(private)

    def redirect(sock: socket.socket, request: bytes) -> None:
        here = request.startswith(b"GET / ")
        sock.sendall(b"HTTP/1.1 302 Found\r\nLocation: " + to + b"\r\n\r\n" if here else HEAD + b"\r\npicture")

    public.answer = redirect
    with suppress(BadImage):  # what is no address is a path on the same server
        assert fetch(f"http://{OPEN}:{public.port}/", public.port) == b"picture"
    assert connections(private) == before


@pytest.mark.parametrize(
    ("answers", "fetched"),
    [
        ([[OPEN], ["127.0.0.1"]], True),
        ([["127.0.0.1"], [OPEN]], False),
        ([[OPEN, "127.0.0.1"]], False),
        ([["127.0.0.1", OPEN]], False),
        ([["::1", OPEN]], False),
        ([["169.254.169.254"], [OPEN]], False),
    ],
)
def test_the_address_that_is_checked_is_the_one_connected_to(
    private: list[Web], public: Web, monkeypatch: pytest.MonkeyPatch, answers: list[list[str]], fetched: bool
) -> None:
    """A resolver that answers something else the second time: it is never asked a second time."""
    asked: list[str] = []
    real = socket.getaddrinfo

    def resolver(host: str, port: Any, *args: Any, **options: Any) -> Any:
        if host != "rebinding.test":
            return real(host, port, *args, **options)
        asked.append(host)
        found = answers[min(len(asked), len(answers)) - 1]
        return [each for address in found for each in real(address, port, type=socket.SOCK_STREAM)]

    monkeypatch.setattr(socket, "getaddrinfo", resolver)
    before = connections(private)
    url = f"http://rebinding.test:{public.port}/"
    if fetched:
        assert fetch(url, public.port) == b"picture"
    else:
        with pytest.raises(BadImage, match="not on the public internet"):
            fetch(url, public.port)
    assert len(asked) == 1 and connections(private) == before
    assert public.connections == int(fetched)


def test_a_redirect_is_looked_up_and_checked_again(
    private: list[Web], public: Web, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = socket.getaddrinfo
    names = {"first.test": OPEN, "second.test": "127.0.0.1"}
    monkeypatch.setattr(socket, "getaddrinfo", lambda host, *rest, **named: real(names.get(host, host), *rest, **named))
    public.answer = lambda sock, request: sock.sendall(
        f"HTTP/1.1 302 Found\r\nLocation: http://second.test:{public.port}/\r\n\r\n".encode()
    )
    before = connections(private)
    with pytest.raises(BadImage, match="second.test"):
        fetch(f"http://first.test:{public.port}/", public.port)
    assert connections(private) == before


def test_redirects_come_to_an_end(public: Web) -> None:
    public.answer = lambda sock, request: sock.sendall(b"HTTP/1.1 302 Found\r\nLocation: /\r\n\r\n")
    with pytest.raises(BadImage, match="redirects more than 3 times"):
        fetch(f"http://{OPEN}:{public.port}/", public.port)
    assert public.connections == 4


def test_only_two_ports_for_strangers(public: Web) -> None:
    for port in (22, 25, 6379, 8983, public.port):
        with pytest.raises(BadImage, match=f"names port {port}; 80 and 443 are accepted"):
            download.public_picture(f"http://{OPEN}:{port}/", 1000, allowed=ALLOWED)
    assert public.connections == 0


def test_a_proxy_of_the_environment_is_not_asked(
    private: list[Web], public: Web, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It would look the name up, and go where we would not."""
    for name in ("http_proxy", "HTTP_PROXY", "ALL_PROXY"):
        monkeypatch.setenv(name, f"http://127.0.0.1:{private[0].port}")
    before = connections(private)
    assert fetch(f"http://{OPEN}:{public.port}/", public.port) == b"picture"
    assert connections(private) == before


def _drip(what: bytes, every: float = 0.05) -> Answer:
    def answer(sock: socket.socket, request: bytes) -> None:
        for at in range(len(what)):
            sock.sendall(what[at : at + 1])
            time.sleep(every)

    return answer


def _endless(sock: socket.socket, request: bytes) -> None:
    sock.sendall(HEAD + b"\r\n")
    while True:
        sock.sendall(bytes(1 << 16))


SLOW: dict[str, Answer] = {
    "says nothing": lambda sock, request: time.sleep(5),
    "drips its head": _drip(b"HTTP/1.1 200 OK\r\nX: " + b"x" * 1000),
    "drips headers": _drip(HEAD + b"X-Header: 1\r\n" * 100),
    "drips its body": _drip(HEAD + b"\r\n" + b"x" * 1000),
    "drips its body of a length": _drip(HEAD + b"Content-Length: 900\r\n\r\n" + b"x" * 900),
    "drips chunks": _drip(HEAD + b"Transfer-Encoding: chunked\r\n\r\n" + b"1\r\nx\r\n" * 200),
    "continues": _drip(b"HTTP/1.1 100 Continue\r\n\r\n" * 100),
}


@pytest.mark.parametrize("kind", SLOW)
def test_a_slow_answer_ends_in_time(public: Web, kind: str) -> None:
    public.answer = SLOW[kind]
    began = time.monotonic()
    with pytest.raises(BadImage, match="in time|did not answer within"):
        fetch(f"http://{OPEN}:{public.port}/", public.port, timeout=0.6)
    assert time.monotonic() - began < 2.0


LARGE: dict[str, Answer] = {
    "without an end": _endless,
    "says that it is large": lambda sock, request: sock.sendall(HEAD + b"Content-Length: 99999999999\r\n\r\nx"),
    "in chunks": lambda sock, request: sock.sendall(
        HEAD + b"Transfer-Encoding: chunked\r\n\r\n" + (b"1000\r\n" + bytes(4096) + b"\r\n") * 100
    ),
}


@pytest.mark.parametrize("kind", LARGE)
def test_a_large_answer_is_not_read_on(public: Web, kind: str) -> None:
    public.answer = LARGE[kind]
    with pytest.raises(TooLarge):
        fetch(f"http://{OPEN}:{public.port}/", public.port, timeout=10, most=50_000)


def test_what_is_compressed_is_not_unpacked(public: Web) -> None:
    bomb = gzip.compress(bytes(50 << 20))
    asked: list[bytes] = []

    def answer(sock: socket.socket, request: bytes) -> None:
        asked.append(request)
        sock.sendall(HEAD + b"Content-Encoding: gzip\r\nContent-Length: %d\r\n\r\n" % len(bomb) + bomb)

    public.answer = answer
    with pytest.raises(BadImage, match="compressed"):
        fetch(f"http://{OPEN}:{public.port}/", public.port, most=1 << 20)
    assert b"accept-encoding: identity" in asked[0].lower()


def test_a_catalogue_reaches_a_private_network_where_the_setting_names_it(
    public: Web, private: list[Web], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = connections(private)
    for said, named in (("", False), ("10.0.0.0/8", False), (f"10.0.0.0/8, {OPEN}", True)):
        monkeypatch.setenv("VISUAL_SEARCH_URL_NETWORKS", said)
        pictures = Pictures(tmp_path, allow_urls=True)
        if named:
            assert pictures.read(f"http://{OPEN}:{public.port}/") == b"picture"
        else:
            with pytest.raises(Rejected, match="not on the public internet"):
                pictures.read(f"http://{OPEN}:{public.port}/")
        with pytest.raises(Rejected, match="not on the public internet"):
            pictures.read(f"http://127.0.0.1:{public.port}/")
    assert connections(private) == before


@pytest.mark.parametrize("allowed", [False, True])
def test_over_http(private: list[Web], tmp_path: Path, allowed: bool) -> None:
    """Off unless the setting says otherwise; on, it is the same fetching."""
    app = create_app(Settings(home=tmp_path, solr_url="http://127.0.0.1:9/solr", allow_image_urls=allowed))
    client, before = app.test_client(), connections(private)
    for url in addresses(private[0].port):
        response = client.post("/v1/detect", json={"image_url": url})
        assert response.status_code == (422 if allowed else 400), (url, response.text)
        assert allowed or "image_url is off here" in response.get_json(force=True)["detail"]
    assert connections(private) == before
