"""Every route of the application times every kind of caller: a new route without a role fails here."""

from __future__ import annotations

import hashlib
import json
import random
import time
from collections.abc import Iterator, Mapping

import pytest
from flask import Flask
from werkzeug.routing import Rule

from api.access.keys import Role
from api.app import create_app
from api.openapi import methods
from tests.api.access.issuer import AUDIENCE, Issuer
from tests.api.fakes import FakeWorkspace
from vision.settings import Settings

KEYS = {role: f"{role.label}-key-0123456789" for role in Role}
OPEN = {
    ("GET", "/healthz"): "a load balancer has no key; it says nothing but that the process lives",
    ("GET", "/readyz"): "a load balancer has no key; details are for callers with one",
    ("GET", "/openapi.json"): "the description is public, as this repository is",
    ("GET", "/sign-in"): "asks for the key",
    ("POST", "/sign-in"): "takes the key",
    ("POST", "/sign-out"): "forgets whoever it was",
    ("GET", "/favicon.ico"): "says where the icon is",
    ("GET", "/static/<path:filename>"): "styles and modules, without anybody's data",
}
"""Routes without a role, and why."""
OUTSIDE = {"REMOTE_ADDR": "203.0.113.7"}


@pytest.fixture(scope="module")
def issuer() -> Iterator[Issuer]:
    with Issuer().running() as running:
        yield running


@pytest.fixture(scope="module")
def app(issuer: Issuer, tmp_path_factory: pytest.TempPathFactory) -> Flask:
    folder = tmp_path_factory.mktemp("roles")
    file = folder / "keys.json"
    hashed = "sha256:" + hashlib.sha256(KEYS[Role.MERCHANDISER].encode()).hexdigest()
    file.write_text(
        json.dumps({"shopper": [KEYS[Role.SHOPPER]], "merchandiser": [hashed], "engineer": [KEYS[Role.ENGINEER]]})
    )
    settings = Settings(
        home=folder, api_keys=file, oidc_issuer=issuer.url, oidc_audience=AUDIENCE, rate_limit=0, sign_in_limit=0
    )
    return create_app(settings, FakeWorkspace(folder))


def routes(app: Flask) -> list[tuple[str, Rule]]:
    return [(method, rule) for rule in app.url_map.iter_rules() for method in sorted(methods(rule))]


def needed(app: Flask, rule: Rule) -> Role | None:
    return getattr(app.view_functions[rule.endpoint], "role", None)


def ask(app: Flask, method: str, rule: Rule, headers: Mapping[str, str]) -> tuple[int, str]:
    path = "".join("x" * 32 if is_variable else text for is_variable, text in rule._trace).lstrip("|")
    with app.test_client() as client:
        response = client.open(path, method=method, headers=dict(headers), environ_overrides=OUTSIDE)
        found = response.status_code, response.headers.get("Location", "")
        response.close()
        return found


def test_every_route_has_a_role_or_a_reason(app: Flask) -> None:
    assert {(method, rule.rule) for method, rule in routes(app) if needed(app, rule) is None} == set(OPEN)
    assert len(routes(app)) > 70


def callers(issuer: Issuer) -> dict[str, tuple[Mapping[str, str], Role | None]]:
    """What each kind of caller sends, and the role that it has."""

    def bearer(token: str) -> dict[str, str]:
        return {"Authorization": f"Bearer {token}"}

    good = {f"key of {role.label}": ({"X-API-Key": key}, role) for role, key in KEYS.items()}
    good |= {f"bearer key of {role.label}": (bearer(key), role) for role, key in KEYS.items()}
    good |= {f"token of {role.label}": (bearer(issuer.token(roles=[role.label])), role) for role in Role}
    bad = {
        "nothing": {},
        "a wrong key": {"X-API-Key": "wrong-key-0123456789"},
        "a key's digest": {"X-API-Key": "sha256:" + hashlib.sha256(KEYS[Role.MERCHANDISER].encode()).hexdigest()},
        "a wrong bearer": bearer("wrong-key-0123456789"),
        "an expired token": bearer(issuer.token(roles=["engineer"], exp=int(time.time()) - 120)),
        "another's token": bearer(issuer.token(roles=["engineer"], aud="another")),
        "a basic password": {"Authorization": f"Basic {KEYS[Role.ENGINEER]}"},
        "a forged cookie": {"Cookie": "visual-search=eyJrZXkiOiJ4In0.aAAAAA.forged"},
    }
    return good | {name: (headers, None) for name, headers in bad.items()}


def is_page(rule: Rule) -> bool:
    return not rule.rule.startswith("/v1/") and rule.rule != "/metrics"


def test_every_route_by_every_caller(app: Flask, issuer: Issuer) -> None:
    counted, asking = 0, callers(issuer)
    for method, rule in routes(app):
        role = needed(app, rule)
        for name, (headers, held) in asking.items():
            status, location = ask(app, method, rule, headers)
            told = f"{method} {rule.rule} by {name}: {status}"
            counted += 1
            if role is None:
                assert status not in (401, 403) or rule.rule == "/sign-in", told
            elif held is None:
                assert (status == 303 and location.startswith("/sign-in?")) if is_page(rule) else status == 401, told
            elif held < role:
                assert status == 403, told
            else:
                # Past the gate: what the fakes make of it may be 400 or 404, but it is no matter of who asks.
                assert status not in (401, 403) and not location.startswith("/sign-in"), told
    assert counted == len(routes(app)) * len(asking) > 1000


def test_methods_that_a_route_has_not_open_nothing(app: Flask) -> None:
    known: dict[str, set[str]] = {}
    for rule in app.url_map.iter_rules():
        known.setdefault(rule.rule, set()).update(rule.methods or ())
    for method, rule in routes(app):
        for other in {"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "TRACE"} - known[rule.rule]:
            status, _ = ask(app, other, rule, {})
            assert status in (303, 401, 404, 405), f"{other} instead of {method} {rule.rule}: {status}"


SEED = 7


def test_paths_written_otherwise_open_nothing(app: Flask) -> None:
    """Encoded, doubled and dotted: what is answered to nobody at all stays what it was."""
    chance = random.Random(SEED)
    closed = [(method, rule) for method, rule in routes(app) if needed(app, rule) is not None]
    with app.test_client() as client:
        for _ in range(500):
            method, rule = chance.choice(closed)
            path = list(rule.rule.replace("<", "").replace(">", "").replace("id:", ""))
            for _ in range(chance.randint(1, 3)):
                at = chance.randrange(len(path))
                letter = path[at]
            path[at] = chance.choice(
                [f"%{ord(letter[0]):02x}", letter.upper(), letter * 2, f"/./{letter}", f"/../{letter}", f"{letter};x=1"]
            )
            asked = "/" + "".join(path).lstrip("/")
            response = client.open(asked, method=method, environ_overrides=OUTSIDE)
            assert response.status_code in (303, 308, 401, 404, 405), f"seed {SEED}: {method} {asked}: {response}"
            response.close()
