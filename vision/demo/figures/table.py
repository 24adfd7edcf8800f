"""Tables: long dining tables, round tables and low coffee tables."""

from __future__ import annotations

from dataclasses import replace
from random import Random

import numpy as np

from vision.demo.figures.look import Look
from vision.demo.product import Product
from vision.demo.scene import RGB, Cloth, Scene, plain
from vision.demo.solids import Camera, Solid, assemble, bar, box, grounded, turned

_FRAMES: tuple[RGB, ...] = ((46, 46, 50), (196, 166, 104), (96, 66, 44))


def table(product: Product, look: Look, rng: Random) -> Scene:
    """Draw a table in three-quarter view, seen from a little above."""
    camera = replace(look.camera, pitch=look.camera.pitch + 4, yaw=look.camera.yaw * 0.9)
    stone = product.attributes.material in ("marble", "metal")
    frame = plain(rng.choice(_FRAMES), 0.5) if stone or rng.random() < 0.2 else look.cloth
    low = product.style == "coffee table"
    if product.style == "round table" or (low and rng.random() < 0.4):
        solids = _round(camera, look.cloth, frame, 0.42 if low else 0.74, rng)
    else:
        size = (1.15, 0.62, 0.42) if low else (rng.uniform(1.5, 1.9), rng.uniform(0.8, 0.92), 0.75)
        solids = _long(camera, look.cloth, frame, size, low, rng)
    return assemble(solids, margin=0.07)


def _long(
    camera: Camera, cloth: Cloth, frame: Cloth, size: tuple[float, float, float], shelf: bool, rng: Random
) -> list[Solid]:
    """Return a table with a rectangular top; ``size`` is its length, depth and height."""
    length, depth, height = size
    half, deep = length / 2 - 0.09, depth / 2 - 0.08
    thick = rng.uniform(0.03, 0.06)
    solids = [grounded(camera, (-half, half, -deep, deep), 0.24)]
    solids.append(box(camera, (0, height - thick / 2, 0), (length, thick, depth), cloth, soft=0.1, bias=3.0))
    kind = rng.choice(("square", "tapered", "trestle", "hairpin"))
    ends = [(x, z) for x in (-1, 1) for z in (-1, 1)]
    if kind == "square":
        solids += [
            box(
                camera,
                (x * half, (height - thick) / 2, z * deep),
                (0.075, height - thick, 0.075),
                frame,
                soft=0.1,
            )
            for x, z in ends
        ]
    elif kind == "tapered":
        splay = rng.uniform(0.0, 0.09)
        solids += [
            bar(
                camera,
                (x * (half + splay), 0, z * (deep + splay * 0.5)),
                (x * half, height - thick, z * deep),
                (0.035, 0.075),
                frame,
            )
            for x, z in ends
        ]
    elif kind == "trestle":
        for x in (-1, 1):
            for z in (-1, 1):
                solids.append(
                    bar(
                        camera,
                        (x * half * 0.86, 0, z * deep),
                        (x * half * 0.86, height - thick, -z * deep * 0.45),
                        (0.06, 0.06),
                        frame,
                    )
                )
        solids.append(
            bar(
                camera,
                (-half * 0.86, height * 0.45, 0),
                (half * 0.86, height * 0.45, 0),
                (0.05, 0.05),
                frame,
                bias=-0.5,
            )
        )
    else:
        for x, z in ends:
            foot = (x * half, 0.0, z * deep)
            for dx, dz in ((-0.06 * x, 0.0), (0.0, -0.06 * z)):
                top = (foot[0] + dx * 1.4, height - thick, foot[2] + dz * 1.4)
                solids.append(bar(camera, foot, top, (0.016, 0.016), frame))
    if kind in ("square", "tapered") and not shelf:
        solids.append(
            box(camera, (0, height - thick - 0.04, 0), (2 * half, 0.08, 2 * deep), frame, soft=0.05, bias=1.5)
        )
    elif shelf and kind == "square":
        solids.append(box(camera, (0, height * 0.32, 0), (2 * half, 0.025, 2 * deep), frame, soft=0.1, bias=-0.3))
    return solids


def _round(camera: Camera, cloth: Cloth, frame: Cloth, height: float, rng: Random) -> list[Solid]:
    """Return a round table on a pedestal, on splayed legs or on a drum."""
    radius = rng.uniform(0.48, 0.6) if height > 0.6 else rng.uniform(0.38, 0.48)
    thick = rng.uniform(0.025, 0.05)
    solids = [grounded(camera, (-radius * 0.7, radius * 0.7, -radius * 0.6, radius * 0.6), 0.24)]
    solids.append(turned(camera, (0, height - thick, 0), ((radius, 0), (radius, thick)), cloth, relief=0.25, bias=3.0))
    kind = rng.choice(("pedestal", "splayed", "splayed", "cross"))
    if kind == "pedestal":
        solids.append(turned(camera, (0, 0, 0), ((radius * 0.52, 0), (radius * 0.5, 0.03), (0.07, 0.06)), frame))
        profile = ((0.06, 0.05), (0.045, height * 0.4), (0.06, height - thick))
        solids.append(turned(camera, (0, 0, 0), profile, frame, smooth=True, bias=0.5))
        return solids
    count = 4 if kind == "splayed" else 3
    for turn in np.linspace(0, 2 * np.pi, count, endpoint=False) + 0.6:
        foot = (radius * 0.82 * np.cos(turn), 0, radius * 0.82 * np.sin(turn))
        reach = 0.55 if kind == "splayed" else -0.35
        top = (radius * reach * np.cos(turn), height - thick, radius * reach * np.sin(turn))
        solids.append(bar(camera, foot, top, (0.035, 0.06), frame))
    return solids
