"""``visual-search models convert``: a network written for OpenVINO, compared with the original before it is kept."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path
from types import ModuleType
from typing import Final, Protocol

import msgspec
import numpy as np
from PIL import Image

from vision import openvino_runtime
from vision.errors import BadSetting, ModelUnavailable
from vision.extractors import canonical, converted, registry
from vision.extractors.base import Extractor, Features
from vision.extractors.converted import ABOUT, MAPS, MODEL, VECTORS, Agreement, Conversion, Converted
from vision.extractors.registry import Spec
from vision.extractors.scaling import pixels

LEAST_COSINE: Final = 0.9999
"""Of a network in fp32 with what it was made of; below it, the two are not one extractor."""

LEAST_PICTURES: Final = 20
_FOR_TOP10: Final = 50

Told = Callable[[str, int, int | None], None]


class Convertible(Extractor, Protocol):
    """What an extractor has besides that can be converted."""

    scale: str
    channels_first: bool
    output: str
    """The name of the vectors in what is exported."""

    def export(self, folder: Path) -> Path:
        """A file or folder that OpenVINO reads, in ``folder`` if it has to be written."""
        ...


def convert(
    original: Convertible, folders: Sequence[Path], pictures: Sequence[Image.Image], *, int8: bool, told: Told
) -> tuple[Path, Conversion]:
    """Convert a network, and keep it where extractors look for it.

    Args:
        original: what :func:`load_original` gave.
        folders: where conversions are looked for; it is written to the first.
        pictures: RGB, in any order that is not by what they show. For int8, four in five set its ranges, and the
            others, or all for fp32, are what it is compared on; without any, fp32 is compared on a drawn one.
        int8: whether weights and activations become int8.
        told: told of the progress.

    Returns:
        The folder, and what it says of itself.

    Raises:
        BadSetting: too few pictures, or an int8 conversion is there already.
        ModelUnavailable: OpenVINO or NNCF cannot be had, or fp32 gives other vectors.
    """
    kept = "int8" if int8 else "fp32"
    found = converted.find(original.info, kept, folders) if int8 else None
    if found is not None:
        raise BadSetting(
            f"{found[0]} is there already, and collections may have been made with it; to make another one, delete it "
            "or move it away"
        )
    if int8 and len(pictures) < LEAST_PICTURES:
        raise BadSetting(f"{len(pictures)} pictures to calibrate with; accepted: {LEAST_PICTURES} or more")
    count = len(pictures) * 4 // 5 if int8 else 0
    target = folders[0] / f"{converted.file_name(original.info.fingerprint)}.{kept}"
    target.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=target.parent, prefix=".converting-") as aside:
        made = Path(aside) / "made"
        made.mkdir()
        told("convert", 0, None)
        _write(original, pictures[:count], Path(aside) / "exported", made)
        about = _about(original, kept, made, count)
        shown = list(pictures[count:]) or [canonical.picture()]
        told("compare", 0, len(shown))
        about = msgspec.structs.replace(about, agreement=agreement(original, Converted(made, about, kept), shown))
        if not int8 and about.agreement.cosine_min < LEAST_COSINE:
            raise ModelUnavailable(
                f"OpenVINO gives other vectors than {original.info.name}: their cosine is "
                f"{about.agreement.cosine_min:.6f}, {LEAST_COSINE} is asked for; nothing was kept"
            )
        (made / ABOUT).write_bytes(msgspec.json.format(msgspec.json.encode(about)) + b"\n")
        shutil.rmtree(target, ignore_errors=True)
        made.rename(target)
    return target, about


def load_original(spec: Spec) -> Convertible:
    """The extractor of a specification as it is without any conversion.

    Raises:
        BadSetting: it cannot be converted.
        ModelUnavailable: it cannot be loaded.
    """
    spec.accept()
    module: ModuleType = registry.module(spec)
    if not hasattr(module, "original"):
        raise BadSetting(f"extractor {spec.name} cannot be converted; accepted: the networks of Keras, and compact")
    loaded: Convertible = module.original(spec)
    return loaded


def agreement(original: Convertible, other: Converted, pictures: Sequence[Image.Image]) -> Agreement:
    """How near two extractors' vectors of the same pictures are."""
    first, second = original.extract(pictures), other.extract(pictures)
    cosines = cosine(first, second)
    top10 = overlap(first, second) if len(pictures) >= _FOR_TOP10 else None
    return Agreement(len(pictures), float(cosines.min()), float(cosines.mean()), top10)


def cosine(first: Features, second: Features) -> Features:
    """The cosine of each row of one matrix with the same row of the other; 1 where both are zeros."""
    lengths = np.linalg.norm(first, axis=1) * np.linalg.norm(second, axis=1)
    products = np.einsum("nd,nd->n", first, second, dtype=np.float64)
    same = np.all(first == second, axis=1)
    return np.where(same, 1.0, products / np.where(lengths > 0, lengths, 1)).astype(np.float32)


def overlap(first: Features, second: Features, k: int = 10) -> float:
    """The part of each row's ``k`` nearest others, by Euclidean distance, that are the same in both matrices."""
    one, two = _nearest(first, k), _nearest(second, k)
    return float(np.mean([len(set(a) & set(b)) / k for a, b in zip(one.tolist(), two.tolist(), strict=True)]))


def _nearest(vectors: Features, k: int) -> np.ndarray:
    values = vectors.astype(np.float64)
    squares = (values**2).sum(axis=1)
    distances = squares[:, None] + squares[None, :] - 2 * values @ values.T
    np.fill_diagonal(distances, np.inf)
    nearest: np.ndarray = np.argsort(distances, axis=1, kind="stable")[:, :k]
    return nearest


def _write(original: Convertible, pictures: Sequence[Image.Image], exported: Path, made: Path) -> None:
    model = openvino_runtime.read(original.export(exported))
    names = openvino_runtime.outputs(model)
    if original.output != VECTORS:
        openvino_runtime.rename(model, original.output, VECTORS)
    assert {VECTORS} <= set(openvino_runtime.outputs(model)) and set(names) <= {original.output, MAPS}, names
    if pictures:
        inputs = [
            pixels([each], original.info.input_size, original.scale, original.channels_first) for each in pictures
        ]
        model = openvino_runtime.quantised(model, inputs)
    openvino_runtime.write(model, made / MODEL)


def _about(original: Convertible, kept: str, made: Path, calibrated_on: int) -> Conversion:
    return Conversion(
        info=original.info,
        precision=kept,
        scale=original.scale,
        channels_first=original.channels_first,
        model_sha256=converted.model_hash(made),
        calibrated_on=calibrated_on,
        openvino=openvino_runtime.version(),
        agreement=Agreement(0, 0.0, 0.0, None),
    )
