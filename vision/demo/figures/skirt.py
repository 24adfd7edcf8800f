"""Skirts: A-line, pencil, pleated and tiered."""

from __future__ import annotations

from random import Random

import numpy as np

from vision.demo.figures.look import Look
from vision.demo.figures.mannequin import HEMS, HIP, WAIST, mannequin
from vision.demo.figures.tailoring import buttons, seam
from vision.demo.geometry import Points, curve, ellipse, symmetric, zoom
from vision.demo.product import Product
from vision.demo.scene import Cloth, Fold, Part, Scene, moved, plain

_TOP = WAIST - 0.012
_HALF = 0.082


def skirt(product: Product, look: Look, rng: Random) -> Scene:
    """Draw a skirt, front view."""
    style, cloth = product.style, look.cloth
    hem = HEMS[product.attributes.length] + rng.uniform(-0.008, 0.008)
    scene = mannequin(upper=False) if look.worn else []
    if not look.worn:
        scene.append(Part(ellipse(0.5, _TOP + 0.002, _HALF, 0.011), plain(cloth.color), relief=0.1, light=0.55))
    draw = {"A-line": _a_line, "pencil": _pencil, "pleated": _pleated, "tiered": _tiered}[style]
    scene += draw(hem, cloth, rng)
    scene.append(_waistband(cloth))
    # A short skirt on its own is moved towards the middle, but kept at its scale: that shows its length.
    middle = 0.635 if look.worn else 0.635 - 0.75 * (0.945 - hem) / 2
    return moved(scene, zoom(1.46, (0.5, middle)), tiles=False)


def _outline(hem: float, hip: float, foot: float, dip: float) -> Points:
    return symmetric(
        [
            (0, _TOP, 1),
            (_HALF, _TOP, 1),
            (hip, HIP - 0.02),
            ((hip + foot) / 2, (HIP + hem) / 2),
            (foot, hem - dip * 0.4, 1),
            (foot * 0.55, hem + dip),
            (0, hem + dip * 1.4),
        ]
    )


def _waistband(cloth: Cloth) -> Part:
    band = curve(
        [
            (0.5 - _HALF - 0.001, _TOP, 1),
            (0.5, _TOP + 0.010),
            (0.5 + _HALF + 0.001, _TOP, 1),
            (0.5 + _HALF + 0.005, _TOP + 0.024, 1),
            (0.5, _TOP + 0.035),
            (0.5 - _HALF - 0.005, _TOP + 0.024, 1),
        ]
    )
    return Part(band, cloth, relief=0.3, light=0.96)


def _a_line(hem: float, cloth: Cloth, rng: Random) -> Scene:
    drop = hem - WAIST
    foot = 0.10 + rng.uniform(0.24, 0.36) * drop
    fold = Fold(rng.uniform(3, 5), 0.24, 0.02, seed=rng.getrandbits(16))
    scene: Scene = [Part(_outline(hem, 0.112, foot, 0.014), cloth, relief=0.7, fold=fold)]
    if rng.random() < 0.45:
        scene.append(seam([(0.5, _TOP + 0.03), (0.5, hem + 0.016)], cloth))
        scene += buttons(_TOP + 0.055, hem - 0.03, max(round(drop * 18), 4), cloth, radius=0.006)
    else:
        for side in (-1, 1):
            scene.append(seam([(0.5 + side * 0.070, 0.385), (0.5 + side * 0.098, 0.43)], cloth))
    return scene


def _pencil(hem: float, cloth: Cloth, rng: Random) -> Scene:
    foot = 0.108 - 0.05 * (hem - HIP)
    scene: Scene = [
        Part(
            _outline(hem, 0.112, foot, 0.006),
            cloth,
            relief=0.85,
            fold=Fold(2, 0.10, 0.2, seed=rng.getrandbits(16)),
        )
    ]
    for side in (-1, 1):
        scene.append(seam([(0.5 + side * 0.042, _TOP + 0.034), (0.5 + side * 0.047, 0.40)], cloth))
    x = 0.5 + rng.choice((-0.045, 0.045))
    scene.append(seam([(x, hem - 0.09), (x + 0.002, hem + 0.006)], cloth, 0.005))
    return scene


def _pleated(hem: float, cloth: Cloth, rng: Random) -> Scene:
    """Return knife pleats from the waistband to a zigzag hem."""
    foot = 0.115 + rng.uniform(0.22, 0.34) * (hem - WAIST)
    count = rng.choice((9, 11, 13))
    share = np.linspace(1, -1, count * 2 + 1)
    zigzag = [(0.5 + s * foot, hem - 0.022 * s * s + (0.012 if i % 2 else 0.0), 1) for i, s in enumerate(share)]
    outline = curve(
        [
            (0.5 - _HALF, _TOP, 1),
            (0.5 + _HALF, _TOP, 1),
            (0.5 + 0.112, HIP - 0.02),
            *zigzag,
            (0.5 - 0.112, HIP - 0.02),
        ]
    )
    scene: Scene = [Part(outline, cloth, relief=0.55, fold=Fold(count, 0.30, 0.75, crisp=True))]
    for s in share[2:-1:2]:
        line = [
            (0.5 + s * _HALF, _TOP + 0.03),
            (0.5 + s * 0.108, HIP - 0.02),
            (0.5 + s * foot, hem - 0.022 * s * s),
        ]
        scene.append(seam(line, cloth, 0.0022))
    return scene


def _tiered(hem: float, cloth: Cloth, rng: Random) -> Scene:
    """Return gathered tiers, each wider than the one above; the lowest is drawn first."""
    count = 3 if hem > 0.7 else 2
    bounds = np.linspace(_TOP, hem, count + 1)
    widths = np.linspace(0.10, 0.125 + rng.uniform(0.16, 0.24) * (hem - WAIST), count + 1)
    scene: Scene = []
    for tier in reversed(range(count)):
        top, low = bounds[tier], bounds[tier + 1]
        start = _HALF if tier == 0 else widths[tier] * 0.97
        end = widths[tier + 1] + 0.012
        rows = [
            (0, top - 0.004, 1),
            (start, top - 0.004, 1),
            ((start + end) / 2 + 0.010, (top + low) / 2),
            (end, low + 0.002, 1),
            (end * 0.5, low + 0.014),
            (0, low + 0.018),
        ]
        fold = Fold(rng.uniform(5, 8), 0.30, 0.55, seed=rng.getrandbits(16))
        scene.append(Part(symmetric(rows), cloth, relief=0.6, fold=fold, edge=0.55))
    return scene
