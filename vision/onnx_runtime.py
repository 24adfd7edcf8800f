"""The one place that imports ONNX Runtime: on first use, on all cores, with its errors as ours."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from vision import cores
from vision.errors import ModelUnavailable


def open_session(path: Path) -> Any:
    """An ``onnxruntime.InferenceSession`` on the CPU; several threads may run it.

    Raises:
        ModelUnavailable: ONNX Runtime is not installed, or the file is no model that it can load.
    """
    try:
        import onnxruntime
    except ImportError as error:
        raise ModelUnavailable(
            "an ONNX model needs ONNX Runtime, which is not installed: `pip install solr-visual-search[onnx]`"
        ) from error
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = cores.usable()
    options.log_severity_level = 3
    try:
        return onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])
    except Exception as error:  # ONNX Runtime's exceptions share no base class
        raise ModelUnavailable(f"{path} is not an ONNX model that can be loaded: {error}") from error


def run(session: Any, output: str, inputs: Mapping[str, NDArray[Any]]) -> NDArray[Any]:
    """The named output for the named inputs.

    Raises:
        ModelUnavailable: the model does not run on them.
    """
    return run_all(session, [output], inputs)[0]


def run_all(session: Any, outputs: Sequence[str], inputs: Mapping[str, NDArray[Any]]) -> list[NDArray[Any]]:
    """The named outputs, in their order, for the named inputs.

    Raises:
        ModelUnavailable: the model does not run on them.
    """
    try:
        return [np.asarray(each) for each in session.run(list(outputs), dict(inputs))]
    except Exception as error:  # ONNX Runtime's exceptions share no base class
        raise ModelUnavailable(f"the ONNX model loads but does not run: {error}") from error
