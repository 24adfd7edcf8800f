"""A limit on what a process may hold in memory, page cache included: Linux' memory cgroups, of either version."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Final

_V1: Final = Path("/sys/fs/cgroup/memory")
_V2: Final = Path("/sys/fs/cgroup")


@dataclass(frozen=True)
class Cgroup:
    """One group; ``version`` 1 or 2."""

    path: Path
    version: int

    def add(self, pid: int) -> None:
        """Pages that the process touches from now on are counted here."""
        self._write("cgroup.procs", pid)

    def limit(self, allowed: int) -> None:
        """Bytes of heap, stacks and page cache together."""
        self._write("memory.limit_in_bytes" if self.version == 1 else "memory.max", allowed)

    def anonymous(self) -> int:
        """Bytes that are not of files: they cannot be dropped and read again."""
        name = "total_rss" if self.version == 1 else "anon"
        return self._stat()[name]

    def cached(self) -> int:
        """Bytes of files."""
        return self._stat()["total_cache" if self.version == 1 else "file"]

    def _stat(self) -> dict[str, int]:
        pairs = (line.split() for line in (self.path / "memory.stat").read_text().splitlines())
        return {name: int(value) for name, value in pairs}

    def _write(self, name: str, value: int) -> None:
        (self.path / name).write_text(str(value))


@contextmanager
def cgroup(name: str) -> Iterator[Cgroup]:
    """A group of that name, gone after the block; what runs in it then is moved out.

    Raises:
        OSError: this machine lets nobody, or not us, make one.
    """
    version = 1 if (_V1 / "memory.limit_in_bytes").exists() else 2
    above = _V1 if version == 1 else _V2
    path = above / name
    path.mkdir(exist_ok=True)
    made = Cgroup(path, version)
    try:
        yield made
    finally:
        made.limit(2**60 if version == 1 else 2**50)
        for pid in (path / "cgroup.procs").read_text().split():
            with suppress(OSError):
                (above / "cgroup.procs").write_text(pid)
        path.rmdir()


def forget(folder: Path) -> None:
    """Drop the files below a folder from the page cache, so that whoever reads them next is charged for them."""
    os.sync()
    for path, _, files in os.walk(folder):
        for file in files:
            with suppress(OSError), (Path(path) / file).open("rb") as opened:
                os.posix_fadvise(opened.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)
