"""Regions of pictures as documents of their own, in real Solr: found, kept, replaced, and taken away again."""

from __future__ import annotations

import json
import sqlite3
import subprocess
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from tests.catalog.conftest import NewShop
from tests.catalog.rooms import THINGS, alone, catalogue, photo, png, row, write
from tests.catalog.shop import Shop, same_vectors
from vision import images
from vision.catalog import IndexReport, stale
from vision.detect import Finder
from vision.embedding import EmbeddingStore
from vision.errors import Conflict, ModelUnavailable
from vision.extractors.histogram import Histogram
from vision.search.engine import SearchEngine
from vision.search.request import parse
from vision.solr import configset
from vision.solr.client import SolrClient
from vision.workspace import Workspace

pytest.importorskip("skimage")
pytestmark = pytest.mark.solr

REGIONS = sum(len(things) for things in THINGS.values())


def index(shop: Shop, path: Path, *, mapping: Path | None = None, **options: Any) -> IndexReport:
    finder = Finder("saliency", mapping=mapping)
    return shop.index(path, finder=finder, allow_missing_images=True, **options)


def plain(document: Mapping[str, Any], *without: str) -> dict[str, Any]:
    """A document without its vectors, version and what else is named."""
    hidden = {"vector", "coarse", "_version_", *without}
    return {name: value for name, value in document.items() if name not in hidden}


def test_each_thing_in_a_picture_becomes_a_document(shop: Shop, tmp_path: Path) -> None:
    report = index(shop, catalogue(tmp_path))
    assert (report.indexed, report.regions, report.without, report.cached) == (len(THINGS) + 1, REGIONS, 1, 0)
    assert report.remarks == ()
    documents = shop.documents()
    wanted = {f"{id}#region-{n}" for id, things in THINGS.items() for n in range(1, len(things) + 1)}
    assert set(documents) == {*THINGS, "words"} | wanted
    assert [id for id in documents if id in ("r0", "r0#region-1", "r0#region-2", "r0-2")] == [
        "r0",
        "r0#region-1",
        "r0#region-2",
        "r0-2",
    ]
    finder = Finder("saliency")
    embedding = EmbeddingStore(shop.home / "embeddings").load(report.embedding)
    for id in THINGS:
        whole = documents[id]
        data = (tmp_path / whole["image"]).read_bytes()
        regions = finder.find(data).regions
        assert len(regions) == len(THINGS[id])
        assert "box" not in whole and "detector" not in whole
        assert whole.get("picture_id") == (id if regions else None)
        for number, region in enumerate(regions, start=1):
            part = documents[f"{id}#region-{number}"]
            # Stored numbers are float32, in the order in which they were sent.
            assert part["box"] == pytest.approx(region.box, abs=1e-6)
            assert (part["label"], part["detector"], part["picture_id"]) == ("foreground", finder.fingerprint, id)
            same = ("id", "box", "label", "detector", "picture_id")
            assert plain(part, *same) == plain(whole, *same)
            features = Histogram().extract([images.crop(images.decode(data), region.box)])
            vectors = embedding.pca.transform(features)
            assert part["vector"] == pytest.approx(vectors[0], rel=1e-5, abs=1e-5)
            assert part["coarse"] == embedding.codec.encode(vectors)[0].tolist()


def test_whole_pictures_are_indexed_as_without_regions(new_shop: NewShop, tmp_path: Path) -> None:
    path = catalogue(tmp_path)
    one, other = new_shop(), new_shop()
    without = one.index(path, allow_missing_images=True)
    assert without.embedding == index(other, path).embedding and without.regions == 0
    left = {id: (each["vector"], each["coarse"]) for id, each in one.documents().items() if "vector" in each}
    right = {id: (each["vector"], each["coarse"]) for id, each in other.documents().items() if "vector" in each}
    assert left == {id: right[id] for id in left} and len(left) == len(THINGS)


def test_a_second_run_finds_and_extracts_nothing(shop: Shop, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = catalogue(tmp_path)
    index(shop, path)
    before = shop.documents("vector,coarse,box,label,detector,picture_id")
    monkeypatch.setattr(Finder, "look", lambda *_: pytest.fail("it was looked at already"))
    monkeypatch.setattr(Histogram, "extract", lambda *_: pytest.fail("it was extracted already"))
    report = index(shop, path)
    assert (report.cached, report.regions, report.remarks) == (len(THINGS), REGIONS, ())
    assert shop.documents("vector,coarse,box,label,detector,picture_id") == before


def test_what_was_extracted_without_is_not_extracted_again(shop: Shop, tmp_path: Path) -> None:
    path = catalogue(tmp_path)
    shop.index(path, allow_missing_images=True)
    report = index(shop, path)
    # They had to be looked at, so none counts as cached; the photo of nothing has no region.
    assert (report.cached, report.regions) == (0, REGIONS)
    assert index(shop, path).cached == len(THINGS)


def test_a_changed_picture_leaves_no_region_behind(shop: Shop, tmp_path: Path) -> None:
    index(shop, catalogue(tmp_path))
    catalogue(tmp_path, r1=png(photo("red", "yellow").crop((0, 0, 240, 260))), r2=png(photo().resize((99, 99))))
    rows = [row(id) | ({"image": ""} if id == "r3" else {}) for id in THINGS]
    report = index(shop, write(tmp_path, rows))
    assert (report.regions, report.cached, report.remarks) == (REGIONS - 5, len(THINGS) - 2, ())
    found = [id for id in shop.documents() if id[:2] in ("r1", "r2", "r3")]
    assert found == ["r1", "r1#region-1", "r2", "r3"]
    assert "picture_id" not in shop.documents()["r2"] and "vector" not in shop.documents()["r3"]


def test_without_detect_regions_go_and_it_is_said(new_shop: NewShop, tmp_path: Path) -> None:
    path = catalogue(tmp_path)
    shop, never = new_shop(), new_shop()
    index(shop, path)
    report = shop.index(path, allow_missing_images=True)
    assert report.remarks == (
        f"{REGIONS} regions of an earlier run with --detect were deleted: this run indexed whole pictures alone",
    )
    assert (report.cached, report.regions) == (len(THINGS), 0)
    never.index(path, allow_missing_images=True)
    left, right = shop.documents(), never.documents()
    assert {id: plain(each) for id, each in left.items()} == {id: plain(each) for id, each in right.items()}
    assert same_vectors_of_pictures(left, right)
    assert shop.index(path, allow_missing_images=True).remarks == ()


def same_vectors_of_pictures(left: Mapping[str, Any], right: Mapping[str, Any]) -> bool:
    return all(left[id].get("vector") == right[id].get("vector") for id in left)


def test_regions_of_rows_that_are_gone_stay_and_it_is_said(shop: Shop, tmp_path: Path) -> None:
    path = catalogue(tmp_path)
    index(shop, path)
    rows = [row(id) for id in THINGS if id not in ("r0", "s0")]
    report = shop.index(write(tmp_path, rows))
    assert report.remarks == (
        f"{REGIONS - 3} regions of an earlier run with --detect were deleted: this run indexed whole pictures alone",
        "3 regions of other runs stay: their pictures are not among this catalogue's good rows; index them again in "
        "the same way, or everything with --recreate",
    )
    left = shop.documents()
    assert {"r0", "r0#region-1", "r0#region-2", "s0#region-1"} < set(left) and "r1#region-1" not in left
    assert index(shop, catalogue(tmp_path), recreate=True).remarks == ()
    assert len(shop.documents()) == len(THINGS) + 1 + REGIONS


def test_another_detector_takes_the_place_of_the_first(shop: Shop, tmp_path: Path) -> None:
    path = catalogue(tmp_path)
    index(shop, path)
    first = Finder("saliency").fingerprint
    named, dropped = tmp_path / "named.json", tmp_path / "dropped.json"
    named.write_text('{"foreground": ["room"]}')
    dropped.write_text('{"foreground": null}')
    second = Finder("saliency", mapping=named).fingerprint
    report = index(shop, path, mapping=named)
    # The same detector looked already: only what is made of it differs.
    assert (report.cached, report.regions) == (len(THINGS), REGIONS)
    assert report.remarks == (
        f"regions found by {first} were replaced by what {second} finds; 0 without a successor went",
    )
    held = {each["detector"] for each in shop.documents().values() if "detector" in each}
    assert held == {second} != {first}
    report = index(shop, path, mapping=dropped)
    assert report.regions == 0 and report.remarks[0].endswith(f"; {REGIONS} without a successor went")
    assert set(shop.documents()) == {*THINGS, "words"}


def test_what_cannot_be_is_told_before_anything_is_extracted(shop: Shop, tmp_path: Path) -> None:
    path = catalogue(tmp_path)
    with pytest.raises(ModelUnavailable, match="'yolox:none.onnx' cannot be loaded|no model file at none.onnx"):
        shop.index(path, finder=Finder("yolox:none.onnx"))
    assert not shop.exists()
    with shop.client() as client:
        client.admin("admin/cores", action="CREATE", name=shop.name, configSet=configset.CONFIGSET)
    assert index(shop, path).regions == REGIONS


def test_ids_of_regions_are_nobody_elses(shop: Shop, tmp_path: Path) -> None:
    catalogue(tmp_path)
    rows = [row(id) for id in THINGS] + [row("s0") | {"id": "s0#region-1"}, row("s0") | {"id": "s0#1"}]
    report = index(shop, write(tmp_path, rows))
    assert (report.indexed, report.rejected, report.regions) == (len(THINGS) + 1, 1, REGIONS + 1)
    assert report.rejects is not None
    told = json.loads(report.rejects.read_text())
    assert told["reason"].startswith("id 's0#region-1' ends as the ids of pictures' regions do")


def looked(shop: Shop) -> int:
    file = shop.home / "features.sqlite"
    if not file.exists():
        return 0
    with sqlite3.connect(f"file:{file}?mode=ro", uri=True) as database:
        try:
            return int(database.execute("SELECT count(*) FROM regions").fetchone()[0])
        except sqlite3.OperationalError:
            return 0


@pytest.mark.slow
def test_killed_and_run_again(new_shop: NewShop, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("VISUAL_SEARCH_DETECTOR", "saliency")
    catalogue(tmp_path)
    # Different bytes for each row, several batches of them.
    rows = []
    for number in range(120):
        id = f"n{number:03d}"
        image = photo("red", "blue")
        image.putpixel((0, 0), (number, 0, 0))
        (tmp_path / f"{id}.png").write_bytes(png(image))
        rows.append(row("r0") | {"id": id, "product_id": id, "image": f"{id}.png"})
    path = write(tmp_path, rows)
    shop, undisturbed = new_shop(), new_shop()

    def start(at: Shop) -> subprocess.Popen[str]:
        return at.command("index", path, "--extractor", "histogram", "--detect", "--json")

    running = start(shop)
    deadline = time.monotonic() + 60
    while not looked(shop):
        assert running.poll() is None and time.monotonic() < deadline
        time.sleep(0.005)
    running.kill()
    running.communicate()
    before = looked(shop)
    assert 0 < before < 120
    out, said = start(shop).communicate(timeout=120)
    report = json.loads(out)
    assert set(report) == {"indexed", "rejected", "cached", "seconds", "regions", "drifted"}, said
    assert (report["indexed"], report["regions"]) == (120, 240)
    # Of the last batch that was looked at, regions may not have been extracted yet.
    assert before - 32 <= report["cached"] <= before
    assert "pictures and regions" in said
    out, said = start(undisturbed).communicate(timeout=120)
    assert json.loads(out)["regions"] == 240, said
    assert same_vectors(shop, undisturbed)


def test_a_photo_is_found_by_each_thing_in_it(new_shop: NewShop, tmp_path: Path) -> None:
    path = catalogue(tmp_path)
    with_regions, without = new_shop(), new_shop()
    index(with_regions, path)
    without.index(path, allow_missing_images=True)
    engines = [Workspace(each.settings).engine() for each in (with_regions, without)]
    for color in ("red", "green", "blue", "yellow"):
        rooms = {id.removesuffix("-2") for id, things in THINGS.items() if len(things) > 1 and color in things}
        near, far = (distances(engine, alone(color)) for engine in engines)
        others = [near[id] for id in near if id.startswith("r") and id not in rooms]
        for id in rooms:
            assert near[id] < far[id] / 4
            assert near[id] < min(others) / 2


def distances(engine: SearchEngine, data: bytes) -> dict[str, float]:
    hits = engine.search(parse({"rows": 50}), data).hits
    found = {hit.product_id: hit.distance for hit in hits if hit.distance is not None}
    assert len(found) == len({id.removesuffix("-2") for id in THINGS})
    return {id: float(distance) for id, distance in found.items()}


class Older(SolrClient):
    """A collection whose schema knows no regions."""

    def get_json(self, path: str, **params: Any) -> dict[str, Any]:
        assert path == "schema/fields/picture_id"
        return super().get_json("schema/fields/none_such")


def test_a_collection_of_an_older_configset_is_refused(shop: Shop) -> None:
    with Older(shop.url, shop.name) as client:
        configset.create(client)
        with pytest.raises(Conflict, match=r"no field 'picture_id'.*leave out --detect"):
            stale.check_fields(client)
