"""Shirts: buttoned shirts, T-shirts, blouses and polo shirts."""

from __future__ import annotations

from random import Random

from vision.demo.figures.look import Look
from vision.demo.figures.mannequin import NECK, UNDERARM, WAIST, mannequin
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
from vision.demo.geometry import curve, rectangle, symmetric, zoom
from vision.demo.product import Product
from vision.demo.scene import Cloth, Fold, Part, Scene, Stroke, ink, moved

_SCALE = {"sleeveless": 1.74, "short": 1.68, "long": 1.5}


def shirt(product: Product, look: Look, rng: Random) -> Scene:
    """Draw a shirt, front view."""
    attributes, style, cloth = product.attributes, product.style, look.cloth
    wide = style in ("shirt", "T-shirt")
    shoulder, underarm = (0.128, 0.110) if wide else (0.118, 0.100)
    hem = rng.uniform(0.475, 0.50) if style == "shirt" else rng.uniform(0.445, 0.475)
    scene = mannequin(lower=False) if look.worn else back_of_neck(attributes.neckline, cloth)
    scene += sleeves(
        attributes.sleeve,
        cloth,
        shoulder,
        underarm,
        angle=14 if look.worn else rng.uniform(18, 28),
        ease={"shirt": 1.15, "T-shirt": 1.12, "blouse": rng.choice((1.1, 1.4)), "polo shirt": 1.1}[style],
        cuff=style in ("shirt", "blouse"),
        flare=rng.choice((0.9, 1.5)) if style == "blouse" else 1.0,
    )
    top = neck_rows(attributes.neckline) + shoulder_rows(attributes.sleeve, shoulder, underarm)
    scene.append(_body(style, top, underarm, hem, cloth, rng))
    scene += neck_trim(attributes.neckline, cloth, 0.007)
    if style == "shirt":
        scene += _button_front(hem, cloth, rng)
    elif style == "polo shirt":
        scene += placket(NECK + 0.04, 0.235, cloth, half=0.011)
        scene += [seam([(0.489, 0.235), (0.511, 0.235)], cloth)]
        scene += buttons(0.185, 0.218, 2, cloth, radius=0.0042)
        scene += collar(cloth, rng)
    elif style == "T-shirt":
        scene += _rib(attributes.neckline, cloth)
        scene.append(_hem_line(hem - 0.010, underarm, cloth))
    else:
        scene += _blouse_details(attributes.neckline, cloth, rng)
    return moved(scene, zoom(_SCALE[attributes.sleeve], (0.5, 0.305)), tiles=False)


def _body(style: str, top: list[Row], underarm: float, hem: float, cloth: Cloth, rng: Random) -> Part:
    """Return the trunk; a buttoned shirt has a curved tail, a blouse widens to the hem."""
    waist = underarm * {"shirt": 0.97, "T-shirt": 0.98, "blouse": rng.choice((0.86, 1.04)), "polo shirt": 0.95}[style]
    foot = underarm * {"shirt": 1.02, "T-shirt": 1.0, "blouse": rng.uniform(1.12, 1.32), "polo shirt": 1.0}[style]
    rows = [*top, (underarm + 0.001, UNDERARM + 0.035), (waist, WAIST), (foot * 0.99, hem - 0.05)]
    if style == "shirt":
        rows += [
            (foot, hem - 0.030),
            (foot * 0.86, hem - 0.012),
            (foot * 0.45, hem + 0.010),
            (0, hem + 0.014),
        ]
    else:
        dip = 0.016 if style == "blouse" else 0.006
        rows += [(foot, hem, 1), (foot * 0.5, hem + dip), (0, hem + dip * 1.2)]
    depth = 0.26 if style == "blouse" else 0.12
    return Part(
        symmetric(rows),
        cloth,
        relief=0.75,
        fold=Fold(rng.uniform(2.0, 4.0), depth, 0.1, seed=rng.getrandbits(16)),
    )


def _button_front(hem: float, cloth: Cloth, rng: Random) -> Scene:
    scene = placket(NECK + 0.05, hem + 0.010, cloth)
    scene += buttons(0.20, hem - 0.035, rng.choice((5, 6, 7)), cloth, radius=0.0046)
    if rng.random() < 0.65:
        pocket = curve([(0.535, 0.225, 1), (0.588, 0.225, 1), (0.588, 0.275, 1), (0.5615, 0.288, 1), (0.535, 0.275, 1)])
        scene.append(Part(pocket, cloth, relief=0.25, light=0.97, edge=0.66))
        scene.append(seam([(0.535, 0.236), (0.588, 0.236)], cloth, 0.0018))
    scene += collar(cloth, rng)
    return scene


def _rib(neckline: str, cloth: Cloth) -> Scene:
    """Return the second line of a T-shirt's ribbed neckband."""
    half = [
        (0.5 + row[0] * 1.16, row[1] + 0.009 * (1 if index == 0 else 0.4), *row[2:])
        for index, row in enumerate(neck_rows(neckline))
    ]
    line = curve([(1 - row[0], *row[1:]) for row in reversed(half)] + half[1:], closed=False)
    return [Stroke(line, ink(cloth.color), 0.0018)]


def _hem_line(y: float, half: float, cloth: Cloth) -> Stroke:
    return seam([(0.5 - half * 0.99, y), (0.5, y + 0.007), (0.5 + half * 0.99, y)], cloth, 0.0018)


def _blouse_details(neckline: str, cloth: Cloth, rng: Random) -> Scene:
    """Return gathers below the neckline, or a bow tied at it."""
    bottom = neck_rows(neckline)[0][1]
    if rng.random() < 0.45:
        knot = rectangle(0.489, bottom - 0.006, 0.511, bottom + 0.016, 0.006)
        scene: Scene = []
        for side in (-1, 1):
            loop = [
                (0.5, bottom + 0.004, 1),
                (0.5 + side * 0.035, bottom - 0.020),
                (0.5 + side * 0.058, bottom + 0.004),
                (0.5 + side * 0.034, bottom + 0.022),
            ]
            tail = [
                (0.5, bottom + 0.008, 1),
                (0.5 + side * 0.014, bottom + 0.010),
                (0.5 + side * 0.040, bottom + 0.095, 1),
                (0.5 + side * 0.016, bottom + 0.100, 1),
            ]
            scene += [Part(curve(rows), cloth, relief=0.5, light=0.95) for rows in (tail, loop)]
        return [*scene, Part(knot, cloth, relief=0.4, light=0.9)]
    return [
        seam([(0.5 + x, bottom + 0.012 + abs(x) * 0.1), (0.5 + x * 1.3, bottom + 0.055)], cloth, 0.002)
        for x in (-0.036, -0.018, 0.0, 0.018, 0.036)
    ]
