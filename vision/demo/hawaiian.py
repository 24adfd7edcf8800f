"""The Hawaiian print: palm leaves and hibiscus flowers on a saturated ground."""

from __future__ import annotations

from random import Random

import numpy as np

from vision.demo.geometry import Points, curve, ellipse
from vision.demo.scene import RGB, darker, lighter, mix
from vision.demo.tiles import SIDE, Pen

_GREENS: tuple[RGB, ...] = ((18, 92, 62), (34, 132, 74), (120, 186, 78), (196, 222, 120))
_BLOOMS: tuple[RGB, ...] = (
    (252, 248, 238),
    (236, 54, 72),
    (255, 120, 150),
    (255, 206, 60),
    (255, 136, 54),
)


def hawaiian(pen: Pen, ground: RGB, rng: Random) -> None:
    """Draw a tile of the print over the pen's ground."""
    greens = sorted(_GREENS, key=lambda tint: -_apart(tint, ground))[:3]
    first, second = rng.sample(sorted(_BLOOMS, key=lambda tint: -_apart(tint, ground))[:3], 2)
    # Fixed places, moved a little: at random ones, flowers would hide each other and leave bare patches.
    for x, y in _scattered(rng, ((0.14, 0.30), (0.62, 0.16), (0.38, 0.72), (0.88, 0.66))):
        angle = rng.uniform(0, 2 * np.pi)
        _palm(pen, x * SIDE, y * SIDE, angle, 0.40 * SIDE, rng.choice(greens))
    for x, y in _scattered(rng, ((0.86, 0.36), (0.10, 0.62), (0.60, 0.92))):
        _monstera(pen, x * SIDE, y * SIDE, rng.uniform(0, 2 * np.pi), 0.17 * SIDE, rng.choice(greens))
    places = _scattered(rng, ((0.30, 0.28), (0.76, 0.74), (0.84, 0.12)))
    for (x, y), size, tint in zip(places, (0.155, 0.165, 0.10), (first, second, first), strict=True):
        _hibiscus(pen, x * SIDE, y * SIDE, size * SIDE, tint, rng.uniform(0, 2 * np.pi))


def _scattered(rng: Random, places: tuple[tuple[float, float], ...]) -> list[tuple[float, float]]:
    return [(x + rng.uniform(-0.06, 0.06), y + rng.uniform(-0.06, 0.06)) for x, y in places]


def _apart(a: RGB, b: RGB) -> float:
    return float(np.linalg.norm(np.subtract(a, b)))


def _palm(pen: Pen, x: float, y: float, angle: float, length: float, color: RGB) -> None:
    """Draw a frond: a bent rib with narrow leaflets on both sides, shorter towards the tip."""
    t = np.linspace(0, 1, 13)
    bend = angle + 0.7 * (t - 0.5)
    rib = np.cumsum(np.stack([np.cos(bend), np.sin(bend)], axis=1), axis=0) * length / len(t)
    rib += np.array([x, y]) - rib.mean(axis=0)
    for step, (point, direction) in enumerate(zip(rib, bend, strict=True)):
        reach = length * (0.16 + 0.24 * np.sin(np.pi * min(0.16 + 0.8 * t[step], 1.0)))
        for side in (-1, 1):
            pen.polygon(_blade(point, direction + side * 0.85, reach, 0.11), color)
    pen.line(rib, mix(color, (255, 255, 255), 0.25), SIDE * 0.007)


def _blade(start: Points, angle: float, length: float, width: float) -> Points:
    along = np.array([np.cos(angle), np.sin(angle)]) * length
    across = np.array([-along[1], along[0]]) * width
    middle = start + along * 0.45
    return np.array([start, middle + across, start + along, middle - across])


def _monstera(pen: Pen, x: float, y: float, angle: float, radius: float, color: RGB) -> None:
    """Draw a broad heart-shaped leaf with deep notches."""
    t = np.linspace(-np.pi, np.pi, 73)[:-1]
    notch = np.where(np.abs(t) > 0.35, 0.5 + 0.5 * np.cos(t * 9), 1.0)
    reach = radius * (1.05 - 0.25 * np.abs(t) / np.pi) * (0.55 + 0.45 * notch**0.4)
    leaf = np.stack([x + reach * np.cos(t + angle), y + reach * np.sin(t + angle)], axis=1)
    pen.polygon(leaf, color)
    tip = np.array([[x, y], [x + radius * np.cos(angle), y + radius * np.sin(angle)]])
    pen.line(tip, lighter(color, 0.3), SIDE * 0.008)


def _hibiscus(pen: Pen, x: float, y: float, radius: float, color: RGB, start: float) -> None:
    """Draw five broad ruffled petals, a dark throat and the long yellow stamen."""
    edge = darker(color, 0.78)
    for turn in range(5):
        angle = start + turn * 2 * np.pi / 5
        pen.polygon(_petal(x, y, angle, radius), edge)
        pen.polygon(_petal(x, y, angle, radius * 0.93), color)
        for lean in (-0.22, 0.0, 0.22):
            vein = [
                (x, y),
                (x + 0.72 * radius * np.cos(angle + lean), y + 0.72 * radius * np.sin(angle + lean)),
            ]
            pen.line(np.array(vein), edge, SIDE * 0.004)
    throat = (150, 22, 62) if _apart(color, (150, 22, 62)) > 150 else (92, 10, 40)
    pen.polygon(ellipse(x, y, radius * 0.24, radius * 0.24, steps=18), throat)
    angle = start + 0.6
    tip = np.array([x + 0.82 * radius * np.cos(angle), y + 0.82 * radius * np.sin(angle)])
    pen.line(np.array([(x, y), tuple(tip)]), (255, 226, 96), SIDE * 0.014)
    for step in (0.72, 0.86, 1.0):
        for side in (-1, 1):
            cx = x + (tip[0] - x) * step - side * 0.07 * radius * np.sin(angle)
            cy = y + (tip[1] - y) * step + side * 0.07 * radius * np.cos(angle)
            pen.polygon(ellipse(cx, cy, radius * 0.06, radius * 0.06, steps=8), (255, 208, 50))


def _petal(x: float, y: float, angle: float, radius: float) -> Points:
    rows = []
    for along, across in (
        (0, 0),
        (0.5, 0.34),
        (0.86, 0.42),
        (0.98, 0.2),
        (0.92, 0.0),
        (1.0, -0.2),
        (0.84, -0.42),
        (0.5, -0.34),
    ):
        dx, dy = along * radius, across * radius
        rows.append((x + dx * np.cos(angle) - dy * np.sin(angle), y + dx * np.sin(angle) + dy * np.cos(angle)))
    return curve([(*rows[0], 1), *rows[1:]], steps=4)
