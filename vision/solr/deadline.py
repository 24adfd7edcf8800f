"""How long somebody still waits: said once, where a request comes in, and kept by all that it asks of Solr."""

from __future__ import annotations

import math
import time
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

from vision.errors import DeadlineExceeded

_UNTIL: ContextVar[float] = ContextVar("deadline", default=math.inf)
_LEAST = 0.002
"""Seconds below which nothing is begun."""


@contextmanager
def within(seconds: float | None) -> Iterator[None]:
    """In the block Solr is asked for no longer than so many seconds from now; a deadline that is earlier stands."""
    until = math.inf if seconds is None else time.monotonic() + seconds
    token = _UNTIL.set(min(until, _UNTIL.get()))
    try:
        yield
    finally:
        _UNTIL.reset(token)


def remaining() -> float:
    """Seconds that are left, perhaps none; infinite without a deadline."""
    return max(0.0, _UNTIL.get() - time.monotonic())


def checked() -> float:
    """Seconds that are left.

    Raises:
        DeadlineExceeded: none are.
    """
    left = remaining()
    if left < _LEAST:
        raise DeadlineExceeded(
            "the time that the request may take was over before Solr was asked; ask again, for less, or allow more"
        )
    return left
