"""Fetch a picture from a web address, with limits on bytes, time and where it may lead."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from typing import Any, Final
from urllib.parse import urljoin, urlsplit

import requests
import urllib3
from requests.adapters import HTTPAdapter

from vision.addresses import Guard, Network
from vision.errors import BadImage, TooLarge

_CHUNK: Final = 1 << 16
_REDIRECTS: Final = 3
_PORTS: Final = (80, 443)
# A picture gains nothing by being compressed again, and what is compressed may be a thousand times larger.
_HEADERS: Final = {"Accept-Encoding": "identity", "Accept": "image/*"}


def picture(url: str, max_bytes: int, *, timeout: float = 30.0, allowed: tuple[Network, ...] = ()) -> bytes:
    """The bytes at ``url``, for addresses in a file of the operator's: at any port, through a proxy if there is one.

    Args:
        url: http or https.
        max_bytes: more is refused without reading on.
        timeout: seconds for everything but looking names up.
        allowed: networks besides the public internet. Where the environment names a proxy, that decides.

    Raises:
        BadImage: no answer in time, another status than 200, no web address, or one that leads where it may not.
        TooLarge: more than ``max_bytes``.
    """
    return _fetch(url, max_bytes, timeout, Guard(time.monotonic() + timeout, None, allowed), trust_env=True)


def public_picture(
    url: str,
    max_bytes: int,
    *,
    timeout: float = 10.0,
    allowed: tuple[Network, ...] = (),
    ports: tuple[int, ...] = _PORTS,
) -> bytes:
    """As :func:`picture`, for addresses that strangers choose: two ports, no name or password, and never a proxy.

    Raises:
        BadImage, TooLarge: as :func:`picture`.
    """
    return _fetch(url, max_bytes, timeout, Guard(time.monotonic() + timeout, ports, allowed), trust_env=False)


def _fetch(url: str, max_bytes: int, timeout: float, guard: Guard, *, trust_env: bool) -> bytes:
    with _session(guard, trust_env) as session:
        for _ in range(_REDIRECTS + 1):
            _check(url, named=trust_env)
            try:
                answer = _get(session, url, max_bytes, guard)
            except (BadImage, TooLarge):
                raise
            except (requests.RequestException, urllib3.exceptions.HTTPError, OSError, ValueError) as error:
                raise _failed(error, timeout, guard) from error
            if isinstance(answer, bytes):
                return answer
            url = urljoin(url, answer)
    raise BadImage(f"the web address redirects more than {_REDIRECTS} times")


def _failed(error: Exception, timeout: float, guard: Guard) -> BadImage:
    """What is told of a failure: never what another machine's answer or our network looks like."""
    late = isinstance(error, requests.Timeout | urllib3.exceptions.TimeoutError | TimeoutError)
    if late or time.monotonic() >= guard.ends:
        return BadImage(f"the web address did not answer within {timeout:g} s")
    if isinstance(error, requests.ConnectionError) or type(error) is OSError:
        return BadImage("the web address could not be fetched: no connection")
    if isinstance(error, urllib3.exceptions.HTTPError):
        return BadImage("the web address could not be fetched: the answer broke off or is damaged")
    return BadImage(f"the web address could not be fetched: {type(error).__name__}")


def _check(url: str, *, named: bool) -> None:
    try:
        parts = urlsplit(url)
        host, user = parts.hostname, parts.username
    except ValueError:
        host, user = None, None
    if not host or parts.scheme not in ("http", "https"):
        raise BadImage(f"{url[:200]!r} is no web address; http:// and https:// are accepted")
    if user is not None and not named:
        raise BadImage("the web address has a user's name in it; give one without")


def _get(session: requests.Session, url: str, max_bytes: int, guard: Guard) -> bytes | str:
    """The body, or where a redirect leads."""
    left = max(0.01, guard.ends - time.monotonic())
    with session.get(url, timeout=left, stream=True, allow_redirects=False, headers=_HEADERS) as response:
        if response.is_redirect:
            return response.headers["Location"]
        if response.status_code != 200:
            raise BadImage(f"the web address answered {response.status_code}")
        if response.headers.get("Content-Encoding", "identity").lower() != "identity":
            raise BadImage("the web address answered with something compressed, which was not asked for")
        too_large = TooLarge(f"the web address gives more than {max_bytes / 2**20:g} MiB")
        if (said := response.headers.get("Content-Length", "")).isdecimal() and int(said) > max_bytes:
            raise too_large
        data = bytearray()
        # read1 returns what is there: a sender that drips cannot hold the deadline off.
        while chunk := response.raw.read1(_CHUNK, decode_content=False):
            data += chunk
            if len(data) > max_bytes:
                raise too_large
            if time.monotonic() > guard.ends:
                break
        if time.monotonic() > guard.ends:  # also where the guard ended an answer that has no length
            raise BadImage("the web address was not read to its end in time")
        return bytes(data)


@contextmanager
def _session(guard: Guard, trust_env: bool) -> Iterator[requests.Session]:
    """Connections that the guard makes, and ends in time."""
    ending = threading.Timer(max(0.0, guard.ends - time.monotonic()), guard.shut)
    ending.daemon = True
    ending.start()
    try:
        with requests.Session() as session:
            session.trust_env = trust_env
            session.mount("http://", _Adapter(guard))
            session.mount("https://", _Adapter(guard))
            yield session
    finally:
        ending.cancel()
        guard.close()


class _Adapter(HTTPAdapter):
    """Of ``requests``, with pools whose connections the guard makes; a proxy's are made as usual."""

    def __init__(self, guard: Guard) -> None:
        self._guard = guard
        super().__init__(max_retries=0)

    def init_poolmanager(self, *args: Any, **options: Any) -> None:
        """As usual, with our own pools."""
        super().init_poolmanager(*args, **options)  # type: ignore[no-untyped-call,unused-ignore]
        self.poolmanager.pool_classes_by_scheme = {
            "http": partial(self._pool, urllib3.HTTPConnectionPool, _Connection),
            "https": partial(self._pool, urllib3.HTTPSConnectionPool, _SecureConnection),
        }

    def _pool(self, kind: Any, connection: Any, *args: Any, **options: Any) -> Any:
        pool = kind(*args, **options)
        pool.ConnectionCls = partial(connection, guard=self._guard)
        return pool


class _Connection(urllib3.connection.HTTPConnection):
    def __init__(self, *args: Any, guard: Guard, **options: Any) -> None:
        super().__init__(*args, **options)
        self._guard = guard

    def _new_conn(self) -> socket.socket:
        return self._guard.connect(self.host.rstrip("."), int(self.port or self.default_port))


class _SecureConnection(_Connection, urllib3.connection.HTTPSConnection):
    pass
