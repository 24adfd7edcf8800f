from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.catalog.shop import Shop

NewShop = Callable[[], Shop]


@pytest.fixture
def new_shop(solr_url: str, tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[NewShop]:
    """Makes shops, each with a home and a collection that are not there before and not after the test."""
    made: list[Shop] = []

    def make() -> Shop:
        name = f"ingest_{abs(hash(request.node.nodeid)) % 10**9}_{len(made)}"
        made.append(Shop(tmp_path / f"home{len(made)}", solr_url, name))
        return made[-1]

    yield make
    for each in made:
        each.drop()


@pytest.fixture
def shop(new_shop: NewShop) -> Shop:
    return new_shop()
