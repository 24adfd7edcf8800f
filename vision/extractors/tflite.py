"""A TFLite model of the user's own: ``tflite:PATH[?tensor=…&scale=…&size=…]``.

Input size, layout, type and quantisation are read from the model. A classifier's last layer is left out: the vector is
what that layer is fed, which ranks better than class scores. Options, all part of the fingerprint:

- ``tensor``: index or name of the tensor to take instead; ``output`` for the model's output, head and all;
- ``scale``: ``raw``, ``unit``, ``inception``, ``torch`` or ``caffe``; by default ``raw`` for integer inputs and
  ``inception`` for float ones;
- ``size``: N or HEIGHTxWIDTH, where the model leaves it open.
"""

from __future__ import annotations

import threading
import warnings
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from vision import cores
from vision.errors import BadSetting, ModelUnavailable
from vision.extractors.base import Description, ExtractorInfo, Features, file_hash
from vision.extractors.registry import Spec
from vision.extractors.scaling import pixels
from vision.extractors.tensorflow_runtime import quiet, tensorflow
from vision.extractors.user_model import OPTIONS, describe_file, input_layout, pooled, scale_option, size_option
from vision.model_files import find_model

HEAD_SIZES: Final = (1000, 1001)
"""Outputs of this length are taken for ImageNet's class scores."""

_HEAD_OPS: Final = ("FULLY_CONNECTED", "CONV_2D")


class TfLite:
    """One interpreter, one picture at a time, all cores."""

    def __init__(self, spec: Spec) -> None:
        """Load the model and find the tensor that is the vector."""
        if spec.path is None:
            raise BadSetting("extractor tflite needs a model file, as in tflite:PATH")
        path = find_model(spec.path, spec.models)
        tensor, note = _choose_tensor(path, spec.options.get("tensor"))
        self._interpreter = _interpreter(path, inner=tensor is not None)
        self._lock = threading.Lock()
        entry = self._interpreter.get_input_details()[0]
        shape = [None if side < 0 else int(side) for side in entry["shape_signature"]]
        self._channels_first, declared = input_layout(shape, path.name)
        size = size_option(spec.options, declared)
        self._input, self._dtype = int(entry["index"]), np.dtype(entry["dtype"])
        self._quantised = self._dtype.kind in "iu"
        self._requantise = "scale" in spec.options and self._quantised
        self._input_step, self._input_zero = entry["quantization"]
        self._scale = scale_option(spec.options, "raw" if self._quantised else "inception")
        if None in shape:
            resized = (1, 3, *size) if self._channels_first else (1, *size, 3)
            self._interpreter.resize_tensor_input(self._input, resized)
        with quiet():
            self._interpreter.allocate_tensors()
        details = {int(each["index"]): each for each in self._interpreter.get_tensor_details()}
        index = int(self._interpreter.get_output_details()[0]["index"]) if tensor is None else tensor
        self._output = index
        self._output_step, self._output_zero = details[index]["quantization"]
        dims = self._probe(size, path)
        self.info = ExtractorInfo(
            name=f"tflite:{path.stem}",
            input_size=size,
            dims=dims,
            licence="the model's own",
            source=path.name,
            preprocessing=f"bilinear to {size[0]}x{size[1]}; scale {self._scale}"
            f"{' through the input quantisation' if self._requantise else ''}; {note}",
            weights_hash=file_hash(path),
            stretches=True,
        )
        self.fingerprint = self.info.fingerprint

    def extract(self, images: Sequence[Image.Image]) -> Features:
        """RGB pictures to float32 (n, dims)."""
        result = np.zeros((len(images), self.info.dims), dtype=np.float32)
        for row, image in zip(result, images, strict=True):
            values = pixels([image], self.info.input_size, self._scale, self._channels_first)
            row[:] = self._run(values)
        return result

    def _probe(self, size: tuple[int, int], path: Path) -> int:
        """Length of the vector, from one run: shapes declared in the file need not be true."""
        blank = pixels([Image.new("RGB", (8, 8))], size, self._scale, self._channels_first)
        try:
            return len(self._run(blank))
        except (ValueError, RuntimeError) as error:
            raise ModelUnavailable(f"{path} loads but does not run: {error}") from error

    def _run(self, values: Features) -> Features:
        with self._lock:
            self._interpreter.set_tensor(self._input, self._quantise(values))
            self._interpreter.invoke()
            output: NDArray[Any] = np.array(self._interpreter.get_tensor(self._output))
        if output.dtype.kind in "iu" and self._output_step:
            output = (output.astype(np.float32) - self._output_zero) * np.float32(self._output_step)
        vector: Features = pooled(output[np.newaxis] if output.ndim == 1 else output, self._channels_first)[0]
        return vector

    def _quantise(self, values: Features) -> NDArray[Any]:
        if not self._quantised:
            return values.astype(self._dtype)
        limits = np.iinfo(self._dtype)
        if self._requantise and self._input_step:
            values = values / np.float32(self._input_step) + np.float32(self._input_zero)
        elif self._dtype == np.int8:
            values = values - np.float32(128)
        integers: NDArray[Any] = np.clip(np.rint(values), limits.min, limits.max).astype(self._dtype)
        return integers


def build(spec: Spec) -> TfLite:
    """Load the model of a specification."""
    spec.accept(*OPTIONS)
    return TfLite(spec)


def describe(spec: Spec) -> Description:
    """Where the model file is."""
    spec.accept(*OPTIONS)
    return describe_file(spec)


def _interpreter(path: Path, *, inner: bool = False, plain: bool = False) -> Any:
    """An interpreter that keeps its inner tensors readable (``inner``), or without delegates (``plain``).

    Raises:
        ModelUnavailable: the file is no TFLite model, or one of another version.
    """
    lite = getattr(tensorflow(), "lite", None)
    if lite is None or not hasattr(lite, "Interpreter"):
        raise ModelUnavailable("this TensorFlow has no tf.lite.Interpreter; TFLite models need TensorFlow 2.20 or 2.21")
    resolver = lite.experimental.OpResolverType
    try:
        with quiet(), warnings.catch_warnings():
            # Both are known: the successor is a package of its own, and inner tensors are what is wanted.
            warnings.filterwarnings("ignore", r"\s*Warning: tf\.lite\.Interpreter is deprecated", UserWarning)
            warnings.filterwarnings("ignore", "Warning: Enabling `experimental_preserve_all_tensors`", UserWarning)
            return lite.Interpreter(
                str(path),
                num_threads=cores.usable(),
                experimental_preserve_all_tensors=inner,
                experimental_op_resolver_type=resolver.BUILTIN_WITHOUT_DEFAULT_DELEGATES if plain else resolver.AUTO,
            )
    except (ValueError, RuntimeError) as error:
        raise ModelUnavailable(f"{path} is not a TFLite model that can be loaded: {error}") from error


def _choose_tensor(path: Path, option: str | None) -> tuple[int | None, str]:
    """The index of the tensor to take, None for the output; and what was chosen, in words.

    Raises:
        BadSetting: ``tensor`` names none, or one that is no vector.
    """
    interpreter = _interpreter(path, plain=True)
    if option == "output":
        return None, "the model's output"
    output = interpreter.get_output_details()[0]
    feeding = None
    if int(output["shape"][-1]) in HEAD_SIZES:
        feeding = _feeding_the_head(interpreter, int(output["index"]))
    chosen = feeding if option is None else _named_tensor(interpreter.get_tensor_details(), option)
    if chosen is None:
        return None, "the model's output"
    return chosen, f"tensor {chosen}{', which feeds the classifier' if chosen == feeding else ''}"


def _named_tensor(details: Sequence[dict[str, Any]], option: str) -> int:
    if option.isdigit():
        found = [each for each in details if int(each["index"]) == int(option)]
    else:
        # Names of fused operations are joined, and constants that belong to one carry them, too.
        named = [each for each in details if option in (each["name"], *each["name"].split(";"))]
        found = [each for each in named if len(each["shape"]) >= 2] or named
    if len(found) != 1:
        raise BadSetting(f"tensor is {option!r}, which {len(found)} of the model's {len(details)} tensors match")
    if len(found[0]["shape"]) < 2:
        raise BadSetting(
            f"tensor {option} has the shape {list(found[0]['shape'])}; accepted: a vector, a map or tokens"
        )
    return int(found[0]["index"])


def _feeding_the_head(interpreter: Any, output: int) -> int | None:
    """From the output back to the last layer with weights: the index of what that layer is fed."""
    makers = {int(made): op for op in interpreter._get_ops_details() for made in op["outputs"]}
    current = output
    for _ in range(8):
        op = makers.get(current)
        if op is None:
            return None
        if op["op_name"] in _HEAD_OPS:
            return int(op["inputs"][0])
        current = int(next((each for each in op["inputs"] if int(each) in makers), -1))
    return None
