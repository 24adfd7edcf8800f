"""Bags: tote, handbag, backpack, clutch and shoulder bag."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from random import Random

import numpy as np

from vision.demo.figures.look import Look
from vision.demo.geometry import Points, arc, curve, ellipse, limb, rectangle
from vision.demo.product import Product
from vision.demo.scene import RGB, Cloth, Part, Scene, Shadow, Shape, Stroke, darker, fitted, ink, plain

_BRASS: RGB = (212, 184, 112)
_TAN: RGB = (140, 90, 54)


def bag(product: Product, look: Look, rng: Random) -> Scene:
    """Draw a bag, front view."""
    scene = _BAGS[product.style](look.cloth, rng)
    return fitted([Shadow(ellipse(0.5, 0.865, 0.30, 0.022), 0.32, 0.02), *scene], margin=0.12)


def _ribbon(line: Points, width: float) -> Points:
    """Return a strap of constant width along an open line."""
    chosen = line[np.linspace(0, len(line) - 1, min(len(line), 11)).round().astype(int)]
    return limb([(float(x), float(y), width) for x, y in chosen])


def _stitches(rows: Sequence[Sequence[float]] | Points, cloth: Cloth) -> Stroke:
    return Stroke(np.array([row[:2] for row in rows], dtype=np.float64), ink(cloth.color), 0.0035, dash=(0.010, 0.007))


def _tote(cloth: Cloth, rng: Random) -> Scene:
    top, foot = rng.uniform(0.27, 0.31), rng.uniform(0.22, 0.27)
    crown = rng.uniform(0.38, 0.44)
    leather = plain(rng.choice((_TAN, darker(cloth.color, 0.6), darker(cloth.color, 0.6))), 0.3)
    body = curve(
        [
            (0.5 - top, crown, 1),
            (0.5, crown + 0.008),
            (0.5 + top, crown, 1),
            (0.5 + (top + foot) / 2 + 0.006, 0.64),
            (0.5 + foot, 0.84),
            (0.5 + foot - 0.03, 0.868),
            (0.5 + foot - 0.08, 0.872),
            (0.5 - foot + 0.08, 0.872),
            (0.5 - foot + 0.03, 0.868),
            (0.5 - foot, 0.84),
            (0.5 - (top + foot) / 2 - 0.006, 0.64),
        ]
    )
    reach = rng.uniform(0.11, 0.14)
    high = crown - rng.uniform(0.20, 0.30)
    scene: Scene = [
        Part(
            _ribbon(arc(0.5, crown + 0.02, reach * 0.94, crown - high - 0.01, 180, 360), 0.012),
            leather,
            light=0.7,
        ),
        Part(ellipse(0.5, crown + 0.002, top, 0.016), plain(darker(cloth.color, 0.45)), relief=0),
        Part(body, cloth, relief=0.7),
        _stitches([(0.5 - top + 0.006, crown + 0.028), (0.5 + top - 0.006, crown + 0.028)], cloth),
    ]
    front = np.concatenate(
        [
            [(0.5 - reach, crown + 0.14)],
            arc(0.5, crown + 0.02, reach, crown - high, 180, 360),
            [(0.5 + reach, crown + 0.14)],
        ]
    )
    scene.append(Part(_ribbon(front, 0.014), leather, relief=0.6))
    for side in (-1, 1):
        scene.append(
            Part(ellipse(0.5 + side * reach, crown + 0.115, 0.007, 0.007, steps=12), plain(_BRASS), relief=0.3)
        )
    if rng.random() < 0.35:
        scene.append(Part(rectangle(0.455, 0.60, 0.545, 0.655, 0.008), leather, relief=0.3))
    return scene


def _handbag(cloth: Cloth, rng: Random) -> Scene:
    top, foot = rng.uniform(0.20, 0.26), rng.uniform(0.29, 0.34)
    crown = 0.47
    body = curve(
        [
            (0.5 - top, crown, 1),
            (0.5 + top, crown, 1),
            (0.5 + foot, 0.82),
            (0.5 + foot - 0.03, 0.862, 1),
            (0.5 - foot + 0.03, 0.862, 1),
            (0.5 - foot, 0.82),
        ]
    )
    depth = rng.uniform(0.16, 0.24)
    flap = curve(
        [
            (0.5 - top - 0.006, crown - 0.012, 1),
            (0.5 + top + 0.006, crown - 0.012, 1),
            (0.5 + top + 0.030, crown + depth * 0.55),
            (0.5 + 0.06, crown + depth, 1),
            (0.5 - 0.06, crown + depth, 1),
            (0.5 - top - 0.030, crown + depth * 0.55),
        ]
    )
    handle = plain(darker(cloth.color, 0.82), 0.4)
    high = rng.uniform(0.18, 0.25)
    scene: Scene = [
        Part(_ribbon(arc(0.5, crown, 0.135, high, 180, 360), 0.015), handle, relief=0.9),
        Part(body, cloth, relief=0.8),
        Part(flap, cloth, relief=0.55, light=1.03),
        Shadow(
            curve([(0.3, crown + depth, 1), (0.7, crown + depth, 1), (0.5, crown + depth + 0.03)]),
            0.14,
            0.015,
        ),
    ]
    for side in (-1, 1):
        scene.append(
            Part(
                rectangle(
                    0.5 + side * 0.135 - 0.016,
                    crown - 0.022,
                    0.5 + side * 0.135 + 0.016,
                    crown + 0.020,
                    0.006,
                ),
                plain(_BRASS, 0.6),
                relief=0.5,
            )
        )
    clasp = crown + depth
    scene.append(Part(rectangle(0.474, clasp - 0.030, 0.526, clasp + 0.022, 0.008), plain(_BRASS, 0.6), relief=0.6))
    scene.append(Part(ellipse(0.5, clasp - 0.004, 0.010, 0.010, steps=16), plain((150, 122, 66)), relief=0.3))
    scene.append(_stitches([(0.5 - foot + 0.03, 0.845), (0.5 + foot - 0.03, 0.845)], cloth))
    return scene


def _backpack(cloth: Cloth, rng: Random) -> Scene:
    half = rng.uniform(0.19, 0.22)
    trim = plain(rng.choice((_TAN, darker(cloth.color, 0.6))), 0.25)
    body = curve(
        [
            (0.5 - half * 0.92, 0.86),
            (0.5 - half, 0.70),
            (0.5 - half * 0.98, 0.38),
            (0.5 - half * 0.72, 0.22),
            (0.5, 0.175),
            (0.5 + half * 0.72, 0.22),
            (0.5 + half * 0.98, 0.38),
            (0.5 + half, 0.70),
            (0.5 + half * 0.92, 0.86),
            (0.5, 0.875),
        ]
    )
    scene: Scene = [Part(_ribbon(arc(0.5, 0.20, 0.055, 0.075, 180, 360), 0.011), trim, relief=0.7)]
    for side in (-1, 1):
        strap = limb(
            [
                (0.5 + side * half * 0.55, 0.23, 0.020),
                (0.5 + side * (half + 0.055), 0.36, 0.022),
                (0.5 + side * (half + 0.070), 0.60, 0.020),
                (0.5 + side * half * 0.9, 0.82, 0.012),
            ]
        )
        scene.append(Part(strap, trim, relief=0.8, light=0.85))
        side_pocket = curve(
            [
                (0.5 + side * half * 0.9, 0.62, 1),
                (0.5 + side * (half + 0.030), 0.64),
                (0.5 + side * (half + 0.026), 0.82),
                (0.5 + side * half * 0.9, 0.85, 1),
            ]
        )
        scene.append(Part(side_pocket, cloth, relief=0.6, light=0.86))
    pocket = curve(
        [
            (0.5 - half * 0.74, 0.58),
            (0.5 - half * 0.5, 0.555),
            (0.5 + half * 0.5, 0.555),
            (0.5 + half * 0.74, 0.58),
            (0.5 + half * 0.76, 0.80),
            (0.5 + half * 0.6, 0.835),
            (0.5 - half * 0.6, 0.835),
            (0.5 - half * 0.76, 0.80),
        ]
    )
    zip_line = arc(0.5, 0.44, half * 0.80, 0.19, 190, 350)
    scene += [
        Part(body, cloth, relief=0.85),
        Stroke(zip_line, darker(cloth.color, 0.5), 0.010),
        Stroke(zip_line, _BRASS, 0.003, dash=(0.006, 0.005)),
        Shadow(pocket + (0.0, 0.010), 0.30, 0.012),
        Part(pocket, cloth, relief=0.75),
        Stroke(
            np.array([(0.5 - half * 0.66, 0.605), (0.5 + half * 0.66, 0.605)]),
            darker(cloth.color, 0.5),
            0.009,
        ),
        Part(rectangle(0.5 + half * 0.42, 0.598, 0.5 + half * 0.52, 0.645, 0.004), plain(_BRASS), relief=0.3),
    ]
    if rng.random() < 0.45:
        for x in (-0.4, 0.4):
            belt = rectangle(0.5 + x * half - 0.014, 0.34, 0.5 + x * half + 0.014, 0.66, 0.005)
            scene.append(Part(belt, trim, relief=0.3))
            scene.append(
                Part(
                    rectangle(0.5 + x * half - 0.019, 0.48, 0.5 + x * half + 0.019, 0.515, 0.005),
                    plain(_BRASS),
                    relief=0.4,
                )
            )
    return scene


def _clutch(cloth: Cloth, rng: Random) -> Scene:
    half, top, low = rng.uniform(0.33, 0.38), 0.42, 0.80
    body = rectangle(0.5 - half, top, 0.5 + half, low, 0.03)
    tip = rng.uniform(0.60, 0.70)
    if rng.random() < 0.5:
        flap = curve([(0.5 - half, top + 0.01, 1), (0.5 + half, top + 0.01, 1), (0.53, tip), (0.47, tip)])
    else:
        flap = curve(
            [
                (0.5 - half, top + 0.01, 1),
                (0.5 + half, top + 0.01, 1),
                (0.5 + half, tip - 0.06),
                (0.5 + half * 0.8, tip),
                (0.5 - half * 0.8, tip),
                (0.5 - half, tip - 0.06),
            ]
        )
    chain = curve(
        [
            (0.5 + half - 0.02, top + 0.06),
            (0.5 + half + 0.09, top + 0.14),
            (0.5 + half + 0.06, 0.74),
            (0.5 + half - 0.03, 0.86),
        ],
        closed=False,
    )
    ring: list[Shape] = []
    if rng.random() < 0.6:
        ring = [Stroke(chain, darker(_BRASS, 0.75), 0.012), Stroke(chain, _BRASS, 0.008, dash=(0.014, 0.008))]
    return [
        *ring,
        Part(body, cloth, relief=0.5),
        Shadow(flap + (0.0, 0.014), 0.28, 0.014),
        Part(flap, cloth, relief=0.5, light=1.03),
        Part(ellipse(0.5, tip - 0.028, 0.021, 0.021, steps=24), plain(_BRASS, 0.7), relief=0.8),
    ]


def _shoulder_bag(cloth: Cloth, rng: Random) -> Scene:
    half, crown = rng.uniform(0.25, 0.30), 0.50
    deep = rng.uniform(0.30, 0.36)
    strap = plain(darker(cloth.color, 0.8), 0.3)
    long = curve(
        [
            (0.5 - half + 0.01, crown + 0.02),
            (0.5 - half * 0.75, 0.30),
            (0.5 - 0.07, 0.10),
            (0.5 + 0.07, 0.10),
            (0.5 + half * 0.75, 0.30),
            (0.5 + half - 0.01, crown + 0.02),
        ],
        closed=False,
    )
    body = curve(
        [
            (0.5 - half, crown, 1),
            (0.5, crown - 0.012),
            (0.5 + half, crown, 1),
            (0.5 + half + 0.022, crown + deep * 0.5),
            (0.5 + half * 0.72, crown + deep * 0.94),
            (0.5, crown + deep),
            (0.5 - half * 0.72, crown + deep * 0.94),
            (0.5 - half - 0.022, crown + deep * 0.5),
        ]
    )
    flap = curve(
        [
            (0.5 - half - 0.004, crown - 0.004, 1),
            (0.5, crown - 0.022),
            (0.5 + half + 0.004, crown - 0.004, 1),
            (0.5 + half, crown + deep * 0.36),
            (0.5 + half * 0.5, crown + deep * 0.62),
            (0.5, crown + deep * 0.66),
            (0.5 - half * 0.5, crown + deep * 0.62),
            (0.5 - half, crown + deep * 0.36),
        ]
    )
    scene: Scene = [
        Part(_ribbon(long, 0.011), strap, relief=0.6),
        Part(body, cloth, relief=0.8),
        Shadow(flap + (0.0, 0.012), 0.28, 0.014),
        Part(flap, cloth, relief=0.6, light=1.03),
    ]
    if rng.random() < 0.5:
        scene.append(
            Stroke(
                curve(
                    [
                        (0.5 - half * 0.5, crown + deep * 0.58),
                        (0.5, crown + deep * 0.62),
                        (0.5 + half * 0.5, crown + deep * 0.58),
                    ],
                    closed=False,
                ),
                ink(cloth.color),
                0.0035,
                dash=(0.010, 0.007),
            )
        )
    tassel = crown + deep * 0.64
    scene.append(Part(rectangle(0.484, tassel - 0.03, 0.516, tassel + 0.028, 0.008), plain(_BRASS, 0.6), relief=0.6))
    return scene


_BAGS: dict[str, Callable[[Cloth, Random], Scene]] = {
    "tote": _tote,
    "handbag": _handbag,
    "backpack": _backpack,
    "clutch": _clutch,
    "shoulder bag": _shoulder_bag,
}
