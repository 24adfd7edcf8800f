"""`index --coarse-dims`: candidates found by another number of components, on a real Solr."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.catalog.shop import Shop
from tests.catalog.support import catalogue
from vision.errors import Conflict
from vision.search.model import Mode, Query
from vision.solr import configset
from vision.workspace import Workspace


@pytest.fixture
def shop(solr_url: str, tmp_path: Path) -> Iterator[Shop]:
    made = Shop(tmp_path / "home", solr_url, "coarse_dims")
    yield made
    made.drop()


@pytest.mark.solr
def test_candidates_are_found_by_as_many_components_as_asked(shop: Shop, tmp_path: Path) -> None:
    path = catalogue(tmp_path, 40)
    shop.index(path, coarse_dims=16)
    assert {len(coarse) for _, coarse, _ in shop.vectors().values()} == {16}
    with shop.client() as client:
        assert configset.coarse_dims(client) == 16
        engine = Workspace(shop.settings).engine(client)
        for id, (vector, _, _) in list(shop.vectors().items())[:5]:
            assert engine.run(Query(vector=vector, mode=Mode.APPROXIMATE, rows=5)).hits[0].id == id
    shop.index(path)  # keeps them
    with pytest.raises(Conflict, match="by 16 components, --coarse-dims is 32: --recreate deletes it"):
        shop.index(path, coarse_dims=32)
    shop.index(path, recreate=True)
    assert {len(coarse) for _, coarse, _ in shop.vectors().values()} == {256}
