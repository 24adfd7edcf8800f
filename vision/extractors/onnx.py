"""An ONNX model of the user's own: ``onnx:PATH[?tensor=…&scale=…&size=…]``, run by ONNX Runtime.

Input size, layout and type are read from the model. Options, all part of the fingerprint:

- ``tensor``: the output to take, by name; the first by default. Inner tensors can only be taken once they are outputs;
- ``scale``: ``torch`` (the default), ``inception``, ``unit``, ``caffe`` or ``raw``; ``raw`` for uint8 inputs;
- ``size``: N or HEIGHTxWIDTH, where the model leaves it open.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import numpy as np
from PIL import Image

from vision.errors import BadSetting, ModelUnavailable
from vision.extractors.base import Description, ExtractorInfo, Features, batches, file_hash
from vision.extractors.registry import Spec
from vision.extractors.scaling import pixels
from vision.extractors.user_model import OPTIONS, describe_file, input_layout, pooled, scale_option, size_option
from vision.model_files import find_model
from vision.onnx_runtime import open_session, run

BATCH: Final = 16
_DTYPES: Final = {"tensor(float)": np.float32, "tensor(float16)": np.float16, "tensor(uint8)": np.uint8}


class Onnx:
    """One session on all cores; in batches where the model's first dimension is open."""

    def __init__(self, spec: Spec) -> None:
        """Load the model and find the output that is the vector."""
        if spec.path is None:
            raise BadSetting("extractor onnx needs a model file, as in onnx:PATH")
        path = find_model(spec.path, spec.models)
        self._session = open_session(path)
        entry = self._session.get_inputs()[0]
        if entry.type not in _DTYPES:
            raise ModelUnavailable(f"{path} takes {entry.type}; accepted: {', '.join(_DTYPES)}")
        self._input, self._dtype = entry.name, np.dtype(_DTYPES[entry.type])
        shape = [side if isinstance(side, int) and side > 0 else None for side in entry.shape]
        self._channels_first, declared = input_layout(shape, path.name)
        self._batch = shape[0] or BATCH
        self._fixed = shape[0] is not None
        size = size_option(spec.options, declared)
        self._scale = scale_option(spec.options, "raw" if self._dtype == np.uint8 else "torch")
        self._output = self._choose_output(spec.options.get("tensor"))
        blank = self._run(pixels([Image.new("RGB", (8, 8))], size, self._scale, self._channels_first))
        self.info = ExtractorInfo(
            name=f"onnx:{path.stem}",
            input_size=size,
            dims=blank.shape[1],
            licence="the model's own",
            source=path.name,
            preprocessing=f"bilinear to {size[0]}x{size[1]}; scale {self._scale}; output {self._output}",
            weights_hash=file_hash(path),
        )
        self.fingerprint = self.info.fingerprint

    def extract(self, images: Sequence[Image.Image]) -> Features:
        """RGB pictures to float32 (n, dims)."""
        parts = [
            self._run(pixels(part, self.info.input_size, self._scale, self._channels_first))
            for part in batches(images, self._batch)
        ]
        return np.concatenate(parts) if parts else np.zeros((0, self.info.dims), dtype=np.float32)

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
        if self._dtype == np.uint8:
            values = np.clip(np.rint(values), 0, 255)
        output = run(self._session, self._output, {self._input: values.astype(self._dtype)})
        return pooled(output, self._channels_first)[:count]


def build(spec: Spec) -> Onnx:
    """Load the model of a specification."""
    spec.accept(*OPTIONS)
    return Onnx(spec)


def describe(spec: Spec) -> Description:
    """Where the model file is."""
    spec.accept(*OPTIONS)
    return describe_file(spec)
