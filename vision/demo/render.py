"""From a scene to pixels: masks, shading and shadows.

Outlines and cloth are drawn at twice the wanted size or more and reduced at the end. Shading is smooth, so it
is worked out on small arrays and enlarged: that is what keeps a picture at a few milliseconds.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageChops, ImageDraw, ImageFilter

from vision.demo.geometry import Points
from vision.demo.scene import RGB, Fold, Part, Scene, Shadow, Stroke, darker, lighter, luminance

Floats = NDArray[np.float32]
Box = tuple[int, int, int, int]

_SHADE = 72
"""Longer side, in pixels, of the arrays that shading is worked out on."""

_COARSE = 8
"""Shadows are blurred at this fraction of the canvas's side."""


def oversampling(size: int) -> int:
    """Return how much larger than the picture it is drawn: small pictures need more."""
    return min(max(2, -(-400 // size)), 6)


def paint(scene: Scene, background: Image.Image, size: int, cast: float = 0.2) -> Image.Image:
    """Draw the scene over a background, reduce it to ``size`` pixels square and return it.

    Args:
        scene: Shapes in the unit square, the rearmost first.
        background: RGB, ``size * oversampling(size)`` pixels square; it is drawn on.
        size: Side of the returned picture in pixels.
        cast: Opacity of the soft shadow that the whole scene throws on the background.
    """
    if cast > 0:
        _cast_shadow(background, scene, cast)
    draw = ImageDraw.Draw(background)
    for shape in scene:
        if isinstance(shape, Part):
            _part(background, draw, shape)
        elif isinstance(shape, Stroke):
            _stroke(draw, shape, background.width)
        else:
            _shadow(background, shape)
    return background.reduce(background.width // size)


def _part(canvas: Image.Image, draw: ImageDraw.ImageDraw, part: Part) -> None:
    side = canvas.width
    outline = part.outline * side
    box = _box(outline, side)
    if box is None:
        return
    size = (box[2] - box[0], box[3] - box[1])
    holes = [hole * side for hole in part.holes]
    mask = _mask(outline, holes, box, size)
    surface = _surface(part, box, size, side)
    if part.relief or part.fold or part.light != 1.0:
        surface = _lit(surface, part, outline, holes, box, size)
    canvas.paste(surface, box, mask)
    if part.edge is not None:
        color = _edge_color(part)
        width = max(round(0.0034 * side), 1)
        for ring in (outline, *holes):
            draw.line([*map(tuple, ring.tolist()), tuple(ring[0])], fill=color, width=width, joint="curve")


def _edge_color(part: Part) -> RGB:
    """Darken the cloth for its outline; near-black cloth gets a lighter one, or its shape would be lost."""
    assert part.edge is not None
    if luminance(part.cloth.color) < 60 and part.edge < 1:
        return lighter(part.cloth.color, 0.16)
    return darker(part.cloth.color, min(part.edge * part.light, 1.0))


def _box(outline: Points, side: int) -> Box | None:
    """Return the part of the canvas that an outline touches, or None."""
    low, high = np.floor(outline.min(axis=0)), np.ceil(outline.max(axis=0)) + 1
    box = max(int(low[0]), 0), max(int(low[1]), 0), min(int(high[0]), side), min(int(high[1]), side)
    return box if box[2] > box[0] and box[3] > box[1] else None


def _mask(outline: Points, holes: Sequence[Points], box: Box, size: tuple[int, int]) -> Image.Image:
    """Draw an outline and its holes as an L image of ``size`` covering ``box`` of the canvas."""
    mask = Image.new("L", size)
    pen = ImageDraw.Draw(mask)
    scale = np.array([size[0] / (box[2] - box[0]), size[1] / (box[3] - box[1])])
    for ring, fill in ((outline, 255), *((hole, 0) for hole in holes)):
        pen.polygon(((ring - box[:2]) * scale).ravel().tolist(), fill=fill)
    return mask


def _surface(part: Part, box: Box, size: tuple[int, int], side: int) -> Image.Image:
    """Fill the box with the cloth's colour, or with its tile repeated along the part's axes."""
    cloth = part.cloth
    if cloth.tile is None:
        return Image.new("RGB", size, cloth.color)
    period = cloth.tile.shape[0]
    axes = np.array(part.axes, dtype=np.float64).T
    if abs(np.linalg.det(axes)) < 0.05:
        # A face seen edge-on has no area to speak of; any axes will do.
        axes = np.eye(2)
    to_tile = np.linalg.inv(axes) * (period * 256 / (cloth.span * side))
    x = np.arange(box[0], box[2], dtype=np.float64) - side / 2
    y = (np.arange(box[1], box[3], dtype=np.float64) - side / 2)[:, None]
    wrap = period - 1
    shift = period.bit_length() - 1
    u = ((to_tile[0, 0] * x).astype(np.int32) + (to_tile[0, 1] * y).astype(np.int32)) >> 8 & wrap
    v = ((to_tile[1, 0] * x).astype(np.int32) + (to_tile[1, 1] * y).astype(np.int32)) >> 8 & wrap
    pixels = cloth.tile.ravel().take((v << shift) | u)
    return Image.frombuffer("RGBX", size, pixels.tobytes(), "raw", "RGBX", 0, 1).convert("RGB")


def _lit(
    surface: Image.Image,
    part: Part,
    outline: Points,
    holes: Sequence[Points],
    box: Box,
    size: tuple[int, int],
) -> Image.Image:
    """Multiply the surface by its shade and screen the highlights over it."""
    scale = min(_SHADE / max(size), 0.2)
    small = (max(round(size[0] * scale), 2), max(round(size[1] * scale), 2))
    shade = _shade(_mask(outline, holes, box, small), part) * part.light
    # Shadows keep more of the strong channels, so that they deepen a colour instead of greying it.
    color = np.array(part.cloth.color, dtype=np.float32) / 255
    exponent = 1.25 - 0.5 * color * (1 - color.min())
    dark = np.minimum(shade, 1.0)[:, :, None] ** exponent
    surface = ImageChops.multiply(surface, _enlarged(dark * 255, size))
    bright = shade.max()
    if bright > 1.03:
        gloss = np.maximum(shade - 1.0, 0.0) * (150 + 420 * part.cloth.sheen)
        veil = _enlarged(gloss, size)
        surface = ImageChops.screen(surface, Image.merge("RGB", (veil, veil, veil)))
    return surface


def _enlarged(values: Floats, size: tuple[int, int]) -> Image.Image:
    small = Image.fromarray(np.clip(values, 0, 255).astype(np.uint8))
    return small.resize(size, Image.Resampling.BILINEAR)


def _shade(mask: Image.Image, part: Part) -> Floats:
    """Return brightness factors about 1 for a part: lit from the upper left, darker towards its edges."""
    inside = np.asarray(mask, dtype=np.float32) / 255
    shade = np.ones_like(inside)
    if part.relief:
        radius = max(0.10 * max(mask.size), 1.0)
        # A margin keeps the blur from mistaking the edge of the box for more cloth.
        margin = int(radius * 2)
        padded = Image.new("L", (mask.width + 2 * margin, mask.height + 2 * margin))
        padded.paste(mask, (margin, margin))
        blurred = np.asarray(padded.filter(ImageFilter.GaussianBlur(radius)), dtype=np.float32) / 255
        height = blurred[margin:-margin, margin:-margin]
        slope_y, slope_x = np.gradient(height)
        facing = (0.75 * slope_x + 0.55 * slope_y) * radius
        shade += part.relief * (0.55 * facing - 0.34 * np.clip(0.95 - height, 0, 1) ** 1.3 + 0.03)
    if part.fold is not None:
        shade += _folds(inside > 0.5, part.fold)
    return np.clip(shade, 0.25, 1.35)


def _folds(inside: NDArray[np.bool_], fold: Fold) -> Floats:
    """Return the darkening by folds that run down from the top and spread with the outline."""
    rows, columns = inside.shape
    left = np.argmax(inside, axis=1)[:, None]
    right = columns - 1 - np.argmax(inside[:, ::-1], axis=1)[:, None]
    across = (np.arange(columns)[None, :] - left) / np.maximum(right - left, 1)
    down = np.linspace(0, 1, rows, dtype=np.float32)[:, None]
    strength = fold.depth * (fold.top + (1 - fold.top) * down**1.2)
    rng = np.random.default_rng(fold.seed)
    if fold.crisp:
        wave = 1 - 1.6 * ((across * fold.count) % 1.0) ** 1.6
    else:
        phase = rng.uniform(0, 2 * np.pi, 3)
        bend = 0.12 * np.sin(down * rng.uniform(1.5, 4) + phase[0])
        wave = 0.62 * np.sin(2 * np.pi * fold.count * (across + bend) + phase[1])
        wave = wave + 0.38 * np.sin(2 * np.pi * fold.count * 1.73 * (across - 0.5 * bend) + phase[2])
    result: Floats = (strength * (wave - 0.25)).astype(np.float32)
    return result


def _stroke(draw: ImageDraw.ImageDraw, stroke: Stroke, side: int) -> None:
    width = max(round(stroke.width * side), 1)
    line = stroke.line * side
    pieces = [line] if stroke.dash is None else _dashes(line, stroke.dash[0] * side, stroke.dash[1] * side)
    for piece in pieces:
        draw.line([tuple(p) for p in piece.tolist()], fill=stroke.color, width=width, joint="curve")
    if stroke.dash is None and width > 3:
        radius = width / 2 - 0.5
        for x, y in (line[0], line[-1]):
            draw.ellipse((x - radius, y - radius, x + radius, y + radius), fill=stroke.color)


def _dashes(line: Points, on: float, off: float) -> list[Points]:
    """Cut a polyline into dashes; lengths in pixels."""
    steps = np.hypot(*np.diff(line, axis=0).T)
    along = np.concatenate([[0.0], np.cumsum(steps)])
    starts = np.arange(0, along[-1], max(on + off, 1.0))
    ends = np.minimum(starts + on, along[-1])
    x0, y0 = np.interp(starts, along, line[:, 0]), np.interp(starts, along, line[:, 1])
    x1, y1 = np.interp(ends, along, line[:, 0]), np.interp(ends, along, line[:, 1])
    return list(np.stack([np.stack([x0, y0], 1), np.stack([x1, y1], 1)], axis=1))


def _shadow(canvas: Image.Image, shadow: Shadow) -> None:
    side = canvas.width
    reach = 2.5 * shadow.blur
    corners = np.array([shadow.outline.min(axis=0) - reach, shadow.outline.max(axis=0) + reach])
    box = _box(corners * side, side)
    if box is None:
        return
    size = (max((box[2] - box[0]) // 4, 1), max((box[3] - box[1]) // 4, 1))
    mask = _mask(shadow.outline * side, [], box, size).filter(ImageFilter.GaussianBlur(shadow.blur * side / 4))
    mask = mask.point(lambda level: level * shadow.opacity)
    canvas.paste(shadow.color, box, mask.resize((box[2] - box[0], box[3] - box[1]), Image.Resampling.BILINEAR))


def _cast_shadow(canvas: Image.Image, scene: Scene, opacity: float) -> None:
    """Darken the background a little to the lower right of everything that is drawn."""
    side = canvas.width
    small = max(side // _COARSE, 8)
    mask = Image.new("L", (small, small))
    pen = ImageDraw.Draw(mask)
    for shape in scene:
        if isinstance(shape, Part):
            pen.polygon(((shape.outline + (0.012, 0.02)) * small).ravel().tolist(), fill=255)
    mask = mask.filter(ImageFilter.GaussianBlur(0.022 * small)).point(lambda level: level * opacity)
    box = mask.getbbox()
    if box is None:
        return
    scale = side / small
    place = (round(box[0] * scale), round(box[1] * scale), round(box[2] * scale), round(box[3] * scale))
    large = mask.crop(box).resize((place[2] - place[0], place[3] - place[1]), Image.Resampling.BILINEAR)
    canvas.paste((44, 40, 52), place, large)
