"""Attributes proposed for products that were just indexed: proposals, never silent edits."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import msgspec

from vision.errors import BadQuery, BadSetting
from vision.merchandising.proposal import Proposal, Tool
from vision.merchandising.tools.filling import Learned
from vision.merchandising.tools.requests import FillRequest
from vision.merchandising.tools.workbench import Workbench


def tag(
    workbench: Workbench, fields: Sequence[str], products: frozenset[str], *, confidence: float
) -> tuple[list[Proposal], list[Learned], list[str]]:
    """Propose values for new products that have none, learned from all that have one.

    Args:
        workbench: of the collection.
        fields: attributes.
        products: ids of the new ones.
        confidence: the least of a proposal.

    Returns:
        Proposals; how well each attribute was learned; and why one could not be, in words: too few have it, or none.
    """
    made: list[Proposal] = []
    learned: list[Learned] = []
    unable: list[str] = []
    for field in fields:
        try:
            found, _ = workbench.filled(FillRequest(field=field, confidence=confidence), tool=Tool.TAG, only=products)
        except BadQuery as error:
            unable.append(str(error))
            continue
        made += found.proposals
        learned.append(found.learned)
    return made, learned, unable


def write(proposals: Sequence[Proposal], path: Path) -> None:
    """Write a JSON list.

    Raises:
        BadSetting: the file cannot be written.
    """
    try:
        path.write_bytes(msgspec.json.format(msgspec.json.encode(list(proposals))) + b"\n")
    except OSError as error:
        raise BadSetting(f"{path} cannot be written ({error.strerror}); give another file with --proposals") from error
