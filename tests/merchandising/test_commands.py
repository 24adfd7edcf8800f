"""``visual-search changes`` in processes of its own, as a merchandiser uses it."""

from __future__ import annotations

import csv
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest
from click.testing import CliRunner

from tests.catalog.shop import Shop
from tests.catalog.support import catalogue
from tests.merchandising.material import proposal
from vision.cli import main


@pytest.fixture
def shop(solr_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Shop]:
    shop = Shop(tmp_path / "home", solr_url, "changes_command")
    shop.index(catalogue(tmp_path / "catalogue", 6))
    monkeypatch.setenv("SOLR_URL", solr_url)
    monkeypatch.setenv("VISUAL_SEARCH_HOME", str(shop.home))
    monkeypatch.setenv("VISUAL_SEARCH_COLLECTION", shop.name)
    monkeypatch.chdir(tmp_path)
    yield shop
    shop.drop()


def run(*arguments: str, status: int = 0) -> str:
    done = CliRunner().invoke(main, ["changes", *arguments], catch_exceptions=False)
    assert done.exit_code == status, done.output
    return done.stdout if status == 0 else done.output


def told(*arguments: str) -> Any:
    return json.loads(run(*arguments, "--json"))


def colors(shop: Shop) -> list[list[str]]:
    return [each["attr_color"] for each in shop.documents("attr_color").values()]


@pytest.mark.solr
def test_from_proposals_to_the_catalogue(shop: Shop, tmp_path: Path) -> None:
    before = colors(shop)
    proposals = [proposal("p00000", ["red"], ["mauve"]), proposal("p00001", ["green"], ["a", "b"])]
    proposals.append(proposal("p00002", ["pink"], ["blue"]))
    Path("proposals.json").write_bytes(msgspec.json.encode(proposals))
    assert told("save", "proposals.json") == {"saved": 3, "open": 3}
    assert [each["product"] for each in told("list", "--proposals")] != []
    assert told("reject", proposals[2].id, "--by", "Ada") == {"rejected": 1}
    assert told("reopen", proposals[2].id, "--by", "Bea") == {"reopened": 1}
    assert told("reject", proposals[2].id, "--by", "Ada") == {"rejected": 1}
    change = told("accept", "--all", "--by", "Ada", "--why", "looked at them")
    assert (change["state"], change["by"], change["counts"]) == ("written", "Ada", {"written": 2})
    assert colors(shop)[:2] == [["mauve"], ["a", "b"]]
    run("export", "changes.csv", "--state", "written")
    with Path("changes.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    assert [(row["product_id"], row["field"], row["before"], row["after"], row["who"]) for row in rows] == [
        ("p00000", "color", "red", "mauve", "Ada"),
        ("p00001", "color", "green", "a|b", "Ada"),
    ]
    shown = told("show", change["id"])
    assert [each["outcome"] for each in shown["items"]] == ["written", "written"]
    assert told("resume", change["id"]) == change
    undo = told("undo", change["id"], "--by", "Bea", "--product", "p00000")
    assert (undo["undoes"], undo["counts"]) == (change["id"], {"written": 1})
    assert colors(shop)[:2] == [["red"], ["a", "b"]]
    told("undo", change["id"], "--by", "Bea")
    assert colors(shop) == before
    assert [each["state"] for each in told("list")] == ["written", "written", "undone"]
    assert "color: green -> a|b  undone" in run("show", change["id"])


@pytest.mark.solr
def test_conflicts_are_an_exit_status(shop: Shop) -> None:
    wrong = proposal("p00000", ["pink"], ["mauve"])
    Path("proposals.json").write_bytes(msgspec.json.encode([wrong]))
    said = run("accept", "--from", "proposals.json", "--by", "Ada", status=1)
    assert "1 were in conflict" in said and "not written" in said


REFUSALS: list[tuple[list[str], int, str]] = [
    (["accept", "--by", "Ada"], 2, "say which proposals"),
    (["accept", "x", "--all", "--by", "Ada"], 2, "say which proposals"),
    (["accept", "x"], 2, "--by"),
    (["accept", "nothing", "--by", "Ada"], 1, "no proposal 'nothing' is kept"),
    (["accept", "--from", "none.json", "--by", "Ada"], 2, "cannot be read"),
    (["accept", "--all", "--by", "Ada"], 2, "no proposal is named"),
    (["undo", "nothing", "--by", "Ada"], 1, "no change set 'nothing'"),
    (["resume", "nothing"], 1, "no change set 'nothing'"),
    (["export", "none/changes.csv"], 2, "cannot be written"),
]


def test_refusals(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SOLR_URL", "http://127.0.0.1:9/solr")
    monkeypatch.setenv("VISUAL_SEARCH_HOME", str(tmp_path))
    monkeypatch.setenv("VISUAL_SEARCH_COLLECTION", "nowhere")
    monkeypatch.chdir(tmp_path)
    for arguments, status, says in REFUSALS:
        assert says in run(*arguments, status=status), arguments
