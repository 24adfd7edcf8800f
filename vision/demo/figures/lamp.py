"""Lamps: on a table, on the floor, hanging."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from random import Random

import numpy as np

from vision.demo.figures.look import Look
from vision.demo.geometry import ellipse
from vision.demo.product import Product
from vision.demo.scene import RGB, Cloth, Fold, Scene, Shadow, lighter, plain
from vision.demo.solids import Camera, Solid, assemble, bar, grounded, turned

_GLOW: RGB = (255, 238, 186)
_FRAMES: dict[str, tuple[RGB, ...]] = {
    "metal": ((198, 168, 104), (60, 60, 64), (176, 180, 186)),
    "oak": ((190, 144, 98), (122, 80, 52)),
    "ceramic": ((198, 168, 104),),
    "glass": ((198, 168, 104), (60, 60, 64)),
}


def lamp(product: Product, look: Look, rng: Random) -> Scene:
    """Draw a lamp; glazed ones carry their colour on the base, the others on the shade."""
    material = product.attributes.material
    frame = plain(rng.choice(_FRAMES[material]), 0.7 if material == "metal" else 0.25)
    glazed = material in ("ceramic", "glass") and product.attributes.pattern == "plain"
    return _LAMPS[product.style](look.camera, look.cloth, frame, glazed, rng)


def _shade(camera: Camera, y: float, height: float, low: float, high: float, cloth: Cloth, rng: Random) -> Solid:
    """Return a lampshade, lit from inside; radii at its lower and upper rim."""
    fold = Fold(rng.choice((14, 18)), 0.16, 1.0) if rng.random() < 0.3 else None
    return turned(
        camera,
        (0, y, 0),
        ((low, 0), (high, height)),
        cloth,
        cap=plain(_GLOW),
        relief=0.45,
        fold=fold,
        bias=5.0,
    )


def _glow(camera: Camera, y: float, radius: float) -> Solid:
    x, height = camera.project([(0, y, 0)])[0].tolist()
    return Solid(-1e8, [Shadow(ellipse(x, height, radius, radius * 0.8), 0.55, radius * 0.45, _GLOW)])


def _table_lamp(camera: Camera, cloth: Cloth, frame: Cloth, glazed: bool, rng: Random) -> Scene:
    body = cloth if glazed else frame
    kind = rng.choice(("vase", "ball", "gourd", "bottle") if glazed else ("stick", "ball", "cone", "block"))
    profiles = {
        "vase": ((0.055, 0), (0.075, 0.02), (0.115, 0.14), (0.085, 0.27), (0.03, 0.33), (0.022, 0.38)),
        "ball": ((0.06, 0), (0.11, 0.05), (0.135, 0.13), (0.11, 0.21), (0.03, 0.26), (0.018, 0.36)),
        "gourd": ((0.07, 0), (0.115, 0.08), (0.06, 0.18), (0.085, 0.25), (0.03, 0.32), (0.018, 0.37)),
        "bottle": ((0.09, 0), (0.095, 0.10), (0.09, 0.20), (0.035, 0.28), (0.028, 0.38)),
        "cone": ((0.10, 0), (0.06, 0.15), (0.022, 0.36)),
        "block": ((0.07, 0), (0.07, 0.20), (0.018, 0.21), (0.018, 0.36)),
    }
    solids = [grounded(camera, (-0.12, 0.12, -0.10, 0.12)), _glow(camera, 0.48, 0.30)]
    if kind == "stick":
        solids.append(turned(camera, (0, 0, 0), ((0.10, 0), (0.10, 0.02)), body))
        solids.append(turned(camera, (0, 0.02, 0), ((0.014, 0), (0.014, 0.36)), body, bias=1.0))
    else:
        solids.append(turned(camera, (0, 0, 0), profiles[kind], body, smooth=kind != "block", relief=1.1))
    low = rng.uniform(0.16, 0.21)
    shade = replace(plain(lighter(cloth.color, 0.72)), span=cloth.span) if glazed else cloth
    solids.append(_shade(camera, 0.35, rng.uniform(0.20, 0.27), low, low * rng.uniform(0.55, 0.98), shade, rng))
    return assemble(solids, margin=0.10, low=0.91)


def _floor_lamp(camera: Camera, cloth: Cloth, frame: Cloth, glazed: bool, rng: Random) -> Scene:
    kind = rng.choice(("pole", "pole", "tripod", "arc"))
    solids = [grounded(camera, (-0.18, 0.18, -0.14, 0.18)), _glow(camera, 1.4, 0.40)]
    if kind == "tripod":
        for turn in np.radians([100, 220, 340]):
            foot = (0.27 * np.cos(turn), 0, 0.27 * np.sin(turn))
            solids.append(bar(camera, foot, (0, 1.22, 0), (0.030, 0.036), frame))
    else:
        solids.append(turned(camera, (0, 0, 0), ((0.15, 0), (0.15, 0.025)), frame))
    radius = rng.uniform(0.20, 0.25)
    if kind == "arc":
        swing = np.linspace(0, np.pi * 0.82, 14)
        path = [
            (-0.30, 0.02, 0.0),
            *((-0.30 + 0.34 * (1 - np.cos(t)), 0.95 + 0.46 * np.sin(t), 0.0) for t in swing),
        ]
        flat = [
            solid
            for start, end in zip(path, path[1:], strict=False)
            for solid in [bar(camera, start, end, (0.022, 0.022), frame)]
        ]
        moved_base = turned(camera, (-0.30, 0, 0), ((0.15, 0), (0.15, 0.03)), frame)
        end = path[-1]
        shade = turned(
            camera,
            (end[0], end[1] - 0.24, 0),
            ((radius, 0), (radius * 0.9, 0.10), (radius * 0.45, 0.22), (0.03, 0.25)),
            cloth,
            smooth=True,
            relief=0.8,
            bias=5.0,
        )
        return assemble([solids[0], moved_base, *flat, shade], margin=0.06, low=0.94)
    if kind == "pole":
        solids.append(turned(camera, (0, 0.025, 0), ((0.013, 0), (0.013, 1.25)), frame, bias=1.0))
    solids.append(_shade(camera, 1.20, rng.uniform(0.28, 0.34), radius, radius * rng.uniform(0.6, 0.98), cloth, rng))
    return assemble(solids, margin=0.06, low=0.94)


def _pendant(camera: Camera, cloth: Cloth, frame: Cloth, glazed: bool, rng: Random) -> Scene:
    below = replace(camera, pitch=-camera.pitch * 0.8)
    kind = rng.choice(("dome", "cone", "drum", "globe"))
    profiles = {
        "dome": ((0.25, 0), (0.235, 0.09), (0.16, 0.18), (0.05, 0.22), (0.035, 0.26)),
        "cone": ((0.25, 0), (0.15, 0.13), (0.05, 0.24), (0.035, 0.28)),
        "drum": ((0.25, 0), (0.25, 0.20)),
        "globe": ((0.06, 0), (0.17, 0.06), (0.21, 0.19), (0.17, 0.32), (0.05, 0.38)),
    }
    profile = profiles[kind]
    top = profile[-1][1]
    inside = plain(_GLOW) if kind != "globe" else None
    solids = [
        bar(below, (0, top, 0), (0, 1.0, 0), (0.010, 0.010), plain((52, 50, 50)), bias=-5),
        turned(below, (0, top - 0.005, 0), ((0.030, 0), (0.024, 0.06)), frame, bias=-2),
        turned(below, (0, 0, 0), profile, cloth, smooth=kind != "drum", cap=inside, relief=0.9),
        _glow(below, -0.02, 0.26),
    ]
    scene = assemble(solids, margin=0.0, low=0.80)
    return scene


_LAMPS: dict[str, Callable[[Camera, Cloth, Cloth, bool, Random], Scene]] = {
    "table lamp": _table_lamp,
    "floor lamp": _floor_lamp,
    "pendant lamp": _pendant,
}
