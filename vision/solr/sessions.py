"""Connections to Solr that end: a timeout bounds a whole answer, not each part of it, and so does its size.

What `requests` and urllib3 call a read timeout begins anew with every byte that comes.
"""

from __future__ import annotations

import errno
import http.client
import io
import logging
import math
import socket
import time
from typing import Any, Final
from urllib.parse import urlsplit

import requests
import urllib3
from urllib3.connection import HTTPConnection, HTTPSConnection

from vision.solr import deadline
from vision.solr.attempts import Attempts

# It warns of each request that is sent again with its whole address, a shopper's words included.
logging.getLogger("urllib3.connectionpool").setLevel(logging.ERROR)

_LARGEST: Final = 512 << 20
"""Bytes of an answer. The largest that is asked for, the vectors of five thousand products, has 60 MB."""


class _Bounded(io.RawIOBase):
    """A socket's bytes, until the time is over or they are too many."""

    def __init__(self, sock: socket.socket, raw: io.RawIOBase) -> None:
        self._sock = sock
        self._raw = raw
        self._patience = sock.gettimeout() or math.inf
        self._until = time.monotonic() + min(self._patience, deadline.remaining())
        self._left = _LARGEST

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int | None:
        left = self._until - time.monotonic()
        if left <= 0:
            raise TimeoutError("timed out")
        self._sock.settimeout(None if left == math.inf else left)
        count = self._raw.readinto(buffer)
        self._left -= count or 0
        if self._left < 0:
            raise OSError(errno.EMSGSIZE, "the answer is too long")
        return int(count)

    def close(self) -> None:
        if not self.closed:
            self._raw.close()
        super().close()


class _Answer(http.client.HTTPResponse):
    def __init__(self, sock: socket.socket, *args: Any, **kwargs: Any) -> None:
        super().__init__(sock, *args, **kwargs)
        self.fp = io.BufferedReader(_Bounded(sock, self.fp.detach()))


class _Connection(HTTPConnection):
    response_class = _Answer

    def _new_conn(self) -> socket.socket:
        self.timeout = _least(self.timeout)
        return super()._new_conn()


class _SecureConnection(_Connection, HTTPSConnection):
    pass


def _least(timeout: Any) -> float | None:
    given = timeout if isinstance(timeout, int | float) else math.inf
    left = min(given, deadline.remaining())
    return None if left == math.inf else max(0.001, left)


class _Pool(urllib3.HTTPConnectionPool):
    ConnectionCls = _Connection


class _SecurePool(urllib3.HTTPSConnectionPool):
    ConnectionCls = _SecureConnection


class _Adapter(requests.adapters.HTTPAdapter):
    """Makes connections of the kinds above."""

    def init_poolmanager(self, *args: Any, **kwargs: Any) -> None:
        super().init_poolmanager(*args, **kwargs)
        self.poolmanager.pool_classes_by_scheme = {"http": _Pool, "https": _SecurePool}

    def proxy_manager_for(self, *args: Any, **kwargs: Any) -> urllib3.ProxyManager:
        made: urllib3.ProxyManager = super().proxy_manager_for(*args, **kwargs)
        made.pool_classes_by_scheme = {"http": _Pool, "https": _SecurePool}
        return made


class _Session(requests.Session):
    def get_redirect_target(self, resp: requests.Response) -> str | None:
        """Follow nobody: no Solr sends us elsewhere, and what does may send us anywhere."""
        return None


def session(url: str, attempts: Attempts) -> requests.Session:
    """A session for one Solr; what fails is sent again as ``attempts`` say."""
    made = _Session()
    # A proxy of the environment must not see, or break, what goes to this machine.
    made.trust_env = urlsplit(url).hostname not in ("127.0.0.1", "localhost", "::1")
    for scheme in ("http://", "https://"):
        made.mount(scheme, _Adapter(pool_connections=4, pool_maxsize=32, max_retries=attempts))
    return made
