"""Patterns of cloth, each drawn once per picture as a square tile that repeats seamlessly."""

from __future__ import annotations

from collections.abc import Callable
from random import Random

import numpy as np
from PIL import Image

from vision.demo.geometry import Points, ellipse
from vision.demo.hawaiian import hawaiian
from vision.demo.materials import grained
from vision.demo.scene import RGB, Cloth, darker, lighter, luminance, mix
from vision.demo.tiles import SIDE, Pen
from vision.demo.vocabulary import COLORS

Spans = tuple[float, float]
"""Smallest and largest width of a tile, in units of the picture."""

CREAM: RGB = (247, 243, 232)


def make_cloth(pattern: str, color: RGB, material: str, rng: Random, quarter_turn: bool = False) -> Cloth:
    """Return the cloth of a product.

    Args:
        pattern: A value of the attribute, or empty for plain.
        color: The ground colour.
        material: A value of the attribute; it decides the weave and the sheen.
        rng: Decides the kind of stripe or check, the second colour and the size of the motifs.
        quarter_turn: Whether to turn the pattern; most stripes are then upright, as on upholstery.
    """
    if pattern in ("", "plain"):
        return grained(Image.new("RGB", (SIDE, SIDE), color), color, material, 0.3, rng, printed=False)
    draw, (low, high) = _PATTERNS[pattern]
    pen = Pen(color)
    draw(pen, color, rng)
    tile = pen.finish().transpose(Image.Transpose.TRANSPOSE) if quarter_turn else pen.finish()
    return grained(tile, color, material, rng.uniform(low, high), rng, printed=True)


def contrast(color: RGB, rng: Random) -> RGB:
    """Return a second colour that stands out from the first: pale on dark, strong on pale."""
    if luminance(color) > 165:
        strong = ("navy", "red", "green", "black", "blue")
        choices = [name for name in strong if _apart(COLORS[name], color) > 170]
        return COLORS[rng.choice(choices)]
    if rng.random() < 0.78:
        return rng.choice((CREAM, (255, 255, 255)))
    return mix(lighter(color, 0.62), CREAM, 0.3)


def _apart(a: RGB, b: RGB) -> float:
    return float(np.linalg.norm(np.subtract(a, b)))


def _striped(pen: Pen, color: RGB, rng: Random) -> None:
    other = contrast(color, rng)
    count = rng.choice((4, 5, 6, 8))
    period = SIDE / count
    kind = rng.choice(("even", "even", "narrow", "double"))
    upright = rng.random() < 0.35
    bands = {"even": ((0.0, 0.5),), "narrow": ((0.0, 0.28),), "double": ((0.0, 0.42), (0.55, 0.63))}[kind]
    for index in range(count):
        for start, end in bands:
            low, high = (index + start) * period, (index + end) * period
            strip = [(0, low), (SIDE, low), (SIDE, high), (0, high)]
            pen.polygon(np.array([(y, x) for x, y in strip] if upright else strip, dtype=float), other)


def _dotted(pen: Pen, color: RGB, rng: Random) -> None:
    other = contrast(color, rng)
    count = rng.choice((4, 4, 6))
    period = SIDE / count
    radius = period * rng.uniform(0.24, 0.33)
    for row in range(count * 2):
        for column in range(count):
            x = (column + (0.5 if row % 2 else 0.0)) * period
            pen.polygon(ellipse(x, row * period / 2, radius * 0.75, radius * 0.75, steps=20), other)


def _checked(pen: Pen, color: RGB, rng: Random) -> None:
    if rng.random() < 0.55:
        _gingham(pen, color, rng)
    else:
        _tartan(pen, color, rng)


def _gingham(pen: Pen, color: RGB, rng: Random) -> None:
    pale = luminance(color) > 195
    dark, light = (contrast(color, rng), color) if pale else (color, CREAM)
    count = rng.choice((4, 5, 6))
    band = np.arange(SIDE) * count * 2 // SIDE % 2
    shades = np.array([light, mix(light, dark, 0.5), dark], dtype=np.uint8)
    pen.fill(shades[band[:, None] + band[None, :]])


def _tartan(pen: Pen, color: RGB, rng: Random) -> None:
    line = contrast(color, rng)
    deep = darker(color, 0.52) if luminance(color) > 60 else lighter(color, 0.3)
    # Bands have straight edges: working at a quarter of the side loses nothing and is much faster.
    coarse = 4
    place = (np.arange(SIDE // coarse) * rng.choice((2, 3)) * coarse / SIDE) % 1.0
    pixels = np.empty((len(place), len(place), 3))
    pixels[:] = color
    for low, high, tint, cover in (
        (0.0, 0.42, deep, 0.55),
        (0.18, 0.24, line, 0.75),
        (0.68, 0.73, line, 0.9),
    ):
        inside = ((place >= low) & (place < high)) * cover
        for weight in (inside[:, None, None], inside[None, :, None]):
            pixels += (np.array(tint) - pixels) * weight
    pen.fill(pixels.astype(np.uint8).repeat(coarse, axis=0).repeat(coarse, axis=1))


def _floral(pen: Pen, color: RGB, rng: Random) -> None:
    """Scatter small five-petalled flowers and sprigs of leaves, all about the same size."""
    first, second = rng.sample(sorted(_FLOWERS, key=lambda tint: -_apart(tint, color))[:4], 2)
    leaf = rng.choice(((74, 120, 66), (106, 146, 84), (58, 104, 80)))
    if _apart(leaf, color) < 90:
        leaf = (196, 214, 158)
    cells = 5
    step = SIDE / cells
    for row in range(cells):
        for column in range(cells):
            x = (column + 0.5 + rng.uniform(-0.18, 0.18)) * step
            y = (row + 0.5 + rng.uniform(-0.18, 0.18)) * step
            if (row + 2 * column) % 5 == 3:
                _sprig(pen, x, y, step * 0.4, leaf, rng)
            else:
                _flower(pen, x, y, step * rng.uniform(0.25, 0.36), rng.choice((first, first, second)), leaf, rng)


_FLOWERS: tuple[RGB, ...] = (
    (250, 246, 236),
    (244, 170, 190),
    (226, 72, 92),
    (250, 206, 92),
    (142, 110, 190),
    (98, 150, 214),
    (246, 150, 102),
)


def _flower(pen: Pen, x: float, y: float, radius: float, petal: RGB, leaf: RGB, rng: Random) -> None:
    start = rng.uniform(0, 2 * np.pi)
    for side in (0.7, 2.6):
        pen.polygon(_leaf(x, y, start + side, radius * 1.5), leaf)
    for turn in range(5):
        angle = start + turn * 2 * np.pi / 5
        cx, cy = x + 0.56 * radius * np.cos(angle), y + 0.56 * radius * np.sin(angle)
        pen.polygon(ellipse(cx, cy, radius * 0.5, radius * 0.38, angle, steps=14), petal)
    heart = (238, 186, 60) if _apart(petal, (238, 186, 60)) > 80 else (150, 84, 44)
    pen.polygon(ellipse(x, y, radius * 0.27, radius * 0.27, steps=12), heart)


def _sprig(pen: Pen, x: float, y: float, size: float, leaf: RGB, rng: Random) -> None:
    angle = rng.uniform(0, 2 * np.pi)
    for step in (-0.6, 0.0, 0.6):
        cx, cy = x + step * size * np.cos(angle), y + step * size * np.sin(angle)
        for side in (-0.9, 0.9):
            pen.polygon(_leaf(cx, cy, angle + side, size * 0.75), leaf)


def _leaf(x: float, y: float, angle: float, length: float) -> Points:
    along = np.array([np.cos(angle), np.sin(angle)]) * length
    across = np.array([-along[1], along[0]])
    leaf: Points = np.array([x, y]) + _LEAF[:, :1] * along + _LEAF[:, 1:] * across
    return leaf


_LEAF: Points = np.array(
    [(0, 0), (0.25, 0.17), (0.55, 0.22), (0.8, 0.14), (1, 0), (0.8, -0.14), (0.55, -0.22), (0.25, -0.17)]
)
"""A leaf of length 1 along x."""


_PATTERNS: dict[str, tuple[Callable[[Pen, RGB, Random], None], Spans]] = {
    "striped": (_striped, (0.20, 0.34)),
    "dotted": (_dotted, (0.22, 0.36)),
    "checked": (_checked, (0.20, 0.32)),
    "floral": (_floral, (0.22, 0.32)),
    "Hawaiian": (hawaiian, (0.40, 0.54)),
}
