"""Colours and edges, with NumPy alone: the honest baseline, and what works where no model can be had.

Two parts, each made so that the Euclidean distance between two vectors means something:

- edges: a histogram of gradient directions (9, unsigned) in each of 8 x 8 cells, every cell divided by the energy of
  its neighbourhood, the whole of length 1 (after Dalal and Triggs, "Histograms of Oriented Gradients", 2005);
- colours: a histogram over hue x saturation x value (8 x 4 x 4) with the middle of the picture counting more and
  the background less, its square root (Hellinger), of length ``COLOUR_WEIGHT``.

On 2,514 photos of clothes in 17 classes: mAP .211, P@10 .421; a plain colour histogram has .116 and .156.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from vision.extractors.base import Description, ExtractorInfo, Features
from vision.extractors.registry import Spec
from vision.images import to_array

SIDE: Final = 64
CELLS: Final = 8
DIRECTIONS: Final = 9
HSV_BINS: Final = (8, 4, 4)
COLOUR_WEIGHT: Final = 0.35
"""Length of the colour part beside the edges' 1: more ranks classes worse, less ranks colours worse."""

_BACKGROUND_TOLERANCE: Final = 0.2
_BACKGROUND_WEIGHT: Final = 0.1
_ENERGY_FLOOR: Final = 1e-2
_Plane = NDArray[np.float32]

_INFO: Final = ExtractorInfo(
    name="histogram",
    input_size=(SIDE, SIDE),
    dims=CELLS * CELLS * DIRECTIONS + int(np.prod(HSV_BINS)),
    licence="Apache-2.0",
    source="this package; no weights",
    preprocessing=(
        f"bilinear to {SIDE}x{SIDE}; v1: gradient directions {CELLS}x{CELLS}x{DIRECTIONS}, "
        f"HSV colours {'x'.join(map(str, HSV_BINS))} weighted {COLOUR_WEIGHT}"
    ),
    stretches=True,
)


class Histogram:
    """Colour and edge histograms: 704 values a picture."""

    info = _INFO
    fingerprint = _INFO.fingerprint

    def extract(self, images: Sequence[Image.Image]) -> Features:
        """RGB pictures to float32 (n, 704)."""
        result = np.zeros((len(images), self.info.dims), dtype=np.float32)
        for row, image in zip(result, images, strict=True):
            rgb: _Plane = to_array(image, self.info.input_size).astype(np.float32) / np.float32(255)
            row[:] = np.concatenate([edges(rgb), COLOUR_WEIGHT * colours(rgb)])
        return result


def build(spec: Spec) -> Histogram:
    """The extractor; it has no options."""
    spec.accept()
    return Histogram()


def describe(spec: Spec) -> Description:
    """What it is; it needs no file."""
    spec.accept()
    return Description(_INFO.dims, _INFO.input_size, _INFO.licence, _INFO.source)


def edges(rgb: _Plane) -> _Plane:
    """Gradient directions by cell, (64, 64, 3) in 0–1 to (576,), of length 1; zeros where nothing changes."""
    grey = np.sqrt(rgb @ np.array([0.299, 0.587, 0.114], dtype=np.float32))
    down, right = np.gradient(grey)
    strength = np.hypot(down, right)
    direction = (np.arctan2(down, right) % np.pi) / np.pi * DIRECTIONS - 0.5
    low = np.floor(direction)
    part = direction - low
    low_bin = low.astype(np.intp) % DIRECTIONS
    cell = np.arange(SIDE) * CELLS // SIDE
    first = (cell[:, None] * CELLS + cell[None, :]) * DIRECTIONS
    size = CELLS * CELLS * DIRECTIONS
    counts = np.bincount((first + low_bin).ravel(), ((1 - part) * strength).ravel(), size)
    counts += np.bincount((first + (low_bin + 1) % DIRECTIONS).ravel(), (part * strength).ravel(), size)
    cells = counts.reshape(CELLS, CELLS, DIRECTIONS)
    energy = np.pad((cells**2).sum(axis=2), 1, mode="edge")
    around = sum(energy[i : i + CELLS, j : j + CELLS] for i in range(3) for j in range(3))
    return _unit((cells / np.sqrt(around + _ENERGY_FLOOR)[..., None]).ravel())


def colours(rgb: _Plane) -> _Plane:
    """Square root of the weighted HSV histogram, (64, 64, 3) in 0–1 to (128,), of length 1."""
    hue, saturation, value = _hsv(rgb)
    index = np.zeros(hue.shape, dtype=np.intp)
    for plane, bins in zip((hue, saturation, value), HSV_BINS, strict=True):
        index = index * bins + np.minimum((plane * bins).astype(np.intp), bins - 1)
    weights = _CENTRE * np.where(background(rgb), _BACKGROUND_WEIGHT, 1.0)
    return _unit(np.sqrt(np.bincount(index.ravel(), weights.ravel(), int(np.prod(HSV_BINS)))))


def background(rgb: _Plane) -> NDArray[np.bool_]:
    """Pixels that look like the picture's border and are connected to it through others that do: bool (64, 64)."""
    border = np.concatenate([rgb[0], rgb[-1], rgb[:, 0], rgb[:, -1]])
    alike = np.abs(rgb - np.median(border, axis=0)).max(axis=2) < _BACKGROUND_TOLERANCE
    inside = np.zeros_like(alike)
    inside[1:-1, 1:-1] = True
    reached: NDArray[np.bool_] = alike & ~inside
    count = -1
    while count != (count := int(reached.sum())):
        grown = reached.copy()
        grown[1:] |= reached[:-1]
        grown[:-1] |= reached[1:]
        grown[:, 1:] |= reached[:, :-1]
        grown[:, :-1] |= reached[:, 1:]
        reached = grown & alike
    return reached


def _hsv(rgb: _Plane) -> tuple[_Plane, _Plane, _Plane]:
    """Hue, saturation and value, each in 0–1; the hue of grey is 0."""
    red, green, blue = rgb[..., 0], rgb[..., 1], rgb[..., 2]
    value = rgb.max(axis=2)
    chroma = value - rgb.min(axis=2)
    divisor = np.maximum(chroma, 1e-6)
    sector = np.where(
        value == red,
        ((green - blue) / divisor) % 6,
        np.where(value == green, (blue - red) / divisor + 2, (red - green) / divisor + 4),
    )
    hue = np.where(chroma > 0, sector / 6, 0).astype(np.float32)
    return hue, chroma / np.maximum(value, 1e-6), value


def _centre() -> _Plane:
    line = np.linspace(-1, 1, SIDE, dtype=np.float32) ** 2
    bell: _Plane = np.exp(-(line[:, None] + line[None, :]) / (2 * 0.45**2)).astype(np.float32)
    return bell


def _unit(vector: NDArray[np.float64]) -> _Plane:
    length = float(np.linalg.norm(vector))
    return (vector / length if length > 0 else vector).astype(np.float32)


_CENTRE: Final = _centre()
