"""Which setting to take: pure, from the figures of every point at every level."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from vision.tuning.sweep import Figures, Point

WORST_GOAL: Final = 0.95
"""Recall that the worst 5 % of queries must have as well."""
_WORTH = 0.9
"""A side collection's cost over the own one's below which another index is recommended."""


@dataclass(frozen=True)
class Goal:
    """What has to be reached at every level: mean recall@10, and the mean of the worst 5 % of queries."""

    recall: float = 0.99
    worst: float = WORST_GOAL

    def reached(self, figures: Sequence[Figures]) -> bool:
        """Whether a point reaches it everywhere."""
        return all(each.recall >= self.recall and each.worst >= self.worst for each in figures)


@dataclass(frozen=True)
class Choice:
    """What was chosen.

    Attributes:
        point: the setting.
        reached: whether it reaches the goal at every level.
        reason: why it, in words.
        better: another number of coarse dimensions that is worth an index of its own, and why.
    """

    point: Point
    reached: bool
    reason: str
    better: tuple[Point, str] | None = None


def cost(figures: Sequence[Figures]) -> float:
    """What a point costs over its levels: the geometric mean of its ratios to the exact search."""
    return _mean([each.ratio for each in figures])


def _mean(ratios: Sequence[float]) -> float:
    return math.exp(sum(map(math.log, ratios)) / len(ratios))


def choose(figures: Sequence[Figures], own: int, goal: Goal) -> Choice:
    """The cheapest point of the collection's own dimensions that reaches the goal; where none does, the best.

    Args:
        figures: of approximate points, each at the same levels.
        own: the collection's number of coarse dimensions.
        goal: what has to be reached.
    """
    by_point: dict[Point, list[Figures]] = {}
    for each in figures:
        if each.point.candidates is not None:
            by_point.setdefault(each.point, []).append(each)
    point, reached = _best({point: found for point, found in by_point.items() if point.dims == own}, goal)
    least = min(by_point[point], key=lambda each: (each.recall, each.worst))
    found = f"recall@10 {least.recall:.4f}, of the worst 5 % of queries {least.worst:.4f}, at {least.level!r}"
    wanted = f"{goal.recall:g} and {goal.worst:g} at every filter level"
    if reached:
        reason = f"K={point.candidates} is the cheapest that reaches {wanted}; its lowest: {found}"
    else:
        reason = f"no K reaches {wanted}: K={point.candidates} comes nearest; its lowest: {found}"
    return Choice(point, reached, reason, _better(by_point, point, reached, goal))


def _best(by_point: Mapping[Point, Sequence[Figures]], goal: Goal) -> tuple[Point, bool]:
    reaching = {point: found for point, found in by_point.items() if goal.reached(found)}
    if reaching:
        # A larger K does more work: one that looks cheaper is so only where the quartiles agree. That happens where the
        # candidates of a smaller one hold too few products for a page, so that everything is verified after all.
        most = min(_mean([each.ratio_high for each in found]) for found in reaching.values())
        cheap = [point for point, found in reaching.items() if cost(found) <= most]
        return min(cheap, key=lambda point: point.candidates or 0), True
    return max(by_point, key=lambda point: (*_lowest(by_point[point]), -cost(by_point[point]))), False


def _lowest(figures: Sequence[Figures]) -> tuple[float, float]:
    return min(each.recall for each in figures), min(each.worst for each in figures)


def _better(
    by_point: Mapping[Point, Sequence[Figures]], point: Point, reached: bool, goal: Goal
) -> tuple[Point, str] | None:
    """A point of other dimensions that reaches what the chosen one does not, or the same for clearly less."""
    others = {each: found for each, found in by_point.items() if each.dims != point.dims and goal.reached(found)}
    if not others:
        return None
    other = min(others, key=lambda each: cost(others[each]))
    if not reached:
        return other, f"{other.name} reaches the goal, which {point.dims} dims do not"
    saved = cost(others[other]) / cost(by_point[point])
    if saved > _WORTH:
        return None
    return other, f"{other.name} reaches the goal in {saved:.2f} of the time of {point.name}"
