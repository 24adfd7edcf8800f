"""The one place that imports TensorFlow: on first use, with Keras on top of it, and without its chatter."""

from __future__ import annotations

import os
import sys
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Final

from vision import cores
from vision.errors import ModelUnavailable

_NOISE: Final = (
    b"port.cc",
    b"cpu_feature_guard.cc",
    b"rebuild TensorFlow with the appropriate compiler flags",
    b"All log messages before absl::InitializeLog()",
    b"Created TensorFlow Lite XNNPACK delegate",
)
_LOCK: Final = threading.RLock()


def tensorflow() -> Any:
    """The module ``tensorflow``; Keras uses it as its backend.

    Raises:
        ModelUnavailable: TensorFlow is not installed or does not start here.
    """
    with _LOCK:
        if sys.modules.get("tensorflow") is not None:
            return sys.modules["tensorflow"]
        os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")
        os.environ.setdefault("KERAS_BACKEND", "tensorflow")
        try:
            with quiet():
                import tensorflow as module
        except ImportError as error:
            raise ModelUnavailable(
                f"TensorFlow cannot be loaded ({error}); install it with `pip install tensorflow-cpu`, "
                "or use `--extractor compact`, which needs none"
            ) from error
        if cores.share() is not None:
            module.config.threading.set_intra_op_parallelism_threads(cores.share())
            module.config.threading.set_inter_op_parallelism_threads(1)
        return module


def keras() -> Any:
    """The module ``keras`` on TensorFlow."""
    tensorflow()
    with _LOCK, quiet():
        import keras as module
    return module


@contextmanager
def quiet() -> Iterator[None]:
    """Drop TensorFlow's start-up notes from standard error.

    They are written by its C++ side, some before it reads TF_CPP_MIN_LOG_LEVEL, so only the file descriptor helps.
    What else is written meanwhile comes out afterwards.
    """
    with _LOCK:
        sys.stderr.flush()
        try:
            saved = os.dup(2)
        except OSError:  # no standard error at all, as under pythonw
            yield
            return
        with tempfile.TemporaryFile() as held:
            os.dup2(held.fileno(), 2)
            try:
                yield
            finally:
                sys.stderr.flush()
                os.dup2(saved, 2)
                held.seek(0)
                for line in held:
                    if line.strip() and not any(noise in line for noise in _NOISE):
                        os.write(saved, line)
                os.close(saved)
