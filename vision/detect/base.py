"""What every detector is: a picture in, regions of it out."""

from __future__ import annotations

import hashlib
import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Protocol

from PIL import Image

Box = tuple[float, float, float, float]
"""(x, y, width, height) as fractions of the upright picture, the origin top left."""

WHOLE: Final[Box] = (0.0, 0.0, 1.0, 1.0)

# Of a picture's side: what is thinner is no region. A box is rounded to four digits, a fifth of a pixel of 2,000.
_THINNEST: Final = 0.002
_DIGITS: Final = 4


@dataclass(frozen=True)
class Region:
    """A part of a picture that a detector found something in.

    Attributes:
        box: where.
        label: what, in the detector's words.
        score: how sure the detector is, 0 to 1; comparable within one detector only.
        categories: of the catalogue, that the label may be; empty where no mapping says.
    """

    box: Box
    label: str
    score: float
    categories: tuple[str, ...] = ()

    @property
    def area(self) -> float:
        """The part of the picture that it covers, 0 to 1."""
        return self.box[2] * self.box[3]


class Detector(Protocol):
    """Finds things in pictures. One caller at a time."""

    @property
    def name(self) -> str:
        """Which detector it is, for the reader of an answer."""
        ...

    @property
    def fingerprint(self) -> str:
        """Two detectors with the same fingerprint find the same regions."""
        ...

    @property
    def side(self) -> int:
        """Pixels of a picture's shorter side that are enough: more are only scaled away."""
        ...

    @property
    def notice(self) -> str | None:
        """What a reader must know about its answers, if anything."""
        ...

    def detect(self, image: Image.Image) -> Sequence[Region]:
        """The regions of an RGB picture of any size, the surest first; none is an answer too."""
        ...


def fingerprint_of(name: str, *parts: object) -> str:
    """A name and 12 digits over everything that decides what is found."""
    return f"{name}-{hashlib.sha256(repr(parts).encode()).hexdigest()[:12]}"


def make_box(left: float, top: float, right: float, bottom: float) -> Box | None:
    """The box between two corners in fractions, cut off at the picture's edges; None where too little is left."""
    sides = [float(side) for side in (left, top, right, bottom)]
    if not all(math.isfinite(side) for side in sides):
        return None
    left, top, right, bottom = (round(min(max(side, 0.0), 1.0), _DIGITS) for side in sides)
    if right - left < _THINNEST or bottom - top < _THINNEST:
        return None
    return left, top, round(right - left, _DIGITS), round(bottom - top, _DIGITS)
