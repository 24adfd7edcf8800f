from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.api.shop import Shop
from tests.faults.between import Between


@pytest.fixture
def between(shop: Shop) -> Iterator[Between]:
    """What passes between an application and the shop's Solr."""
    assert shop.settings.solr_url is not None
    with Between(shop.settings.solr_url).running() as running:
        yield running
