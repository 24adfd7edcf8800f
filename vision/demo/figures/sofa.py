"""Sofas with two or three seats, and corner sofas."""

from __future__ import annotations

from dataclasses import replace
from random import Random

import numpy as np

from vision.demo.figures.look import Look
from vision.demo.geometry import ellipse
from vision.demo.product import Product
from vision.demo.scene import RGB, Cloth, Part, Scene, Shape, plain
from vision.demo.solids import Camera, Solid, assemble, bar, box, grounded

_PILLOWS: tuple[RGB, ...] = ((236, 228, 212), (214, 164, 72), (96, 124, 130), (176, 84, 70), (60, 66, 84))


def sofa(product: Product, look: Look, rng: Random) -> Scene:
    """Draw a sofa in three-quarter view."""
    seats = 2 if product.style == "two-seater" else 3
    camera = replace(look.camera, yaw=look.camera.yaw * 0.8, distance=8.0)
    return assemble(_sofa(camera, look.cloth, seats, product.style == "corner sofa", rng), margin=0.06)


def _sofa(camera: Camera, cloth: Cloth, seats: int, corner: bool, rng: Random) -> list[Solid]:
    width, depth = 0.68 * seats, 0.62
    arm, arm_top = rng.uniform(0.13, 0.24), rng.uniform(0.52, 0.64)
    radius, back = rng.uniform(0.05, 0.10), rng.uniform(0.78, 0.92)
    half = width / 2
    leg = plain(rng.choice(((120, 80, 52), (44, 40, 40), (176, 130, 88))), 0.2)
    solids = [grounded(camera, (-half - arm, half + arm, -0.45, 0.45))]
    for x in (-1, 1):
        for z in (-1, 1):
            foot = (x * (half + arm * 0.6), 0, z * 0.36)
            solids.append(bar(camera, foot, (foot[0], 0.16, foot[2]), (0.04, 0.06), leg))
    solids.append(
        box(
            camera,
            (0, back / 2 + 0.07, -0.38),
            (width + 0.10, back - 0.12, 0.20),
            cloth,
            radius,
            0.45,
            lean=0.06,
        )
    )
    solids.append(box(camera, (0, 0.24, 0.0), (width + 0.02, 0.19, depth + 0.16), cloth, 0.03, 0.25, bias=0.05))
    tufted = rng.random() < 0.25
    for index in range(seats):
        middle = (index - (seats - 1) / 2) * 0.68
        solids.append(box(camera, (middle, 0.41, 0.04), (0.67, 0.16, depth + 0.06), cloth, 0.06, 0.55, bias=0.25))
        cushion = box(
            camera,
            (middle, back * 0.5 + 0.23, -0.24),
            (0.66, back - 0.40, 0.17),
            cloth,
            0.08,
            0.6,
            bias=0.15,
            lean=0.07,
        )
        solids.append(_tufted(cushion) if tufted else cushion)
    side = rng.choice((-1.0, 1.0))
    for x in (-1, 1):
        at = (x * (half + arm / 2), arm_top / 2 + 0.10, 0.0)
        solids.append(
            box(
                camera,
                at,
                (arm, arm_top - 0.10, depth + 0.22),
                cloth,
                radius * 0.9,
                0.4,
                bias=0.3 if x * camera.yaw > 0 else -0.05,
            )
        )
    if corner:
        end = side * (half - 0.34)
        solids.append(box(camera, (end, 0.24, 0.62), (0.70, 0.19, 0.60), cloth, 0.03, 0.25, bias=0.4))
        solids.append(box(camera, (end, 0.41, 0.62), (0.69, 0.16, 0.64), cloth, 0.06, 0.55, bias=0.5))
    return solids + _pillows(camera, seats, rng)


def _tufted(cushion: Solid) -> Solid:
    """Sew a row of buttons into the front of a cushion, its last part."""
    front = [shape for shape in cushion.shapes if isinstance(shape, Part)][-1]
    low, high = front.outline.min(axis=0), front.outline.max(axis=0)
    extra: list[Shape] = []
    for share in (0.25, 0.5, 0.75):
        x = low[0] + share * (high[0] - low[0])
        y = float(np.mean([low[1], high[1]]))
        extra.append(Part(ellipse(x, y, 0.014, 0.014, steps=14), front.cloth, relief=0.4, light=0.7))
    return Solid(cushion.near, [*cushion.shapes, *extra])


def _pillows(camera: Camera, seats: int, rng: Random) -> list[Solid]:
    solids = []
    for side in (-1, 1):
        if rng.random() < 0.55:
            x = side * (seats * 0.34 - 0.24)
            pillow = plain(rng.choice(_PILLOWS))
            solids.append(box(camera, (x, 0.63, -0.08), (0.38, 0.32, 0.13), pillow, 0.12, 0.8, bias=0.32, lean=0.12))
    return solids
