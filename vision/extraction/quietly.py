"""Loaded by each worker of this machine as it starts: Ctrl+C is the command's to hear, and the command ends them."""

from __future__ import annotations

import signal
from typing import Any


def dask_setup(worker: Any) -> None:
    """Called by Dask."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
