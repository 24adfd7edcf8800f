"""What is known of a long piece of work."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Final

MERCHANDISERS: Final = frozenset({"cluster", "fill", "audit", "duplicates", "changes"})
"""Kinds of jobs that are a merchandiser's; all others are an engineer's."""


class State(StrEnum):
    """What has become of a job; ``interrupted`` is one whose process ended without saying how."""

    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"
    CANCELLED = "cancelled"
    INTERRUPTED = "interrupted"


@dataclass(frozen=True)
class Reached:
    """How far a job is: a stage's name and what it is called, and ``done`` of ``total``, None while unknown."""

    stage: str = "start"
    label: str = "starting"
    done: int = 0
    total: int | None = None


@dataclass(frozen=True)
class Job:
    """One piece of work; times are seconds since 1970.

    Attributes:
        id: random.
        kind: the command's name.
        title: one line, for people.
        by: who began it.
        started: when.
        pid: of its process.
        created: when that process started, which tells it from a later one of the same number.
        over_http: whether the web server began it; its answer and log are then kept.
        state: of now.
        reached: how far it is, or was at the end.
        ended: when; of an interrupted one, when it was last heard of.
        error: why it failed.
        summary: figures of what it did.
        asked: whether it was asked to end.
    """

    id: str
    kind: str
    title: str
    by: str
    started: float
    pid: int
    created: float
    over_http: bool = False
    state: State = State.RUNNING
    reached: Reached = Reached()
    ended: float | None = None
    error: str | None = None
    summary: Mapping[str, Any] = field(default_factory=dict)
    asked: bool = False

    @property
    def is_running(self) -> bool:
        """Whether its process is at work."""
        return self.state is State.RUNNING

    @property
    def is_cancellable(self) -> bool:
        """Whether it can be asked to end, and was not yet."""
        return self.is_running and not self.asked
