"""Metrics against values worked out by hand."""

from __future__ import annotations

import numpy as np
import pytest

from vision.evaluation import (
    average_precision,
    mean_average_precision,
    precision_at_k,
    recall_at_k,
    reciprocal_rank,
)

RANKED = np.array([[1, 0, 1, 0, 0], [0, 0, 0, 1, 0], [0, 0, 0, 0, 0]], dtype=bool)


def test_average_precision() -> None:
    np.testing.assert_allclose(average_precision(RANKED), [(1 + 2 / 3) / 2, 1 / 4, 0])
    np.testing.assert_allclose(average_precision(RANKED[0], 4), [(1 + 2 / 3) / 4])
    np.testing.assert_allclose(average_precision(RANKED, [2, 2, 1]), [(1 + 2 / 3) / 2, 1 / 8, 0])


def test_mean_average_precision_leaves_out_queries_without_an_answer() -> None:
    assert mean_average_precision(RANKED) == pytest.approx(((1 + 2 / 3) / 2 + 1 / 4) / 2)
    assert mean_average_precision(RANKED, [2, 1, 3]) == pytest.approx(((1 + 2 / 3) / 2 + 1 / 4) / 3)
    assert mean_average_precision(RANKED[2]) == 0


def test_precision_at_k() -> None:
    np.testing.assert_allclose(precision_at_k(RANKED, 3), [2 / 3, 0, 0])
    np.testing.assert_allclose(precision_at_k(RANKED, 10), [0.2, 0.1, 0])


def test_recall_at_k() -> None:
    np.testing.assert_allclose(recall_at_k(RANKED, 1), [0.5, 0, 0])
    np.testing.assert_allclose(recall_at_k(RANKED, 4, [4, 1, 1]), [0.5, 1, 0])


def test_reciprocal_rank() -> None:
    np.testing.assert_allclose(reciprocal_rank(RANKED), [1, 1 / 4, 0])
    np.testing.assert_allclose(reciprocal_rank(np.zeros((2, 0))), [0, 0])


def test_values_outside_what_is_accepted() -> None:
    for metric in (precision_at_k, recall_at_k):
        with pytest.raises(ValueError, match="1 or more"):
            metric(RANKED, 0)
    with pytest.raises(ValueError, match="shape"):
        average_precision(np.zeros((2, 2, 2)))
