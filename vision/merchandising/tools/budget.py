"""How long a tool may take, and how far it is: every step asks for the one and tells the other."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Final

from vision.errors import TookTooLong

STAGES: Final = {
    "read": "reading vectors",
    "try": "trying numbers of clusters",
    "cluster": "clustering",
    "fold": "cross-validating",
    "judge": "judging",
    "compare": "comparing pictures",
    "verify": "verifying pairs",
}
"""What each stage of a tool is called."""

Told = Callable[[str, int, int | None], None]
"""Called with a stage, and how far it is of how much."""


def _silent(stage: str, done: int, total: int | None) -> None:
    """Tell nobody."""


class Budget:
    """Seconds from when it was made, None without end; whoever is told of a step may end the tool by raising."""

    def __init__(self, seconds: float | None = None, told: Told = _silent, *, began: float | None = None) -> None:
        """Begin now, or at a reading of the monotonic clock."""
        self.seconds = seconds
        self._told = told
        self._began = time.monotonic() if began is None else began
        self._last: tuple[str, int, int | None] = ("read", 0, None)

    def at(self, stage: str, done: int, total: int | None) -> None:
        """A tool has come so far in a stage of :data:`STAGES`.

        Raises:
            TookTooLong: the time is over.
        """
        self._last = (stage, done, total)
        self.check()

    def check(self) -> None:
        """The same step goes on.

        Raises:
            TookTooLong: the time is over.
        """
        self._told(*self._last)
        if self.seconds is not None and time.monotonic() - self._began > self.seconds:
            stage, done, total = self._last
            how_far = f"{done:,}" if total is None else f"{done:,} of {total:,}"
            raise TookTooLong(
                f"given up after {self.seconds:g} s, when {STAGES[stage]}: {how_far} were through; narrow what is "
                "looked at with filters, send it to POST /v1/jobs, or use the command line with a longer --time-limit"
            )
