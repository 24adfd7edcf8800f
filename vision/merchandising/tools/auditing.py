"""Products whose pictures speak against their attribute: confident learning over out-of-fold probabilities.

After Northcutt, Jiang and Chuang, "Confident Learning" (2021), written small. A value is suspected where another one is
more probable than it usually is for products that have it; the list is ranked by how much more the pictures speak for
the other value than for the listed one.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from vision.merchandising.proposal import Proposal, Tool, propose
from vision.merchandising.tools import learning
from vision.merchandising.tools.budget import Budget
from vision.merchandising.tools.evidence import beside
from vision.merchandising.tools.filling import check_known
from vision.merchandising.tools.selection import Selection, Values

_SMALL: Final = 1e-3
_ENDLESS: Final = Budget()


@dataclass(frozen=True)
class Suspicion:
    """What confident learning says of rows.

    Attributes:
        order: all rows, the most suspicious first.
        score: (n,) log of how much more probable the other value is than the listed one.
        listed: (n,) class of the least probable listed value.
        other: (n,) most probable class that is not listed.
        suspected: (n,) whether the other one is above its own threshold.
    """

    order: NDArray[np.intp]
    score: learning.Floats
    listed: NDArray[np.intp]
    other: NDArray[np.intp]
    suspected: NDArray[np.bool_]


@dataclass(frozen=True)
class Audited:
    """Proposals, the most suspicious first, of how many products, and how many are estimated to be wrong."""

    field: str
    proposals: list[Proposal]
    products: int
    suspected: int


def suspect(probability: learning.Floats, held: NDArray[np.bool_]) -> Suspicion:
    """Rank rows by how much their probabilities speak against what they have.

    Args:
        probability: (n, classes), of models that have not seen the row.
        held: (n, classes) what they have, one class or more each.
    """
    rows = np.arange(len(held))
    listed = np.where(held, probability, np.inf).argmin(axis=1)
    other = np.where(held, -np.inf, probability).argmax(axis=1)
    own, best = probability[rows, listed], probability[rows, other]
    # Usual probability of a class among the rows that have it: their mean, the "self-confidence".
    counts = held.sum(axis=0)
    usual = np.where(held, probability, 0.0).sum(axis=0) / np.maximum(counts, 1)
    usual = np.where(counts > 0, usual, np.inf)
    above = np.where(probability >= usual, probability, 0.0)
    suspected = (above.max(axis=1) > 0) & ~held[rows, above.argmax(axis=1)] & ~held.all(axis=1)
    score = np.log(best + _SMALL) - np.log(own + _SMALL)
    score = np.where(held.all(axis=1), -np.inf, score)
    order = np.argsort(-score, kind="stable")
    return Suspicion(order, score, listed, other, suspected)


def audit(
    selection: Selection,
    field: str,
    *,
    rows: int | None = 100,
    groups: Sequence[str] | None = None,
    seed: int = 0,
    budget: Budget = _ENDLESS,
) -> Audited:
    """Rank products by how much neighbours and classifier disagree with their attribute.

    Args:
        selection: products, with the attribute's values.
        field: the attribute.
        rows: proposals at most; None is all whose other value is more probable.
        groups: of each row, what must not be learned from and judged by at once, beyond one product.
        seed: of the folds.
        budget: how long it may take.

    Raises:
        BadQuery: too few products with the attribute, or only one value.
        TookTooLong: over the budget.
    """
    known = learning.labels(selection.values[field])
    check_known(field, known)
    vectors = learning.unit(selection.matrix(known.rows))
    grouped = None if groups is None else [groups[row] for row in known.rows]
    judged = learning.out_of_fold(vectors, known.held, grouped, seed=seed, budget=budget)
    probability = (judged.classifier + judged.neighbours) / 2.0
    found = suspect(probability, known.held)
    chosen = [int(number) for number in found.order if found.score[number] > 0][:rows]
    methods = [
        {
            "classifier": float(judged.classifier[number, found.other[number]]),
            "neighbours": float(judged.neighbours[number, found.other[number]]),
            "listed": float(probability[number, found.listed[number]]),
        }
        for number in chosen
    ]
    picked = [int(known.rows[number]) for number in chosen]
    shown = beside(selection, picked, field, known.rows, methods)
    proposals = []
    for number, row, evidence in zip(chosen, picked, shown, strict=True):
        old = selection.values[field][row]
        best, listed = probability[number, found.other[number]], probability[number, found.listed[number]]
        new = _exchanged(old, known.classes[found.listed[number]], known.classes[found.other[number]])
        sure = round(float(best / max(best + listed, _SMALL)), 4)
        proposals.append(propose(Tool.AUDIT, selection.ids[row], field, old, new, confidence=sure, evidence=evidence))
    return Audited(field, proposals, len(known.rows), int(found.suspected.sum()))


def _exchanged(old: Values, listed: str, other: str) -> Values:
    return tuple(other if value == listed else value for value in old)
