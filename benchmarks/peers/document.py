"""The generated part of docs/performance.md, and its charts."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Final

from benchmarks.peers import report
from benchmarks.peers.results import Results
from benchmarks.report import Table, shown

DOCUMENT: Final = Path(__file__).parent.parent.parent / "docs" / "performance.md"
BEGIN: Final = "<!-- From here on written by `python -m benchmarks.peers --only-write`. -->"
END: Final = "<!-- To here. -->"


def write(results: Results, document: Path = DOCUMENT) -> None:
    """Replace what is between the marks, and the charts beside it.

    Raises:
        ValueError: the document has no marks.
    """
    text = document.read_text(encoding="utf-8")
    if BEGIN not in text or END not in text:
        raise ValueError(f"{document.name} has no place for tables: {BEGIN} and {END} mark it")
    before, after = text.partition(BEGIN)[0], text.partition(END)[2]
    charts = report.charts(results)
    parts: list[str] = []
    for name, run in results.runs.items():
        parts.append(f"## {run.products:,} {run.vectors}")
        parts.append(f"![p95 by filter](images/performance-{name}-filters.svg)")
        parts += [markdown(table) for table in report.of_run(run)]
        if run.left_out:
            parts.append("Left out: " + "; ".join(f"{each}: {why}" for each, why in run.left_out.items()))
    if results.growth:
        parts.append("## Growth")
        if "growth" in charts:
            parts.append("![p50 by number of products](images/performance-growth.svg)")
        parts += [markdown(table) for table in report.of_growth(results.growth)]
    document.write_text(before + "\n\n".join([BEGIN, *parts, END]) + after, encoding="utf-8")
    for name, chart in charts.items():
        (document.parent / "images" / f"performance-{name}.svg").write_text(chart.image() + "\n", encoding="utf-8")


def markdown(table: Table) -> str:
    """A table with its title above and its notes below."""
    rows = [table.columns, ["---"] * len(table.columns), *([shown(cell) for cell in row] for row in table.rows)]
    lines = [f"**{table.title}**", "", *(_row(row) for row in rows)]
    return "\n".join([*lines, "", *table.notes]).rstrip()


def _row(cells: Sequence[str]) -> str:
    return f"| {' | '.join(cells)} |"
