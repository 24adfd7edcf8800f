"""Parts into the feature cache, so that ``index`` finds there what it would extract."""

from __future__ import annotations

from dataclasses import dataclass

from vision.catalog.cache import FeatureCache
from vision.console import Progress
from vision.errors import NotFound
from vision.extraction import parts, places
from vision.extractors import Extractor


@dataclass(frozen=True)
class Filled:
    """How many parts there were, of how many pictures, and how many of those were not in the cache."""

    parts: int
    pictures: int
    new: int


def fill(cache: FeatureCache, where: str, extractor: Extractor, progress: Progress) -> Filled:
    """Put an extractor's features into the cache, one part in memory at a time; vectors that are there are not read.

    Raises:
        BadSetting: an address that is not accepted, or a package that is missing.
        Conflict: the parts are another extractor's.
        NotFound: there are no parts.
        StorageUnavailable: a part is damaged or cannot be read; those before it are in the cache.
    """
    place, fingerprint = places.place(where), extractor.fingerprint
    found = parts.names(place)
    if fingerprint not in found:
        if found:
            raise parts.mismatch(place.shown, sorted(found), fingerprint)
        raise NotFound(f"there are no features in {place.shown}; `visual-search extract --to` writes them")
    pictures = new = 0
    for number, file in enumerate(found[fingerprint]):
        progress("features", number, len(found[fingerprint]))
        held, _ = parts.held(place, file, fingerprint)
        pictures += len(held)
        missing = set(held) - cache.known(fingerprint, held)
        if missing:
            part = parts.read(place, file, fingerprint)
            cache.put(
                fingerprint,
                {
                    picture: vector
                    for picture, vector in zip(part.pictures, part.vectors, strict=True)
                    if picture in missing
                },
            )
            new += len(missing)
    progress("features", len(found[fingerprint]), len(found[fingerprint]))
    return Filled(len(found[fingerprint]), pictures, new)
