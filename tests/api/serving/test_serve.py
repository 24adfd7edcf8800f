from __future__ import annotations

import json
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest
import requests

from api.serving.serve import check_address, serve
from tests.api.shop import serving
from vision.errors import BadSetting
from vision.settings import Settings


@pytest.fixture(scope="module")
def url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A server whose Solr is down."""
    settings = Settings(home=tmp_path_factory.mktemp("home"), solr_url="http://127.0.0.1:9/solr", collection="none")
    with serving(settings) as found:
        yield found


def test_it_starts_without_solr_and_says_why_it_is_not_ready(url: str) -> None:
    assert requests.get(f"{url}/healthz", timeout=10).json() == {"status": "ok"}
    ready = requests.get(f"{url}/readyz", timeout=10)
    assert ready.status_code == 503
    assert "127.0.0.1:9" in ready.json()["checks"][0]["detail"]
    search = requests.post(f"{url}/v1/search", json={"q": "x"}, timeout=10)
    assert search.status_code == 503
    assert search.headers["Content-Type"] == "application/problem+json"
    assert search.headers["Retry-After"]


def test_an_upload_of_20_mb_is_answered(url: str) -> None:
    response = requests.post(f"{url}/v1/search", files={"image": ("big.jpg", bytes(20 << 20))}, timeout=30)
    assert response.status_code == 413
    assert response.headers["Content-Type"] == "application/problem+json"
    assert "20.0 MiB; at most 10.0 MiB" in response.json()["detail"]


def test_an_upload_without_a_length_is_answered(url: str) -> None:
    def chunks() -> Iterator[bytes]:
        yield b'--b\r\nContent-Disposition: form-data; name="image"; filename="big.jpg"\r\n\r\n'
        for _ in range(20):
            yield bytes(1 << 20)
        yield b"\r\n--b--\r\n"

    headers = {"Content-Type": "multipart/form-data; boundary=b"}
    response = requests.post(f"{url}/v1/search", data=chunks(), headers=headers, timeout=30)
    assert response.status_code == 413
    assert response.json()["status"] == 413


def test_an_open_server_is_for_this_machine_only(tmp_path: Path) -> None:
    for host in ("0.0.0.0", "::", "10.0.0.1", "shop.example"):
        with pytest.raises(BadSetting, match="VISUAL_SEARCH_API_KEYS"):
            serve(Settings(home=tmp_path, host=host))
    file = tmp_path / "keys.json"
    file.write_text(json.dumps({"engineer": ["0123456789abcdef"]}))
    check_address(Settings(home=tmp_path, host="0.0.0.0", api_keys=file))


def test_a_port_that_is_taken(tmp_path: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        with pytest.raises(BadSetting, match="--port"):
            serve(Settings(home=tmp_path, port=taken.getsockname()[1]), warm=False)
