"""Category first, then similar: what a photo shows, by a vote of its nearest pictures, and how sure that is.

The vote's winner and its share are turned into a probability by what the collection's own pictures say of themselves
when they are left out (:class:`Votes`, measured by ``visual-search calibrate``). Where that is high enough, the search
is kept to the category and to those that it is often taken for; where it is not, nothing is changed.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import msgspec

NEIGHBOURS: Final = 15
"""Pictures that vote, each of another product."""
SURE: Final = 0.8
"""Least probability at which a search is kept to the category."""
CONFUSED: Final = 0.05
"""A category is like another where at least this part of the pictures voted to be the one are the other."""
_STEPS: Final = 10


class Votes(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How votes of a collection turned out.

    Attributes:
        field: the attribute voted on.
        right: for each tenth of the winner's share, from 0 to 1, how many of the votes were right, and how many there
            were.
        taken: for each winner, the categories that pictures voted to be it really have, with their part.
    """

    field: str
    right: list[tuple[int, int]]
    taken: dict[str, dict[str, float]]

    def probability(self, share: float) -> float:
        """How likely a winner with this share is right: never less for a larger share, never quite 0 or 1."""
        return self._rising()[min(int(share * _STEPS), _STEPS - 1)]

    def alike(self, winner: str) -> tuple[str, ...]:
        """The categories that it is often taken for, itself first."""
        others = self.taken.get(winner, {})
        near = [name for name, part in sorted(others.items(), key=lambda each: -each[1]) if part >= CONFUSED]
        return (winner, *(name for name in near if name != winner))

    def _rising(self) -> list[float]:
        """Isotonic regression (pool adjacent violators) of the tenths, each with one vote right and one wrong added."""
        pools: list[list[float]] = []
        for right, total in self.right:
            pools.append([right + 1, total + 2, 1])
            while len(pools) > 1 and pools[-2][0] / pools[-2][1] > pools[-1][0] / pools[-1][1]:
                last = pools.pop()
                pools[-1] = [a + b for a, b in zip(pools[-1], last, strict=True)]
        return [right / total for right, total, count in pools for _ in range(int(count))]


@dataclass(frozen=True)
class Prediction:
    """What a photo shows.

    Attributes:
        field: the attribute.
        value: the winner.
        probability: that it is right.
        kept_to: the values that the search was kept to; empty where it was not sure enough.
        alternatives: every value that had votes, with its share, largest first.
        decided: what the search is kept to by: the ``vote``, the ``request``, a ``filter``, or ``nothing``.
    """

    field: str
    value: str
    probability: float
    kept_to: tuple[str, ...]
    alternatives: tuple[tuple[str, float], ...]
    decided: str = "nothing"


def vote(neighbours: Sequence[tuple[str, ...]]) -> tuple[tuple[str, float], ...]:
    """Values with their shares, largest first, then by name.

    Args:
        neighbours: the values of each, nearest first; each has one vote, shared among its values.
    """
    shares: dict[str, float] = defaultdict(float)
    for values in neighbours:
        for value in values:
            shares[value] += 1.0 / (len(values) * len(neighbours))
    return tuple(sorted(((name, share) for name, share in shares.items()), key=lambda each: (-each[1], each[0])))


def learn(field: str, outcomes: Sequence[tuple[tuple[tuple[str, float], ...], tuple[str, ...]]]) -> Votes:
    """Votes on pictures whose values are known.

    Args:
        field: the attribute.
        outcomes: of each picture, the vote without its own product, and its own values.
    """
    right, total = Counter[int](), Counter[int]()
    taken: dict[str, Counter[str]] = defaultdict(Counter)
    for found, truth in outcomes:
        if not found:
            continue
        winner, share = found[0]
        tenth = min(int(share * _STEPS), _STEPS - 1)
        total[tenth] += 1
        right[tenth] += winner in truth
        taken[winner].update(truth)
    parts: Mapping[str, dict[str, float]] = {
        winner: {name: count / counts.total() for name, count in counts.items()} for winner, counts in taken.items()
    }
    return Votes(field, [(right[tenth], total[tenth]) for tenth in range(_STEPS)], dict(parts))


def predict(votes: Votes, found: tuple[tuple[str, float], ...]) -> Prediction | None:
    """What the vote says, and whether it is sure enough; None without votes."""
    if not found:
        return None
    winner, share = found[0]
    probability = votes.probability(share)
    kept_to = votes.alike(winner) if probability >= SURE else ()
    return Prediction(votes.field, winner, probability, kept_to, found)
