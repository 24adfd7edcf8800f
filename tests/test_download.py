from __future__ import annotations

import time
from collections.abc import Iterator

import pytest

from tests.web import Handler, serving
from vision import download
from vision.addresses import networks
from vision.errors import BadImage, TooLarge

HERE = networks("127.0.0.0/8")


class Web(Handler):
    def do_GET(self) -> None:
        if self.path == "/picture":
            self.say(b"x" * 1000)
        elif self.path == "/moved":
            self.say(status=302, Location="/picture")
        elif self.path == "/slow":
            time.sleep(5)
        else:
            self.send_error(404)


@pytest.fixture
def web() -> Iterator[str]:
    with serving(Web) as url:
        yield url


def test_a_picture_is_fetched_also_where_it_moved(web: str) -> None:
    assert download.picture(f"{web}/picture", 1000, allowed=HERE) == b"x" * 1000
    assert download.picture(f"{web}/moved", 1000, allowed=HERE) == b"x" * 1000


def test_limits(web: str) -> None:
    with pytest.raises(TooLarge, match="more than"):
        download.picture(f"{web}/picture", 999, allowed=HERE)
    with pytest.raises(BadImage, match="answered 404"):
        download.picture(f"{web}/nothing", 999, allowed=HERE)
    with pytest.raises(BadImage, match="did not answer within 0.2 s"):
        download.picture(f"{web}/slow", 999, timeout=0.2, allowed=HERE)
    with pytest.raises(BadImage, match="could not be fetched"):
        download.picture("http://127.0.0.1:9/", 999, allowed=HERE)


@pytest.mark.parametrize("url", ["", "ftp://a/b", "file:///etc/passwd", "/etc/passwd", "http://", "http://[::1"])
def test_what_is_no_web_address(url: str) -> None:
    with pytest.raises(BadImage, match="is no web address"):
        download.public_picture(url, 999)


@pytest.mark.parametrize("host", ["localhost", "127.0.0.1", "[::1]", "10.0.0.1", "169.254.169.254", "0.0.0.0"])
def test_strangers_reach_no_private_network(web: str, host: str) -> None:
    port = int(web.rpartition(":")[2])
    with pytest.raises(BadImage, match="not on the public internet"):
        download.public_picture(f"http://{host}:{port}/picture", 999, ports=(port,))


def test_an_unknown_host() -> None:
    with pytest.raises(BadImage, match="is not known"):
        download.public_picture("http://nowhere.invalid/", 999)
