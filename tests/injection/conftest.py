from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.api.shop import Shop, index_shop
from tests.faults.between import Between


@pytest.fixture(scope="session")
def shop(solr_url: str, tmp_path_factory: pytest.TempPathFactory) -> Shop:
    """A small catalogue of drawn shapes in a real Solr."""
    return index_shop(solr_url, tmp_path_factory.mktemp("injection"), collection="injection-shop")


@pytest.fixture(scope="module")
def between(shop: Shop) -> Iterator[Between]:
    """What passes between an application and the shop's Solr."""
    assert shop.settings.solr_url is not None
    with Between(shop.settings.solr_url).running() as running:
        yield running
