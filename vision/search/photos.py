"""The bytes of a photo that somebody searches by: sent, kept from before, or at a web address."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from vision import download
from vision.errors import BadQuery

PHOTOS: Final = ("image", "image_url", "upload_id")
"""The members of a request that name a photo."""


class Photos:
    """Gets photos; safe to share between threads."""

    def __init__(self, *, uploaded: Callable[[str], bytes] | None = None, url_limit: int | None = None) -> None:
        """Prepare, without reading anything.

        Args:
            uploaded: gives the bytes of an ``upload_id``; None refuses it.
            url_limit: most bytes that ``image_url`` may give; None refuses it.
        """
        self._uploaded = uploaded
        self._url_limit = url_limit

    def one(self, *, image: bytes | None, upload_id: str | None, image_url: str | None) -> bytes:
        """The one photo that is given.

        Raises:
            BadQuery: none or several are, or a way that is off here.
            NotFound: no such upload.
            BadImage, TooLarge: the web address gives no picture that is accepted.
        """
        ways = {"image": image, "image_url": image_url, "upload_id": upload_id}
        given = [name for name in PHOTOS if ways[name] is not None]
        if len(given) != 1:
            came = f"has {' and '.join(given)}" if given else "has no photo"
            raise BadQuery(f"the request {came}; give one of {', '.join(PHOTOS)}", given[1] if given else "image")
        if upload_id is not None:
            return self.upload(upload_id)
        return image if image is not None else self.fetch(image_url or "")

    def upload(self, id: str) -> bytes:
        """A photo that is kept.

        Raises:
            BadQuery: uploads are off here.
            NotFound: no such upload.
        """
        if self._uploaded is None:
            raise BadQuery("upload_id is off here; send the picture itself as image", "upload_id")
        return self._uploaded(id)

    def fetch(self, url: str) -> bytes:
        """A photo at a public web address.

        Raises:
            BadQuery: web addresses are off here.
            BadImage, TooLarge: it gives no picture that is accepted.
        """
        if self._url_limit is None:
            raise BadQuery("image_url is off here; send the picture itself as image", "image_url")
        return download.public_picture(url, self._url_limit)
