"""Who may see the merchandiser's pages, and what they say while Solr is away."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest
from flask.testing import FlaskClient

from api.app import create_app
from tests.api.fakes import FakeWorkspace
from tests.api.shop import Shop
from vision.settings import Settings
from vision.solr.embedded.home import choose_port

SECTIONS = ("groups", "fill", "audit", "duplicates", "proposals", "changes")
KEYS = {role: f"{role}-key-0123456789" for role in ("shopper", "merchandiser")}


@pytest.fixture
def guarded(workspace: FakeWorkspace, tmp_path: Path) -> FlaskClient:
    file = tmp_path / "keys.json"
    file.write_text(json.dumps({role: [key] for role, key in KEYS.items()}))
    return create_app(Settings(home=tmp_path, api_keys=file), workspace).test_client()


@pytest.mark.parametrize("section", SECTIONS)
def test_who_is_not_signed_in_is_sent_to_sign_in_and_a_shopper_is_refused(guarded: FlaskClient, section: str) -> None:
    path = f"/merchandise/{section}"
    away = guarded.get(path)
    assert (away.status_code, away.headers["Location"]) == (303, f"/sign-in?next=/merchandise/{section}")
    refused = guarded.get(path, headers={"X-API-Key": KEYS["shopper"]})
    assert refused.status_code == 403 and "needs the role merchandiser" in refused.text
    assert "Merchandise" not in guarded.get("/", headers={"X-API-Key": KEYS["shopper"]}).text


@pytest.mark.solr
@pytest.mark.parametrize("section", SECTIONS)
def test_each_page_is_there_and_names_the_others(wares: Shop, section: str) -> None:
    page = create_app(wares.settings).test_client().get(f"/merchandise/{section}")
    assert page.status_code == 200
    assert page.headers["Cache-Control"] == "private, no-cache"
    assert all(f'href="/merchandise/{other}"' in page.text for other in SECTIONS)
    assert page.text.count('aria-current="page"') == 1
    assert "<script>" not in page.text and "style=" not in page.text


@pytest.mark.solr
def test_while_solr_is_away_what_is_kept_is_shown_and_the_rest_says_so(wares: Shop) -> None:
    nowhere = replace(wares.settings, solr_url=f"http://127.0.0.1:{choose_port(0)}/solr")
    client = create_app(nowhere).test_client()
    for section in ("proposals", "changes"):
        assert client.get(f"/merchandise/{section}").status_code == 200
    for section in ("groups", "fill", "audit", "duplicates"):
        page = client.get(f"/merchandise/{section}")
        assert page.status_code == 503 and "Solr does not answer" in page.text and "Try again" in page.text


@pytest.mark.solr
def test_what_is_asked_wrongly_is_a_page_that_says_so(wares: Shop) -> None:
    client = create_app(wares.settings).test_client()
    page = client.get("/merchandise/proposals?state=odd")
    assert page.status_code == 400 and "open, accepted, rejected, superseded" in page.text
    assert client.get("/merchandise/changes/0123456789abcdef").status_code == 404
