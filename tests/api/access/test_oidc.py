"""Tokens of an issuer: what counts and what does not, its keys changed, its clock off, and nobody there."""

from __future__ import annotations

import base64
import json
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from cryptography.hazmat.primitives.hashes import SHA256
from flask.testing import FlaskClient

from api.access import oidc
from api.access.keys import Role
from api.access.oidc import IssuerKeys, Tokens
from api.app import create_app
from tests.api.access.issuer import AUDIENCE, Issuer
from tests.api.fakes import FakeWorkspace
from vision.errors import BadSetting, IssuerUnavailable, NotAuthenticated, NotPermitted
from vision.settings import Settings

joserfc_jwk = pytest.importorskip("joserfc.jwk")
KEY = "engineer-key-0123456789"


@pytest.fixture
def issuer() -> Iterator[Issuer]:
    with Issuer().running() as running:
        yield running


@pytest.fixture
def settings(issuer: Issuer, tmp_path: Path) -> Settings:
    return Settings(home=tmp_path, oidc_issuer=issuer.url, oidc_audience=AUDIENCE)


def tokens(settings: Settings, **changes: Any) -> Tokens:
    made = oidc.from_settings(replace(settings, **changes))
    assert made is not None
    return made


@pytest.mark.parametrize("role", list(Role))
def test_a_good_token_has_its_role(issuer: Issuer, settings: Settings, role: Role) -> None:
    assert tokens(settings).role(issuer.token(roles=[role.label, "unknown"])) is role
    assert tokens(settings).role(issuer.token(roles=["shopper", role.label], aud=["other", AUDIENCE])) is role


def forged(issuer: Issuer, **changes: Any) -> str:
    """Another's key under the issuer's id."""
    key = joserfc_jwk.RSAKey.generate_key(2048, {"kid": "first"})
    return issuer.token(key=key, **changes)


def unsigned(issuer: Issuer) -> str:
    def part(value: object) -> str:
        return base64.urlsafe_b64encode(json.dumps(value).encode()).rstrip(b"=").decode()

    return f"{part({'alg': 'none', 'kid': 'first'})}.{part(issuer.claims(roles=['engineer']))}."


def confused(issuer: Issuer) -> str:
    """Signed with the public key as if it were a shared secret."""
    public = issuer.keys[0].as_pem(private=False)
    key = joserfc_jwk.OctKey.import_key(base64.urlsafe_b64encode(public), {"kid": "first"})
    return issuer.token(key=key, header={"alg": "HS256"}, roles=["engineer"])


def shared(issuer: Issuer) -> str:
    """With the secret that the issuer's own document shows by mistake."""
    key = joserfc_jwk.OctKey.import_key("a shared secret of the issuer's own", {"kid": "shared"})
    return issuer.token(key=key, header={"alg": "HS256"})


def changed(issuer: Issuer) -> str:
    """Another's claims above a good signature."""
    header, _, signature = issuer.token().split(".")
    _, claims, _ = issuer.token(roles=["engineer"]).split(".")
    return f"{header}.{claims}.{signature}"


def carrying(issuer: Issuer) -> str:
    """Brings its own key, and says where more are."""
    key = joserfc_jwk.RSAKey.generate_key(2048, {"kid": "mine"})
    header = {"jwk": key.as_dict(private=False), "jku": f"{issuer.url}/evil"}
    return issuer.token(key=key, header=header, roles=["engineer"])


def headed(issuer: Issuer, header: bytes) -> str:
    """A good signature, under a header that no library writes, of the very bytes."""
    key = issuer.keys[0].private_key
    assert isinstance(key, RSAPrivateKey)
    _, claims, _ = issuer.token().split(".")
    signed = base64.urlsafe_b64encode(header).rstrip(b"=").decode() + "." + claims
    signature = key.sign(signed.encode(), PKCS1v15(), SHA256())
    return f"{signed}.{base64.urlsafe_b64encode(signature).rstrip(b'=').decode()}"


BAD: dict[str, Callable[[Issuer], str]] = {
    "expired": lambda issuer: issuer.token(exp=int(time.time()) - 61),
    "not yet": lambda issuer: issuer.token(nbf=int(time.time()) + 120),
    "of tomorrow": lambda issuer: issuer.token(iat=int(time.time()) + 3600),
    "without an end": lambda issuer: issuer.token(**Issuer.without("exp")),
    "an end in words": lambda issuer: issuer.token(exp="never"),
    "of another issuer": lambda issuer: issuer.token(iss="https://evil.example"),
    "of nobody": lambda issuer: issuer.token(**Issuer.without("iss")),
    "for another": lambda issuer: issuer.token(aud="another-service"),
    "for nobody": lambda issuer: issuer.token(**Issuer.without("aud")),
    "for a prefix": lambda issuer: issuer.token(aud=f"{AUDIENCE}-other"),
    "an unknown key": lambda issuer: issuer.token(header={"kid": "unknown"}),
    "another's key": forged,
    "unsigned": unsigned,
    "a public key as secret": confused,
    "a shared secret": shared,
    "changed": changed,
    "a key of its own": carrying,
    "an algorithm that is not allowed": lambda issuer: issuer.token(header={"alg": "RS512"}),
    "critical": lambda issuer: headed(issuer, b'{"alg":"RS256","kid":"first","crit":["pay"],"pay":1}'),
    "cut": lambda issuer: issuer.token()[:-20],
    "empty parts": lambda issuer: "ey..",
    "no JSON": lambda issuer: "eyJ.eyJ.eyJ",
    "long": lambda issuer: issuer.token(padding="x" * 20_000),
    "a kid that is a number": lambda issuer: headed(issuer, b'{"alg":"RS256","kid":1}'),
}


@pytest.mark.parametrize("bad", BAD)
def test_a_bad_token_is_nobodys(issuer: Issuer, settings: Settings, bad: str) -> None:
    judge, token = tokens(settings), BAD[bad](issuer)
    assert judge.role(issuer.token()) is Role.SHOPPER
    with pytest.raises(NotAuthenticated) as raised:
        judge.role(token)
    assert token not in str(raised.value) and len(str(raised.value)) < 400
    assert not any("evil" in each for each in issuer.asked)


@pytest.mark.parametrize(("off", "good"), [(-50, True), (-70, False)])
def test_a_minute_that_the_clocks_differ_is_allowed(issuer: Issuer, settings: Settings, off: int, good: bool) -> None:
    token = issuer.token(exp=int(time.time()) + off)
    if good:
        assert tokens(settings).role(token) is Role.SHOPPER
    else:
        with pytest.raises(NotAuthenticated, match="expired"):
            tokens(settings).role(token)


@pytest.mark.parametrize("held", [[], ["admin"], "", None, 7, {"engineer": True}, ["ENGINEER"], [["engineer"]]])
def test_a_good_token_without_a_role_may_nothing(issuer: Issuer, settings: Settings, held: Any) -> None:
    with pytest.raises(NotPermitted, match="'roles'"):
        tokens(settings).role(issuer.token(roles=held))


def test_roles_where_the_issuer_has_them(issuer: Issuer, settings: Settings) -> None:
    nested = tokens(
        settings, oidc_roles_claim="realm_access.roles", oidc_roles="search-admins=engineer, staff=merchandiser"
    )
    held = {"realm_access": {"roles": ["staff", "x"]}}
    assert nested.role(issuer.token(**held)) is Role.MERCHANDISER
    assert nested.role(issuer.token(realm_access={"roles": ["search-admins", "staff"]})) is Role.ENGINEER
    with pytest.raises(NotPermitted):
        nested.role(issuer.token(realm_access={"roles": ["engineer"]}))
    address = tokens(settings, oidc_roles_claim="https://shop.example/roles")
    named: dict[str, Any] = {"https://shop.example/roles": "shopper engineer"}
    assert address.role(issuer.token(**named)) is Role.ENGINEER


def test_keys_are_fetched_once_and_again_when_they_change(issuer: Issuer) -> None:
    now = [1000.0]
    keys = IssuerKeys(issuer.url, clock=lambda: now[0])
    assert keys.get("first") is not None and len(issuer.asked) == 2
    for _ in range(50):
        assert keys.get("first") is not None
    assert len(issuer.asked) == 2
    issuer.rotate()
    now[0] += 1
    assert keys.get("second") is None and len(issuer.asked) == 2  # not within ten seconds of the last time
    now[0] += 10
    assert keys.get("second") is not None and keys.get("first") is None and len(issuer.asked) == 4
    for _ in range(1000):  # whatever tokens come, the issuer is left alone
        assert keys.get("made up") is None
    assert len(issuer.asked) == 4
    now[0] += 3601
    assert keys.get("second") is not None and len(issuer.asked) == 6
    assert keys.get("odd") is None and keys.get("shared") is None


def test_an_issuer_that_is_down_is_lived_without_for_a_day(issuer: Issuer) -> None:
    now = [1000.0]
    keys = IssuerKeys(issuer.url, clock=lambda: now[0])
    issuer.down = True
    with pytest.raises(IssuerUnavailable, match="503"):
        keys.get("first")
    with pytest.raises(IssuerUnavailable):
        keys.get("first")
    assert len(issuer.asked) == 1
    issuer.down, now[0] = False, now[0] + 11
    assert keys.get("first") is not None
    issuer.down, now[0] = True, now[0] + 80_000
    assert keys.get("first") is not None
    now[0] += 10_000
    with pytest.raises(IssuerUnavailable):
        keys.get("first")


@pytest.mark.parametrize(
    "says",
    [
        {"issuer": "https://evil.example"},
        {"jwks_uri": "http://evil.example/keys"},
        {"jwks_uri": "file:///etc/passwd"},
        {"jwks_uri": 7},
    ],
)
def test_an_issuer_that_says_something_odd(issuer: Issuer, says: dict[str, Any]) -> None:
    issuer.says = says
    with pytest.raises(IssuerUnavailable):
        IssuerKeys(issuer.url).get("first")
    assert len(issuer.asked) == 1


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"oidc_audience": None}, "OIDC_AUDIENCE"),
        ({"oidc_issuer": "http://id.example"}, "https"),
        ({"oidc_algorithms": "HS256"}, "HS256"),
        ({"oidc_algorithms": "RS256 none"}, "none"),
        ({"oidc_algorithms": " "}, "accepted"),
        ({"oidc_roles": "admins"}, "admins"),
        ({"oidc_roles": "admins=root"}, "root"),
    ],
)
def test_settings_that_cannot_be_used(settings: Settings, changes: dict[str, Any], says: str) -> None:
    with pytest.raises(BadSetting, match=says):
        create_app(replace(settings, **changes))


@pytest.fixture
def client(settings: Settings, workspace: FakeWorkspace) -> FlaskClient:
    return create_app(settings, workspace).test_client()


def asking(token: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}"}


def test_over_http(client: FlaskClient, issuer: Issuer) -> None:
    assert client.get("/v1/facets").status_code == 401
    assert client.get("/v1/facets", headers=asking(issuer.token())).status_code == 200
    assert client.get("/v1/queries", headers=asking(issuer.token())).status_code == 403
    assert client.get("/v1/queries", headers=asking(issuer.token(roles=["engineer"]))).status_code == 200
    assert client.get("/v1/facets", headers=asking(issuer.token(roles=[]))).status_code == 403
    expired = client.get("/v1/facets", headers=asking(issuer.token(exp=1)))
    assert expired.status_code == 401 and "expired" in expired.get_json(force=True)["detail"]
    assert expired.headers["WWW-Authenticate"].startswith("Bearer")
    for each in ("", "nonsense-0123456789"):
        assert client.get("/v1/facets", headers=asking(each)).status_code == 401
    assert client.get("/", headers=asking(issuer.token())).status_code == 200
    assert client.get("/healthz", headers={"Host": "shop.example"}).status_code == 200


def test_who_cannot_be_asked_is_said_to_be_down(client: FlaskClient, issuer: Issuer) -> None:
    issuer.down = True
    response = client.get("/v1/facets", headers=asking(issuer.token()))
    assert response.status_code == 503 and int(response.headers["Retry-After"]) > 0
    assert client.get("/readyz", headers=asking(issuer.token())).get_json()["checks"]


def test_without_keys_nobody_signs_in_to_pages(client: FlaskClient) -> None:
    for key in ("x", "", KEY):
        response = client.post("/sign-in", data={"key": key})
        assert response.status_code == 401 and "Set-Cookie" not in response.headers
    assert client.get("/engine").status_code == 303


def test_keys_count_beside_tokens(settings: Settings, issuer: Issuer, workspace: FakeWorkspace, tmp_path: Path) -> None:
    file = tmp_path / "keys.json"
    file.write_text(json.dumps({"engineer": [KEY]}))
    both = create_app(replace(settings, api_keys=file), workspace).test_client()
    assert both.get("/v1/queries", headers={"X-API-Key": KEY}).status_code == 200
    assert both.get("/v1/queries", headers=asking(KEY)).status_code == 200
    assert both.get("/v1/facets", headers=asking(issuer.token())).status_code == 200
    assert both.get("/v1/facets", headers=asking(issuer.token(exp=1))).status_code == 401
