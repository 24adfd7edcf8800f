"""The keys file: digests in place of keys, changes while the server runs, and what the sign-in cookie hangs on."""

from __future__ import annotations

import hashlib
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import requests

from api.access import keys as module
from api.access.callers import session_secret
from api.access.keys import Keys, Role
from api.app import create_app
from tests.api.fakes import FakeWorkspace
from vision.errors import BadSetting, NotAuthenticated
from vision.settings import Settings
from vision.solr.embedded.home import choose_port

FIRST, SECOND = "first-key-0123456789", "second-key-0123456789"


def digest(key: str) -> str:
    return "sha256:" + hashlib.sha256(key.encode()).hexdigest()


def write(file: Path, **keys: list[str]) -> Path:
    """As careful people do: the new file takes the old one's place."""
    partial = file.with_suffix(".new")
    partial.write_text(json.dumps(keys))
    os.replace(partial, file)
    return file


def test_digests_in_place_of_keys(tmp_path: Path) -> None:
    keys = Keys.load(write(tmp_path / "keys.json", engineer=[digest(FIRST)], shopper=[SECOND]))
    assert keys.role(FIRST) is Role.ENGINEER and keys.role(SECOND) is Role.SHOPPER
    with pytest.raises(NotAuthenticated):
        keys.role(digest(FIRST))
    assert FIRST not in repr(vars(keys)) and SECOND not in repr(vars(keys))


@pytest.mark.parametrize(
    "key", ["sha256:abcdefabcdef", "sha256:" + "G" * 64, "sha256:" + "A" * 64, "sha256:" + "0" * 63]
)
def test_a_digest_that_is_none(tmp_path: Path, key: str) -> None:
    with pytest.raises(BadSetting, match="SHA-256") as raised:
        Keys.load(write(tmp_path / "keys.json", engineer=[key]))
    assert key not in str(raised.value)


@pytest.mark.parametrize("key", ["tiny5", FIRST], ids=["one", "other"])
def test_errors_show_no_key(tmp_path: Path, key: str) -> None:
    contents: list[dict[str, Any]] = [{"engineer": [key, "small"]}, {"root": [key]}, {"engineer": key}, {key: []}]
    for content in contents:
        file = tmp_path / "keys.json"
        file.write_text(json.dumps(content))
        with pytest.raises(BadSetting) as raised:
            Keys.load(file)
        if key not in content:  # a role is named, as it is not accepted
            assert key not in str(raised.value)


def counts(keys: Keys, key: str) -> bool:
    try:
        keys.role(key)
    except NotAuthenticated:
        return False
    return True


def becomes(found: Callable[[], bool], wanted: bool) -> None:
    deadline = time.monotonic() + 5
    while found() is not wanted:
        assert time.monotonic() < deadline
        time.sleep(0.05)


def test_a_changed_file_counts_soon(tmp_path: Path) -> None:
    file = write(tmp_path / "keys.json", engineer=[FIRST])
    keys = Keys.load(file)
    assert counts(keys, FIRST) and not counts(keys, SECOND)
    write(file, engineer=[SECOND])
    becomes(lambda: counts(keys, SECOND), True)
    assert not counts(keys, FIRST)


@pytest.mark.parametrize("content", ["{", "{}", '{"engineer": ["short"]}', None])
def test_a_file_that_cannot_be_used_changes_nothing(
    tmp_path: Path, content: str | None, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "_LOOK", 0.0)
    file = write(tmp_path / "keys.json", engineer=[FIRST])
    keys = Keys.load(file)
    file.unlink() if content is None else file.write_text(content)
    assert counts(keys, FIRST) and not counts(keys, SECOND)
    assert "the API keys stay as they were" in caplog.text and "short" not in caplog.text
    write(file, engineer=[SECOND])
    assert counts(keys, SECOND) and not counts(keys, FIRST)


def test_the_sign_in_secret_is_no_work_of_the_keys(workspace: FakeWorkspace, tmp_path: Path) -> None:
    """Who reads digests must not be able to sign in; cookies outlive a restart, and other homes do not take them."""
    file = write(tmp_path / "keys.json", engineer=[digest(FIRST)])
    settings = Settings(home=tmp_path / "one", api_keys=file)
    secret = session_secret(settings)
    assert (tmp_path / "one" / "session-secret").stat().st_mode & 0o777 == 0o600 and len(secret) == 64
    assert session_secret(settings) == secret != session_secret(Settings(home=tmp_path / "two", api_keys=file))
    client = create_app(settings, workspace).test_client()
    assert client.post("/sign-in", data={"key": FIRST}).status_code == 303
    cookie = client.get_cookie("visual-search")
    assert cookie is not None
    for home, status in (("one", 200), ("two", 303)):
        other = create_app(Settings(home=tmp_path / home, api_keys=file), workspace).test_client()
        other.set_cookie("visual-search", cookie.value)
        assert other.get("/").status_code == status


def test_a_secret_of_ones_own(tmp_path: Path) -> None:
    given = tmp_path / "secret"
    given.write_bytes(b"x" * 40)
    assert session_secret(Settings(home=tmp_path, session_secret=given)) == b"x" * 40
    assert not (tmp_path / "session-secret").exists()
    given.write_bytes(b"short\n")
    with pytest.raises(BadSetting, match="5 bytes"):
        session_secret(Settings(home=tmp_path, session_secret=given))
    with pytest.raises(BadSetting, match="cannot be had"):
        session_secret(Settings(home=tmp_path, session_secret=tmp_path / "none"))


@pytest.mark.skipif(not hasattr(signal, "SIGHUP"), reason="there are no such signals here")
def test_sighup_reads_them_again(tmp_path: Path) -> None:
    file = write(tmp_path / "keys.json", engineer=[FIRST])
    port = choose_port(0)
    environ = {
        **os.environ,
        "VISUAL_SEARCH_HOME": str(tmp_path),
        "VISUAL_SEARCH_API_KEYS": str(file),
        "SOLR_URL": "http://127.0.0.1:9/solr",
    }
    command = [sys.executable, "-c", "from vision.cli import main; main()", "serve", "--port", str(port)]
    with subprocess.Popen(command, env=environ, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None and process.stdout.readline().startswith("search page on")

            def works(key: str) -> bool:
                found = requests.get(f"http://127.0.0.1:{port}/v1/queries", headers={"X-API-Key": key}, timeout=20)
                return found.status_code == 200

            assert works(FIRST) and not works(SECOND)
            write(file, engineer=[SECOND])
            process.send_signal(signal.SIGHUP)
            becomes(lambda: works(SECOND), True)
            assert not works(FIRST)
        finally:
            process.terminate()
            _, said = process.communicate(timeout=20)
    assert process.returncode == 0 and "the API keys were read again: 1" in said
    assert FIRST not in said and SECOND not in said
