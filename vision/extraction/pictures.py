"""Where workers read pictures: below the catalogue's folder as ``index`` does, or below another one or an address."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Final
from urllib.parse import quote

from vision.catalog.features import Source
from vision.catalog.pictures import MAX_BYTES, Pictures, is_url
from vision.catalog.product import Rejected
from vision.extraction import places

_ACCEPTED: Final = "a path below --images is accepted, as folder/photo.jpg"
_ODD: Final = re.compile(r"[\\\x00-\x1f\x7f]|::|://")


@dataclass(frozen=True)
class Below:
    """Pictures below an address: those of a web server, or objects of a store."""

    base: str
    web: Pictures
    """Reads web addresses: the base's, if that is one, and those of rows, if they are allowed."""

    def read(self, image: str) -> bytes:
        """The picture's bytes.

        Raises:
            Rejected: a path that leads out of the base, no such picture, one that cannot be read or is too large.
        """
        if is_url(image):
            return self.web.read(image)
        check_below(image)
        if is_url(self.base):
            return Pictures(Path(), True, self.web.timeout, self.web.allowed).read(f"{self.base}/{quote(image)}")
        return self._object(image)

    def _object(self, image: str) -> bytes:
        files, path = places.system(self.base)
        path = f"{path}/{image}"
        try:
            data = _bounded(files, path)
        except FileNotFoundError:
            raise Rejected(f"image {image!r} does not exist in {self.base}") from None
        except Exception as error:  # those of stores share no base class
            words = str(error) or type(error).__name__
            raise Rejected(f"image {image[:200]!r} cannot be read: {words[:300]}") from error
        if len(data) > MAX_BYTES:
            raise Rejected(f"image {image!r} is larger than {MAX_BYTES // 2**20} MiB")
        return data


def source(catalogue: Path, images: str | None, *, allow_urls: bool) -> Source:
    """What reads the pictures of a catalogue's rows.

    Args:
        catalogue: whose folder they are in, unless ``images`` says otherwise.
        images: a folder, or an address with ``://``.
        allow_urls: whether rows' web addresses are fetched.

    Raises:
        BadSetting: an address that is not accepted.
    """
    if images is None:
        return Pictures(catalogue.parent.absolute(), allow_urls)
    if is_url(images):
        places.check(images)
        return Below(images.rstrip("/"), Pictures(Path(), allow_urls))
    found = places.place(images)
    if isinstance(found, places.Folder):
        return Pictures(found.path, allow_urls)
    places.system(found.url)
    return Below(found.url, Pictures(Path(), allow_urls))


def check_below(image: str) -> None:
    """Refuse what would lead out of a base, or be read as something else than a path in it.

    Raises:
        Rejected: with what is accepted.
    """
    parts = image.split("/")
    if _ODD.search(image) or any(part in ("", ".", "..") for part in parts) or image.startswith("~"):
        raise Rejected(f"image {image[:200]!r} leads out of --images; {_ACCEPTED}")


def _bounded(files: object, path: str) -> bytes:
    """An object's bytes in one request; of one that is larger than what is accepted, one byte more than that."""
    try:
        data: bytes = files.cat_file(path, end=MAX_BYTES + 1)  # type: ignore[attr-defined]
        return data
    except Exception:  # a store answers a range of an empty object with an error of its own
        if files.info(path)["size"] == 0:  # type: ignore[attr-defined]
            return b""
        raise
