"""What was changed, as CSV for whoever keeps the catalogue."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Collection, Iterator
from typing import Final

from vision.merchandising import changes
from vision.merchandising.journal import Journal
from vision.merchandising.model import ChangeSet, Outcome, Settled
from vision.merchandising.presentation import change_form

COLUMNS: Final = ("product_id", "field", "before", "after", "who", "when", "why", "change_set", "state")
_SETS: Final = 100
# What spreadsheets take for a formula, but for numbers: those are no danger, and an apostrophe would make text of them.
# Some take the wide forms of these as well, and drop what is not seen before them.
_FORMULA: Final = re.compile(r"[\s\x00\ufeff]*[=+\-@\uff1d\uff0b\uff0d\uff20]|[\t\r\n]")
_NUMBER: Final = re.compile(r"[+-]?\d+([.,]\d+)?")


def rows(journal: Journal, *, states: Collection[Outcome] = (), raw: bool = False) -> Iterator[str]:
    """Lines of CSV with a heading, oldest change first; several values of an attribute with ``|``, as in a catalogue.

    Args:
        journal: the collection's.
        states: outcomes to export; all of them where none is named.
        raw: leave cells as they are that a spreadsheet would take for a formula; otherwise an apostrophe is put before.
    """
    yield _line(COLUMNS)
    start, sets = 0, list[ChangeSet]()
    with journal.reading() as database:
        total = changes.page(database, rows=0)[1]
        while start < total:
            found, _ = changes.page(database, rows=_SETS, start=start)
            sets += found
            start += _SETS
        for change in reversed(sets):
            for each in changes.settled(database, change.id):
                if not states or each.outcome in states:
                    cells = _cells(change, each)
                    yield _line(cells if raw else [harmless(cell) for cell in cells])


def harmless(cell: str) -> str:
    """A cell that no spreadsheet runs as a formula."""
    return f"'{cell}" if _FORMULA.match(cell) and not _NUMBER.fullmatch(cell) else cell


def _cells(change: ChangeSet, each: Settled) -> list[str]:
    when = change_form(change).time.isoformat(timespec="milliseconds")
    values = ("|".join(each.item.old), "|".join(each.item.new))
    return [each.item.product, each.item.field, *values, change.by, when, change.why, change.id, each.outcome.value]


def _line(cells: Collection[str]) -> str:
    buffer = io.StringIO()
    csv.writer(buffer).writerow(cells)
    return buffer.getvalue()
