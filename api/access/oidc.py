"""Bearer tokens of an OpenID Connect issuer: who signed them, for whom, until when, and which role they carry.

The issuer's keys are fetched when the first token comes, kept, and fetched again when a token names one that is not
there. Only keys of the issuer's own document count; what a token says of keys and addresses is ignored.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import urlsplit

import msgspec
import requests

from api.access.keys import Role
from api.access.loopback import is_loopback
from vision.errors import BadSetting, IssuerUnavailable, NotAuthenticated, NotPermitted
from vision.settings import Settings

if TYPE_CHECKING:
    from joserfc.jwk import Key

ALGORITHMS: Final = ("RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "Ed25519")
"""That may be allowed: of those with a shared secret, an issuer's public key would do as one."""
_SKEW: Final = 60
"""Seconds that the issuer's clock may be off."""
_FRESH, _KEPT = 3600.0, 86400.0
"""Seconds after which keys are fetched again, and up to which they count where that fails."""
_PATIENCE: Final = 10.0
"""Seconds between two fetches, whatever tokens come."""
_TIMEOUT: Final = 5.0
_LONGEST_TOKEN, _LONGEST_DOCUMENT = 16 << 10, 1 << 20


class _Discovery(msgspec.Struct):
    issuer: str
    jwks_uri: str


class _KeySet(msgspec.Struct):
    keys: list[dict[str, Any]]


class IssuerKeys:
    """The public keys of one issuer; safe to share between threads."""

    def __init__(self, issuer: str, *, clock: Callable[[], float] = time.monotonic) -> None:
        """Nothing is fetched yet."""
        self._issuer = issuer
        self._clock = clock
        self._lock = threading.Lock()
        self._keys: dict[str | None, Key] = {}
        self._fetched = self._tried = -1e9

    def get(self, kid: str | None) -> Key | None:
        """The key of this id; without an id the only one there is. None where the issuer has no such key.

        Raises:
            IssuerUnavailable: the keys cannot be had.
        """
        with self._lock:
            age = self._clock() - self._fetched
            found = self._find(kid)
            if (found is None or age > _FRESH) and self._clock() - self._tried >= _PATIENCE:
                self._tried = self._clock()
                try:
                    self._keys, self._fetched = self._fetch(), self._clock()
                except IssuerUnavailable:
                    if age > _KEPT:
                        raise
                return self._find(kid)
            if age > _KEPT:
                raise IssuerUnavailable(f"the keys of {self._issuer} could not be had; they will be asked for again")
            return found

    def _find(self, kid: str | None) -> Key | None:
        if kid is None and len(self._keys) == 1:
            return next(iter(self._keys.values()))
        return self._keys.get(kid)

    def _fetch(self) -> dict[str | None, Key]:
        from joserfc.errors import JoseError
        from joserfc.jwk import import_key

        about = self._read(f"{self._issuer.rstrip('/')}/.well-known/openid-configuration", _Discovery)
        if about.issuer != self._issuer:
            raise IssuerUnavailable(
                f"{self._issuer} says that it is {about.issuer!r}; set VISUAL_SEARCH_OIDC_ISSUER to just that"
            )
        if not trusted(about.jwks_uri):
            raise IssuerUnavailable(f"{self._issuer} has its keys at {about.jwks_uri!r}, which is not https")
        found: dict[str | None, Key] = {}
        for each in self._read(about.jwks_uri, _KeySet).keys:
            if each.get("kty") in ("RSA", "EC", "OKP") and each.get("use", "sig") == "sig":
                try:
                    found[each.get("kid")] = import_key(each)
                except (JoseError, ValueError, TypeError):
                    continue  # of a kind that we do not know: the others count
        return found

    def _read(self, url: str, form: type[Any]) -> Any:
        try:
            with requests.get(url, timeout=_TIMEOUT, allow_redirects=False, stream=True) as answer:
                body = answer.raw.read(_LONGEST_DOCUMENT, decode_content=True)
                if answer.status_code != 200:
                    raise IssuerUnavailable(f"the token issuer answered {answer.status_code} at {url}")
            return msgspec.json.decode(body, type=form)
        except (requests.RequestException, OSError) as error:
            raise IssuerUnavailable(f"the token issuer does not answer at {url}: {type(error).__name__}") from error
        except (msgspec.DecodeError, UnicodeDecodeError) as error:
            raise IssuerUnavailable(f"the token issuer's answer at {url} is not understood: {error}") from error


class Tokens:
    """What makes a token count here."""

    def __init__(
        self,
        keys: IssuerKeys,
        *,
        issuer: str,
        audience: str,
        claim: str,
        roles: Mapping[str, Role],
        algorithms: tuple[str, ...],
        now: Callable[[], float] = time.time,
    ) -> None:
        """Set the rules.

        Args:
            keys: the issuer's.
            issuer: exactly as in ``iss``.
            audience: that ``aud`` has to be or to hold.
            claim: where the roles stand; a dot leads into an object.
            roles: what its values mean.
            algorithms: of signatures.
            now: seconds since 1970.
        """
        self._keys = keys
        self._issuer = issuer
        self._audience = audience
        self._claim = claim
        self._roles = roles
        self._algorithms = algorithms
        self._now = now

    def role(self, token: str) -> Role:
        """The highest role that a token carries.

        Raises:
            NotAuthenticated: not the issuer's, not for us, or not now; says which.
            NotPermitted: a good token that carries no role.
            IssuerUnavailable: the issuer's keys cannot be had.
        """
        held = _within(self._claims(token), self._claim)
        found = [self._roles[each] for each in held if each in self._roles]
        if not found:
            raise NotPermitted(
                f"the token carries no role: {self._claim!r} has to hold one of {', '.join(self._roles)}"
            )
        return max(found)

    def _claims(self, token: str) -> Mapping[str, Any]:
        from joserfc import errors, jwt

        if len(token) > _LONGEST_TOKEN:
            raise NotAuthenticated(f"the token has {len(token):,} characters; at most {_LONGEST_TOKEN:,} are accepted")
        rules = jwt.JWTClaimsRegistry(
            now=lambda: int(self._now()),
            leeway=_SKEW,
            iss={"essential": True, "value": self._issuer},
            aud={"essential": True, "value": self._audience},
            exp={"essential": True},
        )
        try:
            claims = jwt.decode(token, self._key, algorithms=list(self._algorithms)).claims
            rules.validate(claims)
        except errors.ExpiredTokenError as error:
            raise NotAuthenticated("the token expired; get a new one from its issuer") from error
        except errors.ClaimError as error:
            raise NotAuthenticated(
                f"the token's {error.claim} is not accepted; needed: iss {self._issuer}, aud {self._audience}, an exp "
                "to come and no nbf to come"
            ) from error
        except (errors.JoseError, ValueError, TypeError, KeyError) as error:
            raise NotAuthenticated(
                f"the token is not one of {self._issuer}, signed with {' or '.join(self._algorithms)}"
            ) from error
        return claims

    def _key(self, signed: Any) -> Key:
        header = signed.headers()
        kid = header.get("kid")
        found = self._keys.get(kid if isinstance(kid, str) else None)
        if found is None or header.get("alg") not in self._algorithms:
            raise ValueError("no such key")
        return found


def from_settings(settings: Settings) -> Tokens | None:
    """As the settings say; None where they name no issuer.

    Raises:
        BadSetting: a package that is not installed, an address that others can listen to, or a part that is missing.
    """
    issuer, audience = settings.oidc_issuer, settings.oidc_audience
    if issuer is None:
        return None
    if audience is None:
        raise BadSetting("VISUAL_SEARCH_OIDC_ISSUER is set: set VISUAL_SEARCH_OIDC_AUDIENCE to what its tokens name us")
    if not trusted(issuer):
        raise BadSetting(f"VISUAL_SEARCH_OIDC_ISSUER is {issuer!r}; give an https address")
    try:
        import joserfc  # noqa: F401
    except ImportError as error:
        raise BadSetting(
            "tokens (VISUAL_SEARCH_OIDC_ISSUER) need a package that is not installed: "
            "pip install 'solr-visual-search[oidc]', or unset it"
        ) from error
    algorithms = tuple(settings.oidc_algorithms.replace(",", " ").split())
    if not algorithms or not set(algorithms) <= set(ALGORITHMS):
        raise BadSetting(
            f"VISUAL_SEARCH_OIDC_ALGORITHMS is {settings.oidc_algorithms!r}; accepted: {', '.join(ALGORITHMS)}"
        )
    keys = IssuerKeys(issuer)
    roles = _mapping(settings.oidc_roles)
    claim = settings.oidc_roles_claim
    return Tokens(keys, issuer=issuer, audience=audience, claim=claim, roles=roles, algorithms=algorithms)


def is_token(text: str) -> bool:
    """Whether it looks like a signed token: no key that we tell people to make does."""
    return text.count(".") == 2 and text.startswith("ey")


def trusted(url: str) -> bool:
    """Whether nobody between can change what comes from there: https, or this machine."""
    try:
        parts = urlsplit(url)
        return parts.scheme == "https" or (parts.scheme == "http" and is_loopback(parts.hostname or ""))
    except ValueError:
        return False


def _mapping(written: str | None) -> dict[str, Role]:
    known = {role.label: role for role in Role}
    if written is None:
        return known
    found = {}
    for each in written.split(","):
        value, _, role = each.strip().rpartition("=")
        if not value or role.strip() not in known:
            raise BadSetting(
                f"VISUAL_SEARCH_OIDC_ROLES has {each.strip()!r}; accepted: value=role, … with {', '.join(known)}"
            )
        found[value.strip()] = known[role.strip()]
    return found


def _within(claims: Mapping[str, Any], path: str) -> list[str]:
    """The texts of a claim, which is one or a list; the whole path counts before its parts."""
    value: Any = claims.get(path)
    if value is None:
        value = claims
        for part in path.split("."):
            value = value.get(part) if isinstance(value, Mapping) else None
    texts = value.split() if isinstance(value, str) else value
    return [each for each in texts if isinstance(each, str)] if isinstance(texts, list) else []
