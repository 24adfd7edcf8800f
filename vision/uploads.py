"""Photos to search by, kept for a while: one file each, in a folder that all processes of a server share.

A file's name is the upload's id, its modification time is when it expires; nothing else is written down.
"""

from __future__ import annotations

import contextlib
import os
import re
import secrets
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from vision import metadata
from vision.errors import NotFound, StorageUnavailable, TooLarge

_ID: Final = re.compile(r"[A-Za-z0-9_-]{32}", re.ASCII)
_RANDOM_BYTES: Final = 24
_PARTIAL: Final = ".partial"
# Seconds after which a file that is still being written has been left behind.
_ABANDONED: Final = 600


@dataclass(frozen=True)
class Upload:
    """A picture that is kept; ``width`` and ``height`` are those of the upright picture."""

    id: str
    width: int
    height: int
    expires: datetime


class Uploads:
    """Keeps pictures for ``ttl`` seconds, and never more than ``limit`` bytes of them; safe to share."""

    def __init__(self, folder: Path, *, ttl: int, limit: int, clock: Callable[[], float] = time.time) -> None:
        """``folder`` is created by the first :meth:`keep`, readable by this user alone."""
        self.folder = folder
        self.ttl = ttl
        self.limit = limit
        self._clock = clock
        # A large picture takes 150 MB while it is decoded.
        self._decoding = threading.BoundedSemaphore(os.cpu_count() or 2)

    def keep(self, data: bytes) -> Upload:
        """Keep a picture without its metadata; the oldest ones go where there would be too much.

        Raises:
            BadImage: no picture that is accepted.
            TooLarge: larger than everything that may be kept.
            VisualSearchError: it cannot be written.
        """
        with self._decoding:
            stripped = metadata.strip(data)
        size = len(stripped.data)
        if size > self.limit:
            raise TooLarge(
                f"the picture takes {size / 2**20:,.1f} MiB here; at most {self.limit / 2**20:,.1f} MiB are kept, of "
                "all pictures together: send a smaller one, or send it with the search itself"
            )
        self.sweep(room_for=size)
        id = secrets.token_urlsafe(_RANDOM_BYTES)
        expires = int(self._clock()) + self.ttl
        try:
            self._write(id, stripped.data, expires)
        except OSError as error:
            raise StorageUnavailable(
                f"the server cannot keep the picture ({error.strerror}); send it with the search itself"
            ) from error
        return Upload(id, stripped.width, stripped.height, datetime.fromtimestamp(expires, UTC))

    def read(self, id: str) -> bytes:
        """The bytes of a picture that is kept.

        Raises:
            NotFound: no such upload, or one that expired or had to make room.
        """
        path = self._path(id)
        try:
            if path.stat().st_mtime > self._clock():
                return path.read_bytes()
        except OSError:
            raise self._none(id) from None
        self.sweep()
        raise self._none(id)

    def expires(self, id: str) -> datetime:
        """When a picture that is kept goes.

        Raises:
            NotFound: as :meth:`read`.
        """
        try:
            ends = self._path(id).stat().st_mtime
        except OSError:
            raise self._none(id) from None
        if ends <= self._clock():
            raise self._none(id)
        return datetime.fromtimestamp(ends, UTC)

    def delete(self, id: str) -> None:
        """Delete a picture now.

        Raises:
            NotFound: as :meth:`read`.
        """
        self.expires(id)
        try:
            self._path(id).unlink()
        except FileNotFoundError:
            raise self._none(id) from None

    def sweep(self, *, room_for: int = 0) -> None:
        """Delete what expired, what was never finished, and the oldest where ``room_for`` more bytes are too many."""
        now = self._clock()
        kept: list[tuple[float, int, Path]] = []
        for path, status in self._files():
            is_partial = path.name.endswith(_PARTIAL)
            if status.st_mtime <= (now - _ABANDONED if is_partial else now):
                _unlink(path)
            elif not is_partial:
                kept.append((status.st_mtime, status.st_size, path))
        total = sum(size for _, size, _ in kept) + room_for
        for _, size, path in sorted(kept):
            if total <= self.limit:
                break
            _unlink(path)
            total -= size

    def usage(self) -> tuple[int, int]:
        """How many pictures are kept, and their bytes."""
        now = self._clock()
        sizes = [status.st_size for path, status in self._files() if path.suffix != _PARTIAL and status.st_mtime > now]
        return len(sizes), sum(sizes)

    def _files(self) -> Iterator[tuple[Path, os.stat_result]]:
        """Ours alone: whatever else lies in the folder is left alone."""
        try:
            entries = list(os.scandir(self.folder))
        except OSError:
            return
        for entry in entries:
            if _ID.fullmatch(entry.name.removesuffix(_PARTIAL)):
                with contextlib.suppress(FileNotFoundError):  # another process was quicker
                    yield Path(entry.path), entry.stat()

    def _write(self, id: str, data: bytes, expires: int) -> None:
        self.folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        partial = self.folder / f"{id}{_PARTIAL}"
        try:
            with open(os.open(partial, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600), "wb") as file:
                file.write(data)
            os.utime(partial, (expires, expires))
            partial.rename(self.folder / id)
        except OSError:
            _unlink(partial)
            raise

    def _path(self, id: str) -> Path:
        """The file of an id; an id of another form has none, and names no path."""
        if not _ID.fullmatch(id):
            raise self._none(id)
        return self.folder / id

    def _none(self, id: str) -> NotFound:
        return NotFound(
            f"no upload {id[:40]!r} is kept; uploads go after {self.ttl:,} seconds, or earlier where there are too "
            "many: send the picture to POST /v1/images again, or with the search itself",
            "upload_id",
        )


def _unlink(path: Path) -> None:
    with contextlib.suppress(OSError):
        path.unlink()
