"""A picture made to fit a model's input, and boxes brought back from there."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from vision import images


@dataclass(frozen=True)
class Fitted:
    """A picture as a model sees it.

    Attributes:
        pixels: uint8 (height, width, 3), RGB.
        left: where the picture begins in it, in pixels; ``top`` likewise.
        width: how many pixels of it are the picture; ``height`` likewise.
    """

    pixels: NDArray[np.uint8]
    left: int
    top: int
    width: int
    height: int

    def to_picture(self, corners: NDArray[np.float32]) -> NDArray[np.float32]:
        """Corners (n, 4) = left, top, right, bottom in the input's pixels, as fractions of the picture."""
        offset = np.array([self.left, self.top, self.left, self.top], dtype=np.float32)
        sides = np.array([self.width, self.height, self.width, self.height], dtype=np.float32)
        return np.asarray((corners - offset) / sides, dtype=np.float32)


def stretch(image: Image.Image, size: tuple[int, int]) -> Fitted:
    """Resize to ``size`` = (height, width) whatever the shape."""
    height, width = size
    return Fitted(images.to_array(image, size), 0, 0, width, height)


def letterbox(image: Image.Image, size: tuple[int, int], *, fill: int, centred: bool) -> Fitted:
    """Resize to fit into ``size`` = (height, width) with the shape kept, and fill the rest with grey.

    Args:
        image: RGB.
        size: of the model's input.
        fill: the grey, 0 to 255.
        centred: whether the picture lies in the middle; else in the corner top left.
    """
    rows, columns = size
    scale = min(rows / image.height, columns / image.width)
    height, width = max(1, round(image.height * scale)), max(1, round(image.width * scale))
    top, left = ((rows - height) // 2, (columns - width) // 2) if centred else (0, 0)
    canvas = np.full((rows, columns, 3), fill, dtype=np.uint8)
    canvas[top : top + height, left : left + width] = images.to_array(image, (height, width))
    return Fitted(canvas, left, top, width, height)
