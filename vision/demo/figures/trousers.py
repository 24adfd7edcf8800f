"""Trousers: straight, wide-leg, skinny and jeans."""

from __future__ import annotations

from random import Random

from vision.demo.figures.look import Look
from vision.demo.figures.mannequin import ANKLE, CROTCH, HIP, WAIST, mannequin
from vision.demo.figures.tailoring import seam
from vision.demo.geometry import Points, curve, ellipse, mirror, symmetric, zoom
from vision.demo.product import Product
from vision.demo.scene import RGB, Cloth, Fold, Part, Scene, Shadow, Stroke, moved, plain

_TOP = WAIST - 0.015
_HALF = 0.086
_THREAD: RGB = (206, 140, 66)


def trousers(product: Product, look: Look, rng: Random) -> Scene:
    """Draw trousers, front view."""
    style, cloth = product.style, look.cloth
    hem = ANKLE - rng.choice((0.0, 0.0, 0.0, 0.07))
    scene = mannequin(upper=False) if look.worn else []
    if not look.worn:
        scene.append(Part(ellipse(0.5, _TOP + 0.002, _HALF, 0.012), plain(cloth.color), relief=0.1, light=0.55))
    leg = _leg(style, hem, rng)
    fold = Fold(1.6, 0.16 if style != "wide-leg" else 0.28, 0.1, seed=rng.getrandbits(16))
    # The left leg first: the right one laps over it at the crotch.
    scene += [Part(mirror(leg), cloth, relief=0.8, fold=fold), Part(leg, cloth, relief=0.8, fold=fold)]
    scene.append(Part(_seat(), cloth, relief=0.35, edge=None))
    scene.append(Shadow(ellipse(0.5, CROTCH + 0.05, 0.012, 0.07), 0.30, 0.012))
    scene += _waistband(style, cloth, rng)
    scene += _details(style, hem, cloth, rng)
    return moved(scene, zoom(1.42, (0.5, 0.635)), tiles=False)


def _leg(style: str, hem: float, rng: Random) -> Points:
    """Return the right leg with half of the seat."""
    knee_in, knee_out, foot_in, foot_out, hip = {
        "straight": (0.018, 0.112, 0.024, 0.108, 0.112),
        "wide-leg": (0.012, 0.142, 0.016, 0.180 + rng.uniform(0.0, 0.03), 0.118),
        "skinny": (0.022, 0.092, 0.034, 0.076, 0.110),
        "jeans": (0.018, 0.106, 0.024, 0.100, 0.112),
    }[style]
    rows = [
        (0.497, _TOP, 1),
        (0.5 + _HALF, _TOP, 1),
        (0.5 + hip * 0.96, 0.405),
        (0.5 + hip, HIP + 0.02),
        (0.5 + (knee_out + hip) / 2, 0.57),
        (0.5 + knee_out, 0.685),
        (0.5 + foot_out, hem, 1),
        (0.5 + (foot_in + foot_out) / 2, hem + 0.007),
        (0.5 + foot_in, hem, 1),
        (0.5 + knee_in, 0.685),
        (0.506, CROTCH + 0.04),
        (0.497, CROTCH, 1),
    ]
    return curve(rows)


def _seat() -> Points:
    """Return a patch over the middle that hides the seam between the legs above the crotch."""
    return symmetric([(0, _TOP, 1), (0.030, _TOP, 1), (0.034, HIP), (0, CROTCH - 0.004, 1)])


def _waistband(style: str, cloth: Cloth, rng: Random) -> Scene:
    band = curve(
        [
            (0.5 - _HALF - 0.001, _TOP, 1),
            (0.5, _TOP + 0.012),
            (0.5 + _HALF + 0.001, _TOP, 1),
            (0.5 + _HALF + 0.004, _TOP + 0.026, 1),
            (0.5, _TOP + 0.039),
            (0.5 - _HALF - 0.004, _TOP + 0.026, 1),
        ]
    )
    scene: Scene = [Part(band, cloth, relief=0.3, light=0.97)]
    belt = rng.random() < 0.22
    if belt:
        scene.append(Part(band, plain(rng.choice(((82, 52, 34), (34, 32, 34))), 0.35), relief=0.4))
    for x in (-0.06, -0.025, 0.025, 0.06):
        lift = 0.012 * (1 - (x / _HALF) ** 2)
        loop = curve(
            [
                (0.5 + x - 0.0035, _TOP + lift, 1),
                (0.5 + x + 0.0035, _TOP + lift, 1),
                (0.5 + x + 0.0035, _TOP + lift + 0.03, 1),
                (0.5 + x - 0.0035, _TOP + lift + 0.03, 1),
            ]
        )
        scene.append(Part(loop, cloth, relief=0.1, light=0.92))
    metal: RGB = (206, 182, 124) if belt or style == "jeans" else (236, 232, 224)
    scene.append(Part(ellipse(0.5, _TOP + 0.026, 0.0075, 0.0075, steps=16), plain(metal), relief=0.3))
    return scene


def _details(style: str, hem: float, cloth: Cloth, rng: Random) -> Scene:
    """Return the fly, the pockets, and creases or contrast stitching."""
    low = _TOP + 0.040
    fly = [(0.518, low), (0.519, 0.43), (0.512, 0.462), (0.501, 0.474)]
    scene: Scene = [seam([(0.5, low), (0.5, CROTCH)], cloth, 0.0026)]
    stitched = style == "jeans"
    lines = [fly]
    for side in (-1, 1):
        pocket = [(0.5 + side * 0.040, low - 0.003), (0.5 + side * 0.055, 0.412), (0.5 + side * 0.104, 0.425)]
        scene.append(seam(pocket, cloth, 0.003))
        lines.append([(x, y + 0.006) for x, y in pocket])
        if stitched:
            outer = 0.096
            lines.append(
                [
                    (0.5 + side * outer, 0.46),
                    (0.5 + side * outer * 0.94, 0.70),
                    (0.5 + side * 0.092, hem - 0.02),
                ]
            )
            lines.append([(0.5 + side * 0.028, hem - 0.014), (0.5 + side * 0.096, hem - 0.014)])
        elif style in ("straight", "wide-leg"):
            middle = 0.066 if style == "straight" else 0.092
            scene.append(
                seam(
                    [
                        (0.5 + side * 0.058, 0.42),
                        (0.5 + side * 0.063, 0.62),
                        (0.5 + side * middle, hem - 0.004),
                    ],
                    cloth,
                    0.003,
                )
            )
    if stitched:
        scene += [Stroke(curve(line, closed=False), _THREAD, 0.0022, dash=(0.006, 0.003)) for line in lines]
    else:
        scene.append(seam(fly, cloth, 0.002))
    return scene
