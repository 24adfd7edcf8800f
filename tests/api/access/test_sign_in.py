"""Signing in: a cookie stands for a key, and for nothing longer than the key is configured."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from flask.testing import FlaskClient

from api.app import create_app
from tests.api.fakes import FakeWorkspace
from vision.settings import Settings

SHOPPER, OTHER = "shopper-key-0123456789", "another-key-0123456789"
SEARCH = {"json": {"q": "x"}}


@pytest.fixture
def keys(tmp_path: Path) -> Path:
    file = tmp_path / "keys.json"
    file.write_text(json.dumps({"shopper": [SHOPPER], "merchandiser": [OTHER]}))
    return file


@pytest.fixture
def guarded(workspace: FakeWorkspace, keys: Path, tmp_path: Path) -> FlaskClient:
    return create_app(Settings(home=tmp_path, api_keys=keys), workspace).test_client()


def enter(client: FlaskClient, key: str, onward: str = "/") -> tuple[int, str]:
    response = client.post("/sign-in", data={"key": key, "next": onward})
    return response.status_code, response.headers.get("Location", "")


def test_the_page_asks_who_it_is_and_goes_on_where_it_was(guarded: FlaskClient) -> None:
    sent = guarded.get("/?q=red+dress")
    assert (sent.status_code, sent.location) == (303, "/sign-in?next=/?q%3Dred%2Bdress")
    form = guarded.get(sent.location)
    assert 'name="next" value="/?q=red+dress"' in form.text and form.headers["Cache-Control"] == "no-store"
    assert enter(guarded, SHOPPER, "/?q=red+dress") == (303, "/?q=red+dress")
    assert guarded.get("/?q=red+dress").status_code == 200
    assert guarded.post("/v1/search", **SEARCH).status_code == 200


def test_a_wrong_key_is_told_and_kept_nowhere(guarded: FlaskClient) -> None:
    refused = guarded.post("/sign-in", data={"key": "wrong", "next": "/"})
    assert refused.status_code == 401 and "not one of those configured" in refused.text
    assert "wrong" not in refused.text and "Set-Cookie" not in refused.headers
    assert guarded.post("/v1/search", **SEARCH).status_code == 401


@pytest.mark.parametrize(
    "onward", ["https://elsewhere.example/", "//elsewhere.example", "/\\elsewhere.example", "x", ""]
)
def test_nobody_is_sent_to_another_site(guarded: FlaskClient, onward: str) -> None:
    assert enter(guarded, SHOPPER, onward) == (303, "/")


def test_the_cookie(guarded: FlaskClient) -> None:
    plain = guarded.post("/sign-in", data={"key": SHOPPER}).headers["Set-Cookie"]
    assert "HttpOnly" in plain and "SameSite=Lax" in plain and "Secure" not in plain and SHOPPER not in plain
    assert "Secure" in guarded.post("https://localhost/sign-in", data={"key": SHOPPER}).headers["Set-Cookie"]


def test_another_site_cannot_sign_anybody_in(guarded: FlaskClient) -> None:
    response = guarded.post("/sign-in", data={"key": SHOPPER}, headers={"Sec-Fetch-Site": "cross-site"})
    assert response.status_code == 403 and "Set-Cookie" not in response.headers


def test_signing_out(guarded: FlaskClient) -> None:
    enter(guarded, SHOPPER)
    assert guarded.post("/sign-out").status_code == 303
    assert guarded.post("/v1/search", **SEARCH).status_code == 401


def test_a_forged_cookie_is_nobody(guarded: FlaskClient) -> None:
    enter(guarded, SHOPPER)
    cookie = guarded.get_cookie("visual-search")
    assert cookie is not None
    body, _, rest = cookie.value.partition(".")
    guarded.set_cookie("visual-search", f"{body[:-2]}AA.{rest}")
    assert guarded.post("/v1/search", **SEARCH).status_code == 401


def test_a_key_that_is_taken_away_ends_what_it_signed_in(
    workspace: FakeWorkspace, keys: Path, tmp_path: Path, guarded: FlaskClient
) -> None:
    enter(guarded, SHOPPER)
    cookie = guarded.get_cookie("visual-search")
    assert cookie is not None
    keys.write_text(json.dumps({"shopper": [OTHER]}))
    later = create_app(Settings(home=tmp_path, api_keys=keys), workspace).test_client()
    later.set_cookie("visual-search", cookie.value)
    assert later.post("/v1/search", **SEARCH).status_code == 401


def test_a_key_that_is_sent_counts_before_the_cookie(guarded: FlaskClient) -> None:
    enter(guarded, SHOPPER)
    assert guarded.post("/v1/search", headers={"X-API-Key": "unknown"}, **SEARCH).status_code == 401
    refused = guarded.get("/v1/changes")
    assert refused.status_code == 403 and "role is shopper" in refused.get_json()["detail"]


def test_without_keys_there_is_nothing_to_sign_in_to(client: FlaskClient) -> None:
    assert client.get("/sign-in?next=/?q=x").location == "/?q=x"
    assert "Set-Cookie" not in client.get("/").headers
