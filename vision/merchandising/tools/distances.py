"""Squared Euclidean distances, a block at a time."""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

Matrix = NDArray[np.float32]
_HELD: Final = 4_000_000
"""Distances held at once: 16 MB."""


def between(left: Matrix, right: Matrix) -> Matrix:
    """(n, m) squared distances; what float32 makes negative is 0."""
    squares = np.einsum("ij,ij->i", left, left)[:, None] + np.einsum("ij,ij->i", right, right)[None]
    return np.asarray(np.maximum(squares - 2.0 * left @ right.T, 0.0), dtype=np.float32)


def nearest(
    known: Matrix, asked: Matrix, k: int, *, leave: NDArray[np.intp] | None = None
) -> tuple[NDArray[np.intp], Matrix]:
    """The ``k`` nearest of ``known`` (n, dims) to each of ``asked`` (m, dims): (m, k) rows and squared distances.

    Args:
        known: where to look.
        asked: from where.
        k: at most n, nearest first; equal ones in the order of their rows.
        leave: (m,) one row that each of ``asked`` must not find: itself.
    """
    rows = np.empty((len(asked), k), dtype=np.intp)
    found = np.empty((len(asked), k), dtype=np.float32)
    block = max(1, _HELD // max(1, len(known)))
    for start in range(0, len(asked), block):
        part = slice(start, start + block)
        distances = between(asked[part], known)
        if leave is not None:
            distances[np.arange(len(distances)), leave[part]] = np.inf
        near = np.sort(np.argpartition(distances, k - 1, axis=1)[:, :k], axis=1)
        order = np.argsort(np.take_along_axis(distances, near, axis=1), axis=1, kind="stable")
        rows[part] = np.take_along_axis(near, order, axis=1)
        found[part] = np.take_along_axis(distances, rows[part], axis=1)
    return rows, found
