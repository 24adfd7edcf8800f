"""What every tool of the merchandiser ends in: one value of one product that could be another."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from enum import StrEnum
from typing import Any, Protocol

import msgspec


class Tool(StrEnum):
    """Which tool proposes."""

    CLUSTER = "cluster"
    FILL = "fill"
    AUDIT = "audit"
    TAG = "tag"
    DUPLICATES = "duplicates"
    HAND = "hand"


class Evidence(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """Why a value is proposed, for a person to look at.

    Attributes:
        neighbours: ids of indexed pictures to show beside the product, the most telling first.
        values: their values of the field, one list for each neighbour, in the same order.
        distances: squared Euclidean distances to them, in the same order.
        methods: probability of the new value by each method that was asked, as {"neighbours": .93, "classifier": .88}.
        note: a sentence, where numbers do not say it.
    """

    neighbours: list[str] = []
    values: list[list[str]] = []
    distances: list[float] = []
    methods: dict[str, float] = {}
    note: str = ""


class Proposal(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A change of one attribute of one product, not yet made.

    Attributes:
        id: the same for the same product, field, old and new values and tool.
        product: its ``product_id``; all pictures of it are changed together.
        field: an attribute's name, as the catalogue has it ("category", not "attr_category").
        old: the values that it has now, sorted; empty where it has none.
        new: the values that it would have, sorted; empty takes the attribute away.
        confidence: estimated probability that the change is right, 0 to 1.
        evidence: why.
        tool: who proposes.
    """

    id: str
    product: str
    field: str
    old: tuple[str, ...]
    new: tuple[str, ...]
    confidence: float
    evidence: Evidence
    tool: Tool


class Proposals(Protocol):
    """Where proposals are kept until somebody accepts or rejects them."""

    def save(self, proposals: Sequence[Proposal]) -> None:
        """Keep proposals; one with an id that is kept already changes nothing."""


def propose(
    tool: Tool,
    product: str,
    field: str,
    old: tuple[str, ...],
    new: tuple[str, ...],
    *,
    confidence: float,
    evidence: Evidence | None = None,
) -> Proposal:
    """Make a proposal, with its id."""
    old, new = tuple(sorted(old)), tuple(sorted(new))
    named: list[Any] = [tool.value, product, field, old, new]
    id = hashlib.sha256(msgspec.json.encode(named)).hexdigest()[:20]
    return Proposal(id, product, field, old, new, confidence, evidence or Evidence(), tool)
