"""How long a tool may take."""

from __future__ import annotations

import time
from dataclasses import dataclass, field

from vision.errors import TookTooLong


@dataclass(frozen=True)
class Budget:
    """Seconds from when it was made; None is without end."""

    seconds: float | None = None
    began: float = field(default_factory=time.monotonic)

    def check(self, how_far: str) -> None:
        """Go on, or give up.

        Args:
            how_far: what was done so far, for the message.

        Raises:
            TookTooLong: the time is over.
        """
        if self.seconds is not None and time.monotonic() - self.began > self.seconds:
            raise TookTooLong(
                f"given up after {self.seconds:g} s, when {how_far}; narrow what is looked at with filters, or use the "
                "command line with a longer --time-limit"
            )
