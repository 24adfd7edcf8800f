"""What TFLite and ONNX models of the user's own have in common: options, input layout, pooling."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from vision.errors import BadSetting, ModelUnavailable
from vision.extractors.base import Description, Features, Located, ModelFile
from vision.extractors.registry import Spec
from vision.extractors.scaling import SCALES
from vision.model_files import find_model

OPTIONS: Final = ("tensor", "scale", "size")
DEFAULT_SIDE: Final = 224


def describe_file(spec: Spec) -> Description:
    """What is known of a model file without loading it: that it is there, and its size.

    Raises:
        ModelUnavailable: it is not.
    """
    path = find_model(spec.path or Path(), spec.models)
    file = ModelFile(path.name, path.stat().st_size, Located(path, "the path given"))
    return Description(None, None, "the model's own", path.name, (file,))


def scale_option(options: Mapping[str, str], default: str) -> str:
    """The option ``scale``, one of :data:`~vision.extractors.scaling.SCALES`."""
    name = options.get("scale", default)
    if name not in SCALES:
        raise BadSetting(f"scale is {name!r}; accepted: {', '.join(SCALES)}")
    return name


def size_option(options: Mapping[str, str], declared: tuple[int | None, int | None]) -> tuple[int, int]:
    """Input height and width: what the model declares; where it leaves them open, ``size`` (N or HxW), else 224."""
    text = options.get("size")
    wanted: tuple[int, int] | None = None
    if text is not None:
        try:
            sides = [int(part) for part in text.lower().split("x")]
        except ValueError:
            sides = []
        if len(sides) not in (1, 2) or not all(8 <= side <= 4096 for side in sides):
            raise BadSetting(f"size is {text!r}; accepted: N or HEIGHTxWIDTH, each 8 to 4096")
        wanted = (sides[0], sides[-1])
        for side, fixed in zip(wanted, declared, strict=True):
            if fixed is not None and side != fixed:
                raise BadSetting(f"size is {text!r}, but the model's input is fixed at {declared[0]} x {declared[1]}")
    height, width = wanted or (DEFAULT_SIDE, DEFAULT_SIDE)
    return declared[0] or height, declared[1] or width


def pooled(output: NDArray[Any], channels_first: bool) -> Features:
    """A model's output (n, …) to (n, dims): maps averaged over their places, token sequences over their tokens."""
    values = np.asarray(output, dtype=np.float32)
    if values.ndim == 4:
        return np.asarray(values.mean(axis=(2, 3) if channels_first else (1, 2)), dtype=np.float32)
    if values.ndim == 3:
        return np.asarray(values.mean(axis=1), dtype=np.float32)
    return values.reshape(len(values), -1)


def input_layout(shape: Sequence[int | None], name: str) -> tuple[bool, tuple[int | None, int | None]]:
    """Whether channels come first, and the declared (height, width), from a 4-D input shape.

    Raises:
        ModelUnavailable: not one picture of three channels.
    """
    if len(shape) == 4 and shape[3] == 3:
        return False, (shape[1], shape[2])
    if len(shape) == 4 and shape[1] == 3:
        return True, (shape[2], shape[3])
    raise ModelUnavailable(
        f"{name} takes an input of shape {list(shape)}; accepted: (n, height, width, 3) or (n, 3, height, width)"
    )
