"""Category first: how often the vote is right, what its probability is worth, what it does to the ranking."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from benchmarks.features.shop import COLUMNS, Scores, Shop, Yard
from benchmarks.features.sources import Picture, Source, of_each, some
from benchmarks.report import Cell, Table

BINS = (0.0, 0.5, 0.6, 0.7, 0.8, 0.9, 0.95, 1.01)


@dataclass
class Vote:
    """What was said of pictures, and whether it was so."""

    said: list[float] = field(default_factory=list)
    right: list[bool] = field(default_factory=list)
    sure: list[bool] = field(default_factory=list)
    held: list[bool] = field(default_factory=list)
    """Whether what the search was kept to, where it was, includes what is right."""
    wide: list[int] = field(default_factory=list)
    """How many categories it was kept to, where it was."""


def run(yard: Yard, sources: Sequence[Source], queries: int, references: Sequence[int]) -> Sequence[Table]:
    """Each source with so many products of each category indexed; each group of kinds has a row of its own."""
    columns = ("pictures", "references", "indexed", "asked", "vote right", "sure", "right when sure", "kept right")
    table = Table("category first: the vote, and the ranking with it", (*columns, "kept to", "first", *COLUMNS))
    sayings: dict[tuple[str, int], Vote] = {}
    for source in sources:
        asked = some(source.asked, queries)
        for count in references:
            with yard.shop(of_each(source.index, count), source.extractor) as shop:
                vote, plain, first = _ask(shop, asked)
            sayings[source.name, count] = vote
            names = np.array([picture.kind for picture in asked])
            groups = {"": np.ones(len(asked), dtype=bool)} | {
                f": {name}": np.isin(names, sorted(kinds)) for name, kinds in source.groups.items()
            }
            for name, rows in groups.items():
                if rows.any():
                    _add(table, (source.name + name, str(count), shop.products()), rows, vote, plain, first)
    table.notes += [
        "references: products of each category that are indexed, at most; sure: the search is kept to categories",
        "kept right: where sure, what it is kept to includes the right one; kept to: how many those are, mean",
        f"{COLUMNS[2]}: over the row without, ± two standard errors",
    ]
    return table, _reliability(sayings)


def _ask(shop: Shop, asked: Sequence[Picture]) -> tuple[Vote, Scores, Scores]:
    vote, plain, first = Vote(), Scores(), Scores()
    for picture in asked:
        members = {"vector": shop.vector(picture)}
        right = shop.right(picture)
        _, ranked = shop.ranked(members)
        plain.add(ranked, right)
        found, ranked = shop.ranked(members | {"category_first": True})
        first.add(ranked, right)
        assert found.category is not None
        vote.said.append(found.category.probability)
        vote.right.append(found.category.value == picture.kind)
        vote.sure.append(bool(found.category.kept_to))
        vote.held.append(picture.kind in found.category.kept_to)
        vote.wide.append(len(found.category.kept_to))
    return vote, plain, first


def _add(
    table: Table,
    names: tuple[str, str, int],
    rows: NDArray[np.bool_],
    vote: Vote,
    plain: Scores,
    first: Scores,
) -> None:
    right, sure, held, wide = (
        np.array(each, dtype=np.float64)[rows] for each in (vote.right, vote.sure, vote.held, vote.wide)
    )
    off, on = (Scores(*(np.array(each)[rows].tolist() for each in (way.ap, way.p10))) for way in (plain, first))
    where = sure > 0
    when = [
        f"{each[where].mean():.{digits}f}" if where.any() else "-"
        for each, digits in ((right, 3), (held, 3), (wide, 1))
    ]
    facts: list[Cell] = [int(rows.sum()), f"{right.mean():.3f}", f"{sure.mean():.3f}", *when]
    table.add(*names, *facts, "off", *off.cells())
    table.add(*names, *facts, "on", *on.cells(off))


def _reliability(sayings: dict[tuple[str, int], Vote]) -> Table:
    """Stated probabilities against the share that was right."""
    named = [f"{low:.2f} to {min(high, 1):.2f}" for low, high in zip(BINS, BINS[1:], strict=False)]
    columns = ("pictures", "references", "asked", *named, "mean gap", "two errors of chance")
    table = Table("stated probability of the vote -> share that was right (asked)", columns)
    for (name, count), vote in sayings.items():
        said, right = np.array(vote.said), np.array(vote.right)
        cells, gap, chance = [], 0.0, 0.0
        for low, high in zip(BINS, BINS[1:], strict=False):
            rows = (said >= low) & (said < high)
            if not rows.any():
                cells.append("-")
                continue
            stated, observed = float(said[rows].mean()), float(right[rows].mean())
            cells.append(f"{stated:.2f} -> {observed:.2f} ({rows.sum()})")
            gap += abs(stated - observed) * rows.mean()
            chance += 2 * np.sqrt(stated * (1 - stated) / rows.sum()) * rows.mean()
        table.add(name, str(count), len(said), *cells, f"{gap:.3f}", f"{chance:.3f}")
    table.notes.append("mean gap: |stated - observed| over all asked, bin by bin")
    return table
