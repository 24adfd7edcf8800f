"""The body that garments are measured on, and the mannequin that wears them.

Garments are drawn on a standing figure that fills the unit square: these heights and half widths are
shared, so that a hem at the knee is at the knee of every garment and of the mannequin.
"""

from __future__ import annotations

from vision.demo.geometry import curve, ellipse, limb, mirror, symmetric
from vision.demo.scene import RGB, Part, Scene, plain

NECK = 0.115
SHOULDER = 0.14
UNDERARM = 0.222
WAIST = 0.345
HIP = 0.445
CROTCH = 0.505
KNEE = 0.685
ANKLE = 0.930

HEMS = {"mini": 0.555, "knee-length": 0.680, "midi": 0.800, "maxi": 0.925}
"""Height of the hem for each length."""

_SKIN: RGB = (241, 226, 208)


def mannequin(upper: bool = True, lower: bool = True, color: RGB = _SKIN) -> Scene:
    """Return the shapes of a headless mannequin; garments are drawn over it."""
    cloth = plain(color, sheen=0.3)
    scene: Scene = []
    if lower:
        leg = limb(
            [
                (0.548, 0.46, 0.052),
                (0.551, 0.58, 0.042),
                (0.550, KNEE, 0.030),
                (0.552, 0.77, 0.030),
                (0.546, ANKLE, 0.015),
            ]
        )
        foot = curve([(0.533, ANKLE - 0.005), (0.560, ANKLE - 0.005), (0.572, 0.965), (0.552, 0.975), (0.536, 0.962)])
        for outline in (leg, mirror(leg), foot, mirror(foot)):
            scene.append(Part(outline, cloth, relief=0.6))
    if upper:
        arm = limb([(0.602, 0.155, 0.026), (0.627, 0.26, 0.024), (0.643, 0.36, 0.019), (0.662, 0.47, 0.014)])
        hand = ellipse(0.668, 0.492, 0.014, 0.030, -0.25)
        for outline in (hand, mirror(hand), arm, mirror(arm)):
            scene.append(Part(outline, cloth, relief=0.6))
    torso = symmetric(
        [
            (0, 0.052),
            (0.032, 0.054),
            (0.032, 0.095),
            (0.060, 0.120),
            (0.108, 0.138),
            (0.120, 0.165),
            (0.092, 0.230),
            (0.078, WAIST),
            (0.104, HIP),
            (0.100, 0.480),
            (0, CROTCH),
        ]
    )
    if upper:
        scene.append(Part(torso, cloth, relief=0.7))
        scene.append(Part(ellipse(0.5, 0.053, 0.032, 0.011), plain((176, 148, 120)), relief=0.2))
    else:
        waist = symmetric(
            [
                (0, WAIST - 0.035, 1),
                (0.077, WAIST - 0.035, 1),
                (0.079, WAIST),
                (0.104, HIP),
                (0.100, 0.49),
                (0, CROTCH),
            ]
        )
        scene.append(Part(waist, cloth, relief=0.7))
        scene.append(Part(ellipse(0.5, WAIST - 0.035, 0.077, 0.014), plain((236, 222, 206)), relief=0.2))
    return scene
