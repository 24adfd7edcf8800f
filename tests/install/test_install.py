"""A second core with a schema and documents of its own: installed into, searched, uninstalled from."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.install.conftest import NewTheirs
from tests.install.theirs import MAP, Theirs
from vision.search.model import Result
from vision.search.planner import Limits
from vision.search.ranker import Ranker
from vision.search.request import parse

pytestmark = pytest.mark.solr

FIELDS = ["vector", "coarse", "embedding", "image_hash"]
TYPES = ["visual_string", "vector_full", "vector_coarse"]


def search(theirs: Theirs, image: bytes | None = None, limits: Limits | None = None, **members: object) -> Result:
    workspace = theirs.workspace()
    with workspace.client() as client:
        engine = workspace.engine(client)
        engine.ranker = engine.ranker if limits is None else Ranker(engine.collection, lambda: limits)
        return engine.search(parse(dict(members)), image)


@pytest.mark.parametrize("codec", [True, False], ids=["SchemaCodecFactory", "no codecFactory"])
def test_install_search_uninstall(new_theirs: NewTheirs, codec: bool) -> None:
    theirs = new_theirs(30, codec=codec)
    schema, documents = theirs.schema(), theirs.own()

    done = theirs.install("--json")
    assert done.exit_code == 0, done.output
    said = json.loads(done.stdout)
    assert sorted(said["fields"]) == sorted(FIELDS) and sorted(said["types"]) == sorted(TYPES)
    assert (said["handler"], said["kept"], said["problems"]) == ("/visual", [], [])
    assert any("SchemaCodecFactory" in note for note in said["notes"]) is not codec
    report = said["backfill"]
    assert (report["added"], report["present"], report["without_picture"], report["rejected"]) == (24, 0, 6, 0)

    assert theirs.own() == documents
    assert len(theirs.vectors()) == 24
    assert {each["embedding"] for each in theirs.vectors().values()} == {report["embedding"]}

    photo = (theirs.pictures / "shots" / "7.png").read_bytes()
    for limits in (Limits(), Limits(exact_below=0)):
        found = search(theirs, photo, limits, facets=["category", "color"], rows=30)
        assert (found.hits[0].id, found.hits[0].distance) == ("sku-00007", 0.0)
        assert found.total == 30
        assert found.hits[0].title == "green thing number 7"
        assert found.hits[0].image == "shots/7.png"
        assert found.hits[0].attributes == {
            "category": "table",
            "color": ["red", "blue"],
            "price": 7.5,
            "in_stock": True,
        }
        assert {each.value: each.count for each in found.facets["category"]} == {"chair": 10, "table": 10, "lamp": 10}
        assert {each.value: each.count for each in found.facets["color"]} == {"red": 15, "blue": 15, "green": 15}
    found = search(theirs, photo, q="green wood", filters={"color": ["red"], "price": {"min": 5, "max": 26}}, rows=10)
    assert [hit.id for hit in found.hits][0] == "sku-00007"
    assert {hit.id for hit in found.hits} == {"sku-00007", "sku-00013", "sku-00019", "sku-00025"}
    assert [hit.id for hit in search(theirs, q="thing", sort="-price", rows=2).hits] == ["sku-00029", "sku-00028"]
    similar = search(theirs, image_id="sku-00008", rows=3)
    assert (similar.hits[0].id, similar.hits[0].product_id) == ("sku-00008", "sku-00008")
    assert search(theirs, photo, max_distance=1e-6).total == 1

    gone = theirs.run("uninstall", "--json")
    assert gone.exit_code == 0, gone.output
    taken = json.loads(gone.stdout)
    assert (taken["documents"], taken["left"]) == (24, [])
    assert theirs.schema() == schema
    assert (
        theirs.own()
        == documents
        == {
            id: {name: value for name, value in each.items() if name != "_version_"}
            for id, each in theirs.documents().items()
        }
    )
    assert theirs.overlay().get("requestHandler", {}) == {}


def test_again_does_nothing_and_new_documents_get_vectors(new_theirs: NewTheirs) -> None:
    theirs = new_theirs(12)
    assert theirs.install().exit_code == 0
    before, overlay = theirs.documents(), theirs.overlay()
    again = theirs.install(mapped=None)
    assert again.exit_code == 0, again.output
    assert "fields and handler are there already" in again.output
    assert theirs.documents() == before and theirs.overlay() == overlay

    theirs.fill(20)  # all documents are written anew by their owner, which drops what he does not know
    report = json.loads(theirs.install("--json", mapped=None).stdout)["backfill"]
    assert (report["added"], report["without_picture"]) == (16, 4)


def test_a_dry_run_sends_nothing_that_writes(new_theirs: NewTheirs, monkeypatch: pytest.MonkeyPatch) -> None:
    theirs = new_theirs(5)
    before = theirs.schema(), theirs.documents(), theirs.overlay()
    with monkeypatch.context() as patched:
        patched.setattr("vision.solr.client.SolrClient.post", None)
        patched.setattr("vision.solr.client.SolrClient.commit", None)
        shown = theirs.install("--dry-run", "--json")
        said = theirs.install("--dry-run")
        assert shown.exit_code == said.exit_code == 0, shown.output + said.output
    assert (theirs.schema(), theirs.documents(), theirs.overlay()) == before
    assert not theirs.home.exists()
    plan = json.loads(shown.stdout)
    assert plan["map"] == {"id": "id", **dict(pair.split("=") for pair in MAP.split(","))}
    assert "add field vector (vector_full)" in said.stdout
    assert "add request handler /visual: words in name_t^2 text_t" in said.stdout

    assert theirs.install().exit_code == 0
    before = theirs.schema(), theirs.documents(), theirs.overlay()
    assert "would be taken out of 4 documents" in theirs.run("uninstall", "--dry-run").output
    assert (theirs.schema(), theirs.documents(), theirs.overlay()) == before


def test_another_key_and_products_of_several_documents(new_theirs: NewTheirs) -> None:
    theirs = new_theirs(12, key="sku")
    theirs.add({**each, "group_s": each["sku"][:-1]} for each in theirs.own().values())
    done = theirs.install(mapped=MAP + ",product_id=group_s")
    assert done.exit_code == 0, done.output
    photo = (theirs.pictures / "shots" / "11.png").read_bytes()
    found = search(theirs, photo, facets=["category"])
    assert [(hit.id, hit.product_id) for hit in found.hits][0] == ("sku-00011", "sku-0001")
    assert found.total == 2
    assert {each.value: each.count for each in found.facets["category"]} == {"chair": 1, "table": 2, "lamp": 2}
    assert search(theirs, image_id="sku-0001").hits[0].product_id == "sku-0001"


def test_bad_pictures_are_rejected_with_a_reason(new_theirs: NewTheirs) -> None:
    theirs = new_theirs(12)
    (theirs.pictures / "broken.png").write_bytes(b"no picture")
    outside = theirs.pictures.parent / "outside.png"
    outside.write_bytes((theirs.pictures / "shots" / "1.png").read_bytes())
    wrong = {"a": "shots/none.png", "b": "broken.png", "c": "../outside.png", "d": "http://127.0.0.1:9/x.png"}
    theirs.add({"id": id, "img_s": image} for id, image in wrong.items())
    done = theirs.install("--json")
    assert done.exit_code == 0, done.output
    report = json.loads(done.stdout)["backfill"]
    assert (report["added"], report["rejected"]) == (9, 4)
    reasons = {each["id"]: each["reason"] for each in map(json.loads, Path(report["rejects"]).read_text().splitlines())}
    assert "does not exist" in reasons["a"]
    assert "leads out of" in reasons["c"]
    assert "--allow-urls" in reasons["d"]
    assert set(reasons) == set(wrong)
