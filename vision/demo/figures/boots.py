"""Boots and ankle boots."""

from __future__ import annotations

from random import Random

import numpy as np

from vision.demo.figures.sole import GROUND, LINING, RUBBER
from vision.demo.geometry import curve, ellipse, limb
from vision.demo.scene import Cloth, Part, Scene, Stroke, darker, ink, mix, plain


def boot(cloth: Cloth, top: float, rng: Random) -> Scene:
    """Return a boot whose shaft ends at the height ``top``."""
    heel = rng.choice((0.055, 0.085, 0.12))
    seat = GROUND - heel
    tall = top < 0.2
    wide = 0.46 if tall else 0.44
    rows = [
        (0.155, top, 1),
        (wide, top + 0.012, 1),
        (wide - 0.012, 0.34 if not tall else 0.28),
        (0.425, 0.435),
        (0.490, 0.505),
        (0.640, 0.550),
        (0.790, 0.600),
        (0.860, 0.665),
        (0.850, GROUND - 0.012, 1),
        (0.560, GROUND - 0.016),
        (0.330, seat + 0.03, 1),
        (0.140, seat, 1),
        (0.128, 0.53),
        (0.165, 0.40),
        (0.150, 0.26 if tall else 0.33),
    ]
    rim = ellipse((0.155 + wide) / 2, top + 0.006, (wide - 0.155) / 2, 0.018, 0.03)
    sole = curve(
        [
            (0.135, seat - 0.004, 1),
            (0.33, seat + 0.022, 1),
            (0.56, GROUND - 0.022),
            (0.868, GROUND - 0.020, 1),
            (0.862, GROUND, 1),
            (0.56, GROUND),
            (0.36, GROUND - heel * 0.55, 1),
            (0.325, GROUND, 1),
            (0.150, GROUND, 1),
        ]
    )
    dark = rng.choice(((44, 34, 30), (84, 56, 38), darker(cloth.color, 0.45)))
    scene: Scene = [
        Part(sole, plain(dark), relief=0.3),
        Part(curve(rows), cloth, relief=0.85),
        Part(rim, plain(darker(LINING, 0.62)), relief=0.1),
    ]
    return scene + _boot_details(cloth, top, rng)


def _boot_details(cloth: Cloth, top: float, rng: Random) -> Scene:
    kind = rng.choice(("zip", "elastic", "laces") if top > 0.2 else ("zip", "strap", "seam"))
    line = ink(cloth.color)
    if kind == "elastic":
        gusset = curve([(0.255, top + 0.02, 1), (0.365, top + 0.02, 1), (0.340, 0.45), (0.31, 0.485), (0.275, 0.45)])
        return [Part(gusset, plain(darker(cloth.color, 0.6)), relief=0.3)]
    if kind == "laces":
        return [
            Part(
                limb([(0.375, y + 0.012, 0.006), (0.440, y - 0.006, 0.007)]),
                plain(mix(cloth.color, RUBBER, 0.7)),
                relief=0.3,
            )
            for y in np.linspace(top + 0.05, 0.49, 6)
        ]
    if kind == "strap":
        strap = limb([(0.138, 0.50, 0.014), (0.28, 0.485, 0.014), (0.452, 0.475, 0.014)])
        buckle = np.array([(0.27, 0.466), (0.315, 0.466), (0.315, 0.505), (0.27, 0.505), (0.27, 0.466)])
        return [
            Part(strap, plain(darker(cloth.color, 0.8)), relief=0.5),
            Stroke(buckle, (212, 190, 130), 0.007),
        ]
    seam = curve([(0.275, top + 0.02), (0.28, 0.42), (0.30, 0.60)], closed=False)
    stitched = kind == "zip"
    return [Stroke(seam, line, 0.006 if stitched else 0.004, dash=(0.006, 0.005) if stitched else None)]
