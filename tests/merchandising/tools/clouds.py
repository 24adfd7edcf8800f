"""Selections made up of clouds of points, whose truth is known."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from vision.merchandising.tools.selection import Selection


def of(vectors: NDArray[np.floating], values: list[tuple[str, ...]], field: str = "kind") -> Selection:
    """A selection of products of one picture each."""
    step = float(np.abs(vectors).max()) / 127
    codes = np.rint(vectors / step).astype(np.int8)
    ids = [f"p{row:05d}" for row in range(len(vectors))]
    random = np.random.default_rng(0)
    left, right = random.integers(len(vectors), size=(2, 2000))
    apart = np.square(vectors[left] - vectors[right]).sum(axis=1)
    sigma2 = float(np.median(apart[apart > 0])) if apart.any() else 1.0
    return Selection(ids, [f"{id}-1" for id in ids], ids, codes, step, sigma2, {field: values})


def blobs(
    count: int, *, classes: int, spread: float = 0.5, hidden: float = 0.0, flipped: float = 0.0, seed: int = 0
) -> tuple[Selection, list[str], NDArray[np.bool_]]:
    """Clouds in 32 dimensions, one for each class; the truth, and which rows have no value or a wrong one."""
    random = np.random.default_rng(seed)
    centres = random.normal(size=(classes, 32))
    kind = random.integers(classes, size=count)
    vectors = centres[kind] + spread * random.normal(size=(count, 32))
    truth = [f"k{each}" for each in kind]
    touched = np.zeros(count, dtype=bool)
    touched[random.choice(count, round((hidden + flipped) * count), replace=False)] = True
    values: list[tuple[str, ...]] = [(each,) for each in truth]
    for row in np.flatnonzero(touched):
        values[row] = () if hidden else (f"k{(kind[row] + random.integers(1, classes)) % classes}",)
    return of(vectors, values), truth, touched
