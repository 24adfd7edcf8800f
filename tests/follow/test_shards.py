"""Changes of a collection of several shards and replicas: each picture there once, and nothing left behind."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.catalog.shop import Shop
from tests.catalog.support import COLUMNS, draw, row, write
from tests.follow.test_changes import changes, numbers
from tests.follow.test_follower import delete, following, upsert
from tests.search.cloud import solr_cloud

pytestmark = [pytest.mark.solr, pytest.mark.slow]

COUNT = 30


@pytest.fixture(scope="module")
def url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with solr_cloud(tmp_path_factory.mktemp("cloud"), nodes=2) as url:
        yield url


def test_changes_and_a_feed(url: str, tmp_path: Path) -> None:
    shop, path = Shop(tmp_path / "home", url, "changing", timeout=60), tmp_path / "catalogue.csv"
    (tmp_path / "images").mkdir()
    for number in range(COUNT):
        (tmp_path / "images" / f"{number}.png").write_bytes(draw(number))
    rows = [row(number, product_id=f"a{number}") for number in range(COUNT)]
    write(path, rows, (*COLUMNS, "product_id"))
    try:
        assert changes(shop, path, shards=2, replicas=2).whole
        assert numbers(changes(shop, path)) == (0, COUNT, 0)
        rows = [row(number, product_id=f"b{number}" if number < 10 else f"a{number}") for number in range(COUNT - 3)]
        write(path, rows, (*COLUMNS, "product_id"))
        assert numbers(changes(shop, path)) == (10, COUNT - 13, 3)
        assert numbers(changes(shop, path)) == (0, COUNT - 3, 0)
        with following(shop, tmp_path) as apply:
            apply([upsert(1, product_id="c1", title="moved again"), delete(2), delete(12)])
        found = shop.documents("title,product_id")  # fails where one is there twice
        assert found.keys() == {f"p{n:05d}" for n in range(COUNT - 3)} - {"p00002", "p00012"}
        assert (found["p00001"]["title"], found["p00001"]["product_id"]) == ("moved again", "c1")
    finally:
        shop.drop()
