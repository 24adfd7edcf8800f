"""How alike two answers are, and how long many of them took: the same for a comparison and for the shadow."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import numpy as np
from numpy.typing import NDArray

K: Final = 10
"""First products that are compared."""


def overlap(one: Sequence[str], other: Sequence[str]) -> float:
    """Part of the first :data:`K` of the longer list that both have; 1 where there are none at all."""
    one, other = one[:K], other[:K]
    most = max(len(one), len(other))
    return len(set(one) & set(other)) / most if most else 1.0


def percentile(milliseconds: Sequence[float] | NDArray[np.float64], percent: int) -> float:
    """To a hundredth."""
    return round(float(np.percentile(milliseconds, percent)), 2)
