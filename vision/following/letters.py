"""Changes that are no good, each with where it came from and the reason; nothing of a feed stops for them."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

import orjson

from vision.errors import StorageUnavailable

_LARGEST: Final = 64 << 20
"""Bytes of a file, after which the one before it goes: whoever sends nonsense for days fills no disk."""
_QUOTED: Final = 16 << 10


@dataclass(frozen=True)
class Letter:
    """One change: ``source`` is ``http`` or a topic, ``offset`` its number there."""

    source: str
    offset: str
    id: str
    reason: str
    row: bytes | None


class Letters:
    """JSON lines ``{at, source, offset, id, reason, row}``."""

    def __init__(self, path: Path) -> None:
        """``path`` is made when there is something to write; the one before has ``.1`` behind its name."""
        self.path = path

    def add(self, letters: Sequence[Letter]) -> None:
        """Write them; on disk when this returns.

        Raises:
            StorageUnavailable: it cannot be written.
        """
        if not letters:
            return
        at = datetime.now(UTC).isoformat(timespec="seconds")
        lines = [
            orjson.dumps(
                {
                    "at": at,
                    "source": each.source,
                    "offset": each.offset,
                    "id": each.id[:300],
                    "reason": each.reason,
                    "row": None if each.row is None else each.row[:_QUOTED].decode("utf-8", "replace"),
                }
            )
            for each in letters
        ]
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            if self.path.exists() and self.path.stat().st_size > _LARGEST:
                self.path.replace(self.path.with_name(self.path.name + ".1"))
            with self.path.open("ab") as file:
                file.write(b"\n".join(lines) + b"\n")
                file.flush()
                os.fsync(file.fileno())
        except OSError as error:
            raise StorageUnavailable(f"rejected changes cannot be written to {self.path}: {error.strerror}") from error
