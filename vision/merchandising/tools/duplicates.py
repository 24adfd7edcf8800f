"""Products that may be one: the same picture, or nearly the same, under two ids.

Candidates are found by the int8 codes, whose distance is, but for rounding, never more than the full one; a prefix of
32 components rules nearly all pairs out before the rest is compared. What is left is verified on the full vectors.
Never more than a block of distances is held.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from vision.errors import BadQuery
from vision.merchandising.proposal import Evidence, Proposal, Tool, propose
from vision.merchandising.tools.budget import Budget
from vision.merchandising.tools.distances import between
from vision.merchandising.tools.selection import Selection
from vision.search.collection import Collection
from vision.search.steering.diversity import FOLDED

MOST_PAIRS: Final = 200_000
_PREFIX: Final = 32
_BLOCK: Final = 1000
_VERIFIED: Final = 200
_ENDLESS: Final = Budget()


@dataclass(frozen=True)
class Group:
    """Pictures of two products or more that are (nearly) the same.

    Attributes:
        products: ids, sorted; the first stands for them.
        pictures: one picture of each, as near to another's as they come.
        distance: the largest squared distance that joined any of them, of the full vectors.
        same: whether all of them are one picture, as far as vectors tell.
    """

    products: tuple[str, ...]
    pictures: tuple[str, ...]
    distance: float
    same: bool


@dataclass(frozen=True)
class _Pair:
    left: int
    right: int
    distance: float


def find(
    selection: Selection, collection: Collection, *, within: float = FOLDED, budget: Budget = _ENDLESS
) -> list[Group]:
    """Groups of products with near-duplicate pictures, the nearest first.

    Args:
        selection: single pictures.
        collection: where their full vectors are.
        within: two pictures are near-duplicates below this part of the collection's median squared distance.
        budget: how long it may take.

    Raises:
        BadQuery: a limit so wide that almost everything is a duplicate.
        TookTooLong: over the budget.
    """
    limit = within * selection.sigma2
    pairs = _verified(selection, collection, _candidates(selection, limit, budget), limit, budget)
    return _groups(selection, pairs)


def proposals(selection: Selection, groups: Sequence[Group], mark: str | None = None) -> list[Proposal]:
    """What duplicates say of each other: a value that one has and the other lacks, and, if wanted, which is which.

    Where two of a group have different values nothing is proposed: a picture cannot say which of them is right.

    Args:
        selection: single pictures, with the values of the fields that are to be filled.
        groups: found in it.
        mark: a field that all but the first product of a group get the first one's id in.
    """
    row_of = {id: row for row, id in enumerate(selection.ids)}
    made = []
    for group in groups:
        rows = [row_of[picture] for picture in group.pictures]
        sure = 0.99 if group.same else 0.9
        for field, values in selection.values.items():
            if field == mark:
                continue
            known = sorted({values[row] for row in rows if values[row]})
            if len(known) != 1:
                continue
            for row in rows:
                if not values[row]:
                    evidence = _evidence(selection, group, rows, row, field)
                    product = selection.products[row]
                    made.append(
                        propose(Tool.DUPLICATES, product, field, (), known[0], confidence=sure, evidence=evidence)
                    )
        if mark is not None:
            for row in rows[1:]:
                old = selection.values.get(mark, [()] * len(selection))[row]
                evidence = _evidence(selection, group, rows, row, mark)
                new = (group.products[0],)
                if old != new:
                    made.append(
                        propose(
                            Tool.DUPLICATES,
                            selection.products[row],
                            mark,
                            old,
                            new,
                            confidence=sure,
                            evidence=evidence,
                        )
                    )
    return made


def _evidence(selection: Selection, group: Group, rows: Sequence[int], row: int, field: str) -> Evidence:
    others = [each for each in rows if each != row][:6]
    values = selection.values.get(field)
    return Evidence(
        neighbours=[selection.ids[each] for each in others],
        values=[list(values[each]) for each in others] if values is not None else [],
        distances=[round(group.distance, 6)] * len(others),
        note="the same picture" if group.same else "nearly the same picture; distances are the largest in the group",
    )


def _candidates(selection: Selection, limit: float, budget: Budget) -> Iterator[tuple[int, int]]:
    """Pairs of rows of different products whose codes are near enough for the limit."""
    codes = selection.codes
    count, dims = codes.shape
    # Each of two vectors may be half a step off in each component.
    slack = selection.step * np.sqrt(dims)
    most = np.float32((np.sqrt(limit) + slack) ** 2)
    products = np.unique(np.asarray(selection.products), return_inverse=True)[1]
    found = 0
    for start in range(0, count, _BLOCK):
        budget.at("compare", start, count)
        left = selection.matrix(slice(start, start + _BLOCK))
        for other in range(start, count, 8 * _BLOCK):
            right = codes[other : other + 8 * _BLOCK, :_PREFIX].astype(np.float32) * np.float32(selection.step)
            rows, columns = np.nonzero(between(left[:, :_PREFIX], right) <= most)
            rows, columns = rows + start, columns + other
            keep = (columns > rows) & (products[rows] != products[columns])
            rows, columns = rows[keep], columns[keep]
            for first in range(0, len(rows), 8 * _BLOCK):
                some = slice(first, first + 8 * _BLOCK)
                apart = np.square(selection.matrix(rows[some]) - selection.matrix(columns[some])).sum(axis=1)
                near = apart <= most
                found += int(near.sum())
                if found > MOST_PAIRS:
                    raise BadQuery(
                        f"more than {MOST_PAIRS:,} pairs of pictures are within a squared distance of {limit:.4g}: "
                        "give a smaller part of the median distance as `within`, or narrow the search",
                        "within",
                    )
                yield from zip(rows[some][near].tolist(), columns[some][near].tolist(), strict=True)


def _verified(
    selection: Selection, collection: Collection, candidates: Iterator[tuple[int, int]], limit: float, budget: Budget
) -> list[_Pair]:
    """Those whose full vectors are within the limit; a vector is fetched once for all pairs of its row."""
    by_left: dict[int, list[int]] = {}
    for left, right in candidates:
        by_left.setdefault(left, []).append(right)
    pairs: list[_Pair] = []
    lefts = sorted(by_left)
    budget.at("compare", len(selection), len(selection))
    for start in range(0, len(lefts), _VERIFIED):
        budget.at("verify", start, len(lefts))
        some = lefts[start : start + _VERIFIED]
        for part in _chunks([(left, right) for left in some for right in by_left[left]]):
            budget.check()
            wanted = sorted({selection.ids[row] for pair in part for row in pair})
            vectors = collection.indexed.vectors(wanted, missing_ok=True)
            for left, right in part:
                one, other = vectors.get(selection.ids[left]), vectors.get(selection.ids[right])
                if one is None or other is None:  # deleted meanwhile
                    continue
                distance = float(np.square(one.astype(np.float64) - other).sum())
                if distance <= limit:
                    pairs.append(_Pair(left, right, distance))
    budget.at("verify", len(lefts), len(lefts))
    return pairs


def _chunks(pairs: Sequence[tuple[int, int]]) -> Iterator[Sequence[tuple[int, int]]]:
    for start in range(0, len(pairs), _VERIFIED):
        yield pairs[start : start + _VERIFIED]


def _groups(selection: Selection, pairs: Sequence[_Pair]) -> list[Group]:
    """Products joined by pairs, the nearest pairs first; a product joins a group only if it is near its first one.

    Otherwise a chain of small steps would join what is far apart.
    """
    leader: dict[str, str] = {}
    shown: dict[str, int] = {}
    widest: dict[str, float] = {}
    for pair in sorted(pairs, key=lambda each: (each.distance, each.left, each.right)):
        one, other = selection.products[pair.left], selection.products[pair.right]
        for product, row in ((one, pair.left), (other, pair.right)):
            shown.setdefault(product, row)
        if one in leader and other in leader:
            continue
        if one not in leader and other not in leader:
            first = min(one, other)
            leader[one] = leader[other] = first
            widest[first] = pair.distance
            continue
        inside, outside = (one, other) if one in leader else (other, one)
        first = leader[inside]
        if inside == first:
            leader[outside] = first
            widest[first] = max(widest[first], pair.distance)
    members: dict[str, list[str]] = {}
    for product, first in sorted(leader.items()):
        members.setdefault(first, []).append(product)
    groups = []
    for first, distance in widest.items():
        ordered = (first, *(each for each in members[first] if each != first))
        pictures = tuple(selection.ids[shown[product]] for product in ordered)
        groups.append(Group(ordered, pictures, distance, _same(distance, selection.sigma2)))
    return sorted(groups, key=lambda each: (each.distance, each.products))


def _same(distance: float, sigma2: float) -> bool:
    """Vectors of one picture are equal, but for what float32 rounds."""
    return distance <= 1e-6 * sigma2
