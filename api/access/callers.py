"""Who may call: by keys of our own, and by tokens of an issuer where one is configured."""

from __future__ import annotations

import os
import secrets
from pathlib import Path
from typing import Final

from api.access import oidc
from api.access.keys import Keys, Role
from api.access.oidc import Tokens
from vision.errors import BadSetting, NotAuthenticated
from vision.settings import Settings

_LEAST: Final = 32


class Callers:
    """Knows callers by what they present; without keys and issuer every caller is an engineer."""

    def __init__(self, keys: Keys, tokens: Tokens | None = None) -> None:
        """Ask both."""
        self.keys = keys
        self._tokens = tokens

    @classmethod
    def of(cls, settings: Settings) -> Callers:
        """As the settings say.

        Raises:
            BadSetting: a keys file or an issuer that cannot be used.
        """
        return cls(Keys.load(settings.api_keys), oidc.from_settings(settings))

    def __bool__(self) -> bool:
        """Whether anybody is asked who they are."""
        return bool(self.keys) or self._tokens is not None

    def role(self, presented: str | None) -> Role:
        """Whose key or token it is.

        Raises:
            NotAuthenticated: nothing came, or nothing that counts.
            NotPermitted: a token without a role.
            IssuerUnavailable: whether a token counts cannot be known now.
        """
        if self._tokens is None:
            return self.keys.role(presented)
        if not presented:
            raise NotAuthenticated("this needs a token or an API key; send it as `Authorization: Bearer …`")
        if oidc.is_token(presented):
            return self._tokens.role(presented)
        if not self.keys:
            raise NotAuthenticated("this needs a token of the configured issuer, and what came is none")
        return self.keys.role(presented)


def session_secret(settings: Settings) -> bytes:
    """What sign-in cookies are signed with: the bytes of a file, made with the first start and for this user alone.

    Not made of the keys: their file may hold digests, and who reads those must not be able to sign in with them.

    Raises:
        BadSetting: the file cannot be made or read, or is too short.
    """
    path = settings.session_secret or settings.home / "session-secret"
    try:
        if settings.session_secret is None and not path.exists():
            _make(path)
        found = path.read_bytes().strip()
    except OSError as error:
        raise BadSetting(
            f"the session secret {path} cannot be had: {error.strerror}; give another with VISUAL_SEARCH_SESSION_SECRET"
        ) from error
    if len(found) < _LEAST:
        raise BadSetting(f"the session secret {path} has {len(found)} bytes; give {_LEAST} or more, all of them random")
    return found


def _make(path: Path) -> None:
    """Whole or not at all, and of several that start at once one."""
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_name(f"{path.name}.{os.getpid()}.{secrets.token_hex(4)}")
    with open(os.open(partial, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600), "w", encoding="ascii") as file:
        file.write(secrets.token_hex(32))
    try:
        os.link(partial, path)
    except FileExistsError:
        pass
    finally:
        partial.unlink()
