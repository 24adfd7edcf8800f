from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from flask.testing import FlaskClient

from api.access.keys import Keys, Role, require
from api.access.loopback import is_loopback
from api.access.security import requires
from api.app import create_app
from api.operations import answer
from tests.api.fakes import FakeWorkspace
from vision.errors import BadSetting, NotAuthenticated, NotPermitted
from vision.settings import Settings

SHOPPER, ENGINEER = "shopper-key-0123456789", "engineer-key-0123456789"
SEARCH = {"json": {"q": "x"}}


@pytest.fixture
def guarded(workspace: FakeWorkspace, tmp_path: Path) -> FlaskClient:
    file = tmp_path / "keys.json"
    file.write_text(json.dumps({"shopper": [SHOPPER], "engineer": [ENGINEER]}))
    app = create_app(Settings(home=tmp_path, api_keys=file), workspace)

    @app.get("/for-engineers")
    @requires(Role.ENGINEER)
    def secret() -> Any:
        return answer({})

    return app.test_client()


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({}, 401),
        ({"X-API-Key": "unknown"}, 401),
        ({"X-API-Key": "ü"}, 401),
        ({"Authorization": "Bearer"}, 401),
        ({"Authorization": f"Basic {SHOPPER}"}, 401),
        ({"X-API-Key": SHOPPER}, 200),
        ({"Authorization": f"Bearer {SHOPPER}"}, 200),
        ({"Authorization": f"bearer {ENGINEER}"}, 200),
    ],
)
def test_a_search_needs_a_key(guarded: FlaskClient, headers: dict[str, str], status: int) -> None:
    response = guarded.post("/v1/search", headers=headers, **SEARCH)
    assert response.status_code == status
    if status == 401:
        assert response.mimetype == "application/problem+json"
        assert response.headers["WWW-Authenticate"].startswith("Bearer")


@pytest.mark.parametrize(("key", "status"), [(SHOPPER, 403), (ENGINEER, 200)])
def test_a_role_below_is_refused(guarded: FlaskClient, key: str, status: int) -> None:
    assert guarded.get("/for-engineers", headers={"X-API-Key": key}).status_code == status


@pytest.mark.parametrize("path", ["/v1/products/p1", "/v1/products/p1/image", "/v1/products/p1/similar", "/v1/facets"])
def test_every_resource_needs_a_key(guarded: FlaskClient, path: str) -> None:
    assert guarded.get(path).status_code == 401


@pytest.mark.parametrize("path", ["/sign-in", "/static/shop/main.js", "/healthz", "/openapi.json"])
def test_signing_in_and_liveness_need_none(guarded: FlaskClient, path: str) -> None:
    with guarded.get(path) as response:
        assert response.status_code == 200


def test_readiness_tells_strangers_no_details(guarded: FlaskClient) -> None:
    stranger = guarded.get("/readyz").get_json()
    assert "detail" not in stranger["checks"][0]
    assert "detail" in guarded.get("/readyz", headers={"X-API-Key": SHOPPER}).get_json()["checks"][0]


def test_with_keys_any_host_may_be_asked(guarded: FlaskClient) -> None:
    assert guarded.get("/sign-in", headers={"Host": "shop.example"}).status_code == 200


@pytest.mark.parametrize(
    ("host", "status"),
    [
        ("localhost:8080", 200),
        ("127.0.0.1:8080", 200),
        ("127.1.2.3", 200),
        ("[::1]:8080", 200),
        ("LOCALHOST", 200),
        ("evil.example", 403),
        ("localhost.evil.example", 403),
        ("127.0.0.1.evil.example", 403),
        ("10.0.0.1:8080", 403),
        ("[::bad", 403),
        ("evil.example@localhost", 200),
        ("localhost@evil.example", 403),
    ],
)
def test_without_keys_only_this_machine_is_a_host(client: FlaskClient, host: str, status: int) -> None:
    response = client.get("/", headers={"Host": host})
    assert response.status_code == status
    if status == 403:
        assert response.mimetype == "application/problem+json"


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({}, 200),
        ({"Sec-Fetch-Site": "same-origin"}, 200),
        ({"Sec-Fetch-Site": "none"}, 200),
        ({"Sec-Fetch-Site": "cross-site"}, 403),
        ({"Sec-Fetch-Site": "same-site"}, 403),
        ({"Sec-Fetch-Site": "cross-site", "Origin": "http://localhost"}, 403),
        ({"Origin": "http://localhost"}, 200),
        ({"Origin": "http://localhost:1"}, 403),
        ({"Origin": "https://evil.example"}, 403),
        ({"Origin": "null"}, 403),
    ],
)
def test_pages_of_other_sites_cannot_post(client: FlaskClient, headers: dict[str, str], status: int) -> None:
    assert client.post("/v1/search", headers=headers, **SEARCH).status_code == status


def test_reading_from_elsewhere_is_left_to_the_browser(client: FlaskClient) -> None:
    response = client.get("/healthz", headers={"Sec-Fetch-Site": "cross-site"})
    assert response.status_code == 200
    assert response.headers["Cross-Origin-Resource-Policy"] == "same-origin"
    assert "Access-Control-Allow-Origin" not in response.headers


@pytest.mark.parametrize("path", ["/", "/static/common/base.css", "/healthz", "/nothing"])
def test_headers(client: FlaskClient, path: str) -> None:
    with client.get(path) as response:
        policy = response.headers["Content-Security-Policy"]
        assert "script-src 'self'" in policy and "unsafe" not in policy and "frame-ancestors 'none'" in policy
        assert response.headers["X-Content-Type-Options"] == "nosniff"
        assert response.headers["Referrer-Policy"] == "no-referrer"


@pytest.mark.parametrize(
    ("content", "says"),
    [
        ("{", "not understood"),
        ("[]", "not understood"),
        ('{"shopper": "key"}', "not understood"),
        ('{"admin": ["0123456789abcdef"]}', "admin"),
        ('{"shopper": []}', "no key"),
        ("{}", "no key"),
        ('{"shopper": ["short"]}', "16 characters"),
    ],
)
def test_a_keys_file_that_cannot_be_used(tmp_path: Path, content: str, says: str) -> None:
    file = tmp_path / "keys.json"
    file.write_text(content)
    with pytest.raises(BadSetting, match=says):
        create_app(Settings(home=tmp_path, api_keys=file))


def test_no_keys_file(tmp_path: Path) -> None:
    with pytest.raises(BadSetting, match="cannot be read"):
        Keys.load(tmp_path / "none.json")


def test_keys() -> None:
    keys = Keys({Role.SHOPPER: ["a"], Role.MERCHANDISER: ["b", "a"]})
    assert keys.role("a") is Role.MERCHANDISER
    with pytest.raises(NotPermitted, match="engineer"):
        require(keys.role("b"), Role.ENGINEER)
    with pytest.raises(NotAuthenticated):
        keys.role(None)
    assert Keys().role(None) is Role.ENGINEER


@pytest.mark.parametrize(
    ("name", "expected"),
    [("localhost", True), ("127.0.0.1", True), ("::1", True), ("0.0.0.0", False), ("::", False), ("example", False)],
)
def test_loopback(name: str, expected: bool) -> None:
    assert is_loopback(name) is expected
