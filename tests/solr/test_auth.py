"""Solr behind a password: ours know it, nobody else gets anything, and it stands in no log, answer or error."""

from __future__ import annotations

import base64
import json
import os
import shutil
import stat
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import pytest
import requests
from click.testing import CliRunner

from api.app import create_app
from tests.api.shop import Shop, index_shop
from vision.cli import main
from vision.errors import BadSetting, SolrRefused, VisualSearchError
from vision.settings import Settings
from vision.solr import auth
from vision.solr.client import SolrClient
from vision.solr.current import current_status
from vision.solr.embedded.home import choose_port
from vision.solr.embedded.launcher import EmbeddedSolr
from vision.solr.embedded.state import State

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[EmbeddedSolr]:
    home = tmp_path_factory.mktemp("locked")
    with EmbeddedSolr(Settings(home=home), home=home / "solr", port=0, auth=True) as running:
        yield running


@pytest.fixture(scope="module")
def state(server: EmbeddedSolr) -> State:
    found = server.state()
    assert found is not None
    return found


@pytest.fixture(scope="module")
def password(server: EmbeddedSolr) -> str:
    return auth.password_file(server.home).read_text()


@pytest.fixture(scope="module")
def shop(server: EmbeddedSolr, tmp_path_factory: pytest.TempPathFactory) -> Shop:
    return index_shop(server.url, tmp_path_factory.mktemp("shop"), collection="locked-shop")


pytestmark = pytest.mark.solr

ASKED = (
    "/admin/info/system",
    "/admin/cores?action=STATUS",
    "/admin/metrics",
    "/admin/info/logging",
    "/admin/authentication",
    "/admin/authorization",
    "/locked-shop/select?q=*:*",
    "/locked-shop/visual?q=*:*",
    "/locked-shop/get?id=1",
    "/locked-shop/schema",
    "/locked-shop/config",
    "/locked-shop/admin/luke",
    "/locked-shop/update?commit=true",
)


@pytest.mark.parametrize("path", ASKED)
@pytest.mark.parametrize("who", [None, ("visual-search", "wrong"), ("solr", "SolrRocks"), ("visual-search", "")])
def test_strangers_get_nothing(state: State, shop: Shop, path: str, who: tuple[str, str] | None) -> None:
    for method in ("GET", "POST"):
        assert requests.request(method, state.url + path, auth=who, timeout=20).status_code == 401, method


def test_ours_works(server: EmbeddedSolr, shop: Shop) -> None:
    client = create_app(shop.settings).test_client()
    assert client.get("/readyz").status_code == 200
    found = client.post("/v1/search", json={"q": "ring", "facets": ["color"]}).get_json()
    assert found["total"] == 8 and len(found["facets"]["color"]) == 4
    photo = {"image": (shop.folder / "images" / "blue-ring-1.jpg").open("rb")}
    assert client.post("/v1/search", data=photo).get_json()["hits"][0]["id"] == "blue-ring-1"
    assert client.get("/v1/status").get_json()["missing"] == []
    status = server.status()
    assert status.running and status.collections == ("locked-shop",)
    assert status.url is not None and "@" not in status.url


def test_the_files_are_for_this_user_alone(server: EmbeddedSolr, password: str) -> None:
    for path in (auth.password_file(server.home), server.home / "security.json"):
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert len(password) >= 40 and password not in (server.home / "security.json").read_text()


def test_a_password_from_a_file(shop: Shop, state: State, password: str, tmp_path: Path) -> None:
    file = tmp_path / "password"
    file.write_text(password + "\n")
    settings = Settings(home=tmp_path, solr_url=state.url, solr_user=auth.USER, solr_password_file=file)
    assert current_status(settings).collections == ("locked-shop",)
    environ = {
        "SOLR_URL": state.url,
        "VISUAL_SEARCH_SOLR_USER": auth.USER,
        "VISUAL_SEARCH_SOLR_PASSWORD_FILE": str(file),
    }
    ran = CliRunner(env={**environ, "VISUAL_SEARCH_HOME": str(tmp_path)}).invoke(main, ["solr", "status"])
    assert ran.exit_code == 0 and "locked-shop" in ran.output and password not in ran.output
    file.write_text("wrong")
    with pytest.raises(SolrRefused, match="401") as raised:
        current_status(settings)
    assert "wrong" not in str(raised.value)


def test_signing_in_with_any_password() -> None:
    url = auth.with_credentials("https://solr.example:8983/solr", "a user", "p@ss:w/o?#r d%")
    prepared = requests.Request("GET", url).prepare()
    assert prepared.headers["Authorization"] == requests.auth._basic_auth_str("a user", "p@ss:w/o?#r d%")
    assert urlsplit(url).hostname == "solr.example"


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"solr_user": "a"}, "both or neither"),
        ({"solr_password_file": Path("x")}, "both or neither"),
        ({"solr_user": "a", "solr_password_file": Path("/nowhere/at/all")}, "cannot be read"),
        ({"solr_user": "a", "solr_password_file": Path(os.devnull)}, "is empty"),
        ({"solr_user": "a", "solr_password_file": Path("x"), "solr_url": "http://u:p@localhost:1/solr"}, "take one"),
    ],
)
def test_settings_that_cannot_be_used(tmp_path: Path, changes: dict[str, object], says: str) -> None:
    whole = {"home": tmp_path, "solr_url": "http://localhost:1/solr", **changes}
    with pytest.raises(BadSetting, match=says):
        auth.address(Settings(**whole))  # type: ignore[arg-type]


@pytest.mark.slow
def test_it_stays_on_until_it_is_switched_off(tmp_path: Path) -> None:
    def solr(on: bool | None) -> EmbeddedSolr:
        return EmbeddedSolr(Settings(home=tmp_path), port=0, auth=on)

    def strangers(running: EmbeddedSolr) -> int:
        found = running.state()
        assert found is not None
        return requests.get(f"{found.url}/admin/info/system", timeout=20).status_code

    with solr(True) as running:
        first = auth.password_file(running.home).read_text()
        with pytest.raises(BadSetting, match="stop it first"):
            solr(False).start()
        assert solr(True).start() is solr(None).start() is False
    with solr(None) as running:
        assert strangers(running) == 401 and running.status().running
        assert auth.password_file(running.home).read_text() == first
    with solr(False) as running:
        assert strangers(running) == 200 and running.status().running
        assert not auth.password_file(running.home).exists()


@pytest.mark.skipif(shutil.which("bash") is None, reason="needs bash")
@pytest.mark.parametrize("ending", ["", "\n", "\r\n"])
def test_the_containers_script_makes_the_same(tmp_path: Path, ending: str) -> None:
    file, script = tmp_path / "password", ROOT / "docker" / "security.sh"
    word = 'pass\'word "$(x)" \\ 0123456789%d'
    file.write_bytes(f"{word}{ending}".encode())
    environ = {"PATH": os.environ["PATH"], "SOLR_HOME": str(tmp_path), "SOLR_PASSWORD_FILE": str(file)}
    subprocess.run(["bash", "-eu", "-c", f". {script}"], env=environ, check=True, timeout=20)
    made = tmp_path / "security.json"
    assert stat.S_IMODE(made.stat().st_mode) == 0o600
    found = json.loads(made.read_text())
    salt = base64.b64decode(found["authentication"]["credentials"][auth.USER].split()[1])
    assert len(salt) == 32 and found == auth.security(auth.USER, word, salt)
    file.write_text("short")
    refused = subprocess.run(["bash", "-c", f". {script}"], env=environ, capture_output=True, text=True, timeout=20)
    assert refused.returncode == 1 and "16 characters" in refused.stderr and "short" not in refused.stderr


SECRET_KEY = "engineer-key-0123456789-not-to-be-logged"


def test_no_secret_is_written_anywhere(
    server: EmbeddedSolr, shop: Shop, state: State, password: str, tmp_path: Path
) -> None:
    """A server that logs everything, asked well and badly, Solr answering and refusing; then all is searched."""
    file, keys = tmp_path / "password", tmp_path / "keys.json"
    file.write_text(password)
    keys.write_text(json.dumps({"engineer": [SECRET_KEY]}))
    port = choose_port(0)
    environ = {
        **os.environ,
        "VISUAL_SEARCH_HOME": str(shop.settings.home),
        "SOLR_URL": state.url,
        "VISUAL_SEARCH_SOLR_USER": auth.USER,
        "VISUAL_SEARCH_SOLR_PASSWORD_FILE": str(file),
        "VISUAL_SEARCH_COLLECTION": "locked-shop",
        "VISUAL_SEARCH_API_KEYS": str(keys),
        "VISUAL_SEARCH_LOG": "json",
        "VISUAL_SEARCH_LOG_TEXTS": "true",
    }
    command = [sys.executable, "-c", "from vision.cli import main; main()", "serve", "--debug", "--port", str(port)]
    base, held = f"http://127.0.0.1:{port}", {"X-API-Key": SECRET_KEY}
    with subprocess.Popen(command, env=environ, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        try:
            assert process.stdout is not None and process.stdout.readline().startswith(b"search page on")
            said = []
            for path in ("/readyz", "/v1/status", "/metrics", "/v1/queries", "/v1/facets", "/engine", "/", "/nothing"):
                said.append(requests.get(base + path, headers=held, timeout=60).text)
            for body in ({"q": "ring"}, {"image_id": "none"}, {"q": "ring", "sort": "nonsense"}):
                said.append(requests.post(f"{base}/v1/search", json=body, headers=held, timeout=60).text)
            requests.get(f"{base}/v1/facets", headers={"Authorization": f"Bearer {SECRET_KEY}"}, timeout=60)
            signed = requests.Session()
            said.append(signed.post(f"{base}/sign-in", data={"key": SECRET_KEY}, timeout=60).text)
            said.append(str(signed.cookies.get_dict()))
            first = requests.get(f"{base}/v1/queries", headers=held, timeout=60).json()["queries"][0]["id"]
            said.append(requests.get(f"{base}/v1/queries/{first}", headers=held, timeout=60).text)
        finally:
            process.terminate()
            out, err = process.communicate(timeout=30)
    said += [out.decode(), err.decode()]
    assert err.decode().count('"route"') >= 13
    said += [path.read_text(errors="replace") for path in (server.home / "logs").glob("*.log")]
    for url in (auth.signed_in("http://127.0.0.1:9/solr", server.home), server.url):
        with SolrClient(url, "none", timeout=2) as client:
            for ask in (
                lambda: client.select({"q": "*"}),
                client.commit,
                client.index_version,
                lambda: client.admin("admin/x"),
            ):
                try:
                    ask()
                except VisualSearchError as error:
                    said.append(str(error))
    assert len(said) > 20
    for number, text in enumerate(said):
        assert password not in text and SECRET_KEY not in text, f"a secret is in number {number}: {text[:200]}"
