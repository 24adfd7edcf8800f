"""One vector out of what a shopper shows and says: a photo, products they like, products they do not.

Rocchio's relevance feedback (Rocchio, "Relevance feedback in information retrieval", 1971) on the index's own vectors:
towards the mean of what is liked, away from the mean of what is not. What comes out is a point like any other, so that
everything else (candidates, exact distances, thresholds, pages) works with it as with a photo's vector.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import numpy as np

from vision.search.model import Vector

LIKED: Final = 0.75
"""How much the mean of the liked ones counts beside a photo's 1."""
UNLIKED: Final = 0.25
"""How far away from the mean of the unliked ones, as a part of the way between the two."""


def steer(photo: Vector | None, liked: Sequence[Vector], unliked: Sequence[Vector]) -> Vector:
    """The point to search from.

    Args:
        photo: (1024,) of the picture asked for, if there is one.
        liked: (1024,) each; with a photo there may be none.
        unliked: (1024,) each.

    Raises:
        ValueError: neither a photo nor anything liked.
    """
    if photo is None and not len(liked):
        raise ValueError("nothing to search from: neither a photo nor anything liked")
    parts = [] if photo is None else [(1.0, photo)]
    if len(liked):
        parts.append((LIKED, np.mean(np.stack(liked), axis=0, dtype=np.float64)))
    whole = sum(weight for weight, _ in parts)
    centre = sum(weight * np.asarray(vector, dtype=np.float64) for weight, vector in parts) / whole
    if len(unliked):
        centre = centre + UNLIKED * (centre - np.mean(np.stack(unliked), axis=0, dtype=np.float64))
    return np.asarray(centre, dtype=np.float32)
