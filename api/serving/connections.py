"""Waitress with bounds on what a connection may cost: how many there are, of whom, and how slowly they may send.

Waitress alone bounds the silence between two bytes and not a request's time, so a client that sends a byte now and
then ("slowloris") holds a connection for as long as it likes, and a hundred of them hold all there are.
"""

from __future__ import annotations

import logging
import socket
import time
from collections.abc import Callable
from typing import Any, Final

from waitress.adjustments import Adjustments
from waitress.channel import HTTPChannel
from waitress.server import TcpWSGIServer
from waitress.task import ErrorTask, ThreadedTaskDispatcher
from waitress.utilities import Error

from api.problems import Problem
from api.serving.refusals import Refusal

_LOG = logging.getLogger(__name__)

MOST: Final = 800
"""Connections altogether; more wait in the system's queue. More than may wait for an answer, so that the others are
told so; handles are 1,024 on most systems."""

MOST_OF_ONE: Final = 100
"""Of one address, unless it is a proxy that is trusted; more are closed at once. A browser opens six."""

HEAD_SECONDS: Final = 15.0
"""For a request's line and headers, from its first byte on."""

BODY_SECONDS: Final = 30.0
LEAST_RATE: Final = 8192
"""Bytes a second of a body, once it has had ``BODY_SECONDS``: a phone in a tunnel has more."""

IDLE_SECONDS: Final = 30
"""A connection without a request, and one whose answer nobody reads on."""

MAX_HEADERS: Final = 64 << 10


class _Refused(ErrorTask):  # type: ignore[misc]
    """What is no HTTP, or too much of it, answered as every other error is."""

    def execute(self) -> None:
        error = self.request.error
        if isinstance(error, Error):
            detail = f"{error.reason}: {error.body}; headers may have {MAX_HEADERS:,} bytes together"
            self.request.error = Refusal(Problem("about:blank", error.reason, error.code, detail))
        super().execute()


class _Channel(HTTPChannel):  # type: ignore[misc]
    """A connection that knows since when a request is being received."""

    error_task_class = _Refused
    began = 0.0
    """When the first byte of the request came that is being received; 0 where none is."""

    def received(self, data: bytes) -> bool:
        """As usual."""
        if self.request is None:
            self.began = time.time()
        taken = bool(super().received(data))
        if self.request is None:
            self.began = 0.0
        return taken

    def is_late(self, now: float) -> bool:
        """Whether what is being received has taken longer than it may."""
        if self.requests:  # nothing is read before these are answered: the clock of what follows begins then
            self.began = now
            return False
        request, began = self.request, self.began
        if request is None or not began:
            return False
        if not request.headers_finished:
            return now - began > HEAD_SECONDS
        return now - began > BODY_SECONDS + int(request.body_bytes_received) / LEAST_RATE


class BoundedServer(TcpWSGIServer):  # type: ignore[misc]
    """The server; ``is_proxy`` says of an address that many clients share it."""

    channel_class = _Channel
    is_proxy: Callable[[str], bool] = staticmethod(lambda address: False)

    def handle_accept(self) -> None:
        """As usual, unless the address has too many connections already."""
        before = set(self.active_channels)
        super().handle_accept()
        for number in set(self.active_channels) - before:
            channel = self.active_channels[number]
            address = channel.addr[0]
            of_one = sum(each.addr[0] == address for each in self.active_channels.values())
            if of_one > MOST_OF_ONE and not self.is_proxy(address):
                _LOG.warning("%s has %d connections; the next is closed", address, MOST_OF_ONE)
                channel.handle_close()

    def maintenance(self, now: float) -> None:
        """As usual, and close what is sent too slowly."""
        super().maintenance(now)
        for channel in list(self.active_channels.values()):
            if channel.is_late(now):
                _LOG.warning("%s sends a request too slowly; its connection is closed", channel.addr[0])
                channel.will_close = True


def create_server(
    application: Any,
    listening: socket.socket,
    dispatcher: ThreadedTaskDispatcher,
    *,
    max_body: int,
    is_proxy: Callable[[str], bool],
) -> BoundedServer:
    """A server on a socket that listens already.

    Args:
        application: by WSGI.
        listening: IPv4 or IPv6.
        dispatcher: hands requests to threads.
        max_body: bytes of a request's body, above which waitress hangs up.
        is_proxy: whether an address is a proxy that is trusted.
    """
    adjustments = Adjustments(
        sockets=[listening],
        max_request_body_size=max_body,
        max_request_header_size=MAX_HEADERS,
        connection_limit=MOST,
        channel_timeout=IDLE_SECONDS,
        cleanup_interval=1,
        asyncore_use_poll=True,
        log_socket_errors=False,
        ident=None,
    )
    server = BoundedServer(
        application,
        map={},
        _sock=listening,
        dispatcher=dispatcher,
        adj=adjustments,
        bind_socket=False,
        sockinfo=(listening.family, listening.type, listening.proto, listening.getsockname()),
    )
    server.is_proxy = is_proxy
    return server
