"""A detector of the user's own: ``detector:FILE.json``, an ONNX model with its description beside it."""

from __future__ import annotations

from pathlib import Path

from vision.detect.description import read
from vision.detect.onnx_model import OnnxDetector
from vision.errors import BadSetting
from vision.model_files import find_model


def build(path: Path | None, models: Path | None) -> OnnxDetector:
    """Load the model that a description speaks of; a relative path is one from the description's folder.

    Raises:
        BadSetting: the description is not accepted, or does not fit the model.
        ModelUnavailable: a file or ONNX Runtime cannot be had.
    """
    if path is None:
        raise BadSetting("detector needs its description, as in detector:FILE.json")
    file = find_model(path, models)
    described = read(file)
    return OnnxDetector(f"detector:{file.name}", find_model(file.parent / described.model, None), described)
