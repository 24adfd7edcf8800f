"""The description file of a detector: how an ONNX model wants its picture, and what its outputs mean.

JSON beside the model; docs/detect.md has each member and three examples.
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from vision.detect.coco import COCO
from vision.errors import BadSetting

Part = Annotated[float, Meta(ge=0, le=1)]
Side = Annotated[int, Meta(ge=8, le=4096)]
Numbers = tuple[float, float, float]
Labels = dict[int, str]


class Input(msgspec.Struct, forbid_unknown_fields=True, frozen=True):
    """How the picture goes in: value = (pixel * scale - mean) / std, in the order of ``channels``.

    ``size`` is (height, width), where the model leaves it open.
    """

    size: tuple[Side, Side] | None = None
    channels: Literal["rgb", "bgr"] = "rgb"
    scale: float = 1.0
    mean: Numbers = (0.0, 0.0, 0.0)
    std: Numbers = (1.0, 1.0, 1.0)
    resize: Literal["letterbox", "stretch"] = "stretch"
    align: Literal["corner", "centre"] = "corner"
    fill: Annotated[int, Meta(ge=0, le=255)] = 114


class Yolox(msgspec.Struct, forbid_unknown_fields=True, frozen=True, tag_field="layout", tag="yolox"):
    """One output (1, anchors, 5 + classes): centre, size, objectness, classes.

    Unless ``decoded``, centre = (value + cell) * stride and size = exp(value) * stride, over the grids of all strides.
    """

    strides: Annotated[tuple[Annotated[int, Meta(ge=1, le=256)], ...], Meta(min_length=1, max_length=8)] = (8, 16, 32)
    decoded: bool = False
    output: str | None = None


class Yolo(msgspec.Struct, forbid_unknown_fields=True, frozen=True, tag_field="layout", tag="yolo"):
    """One output (1, 4 + classes, anchors), or its transpose: centre and size in the input's pixels, then classes."""

    output: str | None = None


class Boxes(msgspec.Struct, forbid_unknown_fields=True, frozen=True, tag_field="layout", tag="boxes"):
    """Three outputs by name: (1, n, 4), (1, n) and (1, n); what overlaps is taken out in the model already."""

    boxes: str
    scores: str
    labels: str
    corners: Literal["xyxy", "yxyx", "xywh", "cxcywh"] = "xyxy"
    units: Literal["pixels", "fractions"] = "fractions"


class Description(msgspec.Struct, forbid_unknown_fields=True, frozen=True):
    """A whole file. ``labels`` are a list, where the first is class 0, or ``{"number": name}``, or "coco"."""

    model: Annotated[str, Meta(min_length=1)]
    output: Yolox | Yolo | Boxes
    labels: Literal["coco"] | Annotated[list[str], Meta(min_length=1)] | Annotated[dict[str, str], Meta(min_length=1)]
    input: Input = Input()
    min_score: Part = 0.3
    max_overlap: Part = 0.45
    max_regions: Annotated[int, Meta(ge=1, le=300)] = 50

    def names(self) -> Labels:
        """The labels by the numbers that the model gives."""
        if isinstance(self.labels, dict):
            return {int(number): name for number, name in self.labels.items()}
        return dict(enumerate(COCO if self.labels == "coco" else self.labels))


def read(path: Path) -> Description:
    """A description from its file.

    Raises:
        BadSetting: it cannot be read, or says what is not accepted.
    """
    try:
        found = msgspec.json.decode(path.read_bytes(), type=Description)
    except OSError as error:
        raise BadSetting(f"the detector's description {path} cannot be read: {error.strerror}") from error
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise BadSetting(f"the detector's description {path} is not understood: {error}; see docs/detect.md") from error
    if isinstance(found.labels, dict) and not all(each.isascii() and each.isdecimal() for each in found.labels):
        accepted = 'accepted: {"1": "person", …}'
        raise BadSetting(f"the detector's description {path} has labels that are no numbers; {accepted}")
    if isinstance(found.output, Yolox | Yolo) and sorted(found.names()) != list(range(len(found.names()))):
        raise BadSetting(
            f"the detector's description {path} has labels with gaps; the layouts yolox and yolo number them from 0 on"
        )
    if 0.0 in found.input.std:
        raise BadSetting(f"the detector's description {path} has an input.std of 0; it is what values are divided by")
    return found
