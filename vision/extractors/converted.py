"""Networks converted for OpenVINO by ``visual-search models convert``: which are here, and pictures through them.

A conversion is a folder ``FINGERPRINT.fp32`` or ``FINGERPRINT.int8`` in the models folder or the Keras cache, named
after the extractor that it was made of. It counts for the weights it was made of alone, by their SHA-256.
"""

from __future__ import annotations

import glob
import hashlib
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Final

import msgspec
import numpy as np
from numpy.typing import NDArray
from PIL import Image

from vision import openvino_runtime
from vision.errors import BadSetting, ModelUnavailable
from vision.extractors.base import ExtractorInfo, Features, batches, file_hash
from vision.extractors.scaling import pixels
from vision.extractors.weights import keras_cache

BATCH: Final = 16
MODEL: Final = "model.xml"
VECTORS: Final = "vectors"
MAPS: Final = "features"
ABOUT: Final = "conversion.json"
OPTION: Final = "precision"


class Agreement(msgspec.Struct, frozen=True):
    """How near a conversion's vectors are to those of what it was made of, on pictures it was not calibrated on.

    ``top10`` is the part of each picture's ten nearest of these pictures that stay; None where they are fewer than 50.
    """

    pictures: int
    cosine_min: float
    cosine_mean: float
    top10: float | None


class Conversion(msgspec.Struct, frozen=True):
    """What is kept beside the model, as JSON.

    Attributes:
        info: of the extractor that it was made of.
        precision: ``fp32`` or ``int8``.
        scale: how pixels are scaled, of :data:`vision.extractors.scaling.SCALES`.
        channels_first: of input and maps.
        model_sha256: of the model's files.
        calibrated_on: pictures that decided int8's ranges.
        openvino: its version.
        agreement: with the original, when it was made.
    """

    info: ExtractorInfo
    precision: str
    scale: str
    channels_first: bool
    model_sha256: str
    calibrated_on: int
    openvino: str
    agreement: Agreement


class Converted:
    """A converted network."""

    def __init__(self, folder: Path, about: Conversion, precision: str) -> None:
        """Load the model.

        Args:
            folder: of the conversion.
            about: what :func:`read` gave of it.
            precision: ``int8`` of a conversion to int8; of one to fp32, ``fp32`` or ``bf16``.

        Raises:
            ModelUnavailable: no OpenVINO, or files other than those that were written.
        """
        self._folder = folder
        if model_hash(folder) != about.model_sha256:
            raise ModelUnavailable(f"{folder} is damaged or was changed; delete it, and convert again")
        self._about = about
        self._model = openvino_runtime.read(folder / MODEL)
        self._vectors = openvino_runtime.Compiled(self._model, VECTORS, bf16=precision == "bf16")
        self._maps: openvino_runtime.Compiled | None = None
        self.info = info_at(about, precision)
        self.fingerprint = self.info.fingerprint

    def extract(self, images: Sequence[Image.Image]) -> Features:
        """RGB pictures to float32 (n, dims), in batches of 16."""
        parts = [self._vectors.run(self._input(part)) for part in batches(images, BATCH)]
        return np.concatenate(parts) if parts else np.zeros((0, self.info.dims), dtype=np.float32)

    def maps(self, images: Sequence[Image.Image]) -> NDArray[np.float32]:
        """RGB pictures to the last map (n, height, width, channels) before the vector.

        Raises:
            ModelUnavailable: the vector is of a layer behind the last map.
        """
        if self._maps is None:
            if MAPS not in openvino_runtime.outputs(self._model):
                raise ModelUnavailable(f"{self.info.name} sees no places any more: take a layer before it")
            self._maps = openvino_runtime.Compiled(self._model, MAPS)
        # compact looks at a mirrored picture as well, whose maps come behind.
        parts = [self._maps.run(self._input(part))[: len(part)] for part in batches(images, BATCH)]
        found = np.concatenate(parts)
        return found.transpose(0, 2, 3, 1) if self._about.channels_first else found

    def _input(self, images: Sequence[Image.Image]) -> Features:
        return pixels(images, self.info.input_size, self._about.scale, self._about.channels_first)


def places(models: Path | None) -> list[Path]:
    """Where conversions are looked for, as weights are; a new one goes to the first."""
    return [*([] if models is None else [models]), keras_cache()]


def load(info: ExtractorInfo, precision: str | None, folders: Sequence[Path]) -> Converted | None:
    """The conversion of an extractor at a precision, or None where the extractor itself is to be used.

    Without a precision that is the conversion to fp32, if there is one and OpenVINO is installed.

    Args:
        info: of the extractor; ``dims`` does not matter, as it may not be known yet.
        precision: as the specification has it.
        folders: where to look.

    Raises:
        BadSetting: there is no such precision.
        ModelUnavailable: a precision is asked for that was not converted, or OpenVINO is not installed.
    """
    if precision is None:
        found = find(info, "fp32", folders) if openvino_runtime.installed() else None
        return None if found is None else Converted(*found, "fp32")
    if precision not in openvino_runtime.PRECISIONS:
        raise BadSetting(f"{OPTION} is {precision!r}; accepted: {', '.join(openvino_runtime.PRECISIONS)}")
    kept = "int8" if precision == "int8" else "fp32"
    found = find(info, kept, folders)
    if found is None:
        others = others_of(info, kept, folders)
        stale = f"; {' and '.join(map(str, others))} is of other weights" if others else ""
        how = " --int8 --calibrate FOLDER" if kept == "int8" else ""
        raise ModelUnavailable(
            f"{info.name} was not converted to {kept} with the weights that are here{stale}: "
            f"`visual-search models convert {info.name}{how}`, or copy the folder from where it was"
        )
    return Converted(*found, precision)


def find(info: ExtractorInfo, kept: str, folders: Sequence[Path]) -> tuple[Path, Conversion] | None:
    """The folder that holds an extractor's conversion to ``fp32`` or ``int8``, and what it says."""
    for path in _candidates(info, kept, folders):
        about = read(path)
        if _source(about.info) == _source(info):
            return path, about
    return None


def others_of(info: ExtractorInfo, kept: str, folders: Sequence[Path]) -> list[Path]:
    """Conversions of the same network with other weights."""
    return [path for path in _candidates(info, kept, folders) if _source(read(path).info) != _source(info)]


def read(folder: Path) -> Conversion:
    """What a conversion says of itself.

    Raises:
        ModelUnavailable: the folder holds none.
    """
    try:
        return msgspec.json.decode((folder / ABOUT).read_bytes(), type=Conversion)
    except (OSError, msgspec.DecodeError) as error:
        raise ModelUnavailable(f"{folder} is no conversion that can be read ({error}); delete it") from error


def info_at(about: Conversion, precision: str) -> ExtractorInfo:
    """The description of a conversion at a precision.

    In fp32 it is that of the extractor, and so is the fingerprint: the vectors differ by less than those of two
    processors may. In int8 the ranges count, which the pictures decide that it was calibrated on.
    """
    source = f"{about.info.source}; converted for OpenVINO {about.openvino}"
    if precision == "fp32":
        return replace(about.info, source=source)
    changed = replace(about.info, source=source, preprocessing=f"{about.info.preprocessing}; {precision}")
    return replace(changed, weights_hash=about.model_sha256) if precision == "int8" else changed


def model_hash(folder: Path) -> str:
    """SHA-256 over the model's files."""
    try:
        parts = [file_hash(path) for path in (folder / MODEL, (folder / MODEL).with_suffix(".bin"))]
    except OSError as error:
        raise ModelUnavailable(f"{folder} lacks a file of the model ({error}); delete it, and convert again") from error
    return hashlib.sha256("".join(parts).encode()).hexdigest()


def _candidates(info: ExtractorInfo, kept: str, folders: Sequence[Path]) -> list[Path]:
    pattern = f"{glob.escape(file_name(info.name))}-????????????.{kept}"
    return [path for folder in folders for path in sorted(folder.glob(pattern)) if (path / ABOUT).is_file()]


def file_name(name: str) -> str:
    """An extractor's name, or a fingerprint, as part of a file's."""
    return name.replace("@", "-")


def _source(info: ExtractorInfo) -> tuple[object, ...]:
    return (info.name, info.weights_hash, info.preprocessing, tuple(info.input_size))
