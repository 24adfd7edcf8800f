"""Where a row's picture is, and its bytes."""

from __future__ import annotations

import hashlib
import stat
from dataclasses import dataclass, field
from pathlib import Path

from vision import download
from vision.addresses import Network, networks
from vision.catalog.product import Rejected
from vision.catalog.remembered import Remembered
from vision.errors import BadImage, TooLarge
from vision.settings import Settings

MAX_BYTES = 50 * 1024 * 1024


@dataclass(frozen=True)
class Pictures:
    """Reads pictures named by rows: files below ``root``, and URLs if they are allowed."""

    root: Path
    allow_urls: bool = False
    timeout: float = 30.0
    """Seconds for a URL, with its redirects and all of its bytes."""
    allowed: tuple[Network, ...] = field(default_factory=lambda: networks(Settings.from_environment().url_networks))
    """Networks besides the public internet that URLs may lead to."""

    @property
    def root_id(self) -> str:
        """A short name of the root folder, kept in each document instead of the path itself."""
        return hashlib.sha256(str(self.root.resolve()).encode()).hexdigest()[:12]

    def read(self, image: str) -> bytes:
        """The picture's bytes.

        Raises:
            Rejected: no such file, a URL that is not allowed, leads to a private network or does not answer, or
                larger than 50 MiB.
        """
        if is_url(image):
            return self._fetch(image)
        path = self.root / image
        try:
            found = path.stat()
            if stat.S_ISDIR(found.st_mode):
                raise Rejected(f"image {image!r} is a folder")
            if not stat.S_ISREG(found.st_mode):
                raise Rejected(f"image {image!r} is no regular file")
            if found.st_size > MAX_BYTES:
                raise Rejected(f"image {image!r} is larger than {MAX_BYTES // 2**20} MiB")
            return path.read_bytes()
        except FileNotFoundError:
            raise Rejected(f"image {image!r} does not exist in {self.root}") from None
        except OSError as error:
            raise Rejected(f"image {image[:200]!r} cannot be read: {error.strerror}") from error

    def _fetch(self, url: str) -> bytes:
        if not self.allow_urls:
            raise Rejected("image is a URL; pass --allow-urls to fetch pictures over the network")
        try:
            return download.picture(url, MAX_BYTES, timeout=self.timeout, allowed=self.allowed)
        except (BadImage, TooLarge) as error:
            raise Rejected(f"image: {error}") from error


def is_url(image: str) -> bool:
    """Whether a row's image is a web address."""
    return image[:8].lower().startswith(("http://", "https://"))


class Roots:
    """The folders that catalogues were indexed from, so that the web server can show their pictures."""

    def __init__(self, file: Path) -> None:
        """``file`` is created by the first :meth:`remember`."""
        self.file = file
        self._kept = Remembered(file, str)

    def remember(self, pictures: Pictures) -> None:
        """Keep a catalogue's folder under its short name."""
        self._kept.put(pictures.root_id, str(pictures.root.resolve()))

    def locate(self, root_id: str, image: str) -> Path | None:
        """The path of a document's picture, or None where its folder is unknown or does not hold it.

        Whoever writes the index chooses the path: decode what is there as a picture, never hand the file out as it is.
        """
        root = self._kept.all().get(root_id)
        path = None if root is None else Path(root) / image
        return path if path is not None and path.is_file() else None
