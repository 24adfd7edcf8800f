"""Pictures decoded in threads while the extractor is busy with those before them."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from typing import Final

from PIL import Image

from vision import images
from vision.detect import Box
from vision.embedding import open_picture
from vision.errors import BadImage
from vision.extractors import Extractor

THREADS: Final = 4
"""That read and decode."""

_SMALL: Final = 32
"""Pictures decoded before they are taken, where they are as small by then as the extractor wants them."""


@dataclass(frozen=True)
class Cut:
    """A picture's bytes, and the part that is meant; None is all of it."""

    data: bytes
    box: Box | None = None


class Decoding:
    """Pictures by their keys, decoding begun; iterate over it, once, for the pictures or what is wrong with them."""

    def __init__(self, cuts: Mapping[bytes, Cut], pool: ThreadPoolExecutor, extractor: Extractor) -> None:
        """Begin with the first pictures.

        Most extractors resize a picture before all else: that is done here as well, which takes it off the one thread
        that extracts, and leaves 300 KB instead of what a camera made. The others get pictures as they are, few ahead.
        """
        self.keys = cuts.keys()
        self._waiting = deque(cuts.items())
        self._running: deque[tuple[bytes, Future[Image.Image | str]]] = deque()
        self._pool = pool
        self._extractor = extractor
        self._ahead = _SMALL if extractor.info.stretches else THREADS
        self._begin_more()

    def __iter__(self) -> Iterator[tuple[bytes, Image.Image | str]]:
        """Each key with its picture, or the reason why there is none, in order."""
        while self._running:
            key, future = self._running.popleft()
            self._begin_more()
            yield key, future.result()

    def _begin_more(self) -> None:
        while self._waiting and len(self._running) < self._ahead:
            key, cut = self._waiting.popleft()
            self._running.append((key, self._pool.submit(_decode, cut, self._extractor)))


def _decode(cut: Cut, extractor: Extractor) -> Image.Image | str:
    try:
        picture = open_picture(cut.data, extractor, cut.box)
    except BadImage as error:
        return str(error)
    return images.resized(picture, extractor.info.input_size) if extractor.info.stretches else picture
