"""Fixed random crops of the training photos, so that student and teacher see the same part of the same photo."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from training.data import Pixels


@dataclass(frozen=True)
class Views:
    """Crops of photos: (n, views, 4) boxes [y0, x0, y1, x1] in 0-1, and (n, views) whether mirrored.

    The first view of each photo is the whole of it, not mirrored.
    """

    boxes: NDArray[np.float32]
    mirrored: NDArray[np.bool_]

    @property
    def count(self) -> int:
        """Views of each photo."""
        return int(self.boxes.shape[1])


def draw(photos: int, views: int, seed: int, smallest: float) -> Views:
    """Random crops of ``smallest`` to all of a photo's area, 3:4 to 4:3, half of them mirrored.

    A view is the same however many there are: the teacher's word on it is kept in a file.
    """
    drawn = [_view(photos, np.random.default_rng([seed, view]), smallest) for view in range(views)]
    boxes, mirrored = (np.stack(each, axis=1) for each in zip(*drawn, strict=True))
    boxes[:, 0], mirrored[:, 0] = (0, 0, 1, 1), False
    return Views(boxes, mirrored)


def _view(photos: int, random: np.random.Generator, smallest: float) -> tuple[NDArray[np.float32], NDArray[np.bool_]]:
    area = random.uniform(smallest, 1, photos)
    ratio = np.exp(random.uniform(np.log(3 / 4), np.log(4 / 3), photos))
    height, width = np.minimum(np.sqrt(area / ratio), 1), np.minimum(np.sqrt(area * ratio), 1)
    top, left = random.uniform(size=(2, photos)) * (1 - np.stack([height, width]))
    boxes = np.stack([top, left, top + height, left + width], axis=-1).astype(np.float32)
    return boxes, random.random(photos) < 0.5


def cut(pixels: Pixels, box: NDArray[np.float32], mirrored: bool) -> Image.Image:
    """One view of one photo, at its own resolution."""
    side = len(pixels)
    top, left, bottom, right = (round(float(edge) * side) for edge in box)
    part = pixels[top : max(bottom, top + 1), left : max(right, left + 1)]
    return Image.fromarray(np.ascontiguousarray(part[:, ::-1] if mirrored else part))
