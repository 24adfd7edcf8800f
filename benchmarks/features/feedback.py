"""Like and unlike: what the rest of the ranking gains from one look at the first page."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from benchmarks.features.shop import COLUMNS, Scores, Shop, Yard
from benchmarks.features.sources import Picture, Source, some
from benchmarks.report import Table

PAGE = 24
SAID = 2
"""Products that are liked, and not liked."""
WAYS = {"nothing said": (), "2 liked": ("like",), "2 not liked": ("unlike",), "2 of each": ("like", "unlike")}


def run(yard: Yard, sources: Sequence[Source], queries: int) -> Sequence[Table]:
    """On the residual collection: the first page is left out of every ranking and of what is right."""
    table = Table(
        f"like and unlike: everything but the first page of {PAGE}, which is left out of all rows",
        ("pictures", "right is the same", "asked", "said of the first page", *COLUMNS),
    )
    for source in sources:
        with yard.shop(source.index, source.extractor) as shop:
            for closely in (False, True) if any(each.alike for each in source.asked) else (False,):
                asked, ways = _ask(shop, some(source.asked, queries), closely=closely)
                what = "category, color and pattern" if closely else "category"
                for name, scores in ways.items():
                    table.add(source.name, what, asked, name, *scores.cells(ways["nothing said"]))
    table.notes += [
        f"liked: the first {SAID} of the page that are right; not liked: the first {SAID} that are wrong; only photos "
        "whose page has both, and has not all that is right",
        f"{COLUMNS[2]}: over the row of nothing said, ± two standard errors",
    ]
    return [table]


def _ask(shop: Shop, pictures: Sequence[Picture], *, closely: bool) -> tuple[int, dict[str, Scores]]:
    ways = {name: Scores() for name in WAYS}
    asked = 0
    for picture in pictures:
        right = shop.right(picture, closely=closely)
        vector: dict[str, Any] = {"vector": shop.vector(picture)}
        page = [hit.product_id for hit in shop.search(vector | {"rows": PAGE}).hits]
        said = {
            "like": [product for product in page if product in right][:SAID],
            "unlike": [product for product in page if product not in right][:SAID],
        }
        rest = right - set(page)
        if not rest or any(len(each) < SAID for each in said.values()):
            continue
        asked += 1
        for name, members in WAYS.items():
            _, ranked = shop.ranked(vector | {"exclude": page} | {member: said[member] for member in members})
            ways[name].add(ranked, rest)
    return asked, ways
