"""Which value of an attribute a vector speaks for: a logistic regression and its neighbours' votes, calibrated.

The regression alone decides which value is proposed; on photos kept aside no ensemble was better at it. How far it is
to be believed is told by both: a logistic curve over its own probability and the neighbours' share, fitted on
predictions for rows that were not learned from.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from vision.merchandising.tools.budget import Budget
from vision.merchandising.tools.distances import nearest

FOLDS: Final = 5
LEAST: Final = 3
"""Rows that a value must have to be learned."""
LEARNED: Final = 10_000
"""Rows that a model is fitted to at most, chosen by chance; all others are still judged."""
NEIGHBOURS: Final = 20
_STRENGTH: Final = 10.0
_BLOCK: Final = 4096
_TINY: Final = 1e-6
_ENDLESS: Final = Budget()

Matrix = NDArray[np.float32]
Floats = NDArray[np.float64]
Rows = NDArray[np.intp]
Values = tuple[str, ...]


@dataclass(frozen=True)
class Labels:
    """The values of rows that are learned from.

    Attributes:
        classes: values, sorted, each of :data:`LEAST` rows or more.
        rows: (n,) rows that have one of them.
        held: (n, classes) bool, which; a row of several values has several.
        rare: values of fewer rows, which are never proposed.
    """

    classes: tuple[str, ...]
    rows: Rows
    held: NDArray[np.bool_]
    rare: tuple[str, ...]

    @property
    def first(self) -> NDArray[np.intp]:
        """(n,) one class of each row, to deal the rows into folds by."""
        return np.asarray(self.held.argmax(axis=1), dtype=np.intp)


@dataclass(frozen=True)
class Judged:
    """What two methods say of rows: (n, classes) probabilities of each, summing to 1."""

    classifier: Floats
    neighbours: Floats

    @property
    def best(self) -> NDArray[np.intp]:
        """(n,) the class that is most likely."""
        return np.asarray(self.classifier.argmax(axis=1), dtype=np.intp)


def labels(values: Sequence[Values]) -> Labels:
    """Sort out which rows have which values; a class of too few rows is left out, and what has no other with it."""
    counts = Counter(value for row in values for value in row)
    classes = tuple(sorted(value for value, count in counts.items() if count >= LEAST))
    index = {value: number for number, value in enumerate(classes)}
    rows = np.array([row for row, held in enumerate(values) if any(value in index for value in held)], dtype=np.intp)
    held = np.zeros((len(rows), len(classes)), dtype=bool)
    for number, row in enumerate(rows):
        held[number, [index[value] for value in values[row] if value in index]] = True
    return Labels(classes, rows, held, tuple(sorted(set(counts) - set(classes))))


def unit(vectors: Matrix) -> Matrix:
    """Vectors scaled to length 1; zeros stay."""
    return np.asarray(vectors / np.maximum(np.linalg.norm(vectors, axis=1, keepdims=True), _TINY), dtype=np.float32)


def judge(
    known: Matrix,
    held: NDArray[np.bool_],
    asked: Matrix,
    *,
    seed: int = 0,
    step: Callable[[int, int], None] = lambda done, total: None,
) -> Judged:
    """Judge rows by others whose values are known.

    Args:
        known: (n, dims) of length 1.
        held: (n, classes) which values they have.
        asked: (m, dims) of length 1.
        seed: of the choice, where ``known`` has more rows than are learned from.
        step: told how many rows are judged, of how many; may end it by raising.
    """
    if len(known) > LEARNED:
        chosen = np.sort(np.random.default_rng(seed).choice(len(known), LEARNED, replace=False))
        known, held = known[chosen], held[chosen]
    model = _fitted(known, held)
    sure = np.empty((len(asked), held.shape[1]))
    voted = np.empty_like(sure)
    for start in range(0, len(asked), _BLOCK):
        step(start, len(asked))
        part = slice(start, start + _BLOCK)
        sure[part] = _spread(model, asked[part], held.shape[1])
        voted[part] = votes(known, held, asked[part])
    step(len(asked), len(asked))
    return Judged(sure, voted)


def votes(known: Matrix, held: NDArray[np.bool_], asked: Matrix, k: int = NEIGHBOURS) -> Floats:
    """(m, classes) shares of the nearest rows' values, the nearer the more: exp(-2 d²/mean d² of the k)."""
    rows, distances = nearest(known, asked, min(k, len(known)))
    weights = np.exp(-2.0 * distances / np.maximum(distances.mean(axis=1, keepdims=True), _TINY))
    shares = held[rows] / np.maximum(held[rows].sum(axis=2, keepdims=True), 1)
    found = np.einsum("ij,ijc->ic", weights, shares)
    return np.asarray(found / np.maximum(found.sum(axis=1, keepdims=True), _TINY), dtype=np.float64)


def out_of_fold(
    vectors: Matrix,
    held: NDArray[np.bool_],
    groups: Sequence[str] | None = None,
    *,
    seed: int = 0,
    budget: Budget = _ENDLESS,
) -> Judged:
    """Judge each row by a model that has not seen it, nor anything of its group.

    Args:
        vectors: (n, dims) of length 1, one row for each product.
        held: (n, classes) which values they have.
        groups: what must be judged together, beyond the product; None where rows stand alone.
        seed: of the folds.
        budget: how long it may take, told of the stage ``fold``.
    """
    first = held.argmax(axis=1)
    found = Judged(np.zeros(held.shape), np.zeros(held.shape))
    folds = _folds(first, groups, seed)
    for done, (learned, asked) in enumerate(folds):
        budget.at("fold", done, len(folds))
        judged = judge(
            vectors[learned], held[learned], vectors[asked], seed=seed, step=lambda rows, total: budget.check()
        )
        found.classifier[asked], found.neighbours[asked] = judged.classifier, judged.neighbours
    budget.at("fold", len(folds), len(folds))
    return found


@dataclass(frozen=True)
class Calibrated:
    """Turns a judgement into the probability that its best value is right: a logistic curve of two signs."""

    weights: tuple[float, float]
    intercept: float

    def confidence(self, judged: Judged) -> Floats:
        """(n,) probability of :attr:`Judged.best` being right."""
        signs = _signs(judged)
        return np.asarray(1.0 / (1.0 + np.exp(-(signs @ np.array(self.weights) + self.intercept))), dtype=np.float64)


def calibrate(judged: Judged, held: NDArray[np.bool_]) -> Calibrated:
    """Fit the curve on rows whose values are known and were not learned from."""
    from sklearn.linear_model import LogisticRegression

    right = held[np.arange(len(held)), judged.best]
    if right.all() or not right.any():  # nothing to tell apart: the share of right ones, smoothed
        share = (right.sum() + 1.0) / (len(right) + 2.0)
        return Calibrated((0.0, 0.0), float(np.log(share / (1.0 - share))))
    model = LogisticRegression(C=1.0, max_iter=200).fit(_signs(judged), right)
    first, second = model.coef_[0]
    return Calibrated((float(first), float(second)), float(model.intercept_[0]))


def least_confidence(confidence: Floats, right: NDArray[np.bool_], precision: float) -> float | None:
    """The lowest confidence above which at least ``precision`` of the rows are right; None where there is none."""
    order = np.argsort(-confidence, kind="stable")
    shares = np.cumsum(right[order]) / np.arange(1, len(order) + 1)
    good = np.flatnonzero(shares >= precision)
    return float(confidence[order[good[-1]]]) if len(good) else None


def _signs(judged: Judged) -> Floats:
    best = judged.best
    sure = np.clip(judged.classifier[np.arange(len(best)), best], _TINY, 1 - _TINY)
    return np.stack([np.log(sure / (1 - sure)), judged.neighbours[np.arange(len(best)), best]], axis=1)


def _fitted(vectors: Matrix, held: NDArray[np.bool_]) -> Any:
    """A logistic regression; a row of several values counts for each of them, with less weight."""
    from sklearn.linear_model import LogisticRegression

    rows, classes = np.nonzero(held)
    if len(np.unique(classes)) < 2:
        return int(classes[0]) if len(classes) else 0
    weights = 1.0 / held.sum(axis=1)[rows]
    return LogisticRegression(C=_STRENGTH, max_iter=150, tol=1e-3).fit(vectors[rows], classes, sample_weight=weights)


def _spread(model: Any, asked: Matrix, classes: int) -> Floats:
    found = np.zeros((len(asked), classes))
    if isinstance(model, int):
        found[:, model] = 1.0
    else:
        found[:, model.classes_] = model.predict_proba(asked)
    return found


def _folds(first: NDArray[np.intp], groups: Sequence[str] | None, seed: int) -> list[tuple[Rows, Rows]]:
    """Rows learned from and rows judged, each class dealt out evenly; whole groups where they are given."""
    random = np.random.default_rng(seed)
    count = len(first)
    if groups is None:
        order = random.permutation(count)
        order = order[np.argsort(first[order], kind="stable")]
        fold = np.empty(count, dtype=np.intp)
        fold[order] = np.arange(count) % FOLDS
    else:
        names, member = np.unique(np.asarray(groups), return_inverse=True)
        sizes = np.bincount(member)
        loads, where = np.zeros(FOLDS), np.empty(len(names), dtype=np.intp)
        shuffled = random.permutation(len(names))
        for name in shuffled[np.argsort(-sizes[shuffled], kind="stable")]:  # the largest first, each to the emptiest
            where[name] = int(loads.argmin())
            loads[where[name]] += sizes[name]
        fold = where[member]
    pairs = ((np.flatnonzero(fold != number), np.flatnonzero(fold == number)) for number in range(FOLDS))
    return [(learned, asked) for learned, asked in pairs if len(learned) and len(asked)]
