"""What a process that does a job is told on its stdin: settings may hold secrets, which argv and environment show."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import msgspec

from vision.settings import Settings


class Order(msgspec.Struct, frozen=True):
    """A job's id and kind, its request as JSON, and the settings of the server that began it."""

    id: str
    kind: str
    title: str
    request: msgspec.Raw
    settings: Settings


def encode(order: Order) -> bytes:
    """As JSON."""
    return msgspec.json.encode(order, enc_hook=str)


def decode(data: bytes) -> Order:
    """From JSON."""
    return msgspec.json.decode(data, type=Order, dec_hook=_path)


def _path(kind: type[Any], value: Any) -> Any:
    assert kind is Path
    return Path(value)
