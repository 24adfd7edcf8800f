"""Connections to Solr that end: a timeout bounds a whole answer, not each part of it, and so does its size.

What `requests` and urllib3 call a read timeout begins anew with every byte that comes.
"""

from __future__ import annotations

import errno
import functools
import http.client
import io
import logging
import math
import socket
import time
from typing import Any, Final
from urllib.parse import unquote, urlsplit, urlunsplit

import requests
import urllib3
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.exceptions import ConnectTimeoutError, NewConnectionError

from vision.solr import deadline
from vision.solr.attempts import Attempts
from vision.solr.nodes import Node, Nodes, addresses

# It warns of each request that is sent again with its whole address, a shopper's words included.
logging.getLogger("urllib3.connectionpool").setLevel(logging.ERROR)

_LARGEST: Final = 512 << 20
"""Bytes of an answer. The largest that is asked for, the vectors of five thousand products, has 60 MB."""

_CONNECTED: Final = 2.0
"""Seconds for a connection to one of several nodes."""
_ASKED: Final = 2.0
"""Seconds for a node's answer to who lives."""
_OLD: Final = 300.0
"""Seconds after which a connection is made anew, so that nodes that come back get their part again."""
_NOT_NOW: Final = 503


class _Bounded(io.RawIOBase):
    """A socket's bytes, until the time is over or they are too many."""

    def __init__(self, sock: socket.socket, raw: io.RawIOBase) -> None:
        self._sock = sock
        self._raw = raw
        self._patience = sock.gettimeout() or math.inf
        left = min(self._patience, deadline.remaining())
        self._until = time.monotonic() + left  # read after it: never before the deadline, whoever has the processor
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
    """To the node of its address; with ``nodes``, to the one of them that answers."""

    response_class = _Answer

    def __init__(self, *args: Any, nodes: Nodes | None = None, **options: Any) -> None:
        super().__init__(*args, **options)
        self._nodes = nodes
        self._node: Node | None = None
        self._since = 0.0

    def _new_conn(self) -> socket.socket:
        if self._nodes is None:
            self.timeout = _least(self.timeout)
            return super()._new_conn()
        given, failed = self.timeout, None
        for node in self._nodes.order():
            self.host, self.port = node.host, node.port
            self.timeout = min(_least(given) or math.inf, _CONNECTED)
            try:
                found = super()._new_conn()
            except (NewConnectionError, ConnectTimeoutError) as error:
                self._nodes.failed(node)
                failed = error
            else:
                self.timeout = _least(given)
                found.settimeout(self.timeout)
                self._node, self._since = node, time.monotonic()
                return found
        assert failed is not None
        raise failed

    @property
    def is_connected(self) -> bool:
        """Whether it may be used once more; those to a node that is out, and old ones, are given up."""
        if self._nodes is None or self._node is None:
            return super().is_connected
        given_up = self._nodes.is_out(self._node) or time.monotonic() > self._since + _OLD
        return super().is_connected and not given_up

    def request(self, *args: Any, **options: Any) -> None:
        """Send a request; connected before, as only then it is known which host is named in it."""
        if self._nodes is not None and self.sock is None:
            self.connect()
        super().request(*args, **options)

    def getresponse(self) -> Any:
        """Read an answer; a node that gives none, or has no time, is asked last for a while."""
        if self._nodes is None or self._node is None:
            return super().getresponse()
        try:
            answer = super().getresponse()
        except (OSError, http.client.HTTPException):
            self._nodes.failed(self._node)
            raise
        (self._nodes.failed if answer.status == _NOT_NOW else self._nodes.worked)(self._node)
        return answer


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
    """Makes connections of the kinds above; through a proxy, which reaches whom it is asked for, without ``nodes``."""

    def __init__(self, nodes: Nodes | None, **options: Any) -> None:
        self._nodes = nodes
        super().__init__(**options)

    def init_poolmanager(self, *args: Any, **kwargs: Any) -> None:
        super().init_poolmanager(*args, **kwargs)
        nodes = self._nodes
        self.poolmanager.pool_classes_by_scheme = {
            "http": functools.partial(_Pool, nodes=nodes),
            "https": functools.partial(_SecurePool, nodes=nodes),
        }

    def proxy_manager_for(self, *args: Any, **kwargs: Any) -> urllib3.ProxyManager:
        made: urllib3.ProxyManager = super().proxy_manager_for(*args, **kwargs)
        made.pool_classes_by_scheme = {"http": _Pool, "https": _SecurePool}
        return made


class _Session(requests.Session):
    def get_redirect_target(self, resp: requests.Response) -> str | None:
        """Follow nobody: no Solr sends us elsewhere, and what does may send us anywhere."""
        return None


def session(url: str, attempts: Attempts, nodes: Nodes | None = None) -> requests.Session:
    """A session for one Solr, whichever of its ``nodes`` answers; what fails is sent again as ``attempts`` say."""
    made = _Session()
    # A proxy of the environment must not see, or break, what goes to this machine.
    made.trust_env = urlsplit(url).hostname not in ("127.0.0.1", "localhost", "::1")
    for scheme in ("http://", "https://"):
        made.mount(scheme, _Adapter(nodes, pool_connections=4, pool_maxsize=32, max_retries=attempts))
    return made


def nodes_of(url: str) -> Nodes | None:
    """The nodes of the Solr at several addresses; None for a single one, which is used as it is."""
    bases = addresses(url)
    if len(bases) == 1:
        return None

    def ask(node: Node) -> list[Node]:
        scheme = urlsplit(bases[0]).scheme
        host = f"[{node.host}]" if ":" in node.host else node.host
        parts = urlsplit(bases[0])
        address = urlunsplit((scheme, f"{host}:{node.port}", f"{parts.path}/admin/collections", "", ""))
        who = (unquote(parts.username), unquote(parts.password or "")) if parts.username else None
        with _Session() as asking:
            asking.trust_env = node.host not in ("127.0.0.1", "localhost", "::1")
            try:
                found = asking.get(
                    address, params={"action": "CLUSTERSTATUS", "wt": "json"}, auth=who, timeout=_least(_ASKED)
                ).json()
                return [Node.named(name) for name in found["cluster"]["live_nodes"]]
            except (requests.RequestException, ValueError, KeyError, TypeError):
                return []

    return Nodes([Node.of(each) for each in bases], ask)
