"""Something small that is kept by name in a JSON file below the home folder."""

from __future__ import annotations

from pathlib import Path
from typing import Generic, TypeVar

import msgspec

from vision import atomic
from vision.errors import BadSetting
from vision.locks import file_lock

_LOCK_S = 30.0

T = TypeVar("T")


class Remembered(Generic[T]):
    """Values by name; each is put in its place whole, or not at all."""

    def __init__(self, file: Path, kind: type[T]) -> None:
        """``file`` is created by the first :meth:`put`."""
        self.file = file
        self._kind = kind

    def all(self) -> dict[str, T]:
        """Everything that is kept.

        Raises:
            BadSetting: the file is damaged.
        """
        if not self.file.exists():
            return {}
        try:
            return msgspec.json.decode(self.file.read_bytes(), type=dict[str, self._kind])  # type: ignore[name-defined]
        except msgspec.DecodeError as error:
            raise BadSetting(f"{self.file} is damaged ({error}); delete it, and index each catalogue again") from error

    def put(self, name: str, value: T) -> None:
        """Keep a value; one that was kept under this name goes, and nothing that another process puts at the time."""
        with file_lock(self.file.with_suffix(".lock"), timeout=_LOCK_S, doing=f"writing {self.file.name}"):
            known = self.all() | {name: value}
            atomic.write(self.file, msgspec.json.format(msgspec.json.encode(known)))
