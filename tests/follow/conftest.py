from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.catalog.shop import Shop


@pytest.fixture
def shop(solr_url: str, tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[Shop]:
    """A home and a collection that are not there before and not after the test."""
    made = Shop(tmp_path / "home", solr_url, f"follow_{abs(hash(request.node.nodeid)) % 10**9}", timeout=30)
    yield made
    made.drop()
