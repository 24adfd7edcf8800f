"""One value from two to five examples: who else looks like them, and which questions would tell most.

The direction is that of linear discriminant analysis between the examples and everything else, with a covariance shrunk
towards a sphere (exemplar LDA: Hariharan, Malik and Ramanan, 2012): what all products vary in counts little, what the
examples have in common counts much. Answers move it: a yes is one more example, a no is subtracted by half. All state
is the two lists of ids, which whoever asks carries.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from vision.errors import BadQuery
from vision.merchandising.proposal import Proposal, Tool, propose
from vision.merchandising.tools.evidence import beside
from vision.merchandising.tools.learning import unit
from vision.merchandising.tools.selection import Selection

DIMS: Final = 64
"""Leading components that are looked at: with so few examples, more are more noise."""
_SHRUNK: Final = 1.0
_AWAY: Final = 0.5
_BLOCK: Final = 8192
_LEFT_OUT: Final = 20
"""Examples that are left out in turn, to see how the model ranks what it has not seen."""
MOST_EXAMPLES: Final = 200

Scores = NDArray[np.float64]
Rows = Sequence[int]


@dataclass(frozen=True)
class Ranked:
    """All rows by their likeness to the examples.

    Attributes:
        scores: (n,) how much a row looks like the positives; the mean of everything has 0.
        probability: (n,) estimated, of belonging to them.
        level: score that an example reaches when it is left out, less half their spread: what is near it is the
            hardest to tell.
    """

    scores: Scores
    probability: Scores
    level: float


@dataclass(frozen=True)
class Candidates:
    """Proposals from the surest down to where they are as likely wrong, and pictures to ask about.

    Attributes:
        proposals: products without the value.
        questions: ids of products; the answers move the boundary most.
        threshold: suggested least confidence of what is accepted.
        products: how many were looked at.
    """

    proposals: list[Proposal]
    questions: list[str]
    threshold: float
    products: int


class Space:
    """Vectors in which all products together vary alike in each direction, a block at a time."""

    def __init__(self, selection: Selection) -> None:
        """Measure mean and covariance of the selection."""
        self._selection = selection
        self._dims = min(DIMS, selection.codes.shape[1])
        total, square = np.zeros(self._dims), np.zeros((self._dims, self._dims))
        for start in range(0, len(selection), _BLOCK):
            part = self._unit(slice(start, start + _BLOCK)).astype(np.float64)
            total += part.sum(axis=0)
            square += part.T @ part
        self._mean = total / len(selection)
        covariance = square / len(selection) - np.outer(self._mean, self._mean)
        ball = max(float(np.trace(covariance)) / self._dims, 1e-12)
        values, axes = np.linalg.eigh(covariance + _SHRUNK * ball * np.eye(self._dims))
        self._whitening = (axes / np.sqrt(values)) @ axes.T

    def rows(self, rows: Rows) -> NDArray[np.float64]:
        """(n, dims) of some rows."""
        return np.asarray((self._unit(list(rows)) - self._mean) @ self._whitening, dtype=np.float64)

    def along(self, direction: NDArray[np.float64]) -> Scores:
        """(n,) of all rows."""
        turned = self._whitening @ direction
        found = np.empty(len(self._selection))
        for start in range(0, len(found), _BLOCK):
            part = slice(start, start + _BLOCK)
            found[part] = (self._unit(part) - self._mean) @ turned
        return found

    def _unit(self, rows: slice | list[int]) -> NDArray[np.float32]:
        return unit(self._selection.matrix(rows))[:, : self._dims]


def rank(selection: Selection, positives: Rows, negatives: Rows = ()) -> Ranked:
    """Score all rows by examples.

    Args:
        selection: what is looked at, the examples among it.
        positives: rows that have the value, one or more.
        negatives: rows that have not.
    """
    space = Space(selection)
    yes, no = space.rows(positives), space.rows(negatives) if negatives else np.zeros((0, 1))
    scores = space.along(_direction(yes, no))
    left = [
        float(yes[each] @ _direction(np.delete(yes, each, axis=0), no))
        for each in range(min(len(yes), _LEFT_OUT))
        if len(yes) > 1
    ]
    seen = np.array(left) if left else scores[list(positives)] / 2.0
    probability = _mixture(scores, seen)
    return Ranked(scores, probability, float(seen.mean() - 0.5 * seen.std()))


def ask(ranked: Ranked, known: Rows, count: int) -> list[int]:
    """Rows to ask about: those that look as much like the examples as these look like each other.

    The likeliest of all tell less, on photos kept aside: a yes to them is known before.
    """
    free = np.ones(len(ranked.scores), dtype=bool)
    free[list(known)] = False
    doubtful = np.argsort(np.abs(ranked.scores - ranked.level), kind="stable")
    return [int(row) for row in doubtful if free[row]][:count]


def candidates(
    selection: Selection,
    field: str,
    value: str,
    positives: Sequence[str],
    negatives: Sequence[str] = (),
    *,
    confidence: float = 0.5,
    rows: int = 100,
    questions: int = 5,
    replace: bool = False,
) -> Candidates:
    """Propose a value for what looks like the examples.

    Args:
        selection: products, with the field's values; one that has the value already is not proposed.
        field: the attribute.
        value: what the examples have.
        positives: ids of products or pictures that have it.
        negatives: ids of those that have not.
        confidence: the least of a proposal.
        rows: proposals at most.
        questions: products to ask about.
        replace: whether the value takes the place of what a product has, instead of standing beside it.

    Raises:
        BadQuery: no examples, too many, one on both sides, or one that is not in the selection.
    """
    both = sorted(set(positives) & set(negatives))
    if not positives or both or max(len(positives), len(negatives)) > MOST_EXAMPLES:
        came = f"{both[0]!r} on both sides" if both else f"{len(positives)} positives and {len(negatives)} negatives"
        raise BadQuery(f"examples are {came}; give 2 to 5 products that have it, {MOST_EXAMPLES} at most", "positives")
    yes, no = selection.rows(positives, "positives"), selection.rows(negatives, "negatives")
    ranked = rank(selection, yes, no)
    held = selection.values.get(field) or [()] * len(selection)
    settled = {*yes, *no} | {row for row, values in enumerate(held) if value in values}
    order = np.argsort(-ranked.scores, kind="stable")
    picked = [int(row) for row in order if row not in settled and ranked.probability[row] >= confidence][:rows]
    methods = [{"examples": float(ranked.probability[row])} for row in picked]
    shown = beside(selection, picked, field, np.array(yes, dtype=np.intp), methods, "beside the examples")
    proposals = [
        propose(
            Tool.FILL,
            selection.ids[row],
            field,
            held[row],
            (value,) if replace else tuple(dict.fromkeys((*held[row], value))),
            confidence=round(float(ranked.probability[row]), 4),
            evidence=evidence,
        )
        for row, evidence in zip(picked, shown, strict=True)
    ]
    asked = ask(ranked, sorted(settled), questions)
    return Candidates(proposals, [selection.ids[row] for row in asked], 0.5, len(selection))


def _direction(yes: NDArray[np.float64], no: NDArray[np.float64]) -> NDArray[np.float64]:
    mean = np.asarray(yes.mean(axis=0), dtype=np.float64)
    return mean - _AWAY * no.mean(axis=0) if len(no) else mean


def _mixture(scores: Scores, seen: Scores) -> Scores:
    """Probability of each score being of the positives': two normal curves, theirs fixed by the examples left out.

    Mean and spread of all others and the share of the positives come from all scores, by expectation-maximisation.
    What scores higher than the positives' mean is as likely as it.
    """
    wide = max(float(scores.std()), 1e-9)
    mean, spread = float(seen.mean()), max(float(seen.std(ddof=1)) if len(seen) > 1 else 0.0, 0.5 * wide)
    theirs = np.exp(-0.5 * np.square((np.minimum(scores, mean) - mean) / spread)) / spread
    other, other_spread, share = float(scores.mean()), wide, 0.02
    found = np.zeros(len(scores))
    for _ in range(30):
        rest = np.exp(-0.5 * np.square((np.maximum(scores, other) - other) / other_spread)) / other_spread
        found = share * theirs / (share * theirs + (1 - share) * rest + 1e-300)
        share = min(max(float(found.mean()), 1.0 / len(scores)), 0.5)
        weights = 1.0 - found
        other = float((weights * scores).sum() / max(weights.sum(), 1e-9))
        other_spread = max(float(np.sqrt((weights * np.square(scores - other)).sum() / max(weights.sum(), 1e-9))), 1e-9)
    return np.asarray(found, dtype=np.float64)
