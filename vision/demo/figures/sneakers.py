"""Sneakers, low and high."""

from __future__ import annotations

from random import Random

import numpy as np

from vision.demo.figures.sole import GROUND, LINING, RUBBER
from vision.demo.geometry import curve, limb
from vision.demo.scene import RGB, Cloth, Part, Scene, Stroke, darker, luminance, mix, plain


def sneaker(cloth: Cloth, rng: Random) -> Scene:
    """Draw one sneaker."""
    sole_color = rng.choice((RUBBER, RUBBER, (226, 198, 156), darker(cloth.color, 0.7)))
    thick = rng.uniform(0.05, 0.072)
    high = rng.random() < 0.25
    rise = 0.10 if high else 0.0
    upper = curve(
        [
            (0.130, GROUND - 0.03, 1),
            (0.118, 0.58),
            (0.140, 0.455 - rise, 1),
            (0.190, 0.440 - rise),
            (0.270, 0.470 - rise),
            (0.350, 0.430 - rise),
            (0.395, 0.375 - rise, 1),
            (0.450, 0.395 - rise * 0.9, 1),
            (0.600, 0.510),
            (0.740, 0.565),
            (0.860, 0.610),
            (0.892, 0.665),
            (0.885, GROUND - 0.03, 1),
        ]
    )
    inside = curve(
        [
            (0.14, 0.46 - rise, 1),
            (0.24, 0.435 - rise),
            (0.395, 0.378 - rise, 1),
            (0.35, 0.44 - rise),
            (0.27, 0.48 - rise),
        ]
    )
    sole = curve(
        [
            (0.112, GROUND - thick, 1),
            (0.50, GROUND - thick + 0.012),
            (0.800, GROUND - thick + 0.006),
            (0.905, GROUND - thick - 0.012, 1),
            (0.905, GROUND - 0.022),
            (0.870, GROUND, 1),
            (0.130, GROUND, 1),
            (0.108, GROUND - 0.018),
        ]
    )
    scene: Scene = [
        Part(inside, plain(darker(LINING, 0.8)), relief=0.2),
        Part(upper, cloth, relief=0.8),
        *_laces(rise, cloth),
        *_sneaker_panels(cloth, rise, rng),
        Part(sole, plain(sole_color), relief=0.35),
    ]
    groove = curve(
        [(0.118, GROUND - thick * 0.45), (0.5, GROUND - thick * 0.40), (0.9, GROUND - thick * 0.55)],
        closed=False,
    )
    scene.append(Stroke(groove, darker(sole_color, 0.8), 0.004))
    return scene


def _laces(rise: float, cloth: Cloth) -> Scene:
    """Return the tongue's edge, eyelets and criss-crossing laces along the instep."""
    color: RGB = RUBBER if luminance(cloth.color) < 200 else (120, 124, 132)
    start, end = np.array([0.432, 0.418 - rise]), np.array([0.62, 0.545])
    scene: Scene = []
    for share in np.linspace(0.05, 0.92, 5 if rise == 0 else 6):
        x, y = start + (end - start) * share
        lace = limb([(x - 0.038, y + 0.040, 0.008), (x + 0.004, y + 0.004, 0.009), (x + 0.014, y - 0.010, 0.008)])
        scene.append(Part(lace, plain(color), relief=0.5))
    return scene


def _sneaker_panels(cloth: Cloth, rise: float, rng: Random) -> Scene:
    """Return a toe cap, a heel tab and a band or two on the side, in a second colour."""
    second = RUBBER if luminance(cloth.color) < 190 else rng.choice(((42, 60, 110), (34, 34, 38), (196, 52, 52)))
    heel = curve([(0.120, 0.60, 1), (0.138, 0.452 - rise, 1), (0.190, 0.440 - rise, 1), (0.205, 0.52), (0.20, 0.62, 1)])
    scene: Scene = [Part(heel, plain(mix(cloth.color, second, 0.75)), relief=0.5)]
    if rng.random() < 0.6:
        toe = curve(
            [
                (0.755, 0.568, 1),
                (0.86, 0.610),
                (0.893, 0.665),
                (0.886, 0.69, 1),
                (0.735, 0.69, 1),
                (0.730, 0.62),
            ]
        )
        scene.append(Part(toe, plain(second), relief=0.6))
    if rng.random() < 0.7:
        for shift in (0.0, 0.06, 0.12)[: rng.choice((1, 2, 3))]:
            band = curve(
                [
                    (0.345 + shift, 0.655, 1),
                    (0.415 + shift, 0.515 + shift * 0.25, 1),
                    (0.445 + shift, 0.53 + shift * 0.25, 1),
                    (0.385 + shift, 0.66, 1),
                ]
            )
            scene.append(Part(band, plain(second), relief=0.2))
    return scene
