"""The surface of a material: weave, knit, nap, grain or veins, multiplied onto a tile."""

from __future__ import annotations

from collections.abc import Callable
from random import Random
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from vision.demo.scene import RGB, Cloth, luminance
from vision.demo.tiles import KEPT, pack

Relief = NDArray[np.float32]
"""Noise about 0 or brightness factors about 1, shape (KEPT, KEPT), repeating seamlessly."""

_ROWS: Relief = np.arange(KEPT, dtype=np.float32)[:, None]
_COLUMNS: Relief = np.arange(KEPT, dtype=np.float32)[None, :]

SHEEN = {
    "silk": 0.65,
    "leather": 0.55,
    "velvet": 0.45,
    "nylon": 0.4,
    "plastic": 0.5,
    "metal": 0.8,
    "ceramic": 0.8,
    "glass": 0.9,
    "marble": 0.4,
}
"""Materials that shine more than cotton does."""


def grained(print_: Image.Image, color: RGB, material: str, span: float, rng: Random, *, printed: bool) -> Cloth:
    """Return the cloth that a tile makes in a material.

    Args:
        print_: The pattern, an RGB image that repeats seamlessly.
        color: Its ground colour.
        material: A value of the attribute.
        span: Width of one tile in units of the picture.
        rng: Decides the threads, veins and grain, and where on the tile the piece begins.
        printed: Whether there is a pattern; a plain smooth cloth needs no tile at all.
    """
    sheen = SHEEN.get(material, 0.12)
    texture = _TEXTURES.get(material)
    if texture is None and not printed:
        return Cloth(color, span=span, sheen=sheen)
    pixels: NDArray[Any] = np.asarray(print_.reduce(print_.width // KEPT), dtype=np.float32)
    if texture is not None:
        factor = texture(np.random.default_rng(rng.getrandbits(32)))
        # On black a factor changes nothing that can be seen; a small lift makes the texture visible.
        lift = 26.0 if luminance(color) < 60 else 0.0
        pixels = pixels * factor[:, :, None] + lift * (factor[:, :, None] - factor.min())
    # No two pieces are cut from the same place of the bolt.
    start = (rng.randrange(KEPT), rng.randrange(KEPT))
    pixels = np.roll(np.clip(pixels, 0, 255).astype(np.uint8), start, axis=(0, 1))
    return Cloth(color, pack(pixels), span, sheen)


def _noise(rng: np.random.Generator, rows: int, columns: int) -> Relief:
    """Return seamless smooth noise between -1 and 1 from a coarse random grid."""
    coarse = (rng.random((rows, columns)) * 255).astype(np.uint8)
    # Enlarging the middle of nine copies makes the edges meet.
    tiled = Image.fromarray(np.tile(coarse, (3, 3)))
    how = Image.Resampling.BICUBIC if rows < 64 else Image.Resampling.BILINEAR
    middle = tiled.resize((KEPT, KEPT), how, box=(columns, rows, 2 * columns, 2 * rows))
    return np.asarray(middle, dtype=np.float32) / 127.5 - 1


def _linen(rng: np.random.Generator) -> Relief:
    threads: Relief = 0.05 * _noise(rng, 128, 10) + 0.05 * _noise(rng, 10, 128)
    return 1 + threads


def _denim(rng: np.random.Generator) -> Relief:
    diagonal: Relief = (_ROWS + _COLUMNS) % 8
    faded = 0.07 * _noise(rng, 4, 4)
    factor: Relief = 1 + 0.014 * (diagonal - 4) + 0.09 * _noise(rng, 128, 128) + faded
    return factor


def _wool(rng: np.random.Generator) -> Relief:
    zigzag: Relief = np.abs(_ROWS % 16 - 8)
    stitch: Relief = np.abs((_COLUMNS + 2 * zigzag) % 16 - 8)
    return 1 + 0.011 * (stitch - 4) + 0.06 * _noise(rng, 64, 64)


def _corduroy(rng: np.random.Generator) -> Relief:
    rib: Relief = np.sin(_COLUMNS * (2 * np.pi * 16 / KEPT))
    return 1 + 0.11 * rib + 0.03 * _noise(rng, 64, 64)


def _suede(rng: np.random.Generator) -> Relief:
    return 1 + 0.035 * _noise(rng, 10, 10) + 0.07 * _noise(rng, 128, 128)


def _leather(rng: np.random.Generator) -> Relief:
    return 1 + 0.04 * _noise(rng, 56, 56) + 0.03 * _noise(rng, 6, 6)


def _velvet(rng: np.random.Generator) -> Relief:
    return 1 + 0.045 * _noise(rng, 5, 5) + 0.03 * _noise(rng, 128, 128)


def _canvas(rng: np.random.Generator) -> Relief:
    weave: Relief = (_ROWS // 4 + _COLUMNS // 4) % 2 - 0.5
    return 1 + 0.07 * weave + 0.03 * _noise(rng, 64, 64)


def _wood(rng: np.random.Generator) -> Relief:
    """Grain along the tile's rows: wavy rings seen lengthwise, and fine pores."""
    wave = _noise(rng, 4, 2) * 0.9 + _ROWS * 9 / KEPT
    rings: Relief = np.sin(2 * np.pi * wave) * (0.6 + 0.4 * _noise(rng, 5, 2))
    return 1 + 0.06 * rings + 0.07 * _noise(rng, 128, 4)


def _marble(rng: np.random.Generator) -> Relief:
    wander = _noise(rng, 4, 4) + 0.4 * _noise(rng, 12, 12)
    vein: Relief = np.clip(np.exp(-((wander * 9) ** 2)) * (0.5 + 0.5 * _noise(rng, 5, 5)), 0, 1)
    return 1 - 0.30 * vein + 0.03 * _noise(rng, 6, 6)


_TEXTURES: dict[str, Callable[[np.random.Generator], Relief]] = {
    "linen": _linen,
    "denim": _denim,
    "wool": _wool,
    "corduroy": _corduroy,
    "suede": _suede,
    "leather": _leather,
    "velvet": _velvet,
    "canvas": _canvas,
    "oak": _wood,
    "walnut": _wood,
    "marble": _marble,
}
