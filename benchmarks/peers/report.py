"""Tables and charts of what runs found."""

from __future__ import annotations

from collections.abc import Sequence

from benchmarks.peers.engines import NAMES
from benchmarks.peers.growth import Fit
from benchmarks.peers.judging import named, shown, verdicts
from benchmarks.peers.measuring import GOAL
from benchmarks.peers.model import LEVELS
from benchmarks.peers.results import Found, Results, Run, Size
from benchmarks.peers.shop import Matching
from benchmarks.report import Table
from vision.evaluation.charts import Axis, Chart, Point, Series

_GB = 1 << 30


def of_run(run: Run) -> list[Table]:
    """Everything of one run."""
    tables = [_goals(run)]
    tables += [
        _times(run, [part for part in run.parts() if not part.words], "by facet filter"),
        _recalls(run),
    ]
    hybrid = [part for part in run.parts() if part.words]
    if hybrid:
        tables.append(_times(run, hybrid, "words in the title, facet filter and vector"))
    tables.append(_stock(run, limited=False))
    if run.limited:
        tables.append(_stock(run, limited=True))
    tables.append(_indexes(run))
    return tables


def _engines(run: Run) -> list[str]:
    return [name for name in NAMES if name in run.titles]


def _goals(run: Run) -> Table:
    table = Table(f"goals on {run.products:,} {run.vectors}", ("goal", "found", "reached"))
    for verdict in verdicts(run):
        table.add(verdict.goal, verdict.found, "yes" if verdict.reached else "no")
    return table


def _times(run: Run, parts: Sequence[Matching], title: str) -> Table:
    columns = ("engine", *(named(part) for part in parts))
    table = Table(f"p50 / p95 ms over HTTP, {title}; {run.products:,} {run.vectors}", columns)
    for name in _engines(run):
        found = [run.of(name, part) for part in parts]
        if any(found):
            table.add(run.titles[name], *(_time(each) for each in found))
    table.notes.append(f"in brackets: did not come to a recall of {GOAL} with its greatest effort")
    return table


def _time(found: Found | None) -> str:
    if found is None:
        return "–"
    text = f"{found.wall.p50:.1f} / {found.wall.p95:.1f}"
    return text if found.tuned >= GOAL else f"({text})"


def _recalls(run: Run) -> Table:
    parts = run.parts()
    table = Table(
        "recall@10 on other queries than effort was chosen by, mean / of the worst 5 %; effort",
        ("engine", *(named(part) for part in parts)),
    )
    for name in _engines(run):
        found = [run.of(name, part) for part in parts]
        cells = [
            "–" if each is None else f"{each.recall:.3f} / {each.worst:.2f}" + (f"; {each.effort}" * bool(each.effort))
            for each in found
        ]
        if any(found):
            table.add(run.titles[name], *cells)
    return table


def _stock(run: Run, *, limited: bool) -> Table:
    memory = "35 % of the float32 vectors' bytes for files" if limited else "all in memory"
    columns = ("part", "ours p95 ms", "stock p95 ms", "ours / stock, wall", "ours / stock, Solr's own", "way")
    table = Table(f"ours over stock Solr, {memory}: p95, median of repeats and their range", columns)
    for each in run.limited if limited else run.found:
        other = run.of("stock", each.matching, limited)
        if each.engine == "ours" and other is not None:
            wall, own = each.over(other), each.over(other, own=True)
            table.add(
                named(each.matching),
                each.wall.p95,
                other.wall.p95,
                shown(wall) if wall else "–",
                shown(own) if own else "–",
                ", ".join(each.ways),
            )
    return table


def _indexes(run: Run) -> Table:
    table = Table("indexes", ("engine", "built in s", "MB on disk", "bytes a product"))
    for each in run.built:
        table.add(run.titles.get(each.name, each.title), each.seconds, each.bytes / 2**20, each.bytes / run.products)
    return table


def of_growth(sizes: Sequence[Size]) -> list[Table]:
    """How things grow, and what follows for other sizes."""
    ways = list(sizes[0].ways)
    columns = (
        "products", *(f"{way}: p50 / p95 ms" for way in ways), "recall@10",
        "heap MB", "hot files MB", "hot, of float32", "disk GB", "built, a second",
    )  # fmt: skip
    table = Table("growth of ours", columns)
    for size in sizes:
        table.add(
            size.products,
            *(f"{size.ways[way].p50:.1f} / {size.ways[way].p95:.1f}" for way in ways),
            size.recalls["auto"],
            size.heap / 2**20,
            size.hot / 2**20,
            size.hot / (4096 * size.products),
            size.disk / _GB,
            size.products / size.seconds,
        )
    tables = [table]
    if len(sizes) > 1:
        counts = [size.products for size in sizes]
        fits = Table("value = factor × products ^ power", ("value", "factor", "power", "worst ratio missed"))
        for way in ways:
            fit = Fit.of(counts, [size.ways[way].p50 for size in sizes])
            fits.add(f"p50 ms, {way}", fit.factor, fit.power, fit.error)
        for name, values in (
            ("hot bytes", [size.hot for size in sizes]),
            ("disk bytes", [size.disk for size in sizes]),
        ):
            fit = Fit.of(counts, values)
            fits.add(name, fit.factor, fit.power, fit.error)
        last = sizes[-1]
        fits.notes.append(
            f"at {last.products:,}: {last.products * _GB // last.hot:,} products a GB of memory, "
            f"{last.products * _GB // last.disk:,} a GB of disk"
        )
        tables.append(fits)
    return tables


def charts(results: Results) -> dict[str, Chart]:
    """By name."""
    drawn = {}
    for name, run in results.runs.items():
        drawn[f"{name}-filters"] = _by_level(run)
    if len(results.growth) > 1:
        drawn["growth"] = _growth(results.growth)
    return drawn


def _by_level(run: Run) -> Chart:
    series = []
    for number, name in enumerate(_engines(run)):
        points = []
        for level in LEVELS:
            found = run.of(name, Matching(level))
            if found is not None and found.tuned >= GOAL:
                hint = f"{run.titles[name]}, {level} %: {found.wall.p95:.1f} ms"
                points.append(Point(float(level), found.wall.p95, hint=hint))
        if points:
            series.append(Series(run.titles[name], points, number % 8, number % 4, joined=True))
    across = Axis("% of products that the filter leaves", log=True, marks=[float(level) for level in LEVELS])
    return Chart(f"p95 at recall@10 of .99, {run.products:,}", across, Axis("p95, ms", log=True), series)


def _growth(sizes: Sequence[Size]) -> Chart:
    series = [
        Series(way, [Point(size.products, size.ways[way].p50) for size in sizes], number, number % 4, joined=True)
        for number, way in enumerate(sizes[0].ways)
    ]
    return Chart("Growth of ours", Axis("products", log=True), Axis("p50, ms", log=True), series)
