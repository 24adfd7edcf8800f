"""Why two pictures are alike: which places of the one answer to which places of the other.

A network's feature is the mean over the places of its last feature map, so that the dot product of two features is
the mean over all pairs of places of the products of theirs: each pair of places has its own part in how alike the two
are (Stylianou and others, "Visualizing Deep Similarity Networks", 2019). Parts are taken with both maps centred on what
they have in common, so that the background of every photo does not count; a place counts as much as its best pair.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

Map = NDArray[np.float32]

PAIRS: Final = 3
"""Pairs of places that are shown."""


@dataclass(frozen=True)
class Place:
    """A cell of a feature map as fractions of the picture: (x, y, width, height)."""

    box: tuple[float, float, float, float]


@dataclass(frozen=True)
class Attribution:
    """Parts of a likeness.

    Attributes:
        asked: (height, width) of the photo's map, the part of each place's best pair, 0 to 1.
        found: the same of the product's.
        pairs: places of both that answer to each other most, with their part of the largest, no place twice.
    """

    asked: Map
    found: Map
    pairs: tuple[tuple[Place, Place, float], ...]


def attribute(asked: Map, found: Map) -> Attribution:
    """Divide the likeness of two pictures among their places.

    Args:
        asked: (height, width, channels), the photo's last feature map.
        found: the same of the product's picture.
    """
    left, right = (each.reshape(-1, each.shape[-1]).astype(np.float64) for each in (asked, found))
    common = np.concatenate([left, right]).mean(axis=0)
    left, right = left - common, right - common
    products = left @ right.T
    return Attribution(
        _scaled(products.max(axis=1)).reshape(asked.shape[:2]),
        _scaled(products.max(axis=0)).reshape(found.shape[:2]),
        tuple(_pairs(products, asked.shape[:2], found.shape[:2])),
    )


def _scaled(parts: NDArray[np.float64]) -> Map:
    """What speaks for the likeness, the most of it 1; what speaks against it is 0."""
    most = parts.max(initial=0.0)
    return np.asarray(np.maximum(parts, 0) / (most or 1.0), dtype=np.float32)


def _pairs(
    products: NDArray[np.float64], left: tuple[int, ...], right: tuple[int, ...]
) -> list[tuple[Place, Place, float]]:
    remaining = products.copy()
    most = remaining.max(initial=0.0)
    found: list[tuple[Place, Place, float]] = []
    while len(found) < PAIRS:
        one, other = np.unravel_index(int(remaining.argmax()), remaining.shape)
        if remaining[one, other] <= 0:
            break
        part = float(remaining[one, other] / most)
        found.append((_place(int(one), left), _place(int(other), right), part))
        remaining[one], remaining[:, other] = -np.inf, -np.inf
    return found


def _place(number: int, shape: tuple[int, ...]) -> Place:
    height, width = shape
    row, column = divmod(number, width)
    return Place((column / width, row / height, 1 / width, 1 / height))
