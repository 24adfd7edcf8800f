"""The median squared distance: right, seeded, never zero."""

from __future__ import annotations

import numpy as np
import pytest

from vision.errors import BadVector
from vision.reduction import sigma2


def test_of_few_vectors_it_is_the_median_of_all_pairs() -> None:
    assert sigma2(np.array([[0.0], [1.0], [3.0]], dtype=np.float32)) == 4.0  # of 1, 4, 9


def test_of_many_vectors_it_is_estimated_and_repeatable() -> None:
    x = np.random.default_rng(0).normal(size=(1_000, 16)).astype(np.float32)
    exact = float(np.median(((x[:, None] - x[None]) ** 2).sum(-1)[np.triu_indices(1_000, 1)]))
    assert sigma2(x) == pytest.approx(exact, rel=0.03)
    assert sigma2(x) == sigma2(x) != sigma2(x, seed=1)


@pytest.mark.parametrize("shape", [(0, 4), (1, 4), (7, 4), (500, 4)])
def test_it_is_positive_where_nothing_differs(shape: tuple[int, int]) -> None:
    assert sigma2(np.ones(shape, dtype=np.float32)) == 1.0


def test_copies_of_one_picture_do_not_count() -> None:
    x = np.zeros((100, 2), dtype=np.float32)
    x[0, 0] = 3
    assert sigma2(x) == 9.0


def test_bad_vectors_are_refused() -> None:
    with pytest.raises(BadVector):
        sigma2(np.array([[np.nan, 0]], dtype=np.float32))
