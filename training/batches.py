"""Batches of both sources: views cut and disturbed in TensorFlow, with the teacher's word on each."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from training.prepare import Source
from vision.extractors.tensorflow_runtime import tensorflow


@dataclass(frozen=True)
class Share:
    """One source's part of every batch.

    Attributes:
        source: photos, views and teacher.
        rows: which of its photos are trained on.
        size: how many are in a batch.
        targets: (n, views, classes of all sources) soft labels, float16; rows of zeros where there is no class.
        components: (n, views, components) of the teacher's features, float16.
    """

    source: Source
    rows: NDArray[np.intp]
    size: int
    targets: NDArray[np.float16]
    components: NDArray[np.float16]


@dataclass(frozen=True)
class Batch:
    """Arrays of one training step; ``pixels`` are float32 in -1 to 1."""

    pixels: Any
    targets: NDArray[np.float32]
    components: NDArray[np.float32]


def stream(shares: list[Share], side: int, seed: int) -> Iterator[Batch]:
    """Batches without end; each photo of a source once before any comes again."""
    random = np.random.default_rng(seed)
    orders = [_endless(share.rows, random) for share in shares]
    bases = [_shrunk(share.source.photos.pixels, side) for share in shares]
    while True:
        parts = [
            _part(share, base, order, side, random) for share, base, order in zip(shares, bases, orders, strict=True)
        ]
        pixels = tensorflow().concat([part.pixels for part in parts], 0)
        yield Batch(
            _disturb(pixels),
            np.concatenate([part.targets for part in parts]),
            np.concatenate([part.components for part in parts]),
        )


def _part(share: Share, base: NDArray[np.uint8], order: Iterator[int], side: int, random: Any) -> Batch:
    tf = tensorflow()
    rows = np.array([next(order) for _ in range(share.size)])
    view = random.integers(share.source.views.count, size=share.size)
    boxes = share.source.views.boxes[rows, view].copy()
    flipped = share.source.views.mirrored[rows, view]
    boxes[flipped] = boxes[flipped][:, [0, 3, 2, 1]]  # x from right to left mirrors the crop
    pixels = tf.image.crop_and_resize(base[rows], boxes, np.arange(share.size), (side, side))
    return Batch(
        pixels / 127.5 - 1.0,
        share.targets[rows, view].astype(np.float32),
        share.components[rows, view].astype(np.float32),
    )


def _disturb(pixels: Any) -> Any:
    """Brightness, contrast, colour, and for a quarter of the pictures a grey patch."""
    tf = tensorflow()
    count, side = pixels.shape[0], pixels.shape[1]
    gain = tf.random.uniform((count, 1, 1, 1), 0.7, 1.3)
    lift = tf.random.uniform((count, 1, 1, 3), -0.12, 0.12) + tf.random.uniform((count, 1, 1, 1), -0.2, 0.2)
    colour = tf.random.uniform((count, 1, 1, 1), 0.5, 1.4)
    grey = tf.reduce_mean(pixels, axis=-1, keepdims=True)
    pixels = (grey + (pixels - grey) * colour) * gain + lift
    centre = tf.random.uniform((count, 1, 2))
    half = tf.random.uniform((count, 1, 2), 0.08, 0.2) * tf.cast(tf.random.uniform((count, 1, 1)) < 0.25, tf.float32)
    places = (tf.range(side, dtype=tf.float32) + 0.5)[None, :, None] / side
    inside = tf.cast(tf.abs(places - centre) < half, tf.float32)
    patch = inside[:, :, None, 0, None] * inside[:, None, :, 1, None]
    return tf.clip_by_value(pixels * (1 - patch), -1.0, 1.0)


def _shrunk(pixels: NDArray[np.uint8], side: int) -> NDArray[np.uint8]:
    """Halved while more than twice as large as needed, so that resizing does not alias."""
    while pixels.shape[1] >= 3 * side:
        halved = pixels.reshape(len(pixels), pixels.shape[1] // 2, 2, pixels.shape[2] // 2, 2, 3)
        pixels = (halved.astype(np.uint16).sum(axis=(2, 4)) // 4).astype(np.uint8)
    return pixels


def _endless(rows: NDArray[np.intp], random: np.random.Generator) -> Iterator[int]:
    while True:
        yield from (int(row) for row in random.permutation(rows))
