"""The cross-over is found where planted costs cross."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from vision.tuning.crossover import Cost, Crossing, crossover, find, isotonic, most, parts

TOTAL = 100_000


def planted(at: float, total: int = TOTAL) -> Callable[[int], Cost]:
    """Exact grows with what matches, approximate hardly does."""

    def cost(part: int) -> Cost:
        matching = total // part
        exact, near = 5 + matching / 1000, 5 + at / 1000
        return Cost(matching, exact, near, exact / near, exact / near, exact / near)

    return cost


@pytest.mark.parametrize("at", [900, 3000, 7300, 21_000, 60_000])
def test_it_is_found_between_the_sizes_around_it(at: int) -> None:
    found = find(TOTAL, planted(at))
    assert found.at == pytest.approx(at, rel=0.02)
    assert found.exact_below == pytest.approx(at, rel=0.06)
    assert len(found.costs) <= most(TOTAL)
    assert [each.matching for each in found.costs] == sorted(each.matching for each in found.costs)


@pytest.mark.parametrize(("total", "limit"), [(1500, 2000), (20_000, 20_000)])
def test_where_exact_never_loses_the_limit_is_all_there_is_or_the_default(total: int, limit: int) -> None:
    found = find(total, planted(50_000, total))
    assert (found.at, found.exact_below) == (None, limit)


def test_noise_is_no_cross_over() -> None:
    noisy = find(60, lambda part: Cost(60 // part, 5, 4.5, 1.1, 0.8, 1.4))
    assert (noisy.at, noisy.exact_below) == (None, 2000)


def test_where_exact_always_loses_it_is_the_smallest_size() -> None:
    assert find(TOTAL, planted(0)).at == TOTAL // parts(TOTAL)[0]


def test_no_single_size_decides() -> None:
    clean = [(1000, 0.8), (2000, 0.85), (4000, 0.9), (8000, 1.1), (16_000, 1.5)]
    assert crossover(clean) == 6000
    slow = [(1000, 0.8), (2000, 1.2), (4000, 0.9), (8000, 1.1), (16_000, 1.5)]  # 1.05 for both of those out of order
    assert 1000 < (crossover(slow) or 0) < 2000
    quick = [(1000, 0.8), (2000, 0.85), (4000, 0.9), (8000, 1.3), (16_000, 1.2), (32_000, 2.0)]
    assert 4000 < (crossover(quick) or 0) < 8000


def test_ratios_that_fall_are_taken_together() -> None:
    assert isotonic([1, 3, 2, 4]) == [1, 2.5, 2.5, 4] and isotonic([3, 2, 1]) == [2, 2, 2]
    assert isotonic([1, 2, 3]) == [1, 2, 3] and isotonic([]) == []


def test_the_limit_has_two_digits() -> None:
    cost = Cost(1, 1, 1, 1, 1, 1)
    assert [Crossing((cost,), at).exact_below for at in (7, 68, 7321, 12_600)] == [7, 68, 7300, 13_000]


def test_the_sizes_grow_from_hundreds_to_everything() -> None:
    assert parts(TOTAL)[0] == 200 and parts(TOTAL)[-1] == 1
    assert parts(400) == [1]
