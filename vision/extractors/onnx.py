"""An ONNX model of the user's own: ``onnx:PATH[?tensor=…&scale=…&size=…]``, run by ONNX Runtime.

Input size, layout and type are read from the model. Options, all part of the fingerprint:

- ``tensor``: the output to take, by name; the first by default. Inner tensors can only be taken once they are outputs;
- ``scale``: ``torch`` (the default), ``inception``, ``unit``, ``caffe`` or ``raw``; ``raw`` for uint8 inputs;
- ``size``: N or HEIGHTxWIDTH, where the model leaves it open.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from vision.errors import BadSetting, ModelUnavailable
from vision.extractors.base import Description, ExtractorInfo, Features, batches, file_hash
from vision.extractors.registry import Spec
from vision.extractors.scaling import pixels
from vision.extractors.user_model import OPTIONS, describe_file, input_layout, pooled, scale_option, size_option
from vision.model_files import find_model
from vision.onnx_runtime import open_session, run

BATCH: Final = 16
_MAPS: Final = "features"
_DTYPES: Final = {"tensor(float)": np.float32, "tensor(float16)": np.float16, "tensor(uint8)": np.uint8}


class Onnx:
    """One session on all cores; in batches where the model's first dimension is open."""

    def __init__(
        self,
        path: Path,
        options: Mapping[str, str],
        *,
        name: str | None = None,
        licence: str = "the model's own",
        source: str | None = None,
        unit: bool = False,
    ) -> None:
        """Load the model and find the output that is the vector.

        Args:
            path: of the model.
            options: of the specification.
            name: in the registry; ``onnx:FILE`` by default.
            licence: of the weights.
            source: where they come from; the file's name by default.
            unit: whether every vector has length 1.

        Raises:
            BadSetting: an option that the model does not allow.
            ModelUnavailable: no ONNX Runtime, or not a model of pictures.
        """
        self._path = path
        self._session = open_session(path)
        entry = self._session.get_inputs()[0]
        if entry.type not in _DTYPES:
            raise ModelUnavailable(f"{path} takes {entry.type}; accepted: {', '.join(_DTYPES)}")
        self._input, self._dtype = entry.name, np.dtype(_DTYPES[entry.type])
        shape = [side if isinstance(side, int) and side > 0 else None for side in entry.shape]
        self.channels_first, declared = input_layout(shape, path.name)
        self._batch = shape[0] or BATCH
        self._fixed = shape[0] is not None
        size = size_option(options, declared)
        self.scale = scale_option(options, "raw" if self._dtype == np.uint8 else "torch")
        self.output = self._choose_output(options.get("tensor"))
        blank = self._run(pixels([Image.new("RGB", (8, 8))], size, self.scale, self.channels_first))
        self.info = ExtractorInfo(
            name=name or f"onnx:{path.stem}",
            input_size=size,
            dims=blank.shape[1],
            licence=licence,
            source=source or path.name,
            preprocessing=f"bilinear to {size[0]}x{size[1]}; scale {self.scale}; output {self.output}",
            weights_hash=file_hash(path),
            unit_length=unit,
            stretches=True,
        )
        self.fingerprint = self.info.fingerprint

    def extract(self, images: Sequence[Image.Image]) -> Features:
        """RGB pictures to float32 (n, dims)."""
        parts = [
            self._run(pixels(part, self.info.input_size, self.scale, self.channels_first))
            for part in batches(images, self._batch)
        ]
        return np.concatenate(parts) if parts else np.zeros((0, self.info.dims), dtype=np.float32)

    def maps(self, images: Sequence[Image.Image]) -> NDArray[np.float32]:
        """RGB pictures to the output ``features``, the last map (n, height, width, channels).

        Raises:
            ModelUnavailable: the model has no such output.
        """
        if _MAPS not in (known := [each.name for each in self._session.get_outputs()]):
            raise ModelUnavailable(f"{self.info.name} has the outputs {', '.join(known)}; a map is one called {_MAPS}")
        parts = []
        for part in batches(images, self._batch):
            values = pixels(part, self.info.input_size, self.scale, self.channels_first)
            found = run(self._session, _MAPS, {self._input: self._typed(values)})[: len(part)]
            parts.append(found.transpose(0, 2, 3, 1) if self.channels_first else found)
        return np.concatenate(parts).astype(np.float32)

    def export(self, folder: Path) -> Path:
        """The model's own file, which is what is to be written to ``folder`` for a network of Keras."""
        return self._path

    def _choose_output(self, option: str | None) -> str:
        known = [each.name for each in self._session.get_outputs()]
        if option is None:
            return str(known[0])
        if option not in known:
            raise BadSetting(f"tensor is {option!r}; the model's outputs: {', '.join(known)}")
        return option

    def _run(self, values: Features) -> Features:
        count = len(values)
        if self._fixed and count < self._batch:
            values = np.concatenate([values, np.zeros((self._batch - count, *values.shape[1:]), dtype=np.float32)])
        output = run(self._session, self.output, {self._input: self._typed(values)})
        return pooled(output, self.channels_first)[:count]

    def _typed(self, values: Features) -> NDArray[Any]:
        """Pixels in the type of the model's input."""
        if self._dtype == np.uint8:
            values = np.clip(np.rint(values), 0, 255)
        return values.astype(self._dtype)


def build(spec: Spec) -> Onnx:
    """Load the model of a specification."""
    spec.accept(*OPTIONS)
    if spec.path is None:
        raise BadSetting("extractor onnx needs a model file, as in onnx:PATH")
    return Onnx(find_model(spec.path, spec.models), spec.options)


def describe(spec: Spec) -> Description:
    """Where the model file is."""
    spec.accept(*OPTIONS)
    return describe_file(spec)
