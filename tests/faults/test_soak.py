"""Minutes of mixed traffic: nothing grows, nothing unexpected is answered."""

from __future__ import annotations

import psutil
import pytest

from tests.api.shop import Shop
from tests.faults import soak
from tests.faults.between import Between
from tests.faults.running import server

pytestmark = [pytest.mark.solr, pytest.mark.slow]

SEED = 10
MINUTES = [2, pytest.param(20, marks=pytest.mark.many)]
GROWTH, LEAST = 0.05, 8 << 20
"""Private memory may be so much larger in the last quarter than in the second, as a part of it or in bytes."""


@pytest.mark.parametrize("minutes", MINUTES)
def test_nothing_grows(shop: Shop, minutes: int) -> None:
    assert shop.settings.solr_url is not None
    with (
        Between(shop.settings.solr_url).running() as between,
        server(shop, between.url, VISUAL_SEARCH_SEARCH_SECONDS="3", VISUAL_SEARCH_RECENT_QUERIES="100") as running,
    ):
        process = psutil.Process(running.process.pid)
        found = soak.run(running.url, process, between, shop, seconds=60 * minutes, seed=SEED)
        assert running.process.poll() is None
    asked = sum(found.statuses.values())
    print(f"{asked:,} requests in {minutes} minutes, seed {SEED}: {dict(sorted(found.statuses.items()))}")
    memory, threads, handles = (
        [found.middle(of, quarter) for quarter in range(4)]
        for of in (lambda each: each.private, lambda each: each.threads, lambda each: each.handles)
    )
    print(f"private MB {[round(each / 2**20, 1) for each in memory]}, threads {threads}, handles {handles}, by quarter")
    assert not found.unexpected, f"seed {SEED}: {found.unexpected[:5]}"
    assert {name for name, status in found.statuses if status == 200} >= {"words", "photo", "batch", "facets", "page"}
    assert asked > 500 * minutes
    assert memory[3] <= memory[1] + max(GROWTH * memory[1], LEAST), f"seed {SEED}: {memory}"
    assert threads[3] <= threads[1] + 1 and handles[3] <= handles[1] + soak.CALLERS, (threads, handles)
