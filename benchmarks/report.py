"""What a benchmark prints: small tables for people, the same as JSON for machines."""

from __future__ import annotations

import os
import platform
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import click
import orjson

Cell = str | int | float | None


@dataclass
class Table:
    """Rows under a title; a number is printed with as many digits as it deserves."""

    title: str
    columns: Sequence[str]
    rows: list[Sequence[Cell]] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)

    def add(self, *cells: Cell) -> None:
        """Append a row."""
        self.rows.append(cells)

    def text(self) -> str:
        """The table in columns, numbers to the right."""
        texts = [[shown(cell) for cell in row] for row in self.rows]
        widths = [max(map(len, column)) for column in zip(self.columns, *texts, strict=True)]
        numeric = [all(not isinstance(row[index], str) for row in self.rows) for index in range(len(self.columns))]

        def line(cells: Sequence[str]) -> str:
            parts = (
                cell.rjust(width) if right else cell.ljust(width)
                for cell, width, right in zip(cells, widths, numeric, strict=True)
            )
            return "  ".join(parts).rstrip()

        lines = [self.title, line(list(self.columns)), line(["-" * width for width in widths]), *map(line, texts)]
        return "\n".join(lines + [f"  {note}" for note in self.notes])

    def plain(self) -> dict[str, Any]:
        """For JSON: each row an object by column."""
        rows = [dict(zip(self.columns, row, strict=True)) for row in self.rows]
        return {"title": self.title, "rows": rows, "notes": self.notes}


def emit(name: str, tables: Sequence[Table], *, as_json: bool) -> None:
    """Print the tables of a benchmark."""
    if as_json:
        whole = {"benchmark": name, "machine": machine(), "tables": [table.plain() for table in tables]}
        click.echo(orjson.dumps(whole, option=orjson.OPT_INDENT_2).decode())
        return
    for table in tables:
        click.echo(table.text() + "\n")


def machine() -> dict[str, Any]:
    """What the figures were measured on; times mean little without it."""
    return {"system": platform.system(), "processor": platform.machine(), "cores": os.cpu_count() or 1}


def progress(message: str) -> None:
    """Tell on stderr what goes on, so that --json stays clean."""
    click.echo(message, err=True)


def shown(cell: Cell) -> str:
    if cell is None:
        return "-"
    if isinstance(cell, float):
        return f"{cell:,.0f}" if abs(cell) >= 1000 else f"{cell:.1f}" if abs(cell) >= 10 else f"{cell:.3g}"
    return f"{cell:,}" if isinstance(cell, int) else cell
