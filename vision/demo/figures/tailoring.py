"""Necklines, sleeves, collars and buttons, shared by dresses and shirts."""

from __future__ import annotations

from collections.abc import Sequence
from random import Random

import numpy as np

from vision.demo.figures.mannequin import NECK, SHOULDER, UNDERARM
from vision.demo.geometry import Points, curve, ellipse, mirror
from vision.demo.scene import RGB, Cloth, Part, Scene, Shadow, Stroke, ink, luminance, plain, tilted

Row = tuple[float, ...]

_WIDTH = {"round": 0.050, "v-neck": 0.047, "boat": 0.086, "square": 0.062, "collar": 0.044}
_DEPTH = {"round": 0.052, "v-neck": 0.118, "boat": 0.016, "square": 0.072, "collar": 0.040}


def neck_rows(neckline: str) -> list[Row]:
    """Return the right half of the front neckline, from the centre up to the shoulder seam."""
    width, bottom = _WIDTH[neckline], NECK + _DEPTH[neckline]
    top = _shoulder_height(width)
    if neckline == "v-neck":
        return [(0, bottom, 1), (0.55 * width, bottom - 0.055), (width, top, 1)]
    if neckline == "square":
        return [(0, bottom, 1), (0.90 * width, bottom, 1), (width, top, 1)]
    return [(0, bottom), (0.62 * width, bottom - 0.28 * (bottom - top)), (width, top, 1)]


def back_of_neck(neckline: str, cloth: Cloth) -> Scene:
    """Return the inside of the back, seen through the neckline."""
    width = _WIDTH[neckline] + 0.004
    top = _shoulder_height(width) - 0.002
    rows = [
        (0.5 - width, top, 1),
        (0.5, top + 0.012),
        (0.5 + width, top, 1),
        (0.5 + width * 0.6, NECK + _DEPTH[neckline] + 0.004),
        (0.5 - width * 0.6, NECK + _DEPTH[neckline] + 0.004),
    ]
    return [Part(curve(rows), plain(cloth.color), relief=0.1, light=0.58, edge=0.5)]


def neck_trim(neckline: str, cloth: Cloth, width: float = 0.006) -> Scene:
    """Return the ribbing or seam along the neckline."""
    half = [(0.5 + row[0], *row[1:]) for row in neck_rows(neckline)]
    line = curve([(1 - row[0], *row[1:]) for row in reversed(half)] + half[1:], closed=False)
    return [Stroke(line, ink(cloth.color), width * 0.5)]


def _shoulder_height(x: float) -> float:
    """Return the height of the shoulder seam at a distance from the axis."""
    return NECK - 0.004 + (SHOULDER - NECK) * x / 0.115


def shoulder_rows(sleeve: str, shoulder: float, underarm: float, strap: bool = False) -> list[Row]:
    """Return the right half from the shoulder tip down the armhole to below the arm."""
    if sleeve == "sleeveless":
        tip = 0.074 if strap else shoulder - 0.024
        return [(tip, _shoulder_height(tip), 1), (tip - 0.002, 0.178), (underarm, UNDERARM + 0.006, 1)]
    return [(shoulder, SHOULDER, 1), (shoulder - 0.008, 0.178), (underarm, UNDERARM, 1)]


def sleeves(
    sleeve: str,
    cloth: Cloth,
    shoulder: float,
    underarm: float,
    *,
    angle: float,
    ease: float = 1.0,
    cuff: bool = False,
    flare: float = 1.0,
) -> Scene:
    """Return both sleeves; draw them before the body, which covers the seam.

    Args:
        sleeve: A value of the attribute; sleeveless gives nothing.
        cloth: What they are made of.
        shoulder: Half the width between the shoulder tips.
        underarm: Half the width below the arms.
        angle: Degrees from the vertical.
        ease: Factor on the width.
        cuff: Whether a long sleeve ends in a cuff.
        flare: Factor on the width at the wrist.
    """
    if sleeve == "sleeveless":
        return []
    down = np.array([np.sin(np.radians(angle)), np.cos(np.radians(angle))])
    out = np.array([down[1], -down[0]])
    tip, pit = np.array([0.5 + shoulder, SHOULDER]), np.array([0.5 + underarm, UNDERARM])
    start = (tip + pit) / 2
    length, width = (0.115, 0.047 * ease) if sleeve == "short" else (0.325, 0.029 * ease * flare)
    end = start + down * length
    middle = start + down * length * 0.45
    bulge = 0.046 * ease if sleeve == "short" else 0.041 * ease
    rows = [
        (*tip, 1),
        (*(middle + out * bulge),),
        (*(end + out * width), 1),
        (*(end - out * width), 1),
        (*(middle - out * bulge * 0.92),),
        (*pit, 1),
        (pit[0] - 0.03, pit[1] - 0.03),
        (tip[0] - 0.03, tip[1] + 0.01, 1),
    ]
    outline = curve(rows)
    bands = [outline]
    if cuff and sleeve == "long":
        wrist = width * 1.12
        bands.append(
            curve(
                [
                    (*(end + out * wrist), 1),
                    (*(end + out * wrist + down * 0.026), 1),
                    (*(end - out * wrist + down * 0.026), 1),
                    (*(end - out * wrist), 1),
                ]
            )
        )
    scene: Scene = []
    for outlines, axis in ((bands, tilted(down)), ([mirror(b) for b in bands], tilted(down * (-1, 1)))):
        scene += [Part(piece, cloth, relief=0.85, axes=axis) for piece in outlines]
    if not cuff:
        hem = np.array([end + out * width * 0.94 - down * 0.010, end - out * width * 0.94 - down * 0.010])
        scene += [Stroke(line, ink(cloth.color), 0.0018) for line in (hem, mirror(hem))]
    return scene


def collar(cloth: Cloth, rng: Random, spread: float = 1.0) -> Scene:
    """Return a folded shirt collar; draw it last."""
    reach = rng.uniform(0.050, 0.064)
    top = _shoulder_height(0.044) - 0.008
    leaf = curve(
        [
            (0.5, NECK + 0.044, 1),
            (0.516, NECK + 0.012),
            (0.540, top - 0.006, 1),
            (0.556, top + 0.010, 1),
            (0.5 + 0.046 * spread, NECK + 0.022 + reach, 1),
        ],
        steps=5,
    )
    band = curve(
        [
            (0.460, top - 0.006, 1),
            (0.5, top - 0.014),
            (0.540, top - 0.006, 1),
            (0.522, top + 0.022),
            (0.5, top + 0.028),
            (0.478, top + 0.022),
        ]
    )
    shade = Shadow(
        curve([(0.45, 0.13), (0.5, 0.155), (0.55, 0.13), (0.56, 0.19), (0.5, 0.185), (0.44, 0.19)]),
        0.22,
        0.008,
    )
    return [
        Part(band, plain(cloth.color), relief=0.1, light=0.62),
        shade,
        Part(leaf, cloth, relief=0.4, axes=tilted((0.5, 1))),
        Part(mirror(leaf), cloth, relief=0.4, axes=tilted((-0.5, 1))),
    ]


def buttons(top: float, bottom: float, count: int, cloth: Cloth, x: float = 0.5, radius: float = 0.0055) -> Scene:
    """Return a row of buttons between two heights."""
    color: RGB = (250, 248, 242) if luminance(cloth.color) < 190 else (120, 104, 92)
    scene: Scene = []
    for y in np.linspace(top, bottom, count):
        scene.append(Part(ellipse(x, float(y), radius, radius, steps=14), plain(color), relief=0, edge=0.55))
    return scene


def placket(top: float, bottom: float, cloth: Cloth, half: float = 0.013) -> Scene:
    """Return the double band of a button front as two seams."""
    return [seam([(0.5 + side * half, top), (0.5 + side * half, bottom)], cloth, 0.0022) for side in (-1, 1)]


def seam(rows: Sequence[Sequence[float]] | Points, cloth: Cloth, width: float = 0.003) -> Stroke:
    """Return a thin line in a colour that shows on the cloth."""
    return Stroke(curve([tuple(row) for row in rows], closed=False), ink(cloth.color), width)
