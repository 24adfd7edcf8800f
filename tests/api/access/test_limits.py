from __future__ import annotations

import json
import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from flask.testing import FlaskClient

from api.app import create_app
from tests.api.fakes import FakeWorkspace

SHOPPER, ENGINEER = "shopper-0123456789", "engineer-0123456789"


@pytest.fixture
def keys(tmp_path: Path) -> Path:
    file = tmp_path / "keys.json"
    file.write_text(json.dumps({"shopper": [SHOPPER], "engineer": [ENGINEER]}))
    return file


def made(workspace: FakeWorkspace, **settings: Any) -> FlaskClient:
    return create_app(replace(workspace.settings, **settings), workspace).test_client()


def statuses(client: FlaskClient, count: int, key: str | None = None, **options: Any) -> list[int]:
    headers = options.pop("headers", {}) | ({} if key is None else {"X-API-Key": key})
    return [client.post("/v1/search", json={"q": "x"}, headers=headers, **options).status_code for _ in range(count)]


def test_a_client_may_send_so_many_and_no_more(workspace: FakeWorkspace) -> None:
    client = made(workspace, rate_limit=5)
    for left in (4, 3, 2, 1, 0):
        response = client.post("/v1/search", json={"q": "x"})
        assert response.status_code == 200
        assert response.headers["RateLimit-Policy"] == '"client";q=5;w=60'
        assert re.fullmatch(rf'"client";r={left};t=\d+', response.headers["RateLimit"])
    refused = client.post("/v1/search", json={"q": "x"})
    assert refused.status_code == 429 and refused.mimetype == "application/problem+json"
    assert "has sent its 5 requests of this minute" in refused.get_json(force=True)["detail"]
    wait = int(refused.headers["Retry-After"])
    assert 1 <= wait <= 60 and refused.headers["RateLimit"] == f'"client";r=0;t={wait}'
    assert [client.get(path).status_code for path in ("/healthz", "/static/common/page.css")] != [429, 429]
    assert client.get("/healthz").status_code == 200


def test_it_is_off_without_keys_and_on_with_them(workspace: FakeWorkspace, keys: Path) -> None:
    assert statuses(made(workspace), 30) == [200] * 30
    response = made(workspace, api_keys=keys).get("/v1/facets", headers={"X-API-Key": SHOPPER})
    assert response.headers["RateLimit-Policy"] == '"client";q=1200;w=60'
    assert "RateLimit" not in made(workspace, api_keys=keys, rate_limit=0).get("/", headers={}).headers


def test_each_key_is_a_client_whatever_its_address(workspace: FakeWorkspace, keys: Path) -> None:
    client = made(workspace, api_keys=keys, rate_limit=3)
    elsewhere = {"environ_base": {"REMOTE_ADDR": "198.51.100.7"}}
    assert statuses(client, 3, SHOPPER) == [200] * 3
    assert statuses(client, 1, SHOPPER, **elsewhere) == [429]
    assert statuses(client, 1, ENGINEER) == [200]


def test_new_keys_make_no_new_clients(workspace: FakeWorkspace, keys: Path) -> None:
    """Guessing: a new key every time is one client, and a slow one."""
    client = made(workspace, api_keys=keys, sign_in_limit=10)
    found = [statuses(client, 1, f"guess-{number:016}")[0] for number in range(30)]
    assert found == [401] * 10 + [429] * 20
    assert statuses(client, 2, SHOPPER) == [200] * 2, "whoever has a key is not kept out by who guesses"


def test_signing_in_has_a_limit_of_its_own(workspace: FakeWorkspace, keys: Path) -> None:
    client = made(workspace, api_keys=keys, sign_in_limit=4)
    form = {"data": {"key": "wrong-0123456789ab"}}
    assert [client.post("/sign-in", **form).status_code for _ in range(6)] == [401] * 4 + [429] * 2
    right = client.post("/sign-in", data={"key": SHOPPER})
    assert right.status_code == 429 and int(right.headers["Retry-After"]) <= 60
    assert "4 keys tried" in right.get_json(force=True)["detail"]
    other = client.post("/sign-in", data={"key": SHOPPER}, environ_base={"REMOTE_ADDR": "198.51.100.7"})
    assert other.status_code == 303


def test_a_batch_counts_as_its_searches(workspace: FakeWorkspace) -> None:
    client = made(workspace, rate_limit=10)
    batch = {"searches": [{"q": "x"}] * 8}
    first = client.post("/v1/search/batch", json=batch)
    assert first.status_code == 200 and first.headers["RateLimit"].startswith('"client";r=2;')
    assert client.post("/v1/search/batch", json=batch).status_code == 429


@pytest.mark.parametrize(
    ("trusted", "forwarded", "other", "counted_apart"),
    [
        ("", "203.0.113.1", "203.0.113.2", False),
        ("10.0.0.0/8", "203.0.113.1", "203.0.113.2", False),
        ("127.0.0.0/8", "203.0.113.1", "203.0.113.2", True),
        ("127.0.0.0/8, 10.0.0.0/8", "203.0.113.1, 10.0.0.9", "203.0.113.2, 10.0.0.9", True),
        # What the client wrote itself stands first.
        ("127.0.0.0/8", "198.51.100.1, 203.0.113.1", "198.51.100.2, 203.0.113.1", False),
        ("127.0.0.0/8", "2001:db8:0:1::1", "2001:db8:0:1::2", False),
        ("127.0.0.0/8", "2001:db8:0:1::1", "2001:db8:0:2::1", True),
        ("127.0.0.0/8", "nonsense", "more\x7fnonsense", False),
    ],
)
def test_an_address_behind_a_proxy(
    workspace: FakeWorkspace, trusted: str, forwarded: str, other: str, counted_apart: bool
) -> None:
    client = made(workspace, rate_limit=3, trusted_proxies=trusted)
    assert statuses(client, 3, headers={"X-Forwarded-For": forwarded}) == [200] * 3
    assert statuses(client, 1, headers={"X-Forwarded-For": other}) == [200 if counted_apart else 429]


def test_https_is_believed_of_trusted_proxies_alone(workspace: FakeWorkspace, keys: Path) -> None:
    for trusted, secure in (("127.0.0.0/8", True), ("10.0.0.0/8", False)):
        client = made(workspace, api_keys=keys, trusted_proxies=trusted)
        response = client.post("/sign-in", data={"key": SHOPPER}, headers={"X-Forwarded-Proto": "https"})
        assert response.status_code == 303 and ("Secure" in response.headers["Set-Cookie"]) is secure


def test_a_network_that_is_none(workspace: FakeWorkspace) -> None:
    from vision.errors import BadSetting

    with pytest.raises(BadSetting, match="give networks as"):
        made(workspace, trusted_proxies="my-proxy")
