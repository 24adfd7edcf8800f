"""Text is sent compressed to browsers that read it: the page, its style and its modules."""

from __future__ import annotations

import gzip
from functools import lru_cache
from typing import Final

from flask import Flask, Response, request

_TEXTS: Final = frozenset({"text/html", "text/css", "text/javascript", "application/javascript", "image/svg+xml"})
_LEAST: Final = 1024
"""Bytes below which nothing is gained."""
_LEVEL: Final = 6


def install(app: Flask) -> None:
    """Compress what an application answers to browsers; answers of `/v1` stay as they are."""

    @app.after_request
    def compress(response: Response) -> Response:
        if response.mimetype not in _TEXTS:
            return response
        response.vary.add("Accept-Encoding")
        if response.status_code in (206, 304) or not request.accept_encodings["gzip"] or response.content_encoding:
            return response
        response.direct_passthrough = False
        data = response.get_data()
        if len(data) < _LEAST:
            return response
        tag, _ = response.get_etag()
        if tag is None:
            response.set_data(gzip.compress(data, _LEVEL, mtime=0))
        else:
            # The bytes are not those of the file any more, but mean the same.
            response.set_etag(tag, weak=True)
            response.set_data(_packed(data))
        response.content_encoding = "gzip"
        return response


@lru_cache(maxsize=64)
def _packed(data: bytes) -> bytes:
    """A file that is asked for again and again."""
    return gzip.compress(data, _LEVEL, mtime=0)
