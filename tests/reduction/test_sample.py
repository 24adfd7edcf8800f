"""The sample: uniform, in order, the same however it came, and no larger than asked in memory."""

from __future__ import annotations

import tracemalloc
from collections.abc import Iterator

import numpy as np
import pytest
from numpy.typing import NDArray

from vision.errors import BadVector
from vision.reduction.sample import take


def batches(count: int, size: int, dims: int = 3) -> Iterator[NDArray[np.float32]]:
    """Rows with their own number in every place."""
    for first in range(0, count, size):
        rows = np.arange(first, min(count, first + size), dtype=np.float32)
        yield np.repeat(rows[:, None], dims, axis=1)


def test_every_row_is_equally_likely() -> None:
    counts = np.zeros(40)
    for seed in range(400):
        rows, total = take(batches(40, 13), 10, seed)
        assert total == 40 and len(rows) == 10 and (np.diff(rows[:, 0]) > 0).all()
        counts[rows[:, 0].astype(int)] += 1
    assert counts.min() > 60 and counts.max() < 145  # 100 expected, standard deviation 8.7


@pytest.mark.parametrize("size", [2, 99, 100, 101, 499, 500, 501])
def test_it_does_not_depend_on_the_batches(size: int) -> None:
    random = np.random.default_rng(3).random(500)
    expected = np.sort(np.argsort(random)[:size])  # the smallest keys, in order
    for step in (1, 7, 100, 500):
        rows, total = take(batches(500, step), size, 3)
        assert total == 500
        np.testing.assert_array_equal(rows[:, 0], expected)


def test_batches_that_do_not_fit_are_refused() -> None:
    with pytest.raises(BadVector):
        take([np.zeros((2, 3)), np.zeros((2, 4))], 10, 0)
    assert take([np.zeros((0, 3))], 10, 0)[1] == 0


def test_it_takes_the_memory_of_the_sample_whatever_comes() -> None:
    peaks = []
    for count in (4_000, 40_000):
        tracemalloc.start()
        try:
            take(batches(count, 500, dims=256), 2_000, 0)
            peaks.append(tracemalloc.get_traced_memory()[1])
        finally:
            tracemalloc.stop()
    sample = 2_000 * 256 * 4
    assert max(peaks) < 3 * sample and peaks[1] < 1.1 * peaks[0]
