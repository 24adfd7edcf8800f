"""Furniture in three dimensions: boxes, cushions and turned bodies seen by a camera.

Metres; x to the right, y up from the floor, z towards the viewer. Solids are drawn far to near, which is
right as long as they do not interlock.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from vision.demo.geometry import Points, curve, hull, rounded
from vision.demo.scene import Cloth, Fold, Part, Scene, Shadow, Shape, fitted

Vector = NDArray[np.float64]

_PILLOW = 0.6
"""A box rounded by more than this share of its thinnest side has no faces left: it is drawn as a pillow."""


@dataclass(frozen=True)
class Camera:
    """Looks at the origin; angles in degrees.

    ``yaw`` above 0 shows the right side of things, ``pitch`` above 0 their top. ``distance`` in metres
    sets the perspective.
    """

    yaw: float = 0.0
    pitch: float = 16.0
    distance: float = 7.0

    def _turned(self, spots: Vector) -> Vector:
        yaw, pitch = np.radians(self.yaw), np.radians(self.pitch)
        x = spots[..., 0] * np.cos(yaw) - spots[..., 2] * np.sin(yaw)
        z = spots[..., 0] * np.sin(yaw) + spots[..., 2] * np.cos(yaw)
        y = spots[..., 1] * np.cos(pitch) - z * np.sin(pitch)
        return np.stack([x, y, spots[..., 1] * np.sin(pitch) + z * np.cos(pitch)], axis=-1)

    def project(self, spots: Sequence[Sequence[float]] | Vector) -> Points:
        """Return picture coordinates, y down, not yet fitted to the unit square."""
        turned = self._turned(np.asarray(spots, dtype=np.float64))
        scale = self.distance / (self.distance - turned[..., 2])
        flat: Points = np.stack([turned[..., 0] * scale, -turned[..., 1] * scale], axis=-1)
        return flat

    def nearness(self, spot: Sequence[float]) -> float:
        """Return how close a point is to the camera; larger is nearer."""
        return float(self._turned(np.asarray(spot, dtype=np.float64))[2])


@dataclass(frozen=True)
class Solid:
    """A few shapes that are drawn together; solids with a larger ``near`` are drawn later."""

    near: float
    shapes: Scene


def assemble(solids: Iterable[Solid], margin: float = 0.09, low: float | None = None) -> Scene:
    """Draw solids far to near and fit them into the unit square.

    Args:
        solids: In any order.
        margin: Free space around, in units of the picture.
        low: Where the lowest point comes to lie, 0 to 1; None centres the scene vertically.
    """
    scene: list[Shape] = [shape for solid in sorted(solids, key=lambda solid: solid.near) for shape in solid.shapes]
    return fitted(scene, margin, low, tiles=False)


def box(
    camera: Camera,
    center: Sequence[float],
    size: Sequence[float],
    cloth: Cloth,
    radius: float = 0.0,
    soft: float = 0.25,
    bias: float = 0.0,
    lean: float = 0.0,
) -> Solid:
    """Return a box, or a cushion if ``radius`` (metres) rounds its corners.

    Args:
        camera: Where it is seen from.
        center: Its middle.
        size: Width, height and depth.
        cloth: What it is made of.
        radius: Rounding of the corners.
        soft: Relief of the faces: 0 for a board, about 0.6 for upholstery.
        bias: Added to the nearness, where the middle misleads the order.
        lean: Metres that the top is shifted backwards.
    """
    half = np.array(size, dtype=np.float64) / 2
    signs = np.array([(x, y, z) for x in (-1, 1) for y in (-1, 1) for z in (-1, 1)], dtype=np.float64)
    corners = signs * half + np.array(center, dtype=np.float64)
    corners[:, 2] -= lean * (signs[:, 1] + 1) / 2
    flat = camera.project(corners)
    near = camera.nearness(center) + bias
    shapes: Scene = []
    if radius > _PILLOW * min(size):
        return Solid(near, [Part(rounded(hull(flat), radius * 1.4), cloth, relief=soft * 1.3, light=0.98)])
    if radius > 0:
        shapes.append(Part(rounded(hull(flat), radius * 1.1), cloth, relief=soft, light=0.84))
    side = 1.0 if camera.yaw >= 0 else -1.0
    for normal, light in (((side, 0, 0), 0.74), ((0, 1, 0), 1.04), ((0, 0, 1), 0.92)):
        face = _face(flat, signs, normal)
        if _area(face) > 1e-4:
            shapes.append(_face_part(face, cloth, radius, soft, light))
    return Solid(near, shapes)


def _face(flat: Points, signs: Vector, normal: Sequence[float]) -> Points:
    """Return the four projected corners of the face with this outward normal, in order around it.

    The first two run along the face's upper (or rear) edge from left to right.
    """
    chosen = flat[(signs @ np.array(normal, dtype=np.float64)) > 0.5]
    middle = chosen.mean(axis=0)
    angle = np.arctan2(chosen[:, 1] - middle[1], chosen[:, 0] - middle[0])
    ring = chosen[np.argsort(angle)]
    start = int(np.argmin(ring[:, 0] + ring[:, 1]))
    return np.roll(ring, -start, axis=0)


def _face_part(face: Points, cloth: Cloth, radius: float, soft: float, light: float) -> Part:
    across, down = face[1] - face[0], face[3] - face[0]
    width, height = np.hypot(*across), np.hypot(*down)
    axes = ((across[0] / width, across[1] / width), (down[0] / height, down[1] / height))
    if radius > 0:
        middle = face.mean(axis=0)
        inset = 1 - 0.5 * radius / max(min(width, height) / 2, 1e-6)
        face = middle + (face - middle) * max(inset, 0.6)
    outline = rounded(face, radius * 1.3)
    return Part(outline, cloth, relief=soft, edge=None if radius else 0.7, light=light, axes=axes)


def _area(ring: Points) -> float:
    following = np.roll(ring, -1, axis=0)
    return abs(float((ring[:, 0] * following[:, 1] - ring[:, 1] * following[:, 0]).sum())) / 2


def turned(
    camera: Camera,
    foot: Sequence[float],
    profile: Sequence[Sequence[float]],
    cloth: Cloth,
    *,
    smooth: bool = False,
    cap: Cloth | None = None,
    relief: float = 0.9,
    fold: Fold | None = None,
    bias: float = 0.0,
) -> Solid:
    """Return a body of revolution about a vertical axis.

    Args:
        camera: Where it is seen from.
        foot: Where the axis meets height 0 of the profile.
        profile: (radius, height) pairs from the bottom to the top.
        cloth: What it is made of.
        smooth: Whether the profile is a curve rather than straight stretches.
        cap: What the disc shows that faces the camera (the top, or the bottom seen from below), such as the
            inside of a lampshade; None: the cloth itself.
        relief: Strength of the shading.
        fold: Pleats, for a lampshade.
        bias: Added to the nearness.
    """
    rings = [_ring(camera, foot, radius, height) for radius, height in profile]
    right = [(float(ring[:, 0].max()), float(ring[ring[:, 0].argmax(), 1])) for ring in rings]
    left = [(float(ring[:, 0].min()), float(ring[ring[:, 0].argmin(), 1])) for ring in rings]
    sides = [curve(side, closed=False) if smooth and len(side) > 2 else np.array(side) for side in (right, left)]
    bottom, top = rings[0], rings[-1]
    front = bottom[bottom[:, 1] >= (right[0][1] + left[0][1]) / 2]
    back = top[top[:, 1] <= (right[-1][1] + left[-1][1]) / 2]
    outline = np.concatenate([sides[0], back[np.argsort(-back[:, 0])], sides[1][::-1], front[np.argsort(front[:, 0])]])
    shapes: Scene = [Part(outline, cloth, relief=relief, fold=fold)]
    disc, radius = (top, profile[-1][0]) if camera.pitch > 0 else (bottom, profile[0][0])
    if radius > 0.01:
        squash = ((1.0, 0.0), (0.0, max(abs(float(np.sin(np.radians(camera.pitch)))), 0.15)))
        light = 1.06 if cap is None else 1.0
        shapes.append(Part(disc, cap or cloth, relief=0.1, light=light, edge=0.75, axes=squash))
    height = (profile[0][1] + profile[-1][1]) / 2
    return Solid(camera.nearness((foot[0], foot[1] + height, foot[2])) + bias, shapes)


def _ring(camera: Camera, foot: Sequence[float], radius: float, height: float) -> Points:
    angle = np.linspace(0, 2 * np.pi, 48, endpoint=False)
    level = np.full_like(angle, foot[1] + height)
    return camera.project(np.stack([foot[0] + radius * np.cos(angle), level, foot[2] + radius * np.sin(angle)], axis=1))


def bar(
    camera: Camera,
    start: Sequence[float],
    end: Sequence[float],
    widths: tuple[float, float],
    cloth: Cloth,
    bias: float = 0.0,
) -> Solid:
    """Return a round bar or leg from one point to another; widths in metres at both ends."""
    flat = camera.project([start, end])
    along = flat[1] - flat[0]
    length = max(float(np.hypot(*along)), 1e-6)
    across = np.array([-along[1], along[0]]) / length
    outline = np.array(
        [
            flat[0] + across * widths[0] / 2,
            flat[1] + across * widths[1] / 2,
            flat[1] - across * widths[1] / 2,
            flat[0] - across * widths[0] / 2,
        ]
    )
    axes = ((float(along[0] / length), float(along[1] / length)), (float(across[0]), float(across[1])))
    middle = [(a + b) / 2 for a, b in zip(start, end, strict=True)]
    part = Part(rounded(outline, min(widths) * 0.3), cloth, relief=0.8, axes=axes)
    return Solid(camera.nearness(middle) + bias, [part])


def slab(camera: Camera, outline: Sequence[Sequence[float]], cloth: Cloth, light: float = 1.0, **more: float) -> Solid:
    """Return a flat face through points in space, such as a woven seat or a plate of glass."""
    flat = camera.project(outline)
    across, down = flat[1] - flat[0], flat[-1] - flat[0]
    width, height = max(float(np.hypot(*across)), 1e-6), max(float(np.hypot(*down)), 1e-6)
    axes = (
        (float(across[0]) / width, float(across[1]) / width),
        (float(down[0]) / height, float(down[1]) / height),
    )
    part = Part(flat, cloth, relief=more.get("relief", 0.2), light=light, axes=axes)
    middle = np.asarray(outline, dtype=np.float64).mean(axis=0)
    return Solid(camera.nearness(middle) + more.get("bias", 0.0), [part])


def grounded(camera: Camera, footprint: tuple[float, float, float, float], opacity: float = 0.32) -> Solid:
    """Return the shadow on the floor below a footprint given as (left, right, back, front)."""
    left, right, back, front = footprint
    corners = camera.project([(left, 0, back), (right, 0, back), (right, 0, front), (left, 0, front)])
    return Solid(-1e9, [Shadow(rounded(corners, 0.2), opacity, blur=0.05 * (right - left) + 0.02)])
