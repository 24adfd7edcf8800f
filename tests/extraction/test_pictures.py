from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.catalog.support import draw
from tests.catalog.test_pictures import shop
from vision.addresses import networks
from vision.catalog.features import Source
from vision.catalog.pictures import MAX_BYTES, Pictures
from vision.catalog.product import Rejected
from vision.errors import BadSetting
from vision.extraction.pictures import Below, source

__all__ = ["shop"]
OUTSIDE = [
    "../a.png",
    "a/../../b.png",
    "/etc/passwd",
    "a//b.png",
    "./a.png",
    "a\\b.png",
    "s3://other/a.png",
    "a::b",
    "~a",
]


@pytest.fixture
def store() -> Iterator[Source]:
    import fsspec

    files = fsspec.filesystem("memory")
    files.pipe_file("/shop/images/1.png", draw(1))
    files.pipe_file("/shop/images/empty.png", b"")
    files.pipe_file("/secret.png", draw(2))
    yield source(Path("c.csv"), "memory://shop/", allow_urls=False)
    files.rm("/shop", recursive=True)
    files.rm("/secret.png")


def test_pictures_of_a_store(store: Source) -> None:
    assert store.read("images/1.png") == draw(1)
    assert store.read("images/empty.png") == b""
    with pytest.raises(Rejected, match="image 'images/2.png' does not exist in memory://shop"):
        store.read("images/2.png")
    with pytest.raises(Rejected, match="pass --allow-urls"):
        store.read("https://shop.example/1.png")


@pytest.mark.parametrize("image", OUTSIDE)
def test_no_cell_leads_out_of_a_store(store: Source, image: str) -> None:
    with pytest.raises(Rejected, match="leads out of --images"):
        store.read(image)


def test_objects_have_a_limit(store: Source) -> None:
    import fsspec

    fsspec.filesystem("memory").pipe_file("/shop/large.png", bytes(MAX_BYTES + 1))
    with pytest.raises(Rejected, match="larger than 50 MiB"):
        store.read("large.png")


def test_pictures_of_a_web_server(shop: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NO_PROXY", "*")
    open_to = Below(shop, Pictures(Path(), allowed=networks("127.0.0.0/8")))
    assert open_to.read("picture") == draw(1)
    with pytest.raises(Rejected, match="404"):
        open_to.read("missing")
    with pytest.raises(Rejected, match="leads out"):
        open_to.read("../picture")
    with pytest.raises(Rejected, match="image: "):
        source(Path("c.csv"), shop, allow_urls=False).read("picture")  # a private address, which nobody allowed


def test_folders_are_read_as_index_reads_them(tmp_path: Path) -> None:
    (tmp_path / "1.png").write_bytes(draw(1))
    beside = source(tmp_path / "c.csv", None, allow_urls=False)
    assert isinstance(beside, Pictures)
    assert beside.read("1.png") == source(Path("c.csv"), str(tmp_path), allow_urls=False).read("1.png") == draw(1)


def test_addresses_that_cannot_be_used() -> None:
    for images, words in (("s4://b/f", "does not know"), ("gs://b/f", "gcsfs"), ("https://a:b@c/d", "password")):
        with pytest.raises(BadSetting, match=words):
            source(Path("c.csv"), images, allow_urls=False)
