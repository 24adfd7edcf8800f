"""What msgspec knows of our structs, built before several threads need it.

msgspec builds that at a struct's first use, while other threads run: two that use one for the first time at once crash
the whole process (0.22.0; `tests/test_structs.py`).
"""

from __future__ import annotations

from collections.abc import Iterator

import msgspec


def build() -> None:
    """Build it for every struct that was imported."""
    for each in ours():
        msgspec.json.Decoder(each)


def ours(above: type[msgspec.Struct] = msgspec.Struct) -> Iterator[type[msgspec.Struct]]:
    """Every struct of this product that was imported."""
    for each in above.__subclasses__():
        if each.__module__.partition(".")[0] in ("api", "vision"):
            yield each
        yield from ours(each)
