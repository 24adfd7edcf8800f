"""Which setting is taken, from planted figures."""

from __future__ import annotations

from vision.tuning.choice import Goal, choose
from vision.tuning.sweep import Figures, Point, mean_of_worst


def figures(dims: int, k: int, recall: float, ratio: float, *, worst: float = 1.0, level: str = "all") -> Figures:
    spread = (ratio * 0.9, ratio * 1.1)
    return Figures(Point(dims, k), level, 1000, 50, recall, worst, 1, 2, 3, 4, ratio, *spread)


def test_the_smallest_that_reaches_is_taken() -> None:
    found = choose(
        [figures(256, 100, 0.98, 0.2), figures(256, 200, 0.991, 0.3), figures(256, 400, 1, 0.4)], 256, Goal()
    )
    assert (found.point, found.reached, found.better) == (Point(256, 200), True, None)
    assert "K=200 is the cheapest that reaches 0.99 and 0.95 at every filter level" in found.reason


def test_it_has_to_reach_at_every_level_and_for_the_worst() -> None:
    measured = [
        figures(256, 100, 1, 0.2, worst=0.9),
        figures(256, 100, 1, 0.2, level="color=red"),
        figures(256, 200, 1, 0.3),
        figures(256, 200, 0.98, 0.3, level="color=red"),
        figures(256, 400, 1, 0.4),
        figures(256, 400, 1, 0.4, level="color=red"),
    ]
    assert choose(measured, 256, Goal()).point == Point(256, 400)


def test_a_larger_k_is_cheaper_only_where_the_quartiles_agree() -> None:
    noisy = [figures(256, 100, 1, 0.42), figures(256, 200, 1, 0.4)]
    assert choose(noisy, 256, Goal()).point == Point(256, 100)
    continued = [figures(256, 100, 1, 0.9), figures(256, 200, 1, 0.4)]  # a page needs more than 100
    assert choose(continued, 256, Goal()).point == Point(256, 200)


def test_where_none_reaches_the_best_is_taken_and_said_so() -> None:
    found = choose([figures(256, 100, 0.5, 0.2), figures(256, 200, 0.7, 0.3)], 256, Goal())
    assert (found.point, found.reached) == (Point(256, 200), False)
    assert found.reason.startswith("no K reaches 0.99 and 0.95 at every filter level: K=200 comes nearest")


def test_other_dimensions_are_recommended_never_chosen() -> None:
    measured = [figures(256, 200, 1, 0.3), figures(64, 200, 1, 0.2), figures(512, 200, 1, 0.5)]
    found = choose(measured, 256, Goal())
    assert found.point == Point(256, 200)
    assert found.better is not None and found.better[0] == Point(64, 200)
    assert choose([figures(256, 200, 1, 0.3), figures(64, 200, 1, 0.29)], 256, Goal()).better is None
    short = choose([figures(256, 200, 0.9, 0.3), figures(512, 200, 1, 0.5)], 256, Goal())
    assert not short.reached and short.better is not None and short.better[0] == Point(512, 200)


def test_the_worst_are_one_in_twenty_and_one_at_least() -> None:
    assert mean_of_worst([0.5] + [1.0] * 9) == 0.5
    assert mean_of_worst([0.5, 0.7] + [1.0] * 38) == 0.6
