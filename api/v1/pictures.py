"""`/v1/products/{id}/image`: a product's picture, decoded and encoded anew at one of a few widths."""

from __future__ import annotations

import hashlib
import os
import threading
from bisect import bisect_left
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from cachetools import LRUCache
from flask import Blueprint, Response, request

from api import documents
from api.access.keys import Role
from api.access.security import requires
from api.operations import JPEG, Operation, Parameter, describe
from api.parameters import whole_number
from api.services import services
from vision import images
from vision.catalog.pictures import MAX_BYTES, is_url
from vision.errors import BadImage, NotFound

blueprint = Blueprint("pictures", __name__, url_prefix="/v1/products")

WIDTHS: Final = (96, 160, 240, 320, 480, 640, 960, 1280)
"""What a wanted width is rounded up to, so that asking for every width there is cannot fill the cache."""

_DEFAULT: Final = 320
_MAX_ASPECT: Final = 3
_MAX_AGE: Final = 600
_CACHE_BYTES: Final = 64 << 20


class Renderer:
    """Renders pictures, and keeps the latest ones in memory."""

    def __init__(self, cache_bytes: int = _CACHE_BYTES) -> None:
        """Keep at most ``cache_bytes`` of JPEG."""
        self._cache: LRUCache[str, bytes] = LRUCache(cache_bytes, getsizeof=len)
        self._lock = threading.Lock()
        # A large picture takes 150 MB while it is decoded.
        self._decoding = threading.BoundedSemaphore(os.cpu_count() or 2)

    def render(self, path: Path, width: int, key: str) -> bytes:
        """The JPEG of ``path``, ``width`` pixels wide (never enlarged), without metadata.

        Raises:
            BadImage: not a picture, or too large a one.
            OSError: the file cannot be read.
        """
        with self._lock:
            if key in self._cache:
                return self._cache[key]
        if path.stat().st_size > MAX_BYTES:
            raise BadImage(f"the picture is larger than {MAX_BYTES >> 20} MiB")
        rendered = self.shrink(path.read_bytes(), width)
        with self._lock:
            if len(rendered) <= self._cache.maxsize:
                self._cache[key] = rendered
        return rendered

    def shrink(self, data: bytes, width: int) -> bytes:
        """A picture as JPEG, ``width`` pixels wide (never enlarged), without metadata; not kept.

        Raises:
            BadImage: not a picture.
        """
        with self._decoding:
            image = images.decode(data, min_side=width)
            scale = min(1.0, width / image.width)
            side = min(round(max(image.size) * scale), _MAX_ASPECT * width)
            return images.encode_jpeg(image, max(1, side))


_RENDERER: Final = Renderer()
shrunk: Final = _RENDERER.shrink

WIDTH: Final = Parameter(
    "w",
    f"Wanted width in pixels, rounded up to one of {', '.join(map(str, WIDTHS))}; never enlarged.",
    {"type": "integer", "minimum": 1, "maximum": 99999, "default": _DEFAULT},
)


@blueprint.get("/<id:id>/image")
@requires(Role.SHOPPER)
@describe(
    Operation(
        "A product's picture as JPEG, resized and without metadata",
        media=JPEG,
        parameters=(WIDTH,),
        problems=(400, 404, 502, 503),
    )
)
def image(id: str) -> Response:
    """Answer a picture, or 304 to a reader that has it already."""
    width = wanted_width()
    document = documents.find(services().client, id, "id,image,root,image_hash")
    name, root = document.get("image"), document.get("root", "")
    if not name:
        raise NotFound(f"product {id!r} has no picture")
    if is_url(name):
        raise NotFound(f"the picture of {id!r} is at another site: take the address in the product's `image`")
    tag = hashlib.sha256(f"{document.get('image_hash')}|{root}|{name}|{width}".encode()).hexdigest()[:32]
    response = Response(content_type=JPEG)
    response.set_etag(tag)
    response.headers["Cache-Control"] = f"{'private' if services().callers else 'public'}, max-age={_MAX_AGE}"
    if not request.if_none_match.contains(tag):
        response.set_data(_rendered(id, root, name, width, tag))
    response.make_conditional(request.environ)
    return response


def wanted_width() -> int:
    """The width that the request asks for, as one of :data:`WIDTHS`.

    Raises:
        BadQuery: what is no width.
    """
    return step(whole_number("w", request.args.get("w"), default=_DEFAULT, low=1, high=99999))


def step(width: int) -> int:
    """The smallest of :data:`WIDTHS` that is no smaller than wanted, or the largest."""
    return WIDTHS[min(bisect_left(WIDTHS, width), len(WIDTHS) - 1)]


def _rendered(id: str, root: str, name: str, width: int, key: str) -> bytes:
    with _readable(id, root, name) as path:
        return _RENDERER.render(path, width, key)


def original(id: str, root: str, name: str | None) -> bytes:
    """The bytes of a product's picture, as it is on this machine: for reading, never to be handed out.

    Raises:
        NotFound: there is none, or not here.
    """
    if not name:
        raise NotFound(f"product {id!r} has no picture")
    if is_url(name):
        raise NotFound(f"the picture of {id!r} is at another site, not on this machine")
    with _readable(id, root, name) as path:
        if path.stat().st_size > MAX_BYTES:
            raise BadImage(f"the picture is larger than {MAX_BYTES >> 20} MiB")
        return path.read_bytes()


@contextmanager
def _readable(id: str, root: str, name: str) -> Iterator[Path]:
    path = services().roots.locate(root, name)
    if path is None:
        raise NotFound(f"the picture of {id!r} is not on this machine")
    try:
        yield path
    except (BadImage, OSError) as error:
        raise NotFound(f"the picture of {id!r} can no longer be read: {_reason(error)}") from error


def _reason(error: Exception) -> str:
    """Without the path, which is nobody's business outside."""
    return str(error.strerror) if isinstance(error, OSError) else str(error)
