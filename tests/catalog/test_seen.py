from __future__ import annotations

import tracemalloc

from vision.catalog.seen import Seen


def test_a_key_has_the_number_that_it_came_with_first() -> None:
    seen = Seen()
    keys = [str(number % 7919).encode() for number in range(20_000)]
    known: dict[bytes, int] = {}
    for number, key in enumerate(keys, start=1):
        assert seen.first(key, number) == known.get(key)
        known.setdefault(key, number)
    assert len(seen) == len(known) == 7919


def test_it_takes_few_bytes_a_key() -> None:
    tracemalloc.start()
    try:
        seen = Seen()
        for number in range(1, 20_001):
            seen.first(b"%d" % number, number)
        held, _ = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert held < 50 * 20_000
