"""What a picture is made of: shapes in the unit square, drawn one over the other."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray

from vision.demo.geometry import Matrix, Points, apply, zoom

RGB = tuple[int, int, int]


@dataclass(frozen=True)
class Cloth:
    """A surface: a plain colour, or a tile that repeats in both directions.

    ``tile`` is square, its side a power of two, each pixel packed as 0xBBGGRR; ``span`` is the width that
    one tile covers, in units of the picture. ``color`` is also the colour of outlines, darkened.
    ``sheen`` from 0 (matt) to 1 (patent leather).
    """

    color: RGB
    tile: NDArray[np.uint32] | None = field(default=None, compare=False)
    span: float = 0.3
    sheen: float = 0.15


@dataclass(frozen=True)
class Fold:
    """How cloth hangs: ``count`` folds across, ``depth`` their darkness at the hem, 0 to 1.

    ``top`` is the share of that darkness at the upper edge; ``crisp`` makes knife pleats of the waves.
    """

    count: float
    depth: float = 0.2
    top: float = 0.1
    crisp: bool = False
    seed: int = 0


@dataclass(frozen=True)
class Part:
    """A filled outline.

    ``relief`` is how strongly it is shaded as if inflated. ``edge`` is the brightness of its outline
    relative to the cloth's colour; None draws no outline. ``axes`` are the directions of the tile's rows
    and columns, as two unit vectors. ``light`` scales the brightness of the whole part.
    """

    outline: Points
    cloth: Cloth
    relief: float = 0.6
    fold: Fold | None = None
    edge: float | None = 0.62
    light: float = 1.0
    axes: tuple[tuple[float, float], tuple[float, float]] = ((1.0, 0.0), (0.0, 1.0))
    holes: tuple[Points, ...] = ()


@dataclass(frozen=True)
class Stroke:
    """A line of the given colour; ``width`` in units of the picture; ``dash`` (on, off) in the same units."""

    line: Points
    color: RGB
    width: float = 0.004
    dash: tuple[float, float] | None = None


@dataclass(frozen=True)
class Shadow:
    """A soft darkening or tinting inside an outline; ``blur`` in units of the picture."""

    outline: Points
    opacity: float = 0.25
    blur: float = 0.02
    color: RGB = (40, 34, 40)


Shape = Part | Stroke | Shadow
Scene = list[Shape]


def plain(color: RGB, sheen: float = 0.15) -> Cloth:
    """Return a plain surface."""
    return Cloth(color, sheen=sheen)


def mix(a: RGB, b: RGB, share: float) -> RGB:
    """Return the colour ``share`` of the way from a to b."""
    return (
        round(a[0] + (b[0] - a[0]) * share),
        round(a[1] + (b[1] - a[1]) * share),
        round(a[2] + (b[2] - a[2]) * share),
    )


def darker(color: RGB, factor: float) -> RGB:
    """Return the colour with its brightness scaled."""
    return mix((0, 0, 0), color, factor)


def lighter(color: RGB, share: float) -> RGB:
    """Return the colour ``share`` of the way to white."""
    return mix(color, (255, 255, 255), share)


def luminance(color: RGB) -> float:
    """Return the perceived brightness, 0 to 255."""
    return 0.299 * color[0] + 0.587 * color[1] + 0.114 * color[2]


def ink(color: RGB) -> RGB:
    """Return a colour for seams and small lines that can be seen on this one."""
    return darker(color, 0.62) if luminance(color) > 70 else lighter(color, 0.28)


def tilted(
    direction: Sequence[float] | NDArray[np.float64],
) -> tuple[tuple[float, float], tuple[float, float]]:
    """Return tile axes whose columns run along a direction, such as a sleeve's."""
    length = float(np.hypot(direction[0], direction[1])) or 1.0
    x, y = float(direction[0]) / length, float(direction[1]) / length
    return (y, -x), (x, y)


def moved(scene: Iterable[Shape], matrix: Matrix, tiles: bool = True) -> Scene:
    """Map every shape through a matrix; line widths, blurs and (unless told otherwise) tiles scale along."""
    scale = float(np.sqrt(abs(np.linalg.det(matrix[:2, :2]))))
    result: Scene = []
    for shape in scene:
        if isinstance(shape, Part):
            cloth = replace(shape.cloth, span=shape.cloth.span * scale) if tiles else shape.cloth
            linear = matrix[:2, :2] / scale
            u, v = linear @ np.array(shape.axes[0]), linear @ np.array(shape.axes[1])
            result.append(
                replace(
                    shape,
                    outline=apply(matrix, shape.outline),
                    holes=tuple(apply(matrix, hole) for hole in shape.holes),
                    cloth=cloth,
                    axes=((float(u[0]), float(u[1])), (float(v[0]), float(v[1]))),
                )
            )
        elif isinstance(shape, Stroke):
            dash = (shape.dash[0] * scale, shape.dash[1] * scale) if shape.dash else None
            result.append(Stroke(apply(matrix, shape.line), shape.color, shape.width * scale, dash))
        else:
            result.append(replace(shape, outline=apply(matrix, shape.outline), blur=shape.blur * scale))
    return result


def bounds(scene: Iterable[Shape]) -> tuple[float, float, float, float]:
    """Return left, top, right and bottom of all parts.

    Raises:
        ValueError: If the scene holds no part.
    """
    outlines = [shape.outline for shape in scene if isinstance(shape, Part)]
    if not outlines:
        raise ValueError("a scene without parts has no bounds: add at least one Part")
    low = np.min([outline.min(axis=0) for outline in outlines], axis=0)
    high = np.max([outline.max(axis=0) for outline in outlines], axis=0)
    return float(low[0]), float(low[1]), float(high[0]), float(high[1])


def fitted(scene: Scene, margin: float = 0.09, low: float | None = None, tiles: bool = True) -> Scene:
    """Scale and move a scene to fill the unit square.

    Args:
        scene: In any units, y down.
        margin: Free space around, in units of the picture.
        low: Where the lowest point comes to lie, 0 to 1; None centres the scene vertically.
        tiles: Whether the cloth's tiles scale along.
    """
    left, top, right, bottom = bounds(scene)
    scale = (1 - 2 * margin) / max(right - left, bottom - top)
    to = 0.5 if low is None else low - scale * (bottom - top) / 2
    return moved(scene, zoom(scale, ((left + right) / 2, (top + bottom) / 2), (0.5, to)), tiles)
