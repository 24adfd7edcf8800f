"""Waitress with an end to its queue and to its life: what cannot be answered soon is refused, what is begun ends.

Waitress' own queue has no end: under more load than it can answer, each request waits until nobody waits for it any
more, and is answered then.
"""

from __future__ import annotations

import logging
import signal
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Any, Final

from waitress import wasyncore
from waitress.task import ThreadedTaskDispatcher

from api.serving.refusals import Refusal
from vision.errors import Overloaded

_ALWAYS: Final = ("/healthz",)
"""Answered beside the queue: who asks whether the process lives must not take a full queue for its death."""
_POLL: Final = 0.2
_LAST: Final = 1.0
"""Seconds that threads have to end after what they did was given up."""

# It warns of each request that has to wait.
logging.getLogger("waitress.queue").setLevel(logging.ERROR)


class Dispatcher(ThreadedTaskDispatcher):  # type: ignore[misc]
    """Hands requests to threads; refuses those that find ``most`` waiting, and all while the server ends.

    A thread beside the others writes the refusals, so that they do not wait for what they are the answer to.
    """

    def __init__(self, threads: int, most: int) -> None:
        """Start the threads."""
        super().__init__()
        self._most = most
        self.ending = False
        self.refused = 0
        self._beside = ThreadedTaskDispatcher()
        self._beside.set_thread_count(1)
        self.set_thread_count(threads)

    def add_task(self, task: Any) -> None:
        """Take a connection with a request that was read to its end."""
        with self.lock:
            idle = len(self.threads) - self.stop_count - self.active_count
            waiting = len(self.queue) - idle  # idle threads have not taken theirs from the queue yet
        if not self.ending and waiting < self._most:
            super().add_task(task)
            return
        request = task.requests[0]
        if request.error is None and request.path not in _ALWAYS:
            self.refused += 1
            why = "the server is about to end" if self.ending else f"{self._most} requests wait already"
            request.error = Refusal.of(Overloaded(f"{why}; ask again after the seconds in Retry-After"))
        self._beside.add_task(task)

    def shutdown(self, cancel_pending: bool = True, timeout: float = _LAST) -> bool:
        """End the threads; what waits is given up."""
        self._beside.shutdown(cancel_pending, timeout)
        return bool(super().shutdown(cancel_pending, timeout))


@contextmanager
def signalled(server: Any) -> Iterator[Callable[[], bool]]:
    """Within the block, SIGTERM and Ctrl+C are only noted; whether one came. The second one ends the process."""
    came = threading.Event()

    def note(signum: int, frame: FrameType | None) -> None:
        came.set()
        server.pull_trigger()
        restore()

    def restore() -> None:
        for each, was in before.items():
            signal.signal(each, was)

    before = {each: signal.signal(each, note) for each in (signal.SIGTERM, signal.SIGINT)}
    try:
        yield came.is_set
    finally:
        restore()


def run(server: Any, dispatcher: Dispatcher, ended: Callable[[], bool], grace: float) -> None:
    """Answer requests until it is ``ended``, then finish those that came, for ``grace`` seconds at most."""
    try:
        _loop(server, ended)
        wasyncore.loop(timeout=0.0, use_poll=True, map=server._map, count=1)  # whoever connected before is heard
        wasyncore.dispatcher.close(server)
        dispatcher.ending = True
        until = time.monotonic() + grace
        _loop(server, lambda: time.monotonic() > until or not _busy(server))
    finally:
        dispatcher.shutdown()


def _loop(server: Any, ended: Callable[[], bool]) -> None:
    while not ended():
        wasyncore.loop(timeout=_POLL, use_poll=True, map=server._map, count=1)


def _busy(server: Any) -> bool:
    """Whether a request is being answered, or its answer is not sent yet."""
    channels = list(server.active_channels.values())
    return any(each.requests or each.total_outbufs_len or each.close_when_flushed for each in channels)
