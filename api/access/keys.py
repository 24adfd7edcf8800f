"""Roles and the keys that carry them."""

from __future__ import annotations

import hashlib
import hmac
import logging
import re
import threading
import time
from collections.abc import Mapping, Sequence
from enum import IntEnum
from pathlib import Path
from typing import Final

import msgspec

from vision import atomic
from vision.errors import BadSetting, NotAuthenticated, NotPermitted

_LOG = logging.getLogger(__name__)

MIN_LENGTH: Final = 16
HASHED: Final = "sha256:"
"""Before a key's digest, in place of the key."""
_HASH: Final = re.compile(r"sha256:[0-9a-f]{64}")
_MARK: Final = 32
_LOOK: Final = 1.0
"""Seconds between two looks at the file."""


class Role(IntEnum):
    """Who calls; each may do what those before it may."""

    SHOPPER = 1
    MERCHANDISER = 2
    ENGINEER = 3

    @property
    def label(self) -> str:
        """As it is written in the keys file."""
        return self.name.lower()


class Keys:
    """The configured API keys; without any, every caller is an engineer. Safe to share between threads."""

    def __init__(self, keys: Mapping[Role, Sequence[str]] | None = None) -> None:
        """Only digests of the keys are kept; a key that is written as one already is kept as it is."""
        self._digests = [(_read(key), role) for role, values in (keys or {}).items() for key in values]
        self._path: Path | None = None
        self._seen: tuple[int, int, int] | None = None
        self._looked = 0.0
        self._lock = threading.Lock()

    def __bool__(self) -> bool:
        """Whether keys are needed at all."""
        return bool(self._digests)

    @classmethod
    def load(cls, path: Path | None) -> Keys:
        """Read ``{"shopper": ["…"], "engineer": ["sha256:…"]}``; what is written there later counts within a second.

        Raises:
            BadSetting: a file that cannot be read, of another form, without a key, or with a key that is too short.
        """
        if path is None:
            return cls()
        seen = atomic.stamp(path)
        keys = cls(_parsed(path))
        keys._path, keys._seen, keys._looked = path, seen, time.monotonic()
        return keys

    def reload(self) -> None:
        """Read the file again; one that cannot be used changes nothing and is logged."""
        if self._path is None:
            return
        seen = atomic.stamp(self._path)
        try:
            digests = Keys(_parsed(self._path))._digests
        except BadSetting as error:
            _LOG.error("the API keys stay as they were: %s", error)
        else:
            self._digests = digests
            _LOG.warning("the API keys were read again: %d", len(digests))
        self._seen = seen

    def _refresh(self) -> None:
        if self._path is None or time.monotonic() - self._looked < _LOOK:
            return
        with self._lock:
            self._looked = time.monotonic()
            if atomic.stamp(self._path) != self._seen:
                self.reload()

    def role(self, key: str | None) -> Role:
        """Whose key it is.

        Raises:
            NotAuthenticated: no key came, or one that is not configured.
        """
        self._refresh()
        if not self._digests:
            return Role.ENGINEER
        if not key:
            raise NotAuthenticated("this needs an API key; send it as `Authorization: Bearer KEY` or `X-API-Key: KEY`")
        digest = _digest(key)
        # Every key is compared, so that the time taken does not tell which one nearly matched.
        roles = [role for known, role in self._digests if hmac.compare_digest(known, digest)]
        if not roles:
            raise NotAuthenticated("the API key is not one of those configured")
        return max(roles)

    def mark(self, key: str) -> str:
        """What stands for a key where the key itself should not be kept.

        Raises:
            NotAuthenticated: a key that is not configured.
        """
        self.role(key)
        return _digest(key).hex()[:_MARK]

    def role_of_mark(self, mark: str) -> Role:
        """Whose key a mark stands for.

        Raises:
            NotAuthenticated: the key is no longer configured.
        """
        self._refresh()
        roles = [role for digest, role in self._digests if hmac.compare_digest(digest.hex()[:_MARK], mark)]
        if not roles:
            raise NotAuthenticated("the API key that was signed in with is no longer configured; sign in again")
        return max(roles)


def require(role: Role, needed: Role) -> None:
    """Refuse a caller below ``needed``.

    Raises:
        NotPermitted: the role may not do this.
    """
    if role < needed:
        raise NotPermitted(f"this needs the role {needed.label}; the key's role is {role.label}")


def _parsed(path: Path) -> dict[Role, list[str]]:
    accepted = f"accepted: JSON {{role: [keys]}} with the roles {', '.join(role.label for role in Role)}"
    try:
        found = msgspec.json.decode(path.read_bytes(), type=dict[str, list[str]])
    except OSError as error:
        raise BadSetting(f"the API keys file {path} cannot be read: {error.strerror}") from error
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise BadSetting(f"the API keys file {path} is not understood: {error}; {accepted}") from error
    by_role = {role.label: role for role in Role}
    unknown = sorted(set(found) - set(by_role))
    if unknown:
        raise BadSetting(f"the API keys file {path} has the roles {', '.join(unknown)}; {accepted}")
    if not any(found.values()):
        raise BadSetting(f"the API keys file {path} has no key; {accepted}")
    if any(len(key) < MIN_LENGTH for keys in found.values() for key in keys):
        raise BadSetting(f"the API keys file {path} has a key of fewer than {MIN_LENGTH} characters")
    if any(key.startswith(HASHED) and not _HASH.fullmatch(key) for keys in found.values() for key in keys):
        raise BadSetting(f"the API keys file {path} has a key with {HASHED!r} and no SHA-256 in 64 lower-case digits")
    return {by_role[name]: keys for name, keys in found.items()}


def _read(key: str) -> bytes:
    return bytes.fromhex(key.removeprefix(HASHED)) if key.startswith(HASHED) else _digest(key)


def _digest(key: str) -> bytes:
    return hashlib.sha256(key.encode("utf-8", "surrogateescape")).digest()
