"""How many cores a model may keep busy: all of the machine's, or a process's share of them beside others like it."""

from __future__ import annotations

import os

_share: int | None = None


def take(count: int) -> None:
    """Let models that this process loads from now on use ``count`` threads each."""
    global _share
    _share = count


def share() -> int | None:
    """What was taken; None where nobody shares."""
    return _share


def usable() -> int:
    """Threads for a model."""
    return _share or os.cpu_count() or 1
