"""Beds, single and double, made up with pillows and a blanket."""

from __future__ import annotations

from dataclasses import replace
from random import Random

import numpy as np

from vision.demo.figures.look import Look
from vision.demo.product import Product
from vision.demo.scene import RGB, Cloth, Scene, lighter, plain
from vision.demo.solids import Camera, Solid, assemble, bar, box, grounded

_LINEN: RGB = (246, 244, 240)
_WOODS: tuple[RGB, ...] = ((186, 138, 92), (116, 76, 50), (232, 226, 214))


def bed(product: Product, look: Look, rng: Random) -> Scene:
    """Draw a bed in three-quarter view from its foot; the colour is the blanket's and the upholstery's."""
    material = product.attributes.material
    camera = replace(look.camera, pitch=look.camera.pitch + 5, distance=8.5)
    wood = material in ("oak", "walnut")
    frame = plain(_WOODS[1] if material == "walnut" else rng.choice((_WOODS[0], _WOODS[0], _WOODS[2])), 0.15)
    upholstery = plain(look.cloth.color, look.cloth.sheen) if not wood else frame
    width = 1.0 if product.style == "single bed" else rng.uniform(1.6, 1.8)
    return assemble(_bed(camera, look.cloth, upholstery, wood, width, rng), margin=0.06)


def _bed(camera: Camera, cloth: Cloth, frame: Cloth, wood: bool, width: float, rng: Random) -> list[Solid]:
    half, length = width / 2, 2.0
    top = rng.uniform(0.95, 1.25)
    solids = [grounded(camera, (-half - 0.05, half + 0.05, -1.0, 1.0))]
    for x in (-1, 1):
        for z in (-1, 1):
            foot = (x * (half - 0.03), 0, z * 0.94)
            solids.append(bar(camera, foot, (foot[0], 0.18, foot[2]), (0.05, 0.07), plain((70, 52, 40))))
    solids += _headboard(camera, frame, wood, width, top, rng)
    solids.append(
        box(
            camera,
            (0, 0.25, 0),
            (width + 0.08, 0.20, length + 0.08),
            frame,
            0.0 if wood else 0.04,
            0.2,
            bias=0.1,
        )
    )
    solids.append(box(camera, (0, 0.44, 0), (width, 0.20, length - 0.02), plain(_LINEN), 0.06, 0.3, bias=0.3))
    cover = rng.uniform(1.25, 1.5)
    middle = length / 2 - cover / 2 + 0.03
    solids.append(box(camera, (0, 0.43, middle), (width + 0.07, 0.30, cover), cloth, 0.07, 0.4, bias=0.6))
    if rng.random() < 0.6:
        sheet = plain(_LINEN)
        solids.append(
            box(
                camera,
                (0, 0.585, middle - cover / 2 + 0.10),
                (width + 0.06, 0.03, 0.24),
                sheet,
                0.03,
                0.3,
                bias=2.0,
            )
        )
    if rng.random() < 0.18:
        throw = plain(rng.choice(((196, 150, 80), (120, 132, 138), (150, 80, 66), (222, 212, 196))))
        solids.append(
            box(camera, (0, 0.445, length / 2 - 0.34), (width + 0.10, 0.31, 0.18), throw, 0.06, 0.3, bias=3.0)
        )
    return solids + _pillows(camera, cloth, width, rng)


def _headboard(camera: Camera, frame: Cloth, wood: bool, width: float, top: float, rng: Random) -> list[Solid]:
    z = -1.06
    kind = rng.choice(("panel", "slats") if wood else ("panel", "channels", "wings"))
    if kind == "slats":
        solids = [box(camera, (0, top - 0.06, z), (width + 0.12, 0.12, 0.06), frame, soft=0.1, bias=-0.2)]
        for x in np.linspace(-width / 2, width / 2, 9 if width > 1.2 else 6):
            solids.append(box(camera, (float(x), top / 2, z), (0.06, top - 0.10, 0.05), frame, soft=0.1, bias=-0.3))
        return solids
    if kind == "channels":
        count = 8 if width > 1.2 else 5
        each = (width + 0.10) / count
        return [
            box(
                camera,
                ((i - (count - 1) / 2) * each, top / 2 + 0.08, z),
                (each, top - 0.14, 0.12),
                frame,
                0.05,
                0.6,
                bias=-0.3,
            )
            for i in range(count)
        ]
    solids = [
        box(
            camera,
            (0, top / 2 + 0.06, z),
            (width + 0.10, top - 0.12, 0.10),
            frame,
            0.0 if wood else 0.07,
            0.35,
            bias=-0.3,
        )
    ]
    if kind == "wings":
        for x in (-1, 1):
            solids.append(
                box(
                    camera,
                    (x * (width / 2 + 0.08), top / 2 + 0.06, z + 0.12),
                    (0.07, top - 0.12, 0.30),
                    frame,
                    0.03,
                    0.3,
                    bias=-0.25,
                )
            )
    return solids


def _pillows(camera: Camera, cloth: Cloth, width: float, rng: Random) -> list[Solid]:
    """Return white pillows and, before them, sometimes cushions in the blanket's cloth."""
    places = (-0.25, 0.25) if width > 1.2 else (0.0,)
    solids = []
    for place in places:
        x = place * width
        solids.append(box(camera, (x, 0.72, -0.84), (0.70, 0.40, 0.16), plain(_LINEN), 0.13, 0.6, bias=0.2, lean=0.12))
    if rng.random() < 0.6:
        cushion = cloth if rng.random() < 0.6 else plain(lighter(cloth.color, 0.45))
        for place in places:
            x = place * width * 0.8
            solids.append(box(camera, (x, 0.69, -0.66), (0.46, 0.32, 0.14), cushion, 0.11, 0.7, bias=0.4, lean=0.12))
    return solids
