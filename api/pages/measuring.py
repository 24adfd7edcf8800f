"""What was measured, as tables: of one measurement, and of two beside each other."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from vision.evaluation.measurements import Measurement

Row = Mapping[str, Any]


@dataclass(frozen=True)
class Column:
    """A figure: its member in the result, its heading, how it is written, and whether more of it is better."""

    name: str
    title: str
    form: str = "{:,}"
    more: bool = True

    def text(self, value: Any) -> str:
        """As it is shown."""
        if value is None:
            return "–"
        return self.form.format(value) if isinstance(value, int | float) else str(value)


@dataclass(frozen=True)
class Table:
    """Rows of texts; the first ``keys`` columns say which setting it is."""

    title: str
    headings: Sequence[str]
    keys: int
    rows: Sequence[Sequence[str]]


@dataclass(frozen=True)
class Cell:
    """A figure of both measurements; ``verdict`` is ``better``, ``worse`` or empty, as the second has it."""

    first: str
    second: str
    change: str
    verdict: str


@dataclass(frozen=True)
class Compared:
    """One setting in both."""

    names: Sequence[str]
    cells: Sequence[Cell]


_MS: Final = "{:,.2f} ms"
_SHARE: Final = "{:.3f}"
_KEYS: Final[Mapping[str, tuple[Column, ...]]] = {
    "evaluate": (
        Column("extractor", "Extractor"),
        Column("dims", "Dims"),
        Column("mode", "Mode"),
        Column("filter", "Filter"),
    ),
    "tune": (Column("level", "Filter"), Column("dims", "Dims"), Column("way", "Way"), Column("candidates", "K")),
}
_FIGURES: Final[Mapping[str, tuple[Column, ...]]] = {
    "evaluate": (
        Column("map", "mAP", _SHARE),
        Column("p@10", "P@10", _SHARE),
        Column("r@10", "R@10", _SHARE),
        Column("mrr", "MRR", _SHARE),
        Column("qps", "Queries/s", "{:,.1f}"),
        Column("p50_ms", "p50", _MS, more=False),
        Column("p95_ms", "p95", _MS, more=False),
    ),
    "tune": (
        Column("recall", "Recall@10", _SHARE),
        Column("worst", "Worst 5 %", _SHARE),
        Column("solr_p50", "Solr p50", _MS, more=False),
        Column("solr_p95", "Solr p95", _MS, more=False),
        Column("wall_p50", "p50", _MS, more=False),
        Column("wall_p95", "p95", _MS, more=False),
        Column("ratio", "Over exact", "{:.2f}", more=False),
    ),
}
_CROSSING: Final = (
    Column("matching", "Matching"),
    Column("exact", "Exact", _MS),
    Column("approximate", "Approximate", _MS),
    Column("ratio", "Exact / approximate", "{:.2f}"),
)
_SAME: Final = 0.02
"""Times that differ by less than this part are called the same: they vary more from run to run."""


def tables(measurement: Measurement) -> list[Table]:
    """Everything that was measured."""
    kind, result = measurement.summary.kind, measurement.result
    if kind == "evaluate":
        return [_table("Every setup", kind, result)]
    found = [
        _table("The chosen setting, on queries kept aside", kind, result["held_out"]),
        _table("Every setting at every filter", kind, result["points"]),
    ]
    sizes = result["crossing"]["sizes"]
    rows = [[column.text(each.get(column.name)) for column in _CROSSING] for each in sizes]
    return [
        *found,
        Table("Exact against approximate, by pictures that match", [each.title for each in _CROSSING], 1, rows),
    ]


def _table(title: str, kind: str, rows: Sequence[Row]) -> Table:
    columns = (*_KEYS[kind], *_FIGURES[kind])
    return Table(
        title,
        [each.title for each in columns],
        len(_KEYS[kind]),
        [[each.text(row.get(each.name)) for each in columns] for row in rows],
    )


def compare(first: Measurement, second: Measurement) -> tuple[list[str], list[str], list[Compared]]:
    """Headings of what a setting is and of its figures, and the settings that both have."""
    kind = first.summary.kind
    keys, figures = _KEYS[kind], _FIGURES[kind]

    def by_key(measurement: Measurement) -> dict[tuple[str, ...], Row]:
        result = measurement.result
        rows: Sequence[Row] = result if kind == "evaluate" else result["points"]
        return {tuple(each.text(row.get(each.name)) for each in keys): row for row in rows}

    before, after = by_key(first), by_key(second)
    both = [
        Compared(key, [_cell(each, before[key].get(each.name), after[key].get(each.name)) for each in figures])
        for key in before
        if key in after
    ]
    return [each.title for each in keys], [each.title for each in figures], both


def _cell(column: Column, before: Any, after: Any) -> Cell:
    first, second = column.text(before), column.text(after)
    if before is None or after is None or first == second:
        return Cell(first, second, "", "")
    part = (after - before) / before if before else None
    change = "" if part is None else f"{part:+.1%}"
    if part is not None and column.form != _SHARE and abs(part) < _SAME:
        return Cell(first, second, change, "")
    return Cell(first, second, change, "better" if (after > before) == column.more else "worse")
