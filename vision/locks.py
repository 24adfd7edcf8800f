"""A lock between processes, on a file; the system lets go of it when its holder dies, however it dies."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

from vision.errors import Locked

if sys.platform == "win32":
    import msvcrt

    def _try_lock(stream: IO[bytes], shared: bool) -> None:
        stream.seek(0)  # there is no shared one here: who would share waits
        msvcrt.locking(stream.fileno(), msvcrt.LK_NBLCK, 1)

else:
    import fcntl

    def _try_lock(stream: IO[bytes], shared: bool) -> None:
        fcntl.flock(stream, (fcntl.LOCK_SH if shared else fcntl.LOCK_EX) | fcntl.LOCK_NB)


@contextmanager
def file_lock(path: Path, *, timeout: float, doing: str, shared: bool = False) -> Iterator[None]:
    """Hold ``path`` alone, or ``shared`` with others who do; ``doing`` says what for, to whoever waits in vain.

    Raises:
        Locked: another process held it for ``timeout`` seconds.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    deadline = time.monotonic() + timeout
    with path.open("ab") as stream:
        while True:
            try:
                _try_lock(stream, shared)
                break
            except OSError as error:
                if time.monotonic() >= deadline:
                    raise Locked(
                        f"another process has been {doing} for {timeout:.0f} s and holds {path}; "
                        "wait for it, or end it, and try again"
                    ) from error
                time.sleep(0.05)
        # Closing the file lets go of the lock. The file stays: removing it would let a third process lock a new one.
        yield
