"""Catalogues into real Solr."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image
from threadpoolctl import threadpool_limits

from tests.catalog.conftest import NewShop
from tests.catalog.shop import Shop, same_vectors
from tests.catalog.support import catalogue, draw, row, write
from vision import extractors
from vision.catalog import IndexOptions, Ingest
from vision.catalog.features import check
from vision.embedding import EmbeddingStore
from vision.errors import BadCatalogue, BadQuery, Conflict, NotFound, SolrUnavailable
from vision.extractors.histogram import Histogram
from vision.images import content_hash, decode
from vision.reduction import Pca
from vision.search.request import parse
from vision.solr import configset
from vision.workspace import Workspace

pytestmark = pytest.mark.solr


def test_a_catalogue_becomes_documents(shop: Shop, tmp_path: Path) -> None:
    folder = tmp_path / "shop"
    catalogue(folder, 6)
    full = row(5, **{"Neck line": "V|round", "product_id": "dress", "in_stock": "no", "description": "two\nlines"})
    columns = ("id", "title", "image", "color", "Price", "Neck line", "product_id", "in_stock", "description")
    rows = [row(n) for n in range(5)] + [full]
    path = write(
        folder / "c.csv", [{("Price" if k == "price" else k): v for k, v in each.items()} for each in rows], columns
    )
    report = shop.index(path)
    assert (report.indexed, report.rejected, report.cached, report.rejects) == (6, 0, 0, None)
    assert report.notes[0].startswith("5 components instead of 1024: the 6 vectors it was fitted on allow no more")
    documents = shop.documents()
    last = dict(documents["p00005"])
    embedding = EmbeddingStore(shop.home / "embeddings").load(report.embedding)
    features = Histogram().extract([decode(draw(n)) for n in range(6)])
    vectors = embedding.pca.transform(features)
    assert np.array_equal(np.array(last.pop("vector"), dtype=np.float32), vectors[5])
    assert last.pop("coarse") == embedding.codec.encode(vectors)[5].tolist()
    assert len(last.pop("root")) == 12
    del last["_version_"]
    assert last == {
        "id": "p00005",
        "product_id": "dress",
        "title": "thing 5",
        "description": "two\nlines",
        "image": "images/5.png",
        "image_hash": content_hash(draw(5)),
        "price": 5.5,
        "in_stock": False,
        "embedding": report.embedding,
        "attr_color": ["blue"],
        "attr_neck_line": ["V", "round"],
    }


def test_bad_rows_are_rejected_with_reasons_and_the_rest_is_indexed(shop: Shop, tmp_path: Path) -> None:
    catalogue(tmp_path, 8)
    (tmp_path / "images" / "1.png").write_bytes(b"no picture")
    rows = [row(n) for n in range(8)]
    rows[2]["price"], rows[3]["image"], rows[5]["id"], rows[6]["color"] = "dear", "none.png", "p00000", "x" * 50_000
    path = write(tmp_path / "c.csv", rows)
    report = shop.index(path)
    assert (report.indexed, report.rejected) == (3, 5)
    assert report.rejects == tmp_path / "c.rejects.jsonl"
    told = [json.loads(line) for line in (tmp_path / "c.rejects.jsonl").read_text().splitlines()]
    assert [(each["line"], each["id"]) for each in told] == [
        (3, "p00001"),
        (4, "p00002"),
        (5, "p00003"),
        (7, "p00000"),
        (8, "p00006"),
    ]
    assert [each["reason"].split(";")[0][:40] for each in told] == [
        "image: got 10 bytes that begin with b'no",
        "price is 'dear'",
        "image 'none.png' does not exist in " + str(tmp_path)[:5],
        "id 'p00000' came before, in line 2",
        "color has a value of 50,000 characters",
    ]
    assert set(shop.documents()) == {"p00000", "p00004", "p00007"}


def test_a_second_run_takes_everything_from_the_cache(shop: Shop, tmp_path: Path) -> None:
    path = catalogue(tmp_path, 12)
    first = shop.index(path)
    before = shop.vectors()
    second = shop.index(path)
    assert (second.indexed, second.cached, second.embedding) == (12, 12, first.embedding)
    after = shop.vectors()
    assert all(np.array_equal(before[id][0], after[id][0]) for id in before)


def test_a_changed_catalogue_is_updated(shop: Shop, tmp_path: Path) -> None:
    path = catalogue(tmp_path, 10)
    first = shop.index(path)
    catalogue(tmp_path, 12)
    (tmp_path / "images" / "3.png").write_bytes(draw(99))
    rows = [row(n, title=f"renamed {n}", color="") for n in range(1, 12)]
    report = shop.index(write(path, rows))
    assert (report.indexed, report.cached, report.embedding) == (11, 8, first.embedding)
    assert report.notes == (
        "The collection keeps its 9 components; this catalogue's 11 pictures allow 10: --recreate fits again.",
    )
    documents = shop.documents()
    assert len(documents) == 12
    assert documents["p00000"]["title"] == "thing 0"
    assert documents["p00003"]["title"] == "renamed 3"
    assert documents["p00003"]["image_hash"] == content_hash(draw(99))
    assert "attr_color" not in documents["p00003"]
    assert {each["embedding"] for each in documents.values()} == {first.embedding}


def test_one_product_can_be_added_and_cannot_be_first(shop: Shop, tmp_path: Path) -> None:
    catalogue(tmp_path, 5)
    single = write(tmp_path / "one.csv", [row(4)])
    with pytest.raises(BadCatalogue, match="there is 1 different picture in the catalogue; .*--pca"):
        shop.index(single)
    assert not shop.exists()
    shop.index(write(tmp_path / "some.csv", [row(n) for n in range(4)]))
    assert shop.index(single).indexed == 1
    assert len(shop.documents()) == 5


def test_recreate_starts_afresh(shop: Shop, tmp_path: Path) -> None:
    path = catalogue(tmp_path, 10)
    shop.index(path, dims=4)
    report = shop.index(write(path, [row(n) for n in range(8)]), recreate=True)
    assert (report.indexed, report.cached) == (8, 8)
    assert set(shop.documents()) == {f"p{n:05d}" for n in range(8)}
    assert "7 components" in report.notes[0]
    assert shop.index(path, extractor="histogram?l2", recreate=True).cached == 0
    assert len(shop.documents()) == 8


def test_another_extractor_or_pca_is_a_conflict_and_changes_nothing(shop: Shop, tmp_path: Path) -> None:
    path = catalogue(tmp_path, 6)
    shop.index(path, dims=3)
    before = shop.documents("embedding,_version_")
    with pytest.raises(
        Conflict, match=r"holds vectors of 'histogram-\w+', this run would add 'histogram-\w+'; use anot"
    ):
        shop.index(path, extractor="histogram?l2")
    with pytest.raises(Conflict, match="holds vectors of '3 dimensions', this run would add '2'"):
        shop.index(path, dims=2)
    assert shop.documents("embedding,_version_") == before


def test_a_pca_file_gives_the_same_embedding_as_the_automatic_fit(
    new_shop: NewShop, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Sums of several threads end in other digits than those of one: both fit with one.
    for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS"):
        monkeypatch.setenv(name, "1")
    path = catalogue(tmp_path, 9)
    automatic, by_file = new_shop(), new_shop()
    command = by_file.command("pca", "fit", path, "--extractor", "histogram", "-o", tmp_path / "p.npz", "--json")
    out, _ = command.communicate(timeout=60)
    about = json.loads(out)
    assert about | {"fingerprint": "", "variance": 0} == {
        "file": str(tmp_path / "p.npz"),
        "fingerprint": "",
        "dims": 8,
        "samples": 9,
        "total": 9,
        "variance": 0,
    }
    assert about["fingerprint"] == Pca.load(tmp_path / "p.npz").fingerprint
    with threadpool_limits(1):
        one, two = automatic.index(path), by_file.index(path, pca=tmp_path / "p.npz")
    assert one.embedding == two.embedding
    assert two.cached == 9
    assert same_vectors(automatic, by_file)
    changed = write(path, [row(n) for n in range(5)])
    assert by_file.index(changed, pca=tmp_path / "p.npz").embedding == two.embedding


def test_a_catalogue_of_bad_rows_loses_nothing(shop: Shop, tmp_path: Path) -> None:
    path = catalogue(tmp_path, 5)
    shop.index(path)
    before = shop.documents()
    bad = write(tmp_path / "bad.csv", [row(n, image=f"{n}.gif") for n in range(3)])
    for recreate in (False, True):
        with pytest.raises(
            BadCatalogue, match=r"none of the 3 rows of bad\.csv .*\(line 2: image '0\.gif' does not ex"
        ):
            shop.index(bad, recreate=recreate)
    with pytest.raises(BadCatalogue, match=r"empty\.csv has no rows"):
        shop.index(write(tmp_path / "empty.csv", []), recreate=True)
    assert shop.documents() == before
    assert len((tmp_path / "bad.rejects.jsonl").read_text().splitlines()) == 3
    assert not (tmp_path / "empty.rejects.jsonl").exists()


def test_a_failed_first_run_leaves_no_empty_collection(shop: Shop, tmp_path: Path) -> None:
    with pytest.raises(BadCatalogue):
        shop.index(write(tmp_path / "bad.csv", [row(0)]))
    assert not shop.exists()


def test_parquet_end_to_end(new_shop: NewShop, tmp_path: Path) -> None:
    arrow = pytest.importorskip("pyarrow")
    parquet = pytest.importorskip("pyarrow.parquet")
    path = catalogue(tmp_path, 6)
    columns: dict[str, list[Any]] = {
        "id": [f"p{n:05d}" for n in range(6)],
        "title": [f"thing {n}" for n in range(6)],
        "image": [f"images/{n}.png" for n in range(6)],
        "color": [[("red", "green", "blue")[n % 3]] for n in range(6)],
        "price": [n + 0.5 for n in range(5)] + [None],
    }
    parquet.write_table(arrow.table(columns), tmp_path / "c.parquet")
    by_csv, by_parquet = new_shop(), new_shop()
    by_csv.index(path)
    assert by_parquet.index(tmp_path / "c.parquet").indexed == 6
    assert same_vectors(by_csv, by_parquet)
    wanted = {id: dict(each) for id, each in by_csv.documents("title,image,attr_*,price").items()}
    del wanted["p00005"]["price"]
    assert by_parquet.documents("title,image,attr_*,price") == wanted


class Meddling(Histogram):
    """Changes the catalogue while its pictures are extracted."""

    def __init__(self, path: Path, rows: list[dict[str, str]]) -> None:
        self._path, self._rows = path, rows

    def extract(self, images: Sequence[Image.Image]) -> NDArray[np.float32]:
        write(self._path, self._rows)
        return super().extract(images)


def test_a_catalogue_that_changes_meanwhile_is_a_conflict_and_corrupts_nothing(shop: Shop, tmp_path: Path) -> None:
    path = catalogue(tmp_path, 40)
    rows = [row(n) for n in range(40)]
    swapped = [*rows[:10], row(10, image="images/11.png"), row(11, image="images/10.png"), *rows[12:]]
    workspace = Workspace(shop.settings)
    changed = r"catalogue\.csv changed while it was being read: line 12 is another"
    with workspace.client() as client, workspace.cache() as cache:
        ingest = Ingest(client, workspace.store(), cache, workspace.roots())
        with pytest.raises(Conflict, match=changed):
            ingest.run(path, "histogram", Meddling(path, swapped), IndexOptions())
    report = shop.index(path)
    assert (report.indexed, report.cached) == (40, 40)
    documents = shop.documents("image,image_hash")
    for each in check(path):
        assert each.product is not None
        found = documents[each.id]
        assert found["image_hash"] == content_hash((tmp_path / found["image"]).read_bytes())


def test_an_embedding_that_is_not_here_says_what_to_do(new_shop: NewShop, tmp_path: Path) -> None:
    path = catalogue(tmp_path, 5)
    shop = new_shop()
    shop.index(path)
    elsewhere = Shop(tmp_path / "elsewhere", shop.url, shop.name)
    with pytest.raises(NotFound, match="does not hold that embedding; .*index again here with --recreate"):
        elsewhere.index(path)
    assert elsewhere.index(path, recreate=True).indexed == 5


def test_a_mixed_collection_is_a_conflict(shop: Shop, tmp_path: Path) -> None:
    path = catalogue(tmp_path, 4)
    report = shop.index(path)
    with shop.client() as client:
        client.add([{"id": "stray", "product_id": "stray", "embedding": "other-1"}])
    with pytest.raises(Conflict, match=rf"mixes vectors of {report.embedding} and other-1.*--recreate"):
        shop.index(path)
    assert shop.index(path, recreate=True).indexed == 4


def test_what_an_interrupted_run_sent_counts_even_if_it_was_not_committed(shop: Shop, tmp_path: Path) -> None:
    path = catalogue(tmp_path, 4)
    with shop.client() as client:
        configset.create(client)
        client.add([{"id": "sent", "product_id": "sent", "embedding": "histogram-000000000000"}])
    with pytest.raises(NotFound, match="'histogram-000000000000'"):
        shop.index(path)


def test_no_solr_is_told_before_anything_is_extracted(tmp_path: Path) -> None:
    nowhere = Shop(tmp_path / "home", "http://127.0.0.1:9/solr", "products")
    with pytest.raises(SolrUnavailable, match="Solr at http://127.0.0.1:9/solr/products did not answer: no connection"):
        nowhere.index(catalogue(tmp_path, 3))
    with Workspace(nowhere.settings).cache() as cache:
        pictures = [bytes.fromhex(content_hash(draw(n))) for n in range(3)]
        assert cache.known(extractors.load("histogram").fingerprint, pictures) == frozenset()


def test_products_without_a_picture(shop: Shop, tmp_path: Path) -> None:
    catalogue(tmp_path, 6)
    rows = [row(n, image="" if n in (1, 4) else f"images/{n}.png") for n in range(6)] + [row(7, image="none.png")]
    path = write(tmp_path / "c.csv", rows)
    report = shop.index(path)
    assert (report.indexed, report.rejected, report.without) == (4, 3, 0)
    told = [json.loads(line)["reason"] for line in (tmp_path / "c.rejects.jsonl").read_text().splitlines()]
    empty = "image is empty; id, title and image are required; --allow-missing-images takes products without a picture"
    assert told == [empty, empty, f"image 'none.png' does not exist in {tmp_path}"]

    report = shop.index(path, allow_missing_images=True)
    assert (report.indexed, report.rejected, report.cached, report.without) == (6, 1, 4, 2)
    plain = dict(shop.documents()["p00001"])
    del plain["_version_"]
    assert plain == {
        "id": "p00001",
        "product_id": "p00001",
        "title": "thing 1",
        "price": 1.5,
        "attr_color": ["green"],
    }

    engine = Workspace(shop.settings).engine()
    by_words = engine.search(parse({"q": "thing", "facets": ["color"], "rows": 10}))
    assert by_words.total == 6
    assert {each.value: each.count for each in by_words.facets["color"]} == {"red": 2, "green": 2, "blue": 2}
    for mode in ("exact", "approximate"):
        by_picture = engine.search(parse({"image_id": "p00000", "mode": mode}))
        assert by_picture.total == 6
        assert [(hit.id, hit.distance, hit.score, hit.image) for hit in by_picture.hits[4:]] == [
            ("p00001", None, 0.0, None),
            ("p00004", None, 0.0, None),
        ]
        assert all(hit.distance is not None for hit in by_picture.hits[:4])
    within = engine.search(parse({"image_id": "p00000", "max_distance": 1e9}))
    assert within.total == 4
    both = engine.search(parse({"q": "thing 1", "image_id": "p00000"}))
    assert [(hit.id, hit.distance) for hit in both.hits] == [("p00001", None)] and both.hits[0].score > 0
    with pytest.raises(BadQuery, match="'p00001' has no picture to search by"):
        engine.search(parse({"image_id": "p00001"}))


def test_a_product_may_lose_its_picture_and_get_it_back(shop: Shop, tmp_path: Path) -> None:
    path = catalogue(tmp_path, 4)
    before = shop.index(path)
    write(path, [row(n, image="" if n == 2 else f"images/{n}.png") for n in range(4)])
    assert shop.index(path, allow_missing_images=True).without == 1
    assert "vector" not in shop.documents()["p00002"]
    after = shop.index(catalogue(tmp_path, 4))
    assert (after.indexed, after.embedding) == (4, before.embedding)
    assert len(shop.documents()["p00002"]["vector"]) == 1024
