"""The searches that this process answered of late, for whoever tunes it.

They are in memory and nowhere else: what shoppers type and photograph is theirs. Of a photo its vector is kept, which
the requests to Solr hold anyway; its bytes never are.
"""

from __future__ import annotations

import heapq
import secrets
import threading
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from itertools import count
from typing import Any, Final

import msgspec

from vision.errors import NotFound
from vision.search.composer import Params
from vision.search.model import Plan, Query, Result, Took
from vision.search.request import SearchRequest

SLOWEST: Final = 20
"""Of each of the last 24 hours, so many of the slowest stay when later ones push them out of the ring."""
_HOUR: Final = 3600.0
_DAY: Final = 24
_PHOTOS: Final = ("image", "image_url", "upload_id", "vector")
"""Members of a request that are a photo, or lead to one: whoever knows an ``upload_id`` can see it."""
_WITHHELD: Final = "…"


@dataclass
class Trail:
    """What one search leaves on its way.

    Attributes:
        query: as it was run; None where the search failed before.
        sent: parameters of every request to Solr that the search made for its own words or picture, in their order.
    """

    query: Query | None = None
    sent: list[Params] = field(default_factory=list)


@dataclass(frozen=True)
class Entry:
    """One search.

    Attributes:
        id: names it here.
        at: when it was answered, seconds since 1970.
        request: as it came, without whatever leads to a shopper's photo or profile.
        by_photo: whether it was by a photo, or a vector.
        took: milliseconds; of a search that failed, all together.
        sent: as in :class:`Trail`.
        query: as in :class:`Trail`.
        plan: None where the search failed.
        total: products found; None where the search failed.
        partial: Solr gave up early.
        shown: hits on the page.
        error: why it failed, as class and words.
    """

    id: str
    at: float
    request: SearchRequest
    by_photo: bool
    took: Took
    sent: tuple[Params, ...]
    query: Query | None = None
    plan: Plan | None = None
    total: int | None = None
    partial: bool = False
    shown: int = 0
    error: tuple[str, str] | None = None


class QueryLog:
    """A bounded ring of the latest searches, and the slowest of the last day; safe to share between threads."""

    def __init__(self, size: int = 0, *, clock: Callable[[], float] = time.time) -> None:
        """Keep nothing yet.

        Args:
            size: of the ring; 0 keeps nothing at all.
            clock: gives seconds since 1970.
        """
        self.size = size
        self._clock = clock
        self._lock = threading.Lock()
        self._count = count()
        self._ring: deque[Entry] = deque(maxlen=size)
        self._hours: dict[int, list[tuple[float, int, Entry]]] = {}

    def add(
        self, request: SearchRequest, trail: Trail, outcome: Result | Exception, took: Took, *, image: bool = False
    ) -> None:
        """Keep one search.

        Args:
            request: as it came.
            trail: what it left on its way.
            outcome: its result, or why it has none.
            took: in all.
            image: whether a picture came beside the request.
        """
        if not self.size:
            return
        by_photo = image or any(getattr(request, name) is not None for name in _PHOTOS)
        request = _impersonal(request)
        found = {} if isinstance(outcome, Exception) else _of(outcome)
        error = (type(outcome).__name__, str(outcome)) if isinstance(outcome, Exception) else None
        at = self._clock()
        entry = Entry(
            secrets.token_hex(8), at, request, by_photo, took, tuple(trail.sent), trail.query, error=error, **found
        )
        with self._lock:
            self._ring.append(entry)
            self._note_slow(entry)

    def _note_slow(self, entry: Entry) -> None:
        now = int(entry.at // _HOUR)
        if now not in self._hours:
            self._hours = {hour: kept for hour, kept in self._hours.items() if now - _DAY < hour}
        kept = self._hours.setdefault(now, [])
        # The number decides between equally slow ones: entries cannot be compared.
        ranked = (entry.took.total, next(self._count), entry)
        if len(kept) < SLOWEST:
            heapq.heappush(kept, ranked)
        else:
            heapq.heappushpop(kept, ranked)

    def recent(self) -> list[Entry]:
        """The ring, latest first."""
        with self._lock:
            return list(reversed(self._ring))

    def slowest(self) -> list[Entry]:
        """The slowest of the last 24 hours, to the hour; slowest first."""
        since = int(self._clock() // _HOUR) - _DAY
        with self._lock:
            kept = [ranked for hour, each in self._hours.items() if hour > since for ranked in each]
        return [entry for _, _, entry in heapq.nlargest(SLOWEST, kept)]

    def get(self, id: str) -> Entry:
        """One of both.

        Raises:
            NotFound: it was pushed out, or forgotten, or never there.
        """
        with self._lock:
            hours = (entry for kept in self._hours.values() for _, _, entry in kept)
            found = next((entry for entries in (self._ring, hours) for entry in entries if entry.id == id), None)
        if found is None:
            raise NotFound(f"no search {id[:40]!r} is kept; the last {self.size} are, in memory, until the server ends")
        return found

    def clear(self) -> None:
        """Forget everything."""
        with self._lock:
            self._ring.clear()
            self._hours.clear()


def _impersonal(request: SearchRequest) -> SearchRequest:
    """A request without a shopper's photo and the names that open their photos and profile."""
    changes: dict[str, Any] = {name: None for name in _PHOTOS if getattr(request, name) is not None}
    if request.profile is not None:
        changes["profile"] = msgspec.structs.replace(request.profile, id=_WITHHELD)
    if any(each.upload_id or each.vector for each in request.similarities):
        changes["similarities"] = [
            msgspec.structs.replace(each, upload_id=each.upload_id and _WITHHELD, vector=None)
            for each in request.similarities
        ]
    return msgspec.structs.replace(request, **changes) if changes else request


def _of(result: Result) -> dict[str, Any]:
    return {"plan": result.plan, "total": result.total, "partial": result.partial, "shown": len(result.hits)}
