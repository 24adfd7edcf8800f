"""Query-string parameters, checked."""

from __future__ import annotations

from vision.errors import BadQuery


def whole_number(name: str, raw: str | None, *, default: int, low: int, high: int) -> int:
    """A whole number between two bounds.

    Raises:
        BadQuery: anything else, naming what is accepted.
    """
    if raw is None:
        return default
    value = int(raw) if raw.isascii() and raw.isdigit() and len(raw) < 10 else -1
    if not low <= value <= high:
        raise BadQuery(f"{name} is {raw[:40]!r}; accepted: a whole number from {low} to {high}", name)
    return value
