"""GrabCut from the border's colors as a detector, to compare saliency with; needs OpenCV, which nothing else does."""

from __future__ import annotations

from typing import Any

import numpy as np
from PIL import Image

from vision.detect import Region
from vision.detect.base import make_box

_SIDE = 160
_ROUNDS = 3


class GrabCut:
    """OpenCV's ``grabCut``, with a border of 3 % as certain background; one region around all that is large."""

    name = "grabcut"
    fingerprint = "grabcut"
    side = _SIDE
    notice: str | None = None

    def __init__(self) -> None:
        """Have OpenCV.

        Raises:
            ImportError: it is not installed.
        """
        import cv2

        self._cv2: Any = cv2

    def detect(self, image: Image.Image) -> tuple[Region, ...]:
        """One region, or none."""
        cv2 = self._cv2
        small = image.copy()
        small.thumbnail((_SIDE, _SIDE), Image.Resampling.BILINEAR)
        pixels = np.ascontiguousarray(np.asarray(small.convert("RGB"))[..., ::-1])
        height, width = pixels.shape[:2]
        ring = max(2, round(0.03 * min(height, width)))
        mask = np.full((height, width), cv2.GC_BGD, dtype=np.uint8)
        mask[ring:-ring, ring:-ring] = cv2.GC_PR_FGD
        cv2.setRNGSeed(0)
        try:
            cv2.grabCut(pixels, mask, None, np.zeros((1, 65)), np.zeros((1, 65)), _ROUNDS, cv2.GC_INIT_WITH_MASK)
        except cv2.error:  # no foreground is left
            return ()
        found = np.isin(mask, (cv2.GC_FGD, cv2.GC_PR_FGD)).astype(np.uint8)
        kernel = np.ones((3, 3), dtype=np.uint8)
        found = cv2.morphologyEx(cv2.morphologyEx(found, cv2.MORPH_OPEN, kernel), cv2.MORPH_CLOSE, kernel, iterations=3)
        _, _, stats, _ = cv2.connectedComponentsWithStats(found)
        parts = stats[1:]
        if not len(parts):
            return ()
        parts = parts[parts[:, 4] >= parts[:, 4].max() / 10]
        left, top = parts[:, 0].min() / width, parts[:, 1].min() / height
        right, bottom = (parts[:, 0] + parts[:, 2]).max() / width, (parts[:, 1] + parts[:, 3]).max() / height
        box = make_box(left, top, right, bottom)
        return () if box is None else (Region(box, "foreground", 1.0),)
