"""`/v1/proposals` and `/v1/changes` over a real Solr."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest
from flask.testing import FlaskClient

from api.app import create_app
from tests.api.fakes import FakeWorkspace
from tests.catalog.shop import Shop
from tests.catalog.support import catalogue
from tests.merchandising.material import proposal
from vision.settings import Settings

KEYS = {role: f"{role}-key-0123456789" for role in ("shopper", "merchandiser")}


@pytest.fixture
def client(solr_url: str, tmp_path: Path) -> Iterator[FlaskClient]:
    shop = Shop(tmp_path / "home", solr_url, "changes_http")
    shop.index(catalogue(tmp_path / "catalogue", 6))
    yield create_app(shop.settings).test_client()
    shop.drop()


def plain(*proposals: Any) -> Any:
    return {"proposals": msgspec.to_builtins(list(proposals))}


def asked(client: FlaskClient, method: str, path: str, status: int = 200, **given: Any) -> Any:
    answered = client.open(path, method=method, **given)
    assert answered.status_code == status, answered.get_data(as_text=True)
    return answered.get_json()


@pytest.mark.solr
def test_the_whole_loop(client: FlaskClient) -> None:
    first, second = proposal("p00000", ["red"], ["mauve"]), proposal("p00001", ["pink"], ["mauve"])
    assert asked(client, "POST", "/v1/proposals", json=plain(first, second)) == {"saved": 2, "open": 2}
    page = asked(client, "GET", "/v1/proposals?field=color&min_confidence=0.5&rows=1")
    assert (page["total"], len(page["proposals"]), page["proposals"][0]["state"]) == (2, 1, "open")
    said = {"ids": [first.id, second.id], "by": "Ada", "why": "they are"}
    change = asked(client, "POST", "/v1/proposals/accept", json=said)
    assert (change["counts"], change["by"], change["why"]) == ({"written": 1, "conflict": 1}, "Ada", "they are")
    assert asked(client, "GET", f"/v1/proposals/{first.id}")["change"] == change["id"]
    hits = asked(client, "POST", "/v1/search", json={"q": "mauve"})["hits"]
    assert [hit["id"] for hit in hits] == ["p00000"]
    whole = asked(client, "GET", f"/v1/changes/{change['id']}")
    assert [each["outcome"] for each in whole["items"]] == ["written", "conflict"]
    assert whole["items"][1]["detail"] == {"why": "it has another value", "found": ["green"]}
    assert asked(client, "POST", f"/v1/changes/{change['id']}/resume") == change
    undo = asked(client, "POST", f"/v1/changes/{change['id']}/undo", json={"by": "Bea"})
    assert (undo["undoes"], undo["counts"]) == (change["id"], {"written": 1})
    assert asked(client, "POST", "/v1/search", json={"q": "mauve", "spelling": "off"})["total"] == 0
    assert [each["state"] for each in asked(client, "GET", "/v1/changes")["changes"]] == ["written", "undone"]
    csv = client.get("/v1/changes.csv?state=undone")
    assert (csv.mimetype, csv.text.splitlines()[1].split(",")[:4]) == ("text/csv", ["p00000", "color", "red", "mauve"])
    assert asked(client, "POST", "/v1/proposals/reject", json={"ids": [first.id], "by": "Ada"}) == {"rejected": 1}
    # A rejection stays when the same is proposed again, and goes when it is taken back; once.
    assert asked(client, "POST", "/v1/proposals", json=plain(first)) == {"saved": 1, "open": 0}
    for count in (1, 0):
        said = {"ids": [first.id], "by": "Bea", "why": "too quick"}
        assert asked(client, "POST", "/v1/proposals/reopen", json=said) == {"reopened": count}
    taken_back = asked(client, "GET", f"/v1/proposals/{first.id}")
    assert (taken_back["state"], taken_back["by"], taken_back["why"]) == ("open", "Bea", "too quick")
    again = asked(client, "POST", f"/v1/changes/{change['id']}/undo", 409, json={"by": "Bea"})
    assert "left to be undone" in again["detail"]


PROBLEMS: list[tuple[str, str, Any, int, str]] = [
    ("POST", "/v1/proposals", {"proposals": [{"id": "x"}]}, 400, "not understood"),
    ("POST", "/v1/proposals/accept", {"ids": ["x"]}, 400, "by"),
    ("POST", "/v1/proposals/accept", {"ids": [], "by": "Ada"}, 400, "ids"),
    ("POST", "/v1/proposals/accept", {"ids": ["x"], "by": " "}, 400, "who decides"),
    ("POST", "/v1/proposals/accept", {"ids": ["x"], "by": "Ada"}, 404, "no proposal 'x'"),
    ("POST", "/v1/proposals/reject", {"ids": ["x"], "by": "Ada"}, 404, "no proposal 'x'"),
    ("GET", "/v1/proposals/x", None, 404, "no proposal 'x'"),
    ("GET", "/v1/proposals?state=odd", None, 400, "open, accepted"),
    ("GET", "/v1/proposals?tool=odd", None, 400, "cluster"),
    ("GET", "/v1/proposals?min_confidence=2", None, 400, "0 to 1"),
    ("GET", "/v1/proposals?rows=0", None, 400, "whole number"),
    ("GET", "/v1/changes/x", None, 404, "no change set 'x'"),
    ("POST", "/v1/changes/x/undo", {"by": "Ada"}, 404, "no change set 'x'"),
    ("POST", "/v1/changes/x/undo", {}, 400, "by"),
    ("POST", "/v1/changes/x/resume", None, 404, "no change set 'x'"),
    ("GET", "/v1/changes.csv?state=odd", None, 400, "written"),
    ("GET", "/v1/changes.csv?raw=odd", None, 400, "true, false"),
]


@pytest.mark.solr
def test_problems(client: FlaskClient) -> None:
    for method, path, body, status, says in PROBLEMS:
        problem = asked(client, method, path, status, **({} if body is None else {"json": body}))
        assert says in problem["detail"], path


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/v1/proposals"),
        ("POST", "/v1/proposals"),
        ("GET", "/v1/proposals/x"),
        ("POST", "/v1/proposals/accept"),
        ("POST", "/v1/proposals/reject"),
        ("POST", "/v1/proposals/reopen"),
        ("GET", "/v1/changes"),
        ("GET", "/v1/changes/x"),
        ("POST", "/v1/changes/x/undo"),
        ("POST", "/v1/changes/x/resume"),
        ("GET", "/v1/changes.csv"),
    ],
)
def test_shoppers_neither_see_nor_change_anything(
    workspace: FakeWorkspace, tmp_path: Path, method: str, path: str
) -> None:
    file = tmp_path / "keys.json"
    file.write_text(json.dumps({role: [key] for role, key in KEYS.items()}))
    client = create_app(Settings(home=tmp_path, api_keys=file), workspace).test_client()
    assert client.open(path, method=method).status_code == 401
    refused = client.open(path, method=method, headers={"X-API-Key": KEYS["shopper"]})
    assert (refused.status_code, "needs the role merchandiser" in refused.text) == (403, True)
    allowed = client.open(path, method=method, headers={"X-API-Key": KEYS["merchandiser"]})
    assert allowed.status_code not in (401, 403)
