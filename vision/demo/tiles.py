"""Drawing on a tile whose left edge continues at the right, and its top at the bottom."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw

from vision.demo.geometry import Points
from vision.demo.scene import RGB

SIDE = 512
"""Side in pixels that tiles are drawn at."""

KEPT = 256
"""Side in pixels that tiles are kept at; a power of two, because they are repeated by masking bits."""


class Pen:
    """Draws polygons and lines on a tile, wrapping whatever crosses an edge."""

    def __init__(self, ground: RGB) -> None:
        """Start with a tile of one colour."""
        self._image = Image.new("RGB", (SIDE, SIDE), ground)
        self._draw = ImageDraw.Draw(self._image)

    def fill(self, pixels: NDArray[np.uint8]) -> None:
        """Replace the whole tile by an array of shape (SIDE, SIDE, 3)."""
        self._image = Image.fromarray(pixels)
        self._draw = ImageDraw.Draw(self._image)

    def polygon(self, outline: Points, color: RGB) -> None:
        """Fill a polygon; coordinates in pixels of the tile."""
        for shift in _wraps(outline, 0.0):
            self._draw.polygon((outline + shift).ravel().tolist(), fill=color)

    def line(self, line: Points, color: RGB, width: float) -> None:
        """Draw a polyline; coordinates and width in pixels of the tile."""
        for shift in _wraps(line, width):
            self._draw.line((line + shift).ravel().tolist(), fill=color, width=max(round(width), 1))

    def finish(self) -> Image.Image:
        """Return the tile as an image."""
        return self._image


def pack(pixels: NDArray[np.uint8]) -> NDArray[np.uint32]:
    """Pack RGB pixels of shape (n, n, 3) into one integer each, 0xBBGGRR."""
    padded = np.zeros((*pixels.shape[:2], 4), dtype=np.uint8)
    padded[:, :, :3] = pixels
    return padded.view("<u4")[:, :, 0]


def _wraps(outline: Points, margin: float) -> list[tuple[float, float]]:
    """Return the shifts at which an outline touches the tile."""
    low, high = outline.min(axis=0) - margin, outline.max(axis=0) + margin
    shifts = []
    for axis in (0, 1):
        choices = [0.0]
        if low[axis] < 0:
            choices.append(float(SIDE))
        if high[axis] > SIDE:
            choices.append(-float(SIDE))
        shifts.append(choices)
    return [(dx, dy) for dx in shifts[0] for dy in shifts[1]]
