"""The photos that the recorded queries ask with, drawn like the demo's but of things that are not in its catalogue.

Every file is the same bytes whenever it is drawn; a reader finds them beside the page.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from random import Random
from typing import Final

import numpy as np
from PIL import Image

from vision.demo import backdrops
from vision.demo.geometry import curve, ellipse, points, symmetric, zoom
from vision.demo.picture import draw_figure, draw_picture
from vision.demo.product import Attributes, Product, sample_product
from vision.demo.render import oversampling, paint
from vision.demo.scene import Part, Scene, Stroke, bounds, moved, plain
from vision.demo.solids import Camera

SEED: Final = 2024
"""Not the demo's 7: no shape, cloth or backdrop is one of the catalogue's."""
_SIDE: Final = 480
_QUALITY: Final = 85


def write(folder: Path) -> None:
    """Draw every photo into a folder."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, drawn in PHOTOS.items():
        drawn().save(folder / f"{name}.jpg", "JPEG", quality=_QUALITY)


def _thing(number: int, category: str, style: str, color: str, pattern: str, material: str, **others: str) -> Product:
    worn = {name: others.get(name, "") for name in ("length", "sleeve", "neckline")}
    attributes = Attributes(
        category, color, worn["length"], worn["sleeve"], worn["neckline"], pattern, material, "", ""
    )
    return Product(number, f"q{number:06d}", style, 1, True, attributes)


def _alone(product: Product) -> Image.Image:
    """As the demo takes a picture of a product."""
    return draw_picture(product, 0, SEED, _SIDE)


def _standing(product: Product, *, height: float, foot: float, middle: float, turn: float = 24) -> Scene:
    """The product so tall, its lowest point at ``foot`` and centred on ``middle``; all of the picture's side."""
    scene = draw_figure(product, SEED, Camera(turn, 14))
    left, top, right, bottom = bounds(scene)
    scale = height / (bottom - top)
    return moved(scene, zoom(scale, ((left + right) / 2, bottom), (middle, foot)))


def _room(seed: int, scene: Scene, *, horizon: float = 0.56) -> Image.Image:
    behind = backdrops.room(_SIDE * oversampling(_SIDE), Random(seed), horizon)
    return paint(scene, behind, _SIDE, cast=0.10)


def _hawaiian_shirt() -> Image.Image:
    return _alone(_thing(1, "shirt", "shirt", "blue", "Hawaiian", "cotton", sleeve="short", neckline="collar"))


def _dotted_skirt() -> Image.Image:
    return _alone(_thing(2, "skirt", "A-line", "navy", "dotted", "cotton", length="midi"))


def _checked_dress() -> Image.Image:
    cut = {"length": "knee-length", "sleeve": "short", "neckline": "round"}
    return _alone(_thing(21, "dress", "A-line", "yellow", "checked", "cotton", **cut))


def _chair_in_a_room() -> Image.Image:
    chair = _thing(3, "chair", "armchair", "green", "plain", "velvet")
    return _room(5, _standing(chair, height=0.30, foot=0.83, middle=0.68))


def _bag_in_a_room() -> Image.Image:
    bag = _thing(15, "bag", "handbag", "brown", "plain", "leather")
    return _room(5, _standing(bag, height=0.30, foot=0.83, middle=0.66))


def _living_room() -> Image.Image:
    sofa = _thing(4, "sofa", "two-seater", "red", "plain", "velvet")
    lamp = _thing(5, "lamp", "floor lamp", "white", "plain", "metal")
    table = _thing(6, "table", "coffee table", "brown", "", "oak")
    scene = [
        *_standing(lamp, height=0.52, foot=0.70, middle=0.14),
        *_standing(sofa, height=0.24, foot=0.72, middle=0.62, turn=-20),
        *_standing(table, height=0.13, foot=0.95, middle=0.36),
    ]
    return _room(9, scene)


def _guitar() -> Image.Image:
    """What a shop of clothes and furniture does not have."""
    wood, dark, string = plain((196, 120, 52), sheen=0.5), plain((62, 38, 26)), (226, 220, 204)
    body = symmetric(
        [(0, 0.47), (0.09, 0.475), (0.135, 0.53), (0.10, 0.62), (0.12, 0.69), (0.175, 0.78), (0.12, 0.90), (0, 0.93)]
    )
    neck = points([(0.482, 0.17), (0.518, 0.17), (0.524, 0.60), (0.476, 0.60)])
    head = curve([(0.47, 0.06, 1), (0.53, 0.06, 1), (0.522, 0.175, 1), (0.478, 0.175, 1)])
    scene: Scene = [
        Part(body, wood, relief=0.8),
        Part(ellipse(0.5, 0.645, 0.052, 0.052), dark, relief=0),
        Part(neck, dark, relief=0.3),
        Part(head, dark, relief=0.3),
        Part(points([(0.44, 0.80), (0.56, 0.80), (0.56, 0.82), (0.44, 0.82)]), dark, relief=0.2),
    ]
    scene += [Stroke(points([(x, 0.12), (x, 0.81)]), string, 0.0025) for x in np.linspace(0.488, 0.512, 4)]
    return paint(scene, backdrops.paper(_SIDE * oversampling(_SIDE), Random(SEED)), _SIDE)


PHOTOS: Mapping[str, Callable[[], Image.Image]] = {
    "hawaiian-shirt": _hawaiian_shirt,
    "dotted-skirt": _dotted_skirt,
    "checked-dress": _checked_dress,
    "bag-in-a-room": _bag_in_a_room,
    "chair-in-a-room": _chair_in_a_room,
    "living-room": _living_room,
    "orange-bed": lambda: _alone(sample_product(SEED, 11)),
    "black-bed": lambda: _alone(sample_product(SEED, 43)),
    "guitar": _guitar,
}
