"""The regions of a catalogue's pictures: found once, kept in the cache, and cut out for the extractor."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from vision.catalog.cache import FeatureCache
from vision.detect import Finder, Region
from vision.errors import BadImage


@dataclass(frozen=True)
class Part:
    """A region that gets a document of its own.

    Attributes:
        number: 1 is the default one, that a search with ``detect`` takes.
        region: where it is, and what.
        key: 32 bytes that its features are kept by.
    """

    number: int
    region: Region
    key: bytes


class Regions:
    """What one detector finds in pictures, by their SHA-256."""

    def __init__(self, finder: Finder, cache: FeatureCache) -> None:
        """Load the detector, so that one that cannot be had is told before anything is extracted.

        Raises:
            ModelUnavailable: it cannot be loaded.
        """
        self._finder = finder
        self._cache = cache
        self._detector = finder.detector().fingerprint
        self.fingerprint = finder.fingerprint
        """Of detector, mapping file and rule; kept with each document."""

    def unseen(self, pictures: Sequence[bytes]) -> list[bytes]:
        """Those that the detector did not look at yet."""
        seen = self._cache.get_regions(self._detector, pictures)
        return [picture for picture in pictures if picture not in seen]

    def look(self, pictures: Mapping[bytes, bytes]) -> dict[bytes, tuple[Region, ...]]:
        """What is in pictures, by their bytes; those that are no good are left out. May run in a thread of its own."""
        found = {}
        for picture, data in pictures.items():
            try:
                found[picture] = self._finder.look(data)
            except BadImage:  # the extractor says why
                continue
        return found

    def keep(self, looked: Mapping[bytes, Sequence[Region]]) -> None:
        """Keep what :meth:`look` gave."""
        if looked:
            self._cache.put_regions(self._detector, looked)

    def parts(self, pictures: Sequence[bytes]) -> dict[bytes, tuple[Part, ...]]:
        """The regions to be indexed of pictures that were looked at."""
        looked = self._cache.get_regions(self._detector, pictures)
        return {
            picture: tuple(
                Part(number, region, _key(picture, region))
                for number, region in enumerate(self._finder.chosen(found), start=1)
            )
            for picture, found in looked.items()
        }


def _key(picture: bytes, region: Region) -> bytes:
    """What is cut out is decided by the picture and the box, whoever found it."""
    return hashlib.sha256(picture + repr(region.box).encode()).digest()
