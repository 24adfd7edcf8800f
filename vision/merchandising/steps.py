"""What is to be done next about one attribute of one product: values in, a step out; nothing is read or written here.

An item goes through: its documents are read; what is to be written is noted; it is written; what was written is noted.
A process may die between any two of these. What the documents hold afterwards, beside what was noted, tells how far it
came, so that a first run, a run after somebody else's change and a resumed one all take the same steps.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

from vision.merchandising.model import Intent, Item, Outcome, Values, Write


@dataclass(frozen=True)
class Held:
    """What a document holds now: its version, and its values by attribute."""

    version: int
    values: Mapping[str, Values]


class Others(Protocol):
    """What the journal knows of other change sets' writes."""

    def wrote(self, document: str, version: int) -> bool:
        """Whether another change set noted that it made this version by writing to this attribute."""

    def saw(self, document: str, value: Values, since: int) -> int | None:
        """A version after ``since`` at which another one found ``value``, which nobody noted to have written."""


@dataclass
class Work:
    """An item and how far it is.

    Attributes:
        item: what is to change.
        planned: documents and values that an undo names; empty where the item's own values decide.
        intents: what was last noted to be written, by document; the values never change, versions may.
        done: what this change set wrote, or found written by itself, by document.
        unsure: documents that something was sent for, to which no answer is known.
        refused: why it cannot be done; what is done is then taken back.
        outcome: what the item ends as when everything is taken back.
    """

    item: Item
    planned: tuple[Intent, ...] = ()
    intents: dict[str, Intent] = field(default_factory=dict)
    done: dict[str, Write] = field(default_factory=dict)
    unsure: set[str] = field(default_factory=set)
    refused: Mapping[str, Any] | None = None
    outcome: Outcome = Outcome.CONFLICT


@dataclass(frozen=True)
class Step:
    """What to write next, what was found written, and the outcome once nothing is left to do."""

    writes: tuple[Intent, ...] = ()
    found: tuple[Write, ...] = ()
    outcome: Outcome | None = None
    detail: Mapping[str, Any] = field(default_factory=dict)


def resumed(item: Item, intents: Sequence[Intent], writes: Sequence[Write], cancelled: bool) -> Work:
    """How far an item is, from what was noted of it."""
    work = Work(item, tuple(each for each in intents if each.version is None))
    for each in intents:
        if each.version is None:
            continue
        first = work.intents.get(each.document, each)
        if each.after != first.after:  # it was being taken back
            work.refused = {"why": "it was found in conflict, and what was written is taken back"}
        else:
            work.intents[each.document] = each
    for written in writes:
        intent = work.intents.get(written.document)
        if intent is not None and written.after == intent.after:
            work.done[written.document] = written
        else:
            work.done.pop(written.document, None)
    work.unsure = set(work.intents)
    if cancelled:
        work.refused, work.outcome = {"why": "undone before it was written"}, Outcome.CANCELLED
    return work


def advance(work: Work, documents: Mapping[str, Held], others: Others) -> Step:
    """The next step for an item whose product has these documents now."""
    if not work.intents and work.refused is None:
        return _first(work, documents)
    found = _claims(work, documents, others)
    work.done |= {each.document: each for each in found}
    writes: list[Intent] = []
    for id, intent in work.intents.items():
        if id in work.done or work.refused is not None or (held := documents.get(id)) is None:
            continue
        value = held.values[work.item.field]
        if value == intent.before:
            writes.append(Intent(id, held.version, intent.before, intent.after))
        elif value != intent.after:
            work.refused = {"why": "it was changed meanwhile", "document": id, "found": value}
    if work.refused is not None:
        return _back(work, documents, others, found)
    if writes:
        return Step(tuple(writes), found)
    if not work.done and not any(id in documents for id in work.intents):
        return Step((), found, Outcome.CONFLICT, {"why": "the product is no longer in the index"})
    return Step((), found, Outcome.WRITTEN if work.done else Outcome.ALREADY)


def _first(work: Work, documents: Mapping[str, Held]) -> Step:
    """What to write of an item that nothing was written of; nothing where the index has other values than are meant."""
    item = work.item
    now = {id: held.values[item.field] for id, held in documents.items()}
    if work.planned:
        plan = {each.document: each for each in work.planned if each.document in now}
        wrong = {id: now[id] for id, each in plan.items() if now[id] not in (each.before, each.after)}
        intents = [
            Intent(id, documents[id].version, each.before, each.after)
            for id, each in plan.items()
            if now[id] == each.before != each.after
        ]
    else:
        plan = {}
        has = tuple(sorted({value for values in now.values() for value in values or ()}))
        intents = [
            Intent(id, documents[id].version, values, item.new or None)
            for id, values in now.items()
            if tuple(sorted(values or ())) != item.new
        ]
        wrong = {} if has == item.old or not intents else {"": has}
    if not now or (work.planned and not plan):
        return Step(outcome=Outcome.CONFLICT, detail={"why": "the product is not in the index"})
    for id, values in wrong.items():
        detail = {"why": "it has another value", "found": values} | ({"document": id} if id else {})
        return Step(outcome=Outcome.CONFLICT, detail=detail)
    if not intents:
        return Step(outcome=Outcome.ALREADY)
    return Step(tuple(intents))


def _claims(work: Work, documents: Mapping[str, Held], others: Others) -> tuple[Write, ...]:
    """What was written by this change set, as the documents or other change sets show, and was not noted."""
    found = []
    for id, intent in work.intents.items():
        held = documents.get(id)
        if id not in work.unsure or id in work.done or held is None or intent.version in (None, held.version):
            continue
        value = held.values[work.item.field]
        version: int | None = None
        if value == intent.after:
            version = None if others.wrote(id, held.version) else held.version
        elif value != intent.before:
            version = others.saw(id, intent.after, intent.version or 0)
        if version is not None:
            found.append(Write(id, version, intent.before, intent.after))
    return tuple(found)


def _back(work: Work, documents: Mapping[str, Held], others: Others, found: tuple[Write, ...]) -> Step:
    """Take back what was written of an item that cannot be done as a whole, unless somebody changed it since."""
    writes, taken = [], []
    for id, done in work.done.items():
        held = documents.get(id)
        if held is None:
            continue
        value = held.values[work.item.field]
        if value == done.after:
            writes.append(Intent(id, held.version, done.after, done.before))
        elif value == done.before and held.version > done.version and not others.wrote(id, held.version):
            taken.append(Write(id, held.version, done.after, done.before))
    for each in taken:
        del work.done[each.document]
    if writes:
        return Step(tuple(writes), (*found, *taken))
    return Step((), (*found, *taken), work.outcome, work.refused or {})
