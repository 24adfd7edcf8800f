"""What Hypothesis draws, the same in every run."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis.strategies import SearchStrategy


def check_drawn(strategy: SearchStrategy[Any], check: Callable[[Any], object], *, count: int, start: int) -> None:
    """Check so many values of a strategy; what fails is made smaller before it is told."""

    @seed(start)
    @settings(
        max_examples=count,
        deadline=None,
        database=None,
        phases=(Phase.generate, Phase.shrink),
        suppress_health_check=list(HealthCheck),
    )
    @given(drawn=strategy)
    def each(drawn: Any) -> None:
        check(drawn)

    each()
