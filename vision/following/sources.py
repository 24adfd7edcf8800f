"""Where changes come from: all that a follower needs to know of a queue or a topic."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from vision.following.change import Change
from vision.following.queue import Partition, Queue, Waiting


@dataclass(frozen=True)
class Came:
    """A change or, where it is none, the reason; ``source`` and ``offset`` say which one of whom."""

    source: str
    offset: str
    change: Change | None
    id: str = ""
    reason: str = ""
    raw: bytes | None = None


class Source(Protocol):
    """Gives changes in order, and again those that were not acknowledged."""

    def take(self, limit: int) -> Sequence[Came]:
        """What is there by now, at most so many; a later call gives what follows or, unacknowledged, the same."""
        ...

    def done(self) -> None:
        """What was taken last is in Solr, or rejected."""
        ...

    def wait(self, seconds: float) -> bool:
        """Wait with what was taken last; False where somebody else has it now."""
        ...

    def partitions(self) -> Sequence[Partition]:
        """How far behind it is, of a topic."""
        ...


class Queued:
    """What came over HTTP."""

    def __init__(self, queue: Queue, *, gather: float) -> None:
        """``gather`` is how many seconds more changes are waited for once there are some."""
        self._queue = queue
        self._gather = gather
        self._taken: list[Waiting] = []

    def take(self, limit: int) -> Sequence[Came]:
        """The oldest, once the first of them waited for a moment."""
        self._taken = self._queue.take(limit)
        if self._taken and len(self._taken) < limit:
            left = self._gather - (time.time() - self._taken[0].at)
            if 0 < left <= self._gather:
                time.sleep(left)
                self._taken = self._queue.take(limit)
        return [Came("http", str(each.seq), each.change) for each in self._taken]

    def done(self) -> None:
        """Delete them."""
        self._queue.done(self._taken)
        self._taken = []

    def wait(self, seconds: float) -> bool:
        """They stay where they are."""
        time.sleep(seconds)
        return True

    def partitions(self) -> Sequence[Partition]:
        """It has none."""
        return ()
