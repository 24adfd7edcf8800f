"""The tiny CLIP in ``tiny_clip/``: what it was shown when transformers wrote down what it gives."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from PIL import Image

FOLDER = Path(__file__).parent / "tiny_clip"
TEXTS = ["red dress", "A  Red DRESS!", "long", "", "Kleid für große Größen", "red " * 100]


def pictures() -> list[Image.Image]:
    """Wide, tall, square and small, of any colours."""
    random = np.random.default_rng(3)
    sizes = [(97, 61), (50, 83), (36, 36), (20, 31)]
    small = random.integers(0, 256, size=(len(sizes), 7, 5, 3), dtype=np.uint8)
    return [Image.fromarray(each).resize(size) for each, size in zip(small, sizes, strict=True)]
