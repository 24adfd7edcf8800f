"""A small real issuer of tokens: its document, its keys, and tokens good and bad."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import pytest

pytest.importorskip("joserfc", reason="needs joserfc: the extra `oidc`")

from joserfc import jwt  # noqa: E402
from joserfc.jwk import ECKey, KeySet, OctKey, RSAKey  # noqa: E402

from tests.web import Handler, serving  # noqa: E402

AUDIENCE = "visual-search"
_NONE = object()


class Issuer:
    """Answers its two addresses, and counts how often; ``down`` makes it answer 503."""

    def __init__(self) -> None:
        self.keys: list[RSAKey | ECKey] = [RSAKey.generate_key(2048, {"kid": "first", "use": "sig"})]
        self.url = ""
        self.says: dict[str, Any] = {}
        self.asked: list[str] = []
        self.down = False

    @contextmanager
    def running(self) -> Iterator[Issuer]:
        issuer = self

        class Asked(Handler):
            def do_GET(self) -> None:
                issuer.asked.append(self.path)
                body = None if issuer.down else issuer.answer(self.path)
                if body is None:
                    self.say(status=503)
                else:
                    self.say(body, Content_Type="application/json")

        with serving(Asked) as url:
            self.url = f"{url}/realm"
            yield self

    def answer(self, path: str) -> Mapping[str, Any] | None:
        if path == "/realm/.well-known/openid-configuration":
            return {"issuer": self.url, "jwks_uri": f"{self.url}/keys", **self.says}
        shared = OctKey.import_key("a shared secret of the issuer's own", {"kid": "shared"}).as_dict(private=True)
        odd = {"kty": "LATTICE", "kid": "odd"}
        public = KeySet(list(self.keys)).as_dict(private=False)["keys"]
        return {"keys": [odd, shared, *public]} if path == "/realm/keys" else None

    def rotate(self, kid: str = "second") -> None:
        self.keys = [ECKey.generate_key("P-256", {"kid": kid, "use": "sig"})]

    def claims(self, **changes: Any) -> dict[str, Any]:
        now = int(time.time())
        whole = {
            "iss": self.url,
            "aud": AUDIENCE,
            "sub": "somebody",
            "iat": now,
            "exp": now + 300,
            "roles": ["shopper"],
        }
        return {name: value for name, value in (whole | changes).items() if value is not _NONE}

    def token(self, *, key: Any = None, header: Mapping[str, Any] | None = None, **changes: Any) -> str:
        key = key or self.keys[0]
        algorithm = "ES256" if isinstance(key, ECKey) else "RS256"
        whole = {"alg": algorithm, "kid": key.kid, **(header or {})}
        return jwt.encode(whole, self.claims(**changes), key, algorithms=[whole["alg"]])

    @staticmethod
    def without(*names: str) -> dict[str, Any]:
        return dict.fromkeys(names, _NONE)
