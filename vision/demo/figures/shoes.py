"""Shoes, as a pair seen from the side."""

from __future__ import annotations

from collections.abc import Callable
from random import Random

import numpy as np

from vision.demo.figures.boots import boot
from vision.demo.figures.look import Look
from vision.demo.figures.low_shoes import heel, loafer, sandal
from vision.demo.figures.sneakers import sneaker
from vision.demo.figures.sole import GROUND
from vision.demo.geometry import ellipse, zoom
from vision.demo.product import Product
from vision.demo.scene import Cloth, Part, Scene, Shadow, fitted, moved


def shoes(product: Product, look: Look, rng: Random) -> Scene:
    """Draw a pair of shoes, the far one set back and shaded by the near one."""
    near = _SHOES[product.style](look.cloth, rng)
    far = moved(near, zoom(0.96, (0.5, 0.5), (0.61, 0.395)))
    biggest = max((shape.outline for shape in near if isinstance(shape, Part)), key=lambda outline: np.ptp(outline))
    shade = Shadow(biggest + (0.020, -0.012), 0.38, 0.016)
    floor = [Shadow(ellipse(x, GROUND + y, 0.40, 0.022), 0.30, 0.02) for x, y in ((0.63, -0.10), (0.52, 0.0))]
    return fitted([floor[0], *far, shade, floor[1], *near], margin=0.10)


_SHOES: dict[str, Callable[[Cloth, Random], Scene]] = {
    "sneakers": sneaker,
    "ankle boots": lambda cloth, rng: boot(cloth, 0.31, rng),
    "boots": lambda cloth, rng: boot(cloth, 0.06, rng),
    "heels": heel,
    "sandals": sandal,
    "loafers": loafer,
}
