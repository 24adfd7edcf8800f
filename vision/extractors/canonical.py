"""One drawn picture, and what extractors give for it: whether this machine computes what others compute.

A vector is kept as eight sums, over every eighth value from the first, the second, … on, so that each value counts.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from vision.extractors.base import Features

TOLERANCE: Final = 0.002
"""Of the largest sum: processors add floats in another order, and int8 models round the other way now and then."""

_SUMS: Final = 8

VECTORS: Final[Mapping[str, tuple[float, ...]]] = MappingProxyType(
    {
        "histogram-7f0e18342a7a": (1.33983, 1.39749, 1.79467, 1.50752, 1.3107, 1.19844, 1.59383, 1.74723),
        "compact-ba69b929f092": (
            -0.367946,
            -0.356672,
            0.390571,
            -0.00811492,
            0.0626497,
            -0.168277,
            -0.387735,
            0.261312,
        ),
        # weights random:0
        "inception_v3-59617805dc7d": (0.120737, 0.149172, 0.128881, 0.129901, 0.116752, 0.124935, 0.130392, 0.112723),
        "resnet50-05ee625673ea": (632.555, 603.315, 669.015, 674.988, 603.197, 706.117, 625.025, 698.918),
        "vgg16-bfdb3dd44e99": (8.27618, 9.09396, 10.415, 10.7101, 9.23038, 7.85082, 7.54924, 8.18034),
        "vgg16@fc2-8fc9c5f435c0": (41.7185, 41.5422, 38.2307, 38.9317, 38.7439, 40.9162, 44.6646, 42.6155),
        "mobilenet_v2-7df5e993d972": (
            5.192e-10,
            5.3695e-10,
            5.96041e-10,
            5.87691e-10,
            6.43662e-10,
            5.31035e-10,
            5.43151e-10,
            5.29398e-10,
        ),
        # MobileNetV2 and V1 of google-coral/test_data: tf2_mobilenet_v2_1.0_224_ptq.tflite and
        # mobilenet_v1_1.0_224_quant_embedding_extractor.tflite
        "tflite-e91023b4d7b1": (63.0522, 56.8901, 45.5579, 50.9187, 60.4386, 48.286, 72.3813, 66.906),
        "tflite-d5771e95ef95": (71.0325, 76.9381, 70.9148, 75.6676, 64.9621, 59.6212, 57.9036, 72.6089),
    }
)
"""The sums by fingerprint."""


def picture() -> Image.Image:
    """A red disc and a blue stripe before a gradient, 320 x 256 RGB: whole numbers only, the same everywhere."""
    y, x = np.mgrid[0:256, 0:320]
    pixels = np.stack([x * 255 // 319, y, (x + y) * 255 // 574], axis=-1)
    pixels[(x - 120) ** 2 + (y - 110) ** 2 < 70**2] = (200, 30, 40)
    pixels[(x + 2 * y) % 160 < 24] = (20, 60, 170)
    return Image.fromarray(pixels.astype(np.uint8))


def sums(vector: Features) -> NDArray[np.float64]:
    """The eight sums of a vector (dims,)."""
    return np.array([vector[first::_SUMS].sum(dtype=np.float64) for first in range(_SUMS)])


def deviation(fingerprint: str, vector: Features) -> float | None:
    """How far a vector of the picture is from the canonical one, as a part of its largest sum; None where unknown."""
    if fingerprint not in VECTORS:
        return None
    expected = np.array(VECTORS[fingerprint])
    return float(np.abs(sums(vector) - expected).max() / np.abs(expected).max())
