"""Pictures to a network's input: the usual ways to scale pixels, by name."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from types import MappingProxyType
from typing import Final

import numpy as np
from PIL import Image

from vision.extractors.base import Features
from vision.images import to_array

_TORCH_MEAN: Final = np.array([0.485, 0.456, 0.406], dtype=np.float32)
_TORCH_STD: Final = np.array([0.229, 0.224, 0.225], dtype=np.float32)
_CAFFE_MEAN: Final = np.array([103.939, 116.779, 123.68], dtype=np.float32)

SCALES: Final[Mapping[str, Callable[[Features], Features]]] = MappingProxyType(
    {
        "raw": lambda x: x,
        "unit": lambda x: x / np.float32(255),
        "inception": lambda x: x / np.float32(127.5) - np.float32(1),
        "torch": lambda x: (x / np.float32(255) - _TORCH_MEAN) / _TORCH_STD,
        "caffe": lambda x: x[..., ::-1] - _CAFFE_MEAN,
    }
)
"""From 0–255 RGB: as it is; to 0–1; to -1–1; ImageNet's mean and deviation; BGR less ImageNet's mean."""


def pixels(images: Sequence[Image.Image], size: tuple[int, int], scale: str, channels_first: bool = False) -> Features:
    """Pictures to a network's float32 input, (n, h, w, 3) or (n, 3, h, w); ``size`` is (height, width)."""
    batch = np.stack([to_array(image, size) for image in images]).astype(np.float32)
    scaled = np.asarray(SCALES[scale](batch), dtype=np.float32)
    return np.ascontiguousarray(scaled.transpose(0, 3, 1, 2)) if channels_first else np.ascontiguousarray(scaled)
