"""Nothing like this here: false alarms on kinds that the collection has nothing of, against what was promised."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from benchmarks.features.shop import Shop, Yard
from benchmarks.features.sources import Picture, Source, some
from benchmarks.report import Table

MATCHES = (0.5, 0.8, 0.9, 0.95, 0.99)
CHECKED, SOME = (0.8, 0.95), 50
"""Where the search with ``min_match`` itself is asked as well, by the first photos, and must agree."""
PART = 0.3
"""Of the kinds, what is held out."""


@dataclass
class Asked:
    """The best match of each picture, and whether what has it is right."""

    best: list[float] = field(default_factory=list)
    right: list[bool] = field(default_factory=list)

    def answered(self, match: float) -> float:
        """Part of the pictures that find something; NaN where none was asked."""
        return float(np.mean(np.array(self.best) >= match)) if self.best else float("nan")

    def rightly(self, match: float) -> float:
        """Of those, the part whose nearest is right."""
        found = np.array(self.best) >= match
        return float(np.array(self.right)[found].mean()) if found.any() else 0.0


def run(yard: Yard, sources: Sequence[Source], queries: int, splits: int) -> Sequence[Table]:
    """Three kinds in ten are held out by chance, ``splits`` times; each time the rest is indexed and calibrated."""
    tables = []
    for source in sources:
        strangers, same, known, promised = [], [], [], []
        for seed in range(splits):
            random = np.random.default_rng(seed)
            kinds = sorted({picture.kind for picture in source.index})
            held = set(random.permutation(kinds)[: max(1, round(PART * len(kinds)))].tolist())
            index = [picture for picture in source.index if picture.kind not in held]
            with yard.shop(index, source.extractor, seed=seed) as shop:
                calibration = shop.engine.collection.calibration()
                assert calibration is not None
                promised.append([calibration.found(match) for match in MATCHES])
                others = [picture for picture in source.asked if picture.kind in held]
                strangers.append(_ask(shop, some(others, queries, seed)))
                beside = [picture for picture in source.index if picture.kind in held]
                same.append(_ask(shop, some(beside, queries, seed)))
                here = [picture for picture in source.asked if picture.kind not in held]
                known.append(_ask(shop, some(here, queries, seed)))
        tables.append(_table(source, strangers, same, known, promised))
    return tables


def _ask(shop: Shop, pictures: Sequence[Picture]) -> Asked:
    asked = Asked()
    for number, picture in enumerate(pictures):
        vector = shop.vector(picture)
        best = shop.search({"vector": vector, "rows": 1, "mode": "exact"}).hits[0]
        assert best.match is not None
        asked.best.append(best.match)
        asked.right.append(best.product_id in shop.right(picture))
        for match in CHECKED if number < SOME else ():
            found = shop.search({"vector": vector, "rows": 1, "min_match": match})
            if bool(found.total) != (best.match >= match):
                raise AssertionError(f"min_match {match} finds {found.total}, the best match is {best.match}")
    return asked


def _table(
    source: Source,
    strangers: Sequence[Asked],
    same: Sequence[Asked],
    known: Sequence[Asked],
    promised: Sequence[Sequence[float]],
) -> Table:
    count = sum(len(each.best) for each in strangers)
    inside = sum(len(each.best) for each in known)
    table = Table(
        f"nothing like this: {source.name}, kinds held out {len(strangers)} times; {count:,} photos of what is not "
        f"there, {inside:,} of what is",
        (
            "min_match",
            "false alarms stated",
            "observed",
            "least, most of a split",
            "from the index's own source",
            "what is there answered",
            "by calibrate",
            "nearest of it right",
        ),
    )
    for number, match in enumerate(MATCHES):
        rates = [each.answered(match) for each in strangers]
        table.add(
            f"{match:g}",
            f"{1 - match:.3f}",
            f"{np.mean(rates):.3f}",
            f"{min(rates):.3f}, {max(rates):.3f}",
            f"{np.mean([each.answered(match) for each in same]):.3f}",
            f"{np.mean([each.answered(match) for each in known]):.3f}",
            f"{np.mean([each[number] for each in promised]):.3f}",
            f"{np.mean([each.rightly(match) for each in known]):.3f}",
        )
    table.notes += [
        "observed: photos of held-out kinds that find anything; asked are other people's or other products",
        "from the index's own source: the same, but of pictures by people whose photos are indexed",
        "nearest of it right: of what is there and answered, the part whose nearest is of its kind",
    ]
    return table
