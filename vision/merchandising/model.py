"""What the journal speaks of: decisions, change sets, what they do to which document, and what became of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

Values = tuple[str, ...] | None
"""Of one attribute of one document, in its own order; None where it has none."""


class State(StrEnum):
    """Where a proposal stands.

    SUPERSEDED: a newer one took its place, another one was accepted, or the index had another value than its ``old``.
    """

    OPEN = "open"
    ACCEPTED = "accepted"
    REJECTED = "rejected"
    SUPERSEDED = "superseded"


class Outcome(StrEnum):
    """What became of one product's attribute in a change set."""

    PENDING = "pending"
    WRITTEN = "written"
    ALREADY = "already"
    """The index had the new value; nothing was written."""
    CONFLICT = "conflict"
    """The index had neither; nothing was overwritten."""
    CANCELLED = "cancelled"
    """The change set was undone before it came to this."""
    UNDONE = "undone"
    OVERTAKEN = "overtaken"
    """The catalogue was indexed again with another value, which counts."""


@dataclass(frozen=True)
class Item:
    """One attribute of one product that a change set changes; values are those of all its pictures, sorted."""

    product: str
    field: str
    old: tuple[str, ...]
    new: tuple[str, ...]
    proposal: str | None = None


@dataclass(frozen=True)
class Intent:
    """What is to be written to a document that has ``version``; a plan where that is None."""

    document: str
    version: int | None
    before: Values
    after: Values


@dataclass(frozen=True)
class Write:
    """What was written to a document, and the version that this made."""

    document: str
    version: int
    before: Values
    after: Values


@dataclass(frozen=True)
class Settled:
    """An item, its last outcome and why; ``other`` is the change set that undid or redid it."""

    item: Item
    outcome: Outcome
    detail: Mapping[str, Any] = field(default_factory=dict)
    other: str | None = None


@dataclass(frozen=True)
class ChangeSet:
    """Who changed how much, when and why; ``time`` in seconds since 1970, ``undoes`` another change set."""

    id: str
    by: str
    why: str
    time: float
    undoes: str | None
    counts: Mapping[Outcome, int]

    @property
    def state(self) -> str:
        """In a word or two."""
        has = {outcome for outcome, count in self.counts.items() if count}
        if Outcome.PENDING in has:
            return "unfinished"
        if Outcome.UNDONE in has:
            return "partly undone" if Outcome.WRITTEN in has else "undone"
        if has & {Outcome.WRITTEN, Outcome.ALREADY}:
            return "written"
        return "overtaken" if Outcome.OVERTAKEN in has else "not written"
