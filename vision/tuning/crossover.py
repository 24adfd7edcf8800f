"""Where verifying everything becomes slower than candidates: found from what both cost, filter size by filter size."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Final

from vision.search.planner import Limits

LEAST: Final = 500
"""Documents below which both ways cost what a request costs."""
_STEP = 1.5
_REFINED = 4


@dataclass(frozen=True)
class Cost:
    """Both ways at one size: medians in milliseconds, and exact over approximate by query, with its quartiles."""

    matching: int
    exact: float
    approximate: float
    ratio: float
    ratio_low: float
    ratio_high: float

    def plain(self) -> dict[str, Any]:
        """For JSON."""
        return {name: value if name == "matching" else round(value, 3) for name, value in asdict(self).items()}


@dataclass(frozen=True)
class Crossing:
    """What was measured, by size, and where the ratio passes 1 for good; None where it does not up to all there is."""

    costs: tuple[Cost, ...]
    at: int | None

    @property
    def exact_below(self) -> int:
        """The limit to set, in two digits; where exact never loses, all there is, or the default where that is more."""
        if self.at is None:
            return max(self.costs[-1].matching, Limits().exact_below)
        digits: int = 10 ** max(0, math.floor(math.log10(max(1, self.at))) - 1)
        return round(round(self.at / digits) * digits)


def crossover(measured: Sequence[tuple[int, float]]) -> int | None:
    """Where the ratio of exact to approximate passes 1, between the two sizes around it; None where it does not.

    More documents cost exact more: ratios that fall with the size are noise, and replaced by the nearest ones that do
    not (isotonic regression), so that no single size decides.

    Args:
        measured: size and ratio, by size.
    """
    measured = list(zip([size for size, _ in measured], isotonic([ratio for _, ratio in measured]), strict=True))
    below = [index for index, (_, ratio) in enumerate(measured) if ratio <= 1]
    if not below:
        return measured[0][0]
    last = below[-1]
    if last + 1 == len(measured):
        return None
    (low, under), (high, over) = measured[last], measured[last + 1]
    return round(low + (high - low) * (1 - under) / (over - under))


def isotonic(values: Sequence[float]) -> list[float]:
    """The non-decreasing values nearest to these by least squares: neighbours out of order take their mean."""
    pools: list[tuple[float, int]] = []
    for value in values:
        pools.append((value, 1))
        while len(pools) > 1 and pools[-2][0] > pools[-1][0]:
            (left, some), (right, more) = pools[-2:]
            pools[-2:] = [((left * some + right * more) / (some + more), some + more)]
    return [value for value, count in pools for _ in range(count)]


def parts(total: int) -> list[int]:
    """One in how many products to filter by, so that sizes grow by half from :data:`LEAST` to everything."""
    found: list[int] = []
    size = float(min(LEAST, total))
    while size < total:
        found.append(max(1, round(total / size)))
        size *= _STEP
    return list(dict.fromkeys([*found, 1]))


def find(total: int, cost: Callable[[int], Cost]) -> Crossing:
    """Measure from small to large, then between the two sizes that the ratio passes 1 between.

    Args:
        total: documents of the collection.
        cost: both ways where one product in so many is left.
    """
    measured = {part: cost(part) for part in parts(total)}
    at = _at(measured.values())
    if at is not None:
        above = [part for part, each in measured.items() if each.matching >= at]
        below = [part for part, each in measured.items() if each.matching < at]
        if above and below:
            between = range(max(above) + 1, min(below))
            step = max(1, math.ceil(len(between) / _REFINED))
            measured |= {part: cost(part) for part in between[step - 1 :: step]}
    ordered = tuple(sorted(measured.values(), key=lambda each: each.matching))
    return Crossing(ordered, _at(ordered))


def _at(costs: Iterable[Cost]) -> int | None:
    ordered = sorted(costs, key=lambda each: each.matching)
    if ordered[-1].ratio_low <= 1:  # not even there do three in four searches say that exact is slower
        return None
    return crossover([(each.matching, each.ratio) for each in ordered])


def most(total: int) -> int:
    """How many sizes :func:`find` looks at, at most."""
    return len(parts(total)) + _REFINED
