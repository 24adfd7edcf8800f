"""An evaluation as one page that needs no network: figures, charts, and hits to look at, wrong ones marked."""

from __future__ import annotations

import base64
import html
from collections.abc import Sequence

from vision import images
from vision.catalog.product import Rejected
from vision.errors import BadImage
from vision.evaluation.charts import STYLE, Axis, Chart, Point, Series
from vision.evaluation.gallery import Gallery
from vision.evaluation.judgments import Judgments
from vision.evaluation.running import SHOWN, K, Outcome
from vision.evaluation.setups import MODES

SIDE = 150
"""Pixels of an embedded picture's longer side."""
_EXAMPLES = 6
_CSS = (
    STYLE
    + """*{box-sizing:border-box}
body{margin:0 auto;padding:1.5rem 1rem 3rem;max-width:74rem;background:var(--paper);color:var(--ink);
font:16px/1.5 system-ui,sans-serif}
h1{font-size:1.5rem;line-height:1.25;margin:0 0 .25rem}h2{font-size:1.15rem;margin:2.25rem 0 .5rem}
p{margin:.25rem 0 .75rem;max-width:44rem}.quiet{color:var(--quiet);font-size:.875rem}
.charts{display:grid;grid-template-columns:repeat(auto-fit,minmax(min(100%,22rem),1fr));gap:1.5rem;margin-top:1.5rem}
svg{display:block;width:100%;height:auto}
.wide{overflow-x:auto}table{border-collapse:collapse;font-size:.875rem;width:100%;font-variant-numeric:tabular-nums}
th,td{padding:.3rem .5rem;text-align:right;border-bottom:1px solid var(--line);white-space:nowrap}
th{color:var(--quiet);font-weight:600}th.text,td.text{text-align:left}
tr.best td{font-weight:600}
.example{border-top:1px solid var(--line);padding:1rem 0;display:flex;gap:1rem;align-items:flex-start}
.asked{flex:none;width:7rem}.found{flex:1;min-width:0}.found h3{font-size:.875rem;margin:0 0 .35rem;font-weight:600}
.hits{display:grid;grid-template-columns:repeat(8,1fr);gap:.5rem;margin-bottom:.9rem}
figure{margin:0}figure img,.none{display:block;width:100%;aspect-ratio:1;object-fit:contain;background:#fff;
border-radius:.25rem;border:3px solid var(--line)}
.right img{border-color:var(--good)}.wrong img{border-color:var(--bad);border-style:dashed}
figcaption{font-size:.75rem;line-height:1.3;margin-top:.2rem;overflow-wrap:anywhere}
.right b{color:var(--good)}.wrong b{color:var(--bad)}
@media (max-width:34rem){.example{flex-direction:column}.asked{width:9rem}.found{width:100%}
.hits{grid-template-columns:repeat(4,1fr);gap:.35rem}
th,td{padding:.3rem .4rem}td:first-child{white-space:normal;overflow-wrap:anywhere;min-width:6.5rem}}
"""
)


def document(title: str, about: str, parts: Sequence[str]) -> str:
    """A whole HTML page.

    Args:
        title: its heading, as text.
        about: what was measured, as text.
        parts: HTML.
    """
    return (
        '<!doctype html>\n<html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width,initial-scale=1">'
        f"<title>{html.escape(title)}</title><style>{_CSS}</style></head><body>"
        f"<h1>{html.escape(title)}</h1><p class=quiet>{html.escape(about)}</p>{''.join(parts)}</body></html>\n"
    )


def charts(drawn: Sequence[Chart]) -> str:
    """Charts side by side where there is room."""
    return f'<div class="charts">{"".join(f"<div>{chart.svg()}</div>" for chart in drawn)}</div>'


def table(columns: Sequence[str], rows: Sequence[Sequence[str]], *, best: int | None = None) -> str:
    """A table, words to the left and numbers to the right; the row ``best`` stands out."""
    words = wordy(columns, rows)

    def cells(values: Sequence[str], tag: str) -> str:
        return "".join(
            f"<{tag}{' class=text' if word else ''}>{html.escape(value)}</{tag}>"
            for value, word in zip(values, words, strict=True)
        )

    body = "".join(
        f"<tr{' class=best' if number == best else ''}>{cells(row, 'td')}</tr>" for number, row in enumerate(rows)
    )
    head = f"<thead><tr>{cells(columns, 'th')}</tr></thead>"
    return f'<div class="wide"><table>{head}<tbody>{body}</tbody></table></div>'


def wordy(columns: Sequence[str], rows: Sequence[Sequence[str]]) -> list[bool]:
    """For each column whether it holds words, rather than numbers and dashes."""
    return [
        any(not (row[number][:1].isdigit() or row[number] == "-") for row in rows) for number in range(len(columns))
    ]


def figures(outcomes: Sequence[Outcome]) -> tuple[list[str], list[list[str]]]:
    """Columns and rows for people; the filter only where there is one."""
    filtered = any(each.setup.filter is not None for each in outcomes)
    columns = ["extractor", "dims", "mode", *(["filter"] if filtered else []), "mAP", f"P@{K}", f"R@{K}", "MRR"]
    rows = [
        [
            each.label,
            f"{each.setup.dims:,}",
            each.setup.mode,
            *([each.setup.filter or "none"] if filtered else []),
            *(f"{value:.3f}" for value in (each.map, each.precision, each.recall, each.mrr)),
            *(f"{value:,.1f}" for value in (each.times.per_second, each.times.p50, each.times.p95)),
            f"{each.extract_ms:,.1f}",
            f"{each.queries:,}",
        ]
        for each in outcomes
    ]
    return [*columns, "QPS", "p50 ms", "p95 ms", "extract ms", "queries"], rows


def evaluation(title: str, about: str, outcomes: Sequence[Outcome], gallery: Gallery, judgments: Judgments) -> str:
    """The page of ``evaluate --html``."""
    best = max(range(len(outcomes)), key=lambda number: outcomes[number].map)
    columns, rows = figures(outcomes)
    parts = [
        charts([speed_chart(outcomes), dims_chart(outcomes)]),
        "<h2>Figures</h2>",
        table(columns, rows, best=best),
        "<p class=quiet>Means over the queries; the query itself is never a result. QPS, p50 and p95 (milliseconds) "
        "are of one caller asking for pages of 24, the setups in turns, the vector known already; a search by photo "
        "takes the milliseconds of extraction besides.</p>",
        _examples(outcomes, gallery, judgments),
    ]
    return document(title, about, parts)


def speed_chart(outcomes: Sequence[Outcome]) -> Chart:
    """Quality against speed within the first filter: a color for each extractor, a marker for each mode."""
    names = list(dict.fromkeys(each.label for each in outcomes))
    groups: dict[tuple[str, str], list[Point]] = {}
    for each in _first_filter(outcomes):
        spent = each.extract_ms + each.times.p50
        hint = f"{each.label}, {each.setup.dims} dims, {_way(each)}: mAP {each.map:.3f}, {spent:.1f} ms"
        point = Point(spent, each.map, str(each.setup.dims), hint)
        groups.setdefault((each.label, each.setup.mode), []).append(point)
    series = [
        Series(f"{label}, {mode}", points, names.index(label), MODES.index(mode))
        for (label, mode), points in groups.items()
    ]
    across = Axis("ms for a search by photo, extraction and all (p50)", log=True)
    return Chart(f"Quality against speed{_within(outcomes)}", across, Axis("mAP"), series)


def dims_chart(outcomes: Sequence[Outcome]) -> Chart:
    """Quality against dimensions within the first filter: a line for each extractor, in its first mode."""
    names = list(dict.fromkeys(each.label for each in outcomes))
    found: dict[str, dict[int, Outcome]] = {}
    for each in _first_filter(outcomes):
        found.setdefault(each.label, {}).setdefault(each.setup.dims, each)
    series = [
        Series(
            label,
            [Point(dims, each.map, hint=f"{label}, {dims} dims: {each.map:.3f}") for dims, each in sorted(by.items())],
            names.index(label),
            joined=True,
        )
        for label, by in found.items()
    ]
    marks = sorted({dims for by in found.values() for dims in by})
    across = Axis("dimensions", log=True, marks=marks)
    return Chart(f"Quality against dimensions{_within(outcomes)}", across, Axis("mAP"), series)


def _first_filter(outcomes: Sequence[Outcome]) -> list[Outcome]:
    return [each for each in outcomes if each.setup.filter == outcomes[0].setup.filter]


def _within(outcomes: Sequence[Outcome]) -> str:
    filter = outcomes[0].setup.filter
    return "" if filter is None else f", {filter}"


def _way(each: Outcome) -> str:
    return each.setup.mode if each.setup.filter is None else f"{each.setup.mode}, {each.setup.filter}"


def _examples(outcomes: Sequence[Outcome], gallery: Gallery, judgments: Judgments) -> str:
    """The same queries for each extractor, in its first setup."""
    shown = {each.label: each for each in reversed(_first_filter(outcomes))}
    compared = [shown[label] for label in dict.fromkeys(each.label for each in outcomes)]
    asked = list(compared[0].tops)
    step = max(1, len(asked) // _EXAMPLES)
    pictures = _Pictures(gallery)
    parts = [
        f"<h2>To look at</h2><p class=quiet>Left the picture that was asked with, right the first {SHOWN} found, best "
        "first; ✓ and a solid frame: right, ✗ and a dashed one: wrong.</p>"
    ]
    for row in asked[: step * _EXAMPLES : step]:
        right = judgments.relevant(row)
        found = "".join(
            f"<h3>{html.escape(each.label)}, {each.setup.dims:,} dims, {html.escape(_way(each))}</h3><div class=hits>"
            + "".join(pictures.figure(hit, bool(right[hit])) for hit in each.tops[row].tolist())
            + "</div>"
            for each in compared
        )
        query = f"<div class=asked>{pictures.figure(row, None)}</div>"
        parts.append(f"<div class=example>{query}<div class=found>{found}</div></div>")
    return "".join(parts)


class _Pictures:
    """Pictures of rows, each encoded once."""

    def __init__(self, gallery: Gallery) -> None:
        self._gallery = gallery
        self._made: dict[int, str] = {}

    def figure(self, row: int, right: bool | None) -> str:
        """The picture with its title; ``right`` is None for the query."""
        kind, mark = ("", "") if right is None else ("right", "<b>✓</b> ") if right else ("wrong", "<b>✗</b> ")
        title = html.escape(self._gallery.products[row].title[:40])
        return f"<figure class={kind or 'query'}>{self._image(row)}<figcaption>{mark}{title}</figcaption></figure>"

    def _image(self, row: int) -> str:
        if row not in self._made:
            self._made[row] = self._encoded(row)
        return self._made[row]

    def _encoded(self, row: int) -> str:
        product = self._gallery.products[row]
        try:
            picture = images.decode(self._gallery.files.read(product.image), min_side=SIDE)
        except (Rejected, BadImage):  # it was there when its features were extracted
            return '<span class="none"></span>'
        data = base64.b64encode(images.encode_jpeg(picture, SIDE, quality=70)).decode()
        return f'<img alt="{html.escape(product.title[:80])}" src="data:image/jpeg;base64,{data}">'


def pca_charts(outcomes: Sequence[Outcome], reference: Outcome | None) -> list[Chart]:
    """Quality, and bytes for each picture, against dimensions.

    Args:
        outcomes: of one extractor through the index, by dimensions.
        reference: its features without PCA, where they were measured.
    """
    ordered = sorted(outcomes, key=lambda each: each.setup.dims)
    both = ordered if reference is None else [*ordered, reference]
    marks = sorted({each.setup.dims for each in both})
    figures = {"mAP": [each.map for each in both], f"P@{K}": [each.precision for each in both]}
    quality = [
        Series(
            name,
            [Point(each.setup.dims, value, f"{value:.3f}") for each, value in zip(both, values, strict=True)],
            number,
            number,
            joined=True,
        )
        for number, (name, values) in enumerate(figures.items())
    ]
    vectors = [Point(each.setup.dims, vector_bytes(each)) for each in both]
    index = [Point(each.setup.dims, each.index_bytes or 0, f"{each.index_bytes or 0:,.0f}") for each in ordered]
    size = [
        Series("vector, float32", vectors, 2, 0, joined=True),
        Series("whole index on disk", index, 3, 1, joined=True),
    ]
    dims = Axis("dimensions", log=True, marks=marks)
    return [
        Chart("Quality against dimensions", dims, Axis("mean over the queries"), quality),
        Chart("Size against dimensions", dims, Axis("bytes a picture", zero=True), size),
    ]


def vector_bytes(outcome: Outcome) -> int:
    """Bytes of one float32 vector with the outcome's dimensions."""
    return 4 * outcome.setup.dims


def pca_plain(outcome: Outcome) -> dict[str, float | int | None]:
    """One member of the answer of ``pca report --json``."""
    index = outcome.index_bytes
    return {
        "dims": outcome.setup.dims,
        "variance": round(outcome.variance, 4),
        "map": round(outcome.map, 4),
        f"p@{K}": round(outcome.precision, 4),
        "vector_bytes": vector_bytes(outcome),
        "index_bytes": None if index is None else round(index),
    }


def pca_row(outcome: Outcome) -> tuple[str, ...]:
    """The same for people."""
    index = "-" if outcome.index_bytes is None else f"{outcome.index_bytes:,.0f}"
    figures = (f"{outcome.variance:.1%}", f"{outcome.map:.3f}", f"{outcome.precision:.3f}")
    return (f"{outcome.setup.dims:,}", *figures, f"{vector_bytes(outcome):,}", index)


def pca_page(
    title: str, about: str, columns: Sequence[str], rows: Sequence[Sequence[str]], drawn: Sequence[Chart]
) -> str:
    """The page of ``pca report --html``."""
    return document(title, about, [charts(drawn), "<h2>Figures</h2>", table(columns, rows)])
