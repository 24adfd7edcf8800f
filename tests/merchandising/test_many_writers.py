"""Eight processes change the same 200 products at once, and some of it is undone meanwhile."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from tests.merchandising.material import document, explained, shelf
from vision.merchandising import changes
from vision.merchandising.model import Outcome

pytestmark = [pytest.mark.solr, pytest.mark.slow]
WRITERS, ROUNDS, PRODUCTS = 8, 6, 200


def test_nothing_is_lost(solr_url: str, tmp_path: Path) -> None:
    pictures = [document(number, product_id=f"m{number % PRODUCTS:03d}") for number in range(PRODUCTS + 50)]
    with shelf(solr_url, tmp_path, "many_writers", pictures) as shop:
        place = (solr_url, shop.client.collection, str(shop.journal.file))
        running = [
            subprocess.Popen(
                (sys.executable, "-m", "tests.merchandising.worker", "edit", *place, f"w{number}", str(ROUNDS)),
                stderr=subprocess.PIPE,
                text=True,
            )
            for number in range(WRITERS)
        ]
        for process in running:
            _, said = process.communicate(timeout=300)
            assert process.returncode == 0, said
        now = shop.contents()
        last = explained(shop.journal)
        assert last, "nobody wrote anything"
        for id, each in now.items():
            value = last.get((id, "color"), ("red",))
            assert each["attr_color"] == list(value or ()), id
        by_product: dict[str, set[tuple[str, ...]]] = {}
        for each in now.values():
            by_product.setdefault(each["product_id"], set()).add(tuple(each["attr_color"]))
        assert {len(values) for values in by_product.values()} == {1}, "pictures of a product differ"
        with shop.journal.reading() as database:
            found, total = changes.page(database, rows=1000)
            claimed = database.execute("SELECT COUNT(*), COUNT(DISTINCT document || version) FROM writes").fetchone()
        accepted = [each for each in found if each.undoes is None]
        assert len(accepted) == WRITERS * ROUNDS and total > len(accepted)
        assert all(Outcome.PENDING not in each.counts for each in found)
        assert all(sum(each.counts.values()) == 60 for each in accepted)
        conflicts = sum(each.counts[Outcome.CONFLICT] for each in found)
        print(f"{total} change sets, {claimed[0]} documents written, {conflicts} products in conflict")
        assert conflicts > 0, "they did not meet"
        assert claimed[0] == claimed[1], "two claim the same write"
