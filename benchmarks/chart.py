"""Panels of lines over the products that are done, as one SVG that reads in light and in dark."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from html import escape

Point = tuple[float, float]

_WIDTH, _HEIGHT = 1000, 400
_LEFT, _TOP, _BOTTOM, _GAP = 66, 84, 54, 24
_AFTER = 0.2
_STYLE = """
text { font: 13px system-ui, sans-serif; fill: #24292f }
.small { font-size: 11.5px; fill: #57606a } .title { font-size: 16px; font-weight: 600 } .head { font-weight: 600 }
.page { fill: #ffffff } .grid { stroke: #d8dee4 } .after { fill: #f3f5f7 }
.mark { stroke: #8c959f; stroke-dasharray: 5 4 }
path { fill: none; stroke-width: 2.4; stroke-linejoin: round }
path.one { stroke: #1f6feb } text.one { fill: #1f6feb } path.two { stroke: #bc4c00 } text.two { fill: #bc4c00 }
@media (prefers-color-scheme: dark) {
text { fill: #e6edf3 } .small { fill: #9198a1 }
.page { fill: #0d1117 } .grid { stroke: #2b3138 } .after { fill: #161b22 } .mark { stroke: #7d8590 }
path.one { stroke: #58a6ff } text.one { fill: #58a6ff } path.two { stroke: #f0883e } text.two { fill: #f0883e } }
"""


@dataclass(frozen=True)
class Line:
    """One process: ``during`` over products done, ``after`` over seconds once all are."""

    name: str
    kind: str
    """``one`` or ``two``: its color."""
    during: Sequence[Point]
    after: Sequence[Point]


@dataclass(frozen=True)
class Panel:
    """One stretch of work; ``then`` names what comes once all products are through."""

    title: str
    then: str
    lines: Sequence[Line]


def drawn(title: str, legend: str, panels: Sequence[Panel], total: int, mark: tuple[str, float]) -> str:
    """The SVG.

    Args:
        title: above all panels.
        legend: below the title.
        panels: from left to right, on one scale.
        total: products.
        mark: a level to draw across all panels, and its name.
    """
    highest = max([mark[1], *(y for panel in panels for line in panel.lines for _, y in (*line.during, *line.after))])
    step = next(step for step in (50, 100, 200, 250, 500, 1000, 2000) if highest / step <= 7)
    top = step * (int(highest / step) + 1)
    wide = (_WIDTH - _LEFT - _GAP * len(panels)) / len(panels)
    out = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH} {_HEIGHT}" role="img">',
        f"<title>{escape(title)}</title><style>{_STYLE}</style>",
        f'<rect class="page" width="{_WIDTH}" height="{_HEIGHT}" rx="8"/>',
        f'<text class="title" x="16" y="26">{escape(title)}</text>',
        f'<text class="small" x="16" y="45">{escape(legend)}</text>',
    ]
    for number, panel in enumerate(panels):
        scale = _Scale(_LEFT + number * (wide + _GAP), wide, top, total, panel)
        out += _grid(scale, step, labelled=number == 0)
        out += _lines(scale)
        level = scale.y(mark[1])
        out.append(f'<line class="mark" x1="{scale.left:.1f}" x2="{scale.left + wide:.1f}" y1="{level}" y2="{level}"/>')
        if number == 0:
            out.append(f'<text class="small" x="{scale.left + 6:.1f}" y="{level + 15}">{escape(mark[0])}</text>')
    return "\n".join([*out, "</svg>", ""])


class _Scale:
    """Products and MB to places of one panel."""

    def __init__(self, left: float, wide: float, top: float, total: int, panel: Panel) -> None:
        self.left, self.wide, self.top, self.total, self.panel = left, wide, top, total, panel
        self.middle = left + wide * (1 - _AFTER)
        self._last = max([1e-9, *(x for line in panel.lines for x, _ in line.after)])

    def y(self, value: float) -> float:
        return round(_HEIGHT - _BOTTOM - value / self.top * (_HEIGHT - _TOP - _BOTTOM), 1)

    def during(self, done: float) -> float:
        return round(self.left + done / self.total * (self.middle - self.left), 1)

    def after(self, seconds: float) -> float:
        return round(self.middle + seconds / self._last * self.wide * _AFTER, 1)


def _grid(scale: _Scale, step: int, *, labelled: bool) -> list[str]:
    right, floor, ceiling = round(scale.left + scale.wide, 1), scale.y(0), scale.y(scale.top)
    out = [
        f'<rect class="after" x="{scale.middle:.1f}" y="{ceiling}" width="{scale.wide * _AFTER:.1f}" '
        f'height="{floor - ceiling:.1f}"/>',
        f'<text class="head" x="{scale.left:.1f}" y="{ceiling - 8}">{escape(scale.panel.title)}</text>',
        f'<text class="small" x="{right}" y="{ceiling - 8}" text-anchor="end">{escape(scale.panel.then)}</text>',
        f'<text class="small" x="{(scale.left + scale.middle) / 2:.1f}" y="{floor + 36}" text-anchor="middle">'
        "products done</text>",
    ]
    for value in range(0, int(scale.top) + 1, step):
        level = scale.y(value)
        out.append(f'<line class="grid" x1="{scale.left:.1f}" x2="{right}" y1="{level}" y2="{level}"/>')
        if labelled:
            name = f"{value} MB" if value + step > scale.top else str(value)
            out.append(f'<text class="small" x="{scale.left - 6:.1f}" y="{level + 4}" text-anchor="end">{name}</text>')
    for done in (0, scale.total // 2, scale.total):
        anchor = "start" if not done else "middle"
        x = scale.during(done)
        out.append(f'<text class="small" x="{x}" y="{floor + 17}" text-anchor="{anchor}">{_short(done)}</text>')
    return out


def _lines(scale: _Scale) -> list[str]:
    out = []
    for line in scale.panel.lines:
        places = [(scale.during(done), scale.y(value)) for done, value in line.during]
        places += [(scale.after(seconds), scale.y(value)) for seconds, value in line.after]
        out.append(f'<path class="{line.kind}" d="M{" L".join(f"{x} {y}" for x, y in _thinned(places))}"/>')
        x, y = places[len(line.during) // 2]
        out.append(f'<text class="{line.kind}" x="{x}" y="{y - 9:.1f}" text-anchor="middle">{line.name}</text>')
    return out


def _thinned(places: Sequence[Point]) -> list[Point]:
    """At most two points, the lowest and the highest, for each place of a pixel and a half."""
    columns: dict[int, list[Point]] = {}
    for place in places:
        columns.setdefault(int(place[0] / 1.5), []).append(place)
    out: list[Point] = []
    for column in columns.values():
        ends = {column[0], min(column, key=lambda each: each[1]), max(column, key=lambda each: each[1]), column[-1]}
        out += [place for place in dict.fromkeys(column) if place in ends]
    return out


def _short(number: int) -> str:
    return f"{number / 1000:g}k" if number >= 1000 else str(number)
