"""Outlines in the unit square: x to the right, y down, both from 0 to 1."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

Points = NDArray[np.float64]
"""A polygon or a polyline, one (x, y) per row."""

Matrix = NDArray[np.float64]
"""A 3x3 projective map of the plane, acting on columns (x, y, 1)."""


def points(rows: Sequence[Sequence[float]]) -> Points:
    """Return straight-lined points, ignoring anything after x and y."""
    return np.array([(row[0], row[1]) for row in rows], dtype=np.float64)


def curve(rows: Sequence[Sequence[float]], closed: bool = True, steps: int = 8) -> Points:
    """Return a smooth line through the rows; a row with a third value is a corner.

    Each stretch is a cubic Hermite curve. Its tangents are as long as the stretch, but at most a few times
    the neighbouring one, so that unevenly spaced points do not make the line overshoot. Two corners in a
    row are joined by a straight line.
    """
    knots = points(rows)
    corner = np.array([len(row) > 2 for row in rows])
    if not closed:
        corner[[0, -1]] = True
    ahead = np.roll(knots, -1, axis=0) - knots
    length = np.maximum(np.hypot(ahead[:, 0], ahead[:, 1]), 1e-9)[:, None]
    unit = ahead / length
    before, before_length = np.roll(unit, 1, axis=0), np.roll(length, 1, axis=0)
    tangent = (before * length + unit * before_length) / (length + before_length)
    reach = np.minimum(length, 2.2 * before_length)
    leaving = np.where(corner[:, None], unit * length, tangent * reach)
    reach = np.minimum(before_length, 2.2 * length)
    arriving = np.roll(np.where(corner[:, None], before * before_length, tangent * reach), -1, axis=0)
    t = np.arange(steps)[None, :, None] / steps
    start, end = knots[:, None], np.roll(knots, -1, axis=0)[:, None]
    line = (
        (2 * t**3 - 3 * t**2 + 1) * start
        + (t**3 - 2 * t**2 + t) * leaving[:, None]
        + (3 * t**2 - 2 * t**3) * end
        + (t**3 - t**2) * arriving[:, None]
    )
    flat: Points = line.reshape(-1, 2)
    if not closed:
        flat = np.concatenate([flat[:-steps], knots[-1:]])
    return flat


def symmetric(half: Sequence[Sequence[float]], axis: float = 0.5) -> Points:
    """Return the closed outline whose right half is given from top to bottom, x counted from the axis."""
    right = [(axis + row[0], *row[1:]) for row in half]
    left = [(axis - row[0], *row[1:]) for row in reversed(half) if abs(row[0]) > 1e-9]
    return curve(right + left)


def mirror(outline: Points, axis: float = 0.5) -> Points:
    """Return the outline mirrored at a vertical axis."""
    return np.stack([2 * axis - outline[:, 0], outline[:, 1]], axis=1)


def ellipse(x: float, y: float, rx: float, ry: float, turn: float = 0.0, steps: int = 40) -> Points:
    """Return an ellipse about (x, y), turned by ``turn`` radians."""
    angle = np.linspace(0, 2 * np.pi, steps, endpoint=False)
    along, across = rx * np.cos(angle), ry * np.sin(angle)
    cos, sin = np.cos(turn), np.sin(turn)
    return np.stack([x + along * cos - across * sin, y + along * sin + across * cos], axis=1)


def arc(x: float, y: float, rx: float, ry: float, start: float, end: float, steps: int = 24) -> Points:
    """Return an open elliptic arc; angles in degrees, 0 to the right and 90 downwards."""
    angle = np.radians(np.linspace(start, end, steps))
    return np.stack([x + rx * np.cos(angle), y + ry * np.sin(angle)], axis=1)


def rectangle(x0: float, y0: float, x1: float, y1: float, radius: float = 0.0) -> Points:
    """Return a rectangle with rounded corners."""
    return rounded(np.array([(x0, y0), (x1, y0), (x1, y1), (x0, y1)], dtype=np.float64), radius)


def rounded(polygon: Points, radius: float, steps: int = 6) -> Points:
    """Round every corner of a polygon, by at most 45 % of the shorter side next to it."""
    if radius <= 0:
        return polygon
    before, after = np.roll(polygon, 1, axis=0) - polygon, np.roll(polygon, -1, axis=0) - polygon
    sides = np.maximum([np.hypot(*before.T), np.hypot(*after.T)], 1e-9)
    share = np.minimum(radius, 0.45 * sides.min(axis=0)) / sides
    start, end = polygon + before * share[0][:, None], polygon + after * share[1][:, None]
    t = np.linspace(0, 1, steps)[None, :, None]
    arcs: NDArray[np.float64] = (1 - t) ** 2 * start[:, None] + 2 * t * (1 - t) * polygon[:, None] + t**2 * end[:, None]
    return arcs.reshape(-1, 2)


def limb(path: Sequence[Sequence[float]]) -> Points:
    """Return the outline of a smooth limb along rows of (x, y, half width)."""
    centre = curve([row[:2] for row in path], closed=False)
    width = np.interp(np.linspace(0, len(path) - 1, len(centre)), np.arange(len(path)), [row[2] for row in path])
    along = np.gradient(centre, axis=0)
    along /= np.maximum(np.hypot(along[:, 0], along[:, 1]), 1e-9)[:, None]
    across = along[:, ::-1] * (-1.0, 1.0) * width[:, None]
    return np.concatenate([centre + across, (centre - across)[::-1]])


def hull(cloud: Points) -> Points:
    """Return the convex hull of a few points (monotone chain)."""
    ordered = sorted(map(tuple, cloud.tolist()))
    chains = []
    for sequence in (ordered, ordered[::-1]):
        chain: list[tuple[float, ...]] = []
        for p in sequence:
            while len(chain) > 1 and _turn(chain[-2], chain[-1], p) <= 0:
                chain.pop()
            chain.append(p)
        chains.append(chain[:-1])
    return np.array(chains[0] + chains[1])


def _turn(a: tuple[float, ...], b: tuple[float, ...], c: tuple[float, ...]) -> float:
    return (b[0] - a[0]) * (c[1] - a[1]) - (b[1] - a[1]) * (c[0] - a[0])


def identity() -> Matrix:
    """Return the map that changes nothing."""
    return np.eye(3)


def zoom(scale: float, at: tuple[float, float], to: tuple[float, float] = (0.5, 0.5)) -> Matrix:
    """Return the map that scales and puts the point ``at`` on the point ``to``."""
    return np.array([[scale, 0, to[0] - scale * at[0]], [0, scale, to[1] - scale * at[1]], [0, 0, 1]])


def skew(squeeze: float, shear: float, perspective: float, mirrored: bool = False) -> Matrix:
    """Return a three-quarter look about the centre of the square.

    ``squeeze`` scales x, ``shear`` tilts horizontals, ``perspective`` makes the right side smaller.
    """
    flip = -1.0 if mirrored else 1.0
    about = np.array([[squeeze * flip, 0, 0], [shear * flip, 1, 0], [perspective * flip, 0, 1]])
    centre = np.array([[1, 0, 0.5], [0, 1, 0.5], [0, 0, 1.0]])
    matrix: Matrix = centre @ about @ np.linalg.inv(centre)
    return matrix


def apply(matrix: Matrix, outline: Points) -> Points:
    """Map points through a projective matrix."""
    mapped = outline @ matrix[:, :2].T + matrix[:, 2]
    result: Points = mapped[:, :2] / mapped[:, 2:]
    return result
