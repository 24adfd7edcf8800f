"""An embedding: the extractor, PCA and coarse code that turn pictures into the vectors of one collection.

Its files live in one folder named after its fingerprint; the collection's documents carry the fingerprint.
"""

from __future__ import annotations

import hashlib
import math
import os
import shutil
import tempfile
import threading
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

import msgspec
import numpy as np
from numpy.typing import NDArray
from PIL import Image

from vision import extractors, images, telemetry
from vision.errors import BadVector, Conflict, FingerprintMismatch, ModelUnavailable, NotFound
from vision.extractors import Extractor, SpatialExtractor, TextEncoder
from vision.reduction import DIMS, CoarseCodec, Pca
from vision.telemetry import Stage

_DESCRIPTION = "embedding.json"
_PCA = "pca.npz"


class _Description(msgspec.Struct, frozen=True):
    fingerprint: str
    extractor: str
    extractor_fingerprint: str
    sigma2: float
    coarse: dict[str, float | int]


@dataclass(frozen=True)
class Embedding:
    """Everything needed to make a query's vectors as the collection's were made.

    Attributes:
        extractor: the extractor as the user named it, ``inception_v3`` or ``tflite:/models/m.tflite``.
        extractor_fingerprint: what extractor, weights and preprocessing were.
        pca: 2048 (or whatever the extractor gives) to 1024.
        codec: 1024 float32 to the int8 of the coarse field, 256 unless the collection was made with others.
        sigma2: the collection's median squared distance, the scale of the image score.
    """

    extractor: str
    extractor_fingerprint: str
    pca: Pca
    codec: CoarseCodec
    sigma2: float
    _loaded: dict[str, Extractor] = field(default_factory=dict, compare=False, repr=False)
    _lock: threading.Lock = field(default_factory=threading.Lock, compare=False, repr=False)

    @cached_property
    def fingerprint(self) -> str:
        """Extractor's name and 12 digits over extractor, weights, preprocessing, PCA and coarse code."""
        parts = (self.extractor_fingerprint, self.pca.fingerprint, repr(sorted(self.codec.to_dict().items())))
        name = self.extractor_fingerprint.rpartition("-")[0]
        return f"{name}-{hashlib.sha256('|'.join(parts).encode()).hexdigest()[:12]}"

    def vector(
        self, data: bytes, *, crop: Sequence[float] | None = None, models: Path | None = None
    ) -> NDArray[np.float32]:
        """(1024,) of one picture's bytes, or of the part ``crop`` = [x, y, w, h] (0 to 1) of it.

        Raises:
            BadImage: no picture that is accepted.
            BadQuery: ``crop`` is no box inside the picture.
            ModelUnavailable: the extractor cannot be loaded.
        """
        found: NDArray[np.float32] = self.vectors([self.open(data, crop=crop, models=models)], models=models)[0]
        return found

    def open(self, data: bytes, *, crop: Sequence[float] | None = None, models: Path | None = None) -> Image.Image:
        """One picture decoded for :meth:`vectors`; several may be decoded at the same time.

        Raises:
            BadImage, BadQuery, ModelUnavailable: as :meth:`vector`.
        """
        with self._lock:
            extractor = self._extractor(models)
        return open_picture(data, extractor, crop)

    def vectors(self, pictures: Sequence[Image.Image], *, models: Path | None = None) -> NDArray[np.float32]:
        """(n, 1024) float32 for n RGB pictures; loads the extractor on first use. One caller at a time extracts.

        Raises:
            ModelUnavailable: the extractor cannot be loaded.
            FingerprintMismatch: its weights or preprocessing are others than the collection's.
        """
        with telemetry.stage(Stage.EXTRACT), self._lock:
            features = self._extractor(models).extract(pictures)
        return self.pca.transform(features, extractor_fingerprint=self.extractor_fingerprint)

    def maps(self, pictures: Sequence[Image.Image], *, models: Path | None = None) -> NDArray[np.float32]:
        """(n, height, width, channels) of n RGB pictures: what their features are the mean of, before the PCA.

        Raises:
            Conflict: the extractor has no such maps.
            ModelUnavailable, FingerprintMismatch: as :meth:`vectors`.
        """
        with self._lock:
            extractor = self._extractor(models)
        if not isinstance(extractor, SpatialExtractor):
            raise Conflict(
                f"the collection's vectors are {self.fingerprint!r}, which have no places in a picture: which parts "
                "are alike can be shown for compact and the networks of Keras"
            )
        return extractor.maps(pictures)

    def text_vectors(self, texts: Sequence[str], *, models: Path | None = None) -> NDArray[np.float32]:
        """(n, 1024) float32 for n texts, in the space of the pictures' vectors.

        Raises:
            Conflict: the extractor reads no words.
            ModelUnavailable, FingerprintMismatch: as :meth:`vectors`.
        """
        encoder: object = None
        if extractors.reads_words(self.extractor):
            with self._lock:
                encoder = self._extractor(models)
        if not isinstance(encoder, TextEncoder):
            raise Conflict(
                f"the collection's vectors are {self.fingerprint!r}, made of pictures alone: words have no place among "
                "them; index with `--extractor clip` to search pictures by a description"
            )
        with telemetry.stage(Stage.EXTRACT):
            features = encoder.text(texts)
        return self.pca.transform(features, extractor_fingerprint=self.extractor_fingerprint)

    def _extractor(self, models: Path | None) -> Extractor:
        if "extractor" not in self._loaded:
            loaded = extractors.load(self.extractor, models=models)
            if loaded.fingerprint != self.extractor_fingerprint:
                raise FingerprintMismatch(loaded.fingerprint, self.extractor_fingerprint)
            self._loaded["extractor"] = loaded
        return self._loaded["extractor"]

    def use(self, extractor: Extractor) -> None:
        """Take an extractor that is loaded already, instead of loading it again."""
        if extractor.fingerprint != self.extractor_fingerprint:
            raise FingerprintMismatch(extractor.fingerprint, self.extractor_fingerprint)
        self._loaded["extractor"] = extractor


def open_picture(data: bytes, extractor: Extractor, crop: Sequence[float] | None = None) -> Image.Image:
    """Decode a picture for an extractor: the same way for indexing and for queries, so that a product finds itself.

    Large JPEGs are decoded at a fraction of their size, yet at no less than twice what the extractor takes; of a
    ``crop`` = [x, y, w, h] that holds for the part itself, so that [0, 0, 1, 1] gives exactly what no crop gives.

    Raises:
        BadImage: no picture that is accepted.
        BadQuery: ``crop`` is no box inside the picture.
    """
    side = 2 * max(extractor.info.input_size)
    if crop is None:
        return images.decode(data, min_side=side)
    _, _, width, height = images.check_box(crop)
    return images.crop(images.decode(data, min_side=math.ceil(side / min(width, height))), crop)


def check_vector(values: object) -> NDArray[np.float32]:
    """(1024,) float32 of finite values.

    Raises:
        BadVector: another length, not numbers, NaN, infinite, or too large for float32.
    """
    try:
        with np.errstate(over="ignore"):  # what float32 does not hold becomes infinite
            vector = np.asarray(values, dtype=np.float32)
    except (TypeError, ValueError, OverflowError) as error:
        raise BadVector(f"a vector must be {DIMS} numbers") from error
    if vector.shape != (DIMS,):
        raise BadVector(f"the vector has shape {vector.shape}; ({DIMS},) is accepted")
    squared = float(np.square(vector, dtype=np.float64).sum())  # finite float32 cannot overflow it
    if not math.isfinite(squared):
        raise BadVector("the vector has NaN or infinite values; all must be finite")
    if squared > 1e30:
        raise BadVector("the vector is too long: its squared length must be at most 1e30")
    return vector


class EmbeddingStore:
    """Embeddings on disk, by fingerprint."""

    def __init__(self, folder: Path) -> None:
        """``folder`` is created on the first save."""
        self.folder = folder
        self._cache: dict[str, Embedding] = {}

    def save(self, embedding: Embedding) -> Path:
        """Write an embedding's folder (complete or not at all) and return it."""
        target = self.folder / embedding.fingerprint
        if (target / _DESCRIPTION).exists():
            return target
        self.folder.mkdir(parents=True, exist_ok=True)
        partial = Path(tempfile.mkdtemp(prefix=f".{embedding.fingerprint}.", suffix=".partial", dir=self.folder))
        try:
            self._write(embedding, partial)
            partial.chmod(0o755)
            if not (target / _DESCRIPTION).exists():
                shutil.rmtree(target, ignore_errors=True)
            partial.rename(target)
        except OSError:
            if not (target / _DESCRIPTION).exists():  # else another process was quicker, with the same files
                raise
        finally:
            shutil.rmtree(partial, ignore_errors=True)
        return target

    def _write(self, embedding: Embedding, folder: Path) -> None:
        embedding.pca.save(folder / _PCA)
        description = _Description(
            embedding.fingerprint,
            embedding.extractor,
            embedding.extractor_fingerprint,
            embedding.sigma2,
            embedding.codec.to_dict(),
        )
        with (folder / _DESCRIPTION).open("wb") as file:
            file.write(msgspec.json.format(msgspec.json.encode(description)))
            file.flush()
            os.fsync(file.fileno())

    def load(self, fingerprint: str) -> Embedding:
        """The embedding with this fingerprint.

        Raises:
            NotFound: it is not on this machine; says where it was looked for.
        """
        if fingerprint not in self._cache:
            self._cache[fingerprint] = self._read(fingerprint)
        return self._cache[fingerprint]

    def _read(self, fingerprint: str) -> Embedding:
        folder = self.folder / fingerprint
        try:
            found = msgspec.json.decode((folder / _DESCRIPTION).read_bytes(), type=_Description)
            pca = Pca.load(folder / _PCA)
        except FileNotFoundError as error:
            raise NotFound(
                f"the collection's vectors are {fingerprint!r}, and {folder} does not hold that embedding; "
                "copy the folder from the machine that indexed the catalogue, or index again here with --recreate"
            ) from error
        except msgspec.DecodeError as error:
            raise ModelUnavailable(f"{folder / _DESCRIPTION} cannot be read: {error}") from error
        codec = CoarseCodec.from_dict(found.coarse)
        return Embedding(found.extractor, found.extractor_fingerprint, pca, codec, found.sigma2)
