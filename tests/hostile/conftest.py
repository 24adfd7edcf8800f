from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import pytest

from tests.api.shop import Shop, index_shop, server


@dataclass(frozen=True)
class Served:
    """The real server, with its shop and the id of its process."""

    url: str
    pid: int
    shop: Shop


@pytest.fixture(scope="session")
def shop(solr_url: str, tmp_path_factory: pytest.TempPathFactory) -> Shop:
    """A small catalogue of drawn shapes in a real Solr."""
    return index_shop(solr_url, tmp_path_factory.mktemp("hostile"), collection="hostile-shop")


@pytest.fixture(scope="module")
def served(shop: Shop) -> Iterator[Served]:
    with server(shop.settings) as (url, pid):
        yield Served(url, pid, shop)
