"""The one place that imports OpenVINO and NNCF: on first use, on all cores, with their errors as ours.

Neither is let call home: models are read by the runtime itself, as its conversion tool reports what it is used for,
and NNCF is imported as on a build server, where it does not.
"""

from __future__ import annotations

import io
import logging
import os
import threading
from collections.abc import Sequence
from contextlib import redirect_stdout
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from vision import cores
from vision.errors import ModelUnavailable

PRECISIONS: Final = ("fp32", "bf16", "int8")
_INSTALL: Final = "`pip install 'solr-visual-search[fast]'`"


def installed() -> bool:
    """Whether OpenVINO is here; nothing is imported."""
    return find_spec("openvino") is not None


def openvino() -> Any:
    """The module ``openvino``.

    Raises:
        ModelUnavailable: it is not installed.
    """
    try:
        import openvino as module
    except ImportError as error:
        raise ModelUnavailable(f"a converted network needs OpenVINO, which is not installed: {_INSTALL}") from error
    return module


def read(path: Path) -> Any:
    """An ``openvino.Model`` from an ``.xml``, an ``.onnx`` or a folder of TensorFlow's.

    Raises:
        ModelUnavailable: OpenVINO is not installed, or cannot read it.
    """
    module = openvino()
    try:
        return module.Core().read_model(str(path))
    except Exception as error:  # OpenVINO raises a bare RuntimeError, and others
        raise ModelUnavailable(f"OpenVINO cannot read {path}: {_short(error)}") from error


def write(model: Any, path: Path) -> None:
    """Write a model as ``path``, which ends with ``.xml``, and its weights beside it, none of them rounded."""
    openvino().save_model(model, str(path), compress_to_fp16=False)


def quantised(model: Any, inputs: Sequence[NDArray[np.float32]]) -> Any:
    """A model whose weights and activations are int8, in ranges that ``inputs``, each a batch of one, need.

    Raises:
        ModelUnavailable: NNCF is not installed, or cannot do it.
    """
    os.environ.setdefault("NNCF_CI", "1")
    try:
        import nncf
    except ImportError as error:
        raise ModelUnavailable(f"a network in int8 needs NNCF, which is not installed: {_INSTALL}") from error
    nncf.set_log_level(logging.ERROR)
    try:
        with redirect_stdout(io.StringIO()):  # its progress bars, which have no place beside a command's answer
            return nncf.quantize(model, nncf.Dataset(list(inputs)), subset_size=len(inputs))
    except Exception as error:  # NNCF's exceptions share no base class
        raise ModelUnavailable(f"NNCF cannot make the network int8: {_short(error)}") from error


class Compiled:
    """One output of a model on all cores of the CPU. Safe to call from several threads: one runs at a time."""

    def __init__(self, model: Any, output: str, *, bf16: bool = False) -> None:
        """Compile the part of ``model`` that ``output`` needs.

        Args:
            model: an ``openvino.Model``; it stays as it is.
            output: the name of the output.
            bf16: multiply in bfloat16 where the processor can; float32 otherwise, whatever the processor would prefer.

        Raises:
            ModelUnavailable: it has no such output, or cannot be compiled here.
        """
        module = openvino()
        core = module.Core()
        can = "BF16" in core.get_property("CPU", "OPTIMIZATION_CAPABILITIES")
        hints = {"INFERENCE_PRECISION_HINT": "bf16" if bf16 and can else "f32", "PERFORMANCE_HINT": "LATENCY"}
        if cores.share() is not None:
            hints["INFERENCE_NUM_THREADS"] = str(cores.share())
        try:
            part = module.Model([model.output(output)], model.get_parameters())
            self._request = core.compile_model(part, "CPU", hints).create_infer_request()
        except Exception as error:  # OpenVINO raises a bare RuntimeError, and others
            raise ModelUnavailable(f"OpenVINO cannot run the network here: {_short(error)}") from error
        self._lock = threading.Lock()

    def run(self, batch: NDArray[np.float32]) -> NDArray[np.float32]:
        """The output for one batch.

        Raises:
            ModelUnavailable: the model does not run on it.
        """
        with self._lock:
            try:
                found = self._request.infer({0: batch}, share_inputs=True)
            except Exception as error:  # OpenVINO raises a bare RuntimeError
                raise ModelUnavailable(f"the converted network loads but does not run: {_short(error)}") from error
            return np.array(found[0], dtype=np.float32)  # a copy: the next batch is written to the same place


def version() -> str:
    """OpenVINO's version, as in ``2026.4.1``."""
    return str(openvino().__version__).partition("-")[0]


def rename(model: Any, output: str, name: str) -> None:
    """Give one of a model's outputs another name."""
    model.output(output).get_tensor().set_names({name})


def outputs(model: Any) -> list[str]:
    """The names of a model's outputs, the first of each, in order."""
    return [str(each.any_name) for each in model.outputs]


def _short(error: BaseException) -> str:
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    return (lines[-1] if lines else type(error).__name__)[:300]
