"""Proposals and change sets as the command line and HTTP show them."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

import msgspec

from vision.merchandising.model import ChangeSet, Settled
from vision.merchandising.proposal import Evidence
from vision.merchandising.proposals import Kept


class ProposalForm(msgspec.Struct, frozen=True):
    """A proposal that is kept, and where it stands: ``by``, ``why`` and ``change`` are the last decision's."""

    id: str
    product: str
    field: str
    old: tuple[str, ...]
    new: tuple[str, ...]
    confidence: float
    evidence: Evidence
    tool: str
    saved: datetime
    state: str
    by: str | None
    why: str | None
    change: str | None


class ChangeForm(msgspec.Struct, frozen=True):
    """Who changed how much, when and why; ``counts`` are of attributes of products, by what became of them."""

    id: str
    state: str
    by: str
    why: str
    time: datetime
    undoes: str | None
    counts: dict[str, int]


class ItemForm(msgspec.Struct, frozen=True):
    """One attribute of one product in a change set; ``detail`` says why, ``other`` which change set undid it."""

    product: str
    field: str
    before: tuple[str, ...]
    after: tuple[str, ...]
    outcome: str
    detail: Mapping[str, Any]
    other: str | None
    proposal: str | None


def proposal_form(kept: Kept) -> ProposalForm:
    """A proposal as it is shown."""
    each = kept.proposal
    told = (each.id, each.product, each.field, each.old, each.new, each.confidence, each.evidence, each.tool.value)
    return ProposalForm(*told, _time(kept.time), kept.state.value, kept.by, kept.why, kept.change)


def change_form(change: ChangeSet) -> ChangeForm:
    """A change set as it is shown."""
    counts = {outcome.value: count for outcome, count in change.counts.items() if count}
    return ChangeForm(change.id, change.state, change.by, change.why, _time(change.time), change.undoes, counts)


def item_form(settled: Settled) -> ItemForm:
    """An item as it is shown."""
    item, outcome = settled.item, settled.outcome.value
    told = (item.product, item.field, item.old, item.new, outcome)
    return ItemForm(*told, settled.detail, settled.other, item.proposal)


def _time(seconds: float) -> datetime:
    return datetime.fromtimestamp(seconds, UTC)
