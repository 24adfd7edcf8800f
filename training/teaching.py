"""What the student is told: the teacher's main components of each view, and the class probabilities of each."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from sklearn.decomposition import PCA
from sklearn.linear_model import LogisticRegression

from training.batches import Share
from training.prepare import Source

COMPONENTS = 256
_TRUTH = 0.6
"""Weight of the label itself beside what a classifier on the teacher's features says of the view."""


@dataclass(frozen=True)
class Lessons:
    """A share of each source, the teacher's part that is imitated, and how well a classifier on it does.

    Attributes:
        accuracy: of the teacher's classifier on clothing that it was not fitted on; None where all is trained on.
    """

    shares: list[Share]
    accuracy: float | None


def lessons(
    clothing: Source, clothing_rows: NDArray[np.intp], tiny: Source, tiny_rows: NDArray[np.intp], sizes: tuple[int, int]
) -> Lessons:
    """Soft targets over the classes of both sources, clothing's first."""
    main = _main_components(clothing, clothing_rows, tiny, tiny_rows)
    named = clothing.photos.labels >= 0
    own = len(clothing.photos.classes)
    others = np.unique(tiny.photos.labels[tiny_rows])
    total = own + len(others)
    taught = np.flatnonzero(named & np.isin(np.arange(len(named)), clothing_rows))
    soft, accuracy = _soft_labels(clothing, main[0], taught, np.setdiff1d(np.flatnonzero(named), taught))
    targets = np.zeros((*soft.shape[:2], total), dtype=np.float16)
    truth = np.eye(own, dtype=np.float32)[np.maximum(clothing.photos.labels, 0)] * named[:, None]
    targets[:, :, :own] = _TRUTH * truth[:, None] + (1 - _TRUTH) * soft * named[:, None, None]
    column = own + np.searchsorted(others, tiny.photos.labels)
    hard = np.zeros((len(tiny.photos), 1, total), dtype=np.float16)
    hard[tiny_rows, 0, column[tiny_rows]] = 1
    hard = np.broadcast_to(hard, (len(hard), tiny.views.count, total))
    shares = [
        Share(clothing, clothing_rows, sizes[0], targets, main[0]),
        Share(tiny, tiny_rows, sizes[1], hard, main[1]),
    ]
    return Lessons(shares, accuracy)


def _main_components(
    clothing: Source, clothing_rows: NDArray[np.intp], tiny: Source, tiny_rows: NDArray[np.intp]
) -> tuple[NDArray[np.float16], NDArray[np.float16]]:
    """(n, views, 256) of both sources: a PCA on as many whole photos of each, the components' scales kept."""
    random = np.random.default_rng(0)
    some = random.choice(tiny_rows, min(len(tiny_rows), 4 * len(clothing_rows)), replace=False)
    sample = np.concatenate([clothing.teacher[clothing_rows, 0], tiny.teacher[some, 0]]).astype(np.float32)
    fitted = PCA(COMPONENTS, svd_solver="covariance_eigh").fit(sample)

    def reduced(teacher: NDArray[np.float16]) -> NDArray[np.float16]:
        views = [fitted.transform(teacher[:, view].astype(np.float32)) for view in range(teacher.shape[1])]
        return np.stack(views, axis=1).astype(np.float16)

    return reduced(clothing.teacher), reduced(tiny.teacher)


def _soft_labels(
    clothing: Source, main: NDArray[np.float16], taught: NDArray[np.intp], aside: NDArray[np.intp]
) -> tuple[NDArray[np.float32], float | None]:
    """(n, views, classes) of a logistic regression, each photo judged by one that was fitted on other photos."""
    labels = clothing.photos.labels
    values = main.astype(np.float32) / main[taught].astype(np.float32).std(axis=(0, 1)).mean()
    result = np.zeros((*values.shape[:2], len(clothing.photos.classes)), dtype=np.float32)
    folds = np.random.default_rng(1).integers(3, size=len(labels))
    for fold in range(3):
        fitted = _fit(values, labels, taught[folds[taught] != fold])
        judged = taught[folds[taught] == fold]
        result[judged] = _judge(fitted, values[judged], result.shape[2])
    if not len(aside):
        return result, None
    whole = _judge(_fit(values, labels, taught), values[aside, :1], result.shape[2])[:, 0]
    return result, float((whole.argmax(axis=1) == labels[aside]).mean())


def _fit(values: NDArray[np.float32], labels: NDArray[np.int64], rows: NDArray[np.intp]) -> LogisticRegression:
    views = values[rows][:, ::4]
    flat = views.reshape(-1, views.shape[-1])
    return LogisticRegression(C=0.02, max_iter=1000, tol=1e-3).fit(flat, np.repeat(labels[rows], views.shape[1]))


def _judge(fitted: LogisticRegression, values: NDArray[np.float32], classes: int) -> NDArray[np.float32]:
    found = fitted.predict_proba(values.reshape(-1, values.shape[-1]))
    result = np.zeros((len(found), classes), dtype=np.float32)
    result[:, fitted.classes_] = found
    return result.reshape(*values.shape[:2], classes)
