"""Where to kill: points drawn from a seed over the events of an undisturbed run."""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Event:
    """Something a run came by; see :mod:`tests.drills.fuse`."""

    name: str
    second: float

    @property
    def stage(self) -> str:
        return self.name.rstrip("<>")


@dataclass(frozen=True)
class Point:
    """After the event ``name`` has come ``ordinal`` times before, and ``delay`` seconds more."""

    name: str
    ordinal: int
    delay: float

    @property
    def stage(self) -> str:
        return self.name.rstrip("<>")

    def __str__(self) -> str:
        return f"{self.name}:{self.ordinal}:{self.delay:.4f}"


def read_events(log: Path) -> tuple[Event, ...]:
    """What a run wrote down before it ended, however it ended."""
    lines = [line.split() for line in log.read_text().splitlines()] if log.exists() else []
    return tuple(Event(name, float(second)) for name, second in lines)


def draw_points(
    events: Sequence[Event],
    stages: Sequence[str],
    count: int,
    seed: int,
    *,
    within: Callable[[str], bool] = lambda name: True,
) -> list[Point]:
    """One point in each of ``stages``, the rest anywhere in them; each somewhere between an event and the next.

    Args:
        events: of an undisturbed run.
        stages: in their order.
        count: how many points, at least as many as stages; where there are fewer events, several after one of them.
        seed: the same seed gives the same points for the same events.
        within: events after which a kill is meant.
    """
    seeded = random.Random(seed)
    numbers = [number for number, event in enumerate(events[:-1]) if event.stage in stages and within(event.name)]
    by_stage = {stage: [number for number in numbers if events[number].stage == stage] for stage in stages}
    assert all(by_stage.values()), f"the undisturbed run came by {sorted({event.name for event in events})}"
    chosen = [seeded.choice(by_stage[stage]) for stage in stages]
    others = [number for number in numbers if number not in chosen]
    chosen += seeded.sample(others, min(len(others), count - len(stages)))
    chosen += seeded.choices(numbers, k=count - len(chosen))
    return [_point(events, number, seeded.random()) for number in sorted(chosen)]


def _point(events: Sequence[Event], number: int, share: float) -> Point:
    event = events[number]
    ordinal = sum(each.name == event.name for each in events[:number])
    return Point(event.name, ordinal, share * (events[number + 1].second - event.second))
