"""YOLOX as its authors publish it, trained on COCO, Apache-2.0: ``yolox`` or ``yolox:PATH``.

Source: https://github.com/Megvii-BaseDetection/YOLOX. The input's size is read from the model, so that nano and tiny
(416) and s, m, l and x (640) all run: pictures in the corner of a grey square, raw BGR, no scaling.
"""

from __future__ import annotations

from pathlib import Path
from typing import Final

from vision.detect.description import Description, Input, Yolox
from vision.detect.onnx_model import OnnxDetector
from vision.errors import ModelUnavailable
from vision.model_files import find_model

# As its authors name them, the best first: who puts a larger one there wants it.
FILES: Final = tuple(f"yolox_{size}.onnx" for size in ("x", "l", "m", "s", "tiny", "nano"))

_DESCRIPTION: Final = Description(
    model="yolox.onnx", output=Yolox(), labels="coco", input=Input(channels="bgr", resize="letterbox")
)


def find(models: Path | None) -> Path | None:
    """The published model that is in the models folder, if one is."""
    if models is None:
        return None
    return next((models / name for name in FILES if (models / name).is_file()), None)


def build(path: Path | None, models: Path | None) -> OnnxDetector:
    """Load the model at ``path``, else the one in the models folder.

    Raises:
        ModelUnavailable: there is none, or it does not run.
    """
    found = find(models) if path is None else find_model(path, models)
    if found is None:
        where = f"in {models}" if models is not None else "to look for: VISUAL_SEARCH_MODELS, their folder, is not set"
        raise ModelUnavailable(f"there is no {', '.join(FILES)} {where}; or give the file, as in yolox:PATH")
    return OnnxDetector("yolox", found, _DESCRIPTION)
