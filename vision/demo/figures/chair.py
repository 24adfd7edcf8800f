"""Chairs: dining chair, armchair, office chair and shell chair."""

from __future__ import annotations

from collections.abc import Callable
from random import Random

import numpy as np

from vision.demo.figures.look import Look
from vision.demo.product import Product
from vision.demo.scene import RGB, Cloth, Scene, darker, plain
from vision.demo.solids import Camera, Solid, assemble, bar, box, grounded, slab, turned

_WOODS: tuple[RGB, ...] = ((176, 128, 84), (120, 78, 50), (44, 40, 40))
_STEEL: RGB = (176, 180, 186)


def chair(product: Product, look: Look, rng: Random) -> Scene:
    """Draw a chair in three-quarter view."""
    wooden = product.attributes.material in ("oak", "walnut")
    frame = look.cloth if wooden else plain(rng.choice(_WOODS), 0.2)
    solids = _CHAIRS[product.style](look.camera, look.cloth, frame, wooden, rng)
    return assemble(solids, margin=0.09, low=0.93)


def _legs(camera: Camera, half: float, depth: float, height: float, cloth: Cloth, splay: float) -> list[Solid]:
    return [
        bar(
            camera,
            (x * (half + splay), 0, z * (depth + splay)),
            (x * half, height, z * depth),
            (0.03, 0.045),
            cloth,
        )
        for x in (-1, 1)
        for z in (-1, 1)
    ]


def _dining(camera: Camera, cloth: Cloth, frame: Cloth, wooden: bool, rng: Random) -> list[Solid]:
    half, depth, seat, top = 0.21, 0.20, 0.45, rng.uniform(0.86, 1.0)
    lean = rng.uniform(0.05, 0.09)
    solids = [
        grounded(camera, (-0.26, 0.26, -0.24, 0.26)),
        *_legs(camera, half, depth, seat - 0.03, frame, 0.02),
    ]
    solids.append(box(camera, (0, seat, 0), (0.47, 0.05, 0.45), cloth, radius=0.0 if wooden else 0.045, soft=0.35))
    if not wooden:
        solids.append(box(camera, (0, seat - 0.045, 0), (0.44, 0.05, 0.42), frame, bias=-0.01))
    low = seat + 0.02
    posts = [((x * half, low, -depth), (x * half, top, -depth - lean)) for x in (-1, 1)]
    solids += [bar(camera, start, end, (0.045, 0.036), frame, bias=-0.2) for start, end in posts]
    if not wooden:
        middle = (low + top) / 2 + 0.07
        panel = (0.45, top - low - 0.14, 0.06)
        solids.append(
            box(camera, (0, middle, -depth - lean * 0.4), panel, cloth, 0.05, 0.45, bias=-0.1, lean=lean * 0.6)
        )
        return solids
    kind = rng.choice(("rails", "spindles", "panel"))
    solids.append(box(camera, (0, top - 0.035, -depth - lean), (0.46, 0.085, 0.03), frame, bias=-0.1))
    if kind == "rails":
        for share in (0.35, 0.62):
            y, z = low + (top - low) * share, -depth - lean * share
            solids.append(box(camera, (0, y, z), (0.41, 0.055, 0.022), frame, bias=-0.15))
    elif kind == "spindles":
        for x in np.linspace(-0.14, 0.14, 5):
            ends = ((float(x), low, -depth), (float(x) * 1.1, top - 0.06, -depth - lean))
            solids.append(bar(camera, *ends, (0.02, 0.02), frame, bias=-0.15))
    else:
        solids.append(
            box(
                camera,
                (0, (low + top) / 2, -depth - lean * 0.5),
                (0.16, top - low - 0.08, 0.02),
                frame,
                bias=-0.15,
                lean=lean * 0.6,
            )
        )
    return solids


def _armchair(camera: Camera, cloth: Cloth, frame: Cloth, wooden: bool, rng: Random) -> list[Solid]:
    radius = rng.uniform(0.05, 0.10)
    arm, top = rng.uniform(0.10, 0.16), rng.uniform(0.78, 1.02)
    half = 0.30
    solids = [grounded(camera, (-0.42, 0.42, -0.38, 0.40)), *_legs(camera, 0.32, 0.28, 0.16, frame, 0.025)]
    solids.append(
        box(
            camera,
            (0, top / 2 + 0.1, -0.34),
            (2 * half + 0.08, top - 0.14, 0.17),
            cloth,
            radius,
            0.5,
            lean=0.08,
        )
    )
    solids.append(box(camera, (0, 0.24, 0.02), (2 * half + 0.04, 0.20, 0.64), cloth, 0.04, 0.3, bias=0.05))
    solids.append(box(camera, (0, 0.40, 0.05), (2 * half, 0.15, 0.64), cloth, 0.06, 0.5, bias=0.10))
    if rng.random() < 0.35:
        pillow = plain(rng.choice(((232, 224, 208), (210, 160, 70), (94, 122, 128))))
        solids.append(box(camera, (0.02, 0.60, -0.17), (0.36, 0.30, 0.12), pillow, 0.10, 0.7, bias=0.25, lean=0.10))
    for side in (-1, 1):
        solids.append(
            box(
                camera,
                (side * (half + arm / 2), 0.38, 0.02),
                (arm, 0.46, 0.68),
                cloth,
                radius * 0.9,
                0.45,
                bias=0.12,
            )
        )
    return solids


def _office(camera: Camera, cloth: Cloth, frame: Cloth, wooden: bool, rng: Random) -> list[Solid]:
    dark = plain((50, 52, 58), 0.4)
    metal = plain(_STEEL, 0.7) if rng.random() < 0.5 else dark
    solids = [grounded(camera, (-0.30, 0.30, -0.28, 0.32))]
    for turn in np.radians([90, 162, 234, 306, 18]):
        x, z = 0.30 * np.cos(turn), 0.30 * np.sin(turn)
        solids.append(bar(camera, (0, 0.13, 0), (x, 0.075, z), (0.06, 0.035), metal, bias=-0.1))
        solids.append(turned(camera, (x, 0, z), ((0.032, 0.0), (0.036, 0.03), (0.03, 0.065)), dark))
    solids.append(turned(camera, (0, 0.10, 0), ((0.035, 0), (0.028, 0.28)), metal))
    solids.append(box(camera, (0, 0.47, 0.02), (0.50, 0.10, 0.48), cloth, 0.07, 0.5, bias=0.1))
    top = rng.uniform(0.98, 1.2)
    solids.append(bar(camera, (0, 0.42, -0.18), (0, 0.72, -0.30), (0.07, 0.06), dark))
    solids.append(
        box(
            camera,
            (0, (0.60 + top) / 2, -0.25),
            (0.46, top - 0.60, 0.09),
            cloth,
            0.08,
            0.55,
            bias=0.05,
            lean=0.08,
        )
    )
    for side in (-1, 1):
        x = side * 0.285
        solids.append(bar(camera, (x, 0.46, 0.0), (x, 0.66, 0.0), (0.035, 0.035), dark, bias=0.12))
        solids.append(box(camera, (x, 0.68, 0.02), (0.06, 0.035, 0.27), dark, 0.015, 0.3, bias=0.14))
    return solids


def _shell(camera: Camera, cloth: Cloth, frame: Cloth, wooden: bool, rng: Random) -> list[Solid]:
    """Return a moulded seat on splayed dowels: the shell is one curved sheet, seat and back."""
    leg = plain(rng.choice(((196, 152, 104), (196, 152, 104), (50, 48, 48))), 0.2) if not wooden else cloth
    solids = [grounded(camera, (-0.28, 0.28, -0.26, 0.28)), *_legs(camera, 0.16, 0.13, 0.42, leg, 0.09)]
    turn = np.linspace(0, 2 * np.pi, 40, endpoint=False)
    rise, wide = rng.uniform(0.40, 0.48), rng.uniform(0.23, 0.27)
    squared = np.sign(np.sin(turn)) * np.abs(np.sin(turn)) ** 0.7
    across = np.sign(np.cos(turn)) * np.abs(np.cos(turn)) ** 0.7
    back = np.stack(
        [
            wide * across * (1 - 0.12 * squared),
            0.44 + rise * (0.5 + 0.5 * squared),
            -0.17 - 0.10 * (0.5 + 0.5 * squared),
        ],
        1,
    )
    seat = np.stack([wide * across, 0.45 + 0.035 * across**2, 0.02 + 0.23 * squared], 1)
    under = seat - np.array([0, 0.035, 0])
    shade = Cloth(darker(cloth.color, 0.7), cloth.tile, cloth.span, cloth.sheen)
    solids.append(slab(camera, under.tolist(), shade, light=0.7, bias=-0.02))
    solids.append(slab(camera, back.tolist(), cloth, light=0.94, relief=0.9, bias=-0.05))
    solids.append(slab(camera, seat.tolist(), cloth, light=1.05, relief=0.7, bias=0.1))
    return solids


_CHAIRS: dict[str, Callable[[Camera, Cloth, Cloth, bool, Random], list[Solid]]] = {
    "dining chair": _dining,
    "armchair": _armchair,
    "office chair": _office,
    "shell chair": _shell,
}
