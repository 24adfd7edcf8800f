"""What every extractor is: a description, a fingerprint, and pictures in, feature vectors out."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Protocol, TypeVar, runtime_checkable

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from vision.errors import ModelUnavailable

Features = NDArray[np.float32]
T = TypeVar("T")


@dataclass(frozen=True)
class ExtractorInfo:
    """What is known of an extractor: all that decides its vectors, and where it comes from."""

    name: str
    """Its name in the registry, or the model file's."""
    input_size: tuple[int, int]
    """Height and width of what the model sees."""
    dims: int
    """Length of a feature vector."""
    licence: str
    """Of the weights, as an SPDX expression where there is one."""
    source: str
    """Where method and weights come from."""
    preprocessing: str
    """What happens between the RGB picture and the vector, in words; part of the fingerprint."""
    weights_hash: str | None = None
    """SHA-256 of the weights file; None where there are no weights."""
    unit_length: bool = False
    """Whether every vector has length 1 already."""
    stretches: bool = False
    """Whether :func:`vision.images.resized` to ``input_size`` comes first, and may thus be done before."""

    @property
    def fingerprint(self) -> str:
        """The name and a short hash of everything that decides the vectors, as in ``histogram-3f9a1c2b4d5e``.

        Of ``tflite:FILE`` only the part before the colon counts: a model file may be renamed.
        """
        name = self.name.partition(":")[0]
        parts = (name, self.weights_hash or "", self.preprocessing, str(self.input_size), str(self.dims))
        digest = hashlib.sha256("\x1f".join(parts).encode()).hexdigest()[:12]
        return f"{name}-{digest}"


@dataclass(frozen=True)
class Located:
    """A model file, and which of the places it was found in."""

    path: Path
    origin: str


@dataclass(frozen=True)
class ModelFile:
    """A file that an extractor needs; ``found`` is None where it is not on this machine.

    ``bytes`` is the size of the published file; None where nobody publishes one.
    """

    name: str
    bytes: int | None
    found: Located | None


@dataclass(frozen=True)
class Description:
    """What can be said of an extractor without loading it; None where only its model knows."""

    dims: int | None
    input_size: tuple[int, int] | None
    licence: str
    source: str
    files: tuple[ModelFile, ...] = ()


class Extractor(Protocol):
    """Pictures to feature vectors. Safe to call from several threads."""

    @property
    def info(self) -> ExtractorInfo:
        """The description."""
        ...

    @property
    def fingerprint(self) -> str:
        """Two extractors with the same fingerprint give the same vectors."""
        ...

    def extract(self, images: Sequence[Image.Image]) -> Features:
        """RGB pictures of any size to float32 (n, dims); batches inside, an empty sequence gives (0, dims)."""
        ...


@runtime_checkable
class TextEncoder(Protocol):
    """What an extractor has besides where words and pictures share one space. Safe to call from several threads."""

    def text(self, texts: Sequence[str]) -> Features:
        """Texts to float32 (n, dims), comparable with the vectors of pictures; an empty sequence gives (0, dims)."""
        ...


@runtime_checkable
class SpatialExtractor(Protocol):
    """What an extractor has besides where its vector is a mean over places. Safe to call from several threads."""

    def maps(self, images: Sequence[Image.Image]) -> NDArray[np.float32]:
        """RGB pictures to float32 (n, height, width, channels): what the mean is taken of.

        Raises:
            ModelUnavailable: the model has no such map.
        """
        ...


class L2Normalised:
    """Another extractor's vectors, each scaled to length 1; a vector of zeros stays one."""

    def __init__(self, inner: Extractor) -> None:
        """Wrap ``inner``; the fingerprint differs from its own."""
        self._inner = inner
        preprocessing = inner.info.preprocessing + "; vectors scaled to length 1"
        self.info = replace(inner.info, preprocessing=preprocessing, unit_length=True)
        self.fingerprint = self.info.fingerprint

    def extract(self, images: Sequence[Image.Image]) -> Features:
        """RGB pictures to float32 (n, dims), each row of length 1."""
        return to_unit_length(self._inner.extract(images))

    def maps(self, images: Sequence[Image.Image]) -> NDArray[np.float32]:
        """The inner extractor's maps, whose mean is its vector before it is scaled.

        Raises:
            ModelUnavailable: it has none.
        """
        if not isinstance(self._inner, SpatialExtractor):
            raise ModelUnavailable(
                f"{self.info.name} gives vectors without places: there is nothing to lay over a picture"
            )
        return self._inner.maps(images)


def to_unit_length(vectors: Features) -> Features:
    """Each row of (n, dims) divided by its length; a row of zeros stays one."""
    lengths = np.linalg.norm(vectors, axis=1, keepdims=True)
    return np.asarray(vectors / np.where(lengths > 0, lengths, 1), dtype=np.float32)


def batches(items: Sequence[T], size: int) -> Iterator[Sequence[T]]:
    """Slices of at most ``size`` items, in order."""
    for start in range(0, len(items), size):
        yield items[start : start + size]


def file_hash(path: Path) -> str:
    """SHA-256 of a file, in hexadecimal."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
