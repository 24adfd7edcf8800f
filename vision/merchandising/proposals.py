"""Proposals that are kept, and what was decided of them."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Final

import msgspec

from vision.errors import BadQuery, NotFound
from vision.merchandising.journal import Journal, decode, encode
from vision.merchandising.model import State
from vision.merchandising.proposal import Evidence, Proposal, Tool, propose

_COLUMNS: Final = "id, product, field, tool, old, new, confidence, evidence, time"
# Of a proposal that was saved several times the last one counts.
_LATEST: Final = "p.seq = (SELECT MAX(seq) FROM proposals WHERE id = p.id)"
_STATE: Final = "COALESCE((SELECT state FROM decisions WHERE proposal = p.id ORDER BY seq DESC LIMIT 1), 'open')"
_BY: Final = "visual-search"


@dataclass(frozen=True)
class Wanted:
    """Which proposals to list; None leaves a member out."""

    state: State | None = State.OPEN
    tool: Tool | None = None
    field: str | None = None
    product: str | None = None
    min_confidence: float = 0.0


@dataclass(frozen=True)
class Kept:
    """A proposal that is kept, when it was saved last, and the last decision."""

    proposal: Proposal
    time: float
    state: State
    by: str | None = None
    why: str | None = None
    change: str | None = None


def read(data: bytes) -> list[Proposal]:
    """Proposals from JSON, a list as the tools print it or one for each line.

    Raises:
        BadQuery: another form, or an id that is not that of what the proposal says.
    """
    accepted = "a JSON list of {id, product, field, old, new, confidence, evidence, tool}"
    try:
        found = msgspec.json.decode(data, type=list[Proposal])
    except msgspec.DecodeError as error:
        raise BadQuery(f"the proposals are not understood: {error}; accepted: {accepted}") from error
    check(found)
    return found


def check(proposals: Iterable[Proposal]) -> None:
    """See that each has its own id and a probability.

    Raises:
        BadQuery: one has not.
    """
    for each in proposals:
        own = propose(each.tool, each.product, each.field, each.old, each.new, confidence=each.confidence)
        if (own.id, own.old, own.new) != (each.id, each.old, each.new):
            raise BadQuery(
                f"proposal {each.id!r} of product {each.product!r} was changed: its id is no longer that of what it "
                f"says, which would be {own.id!r}, with values sorted; send it as the tool printed it"
            )
        if not 0 <= each.confidence <= 1:
            raise BadQuery(f"proposal {each.id!r} has a confidence of {each.confidence:g}; 0 to 1 is accepted")


class Proposals:
    """What tools proposed for one collection."""

    def __init__(self, journal: Journal) -> None:
        """Work on a collection's journal."""
        self._journal = journal

    def save(self, proposals: Sequence[Proposal]) -> int:
        """Keep proposals; returns how many of them are open now.

        What was rejected stays rejected. An open one of the same tool for the same product and attribute that is not
        among these is superseded; one that was superseded and is proposed again is open again.
        """
        ids = {each.id for each in proposals}
        now = self._journal.clock()
        with self._journal.writing() as database:
            states = []
            for each in proposals:
                known = _find(database, each.id)
                if known is None or known.proposal != each:
                    database.execute(
                        f"INSERT INTO proposals ({_COLUMNS}) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)", _row(each, now)
                    )
                state = State.OPEN if known is None else known.state
                if state is State.SUPERSEDED:
                    decide(database, each.id, State.OPEN, by=_BY, why="proposed again", now=now)
                    state = State.OPEN
                states.append(state)
                for other in open_ones(database, each.product, each.field):
                    if other.tool is each.tool and other.id not in ids:
                        why = f"{each.id} was proposed instead"
                        decide(database, other.id, State.SUPERSEDED, by=_BY, why=why, now=now)
        return states.count(State.OPEN)

    def get(self, ids: Sequence[str]) -> list[Kept]:
        """Proposals by id, in this order.

        Raises:
            NotFound: one is not kept.
        """
        with self._journal.reading() as database:
            return [find(database, id) for id in ids]

    def page(self, wanted: Wanted, *, rows: int, start: int = 0) -> tuple[list[Kept], int]:
        """Those that are wanted, surest first, and how many there are of them in all."""
        values: list[Any]
        conditions, values = [_LATEST, "p.confidence >= ?"], [wanted.min_confidence]
        for name in ("tool", "field", "product"):
            if (value := getattr(wanted, name)) is not None:
                conditions.append(f"p.{name} = ?")
                values.append(value)
        if wanted.state is not None:
            conditions.append(f"{_STATE} = ?")
            values.append(wanted.state)
        where = f"FROM proposals p WHERE {' AND '.join(conditions)}"
        with self._journal.reading() as database:
            total = int(database.execute(f"SELECT COUNT(*) {where}", values).fetchone()[0])
            ids = database.execute(
                f"SELECT p.id {where} ORDER BY p.confidence DESC, p.id LIMIT ? OFFSET ?", [*values, rows, start]
            ).fetchall()
            return [find(database, id) for (id,) in ids], total

    def reject(self, ids: Sequence[str], *, by: str, why: str) -> int:
        """Decide against proposals; returns how many were not rejected before.

        Raises:
            NotFound: one is not kept; none is rejected then.
            BadQuery: one is accepted; undo its change set instead.
        """
        rejected = 0
        with self._journal.writing() as database:
            for id in ids:
                kept = find(database, id)
                if kept.state is State.ACCEPTED:
                    raise BadQuery(f"proposal {id!r} was accepted, in change set {kept.change!r}; undo that instead")
                if kept.state is not State.REJECTED:
                    decide(database, id, State.REJECTED, by=by, why=why, now=self._journal.clock())
                    rejected += 1
        return rejected

    def reopen(self, ids: Sequence[str], *, by: str, why: str) -> int:
        """Take rejections back; returns how many were rejected.

        Raises:
            NotFound: one is not kept; none is reopened then.
        """
        reopened = 0
        with self._journal.writing() as database:
            for id in ids:
                if find(database, id).state is State.REJECTED:
                    decide(database, id, State.OPEN, by=by, why=why, now=self._journal.clock())
                    reopened += 1
        return reopened


def decide(
    database: sqlite3.Connection, id: str, state: State, *, by: str, why: str, now: float, change: str | None = None
) -> None:
    """Note a decision."""
    database.execute(
        "INSERT INTO decisions (proposal, state, change, by, why, time) VALUES (?, ?, ?, ?, ?, ?)",
        (id, state, change, by, why, now),
    )


def open_ones(database: sqlite3.Connection, product: str, field: str) -> list[Proposal]:
    """The open proposals for an attribute of a product."""
    ids = database.execute(
        f"SELECT p.id FROM proposals p WHERE p.product = ? AND p.field = ? AND {_LATEST} AND {_STATE} = 'open'",
        (product, field),
    ).fetchall()
    return [find(database, id).proposal for (id,) in ids]


def find(database: sqlite3.Connection, id: str) -> Kept:
    """One proposal.

    Raises:
        NotFound: it is not kept.
    """
    kept = _find(database, id)
    if kept is None:
        raise NotFound(f"no proposal {id[:40]!r} is kept; save it first")
    return kept


def _find(database: sqlite3.Connection, id: str) -> Kept | None:
    row = database.execute(f"SELECT {_COLUMNS} FROM proposals WHERE id = ? ORDER BY seq DESC LIMIT 1", (id,)).fetchone()
    if row is None:
        return None
    last = database.execute(
        "SELECT state, by, why, change FROM decisions WHERE proposal = ? ORDER BY seq DESC LIMIT 1", (id,)
    ).fetchone()
    state, by, why, change = last or (State.OPEN, None, None, None)
    return Kept(_proposal(row), float(row[-1]), State(state), by, why, change)


def _row(proposal: Proposal, now: float) -> tuple[Any, ...]:
    each = proposal
    values = (each.id, each.product, each.field, each.tool.value, encode(each.old), encode(each.new))
    return (*values, each.confidence, encode(each.evidence), now)


def _proposal(row: Sequence[Any]) -> Proposal:
    id, product, field, tool, old, new, confidence, evidence, _ = row
    return Proposal(
        id,
        product,
        field,
        tuple(decode(old)),
        tuple(decode(new)),
        float(confidence),
        msgspec.json.decode(evidence, type=Evidence),
        Tool(tool),
    )
