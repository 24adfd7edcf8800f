"""A catalogue file that is looked at again whenever it changed, until somebody ends it."""

from __future__ import annotations

import signal
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import FrameType
from typing import Final

from vision import atomic
from vision.errors import BadInput, VisualSearchError

POLL_S: Final = 0.2
SETTLED_S: Final = 1.0
"""A file is read once its size and time were the same for so long: whoever writes it may not be done."""
LOOK_S: Final = 60.0
"""Between two looks at all pictures, of which nothing tells that one was replaced."""
_SHARE: Final = 20
"""A look takes one twentieth of the time at most."""
_RETRY_S: Final = (1.0, 2.0, 5.0, 15.0, 60.0)

Stamp = tuple[int, int, int]


@dataclass
class Watch:
    """When a file is to be looked at; told the time, so that it needs no clock.

    Attributes:
        settled: seconds that a file must stay as it is.
        look: seconds between two looks at all pictures.
    """

    settled: float = SETTLED_S
    look: float = LOOK_S
    _read: Stamp | None = None
    _seen: Stamp | None = None
    _since: float = 0.0
    _due: float | None = None
    _failures: int = 0

    def is_due(self, stamp: Stamp | None, now: float) -> bool:
        """Whether the file, which is so now, is to be read now; None where it is away."""
        if stamp != self._seen:
            self._seen, self._since = stamp, now
        if stamp is None or now - self._since < self.settled:
            return False
        return stamp != self._read or (self._due is not None and now >= self._due)

    def done(self, began: float, now: float) -> None:
        """It was read from ``began`` on, as it was seen last."""
        self._read, self._failures = self._seen, 0
        self._due = now + max(self.look, _SHARE * (now - began))

    def failed(self, now: float, *, again: bool) -> None:
        """It was not read; ``again`` where the same may work later."""
        self._read = self._seen
        self._due = now + _RETRY_S[min(self._failures, len(_RETRY_S) - 1)] if again else None
        self._failures += 1


def watch(
    path: Path,
    look: Callable[[], None],
    *,
    settled: float = SETTLED_S,
    failed: Callable[[VisualSearchError], None],
) -> None:
    """Look at a file now, and whenever it changed, until interrupted.

    Args:
        path: the file.
        look: reads it; an error that was raised on purpose ends this look alone.
        settled: seconds that the file must stay as it is before it is read.
        failed: told of such errors.
    """
    watching = Watch(settled)
    while True:
        began = time.monotonic()
        if not watching.is_due(atomic.stamp(path), began):
            time.sleep(POLL_S)
            continue
        try:
            look()
        except VisualSearchError as error:
            failed(error)
            # What came from the user does not become better by itself; Solr, a lock and a disk do.
            watching.failed(time.monotonic(), again=not isinstance(error, BadInput))
        else:
            watching.done(began, time.monotonic())


@contextmanager
def ended_by_sigterm() -> Iterator[None]:
    """Within the block SIGTERM ends the process in order, with status 0, as it ends `serve`."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return

    def end(signum: int, frame: FrameType | None) -> None:
        raise SystemExit(0)

    before = signal.signal(signal.SIGTERM, end)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)
