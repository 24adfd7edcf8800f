"""Change sets in the journal: begun, on their way, settled, and what follows for those that they undo."""

from __future__ import annotations

import secrets
import sqlite3
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

from vision.errors import NotFound
from vision.merchandising.journal import decode, encode, values
from vision.merchandising.model import ChangeSet, Intent, Item, Outcome, Settled, State, Write
from vision.merchandising.proposals import decide, open_ones

_ID_BYTES: Final = 8
_LAST: Final = (
    "(SELECT {column} FROM outcomes o WHERE o.change = i.change AND o.product = i.product AND o.field = i.field "
    "ORDER BY o.seq DESC LIMIT 1)"
)
_OUTCOME: Final = f"COALESCE({_LAST.format(column='outcome')}, 'pending')"
_ITEM: Final = "i.product, i.field, i.old, i.new, i.proposal"

Planned = Mapping[tuple[str, str], Sequence[Intent]]
"""What an undo is to write, by product and attribute."""


def begin(
    database: sqlite3.Connection,
    items: Sequence[Item],
    *,
    by: str,
    why: str,
    now: float,
    undoes: str | None = None,
    planned: Planned | None = None,
) -> str:
    """Note what is to be changed, before anything is; returns the change set's id."""
    id = secrets.token_hex(_ID_BYTES)
    database.execute(
        "INSERT INTO changes (id, undoes, by, why, time) VALUES (?, ?, ?, ?, ?)", (id, undoes, by, why, now)
    )
    for item in sorted(items, key=lambda each: (each.product, each.field)):
        database.execute(
            "INSERT INTO items (change, product, field, proposal, old, new) VALUES (?, ?, ?, ?, ?, ?)",
            (id, item.product, item.field, item.proposal, encode(item.old), encode(item.new)),
        )
        for intent in (planned or {}).get((item.product, item.field), ()):
            intend(database, id, item, intent)
        if item.proposal is not None:
            decide(database, item.proposal, State.ACCEPTED, by=by, why=why, now=now, change=id)
    return id


def intend(database: sqlite3.Connection, change: str, item: Item, intent: Intent) -> None:
    """Note what is about to be written to a document."""
    database.execute(
        "INSERT INTO intents (change, product, field, document, version, before, after) VALUES (?, ?, ?, ?, ?, ?, ?)",
        (
            change,
            item.product,
            item.field,
            intent.document,
            intent.version,
            encode(intent.before),
            encode(intent.after),
        ),
    )


def wrote(database: sqlite3.Connection, change: str, item: Item, write: Write) -> None:
    """Note what was written to a document."""
    database.execute(
        "INSERT INTO writes (change, product, field, document, version, before, after) VALUES (?, ?, ?, ?, ?, ?, ?)",
        (change, item.product, item.field, write.document, write.version, encode(write.before), encode(write.after)),
    )


def settle(
    database: sqlite3.Connection, change: str, item: Item, outcome: Outcome, detail: Mapping[str, Any], now: float
) -> None:
    """Note what became of an item, and what follows for its proposal and for the change sets that it undoes."""
    _note(database, change, item, outcome, detail, None, now)
    if outcome not in (Outcome.WRITTEN, Outcome.ALREADY):
        return
    undone, by_this = _find(database, change)[1], Outcome.UNDONE
    while undone is not None:  # undoing an undo makes what that had undone be there again
        _note(database, undone, item, by_this, {}, change, now)
        undone = _find(database, undone)[1]
        by_this = Outcome.WRITTEN if by_this is Outcome.UNDONE else Outcome.UNDONE


def _note(
    database: sqlite3.Connection,
    change: str,
    item: Item,
    outcome: Outcome,
    detail: Mapping[str, Any],
    other: str | None,
    now: float,
) -> None:
    database.execute(
        "INSERT INTO outcomes (change, product, field, outcome, detail, other, time) VALUES (?, ?, ?, ?, ?, ?, ?)",
        (change, item.product, item.field, outcome, encode(detail), other, now),
    )
    if outcome is Outcome.WRITTEN:
        for each in open_ones(database, item.product, item.field):
            why = f"change set {change} changed {item.field}"
            decide(database, each.id, State.SUPERSEDED, by="visual-search", why=why, now=now, change=change)
    proposal = database.execute(
        "SELECT proposal FROM items WHERE change = ? AND product = ? AND field = ?", (change, item.product, item.field)
    ).fetchone()[0]
    state = {
        Outcome.CONFLICT: State.SUPERSEDED,
        Outcome.OVERTAKEN: State.SUPERSEDED,
        Outcome.CANCELLED: State.OPEN,
        Outcome.UNDONE: State.OPEN,
        Outcome.WRITTEN: State.ACCEPTED,
    }.get(outcome)
    if proposal is None or state is None or (outcome is Outcome.WRITTEN and other is None):
        return
    why = str(detail.get("why", f"{outcome} by change set {other}"))
    decide(database, proposal, state, by="visual-search", why=why, now=now, change=change)


def pending(database: sqlite3.Connection, change: str, *, after: int, limit: int) -> list[tuple[int, Item]]:
    """The next items without an outcome, each with its number, which is more than ``after``."""
    rows = database.execute(
        f"SELECT i.seq, {_ITEM} FROM items i WHERE i.change = ? AND i.seq > ? AND {_OUTCOME} = 'pending' "
        "ORDER BY i.seq LIMIT ?",
        (change, after, limit),
    )
    return [(int(seq), _item(rest)) for seq, *rest in rows]


def intents(database: sqlite3.Connection, change: str, item: Item) -> list[Intent]:
    """What was about to be written, or is planned, in its order."""
    rows = database.execute(
        "SELECT document, version, before, after FROM intents WHERE change = ? AND product = ? AND field = ? "
        "ORDER BY seq",
        (change, item.product, item.field),
    )
    return [Intent(document, version, values(before), values(after)) for document, version, before, after in rows]


def writes(database: sqlite3.Connection, change: str, item: Item) -> list[Write]:
    """What was written, in its order."""
    rows = database.execute(
        "SELECT document, version, before, after FROM writes WHERE change = ? AND product = ? AND field = ? "
        "ORDER BY seq",
        (change, item.product, item.field),
    )
    return [Write(document, version, values(before), values(after)) for document, version, before, after in rows]


def settled(
    database: sqlite3.Connection, change: str, *, rows: int = -1, start: int = 0, product: str | None = None
) -> Iterator[Settled]:
    """The items of a change set with their last outcomes, by product and attribute; all of them without ``rows``."""
    columns = ", ".join(_LAST.format(column=each) for each in ("detail", "other"))
    only, given = ("", []) if product is None else (" AND i.product = ?", [product])
    found = database.execute(
        f"SELECT {_OUTCOME}, {columns}, {_ITEM} FROM items i WHERE i.change = ?{only} ORDER BY i.seq LIMIT ? OFFSET ?",
        [change, *given, rows, start],
    )
    for outcome, detail, other, *rest in found:
        yield Settled(_item(rest), Outcome(outcome), decode(detail) if detail else {}, other)


def get(database: sqlite3.Connection, id: str) -> ChangeSet:
    """One change set.

    Raises:
        NotFound: there is none of this id.
    """
    found, undoes, by, why, time = _find(database, id)
    rows = database.execute(f"SELECT {_OUTCOME} AS last, COUNT(*) FROM items i WHERE i.change = ? GROUP BY last", (id,))
    return ChangeSet(found, by, why, time, undoes, Counter({Outcome(last): count for last, count in rows}))


def page(database: sqlite3.Connection, *, rows: int, start: int = 0) -> tuple[list[ChangeSet], int]:
    """Change sets, newest first, and how many there are."""
    total = int(database.execute("SELECT COUNT(*) FROM changes").fetchone()[0])
    ids = database.execute("SELECT id FROM changes ORDER BY seq DESC LIMIT ? OFFSET ?", (rows, start)).fetchall()
    return [get(database, id) for (id,) in ids], total


def _find(database: sqlite3.Connection, id: str) -> tuple[str, str | None, str, str, float]:
    row = database.execute("SELECT id, undoes, by, why, time FROM changes WHERE id = ?", (id,)).fetchone()
    if row is None:
        raise NotFound(f"there is no change set {id[:40]!r}; `visual-search changes list` names them")
    found: tuple[str, str | None, str, str, float] = row
    return found


def _item(row: Sequence[Any]) -> Item:
    product, field, old, new, proposal = row
    return Item(product, field, tuple(decode(old)), tuple(decode(new)), proposal)
