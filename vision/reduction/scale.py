"""The scale of a collection's distances."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from vision.reduction.vectors import validated

_BLOCK = 2048


def sigma2(vectors: NDArray[np.float32], *, seed: int = 0, pairs: int = 20_000) -> float:
    """Median squared Euclidean distance between random pairs of different vectors of (n, dims).

    All pairs where there are no more than ``pairs``. Equal vectors are no pair; where no two differ, 1.0. So the
    result is always more than 0 and may be divided by.

    Raises:
        BadVector: not a matrix, or NaN or infinite values.
    """
    values = validated(vectors, None)
    count = len(values)
    if count < 2:
        return 1.0
    if count * (count - 1) // 2 <= pairs:
        left, right = np.triu_indices(count, k=1)
    else:
        random = np.random.default_rng(seed)
        left = random.integers(count, size=pairs)
        right = (left + random.integers(1, count, size=pairs)) % count
    distances = np.concatenate(
        [
            np.square(
                values[left[start : start + _BLOCK]].astype(np.float64) - values[right[start : start + _BLOCK]]
            ).sum(axis=1)
            for start in range(0, len(left), _BLOCK)
        ]
    )
    apart = distances[distances > 0]
    return float(np.median(apart)) if len(apart) else 1.0
