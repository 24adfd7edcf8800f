"""Values for products that have none, learned from those that have one."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from typing import Final

import numpy as np
from numpy.typing import NDArray

from vision.errors import BadQuery
from vision.merchandising.proposal import Proposal, Tool, propose
from vision.merchandising.tools import learning
from vision.merchandising.tools.budget import Budget
from vision.merchandising.tools.evidence import beside
from vision.merchandising.tools.selection import Selection

PRECISION: Final = 0.9
LEAST_KNOWN: Final = 10
_ENDLESS: Final = Budget()


@dataclass(frozen=True)
class Learned:
    """How well an attribute can be told here, by products that were not learned from.

    Attributes:
        field: the attribute.
        known: products that have it.
        missing: products that have not.
        accuracy: part of the known whose value would have been guessed.
        neighbours: the same, by the neighbours' votes alone.
        confidence: least confidence of a proposal; None where the precision asked for is out of reach.
        precision: of those above it, among the known.
        recall: part of the known that are above it and right.
        promised: least confidence at which the precision asked for is reached; the same, unless another was given.
        rare: values of too few products to be learned.
    """

    field: str
    known: int
    missing: int
    accuracy: float
    neighbours: float
    confidence: float | None
    precision: float
    recall: float
    promised: float | None
    rare: tuple[str, ...] = ()


@dataclass(frozen=True)
class Filled:
    """Proposals, the surest first, and what is known of how good they are."""

    proposals: list[Proposal]
    learned: Learned


def fill(
    selection: Selection,
    field: str,
    *,
    precision: float = PRECISION,
    confidence: float | None = None,
    groups: Sequence[str] | None = None,
    seed: int = 0,
    budget: Budget = _ENDLESS,
    tool: Tool = Tool.FILL,
    only: frozenset[str] | None = None,
) -> Filled:
    """Propose a value for each product without one, where it is sure enough.

    Args:
        selection: products with and without the attribute, with its values.
        field: the attribute.
        precision: the list goes down to where this part of it would be right, as cross-validation says.
        confidence: the least confidence of a proposal, instead of a precision.
        groups: of each row, what must not be learned from and judged by at once, beyond one product.
        seed: of the folds.
        budget: how long it may take.
        tool: who proposes.
        only: ids of products that something may be proposed for.

    Raises:
        BadQuery: too few products with the attribute, or only one value.
        TookTooLong: over the budget.
    """
    values = selection.values[field]
    known = learning.labels(values)
    check_known(field, known)
    vectors = learning.unit(selection.matrix())
    held_vectors = vectors[known.rows]
    grouped = None if groups is None else [groups[row] for row in known.rows]
    checked, held = _sample(held_vectors, known.held, seed)
    grouped = None if grouped is None else [grouped[row] for row in checked]
    judged = learning.out_of_fold(held_vectors[checked], held, grouped, seed=seed, budget=budget)
    curve = learning.calibrate(judged, held)
    sure = curve.confidence(judged)
    right = held[np.arange(len(held)), judged.best]
    promised = learning.least_confidence(sure, right, precision)
    least = promised if confidence is None else confidence
    above = sure >= least if least is not None else np.zeros(len(sure), dtype=bool)
    asked = np.array(
        [row for row, each in enumerate(values) if not each and (only is None or selection.ids[row] in only)],
        dtype=np.intp,
    )
    learned = Learned(
        field=field,
        known=len(known.rows),
        missing=sum(not each for each in values),
        accuracy=float(right.mean()),
        neighbours=float(held[np.arange(len(held)), judged.neighbours.argmax(axis=1)].mean()),
        confidence=least,
        precision=float(right[above].mean()) if above.any() else 0.0,
        recall=float((right & above).mean()),
        promised=promised,
        rare=known.rare,
    )
    if least is None or not len(asked):
        return Filled([], learned)
    step = partial(budget.at, "judge")
    found = learning.judge(held_vectors, known.held, vectors[asked], seed=seed, step=step)
    return Filled(_proposals(selection, field, known, asked, found, curve.confidence(found), least, tool), learned)


def _proposals(
    selection: Selection,
    field: str,
    known: learning.Labels,
    asked: NDArray[np.intp],
    found: learning.Judged,
    sure: learning.Floats,
    least: float,
    tool: Tool,
) -> list[Proposal]:
    best = found.best
    chosen = [number for number in np.argsort(-sure, kind="stable") if sure[number] >= least]
    methods = [
        {
            "classifier": float(found.classifier[number, best[number]]),
            "neighbours": float(found.neighbours[number, best[number]]),
        }
        for number in chosen
    ]
    rows = [int(asked[number]) for number in chosen]
    shown = beside(selection, rows, field, known.rows, methods)
    return [
        propose(
            tool,
            selection.ids[row],
            field,
            (),
            (known.classes[best[number]],),
            confidence=round(float(sure[number]), 4),
            evidence=evidence,
        )
        for number, row, evidence in zip(chosen, rows, shown, strict=True)
    ]


def _sample(vectors: learning.Matrix, held: NDArray[np.bool_], seed: int) -> tuple[NDArray[np.intp], NDArray[np.bool_]]:
    """Rows to cross-validate on: all, or as many as are learned from."""
    if len(vectors) <= learning.LEARNED:
        return np.arange(len(vectors)), held
    rows = np.sort(np.random.default_rng(seed).choice(len(vectors), learning.LEARNED, replace=False))
    return rows, held[rows]


def check_known(field: str, known: learning.Labels) -> None:
    """Refuse to learn from too little.

    Raises:
        BadQuery: saying what there is, and what is needed.
    """
    if len(known.rows) < LEAST_KNOWN or len(known.classes) < 2:
        counts = Counter(known.classes[number] for number in known.first) if known.classes else Counter[str]()
        raise BadQuery(
            f"{field!r} cannot be learned: {len(known.rows)} products have one of its values "
            f"({', '.join(f'{value}: {count}' for value, count in counts.most_common(3)) or 'none'}), and "
            f"{LEAST_KNOWN} are needed, of two values or more with {learning.LEAST} products each; give examples of "
            "one value instead",
            "field",
        )
