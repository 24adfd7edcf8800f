"""The merchandiser's tools over HTTP and from the shell, on drawn shapes in a real Solr."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from flask.testing import FlaskClient

from tests.api.shop import Shop, index
from vision.catalog.ingest import IndexOptions
from vision.cli import main
from vision.settings import Settings

pytestmark = pytest.mark.solr

PROPOSAL = {"id", "product", "field", "old", "new", "confidence", "evidence", "tool"}


def run(shop: Shop, *arguments: str) -> Result:
    assert shop.settings.solr_url is not None and shop.settings.collection is not None
    environment = {"VISUAL_SEARCH_HOME": str(shop.settings.home), "SOLR_URL": shop.settings.solr_url}
    found = CliRunner().invoke(main, [*arguments, "--collection", shop.settings.collection], env=environment)
    assert found.exit_code == 0, found.output
    return found


def test_clusters_hold_every_product_once_and_can_be_named(shopper: FlaskClient, shop: Shop) -> None:
    body = {"clusters": 4, "about": ["color"]}
    found = shopper.post("/v1/clusters", json=body).get_json()
    members = [id for each in found["clusters"] for id in each["members"]]
    assert len(members) == len(set(members)) == found["products"] == 39
    largest = max(found["clusters"], key=lambda each: each["size"])
    assert largest["medoid"] == largest["members"][0] and largest["distances"][0] == 0
    assert sum(largest["values"]["color"].values()) == largest["size"]
    assigned = shopper.post(
        "/v1/clusters/assign",
        json={"field": "style", "value": "plain", "medoid": largest["medoid"], "members": largest["members"]},
    ).get_json()["proposals"]
    assert {each["product"] for each in assigned} == set(largest["members"])
    assert all(set(each) == PROPOSAL and each["new"] == ["plain"] and each["tool"] == "cluster" for each in assigned)
    near = {
        "field": "style",
        "value": "plain",
        "medoid": largest["medoid"],
        "max_distance": largest["distances"][-1] / 2,
        "members": largest["members"],
    }
    some = shopper.post("/v1/clusters/assign", json=near).get_json()["proposals"]
    assert 0 < len(some) < len(assigned)
    picture = shopper.post("/v1/clusters/map", json=body)
    assert picture.mimetype == "image/png" and picture.data.startswith(b"\x89PNG")
    placed = shopper.post("/v1/clusters", json=body | {"places": True}).get_json()
    assert found["places"] == [] and placed["clusters"] == found["clusters"]
    places = {each["product"]: each for each in placed["places"]}
    assert len(places) == found["products"]
    for each in found["clusters"]:
        assert {places[product]["cluster"] for product in each["members"]} == {each["id"]}
    assert {(min(way), max(way)) for way in zip(*((at["x"], at["y"]) for at in places.values()), strict=True)} == {
        (0, 1)
    }
    shell = json.loads(run(shop, "cluster", "--clusters", "4", "--json").stdout)
    assert [(each["id"], each["medoid"], each["size"]) for each in shell["clusters"]] == [
        (each["id"], each["medoid"], each["size"]) for each in found["clusters"]
    ]


def test_clusters_of_a_search_are_of_what_it_finds(shopper: FlaskClient) -> None:
    search = {"filters": {"color": ["red", "blue"]}}
    found = shopper.post("/v1/clusters", json={"clusters": 2, "search": search, "about": ["color"]}).get_json()
    total = shopper.post("/v1/search", json=search).get_json()["total"]
    assert found["products"] == total
    assert {value for each in found["clusters"] for value in each["values"]["color"]} == {"red", "blue"}


def test_examples_find_their_colour_and_ask(shopper: FlaskClient, shop: Shop) -> None:
    reds = ["red-square-1", "red-square-2", "red-triangle-1"]
    body = {"field": "mood", "value": "warm", "positives": reds, "questions": 3}
    found = shopper.post("/v1/fills", json=body).get_json()
    assert found["proposals"] and len(found["questions"]) == 3 and not set(found["questions"]) & set(reds)
    first = found["proposals"][0]
    assert set(first) == PROPOSAL and first["product"].startswith("red") and first["new"] == ["warm"]
    assert set(first["evidence"]["neighbours"]) <= set(reds)
    shell = run(shop, "fill", "--field", "mood", "--value", "warm", *(f"--like={id}" for id in reds), "--json")
    listed = json.loads(shell.stdout)
    assert [each["id"] for each in listed] == [each["id"] for each in found["proposals"]]


def test_an_audit_is_ranked_and_printed_as_a_list(shopper: FlaskClient, shop: Shop) -> None:
    found = shopper.post("/v1/audits", json={"field": "color", "rows": 10}).get_json()
    assert found["products"] == 39
    listed = json.loads(run(shop, "audit", "--field", "color", "--rows", "10", "--json").stdout)
    assert [each["id"] for each in listed] == [each["id"] for each in found["proposals"]]


def test_duplicates_of_a_copied_picture(solr_url: str, shop: Shop, tmp_path: Path) -> None:
    """Two rows show one picture under two ids; one of them has no color."""
    with (tmp_path / "copies.csv").open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(["id", "title", "image", "color"])
        pictures = shop.folder / "images"
        for number, name in enumerate(
            ("red-ring-1", "red-ring-1", "blue-square-1", "green-circle-1", "yellow-stripes-2")
        ):
            writer.writerow([f"c{number}", name, pictures / f"{name}.jpg", "" if number == 1 else name.split("-")[0]])
    settings = Settings(home=tmp_path / "home", solr_url=solr_url, collection="api-copies")
    index(settings, tmp_path / "copies.csv", IndexOptions())
    copies = Shop(settings, tmp_path)
    found = json.loads(run(copies, "duplicates", "--field", "color", "--json").stdout)
    assert [(each["products"], each["same"], each["distance"]) for each in found["groups"]] == [
        (["c0", "c1"], True, 0.0)
    ]
    (proposal,) = found["proposals"]
    assert (proposal["product"], proposal["old"], proposal["new"]) == ("c1", [], ["red"])


def test_indexing_can_propose_and_changes_nothing(solr_url: str, shop: Shop, tmp_path: Path) -> None:
    with (shop.folder / "catalogue.csv").open(newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    gone = {rows[number]["product_id"] for number in (5, 17, 33)}
    with (tmp_path / "new.csv").open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, rows[0])
        writer.writeheader()
        for row in rows:
            color = "" if row["product_id"] in gone else row["color"]
            writer.writerow(row | {"image": shop.folder / row["image"], "color": color})
    settings = Settings(home=tmp_path / "home", solr_url=solr_url, collection="api-tagged")
    told = run(
        Shop(settings, tmp_path),
        *("index", str(tmp_path / "new.csv"), "--extractor", "histogram", "--tag", "color,fabric"),
        *("--confidence", "0.3", "--proposals", str(tmp_path / "made.json"), "--json"),
    )
    assert json.loads(told.stdout)["indexed"] == 40
    assert "no product has a field 'fabric'" in told.stderr and "nothing was changed" in told.stderr
    made = json.loads((tmp_path / "made.json").read_bytes())
    assert {each["product"] for each in made} <= gone and made
    assert all(each["tool"] == "tag" and each["confidence"] >= 0.3 and each["field"] == "color" for each in made)
    assert [each["new"] for each in made] == [[each["product"].split("-")[0]] for each in made]
    left = json.loads(run(Shop(settings, tmp_path), "search", "--missing", "color", "--json").stdout)
    assert left["total"] == len(gone)


@pytest.mark.parametrize(
    ("route", "body", "said"),
    [
        ("clusters", {"clusters": 0}, "clusters"),
        ("clusters", {"colour": 1}, "accepted"),
        ("clusters", {"search": {"image_id": "red-ring-1"}}, "max_distance or min_match"),
        ("clusters/assign", {"field": "a", "value": "b", "medoid": "red-ring-1"}, "give members"),
        ("fills", {"field": "weight"}, "no product has a field 'weight'; attributes: category, color"),
        ("fills", {"field": "mood", "value": "warm"}, "without examples"),
        ("fills", {"field": "mood", "positives": ["red-ring-1"]}, "give value"),
        ("audits", {"field": "price"}, "no attribute"),
        ("duplicates", {"within": 2}, "within"),
    ],
)
def test_what_is_wrong_is_said(shopper: FlaskClient, route: str, body: dict[str, object], said: str) -> None:
    refused = shopper.post(f"/v1/{route}", json=body)
    assert refused.status_code == 400 and said in refused.get_json()["detail"]
