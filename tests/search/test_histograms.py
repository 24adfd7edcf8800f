"""Round buckets, chosen by what is there."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from vision.search.histograms import GRID, Spread, choose


def spread(*values: float) -> Spread:
    counts, _ = np.histogram(values, bins=[-np.inf, *GRID, np.inf])
    return Spread(min(values), max(values), tuple(int(each) for each in counts))


@pytest.mark.parametrize(
    ("values", "edges"),
    [
        ((19.0, 42.5, 87.0), (10, 20, 30, 40, 50, 60, 70, 80, 90)),
        ((0.0, 1.0), (0, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 1.0)),
        ((7.5,), (7.5, 7.5)),
        ((100.0, 1500.0), (0, 200, 400, 600, 800, 1000, 1200, 1400, 1600)),
        ((1e9, 3e9), tuple(n * 2e8 for n in range(5, 16))),
    ],
)
def test_buckets_are_round(values: tuple[float, ...], edges: tuple[float, ...]) -> None:
    assert choose(spread(*values)) == pytest.approx(edges)


def test_a_few_numbers_far_above_all_others_have_a_bucket_of_their_own() -> None:
    edges = choose(spread(*np.linspace(2, 40, 99), 9_990))
    assert edges == (0, 5, 10, 15, 20, 25, 30, 35, 40, 45, 50, 9_990)
    assert choose(spread(5, 5, 5, 5, 5, 5, 5, 5, 5, 5, 5, 5, 5, 5, 5, 5, 5, 5, 5, 5, 5, 900))[-1] >= 900


@given(st.lists(st.floats(0, 1e6).map(lambda each: round(each, 2)), min_size=1, max_size=60))
def test_buckets_hold_everything_and_are_few(values: list[float]) -> None:
    edges = choose(spread(*values))
    assert edges[0] <= min(values) and max(values) <= edges[-1]
    assert 2 <= len(edges) <= 13
    assert len(set(values)) == 1 or all(low < high for low, high in pairwise(edges))
