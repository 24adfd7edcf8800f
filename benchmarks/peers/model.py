"""What every engine is asked, and what each must be able to do."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final, Protocol, runtime_checkable

import numpy as np
from numpy.typing import NDArray

Vectors = NDArray[np.float32]
Mask = NDArray[np.bool_]

TOP: Final = 10
LEVELS: Final[Mapping[str, int]] = {"0.1": 1, "1": 10, "5": 50, "20": 200, "50": 500, "100": 1000}
"""Per mille of the products that the facet filter of each level leaves; 100 % is no filter."""


def facet(level: str) -> str:
    """The name of the attribute that a level's filter asks to be ``yes``."""
    return "in_" + level.replace(".", "_")


FACETS: Final = tuple(facet(level) for level in LEVELS if level != "100")
"""The attributes that filters ask for."""


@dataclass(frozen=True, eq=False)
class Ask:
    """One query.

    Attributes:
        vector: (1024,) float32.
        level: of :data:`LEVELS`; ``100`` is no filter.
        words: the title must have all of them; empty where words do not count.
        effort: how hard the engine searches, in its own unit; 0 is what it does unless told otherwise.
    """

    vector: Vectors
    level: str = "100"
    words: str = ""
    effort: int = 0


@dataclass(frozen=True)
class Answer:
    """What an engine found.

    Attributes:
        rows: numbers of at most ten products, nearest first.
        own: milliseconds by the engine's own clock, where it has one.
        more: what else it says, as the way its planner took.
    """

    rows: Sequence[int]
    own: float | None = None
    more: Mapping[str, Any] = field(default_factory=dict)


class Engine(Protocol):
    """One way to answer; built once into a folder, opened from there by a process of its own.

    Attributes:
        title: for tables, with its version.
        efforts: what may be tried for recall, from the cheapest on; empty where it is exact.
        reads_words: whether words can narrow.
        filters: ``before`` where a filter narrows the search itself, ``after`` where it is applied to what was
            found, ``none`` where there is no way to have one.
    """

    title: str
    efforts: Sequence[int]
    reads_words: bool
    filters: str

    def build(self, shop: Any, folder: Path) -> None:
        """Write the index of a shop into an empty folder."""

    def open(self, folder: Path) -> None:
        """Be ready to search what :meth:`build` wrote."""

    def search(self, ask: Ask) -> Answer:
        """The nearest ten of what words and filter leave."""

    def close(self) -> None:
        """Stop whatever was started."""


@runtime_checkable
class Clocked(Protocol):
    """An engine whose answers do not say how long it took by its own clock."""

    def solr_time(self, ask: Ask) -> float:
        """Milliseconds by that clock; answers the query once more."""
