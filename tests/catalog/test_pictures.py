from __future__ import annotations

import os
import socket
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from tests.catalog.support import draw
from tests.web import Handler, serving
from vision.catalog.pictures import MAX_BYTES, Pictures, Roots, is_url
from vision.catalog.product import Rejected
from vision.errors import BadSetting


class Shop(Handler):
    """Pictures, and the ways in which a web server fails to give one."""

    def do_GET(self) -> None:
        kind = self.path.strip("/")
        if kind == "silent":
            time.sleep(1.5)
        self.send_response({"missing": 404, "broken": 500, "moved": 302}.get(kind, 200))
        if kind == "moved":
            self.send_header("Location", "/picture")
        if kind in ("picture", "cut"):
            self.send_header("Content-Length", str(len(draw(1)) + (100 if kind == "cut" else 0)))
        self.end_headers()
        with suppress(OSError):
            if kind in ("picture", "cut"):
                self.wfile.write(draw(1))
            while kind == "endless":
                self.wfile.write(bytes(1 << 20))
            for _ in range(30 if kind == "drip" else 0):
                self.wfile.write(b"x")
                time.sleep(0.05)


@pytest.fixture(scope="module")
def shop() -> Iterator[str]:
    with serving(Shop) as url:
        yield url


@pytest.fixture(autouse=True)
def no_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NO_PROXY", "*")
    monkeypatch.setenv("VISUAL_SEARCH_URL_NETWORKS", "127.0.0.0/8")


def reason(pictures: Pictures, image: str) -> str:
    with pytest.raises(Rejected) as rejected:
        pictures.read(image)
    return str(rejected.value)


def test_a_file_below_the_root_or_with_its_whole_path(tmp_path: Path) -> None:
    (tmp_path / "a").mkdir()
    (tmp_path / "a" / "ü b.png").write_bytes(b"bytes")
    pictures = Pictures(tmp_path)
    assert pictures.read("a/ü b.png") == b"bytes"
    assert pictures.read(str(tmp_path / "a" / "ü b.png")) == b"bytes"


def test_what_is_no_file(tmp_path: Path) -> None:
    (tmp_path / "folder").mkdir()
    with (tmp_path / "large.png").open("wb") as file:
        file.truncate(MAX_BYTES + 1)
    pictures = Pictures(tmp_path)
    assert reason(pictures, "no.png") == f"image 'no.png' does not exist in {tmp_path}"
    assert reason(pictures, "folder") == "image 'folder' is a folder"
    assert reason(pictures, "large.png") == "image 'large.png' is larger than 50 MiB"
    assert "cannot be read: File name too long" in reason(pictures, "x" * 4000)
    assert "cannot be read: Not a directory" in reason(pictures, "large.png/inside.png")


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no named pipes here")
def test_a_pipe_is_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.png")
    assert reason(Pictures(tmp_path), "pipe.png") == "image 'pipe.png' is no regular file"


def test_a_file_that_may_not_be_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "a.png").write_bytes(b"x")

    def refuse(_: Path) -> bytes:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "read_bytes", refuse)
    assert reason(Pictures(tmp_path), "a.png") == "image 'a.png' cannot be read: Permission denied"


@pytest.mark.parametrize(
    ("image", "answer"),
    [
        ("http://a/b.png", True),
        ("HTTPS://a/b.png", True),
        ("a/http://b.png", False),
        ("file:///etc/passwd", False),
        ("ftp://a/b.png", False),
        ("//[b.png", False),
        ("https", False),
    ],
)
def test_is_url(image: str, answer: bool) -> None:
    assert is_url(image) is answer


def test_urls_are_refused_without_the_flag(shop: str, tmp_path: Path) -> None:
    assert "pass --allow-urls" in reason(Pictures(tmp_path), f"{shop}/picture")


def test_urls_are_fetched_with_the_flag(shop: str, tmp_path: Path) -> None:
    pictures = Pictures(tmp_path, allow_urls=True)
    assert pictures.read(f"{shop}/picture") == pictures.read(f"{shop}/moved") == draw(1)


def test_urls_that_fail(shop: str, tmp_path: Path) -> None:
    pictures = Pictures(tmp_path, allow_urls=True)
    assert reason(pictures, f"{shop}/missing") == "image: the web address answered 404"
    assert reason(pictures, f"{shop}/broken") == "image: the web address answered 500"
    assert reason(pictures, f"{shop}/endless") == "image: the web address gives more than 50 MiB"
    assert (
        reason(pictures, f"{shop}/cut")
        == "image: the web address could not be fetched: the answer broke off or is damaged"
    )
    assert (
        reason(pictures, "http://[bad") == "image: 'http://[bad' is no web address; http:// and https:// are accepted"
    )
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        nobody = f"http://127.0.0.1:{free.getsockname()[1]}/a.png"
        assert reason(pictures, nobody) == "image: the web address could not be fetched: no connection"


def test_urls_that_take_too_long(shop: str, tmp_path: Path) -> None:
    pictures = Pictures(tmp_path, allow_urls=True, timeout=0.2)
    began = time.monotonic()
    assert reason(pictures, f"{shop}/silent") == "image: the web address did not answer within 0.2 s"
    assert reason(pictures, f"{shop}/drip") == "image: the web address was not read to its end in time"
    assert time.monotonic() - began < 1.2


def test_roots_are_remembered_by_a_short_name(tmp_path: Path) -> None:
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "a.png").write_bytes(name.encode())
    roots = Roots(tmp_path / "home" / "roots.json")
    one, two = Pictures(tmp_path / "one"), Pictures(tmp_path / "one" / ".." / "two")
    assert roots.locate(one.root_id, "a.png") is None
    roots.remember(one)
    roots.remember(two)
    again = Roots(roots.file)
    assert two.root_id == Pictures(tmp_path / "two").root_id != one.root_id
    assert again.locate(two.root_id, "a.png") == tmp_path / "two" / "a.png"
    assert again.locate(one.root_id, "b.png") is None
    assert again.locate("0" * 12, "a.png") is None
    assert not list(roots.file.parent.glob("*.partial"))
    roots.file.write_text("{")
    with pytest.raises(BadSetting, match="is damaged .* delete it, and index each catalogue again"):
        again.locate(one.root_id, "a.png")
