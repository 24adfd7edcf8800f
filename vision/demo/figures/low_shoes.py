"""Heels, sandals and loafers."""

from __future__ import annotations

from random import Random

import numpy as np

from vision.demo.figures.sole import GROUND, LINING
from vision.demo.geometry import curve, ellipse, limb
from vision.demo.scene import RGB, Cloth, Part, Scene, Stroke, darker, ink, plain


def heel(cloth: Cloth, rng: Random) -> Scene:
    """Draw one pump, on a stiletto or a block heel."""
    block = rng.random() < 0.35
    foot = (0.190, 0.290) if block else (0.200, 0.226)
    upper = curve(
        [
            (0.175, 0.290, 1),
            (0.260, 0.375),
            (0.370, 0.478),
            (0.495, 0.548),
            (0.605, 0.545, 1),
            (0.730, 0.612),
            (0.915, 0.698, 1),
            (0.880, 0.715),
            (0.670, 0.717),
            (0.530, 0.660),
            (0.410, 0.545),
            (0.310, 0.462, 1),
            (foot[1], GROUND, 1),
            (foot[0], GROUND, 1),
            (0.176, 0.580),
            (0.138, 0.440),
            (0.150, 0.350),
        ]
    )
    lining = curve([(0.177, 0.290, 1), (0.31, 0.378), (0.46, 0.482), (0.605, 0.547, 1), (0.50, 0.560), (0.34, 0.470)])
    sole = curve([(0.310, 0.463), (0.41, 0.548), (0.53, 0.663), (0.67, 0.719), (0.88, 0.717)], closed=False)
    scene: Scene = [
        Part(lining, plain(LINING), relief=0.2),
        Part(upper, cloth, relief=0.8),
        Stroke(sole, darker(cloth.color, 0.45), 0.008),
    ]
    return scene


def sandal(cloth: Cloth, rng: Random) -> Scene:
    """Draw one open sandal: a broad band over the toes, a bar up the instep and a strap around the ankle."""
    thick = rng.uniform(0.045, 0.08)
    cork: RGB = rng.choice(((206, 168, 120), (150, 104, 70), (236, 226, 208)))
    top = GROUND - thick
    sole = curve(
        [
            (0.130, top, 1),
            (0.40, top + 0.012),
            (0.70, top + 0.008),
            (0.885, top - 0.010, 1),
            (0.895, top + 0.02),
            (0.865, GROUND, 1),
            (0.145, GROUND, 1),
            (0.122, top + 0.03),
        ]
    )
    bed = curve(
        [
            (0.130, top, 1),
            (0.22, top - 0.026),
            (0.50, top - 0.016),
            (0.78, top - 0.030),
            (0.885, top - 0.010, 1),
            (0.70, top + 0.010),
            (0.40, top + 0.014),
        ]
    )
    ring = ellipse(0.272, 0.455, 0.122, 0.046, 0.10)
    riser = limb([(0.195, top + 0.012, 0.024), (0.172, 0.55, 0.021), (0.180, 0.46, 0.019)])
    far = limb([(0.250, top - 0.016, 0.018), (0.215, 0.55, 0.016), (0.205, 0.46, 0.015)])
    scene: Scene = [
        Part(far, cloth, relief=0.4, light=0.75),
        Part(bed, plain(darker(cork, 0.86)), relief=0.2),
        Part(ring, cloth, relief=0.6, holes=(ellipse(0.274, 0.446, 0.104, 0.024, 0.10),)),
        Part(riser, cloth, relief=0.7),
        Part(sole, plain(cork), relief=0.4),
    ]
    high = rng.uniform(0.115, 0.140)
    instep = limb([(0.640, top - high * 0.85, 0.020), (0.520, top - 0.150, 0.018), (0.385, 0.475, 0.018)])
    open_toe = ellipse(0.822, top - 0.040, 0.026, 0.046, -0.5)
    band = curve(
        [
            (0.520, top + 0.020, 1),
            (0.560, top - high * 0.62),
            (0.645, top - high),
            (0.760, top - high * 0.82),
            (0.815, top - 0.086, 1),
            (0.800, top - 0.03),
            (0.815, top + 0.016, 1),
        ]
    )
    scene += [
        Part(instep, cloth, relief=0.6),
        Part(open_toe, cloth, relief=0.2, light=0.55),
        Part(band, cloth, relief=0.85),
    ]
    for share in (0.35, 0.68):
        x = 0.52 + 0.29 * share
        slit = curve([(x, top - 0.018), (x + 0.020, top - high * 0.62)], closed=False)
        scene.append(Stroke(slit, darker(cork, 0.5), 0.010))
    buckle = np.array([(0.250, 0.470), (0.292, 0.474), (0.292, 0.506), (0.250, 0.502), (0.250, 0.470)])
    return [*scene, Stroke(buckle, (212, 190, 130), 0.007)]


def loafer(cloth: Cloth, rng: Random) -> Scene:
    """Draw one loafer with a bit or a tassel."""
    upper = curve(
        [
            (0.128, GROUND - 0.04, 1),
            (0.118, 0.60),
            (0.145, 0.500, 1),
            (0.260, 0.545),
            (0.390, 0.530),
            (0.475, 0.470, 1),
            (0.560, 0.500),
            (0.720, 0.560),
            (0.850, 0.612),
            (0.882, 0.670),
            (0.872, GROUND - 0.03, 1),
        ]
    )
    inside = curve([(0.145, 0.50, 1), (0.30, 0.480), (0.475, 0.470, 1), (0.39, 0.54), (0.26, 0.555)])
    sole = curve(
        [
            (0.118, GROUND - 0.045, 1),
            (0.5, GROUND - 0.034),
            (0.885, GROUND - 0.040, 1),
            (0.880, GROUND - 0.010, 1),
            (0.40, GROUND - 0.014, 1),
            (0.36, GROUND, 1),
            (0.125, GROUND, 1),
        ]
    )
    apron = curve([(0.555, 0.500), (0.66, 0.560), (0.78, 0.592), (0.845, 0.625)], closed=False)
    saddle = curve([(0.440, 0.640, 1), (0.475, 0.505, 1), (0.520, 0.484, 1), (0.585, 0.512, 1), (0.575, 0.660, 1)])
    scene: Scene = [
        Part(inside, plain(LINING), relief=0.2),
        Part(sole, plain(rng.choice(((46, 36, 32), (112, 76, 48)))), relief=0.3),
        Part(upper, cloth, relief=0.85),
        Stroke(apron, ink(cloth.color), 0.006),
        Part(saddle, plain(darker(cloth.color, 0.86)), relief=0.4),
    ]
    if rng.random() < 0.5:
        scene.append(Part(ellipse(0.525, 0.565, 0.034, 0.014, 0.4), plain((214, 188, 120), 0.6), relief=0.5))
    else:
        for turn in (0.3, 0.9):
            end = (0.555 + 0.06 * np.cos(turn), 0.53 + 0.07 * np.sin(turn))
            scene.append(
                Part(limb([(0.545, 0.52, 0.006), (*end, 0.013)]), plain(darker(cloth.color, 0.75)), relief=0.4)
            )
    return scene
