"""Non-maximum suppression in NumPy: of boxes that overlap and have the same class, the surest stays."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Corners = NDArray[np.float32]


def suppress(
    corners: Corners, scores: NDArray[np.float32], classes: NDArray[np.intp], overlap: float
) -> NDArray[np.intp]:
    """Rows that stay, the surest first; equal scores in the order they came.

    Args:
        corners: (n, 4) left, top, right, bottom.
        scores: (n,).
        classes: (n,); boxes of different classes never suppress each other.
        overlap: intersection over union from which on two boxes are the same thing.
    """
    waiting = np.argsort(-scores, kind="stable")
    kept = []
    while len(waiting):
        first, rest = waiting[0], waiting[1:]
        kept.append(first)
        same = (classes[rest] == classes[first]) & (overlaps(corners[first], corners[rest]) >= overlap)
        waiting = rest[~same]
    return np.array(kept, dtype=np.intp)


def overlaps(one: Corners, others: Corners) -> NDArray[np.float32]:
    """Intersection over union of one box (4,) with each of (n, 4); 0 where both are empty."""
    left_top = np.maximum(one[:2], others[:, :2])
    right_bottom = np.minimum(one[2:], others[:, 2:])
    shared = np.prod(np.maximum(right_bottom - left_top, 0), axis=1)
    either = _area(one[None]) + _area(others) - shared
    return np.asarray(shared / np.where(either > 0, either, 1), dtype=np.float32)


def _area(corners: Corners) -> NDArray[np.float32]:
    return np.asarray(np.prod(np.maximum(corners[:, 2:] - corners[:, :2], 0), axis=1), dtype=np.float32)
