"""A catalogue in a collection of several shards and replicas: nothing twice, nothing stale."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.catalog.shop import Shop
from tests.catalog.support import COLUMNS, draw, row, write
from tests.search.cloud import solr_cloud
from vision.errors import BadSetting, Conflict
from vision.solr import configset
from vision.solr.configset import Shape

pytestmark = [pytest.mark.solr, pytest.mark.slow]

ROWS = 40


@pytest.fixture(scope="module")
def url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with solr_cloud(tmp_path_factory.mktemp("cloud"), nodes=2) as url:
        yield url


def catalogue(folder: Path, product: str) -> Path:
    """Rows whose product is named by ``product``, with the row's number in it."""
    (folder / "images").mkdir(exist_ok=True)
    for number in range(ROWS):
        (folder / "images" / f"{number}.png").write_bytes(draw(number))
    rows = (row(number, image=f"images/{number}.png", product_id=product.format(number)) for number in range(ROWS))
    return write(folder / "catalogue.csv", rows, (*COLUMNS, "product_id"))


def test_a_picture_that_moves_to_another_product_is_there_once(url: str, tmp_path: Path) -> None:
    shop = Shop(tmp_path, url, "moving", timeout=30)
    try:
        shop.index(catalogue(tmp_path, "a{}"), shards=3, replicas=1)
        shop.index(catalogue(tmp_path, "b{}"))
        found = shop.documents("product_id")
        assert len(found) == ROWS
        assert {each["product_id"] for each in found.values()} == {f"b{number}" for number in range(ROWS)}
        with shop.client() as client:
            assert client.count() == ROWS
    finally:
        shop.drop()


def test_what_was_committed_is_seen_at_once_by_whom_committed_it(url: str, tmp_path: Path) -> None:
    """Replicas that copy have it a second later; who wrote asks the leaders meanwhile."""
    for shards in (1, 2):
        shop = Shop(tmp_path, url, f"fresh{shards}", timeout=30)
        try:
            shop.index(catalogue(tmp_path, "a{}"), shards=shards, replicas=2)
            with shop.client() as client:
                for number in range(20):
                    client.add([{"id": f"new{number}", "product_id": f"new{number}", "title": "new"}])
                    client.commit()
                    assert [client.count(f"id:new{number}") for _ in range(4)] == [1] * 4
        finally:
            shop.drop()


def test_regions_and_rows_that_go_are_deleted_from_every_shard(url: str, tmp_path: Path) -> None:
    shop = Shop(tmp_path, url, "going", timeout=30)
    try:
        shop.index(catalogue(tmp_path, "a{}"), shards=3, replicas=1)
        with shop.client() as client:
            client.delete_ids([f"p{number:05d}" for number in range(0, ROWS, 2)])
            client.commit()
            assert client.count() == ROWS // 2
    finally:
        shop.drop()


def test_an_attribute_of_a_single_product_is_known(url: str, tmp_path: Path) -> None:
    shop = Shop(tmp_path, url, "rare", timeout=30)
    try:
        shop.index(catalogue(tmp_path, "a{}"), shards=3, replicas=1)
        with shop.client() as client:
            before = client.index_version()
            for number in range(6):  # of six products, some come to each shard
                rare = {"id": f"r{number}", "product_id": f"r{number}", "title": "rare", f"attr_rare{number}": ["yes"]}
                client.add([rare])
            client.commit()
            assert {f"attr_rare{number}" for number in range(6)} <= client.fields()
            assert client.index_version() != before
    finally:
        shop.drop()


def test_other_shards_than_there_are(url: str, tmp_path: Path) -> None:
    shop = Shop(tmp_path, url, "fixed", timeout=30)
    try:
        shop.index(catalogue(tmp_path, "a{}"), shards=2, replicas=1)
        with pytest.raises(Conflict, match="2 shards of 1 replicas, and 3 shards of 1 replicas are asked for"):
            shop.index(catalogue(tmp_path, "a{}"), shards=3)
        shop.index(catalogue(tmp_path, "a{}"), recreate=True)
        with shop.client() as client:
            assert configset.shape(client) == Shape(2, 1)
        shop.index(catalogue(tmp_path, "a{}"), recreate=True, shards=1)
        with shop.client() as client:
            assert configset.shape(client) == Shape(1, 1) and client.count() == ROWS
    finally:
        shop.drop()


def test_shards_are_of_a_cloud(solr_url: str, tmp_path: Path) -> None:
    shop = Shop(tmp_path, solr_url, "standalone")
    with pytest.raises(BadSetting, match="standalone"):
        shop.index(catalogue(tmp_path, "a{}"), shards=2)
    assert not shop.exists()
