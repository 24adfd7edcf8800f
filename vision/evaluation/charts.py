"""Small charts: points, joined or not, over one or two scales, drawn as SVG or as PNG from the same shapes.

Colours of the SVG are CSS variables (``--ink``, ``--quiet``, ``--line``, ``--c0`` to ``--c7``), so that a page can be
light or dark; :data:`STYLE` sets them. A picture of its own (:meth:`Chart.image`) has them as values.
"""

from __future__ import annotations

import html
import io
import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from PIL import Image, ImageDraw, ImageFont

LIGHT = ("#2463c4", "#c8501e", "#0b7d5b", "#8a3fa0", "#8a6d00", "#b3265e", "#4d5a66", "#00798c")
DARK = ("#7fb2ff", "#ff9d6b", "#4fd0a4", "#d69bea", "#e3c14f", "#ff86b3", "#b3c0cc", "#58cfe0")
INK, QUIET, LINE, PAPER = "#1b1f24", "#59636e", "#d5dae0", "#ffffff"
_DARK_INK, _DARK_QUIET, _DARK_LINE, _DARK_PAPER = "#e8ebee", "#a0aab4", "#3a424b", "#15181c"
MARKERS = ("circle", "square", "triangle", "diamond")

STYLE = (
    f":root{{--ink:{INK};--quiet:{QUIET};--line:{LINE};--paper:{PAPER};--good:#0b7d5b;--bad:#c8321e;"
    + "".join(f"--c{number}:{color};" for number, color in enumerate(LIGHT))
    + f"color-scheme:light dark}}\n@media (prefers-color-scheme:dark){{:root{{--ink:{_DARK_INK};--quiet:{_DARK_QUIET};"
    f"--line:{_DARK_LINE};--paper:{_DARK_PAPER};--good:#4fd0a4;--bad:#ff8a75;"
    + "".join(f"--c{number}:{color};" for number, color in enumerate(DARK))
    + "}}\n"
)

WIDTH, PLOT_HEIGHT = 400, 240
_LEFT, _RIGHT, _TOP, _BOTTOM = 46, 14, 46, 52
_ENTRY = 17
_SIZE, _SMALL = 12, 11
_RADIUS = 4.5
_LETTER = 7.0
"""Width that a character of a label is given."""


@dataclass(frozen=True)
class Point:
    """A value; ``label`` stands beside it where there is room, ``hint`` is said when it is pointed at."""

    x: float
    y: float
    label: str = ""
    hint: str = ""


@dataclass(frozen=True)
class Series:
    """Points that belong together: ``color`` and ``marker`` by number; ``joined`` by a line or not."""

    name: str
    points: Sequence[Point]
    color: int = 0
    marker: int = 0
    joined: bool = False


@dataclass(frozen=True)
class Axis:
    """A scale: its title, whether it is logarithmic, and where its marks are (chosen if not given)."""

    title: str
    log: bool = False
    marks: Sequence[float] | None = None
    zero: bool = False
    """Whether it begins at 0."""


@dataclass(frozen=True)
class _Line:
    points: tuple[tuple[float, float], ...]
    color: str
    width: float


@dataclass(frozen=True)
class _Text:
    x: float
    y: float
    text: str
    color: str
    anchor: str = "start"
    size: int = _SIZE
    bold: bool = False


@dataclass(frozen=True)
class _Mark:
    x: float
    y: float
    marker: int
    color: str
    hint: str = ""


_Shape = _Line | _Text | _Mark


@dataclass(frozen=True)
class Chart:
    """A chart that can be drawn."""

    title: str
    x: Axis
    y: Axis
    series: Sequence[Series]

    def svg(self) -> str:
        """An ``<svg>`` element without any reference to elsewhere."""
        shapes, height = self._shapes()
        title = html.escape(self.title)
        body = "".join(_svg(shape) for shape in shapes)
        return (
            f'<svg viewBox="0 0 {WIDTH} {height}" role="img" aria-label="{title}" '
            f'xmlns="http://www.w3.org/2000/svg" font-family="inherit">{body}</svg>'
        )

    @property
    def size(self) -> tuple[int, int]:
        """Width and height of :meth:`image`."""
        return WIDTH, self._shapes()[1]

    def image(self, *, dark: bool = False) -> str:
        """The same as a file of its own, on paper, for ``<img>``: no style, no script, no variables."""
        shapes, height = self._shapes()
        title = html.escape(self.title)
        named = _named(dark=dark)
        body = "".join(_svg(shape, named.__getitem__) for shape in shapes)
        return (
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" width="{WIDTH}" height="{height}" '
            f'role="img" aria-label="{title}" font-family="system-ui,sans-serif"><title>{title}</title>'
            f'<rect width="{WIDTH}" height="{height}" fill="{named["paper"]}"/>{body}</svg>'
        )

    def picture(self, scale: int = 2) -> Image.Image:
        """The same as a picture on white, ``scale`` pixels for each unit."""
        shapes, height = self._shapes()
        image = Image.new("RGB", (WIDTH * scale, height * scale), PAPER)
        draw = ImageDraw.Draw(image)
        for shape in shapes:
            _paint(draw, shape, scale)
        return image

    def _shapes(self) -> tuple[list[_Shape], int]:
        points = [point for each in self.series for point in each.points]
        across, x_marks = _scale(self.x, [point.x for point in points], _LEFT, WIDTH - _RIGHT)
        up, y_marks = _scale(self.y, [point.y for point in points], _TOP + PLOT_HEIGHT, _TOP)
        floor = _TOP + PLOT_HEIGHT
        shapes: list[_Shape] = [_Text(0, 14, self.title, "ink", size=13, bold=True)]
        for mark in y_marks:
            shapes.append(_Line(((_LEFT, up(mark)), (WIDTH - _RIGHT, up(mark))), "line", 1))
            shapes.append(_Text(_LEFT - 6, up(mark) + 4, _number(mark), "quiet", "end", _SMALL))
        free = 0.0
        for mark in x_marks:
            shapes.append(_Line(((across(mark), floor), (across(mark), floor + 4)), "quiet", 1))
            half = _LETTER * len(_number(mark)) / 2
            if across(mark) - half >= free:
                shapes.append(_Text(across(mark), floor + 17, _number(mark), "quiet", "middle", _SMALL))
                free = across(mark) + half
        shapes.append(_Line(((_LEFT, floor), (WIDTH - _RIGHT, floor)), "quiet", 1))
        shapes.append(_Text(WIDTH - _RIGHT, floor + 33, self.x.title, "quiet", "end", _SMALL))
        shapes.append(_Text(0, 31, self.y.title, "quiet", size=_SMALL))
        shapes += self._data(across, up)
        height = floor + _BOTTOM
        for number, each in enumerate(self.series):
            y = height + _ENTRY * number
            shapes.append(_Mark(_LEFT, y - 4, each.marker, f"c{each.color % len(LIGHT)}"))
            shapes.append(_Text(_LEFT + 12, y, each.name, "ink", size=_SMALL))
        return shapes, height + _ENTRY * len(self.series)

    def _data(self, across: Callable[[float], float], up: Callable[[float], float]) -> Iterable[_Shape]:
        """Lines below, marks over them, and the labels that hit no mark and no other label."""
        taken: list[tuple[float, float, float, float]] = []
        lines: list[_Shape] = []
        marks: list[_Shape] = []
        labels: list[_Text] = []
        for each in self.series:
            color = f"c{each.color % len(LIGHT)}"
            placed = tuple((across(point.x), up(point.y)) for point in each.points)
            if each.joined and len(placed) > 1:
                lines.append(_Line(placed, color, 2))
            for (x, y), point in zip(placed, each.points, strict=True):
                marks.append(_Mark(x, y, each.marker, color, point.hint))
                taken.append((x - 5, y - 5, x + 5, y + 5))
                if point.label:
                    wide = _LETTER * len(point.label)
                    if each.joined:  # above the line
                        left = min(max(x - wide / 2, _LEFT + 2), WIDTH - wide)
                        labels.append(_Text(left, y - 9, point.label, "ink", size=_SMALL))
                    else:
                        beside = x + 8 if x + 8 + wide <= WIDTH else x - 8 - wide
                        labels.append(_Text(beside, y + 4, point.label, "ink", size=_SMALL))
        shown: list[_Shape] = []
        for label in labels:
            box = (label.x, label.y - 10, label.x + _LETTER * len(label.text), label.y + 2)
            if not any(_overlap(box, other) for other in taken):
                taken.append(box)
                shown.append(label)
        return [*lines, *marks, *shown]


def png(charts: Sequence[Chart]) -> bytes:
    """Charts beside each other, as one PNG on white."""
    pictures = [chart.picture() for chart in charts]
    gap = 40
    width = sum(picture.width + gap for picture in pictures) + gap
    whole = Image.new("RGB", (width, max(picture.height for picture in pictures) + 2 * gap), PAPER)
    left = gap
    for picture in pictures:
        whole.paste(picture, (left, gap))
        left += picture.width + gap
    buffer = io.BytesIO()
    whole.save(buffer, "PNG", optimize=True)
    return buffer.getvalue()


def _overlap(a: tuple[float, float, float, float], b: tuple[float, float, float, float]) -> bool:
    return a[0] < b[2] and b[0] < a[2] and a[1] < b[3] and b[1] < a[3]


def _scale(
    axis: Axis, values: Sequence[float], start: float, end: float
) -> tuple[Callable[[float], float], Sequence[float]]:
    """From a value to its place between ``start`` and ``end``, and where the marks are."""
    turned: Callable[[float], float] = math.log10 if axis.log else float
    low, high = min(values, default=1.0), max(values, default=1.0)
    if axis.zero:
        low = 0.0
    marks = axis.marks or (_decades(low, high) if axis.log else _round_steps(low, high))
    first, last = turned(min(low, marks[0])), turned(max(high, marks[-1]))
    room = 0.0 if axis.zero else (last - first) * 0.04
    first, last = first - room, last + (last - first) * 0.04
    span = (last - first) or 1.0
    return lambda value: start + (turned(value) - first) / span * (end - start), marks


def _round_steps(low: float, high: float) -> list[float]:
    """About five marks at 1, 2 or 5 times a power of ten, from below the least to above the most."""
    span = (high - low) or abs(high) or 1.0
    power = 10.0 ** math.floor(math.log10(span / 4))
    step = next(factor * power for factor in (1, 2, 5, 10) if span / (factor * power) <= 5)
    first = math.floor(low / step + 1e-9)
    last = math.ceil(high / step - 1e-9)
    return [round(number * step, 12) for number in range(first, max(last, first + 1) + 1)]


def _decades(low: float, high: float) -> list[float]:
    """Marks at 1, 2 and 5 times the powers of ten, enclosing the values."""
    exponents = range(math.floor(math.log10(low)) - 1, math.ceil(math.log10(high)) + 1)
    every = [factor * 10.0**exponent for exponent in exponents for factor in (1, 2, 5)]
    first = max(number for number, mark in enumerate(every) if mark <= low * 1.0001)
    last = min((number for number, mark in enumerate(every) if mark >= high * 0.9999), default=len(every) - 1)
    return every[first : max(last, first + 1) + 1]


def _number(value: float) -> str:
    return f"{value:,.0f}" if abs(value) >= 100 or value == int(value) else f"{value:.3g}"


def _corners(mark: _Mark) -> list[tuple[float, float]]:
    x, y, r = mark.x, mark.y, _RADIUS
    if MARKERS[mark.marker % len(MARKERS)] == "square":
        return [(x - r, y - r), (x + r, y - r), (x + r, y + r), (x - r, y + r)]
    if MARKERS[mark.marker % len(MARKERS)] == "triangle":
        return [(x, y - r - 1), (x + r + 1, y + r), (x - r - 1, y + r)]
    return [(x, y - r - 1.5), (x + r + 1.5, y), (x, y + r + 1.5), (x - r - 1.5, y)]


def _named(*, dark: bool) -> dict[str, str]:
    """The value of each color's name."""
    names, values = ("ink", "quiet", "line", "paper"), (INK, QUIET, LINE, PAPER)
    if dark:
        values = (_DARK_INK, _DARK_QUIET, _DARK_LINE, _DARK_PAPER)
    return dict(zip(names, values, strict=True)) | {f"c{n}": each for n, each in enumerate(DARK if dark else LIGHT)}


def _variable(name: str) -> str:
    return f"var(--{name})"


def _svg(shape: _Shape, named: Callable[[str], str] = _variable) -> str:
    color = named(shape.color)
    if isinstance(shape, _Line):
        points = " ".join(f"{x:.1f},{y:.1f}" for x, y in shape.points)
        return f'<polyline points="{points}" fill="none" stroke="{color}" stroke-width="{shape.width}"/>'
    if isinstance(shape, _Text):
        weight = ' font-weight="600"' if shape.bold else ""
        return (
            f'<text x="{shape.x:.1f}" y="{shape.y:.1f}" fill="{color}" font-size="{shape.size}" '
            f'text-anchor="{shape.anchor}"{weight}>{html.escape(shape.text)}</text>'
        )
    hint = f"<title>{html.escape(shape.hint)}</title>" if shape.hint else ""
    edge = f'fill="{color}" stroke="{named("paper")}" stroke-width="1"'
    if MARKERS[shape.marker % len(MARKERS)] == "circle":
        return f'<circle cx="{shape.x:.1f}" cy="{shape.y:.1f}" r="{_RADIUS}" {edge}>{hint}</circle>'
    points = " ".join(f"{x:.1f},{y:.1f}" for x, y in _corners(shape))
    return f'<polygon points="{points}" {edge}>{hint}</polygon>'


def _paint(draw: ImageDraw.ImageDraw, shape: _Shape, scale: int) -> None:
    color = _named(dark=False)[shape.color]
    if isinstance(shape, _Line):
        draw.line([(x * scale, y * scale) for x, y in shape.points], fill=color, width=round(shape.width * scale))
    elif isinstance(shape, _Text):
        font = ImageFont.load_default(shape.size * scale)
        anchor = {"start": "ls", "middle": "ms", "end": "rs"}[shape.anchor]
        draw.text((shape.x * scale, shape.y * scale), shape.text, fill=color, font=font, anchor=anchor)
    elif MARKERS[shape.marker % len(MARKERS)] == "circle":
        r = _RADIUS * scale
        draw.ellipse((shape.x * scale - r, shape.y * scale - r, shape.x * scale + r, shape.y * scale + r), fill=color)
    else:
        draw.polygon([(x * scale, y * scale) for x, y in _corners(shape)], fill=color)
