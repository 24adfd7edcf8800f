"""What is wanted, and whether a run reached it."""

from __future__ import annotations

from collections.abc import Sequence

from benchmarks.report import Cell, Table
from vision.evaluation.timing import Times


def spread(slow: Times, quick: Times) -> str:
    """How many times as quick, round by round: the median, and the quartiles."""
    low, middle, high = slow.over(quick)
    return f"{middle:.2f} ({low:.2f}–{high:.2f})"


class Goals:
    """A line for each."""

    def __init__(self) -> None:
        """None yet."""
        self._rows: list[Sequence[Cell]] = []

    def add(self, what: str, wanted: float, got: float, *, most: bool = False) -> None:
        """Note a figure that must be at least ``wanted``, or at most."""
        reached = got <= wanted if most else got >= wanted
        shown = f"{got:.5f}" if 0.99 < abs(got) < 1 else f"{got:.3g}"
        sign = "≤" if most else "≥"
        self._rows.append((what, f"{sign} {wanted:g}", shown, "reached" if reached else "MISSED"))

    def table(self) -> Table:
        """All of them."""
        table = Table("goals", ("what", "wanted", "got", ""))
        for row in self._rows:
            table.add(*row)
        return table
