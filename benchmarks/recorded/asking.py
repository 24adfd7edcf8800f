"""Asking the product's own server over HTTP, and the same request as a reader's curl."""

from __future__ import annotations

import io
import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import click
import requests
from flask import Flask
from PIL import Image
from werkzeug.serving import WSGIRequestHandler, make_server

from tests.web import running

READERS: Final = "http://127.0.0.1:8080"
"""Where ``make demo`` serves."""
_WIDTH: Final = 240


@dataclass(frozen=True)
class Call:
    """One request: a route, its JSON, and the name of a photo beside it.

    Attributes:
        route: from ``/v1`` on.
        body: the JSON.
        photo: a file of the page's folder, without its ending.
        shown: in the page's curl, for values that are another every time: the name of a shell variable.
    """

    route: str
    body: Mapping[str, Any] = field(default_factory=dict)
    photo: str | None = None
    shown: Mapping[str, str] = field(default_factory=dict)

    def curl(self, folder: str, *, output: str = "") -> str:
        """The request in a shell, at the root of a checkout.

        Args:
            folder: where the page's photos are, from there.
            output: what follows, such as ``> why.png``.
        """
        said = json.dumps(self.body, ensure_ascii=False)
        route = self.route
        for value, name in self.shown.items():
            said, route = said.replace(value, f"'${name}'"), route.replace(value, f"${name}")
        parts = [f"curl -s {READERS}{route}"]
        if self.photo is None:
            parts.append(f"--json '{said}'" if self.body else "-X POST")
        else:
            parts.append(f"-F image=@{folder}/{self.photo}.jpg")
            parts += [f"-F 'query={said}'"] if self.body else []
        whole = " ".join(parts) + output
        return whole if len(whole) <= 118 else " \\\n     ".join(parts) + output


@dataclass(frozen=True)
class Api:
    """A running server, and the folder of the photos."""

    url: str
    photos: Path

    def ask(self, call: Call) -> Any:
        """The answer to a request as JSON."""
        return self._post(call).json()

    def drawn(self, call: Call) -> Image.Image:
        """The answer to a request that is a picture."""
        return _opened(self._post(call).content)

    def picture(self, hit: Mapping[str, Any]) -> Image.Image | None:
        """A hit's picture, or None where it has none."""
        if hit["image"] is None:
            return None
        answer = requests.get(f"{self.url}{hit['image']}", params={"w": _WIDTH}, timeout=60)
        return _opened(_good(answer).content)

    def photo(self, name: str) -> Image.Image:
        """One of the photos to ask with."""
        return Image.open(self._file(name)).convert("RGB")

    def _file(self, name: str) -> Path:
        return self.photos / f"{name}.jpg"

    def _post(self, call: Call) -> requests.Response:
        address = self.url + call.route
        if call.photo is None:
            answer = requests.post(address, json=call.body or None, timeout=120)
        else:
            parts = {"image": self._file(call.photo).read_bytes()}
            answer = requests.post(address, files=parts, data={"query": json.dumps(call.body)}, timeout=120)
        return _good(answer)


def _good(answer: requests.Response) -> requests.Response:
    if not answer.ok:
        raise click.ClickException(f"{answer.url} answered {answer.status_code}: {answer.text[:1000]}")
    return answer


def _opened(data: bytes) -> Image.Image:
    return Image.open(io.BytesIO(data)).convert("RGB")


class _Quiet(WSGIRequestHandler):
    """Does not name every request."""

    def log_request(self, code: int | str = "-", size: int | str = "-") -> None:
        """Nothing."""


@contextmanager
def serving(app: Flask) -> Iterator[str]:
    """The application on a free port of this machine: its address; it ends with the block."""
    with running(make_server("127.0.0.1", 0, app, threaded=True, request_handler=_Quiet)) as url:
        yield url
