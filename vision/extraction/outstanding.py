"""Which of a catalogue's different pictures are neither extracted nor begun."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import numpy as np
from numpy.typing import NDArray

_HASH: Final = "V32"


class Outstanding:
    """SHA-256 hashes, 33 bytes each."""

    def __init__(self, different: NDArray[np.void]) -> None:
        """Begin with all of them; they are sorted."""
        self._pictures = different
        self._left: NDArray[np.bool_] = np.ones(len(different), dtype=bool)

    def __len__(self) -> int:
        """How many are left."""
        return int(np.count_nonzero(self._left))

    def strike(self, pictures: Sequence[bytes]) -> list[bytes]:
        """Take out those that are extracted; returns which of them were left."""
        if not len(self._pictures) or not pictures:
            return []
        wanted = np.frombuffer(b"".join(pictures), dtype=_HASH)
        places = np.minimum(np.searchsorted(self._pictures, wanted), len(self._pictures) - 1)
        found = (self._pictures[places] == wanted) & self._left[places]
        self._left[places[found]] = False
        return [pictures[number] for number in np.flatnonzero(found).tolist()]

    def take(self, picture: bytes) -> bool:
        """Whether this one is left; it is not any more."""
        return bool(self.strike([picture]))
