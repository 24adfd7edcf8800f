"""What parts hold, and pictures' hashes as tests count them."""

from __future__ import annotations

import hashlib
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from vision import extractors
from vision.catalog.cache import FeatureCache
from vision.catalog.features import check, extract
from vision.catalog.pictures import Pictures
from vision.extraction import parts
from vision.extraction.places import Place

Vectors = dict[bytes, NDArray[np.float32]]


def contents(place: Place, fingerprint: str) -> tuple[Vectors, dict[bytes, str]]:
    """All vectors and all reasons in a place's parts; fails where a picture is in two of them."""
    vectors: Vectors = {}
    bad: dict[bytes, str] = {}
    for file in parts.names(place).get(fingerprint, []):
        part = parts.read(place, file, fingerprint)
        assert not vectors.keys() & set(part.pictures)
        assert not bad.keys() & part.bad.keys()
        vectors |= dict(zip(part.pictures, part.vectors, strict=True))
        bad |= part.bad
    assert not vectors.keys() & bad.keys()
    return vectors, bad


def alone(catalogue: Path, spec: str, home: Path, models: Path | None = None) -> Vectors:
    """The features that ``index`` extracts in one process."""
    extractor = extractors.load(spec, models=models)
    with FeatureCache(home / "features.sqlite") as cache:
        rows = list(extract(check(catalogue), Pictures(catalogue.parent), extractor, cache))
        return cache.get(extractor.fingerprint, list({row.picture for row in rows if row.picture}))


def same(one: Vectors, other: Vectors) -> bool:
    """Whether the same pictures have the same vectors, bit for bit."""
    return one.keys() == other.keys() and all(one[key].tobytes() == other[key].tobytes() for key in one)


def digest(data: bytes) -> bytes:
    """A picture's hash."""
    return hashlib.sha256(data).digest()
