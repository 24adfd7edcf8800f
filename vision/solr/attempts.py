"""When a request to Solr is sent again: where that cannot do harm, a few times, and while somebody still waits."""

from __future__ import annotations

import threading
from types import TracebackType
from typing import Any, Final, Self

from urllib3.connectionpool import ConnectionPool
from urllib3.exceptions import (
    InvalidHeader,
    MaxRetryError,
    NewConnectionError,
    ProtocolError,
    ReadTimeoutError,
    ResponseError,
)
from urllib3.response import BaseHTTPResponse
from urllib3.util import Retry

from vision.solr import deadline

_STATUSES: Final = (429, 503)
_MOST: Final = 10.0
_EARNED: Final = 0.1


class Budget:
    """How often one client may try again: one request in ten, and ten at once; counts what it did.

    Where Solr cannot follow, each request sent again makes that worse: what keeps failing is then tried once.
    """

    def __init__(self) -> None:
        """A full one."""
        self._lock = threading.Lock()
        self._left = _MOST
        self.retries = 0

    def earn(self) -> None:
        """A request begins."""
        with self._lock:
            self._left = min(_MOST, self._left + _EARNED)

    def spend(self) -> bool:
        """Whether a request may be sent once more."""
        with self._lock:
            if self._left < 1.0:
                return False
            self._left -= 1.0
            self.retries += 1
            return True


class Attempts(Retry):
    """Sends again what was refused, broke off, or was answered 429 or 503; ``Retry-After`` is kept.

    What took too long is not sent again, nor anything after the deadline, or for which the budget is spent.
    """

    budget: Budget

    @classmethod
    def of(cls, budget: Budget, *, times: int, reads: bool) -> Attempts:
        """So many more times; of POSTs too where all that is sent are ``reads``, or may be sent twice."""
        made = cls(
            total=times,
            redirect=False,
            status_forcelist=_STATUSES,
            allowed_methods=None if reads else ("GET", "HEAD"),
            backoff_factor=0.1,
            backoff_jitter=0.05,
            raise_on_status=False,
        )
        made.budget = budget
        return made

    def new(self, **changed: Any) -> Self:
        """The same with something changed, as urllib3 asks for it."""
        made = super().new(**changed)
        made.budget = self.budget
        return made

    def increment(
        self,
        method: str | None = None,
        url: str | None = None,
        response: BaseHTTPResponse | None = None,
        error: Exception | None = None,
        _pool: ConnectionPool | None = None,
        _stacktrace: TracebackType | None = None,
    ) -> Self:
        """What is left of the attempts after one that failed.

        Raises:
            MaxRetryError: nothing: urllib3 then gives the answer that came, or this.
        """
        if error is not None and not isinstance(error, (NewConnectionError, ProtocolError)):
            if isinstance(error, ReadTimeoutError):
                raise error
            raise MaxRetryError(_pool, url, error) from error  # type: ignore[arg-type]
        left = super().increment(method, url, response, error, _pool, _stacktrace)
        waits = (None if response is None else left.get_retry_after(response)) or left.get_backoff_time()
        if waits >= deadline.remaining() or not self.budget.spend():
            reason = error or ResponseError("no time or no attempts left")
            raise MaxRetryError(_pool, url, reason) from error  # type: ignore[arg-type]
        return left

    def parse_retry_after(self, retry_after: str) -> float:
        """Seconds; 0 for what is neither seconds nor a date."""
        try:
            return super().parse_retry_after(retry_after)
        except (InvalidHeader, ValueError, OverflowError):
            return 0.0
