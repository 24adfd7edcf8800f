"""Dresses: A-line, sheath, skater, shift and wrap."""

from __future__ import annotations

from random import Random

import numpy as np

from vision.demo.figures.look import Look
from vision.demo.figures.mannequin import HEMS, HIP, WAIST, mannequin
from vision.demo.figures.tailoring import (
    Row,
    back_of_neck,
    buttons,
    collar,
    neck_rows,
    neck_trim,
    placket,
    seam,
    shoulder_rows,
    sleeves,
)
from vision.demo.geometry import curve, symmetric, zoom
from vision.demo.product import Product
from vision.demo.scene import Cloth, Fold, Part, Scene, Stroke, ink, moved, plain

_UNDERARM = 0.094
_SCALE = {"mini": 1.38, "knee-length": 1.24, "midi": 1.12, "maxi": 1.0}
"""Short dresses are shown larger, but not so much that they would pass for long ones."""


def dress(product: Product, look: Look, rng: Random) -> Scene:
    """Draw a dress, front view."""
    attributes = product.attributes
    cloth, style, hem = look.cloth, product.style, HEMS[attributes.length] + rng.uniform(-0.008, 0.008)
    shoulder = 0.112
    scene = mannequin() if look.worn else []
    if not look.worn:
        scene += back_of_neck(attributes.neckline, cloth)
    scene += sleeves(
        attributes.sleeve,
        cloth,
        shoulder,
        _UNDERARM,
        angle=13 if look.worn else rng.uniform(15, 24),
        ease=rng.choice((0.92, 1.0, 1.22)),
        flare=rng.choice((0.8, 1.0, 1.7)),
    )
    top = neck_rows(attributes.neckline) + shoulder_rows(
        attributes.sleeve, shoulder, _UNDERARM, strap=style in ("skater", "A-line") and rng.random() < 0.5
    )
    scene += _skater(top, hem, cloth, rng) if style == "skater" else _one_piece(style, top, hem, cloth, rng)
    scene += neck_trim(attributes.neckline, cloth)
    if style == "wrap":
        scene += _wrap_details(hem, cloth, rng)
    elif style != "skater" and rng.random() < 0.4:
        scene += _belt(cloth, rng, half=0.104 if style == "shift" else 0.084)
    if attributes.neckline == "collar":
        scene += placket(0.15, WAIST - 0.01, cloth)
        scene += buttons(0.18, WAIST - 0.025, 5, cloth, radius=0.0048)
        scene += collar(cloth, rng)
    low = 0.97 if look.worn else hem
    scale = 0.98 if look.worn else _SCALE[attributes.length]
    return moved(scene, zoom(scale, (0.5, (0.10 + low) / 2)), tiles=False)


def _one_piece(style: str, top: list[Row], hem: float, cloth: Cloth, rng: Random) -> Scene:
    """Return the body of a dress that is cut in one from shoulder to hem."""
    drop = hem - HIP
    waist, hip, foot = {
        "A-line": (0.080, 0.118 + 0.01 * rng.random(), 0.128 + rng.uniform(0.20, 0.30) * drop),
        "sheath": (0.078, 0.106, 0.100 - 0.04 * drop),
        "shift": (0.098, 0.114, 0.122 + 0.08 * drop),
        "wrap": (0.076, 0.112, 0.120 + 0.16 * drop),
    }[style]
    dip = 0.010 if style in ("sheath", "shift") else 0.018
    rows = [
        *top,
        (_UNDERARM + 0.004, 0.262),
        (waist, WAIST),
        (hip, HIP),
        (0.5 * (hip + foot), (HIP + hem) / 2),
        (foot, hem, 1),
        (foot * 0.5, hem + dip),
        (0, hem + dip * 1.25),
    ]
    soft = style in ("A-line", "wrap")
    fold = Fold(rng.uniform(3.0, 5.0) if soft else 2.0, 0.26 if soft else 0.12, 0.05, seed=rng.getrandbits(16))
    scene: Scene = [Part(symmetric(rows), cloth, relief=0.75, fold=fold)]
    for side in (-1, 1):
        dart = [(0.5 + side * 0.088, 0.285), (0.5 + side * 0.05, 0.268)]
        scene.append(seam(dart, cloth, 0.0022))
    return scene


def _skater(top: list[Row], hem: float, cloth: Cloth, rng: Random) -> Scene:
    """Return a fitted bodice and a full skirt that swings out from the waist."""
    line = WAIST - 0.012
    width = 0.12 + rng.uniform(0.36, 0.46) * (hem - WAIST)
    skirt = symmetric(
        [
            (0, line, 1),
            (0.077, line, 1),
            (0.125, line + 0.28 * (hem - line)),
            (width, hem - 0.01, 1),
            (width * 0.62, hem + 0.016),
            (0, hem + 0.028),
        ]
    )
    bodice = symmetric([*top, (_UNDERARM + 0.002, 0.262), (0.0775, line, 1), (0, line + 0.004)])
    fold = Fold(rng.uniform(4.0, 7.0), 0.36, 0.25, crisp=rng.random() < 0.35, seed=rng.getrandbits(16))
    scene: Scene = [Part(skirt, cloth, relief=0.6, fold=fold), Part(bodice, cloth, relief=0.8)]
    if rng.random() < 0.6:
        scene += _belt(cloth, rng, half=0.080, y=line)
    return scene


def _belt(cloth: Cloth, rng: Random, half: float, y: float = WAIST) -> Scene:
    """Return a narrow belt, of the cloth's own colour or of leather."""
    color = rng.choice((ink(cloth.color), (92, 58, 36), (30, 28, 30)))
    band = curve(
        [
            (0.5 - half, y - 0.009, 1),
            (0.5, y - 0.005),
            (0.5 + half, y - 0.009, 1),
            (0.5 + half, y + 0.009, 1),
            (0.5, y + 0.014),
            (0.5 - half, y + 0.009, 1),
        ]
    )
    buckle = np.array([(0.49, y - 0.008), (0.512, y - 0.008), (0.512, y + 0.017), (0.49, y + 0.017), (0.49, y - 0.008)])
    return [Part(band, plain(color, 0.3), relief=0.5), Stroke(buckle, (206, 180, 118), 0.004)]


def _wrap_details(hem: float, cloth: Cloth, rng: Random) -> Scene:
    """Return the crossing front, the tie at the waist and the open edge of the skirt."""
    scene: Scene = [
        seam([(0.5, 0.233), (0.462, 0.30), (0.428, WAIST)], cloth, 0.0042),
        seam([(0.44, WAIST + 0.01), (0.47, (WAIST + hem) / 2), (0.535, hem + 0.012)], cloth, 0.0042),
    ]
    scene += _belt(cloth, rng, half=0.079)[:1]
    for reach, drop in ((-0.012, 0.10), (0.022, 0.085)):
        x = 0.432
        tail = curve(
            [
                (x, WAIST, 1),
                (x + reach - 0.012, WAIST + drop, 1),
                (x + reach + 0.008, WAIST + drop + 0.006, 1),
                (x + 0.012, WAIST, 1),
            ]
        )
        scene.append(Part(tail, cloth, relief=0.4, light=0.9))
    return scene
