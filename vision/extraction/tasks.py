"""What a worker does: say what it would extract with, hash pictures, and extract those of one part.

Tasks are functions of what they are given and of the pictures: done twice, they leave what they leave when done once.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import dataclass, field
from functools import partial
from typing import Final

import numpy as np
from numpy.typing import NDArray

from vision import cores, extractors, images
from vision.catalog import features
from vision.catalog.decoding import THREADS
from vision.catalog.features import Checked, Source
from vision.catalog.product import Product, Rejected
from vision.extraction import parts
from vision.extraction.parts import HASH, Part
from vision.extraction.places import Place
from vision.extractors import Extractor
from vision.settings import Settings

NONE: Final = bytes(HASH)
"""Stands for a picture that cannot be read."""

_LOADING: Final = threading.Lock()
_KEPT: Final[dict[str, Extractor]] = {}
"""At most one, by its specification."""


@dataclass(frozen=True)
class Recipe:
    """How to extract.

    Attributes:
        extractor: specification; the worker's own VISUAL_SEARCH_MODELS says where its file is.
        beside: workers on this worker's machine, itself included: they share the cores.
        threads: of the model, where that is not to be the worker's share.
    """

    extractor: str
    beside: int = 1
    threads: int | None = None


@dataclass(frozen=True)
class Greeting:
    """What a worker says of itself.

    Attributes:
        fingerprint: of its extractor.
        sees: the names in the place where parts go.
    """

    fingerprint: str
    sees: frozenset[str]


@dataclass(frozen=True)
class Hashed:
    """Of some pictures, each one's SHA-256, 32 bytes, :data:`NONE` where it cannot be read; and why, by its place."""

    pictures: bytes
    problems: Mapping[int, str]


@dataclass(frozen=True)
class Extracted:
    """What became of the pictures of one part.

    Attributes:
        file: the part's name; None where it would be empty.
        good: how many have features.
        bad: what is wrong with others, which the part has as well.
        lost: why others are not what they were when they were hashed, and in no part.
    """

    file: str | None
    good: int
    bad: Mapping[bytes, str]
    lost: Mapping[bytes, str]


def greet(recipe: Recipe, place: Place) -> Greeting:
    """Load the extractor and look where parts go.

    Raises:
        BadSetting, ModelUnavailable: the extractor cannot be had here.
        StorageUnavailable: the place cannot be read from here.
    """
    return Greeting(_loaded(recipe).fingerprint, frozenset(place.names()))


def hash_pictures(names: Sequence[str], source: Source) -> Hashed:
    """Read pictures and keep nothing but their hashes."""
    with ThreadPoolExecutor(THREADS, thread_name_prefix="pictures") as pool:
        found = list(pool.map(partial(_hash, source=source), names))
    hashes = b"".join(each if isinstance(each, bytes) else NONE for each in found)
    return Hashed(hashes, {number: each for number, each in enumerate(found) if isinstance(each, str)})


def extract_part(
    wanted: Sequence[tuple[str, bytes]], source: Source, recipe: Recipe, place: Place, fingerprint: str
) -> Extracted:
    """Extract pictures, named as rows name them and by their hashes, all different, and write their part.

    The way from bytes to vectors is :func:`vision.catalog.features.extract`, which ``index`` takes as well.

    Raises:
        Conflict: this worker's extractor is another than ``fingerprint`` says.
        StorageUnavailable: the part cannot be written.
    """
    extractor = _loaded(recipe)
    if extractor.fingerprint != fingerprint:
        raise parts.mismatch("a worker", [extractor.fingerprint], fingerprint)
    reading, gathered = _Reading(source, wanted), _Gathered()
    rows = [Checked(number, str(number), Product(str(number), "", "", str(number))) for number in range(len(wanted))]
    bad: dict[bytes, str] = {}
    with closing(features.extract(rows, reading, extractor, gathered)) as through:
        for row in through:
            picture = wanted[row.line][1]
            if row.picture is None and picture not in reading.lost:
                bad[picture] = row.reason
    good = [picture for _, picture in wanted if picture in gathered.features]
    if not good and not bad:
        return Extracted(None, 0, bad, reading.lost)
    vectors = np.array([gathered.features[picture] for picture in good], dtype=np.float32)
    part = Part(fingerprint, good, vectors.reshape(len(good), extractor.info.dims), bad)
    file = parts.name(fingerprint, [picture for _, picture in wanted])
    place.write(file, parts.encode(part))
    return Extracted(file, len(good), bad, reading.lost)


@dataclass
class _Reading:
    """Reads the pictures of a part by their places in it, and makes sure that they are those that were hashed."""

    source: Source
    wanted: Sequence[tuple[str, bytes]]
    lost: dict[bytes, str] = field(default_factory=dict)

    def read(self, image: str) -> bytes:
        """The picture's bytes."""
        name, picture = self.wanted[int(image)]
        try:
            data = self.source.read(name)
            if bytes.fromhex(images.content_hash(data)) != picture:
                raise Rejected(f"image {name!r} changed while it was extracted; run the same command again")
        except Rejected as error:
            self.lost[picture] = str(error)
            raise
        return data


@dataclass
class _Gathered:
    """The features of one part."""

    features: dict[bytes, NDArray[np.float32]] = field(default_factory=dict)

    def known(self, extractor: str, pictures: Sequence[bytes]) -> frozenset[bytes]:
        """None: pictures of a part are all different, and all wanted."""
        return frozenset()

    def put(self, extractor: str, features: Mapping[bytes, NDArray[np.float32]]) -> None:
        """Keep features."""
        self.features.update(features)


def _hash(name: str, source: Source) -> bytes | str:
    try:
        return bytes.fromhex(images.content_hash(source.read(name)))
    except Rejected as error:
        return str(error)


def _loaded(recipe: Recipe) -> Extractor:
    """The extractor, loaded once in a process, with its share of the machine's cores."""
    with _LOADING:
        if recipe.extractor not in _KEPT:
            _KEPT.clear()
            cores.take(recipe.threads or max(1, (os.cpu_count() or 1) // recipe.beside))
            models = Settings.from_environment().models
            _KEPT[recipe.extractor] = extractors.load(recipe.extractor, models=models)
        return _KEPT[recipe.extractor]
