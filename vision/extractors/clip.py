"""CLIP: pictures and words as vectors in one space, both of length 1. ``clip[:FOLDER]``, run by ONNX Runtime.

A folder holds the two towers as ONNX models, the tokenizer and the image converter's settings, under the names that
conversions of CLIP are published with; docs/extractors.md says where to get or how to make one.
"""

from __future__ import annotations

import hashlib
import math
import threading
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, Final

import msgspec
import numpy as np
from numpy.typing import NDArray
from PIL import Image

from vision.errors import ModelUnavailable
from vision.extractors import clip_files
from vision.extractors.base import (
    Description,
    ExtractorInfo,
    Features,
    Located,
    batches,
    file_hash,
    to_unit_length,
)
from vision.extractors.registry import Spec
from vision.extractors.weights import Told
from vision.onnx_runtime import open_session, run

BATCH: Final = 16
CONTEXT: Final = 77
"""Tokens that CLIP reads at most; longer texts are cut."""

_END: Final = "<|endoftext|>"
_INTEGERS: Final = {"tensor(int64)": np.int64, "tensor(int32)": np.int32}


class Converter(msgspec.Struct, frozen=True):
    """How a picture becomes the image tower's input: ``preprocessor_config.json``, with CLIP's values by default."""

    size: dict[str, int] | int = 224
    crop_size: dict[str, int] | int = 224
    resample: int = int(Image.Resampling.BICUBIC)
    rescale_factor: float = 1 / 255
    do_resize: bool = True
    do_center_crop: bool = True
    do_rescale: bool = True
    do_normalize: bool = True
    image_mean: tuple[float, float, float] = (0.48145466, 0.4578275, 0.40821073)
    image_std: tuple[float, float, float] = (0.26862954, 0.26130258, 0.27577711)

    @property
    def shorter(self) -> int:
        """What the picture's shorter side is resized to."""
        return self.size if isinstance(self.size, int) else self.size.get("shortest_edge", min(self.size.values()))

    @property
    def crop(self) -> tuple[int, int]:
        """Height and width of the middle that is cut out."""
        crop = self.crop_size
        return (crop, crop) if isinstance(crop, int) else (crop["height"], crop["width"])

    def __call__(self, images: Sequence[Image.Image]) -> Features:
        """RGB pictures to float32 (n, 3, height, width)."""
        pixels = np.stack([self._middle(image) for image in images]).astype(np.float32)
        scaled = pixels * np.float32(self.rescale_factor)
        normal = (scaled - np.array(self.image_mean, np.float32)) / np.array(self.image_std, np.float32)
        return np.ascontiguousarray(normal.transpose(0, 3, 1, 2))

    def _middle(self, image: Image.Image) -> NDArray[np.uint8]:
        rgb = image if image.mode == "RGB" else image.convert("RGB")
        width, height = rgb.size
        short, long = self.shorter, int(self.shorter * max(width, height) / min(width, height))
        resized = rgb.resize((short, long) if width <= height else (long, short), Image.Resampling(self.resample))
        rows, columns = self.crop
        left, top = (resized.width - columns) // 2, (resized.height - rows) // 2
        return np.asarray(resized.crop((left, top, left + columns, top + rows)))


class Clip:
    """Both towers; the one for words is loaded when the first words come."""

    def __init__(self, files: clip_files.Files, licence: str, source: str) -> None:
        """Load the image tower.

        Args:
            files: where both towers, the tokenizer and the converter's settings are.
            licence: of the weights.
            source: where they come from.

        Raises:
            ModelUnavailable: a file is not what its name says.
        """
        self._files = files
        self._convert = read_converter(files.converter)
        self._vision = open_session(files.vision)
        self._vision_input = self._vision.get_inputs()[0].name
        self._vision_output = _output(self._vision, "image_embeds", files.vision)
        self._lock = threading.Lock()
        self._loaded: _TextTower | None = None
        blank = self._pictures([Image.new("RGB", (8, 8))])
        if blank.ndim != 2:
            raise ModelUnavailable(f"{files.vision} gives {list(blank.shape)}; the image tower of CLIP gives (n, dims)")
        self.info = ExtractorInfo(
            name="clip",
            input_size=self._convert.crop,
            dims=blank.shape[1],
            licence=licence,
            source=source,
            preprocessing=f"CLIP: {msgspec.json.encode(self._convert).decode()}; vectors scaled to length 1",
            weights_hash=hashlib.sha256("".join(map(file_hash, files.models)).encode()).hexdigest(),
            unit_length=True,
        )
        self.fingerprint = self.info.fingerprint

    def extract(self, images: Sequence[Image.Image]) -> Features:
        """RGB pictures to float32 (n, dims), each of length 1, in batches of 16."""
        parts = [to_unit_length(self._pictures(part)) for part in batches(images, BATCH)]
        return np.concatenate(parts) if parts else np.zeros((0, self.info.dims), dtype=np.float32)

    def text(self, texts: Sequence[str]) -> Features:
        """Texts to float32 (n, dims), each of length 1; of a long text the first 77 tokens.

        Raises:
            ModelUnavailable: the text tower or its tokenizer cannot be loaded, or belongs to another image tower.
        """
        tower = self._text_tower()
        parts = [to_unit_length(tower.run(part)) for part in batches(texts, BATCH)]
        vectors = np.concatenate(parts) if parts else np.zeros((0, self.info.dims), dtype=np.float32)
        if vectors.shape[1:] != (self.info.dims,):
            raise ModelUnavailable(
                f"{self._files.text} gives {list(vectors.shape)} for {len(texts)} texts, "
                f"the image tower {self.info.dims} values a picture"
            )
        return vectors

    def _pictures(self, images: Sequence[Image.Image]) -> Features:
        values = run(self._vision, self._vision_output, {self._vision_input: self._convert(images)})
        return np.asarray(values, dtype=np.float32)

    def _text_tower(self) -> _TextTower:
        with self._lock:
            if self._loaded is None:
                self._loaded = _TextTower(self._files)
            return self._loaded


class _TextTower:
    """Tokenizer and model for words."""

    def __init__(self, files: clip_files.Files) -> None:
        try:
            from tokenizers import Tokenizer
        except ImportError as error:
            raise ModelUnavailable(
                "words for CLIP need the package tokenizers, which is not installed: "
                "`pip install solr-visual-search[clip]`"
            ) from error
        try:
            self._tokenizer = Tokenizer.from_file(str(files.tokenizer))
        except Exception as error:  # tokenizers raises a bare Exception
            raise ModelUnavailable(f"{files.tokenizer} is not a tokenizer that can be loaded: {error}") from error
        self._session = open_session(files.text)
        self._inputs = {each.name: _INTEGERS.get(each.type, np.int64) for each in self._session.get_inputs()}
        if not set(self._inputs) <= {"input_ids", "attention_mask"}:
            raise ModelUnavailable(
                f"{files.text} has the inputs {', '.join(self._inputs)}; the text tower has input_ids"
            )
        self._output = _output(self._session, "text_embeds", files.text)
        end = self._tokenizer.token_to_id(_END)
        if end is None:
            raise ModelUnavailable(f"{files.tokenizer} is not CLIP's tokenizer: it has no {_END}")
        self._tokenizer.enable_truncation(CONTEXT)
        self._tokenizer.enable_padding(pad_id=end, pad_token=_END)

    def run(self, texts: Sequence[str]) -> Features:
        """Texts to the model's own vectors, (n, dims)."""
        tokens = self._tokenizer.encode_batch(list(texts))
        columns = {
            "input_ids": [each.ids for each in tokens],
            "attention_mask": [each.attention_mask for each in tokens],
        }
        inputs = {name: np.array(columns[name], dtype=kind) for name, kind in self._inputs.items()}
        return np.asarray(run(self._session, self._output, inputs), dtype=np.float32)


def build(spec: Spec) -> Clip:
    """Find the folder and load the image tower.

    Raises:
        ModelUnavailable: no such folder, a file missing in it, or no ONNX Runtime.
    """
    spec.accept()
    about = _about(spec)
    return Clip(clip_files.find(spec.path, spec.models), about.licence, about.source)


def describe(spec: Spec) -> Description:
    """What the published CLIP is, or where the files of a folder are."""
    spec.accept()
    return replace(_about(spec), files=clip_files.listed(spec.path, spec.models))


def _about(spec: Spec) -> Description:
    if spec.path is not None:
        return Description(None, None, "the model's own", spec.path.name)
    return Description(512, (224, 224), clip_files.LICENCE, clip_files.SOURCE)


def fetch(spec: Spec, told: Told | None = None) -> tuple[Located, ...]:
    """The published files in the folder ``clip`` of the models folder, else of the Keras cache."""
    return clip_files.fetch(spec.models, told)


def read_converter(path: Path) -> Converter:
    """The image converter's settings.

    Raises:
        ModelUnavailable: the file holds no settings that make sense.
    """
    try:
        read = msgspec.json.decode(path.read_bytes(), type=Converter)
        steps = read.do_resize and read.do_center_crop and read.do_rescale and read.do_normalize
        fits = (
            steps
            and 0 < max(read.crop) <= read.shorter
            and math.isfinite(sum(read.image_mean))
            and min(read.image_std) > 0
        )
    except (msgspec.DecodeError, KeyError, ValueError) as error:
        raise ModelUnavailable(f"{path} is not the image converter's settings: {error}") from error
    if not fits or read.resample not in list(Image.Resampling):
        raise ModelUnavailable(f"{path} has settings of the image converter that do not fit together: {read}")
    return read


def _output(session: Any, wanted: str, path: Path) -> str:
    """The output of a tower that is projected into the common space."""
    outputs: dict[str, list[object]] = {str(each.name): each.shape for each in session.get_outputs()}
    if wanted in outputs:
        return wanted
    flat = [name for name, shape in outputs.items() if len(shape) == 2]
    if len(flat) == 1:
        return flat[0]
    raise ModelUnavailable(f"{path} has the outputs {', '.join(outputs)}; a tower of CLIP has {wanted}")
