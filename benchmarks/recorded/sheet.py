"""A contact sheet: what was asked on the left, what was found on the right, one strip below the other.

Drawn with the one font that Pillow brings, so that the sheets look the same on every machine; it has hardly a letter
beyond ASCII and no bold. The ground is its own, for readers in light and in dark.
"""

from __future__ import annotations

import io
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from typing import Final

from PIL import Image, ImageDraw, ImageFont

RGB = tuple[int, int, int]
Box = Sequence[float]

WIDTH: Final = 960
"""Of a sheet in points; a point is ``_SCALE`` pixels."""
COLUMNS: Final = 6

_SCALE: Final = 1.5
_QUALITY: Final = 70
_MARGIN: Final = 18
_LEFT: Final = 176
_GAP: Final = 8
_CARD: Final = (WIDTH - 2 * _MARGIN - _LEFT - (COLUMNS - 1) * _GAP - 14) // COLUMNS
_PHOTO: Final = 150
_LINE: Final = 16
_GROUND: Final[RGB] = (247, 248, 250)
_PAPER: Final[RGB] = (255, 255, 255)
_RULE: Final[RGB] = (208, 215, 222)
_INK: Final[RGB] = (31, 35, 40)
_QUIET: Final[RGB] = (89, 99, 110)
_CHIP: Final[RGB] = (221, 235, 250)
_BLUE: Final[RGB] = (9, 84, 165)
_BOXES: Final[tuple[RGB, ...]] = ((214, 40, 40), (0, 114, 178), (0, 140, 100), (180, 80, 150))
_MARKS: Final[dict[str, RGB]] = {"liked": (26, 127, 55), "not liked": (180, 50, 30), "": _RULE}


@dataclass(frozen=True)
class Card:
    """One hit: its picture, its place, words below it, and whether it was liked or not."""

    picture: Image.Image | None
    place: str
    title: str
    notes: Sequence[str] = ()
    mark: str = ""


@dataclass(frozen=True)
class Asked:
    """What stands on the left: a photo with the parts that are meant, words, and what was understood of them."""

    photo: Image.Image | None = None
    boxes: Sequence[Box] = ()
    words: str = ""
    chips: Sequence[str] = ()
    first: int = 0
    """Which color the first box has, so that a box has the same one on several photos."""


@dataclass(frozen=True)
class Strip:
    """One search: its heading, what was asked, what was found, and lines below."""

    heading: str
    asked: Asked
    cards: Sequence[Card]
    notes: Sequence[str] = ()
    nothing: str = ""
    """Said in the place of hits where there are none."""


def draw(strips: Sequence[Strip]) -> bytes:
    """WebP of the strips, one below the other."""
    heights = [_height(strip) for strip in strips]
    sheet = Image.new("RGB", (round(WIDTH * _SCALE), round((sum(heights) + 8) * _SCALE)), _GROUND)
    pen = _Pen(sheet)
    top = 0
    for number, (strip, height) in enumerate(zip(strips, heights, strict=True)):
        if number:
            pen.line(_MARGIN, top, WIDTH - _MARGIN, top)
        _strip(pen, strip, top)
        top += height
    pen.frame(0, 0, WIDTH, top + 8, _RULE, 1)
    return encoded(sheet)


def encoded(image: Image.Image) -> bytes:
    """WebP, as small as still looks well."""
    buffer = io.BytesIO()
    image.save(buffer, "WEBP", quality=_QUALITY, method=6)
    return buffer.getvalue()


def _height(strip: Strip) -> int:
    left = 0
    if strip.asked.photo is not None:
        left += round(_PHOTO * strip.asked.photo.height / strip.asked.photo.width) + 8
    left += _LINE * len(_wrapped(strip.asked.words, 14, _LEFT)) + 22 * len(strip.asked.chips)
    rows = -(-len(strip.cards) // COLUMNS)
    right = rows * _card_height(strip.cards) + (24 if strip.nothing else 0) + _LINE * len(_lines(strip.notes))
    return 14 + 24 + max(left, right) + 6


def _card_height(cards: Sequence[Card]) -> int:
    lines = max((len(_title(card.title)) + len(card.notes) for card in cards), default=0)
    return _CARD + 6 + _LINE * lines + 8


def _strip(pen: _Pen, strip: Strip, top: int) -> None:
    top += 14
    pen.text(_MARGIN, top, strip.heading, 15, _INK, bold=True)
    top += 24
    _asked(pen, strip.asked, top)
    left = _MARGIN + _LEFT + 14
    if strip.nothing:
        pen.text(left, top, strip.nothing, 14, _MARKS["not liked"], bold=True)
        top += 24
    height = _card_height(strip.cards)
    for number, card in enumerate(strip.cards):
        row, column = divmod(number, COLUMNS)
        _card(pen, card, left + column * (_CARD + _GAP), top + row * height)
    top += -(-len(strip.cards) // COLUMNS) * height
    for line in _lines(strip.notes):
        pen.text(left, top, line, 13, _QUIET)
        top += _LINE


def _asked(pen: _Pen, asked: Asked, top: int) -> None:
    if asked.photo is not None:
        height = round(_PHOTO * asked.photo.height / asked.photo.width)
        pen.paste(asked.photo, _MARGIN, top, _PHOTO, height)
        pen.frame(_MARGIN, top, _PHOTO, height, _RULE, 1)
        for number, (x, y, w, h) in enumerate(asked.boxes):
            color = _BOXES[(asked.first + number) % len(_BOXES)]
            pen.frame(_MARGIN + x * _PHOTO, top + y * height, w * _PHOTO, h * height, color, 2)
        top += height + 8
    for line in _wrapped(asked.words, 14, _LEFT):
        pen.text(_MARGIN, top, line, 14, _INK)
        top += _LINE
    for chip in asked.chips:
        pen.chip(_MARGIN, top + 3, chip)
        top += 22


def _card(pen: _Pen, card: Card, left: float, top: float) -> None:
    pen.fill(left, top, _CARD, _CARD, _PAPER)
    if card.picture is None:
        pen.text(left + 10, top + _CARD / 2 - 8, "no picture", 13, _QUIET)
    else:
        pen.paste(card.picture, left, top, _CARD, _CARD)
    pen.frame(left, top, _CARD, _CARD, _MARKS[card.mark], 3 if card.mark else 1)
    pen.badge(left, top, card.place, _MARKS[card.mark] if card.mark else _QUIET)
    top += _CARD + 4
    for line in _title(card.title):
        pen.text(left, top, line, 13, _INK)
        top += _LINE
    for number, line in enumerate(card.notes):
        pen.text(left, top, line, 12.5, _MARKS[card.mark] if card.mark and not number else _QUIET)
        top += _LINE


def _title(title: str) -> Sequence[str]:
    """Two lines at most."""
    lines = _wrapped(title, 13, _CARD)
    return lines if len(lines) <= 2 else [lines[0], f"{lines[1].rsplit(' ', 1)[0]} …"]


def _lines(notes: Sequence[str]) -> Sequence[str]:
    return [line for note in notes for line in _wrapped(note, 13, WIDTH - 2 * _MARGIN - _LEFT - 14)]


def _wrapped(text: str, size: float, width: float) -> Sequence[str]:
    """Lines of whole words that are no wider than so many points."""
    lines: list[str] = []
    for word in text.split():
        longer = f"{lines[-1]} {word}" if lines else word
        if lines and _font(size * _SCALE).getlength(longer) <= width * _SCALE:
            lines[-1] = longer
        else:
            lines.append(word)
    return lines


class _Pen:
    """Draws in points on an image of pixels."""

    def __init__(self, image: Image.Image) -> None:
        self._image = image
        self._draw = ImageDraw.Draw(image)

    def text(self, left: float, top: float, text: str, size: float, color: RGB, *, bold: bool = False) -> None:
        place = (left * _SCALE, top * _SCALE)
        stroke = 0.35 * _SCALE if bold else 0
        self._draw.text(place, text, fill=color, font=_font(size * _SCALE), stroke_width=stroke)

    def line(self, left: float, top: float, right: float, bottom: float) -> None:
        self._draw.line((left * _SCALE, top * _SCALE, right * _SCALE, bottom * _SCALE), fill=_RULE, width=round(_SCALE))

    def fill(self, left: float, top: float, width: float, height: float, color: RGB) -> None:
        self._draw.rectangle(_pixels(left, top, width, height), fill=color)

    def frame(self, left: float, top: float, width: float, height: float, color: RGB, line: int) -> None:
        self._draw.rectangle(_pixels(left, top, width, height), outline=color, width=round(line * _SCALE))

    def paste(self, image: Image.Image, left: float, top: float, width: float, height: float) -> None:
        """Fit a picture into the space, keeping its shape."""
        scale = min(width / image.width, height / image.height) * _SCALE
        size = (max(1, round(image.width * scale)), max(1, round(image.height * scale)))
        shift = ((width * _SCALE - size[0]) / 2, (height * _SCALE - size[1]) / 2)
        fitted = image.resize(size, Image.Resampling.LANCZOS)
        self._image.paste(fitted, (round(left * _SCALE + shift[0]), round(top * _SCALE + shift[1])))

    def badge(self, left: float, top: float, text: str, color: RGB) -> None:
        if text:
            width = self._draw.textlength(text, font=_font(12 * _SCALE)) / _SCALE + 10
            self.fill(left, top, width, 17, color)
            self.text(left + 5, top + 2, text, 12, _PAPER)

    def chip(self, left: float, top: float, text: str) -> None:
        width = self._draw.textlength(text, font=_font(12.5 * _SCALE)) / _SCALE + 14
        self._draw.rounded_rectangle(_pixels(left, top, width, 19), radius=round(9 * _SCALE), fill=_CHIP)
        self.text(left + 7, top + 2, text, 12.5, _BLUE)


def _pixels(left: float, top: float, width: float, height: float) -> tuple[int, int, int, int]:
    right, bottom = left + width, top + height
    return round(left * _SCALE), round(top * _SCALE), round(right * _SCALE) - 1, round(bottom * _SCALE) - 1


@cache
def _font(size: float) -> ImageFont.FreeTypeFont | ImageFont.ImageFont:
    return ImageFont.load_default(size)
