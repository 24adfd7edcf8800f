"""Which keys came before, in a small and fixed number of bytes each: a catalogue may have millions of them."""

from __future__ import annotations

import hashlib
from array import array
from typing import Final

_FIRST_SIZE: Final = 1 << 10


class Seen:
    """An open hash table of numbers by a 64-bit digest of their keys: 24 to 48 bytes a key, where a dict takes 200.

    Of a million keys, two different ones are taken for one with a probability of 3 in 100 million.
    """

    def __init__(self) -> None:
        """Begin with no keys."""
        self._count = 0
        self._resize(_FIRST_SIZE)

    def __len__(self) -> int:
        """How many different keys there are."""
        return self._count

    def first(self, key: bytes, number: int) -> int | None:
        """The number (1 or more) that the key came with first; None where it is new, and is kept with this one."""
        digest = int.from_bytes(hashlib.blake2b(key, digest_size=8).digest(), "little")
        place = self._place(digest)
        if self._numbers[place]:
            return self._numbers[place]
        self._digests[place], self._numbers[place] = digest, number
        self._count += 1
        if 3 * self._count > 2 * len(self._numbers):
            self._grow()
        return None

    def _place(self, digest: int) -> int:
        """Where a digest is, or the free place where it belongs."""
        mask = len(self._numbers) - 1
        place = digest & mask
        while self._numbers[place] and self._digests[place] != digest:
            place = place + 1 & mask
        return place

    def _grow(self) -> None:
        digests, numbers = self._digests, self._numbers
        self._resize(2 * len(numbers))
        for digest, number in zip(digests, numbers, strict=True):
            if number:
                place = self._place(digest)
                self._digests[place], self._numbers[place] = digest, number

    def _resize(self, size: int) -> None:
        self._digests, self._numbers = array("Q", bytes(8 * size)), array("Q", bytes(8 * size))
