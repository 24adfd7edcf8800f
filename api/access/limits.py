"""How many requests one client may send, and how many keys it may try.

A client is a key or token, or an address where none that is known came: who sends a new key with every request is
counted by the address. Counts are in this process' memory; each process of a server has its own.
"""

from __future__ import annotations

import hashlib
import math
import time
from dataclasses import dataclass
from typing import Final

from flask import Flask, Response, g, request, session
from limits import RateLimitItemPerMinute
from limits.storage import MemoryStorage
from limits.strategies import FixedWindowRateLimiter

from api.access.callers import Callers
from api.access.clients import as_client
from api.access.security import SIGNED_IN, caller, presented_key
from api.problems import expected
from vision.errors import IssuerUnavailable, NotPermitted, RateLimited
from vision.settings import Settings

DEFAULT: Final = 1200
"""Requests a minute where callers are asked who they are: some forty pages of results, each with its pictures."""

_FREE: Final = ("static", "health.healthz", "health.readyz")
"""Endpoints that cost nothing, and that watchdogs ask."""

_SIGN_IN: Final = "sign_in.enter"
_SPENT: Final = "rate_limit"


@dataclass(frozen=True)
class Left:
    """What a client may still send, and the seconds until it may send ``most`` again."""

    most: int
    remaining: int
    seconds: int


class Limiter:
    """Counts requests by client and minute."""

    def __init__(self, requests: int, sign_ins: int) -> None:
        """Each a minute; 0 is no limit."""
        self._requests = RateLimitItemPerMinute(requests) if requests else None
        self._sign_ins = RateLimitItemPerMinute(sign_ins, namespace="SIGN_IN") if sign_ins else None
        self._counting = FixedWindowRateLimiter(MemoryStorage())

    def spend(self, client: str, cost: int = 1) -> Left | None:
        """Count requests of a client; None where nothing is limited.

        Raises:
            RateLimited: it has sent as many as it may.
        """
        return self._spend(self._requests, client, cost, "requests")

    def try_key(self, address: str) -> Left | None:
        """Count a key that an address tries.

        Raises:
            RateLimited: it has tried as many as it may.
        """
        return self._spend(self._sign_ins, address, 1, "keys tried")

    def _spend(self, item: RateLimitItemPerMinute | None, client: str, cost: int, what: str) -> Left | None:
        if item is None:
            return None
        allowed = self._counting.hit(item, client, cost=cost)
        stats = self._counting.get_window_stats(item, client)
        seconds = max(1, math.ceil(stats.reset_time - time.time()))
        if not allowed:
            raise RateLimited(
                f"this client has sent its {item.amount:,} {what} of this minute; send the next one in {seconds} s",
                most=item.amount,
                seconds=seconds,
            )
        return Left(item.amount, stats.remaining, seconds)


def install(app: Flask, settings: Settings, callers: Callers) -> None:
    """Count every request of an application, and say in every answer what is left."""
    default = DEFAULT if callers else 0
    limiter = Limiter(default if settings.rate_limit is None else settings.rate_limit, settings.sign_in_limit)
    app.extensions[_SPENT] = limiter

    @app.before_request
    def count() -> Response | None:
        if request.endpoint in _FREE:
            return None
        address = as_client(request.remote_addr or "")
        try:
            client = _known(callers)
            if client is None and callers and presented_key() is not None or request.endpoint == _SIGN_IN:
                limiter.try_key(address)
            g.client = client or address
            g.left = limiter.spend(g.client)
        except RateLimited as error:
            g.left = Left(error.most, 0, error.seconds)
            return expected(error)
        return None

    @app.after_request
    def say(response: Response) -> Response:
        left: Left | None = g.get("left")
        if left is not None:
            response.headers["RateLimit-Policy"] = f'"client";q={left.most};w=60'
            response.headers["RateLimit"] = f'"client";r={left.remaining};t={left.seconds}'
        return response


def spend(app: Flask, cost: int) -> None:
    """Count more than one request for the one that is answered: of several searches at once, for example.

    Raises:
        RateLimited: the client may not send so many.
    """
    limiter: Limiter = app.extensions[_SPENT]
    if cost > 0:
        g.left = limiter.spend(g.client, cost)


def _known(callers: Callers) -> str | None:
    """What stands for the key or token that came, if it is one that is known."""
    if not callers:
        return None
    try:
        caller()
    except (NotPermitted, IssuerUnavailable):
        return None
    credential = presented_key() or str(session.get(SIGNED_IN))
    return "key " + hashlib.sha256(credential.encode("utf-8", "surrogateescape")).hexdigest()
