"""One picture of a product: which view, before what, and in which light."""

from __future__ import annotations

import colorsys
from dataclasses import dataclass
from random import Random

from PIL import Image

from vision.demo import backdrops
from vision.demo.figures import FIGURES
from vision.demo.figures.look import Look
from vision.demo.geometry import Matrix, identity, skew, zoom
from vision.demo.patterns import make_cloth
from vision.demo.product import Product, pick, stream
from vision.demo.render import oversampling, paint
from vision.demo.scene import RGB, Scene, bounds, mix, moved
from vision.demo.solids import Camera
from vision.demo.vocabulary import COLORS, FURNITURE, WOODS

_INDIGO: RGB = (70, 92, 124)
_GARMENTS = frozenset({"dress", "shirt", "trousers", "skirt"})


@dataclass(frozen=True)
class Shot:
    """How one picture is taken: ``matrix`` acts on the finished scene, ``backdrop`` names what is behind."""

    matrix: Matrix
    backdrop: str
    camera: Camera
    worn: bool


def draw_picture(product: Product, view: int, seed: int, size: int) -> Image.Image:
    """Draw view 0, 1 or 2 of a product.

    Args:
        product: As sampled with the same seed.
        view: 0 is the front; the others are a three-quarter view, a detail, or another setting.
        seed: Of the catalogue.
        size: Side of the square picture in pixels.
    """
    shot = _shot(product, view, seed)
    side = size * oversampling(size)
    behind = _background(shot.backdrop, side, stream(seed, product.number, f"backdrop{view}"))
    in_room = shot.backdrop == "room"
    return paint(_placed(product, shot, seed), behind, size, cast=0.10 if in_room else 0.20)


def draw_pair(left: Product, right: Product, seed: int, size: int) -> Image.Image:
    """Draw two products side by side before what is behind the left one, each half as large as in its own picture."""
    shot = _shot(left, 0, seed)
    behind = _background(shot.backdrop, size * oversampling(size), stream(seed, left.number, "pair"))
    scene = []
    for product, middle in ((left, 0.26), (right, 0.74)):
        matrix = zoom(0.48, (0.5, 0.5), (middle, 0.55))
        scene += moved(_placed(product, _shot(product, 0, seed), seed), matrix)
    return paint(scene, behind, size, cast=0.10 if shot.backdrop == "room" else 0.20)


def product_box(product: Product, view: int, seed: int) -> tuple[float, float, float, float]:
    """Where the product is in :func:`draw_picture`: (x, y, width, height) as fractions, cut off at the edges.

    What it is worn by counts as the product.
    """
    left, top, right, bottom = bounds(_placed(product, _shot(product, view, seed), seed))
    left, top, right, bottom = max(left, 0.0), max(top, 0.0), min(right, 1.0), min(bottom, 1.0)
    return left, top, right - left, bottom - top


def backdrop(product: Product, view: int, seed: int) -> str:
    """What is behind the product in :func:`draw_picture`: ``paper``, ``colored`` or ``room``."""
    return _shot(product, view, seed).backdrop


def draw_figure(product: Product, seed: int, camera: Camera, *, worn: bool = False) -> Scene:
    """The product alone, in the unit square: what :func:`draw_picture` puts before a backdrop.

    Args:
        product: As sampled with the same seed, or made up.
        seed: Of its shape and its cloth.
        camera: From where it is seen; matters to furniture only.
        worn: Whether a garment is on a mannequin.
    """
    number, attributes = product.number, product.attributes
    shade = stream(seed, number, "cloth")
    color = _jittered(COLORS[attributes.color], shade)
    if attributes.material == "denim":
        color = mix(color, _INDIGO, 0.35)
    # The blanket of an oak bed and the shade of an oak lamp are no oak.
    textile = (
        "cotton" if attributes.category in ("bed", "lamp") and attributes.material in WOODS else attributes.material
    )
    cloth = make_cloth(attributes.pattern, color, textile, shade, quarter_turn=attributes.category in FURNITURE)
    look = Look(cloth, camera, worn)
    return FIGURES[attributes.category](product, look, stream(seed, number, "shape"))


def _placed(product: Product, shot: Shot, seed: int) -> Scene:
    """The product as it stands in the unit square of a picture."""
    return moved(draw_figure(product, seed, shot.camera, worn=shot.worn), shot.matrix)


def _shot(product: Product, view: int, seed: int) -> Shot:
    """Decide how this view is taken; the front is the same whatever other views there are."""
    category = product.attributes.category
    rng = stream(seed, product.number, f"view{view}")
    home = category in FURNITURE
    backdrop = pick(rng, {"paper": 80, "room" if home else "colored": 20})
    turn = stream(seed, product.number, "turn").choice((-1.0, 1.0))
    camera = Camera(turn * rng.uniform(16, 34), rng.uniform(11, 19))
    around = zoom(rng.uniform(0.97, 1.03), (0.5, 0.5), (0.5 + rng.uniform(-0.012, 0.012), 0.5))
    if view == 0:
        return Shot(around, backdrop, camera, worn=rng.random() < 0.25)
    kind = _other_views(product, seed)[view - 1]
    if kind == "detail":
        # Slender things are shown less close: their details would no longer tell what they are.
        slender = category in ("lamp", "table")
        height = 0.36 if slender else 0.46 if home else 0.38
        at = (0.5 + rng.uniform(-0.06, 0.06), height + rng.uniform(-0.04, 0.04))
        close = rng.uniform(1.3, 1.45) if slender else rng.uniform(1.55, 2.0)
        return Shot(zoom(close, at, (0.5, 0.44) if slender else (0.5, 0.5)), "paper", camera, worn=False)
    if kind == "setting":
        return Shot(around, "room" if home else "colored", camera, worn=True)
    if home:
        return Shot(identity(), "paper", Camera(-turn * rng.uniform(20, 38), rng.uniform(12, 22)), worn=False)
    slanted = skew(rng.uniform(0.84, 0.92), rng.uniform(-0.05, 0.05), rng.uniform(0.08, 0.16), mirrored=True)
    return Shot(slanted, backdrop, camera, worn=category in _GARMENTS and rng.random() < 0.4)


def _other_views(product: Product, seed: int) -> list[str]:
    """Return the kinds of the second and third view, in the order this product has them."""
    kinds = ["three-quarter", "three-quarter", "detail", "setting"]
    stream(seed, product.number, "views").shuffle(kinds)
    return list(dict.fromkeys(kinds))


def _background(kind: str, side: int, rng: Random) -> Image.Image:
    if kind == "room":
        return backdrops.room(side, rng, rng.uniform(0.52, 0.60))
    return backdrops.colored(side, rng) if kind == "colored" else backdrops.paper(side, rng)


def _jittered(color: RGB, rng: Random) -> RGB:
    """Return a colour near a named one: no two dyes are the same."""
    hue, lightness, saturation = colorsys.rgb_to_hls(*(channel / 255 for channel in color))
    hue += rng.gauss(0, 0.010)
    lightness = min(max(lightness + rng.gauss(0, 0.025), 0.09), 0.965)
    saturation = min(max(saturation * (1 + rng.gauss(0, 0.08)), 0.0), 1.0)
    red, green, blue = colorsys.hls_to_rgb(hue % 1.0, lightness, saturation)
    return round(red * 255), round(green * 255), round(blue * 255)
