"""Solr behind a password: who signs in, in addresses and in Solr's own ``security.json``."""

from __future__ import annotations

import base64
import hashlib
import json
import os
import secrets
from pathlib import Path
from typing import Any, Final
from urllib.parse import quote, urlsplit, urlunsplit

from vision.errors import BadSetting, SolrNotStarted
from vision.settings import Settings
from vision.solr.nodes import addresses

USER: Final = "visual-search"
"""Who signs in to the embedded Solr."""
_PASSWORD: Final = "password"
_SECURITY: Final = "security.json"


def address(settings: Settings) -> str | None:
    """``SOLR_URL`` with who signs in there, where settings say so; None where no Solr is named.

    Raises:
        BadSetting: a user without a password, a password file that cannot be read, or an address that has both.
    """
    url, user, file = settings.solr_url, settings.solr_user, settings.solr_password_file
    if url is None or (user is None and file is None):
        return url
    if user is None or file is None:
        raise BadSetting("set VISUAL_SEARCH_SOLR_USER and VISUAL_SEARCH_SOLR_PASSWORD_FILE, both or neither")
    every = addresses(url)
    if any(urlsplit(each).username is not None for each in every):
        raise BadSetting("SOLR_URL has a user, and so has VISUAL_SEARCH_SOLR_USER; take one of them away")
    password = _read(file)
    return ",".join(with_credentials(each, user, password) for each in every)


def with_credentials(url: str, user: str, password: str) -> str:
    """An address that signs in."""
    parts = urlsplit(url)
    return urlunsplit(parts._replace(netloc=f"{quote(user, safe='')}:{quote(password, safe='')}@{parts.netloc}"))


def security(user: str, password: str, salt: bytes) -> dict[str, Any]:
    """Solr's ``security.json`` for one user who may do everything, and nobody else anything.

    The password's digest is that of Solr's ``Sha256AuthenticationProvider``.
    """
    digest = hashlib.sha256(hashlib.sha256(salt + password.encode()).digest()).digest()
    held = f"{base64.b64encode(digest).decode()} {base64.b64encode(salt).decode()}"
    return {
        "authentication": {"class": "solr.BasicAuthPlugin", "blockUnknown": True, "credentials": {user: held}},
        "authorization": {
            "class": "solr.RuleBasedAuthorizationPlugin",
            "permissions": [{"name": "all", "role": "admin"}],
            "user-role": {user: "admin"},
        },
    }


def password_file(home: Path) -> Path:
    """Where the embedded Solr's password is, if it has one."""
    return home / _PASSWORD


def is_on(home: Path) -> bool:
    """Whether the embedded Solr of this home asks who is there."""
    return (home / _SECURITY).exists()


def switch_on(home: Path) -> None:
    """Make a random password, for this user alone, and let Solr ask for it from its next start; one there stays.

    Raises:
        SolrNotStarted: the files cannot be written.
    """
    if is_on(home) and password_file(home).exists():
        return
    password = secrets.token_urlsafe(32)
    try:
        home.mkdir(parents=True, exist_ok=True)
        _write(password_file(home), password)
        _write(home / _SECURITY, json.dumps(security(USER, password, secrets.token_bytes(32)), indent=1))
    except OSError as error:
        raise SolrNotStarted(f"the password of Solr in {home} cannot be written: {error}") from error


def switch_off(home: Path) -> None:
    """Let Solr ask nobody from its next start."""
    for path in (home / _SECURITY, password_file(home)):
        path.unlink(missing_ok=True)


def copy(home: Path, other: Path) -> None:
    """Let another home have what this one has: a node's, of its cloud's.

    Raises:
        SolrNotStarted: the files cannot be written.
    """
    if not password_file(home).exists():
        switch_off(other)
        return
    try:
        other.mkdir(parents=True, exist_ok=True)
        for name in (_PASSWORD, _SECURITY):
            _write(other / name, (home / name).read_text(encoding="utf-8"))
    except OSError as error:
        raise SolrNotStarted(f"the password of Solr in {other} cannot be written: {error}") from error


def for_zookeeper(home: Path) -> Path:
    """The file that tells a cloud who may sign in; made, where everybody may do everything."""
    file = home / _SECURITY
    if not file.exists():
        file.write_text("{}", encoding="utf-8")
    return file


def signed_in(url: str, home: Path) -> str:
    """The embedded Solr's address, with its password where it has one.

    Raises:
        BadSetting: the password cannot be read.
    """
    return with_credentials(url, USER, _read(password_file(home))) if is_on(home) else url


def _read(file: Path) -> str:
    try:
        found = file.read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError) as error:
        raise BadSetting(f"the password file {file} cannot be read: {type(error).__name__}") from error
    if not found or not found.isascii():
        raise BadSetting(
            f"the password file {file} is empty, or not in ASCII, as which alone it is sent the same by all"
        )
    return found


def _write(path: Path, text: str) -> None:
    partial = path.with_name(f"{path.name}.partial")
    partial.unlink(missing_ok=True)
    with open(os.open(partial, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600), "w", encoding="utf-8") as file:
        file.write(text)
    os.replace(partial, path)
