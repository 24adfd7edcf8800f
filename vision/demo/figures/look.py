"""What every figure is given to be drawn with."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from random import Random

from vision.demo.product import Product
from vision.demo.scene import Cloth, Scene
from vision.demo.solids import Camera


@dataclass(frozen=True)
class Look:
    """Cloth, and from where the product is seen.

    ``worn`` asks for a mannequin under a garment; ``camera`` matters to furniture only.
    """

    cloth: Cloth
    camera: Camera
    worn: bool = False


Figure = Callable[[Product, Look, Random], Scene]
"""Draws a product in the unit square; the same generator state gives the same shape in every view."""
