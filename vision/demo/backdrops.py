"""What stands behind the product: plain light paper, a coloured backdrop, or a room."""

from __future__ import annotations

from random import Random

import numpy as np
from PIL import Image, ImageDraw

from vision.demo.scene import RGB, darker, lighter, mix

_PAPERS: tuple[RGB, ...] = (
    (250, 250, 250),
    (245, 245, 246),
    (248, 245, 240),
    (240, 243, 246),
    (242, 240, 238),
)
_COLORED: tuple[RGB, ...] = (
    (222, 214, 230),
    (206, 222, 226),
    (236, 214, 204),
    (216, 224, 204),
    (238, 226, 196),
    (198, 206, 218),
)
_WALLS: tuple[RGB, ...] = (
    (226, 224, 218),
    (206, 216, 214),
    (222, 210, 198),
    (200, 208, 220),
    (232, 222, 206),
)
_FLOORS: tuple[RGB, ...] = ((186, 150, 112), (160, 124, 92), (204, 182, 156), (176, 172, 168))


def paper(side: int, rng: Random) -> Image.Image:
    """Return plain light paper with a faint gradient."""
    return _gradient(side, rng.choice(_PAPERS), 0.035, rng)


def colored(side: int, rng: Random) -> Image.Image:
    """Return a coloured studio backdrop, lighter in the middle, with the ground a little darker."""
    color = rng.choice(_COLORED)
    image = _gradient(side, color, 0.10, rng)
    if rng.random() < 0.5:
        horizon = round(side * rng.uniform(0.80, 0.88))
        image.paste(_gradient(side, darker(color, 0.93), 0.06, rng).crop((0, horizon, side, side)), (0, horizon))
    return image


def room(side: int, rng: Random, horizon: float) -> Image.Image:
    """Return a wall with a skirting board and a floor of boards; ``horizon`` is the floor's edge, 0 to 1."""
    wall, floor = rng.choice(_WALLS), rng.choice(_FLOORS)
    image = _gradient(side, wall, 0.08, rng)
    edge = round(horizon * side)
    draw = ImageDraw.Draw(image)
    _wall_decoration(draw, side, edge, wall, rng)
    draw.rectangle((0, edge, side, side), fill=floor)
    vanishing = (rng.uniform(0.3, 0.7) * side, edge - 0.5 * side)
    seam = darker(floor, 0.9)
    for x in np.linspace(-1.2, 2.2, 18) * side:
        share = (edge - vanishing[1]) / (side - vanishing[1])
        top = vanishing[0] + (x - vanishing[0]) * share
        draw.line((top, edge, x, side), fill=seam, width=max(side // 320, 1))
    board = lighter(wall, 0.55)
    draw.rectangle((0, edge - 0.03 * side, side, edge), fill=board)
    draw.line((0, edge, side, edge), fill=darker(floor, 0.7), width=max(side // 240, 1))
    return image


def _wall_decoration(draw: ImageDraw.ImageDraw, side: int, edge: int, wall: RGB, rng: Random) -> None:
    """Hang a framed picture, let light fall through a window, panel the wall, or leave it bare."""
    kind = rng.choice(("frame", "window", "panels", "bare"))
    line = max(side // 200, 1)
    if kind == "frame":
        x = side * rng.choice((0.08, 0.70))
        y, width, height = 0.08 * side, 0.22 * side, 0.26 * side
        draw.rectangle((x, y, x + width, y + height), fill=(250, 249, 246), outline=darker(wall, 0.55), width=line * 2)
        tint = rng.choice(_COLORED)
        draw.ellipse((x + 0.25 * width, y + 0.2 * height, x + 0.75 * width, y + 0.6 * height), fill=darker(tint, 0.85))
        draw.rectangle((x + 0.2 * width, y + 0.6 * height, x + 0.8 * width, y + 0.8 * height), fill=darker(tint, 0.7))
    elif kind == "window":
        x = side * rng.uniform(0.0, 0.5)
        glow = mix(wall, (255, 250, 232), 0.45)
        for column in range(2):
            left = x + column * 0.2 * side
            draw.polygon(
                (left, 0, left + 0.17 * side, 0, left + 0.03 * side, edge, left - 0.14 * side, edge),
                fill=glow,
            )
    elif kind == "panels":
        tint = darker(wall, 0.95)
        for step in range(1, 6):
            draw.line((side * step / 6, 0, side * step / 6, edge), fill=tint, width=line)


def _gradient(side: int, color: RGB, strength: float, rng: Random) -> Image.Image:
    """Return a soft radial gradient about a random point of the upper half."""
    cells = 24
    y, x = np.mgrid[0:cells, 0:cells] / (cells - 1)
    distance = np.hypot(x - rng.uniform(0.25, 0.75), y - rng.uniform(0.2, 0.6))
    factor = 1 + strength * (0.5 - distance)
    small = np.clip(np.array(color) * factor[:, :, None], 0, 255).astype(np.uint8)
    return Image.fromarray(small).resize((side, side), Image.Resampling.BILINEAR)
