"""What an answer is made of, told to whoever listens while it is made: how long stages take, what searches did.

The web server listens around each request (:mod:`api.observing`); a command has nobody who does, and pays nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import AbstractContextManager, contextmanager, nullcontext
from contextvars import ContextVar, copy_context
from dataclasses import dataclass, field
from enum import StrEnum
from functools import partial
from typing import ParamSpec, Protocol, TypeVar

P = ParamSpec("P")
T = TypeVar("T")


class Stage(StrEnum):
    """What an answer waits for."""

    DETECT = "detect"
    EXTRACT = "extract"
    SOLR = "solr"


@dataclass(frozen=True)
class Search:
    """One search that was answered or failed; all but ``words`` are words of ours.

    Attributes:
        mode: what was asked of the planner.
        way: what it took; ``failed`` where there is no answer.
        candidates: K, where candidates were looked for.
        partial: whether Solr's time was over before it was done.
        words: what was searched for: for logs that were asked to have it, and never a label.
    """

    mode: str
    way: str = "failed"
    candidates: int | None = None
    partial: bool = False
    words: str | None = field(default=None, repr=False)


class Listener(Protocol):
    """Told what happens in one request."""

    def stage(self, stage: Stage) -> AbstractContextManager[None]:
        """Is open while a stage runs."""

    def searched(self, search: Search) -> None:
        """Hears of a search."""

    def headers(self) -> Mapping[str, str]:
        """What requests to Solr carry besides, so that traces go on there."""


@dataclass(frozen=True)
class Request:
    """The request that is being answered: its id, as Solr logs it too, and who listens."""

    id: str
    listener: Listener


_CURRENT: ContextVar[Request | None] = ContextVar("request", default=None)


@contextmanager
def answering(request: Request) -> Iterator[None]:
    """In the block, what happens happens for this request."""
    token = _CURRENT.set(request)
    try:
        yield
    finally:
        _CURRENT.reset(token)


def current() -> Request | None:
    """The request that is being answered, if one is."""
    return _CURRENT.get()


def stage(stage: Stage) -> AbstractContextManager[None]:
    """Around what takes the time of a stage."""
    request = _CURRENT.get()
    return nullcontext() if request is None else request.listener.stage(stage)


def searched(search: Search) -> None:
    """Tell of a search."""
    if (request := _CURRENT.get()) is not None:
        request.listener.searched(search)


class Pool(ThreadPoolExecutor):
    """Threads that work for the request that gave them the work."""

    def submit(self, fn: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs) -> Future[T]:
        """As of any pool."""
        return super().submit(partial(copy_context().run, partial(fn, *args, **kwargs)))
