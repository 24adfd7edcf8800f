"""What the outputs of detectors mean: each layout decoded into corners, scores and classes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from vision.detect.description import Boxes, Yolo, Yolox
from vision.errors import ModelUnavailable

Values = NDArray[np.float32]


@dataclass(frozen=True)
class Detections:
    """What a model gives for one picture, nothing left out yet.

    ``corners`` (n, 4) = left, top, right, bottom in pixels of the input; ``scores`` and ``classes`` (n,).
    """

    corners: Values
    scores: Values
    classes: NDArray[np.intp]


def decode_yolox(output: NDArray[Any], layout: Yolox, size: tuple[int, int], classes: int) -> Detections:
    """(1, anchors, 5 + classes) of an input of ``size`` = (height, width).

    Raises:
        ModelUnavailable: an output of another shape.
    """
    values = _matrix(output, f"(1, anchors, {5 + classes}): centre, size, objectness and {classes} classes")
    if values.shape[1] != 5 + classes:
        raise _other_shape(output, f"(1, anchors, {5 + classes}), as there are {classes} labels")
    centres, sizes = values[:, :2], values[:, 2:4]
    if not layout.decoded:
        cells, strides = _grid(layout.strides, size)
        if len(cells) != len(values):
            raise _other_shape(
                output, f"{len(cells)} anchors for {size[0]} x {size[1]} at strides {list(layout.strides)}"
            )
        centres = (centres + cells) * strides
        # A model gone wrong may give anything; e^10 is already 22,026 cells.
        sizes = np.exp(np.minimum(sizes, 10)) * strides
    return _best(_from_centres(centres, sizes), values[:, 4:5] * values[:, 5:])


def decode_yolo(output: NDArray[Any], classes: int) -> Detections:
    """(1, 4 + classes, anchors) or its transpose; the anchors are taken to be more than the rest.

    Raises:
        ModelUnavailable: an output of another shape.
    """
    expected = f"(1, {4 + classes}, anchors) or (1, anchors, {4 + classes}), as there are {classes} labels"
    values = _matrix(output, expected)
    if values.shape[0] == 4 + classes:
        values = values.T
    if values.shape[1] != 4 + classes:
        raise _other_shape(output, expected)
    return _best(_from_centres(values[:, :2], values[:, 2:4]), values[:, 4:])


def decode_boxes(outputs: Sequence[NDArray[Any]], layout: Boxes, size: tuple[int, int]) -> Detections:
    """Boxes (1, n, 4), scores (1, n) and labels (1, n); the leading 1 may be missing, labels may be floats.

    Raises:
        ModelUnavailable: outputs of other shapes.
    """
    boxes, scores, labels = (np.asarray(each, dtype=np.float32) for each in outputs)
    values, scores, labels = boxes.reshape(-1, boxes.shape[-1] if boxes.ndim else 1), scores.ravel(), labels.ravel()
    if values.shape[1] != 4 or not len(values) == len(scores) == len(labels):
        came = ", ".join(str(each.shape) for each in outputs)
        raise ModelUnavailable(f"the model's boxes, scores and labels are {came}; accepted: (1, n, 4), (1, n), (1, n)")
    if layout.corners == "yxyx":
        values = values[:, [1, 0, 3, 2]]
    elif layout.corners == "xywh":
        values = np.concatenate([values[:, :2], values[:, :2] + values[:, 2:]], axis=1)
    elif layout.corners == "cxcywh":
        values = _from_centres(values[:, :2], values[:, 2:])
    if layout.units == "fractions":
        height, width = size
        values = values * np.array([width, height, width, height], dtype=np.float32)
    classes = np.where(np.isfinite(labels), labels, -1).round().astype(np.intp)
    return Detections(values, scores, classes)


def decode_single(output: NDArray[Any], layout: Yolox | Yolo, size: tuple[int, int], classes: int) -> Detections:
    """Whichever layout of one output it is."""
    if isinstance(layout, Yolox):
        return decode_yolox(output, layout, size, classes)
    return decode_yolo(output, classes)


def _grid(strides: Sequence[int], size: tuple[int, int]) -> tuple[Values, Values]:
    """The cells (n, 2) = (column, row) of all strides' grids, row by row, and the stride of each (n, 1)."""
    cells, steps = [], []
    for stride in strides:
        rows, columns = np.mgrid[: size[0] // stride, : size[1] // stride]
        cells.append(np.stack([columns.ravel(), rows.ravel()], axis=1))
        steps.append(np.full((rows.size, 1), stride))
    return np.concatenate(cells).astype(np.float32), np.concatenate(steps).astype(np.float32)


def _from_centres(centres: Values, sizes: Values) -> Values:
    return np.concatenate([centres - sizes / 2, centres + sizes / 2], axis=1)


def _best(corners: Values, scores: Values) -> Detections:
    """Each anchor as its likeliest class; (n, classes) scores."""
    classes = scores.argmax(axis=1)
    return Detections(corners, scores[np.arange(len(scores)), classes], classes)


def _matrix(output: NDArray[Any], expected: str) -> Values:
    """(1, a, b) or (a, b) as (a, b)."""
    values = np.asarray(output, dtype=np.float32)
    if values.ndim == 3 and values.shape[0] == 1:
        values = values[0]
    if values.ndim != 2:
        raise _other_shape(output, expected)
    return values


def _other_shape(output: NDArray[Any], expected: str) -> ModelUnavailable:
    return ModelUnavailable(f"the model's output is {output.shape}; its description says {expected}")
