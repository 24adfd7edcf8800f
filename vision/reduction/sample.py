"""A uniform sample of rows that come in batches, more than would fit into memory."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
from numpy.typing import ArrayLike, NDArray

from vision.reduction.vectors import validated


def take(batches: Iterable[ArrayLike], size: int, seed: int) -> tuple[NDArray[np.float32], int]:
    """A seeded sample of at most ``size`` rows in their order, and how many rows there were.

    Raises:
        BadVector: batches of different lengths, or NaN or infinite values.
    """
    sample = _Sample(size, seed)
    for batch in batches:
        sample.add(batch)
    return sample.rows(), sample.total


def left_out(total: int, size: int, seed: int) -> NDArray[np.intp]:
    """The numbers of the rows that :func:`take` does not keep of ``total``."""
    keys = np.random.default_rng(seed).random(total)
    return np.sort(np.argpartition(keys, size - 1)[size:]) if size < total else np.zeros(0, dtype=np.intp)


class _Sample:
    """Rows in place: one that stays is copied once, one that is replaced is overwritten.

    Every row draws a random key; those with the smallest keys stay. The draws depend on the row's number alone, so
    the sample does not depend on how the rows came in batches.
    """

    def __init__(self, size: int, seed: int) -> None:
        self.total = 0
        self._size = size
        self._random = np.random.default_rng(seed)
        self._rows = np.zeros((0, 0), dtype=np.float32)
        self._keys = np.zeros(0)
        self._numbers = np.zeros(0, dtype=np.int64)

    def add(self, batch: ArrayLike) -> None:
        rows = validated(batch, self._rows.shape[1] if self.total else None)
        if not len(rows):
            return
        keys = self._random.random(len(rows))
        numbers = np.arange(self.total, self.total + len(rows))
        free = self._size - len(self._keys)
        if free > 0:
            self._append(rows[:free], keys[:free], numbers[:free])
        self.total += len(rows)
        if len(rows) > free:
            self._replace(rows[free:], keys[free:], numbers[free:])

    def rows(self) -> NDArray[np.float32]:
        """Those that stayed, in their order."""
        if self.total == len(self._keys):
            return self._rows[: self.total]
        return self._rows[np.argsort(self._numbers)]

    def _append(self, rows: NDArray[np.float32], keys: NDArray[np.float64], numbers: NDArray[np.int64]) -> None:
        held = len(self._keys)
        needed = held + len(rows)
        if needed > len(self._rows):
            larger = np.empty((min(self._size, max(needed, 2 * held)), rows.shape[1]), dtype=np.float32)
            larger[:held] = self._rows[:held] if held else 0
            self._rows = larger
        self._rows[held:needed] = rows
        self._keys = np.concatenate([self._keys, keys])
        self._numbers = np.concatenate([self._numbers, numbers])

    def _replace(self, rows: NDArray[np.float32], keys: NDArray[np.float64], numbers: NDArray[np.int64]) -> None:
        best = np.argpartition(np.concatenate([self._keys, keys]), self._size - 1)[: self._size]
        stays = np.zeros(self._size, dtype=np.bool_)
        stays[best[best < self._size]] = True
        gone, came = np.flatnonzero(~stays), best[best >= self._size] - self._size
        self._rows[gone], self._keys[gone], self._numbers[gone] = rows[came], keys[came], numbers[came]
