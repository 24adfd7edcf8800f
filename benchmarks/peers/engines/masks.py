"""What each level's filter leaves, for engines that know vectors alone."""

from __future__ import annotations

from pathlib import Path
from typing import Final

import numpy as np

from benchmarks.peers.model import LEVELS, Mask
from benchmarks.peers.shop import Matching, Shop

_FILE: Final = "masks.npz"


class Masks:
    """A (products,) mask of each level, in memory."""

    def __init__(self, folder: Path) -> None:
        """Read what :meth:`write` wrote."""
        with np.load(folder / _FILE) as kept:
            self.levels: dict[str, Mask] = {level: kept[level] for level in LEVELS}

    @staticmethod
    def write(shop: Shop, folder: Path) -> None:
        """Keep the masks of a shop."""
        np.savez(folder / _FILE, **{level: shop.mask(Matching(level)) for level in LEVELS})  # type: ignore[arg-type]
