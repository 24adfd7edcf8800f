"""Described ONNX models end to end: each layout, fit and scale against boxes worked out by hand."""

from __future__ import annotations

import math
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

pytest.importorskip("onnx")
pytest.importorskip("onnxruntime")

from tests.detect.models import UINT8, describe, save, save_means  # noqa: E402
from vision.detect import Region, load  # noqa: E402
from vision.errors import BadSetting, ModelUnavailable  # noqa: E402

pytestmark = pytest.mark.model

SIDE = 64
STRIDES = (8, 16, 32)
BOXES = {"layout": "boxes", "boxes": "boxes", "scores": "scores", "labels": "labels"}
MEANS = BOXES | {"units": "fractions"}


def wide() -> Image.Image:
    """Twice as wide as it is high: in a letterbox of 64 it covers 64 x 32."""
    return Image.new("RGB", (400, 200), (10, 20, 30))


def detect(folder: Path, output: dict[str, Any], **members: Any) -> Sequence[Region]:
    return load(f"detector:{describe(folder, output, **members)}").detect(wide())


def yolox_row(centre: tuple[float, float], size: tuple[float, float], score: float, label: int) -> tuple[int, Any]:
    """The row and values that YOLOX gives for a box in pixels of the input, on the stride of 16."""
    stride = 16
    column, row = int(centre[0] // stride), int(centre[1] // stride)
    first = (SIDE // 8) ** 2
    classes = [0.0, 0.0, 0.0]
    classes[label] = score
    values = (
        centre[0] / stride - column,
        centre[1] / stride - row,
        math.log(size[0] / stride),
        math.log(size[1] / stride),
        0.5,
        *classes,
    )
    return first + row * (SIDE // stride) + column, values


def yolox_output(*rows: tuple[int, Any]) -> np.ndarray[Any, Any]:
    output = np.zeros((1, sum((SIDE // stride) ** 2 for stride in STRIDES), 8), dtype=np.float32)
    for number, values in rows:
        output[0, number] = values
    return output


def test_yolox_grid_objectness_and_suppression(tmp_path: Path) -> None:
    output = yolox_output(
        yolox_row((20, 12), (16, 8), 1.0, 1),
        yolox_row((36, 12), (40, 8), 0.7, 1),
        yolox_row((52, 28), (30, 30), 0.9, 2),
    )
    save(tmp_path / "tiny.onnx", [1, 3, SIDE, SIDE], {"out": output})
    found = detect(tmp_path, {"layout": "yolox"}, input={"resize": "letterbox"}, max_overlap=0.2)
    # Objectness .5 times the class; the second overlaps the first by .29, the third reaches outside and is cut off.
    assert [(each.label, each.score) for each in found] == [("bag", 0.5), ("chair", 0.45)]
    assert found[0].box == pytest.approx((12 / 64, 8 / 32, 16 / 64, 8 / 32), abs=1e-4)
    assert found[1].box == pytest.approx((37 / 64, 13 / 32, 27 / 64, 19 / 32), abs=1e-4)
    both = detect(tmp_path, {"layout": "yolox"}, input={"resize": "letterbox"}, max_overlap=0.3)
    assert [each.label for each in both] == ["bag", "chair", "bag"]


def test_yolox_that_decodes_in_the_model(tmp_path: Path) -> None:
    save(tmp_path / "tiny.onnx", [1, 3, SIDE, SIDE], {"out": [[[32, 16, 32, 16, 0.8, 0.1, 0.5, 1.0]]]})
    (found,) = detect(tmp_path, {"layout": "yolox", "decoded": True}, input={"resize": "letterbox"})
    assert (found.label, found.score) == ("chair", 0.8)
    assert found.box == pytest.approx((0.25, 0.25, 0.5, 0.5))


@pytest.mark.parametrize("transposed", [False, True])
@pytest.mark.parametrize(
    ("fit", "box"),
    [
        ({"resize": "stretch"}, (16 / 64, 20 / 64, 32 / 64, 8 / 64)),
        ({"resize": "letterbox"}, (16 / 64, 20 / 32, 32 / 64, 8 / 32)),
        ({"resize": "letterbox", "align": "centre"}, (16 / 64, 4 / 32, 32 / 64, 8 / 32)),
    ],
)
def test_yolo(tmp_path: Path, transposed: bool, fit: dict[str, str], box: tuple[float, ...]) -> None:
    rows = np.zeros((20, 7), dtype=np.float32)
    rows[3] = (32, 24, 32, 8, 0.1, 0.7, 0.2)
    rows[4] = (32, 24, 31, 8, 0.1, 0.6, 0.2)
    rows[5] = (math.nan, 24, 31, 8, 0.1, 0.6, 0.2)
    save(tmp_path / "tiny.onnx", [1, 3, SIDE, SIDE], {"out": (rows if transposed else rows.T)[None]})
    (found,) = detect(tmp_path, {"layout": "yolo"}, input=fit)
    assert (found.label, found.score) == ("bag", 0.7)
    assert found.box == pytest.approx(box, abs=1e-4)


@pytest.mark.parametrize(
    ("corners", "units", "values"),
    [
        ("xyxy", "fractions", (0.25, 0.5, 0.75, 1.0)),
        ("yxyx", "fractions", (0.5, 0.25, 1.0, 0.75)),
        ("xywh", "fractions", (0.25, 0.5, 0.5, 0.5)),
        ("cxcywh", "fractions", (0.5, 0.75, 0.5, 0.5)),
        ("xyxy", "pixels", (16, 32, 48, 64)),
    ],
)
@pytest.mark.parametrize("batch", [True, False])
def test_boxes_scores_and_labels(
    tmp_path: Path, corners: str, units: str, values: tuple[float, ...], batch: bool
) -> None:
    outputs = {
        "boxes": np.array([values, values, values, values], dtype=np.float32),
        "scores": np.array([0.5, 0.9, 0.1, 0.95], dtype=np.float32),
        "labels": np.array([1.0, 3.0, 1.0, 90.0], dtype=np.float32),
    }
    save(tmp_path / "tiny.onnx", [1, 3, SIDE, SIDE], {k: v[None] if batch else v for k, v in outputs.items()})
    layout = BOXES | {"corners": corners, "units": units}
    found = detect(tmp_path, layout, labels={"1": "person", "3": "chair"})
    # The model has suppressed already, what has no name or too small a score is left out.
    assert [(each.label, each.score) for each in found] == [("chair", 0.9), ("person", 0.5)]
    assert {each.box for each in found} == {(0.25, 0.5, 0.5, 0.5)}


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ({"scale": 1 / 255}, [1.0, 0.4, 0.2]),
        ({"scale": 1 / 255, "channels": "bgr"}, [0.2, 0.4, 1.0]),
        ({"mean": [0, 2, 1], "std": [255, 250, 100]}, [1.0, 0.4, 0.5]),
    ],
)
@pytest.mark.parametrize("shape", [[1, 3, 8, 8], ["n", 8, 8, 3], [3, 8, 8]])
def test_channels_scale_and_layout(
    tmp_path: Path, options: dict[str, Any], expected: list[float], shape: list[int | str]
) -> None:
    axes = [axis for axis, side in enumerate(shape) if side == 8]
    save_means(tmp_path / "tiny.onnx", shape, axes)
    detector = load(f"detector:{describe(tmp_path, MEANS, input=options, min_score=0)}")
    found = {each.label: each.score for each in detector.detect(Image.new("RGB", (8, 8), (255, 102, 51)))}
    assert [found["person"], found["bag"], found["chair"]] == pytest.approx(expected, abs=1e-4)


def test_pixels_as_they_are_for_models_of_bytes(tmp_path: Path) -> None:
    save_means(tmp_path / "tiny.onnx", [1, "h", "w", 3], [1, 2], UINT8)
    detector = load(f"detector:{describe(tmp_path, MEANS, input={'size': [16, 32]}, min_score=0)}")
    found = {each.label: each.score for each in detector.detect(Image.new("RGB", (9, 9), (1, 0, 1)))}
    assert found == {"person": 1.0, "bag": 0.0, "chair": 1.0} and detector.side == 32


def test_letterbox_is_filled_with_the_grey_that_is_asked_for(tmp_path: Path) -> None:
    save_means(tmp_path / "tiny.onnx", [1, 3, 8, 8], [2, 3])
    options = {"resize": "letterbox", "fill": 51, "scale": 1 / 255}
    detector = load(f"detector:{describe(tmp_path, MEANS, input=options, min_score=0)}")
    found = {each.label: each.score for each in detector.detect(Image.new("RGB", (16, 8), (255, 51, 0)))}
    assert found == pytest.approx({"person": 0.6, "bag": 0.2, "chair": 0.1}, abs=1e-4)


def test_no_more_than_asked_for_the_surest_first(tmp_path: Path) -> None:
    scores = np.linspace(0.4, 0.9, 12, dtype=np.float32)[None]
    outputs = {"boxes": np.tile((0, 0, 0.5, 0.5), (1, 12, 1)), "scores": scores, "labels": np.zeros((1, 12))}
    save(tmp_path / "tiny.onnx", [1, 3, 8, 8], outputs)
    found = detect(tmp_path, BOXES, max_regions=3)
    assert [each.score for each in found] == sorted(np.round(scores[0].tolist(), 4).tolist(), reverse=True)[:3]


@pytest.mark.parametrize(
    ("shape", "outputs", "output", "members", "error", "says"),
    [
        (
            [1, 3, 8, 8],
            {"out": np.zeros((1, 9, 9))},
            {"layout": "yolox"},
            {},
            ModelUnavailable,
            "as there are 3 labels",
        ),
        ([1, 3, 8, 8], {"out": np.zeros((1, 9, 8))}, {"layout": "yolox"}, {}, ModelUnavailable, "1 anchors for 8 x 8"),
        ([1, 3, 8, 8], {"out": np.zeros((1, 9, 9))}, {"layout": "yolo"}, {}, ModelUnavailable, r"\(1, 7, anchors\) or"),
        ([1, 3, 8, 8], {"out": np.zeros(7)}, {"layout": "yolo"}, {}, ModelUnavailable, r"the model's output is \(7,\)"),
        (
            [1, 3, 8, 8],
            {"boxes": np.zeros((1, 2, 4)), "scores": np.zeros((1, 3)), "labels": np.zeros((1, 2))},
            BOXES,
            {},
            ModelUnavailable,
            r"are \(1, 2, 4\), \(1, 3\), \(1, 2\); accepted",
        ),
        ([1, 3, 8, 8], {"out": [0]}, BOXES, {}, BadSetting, "output.boxes is 'boxes'; the outputs of .*: out"),
        ([1, 3, 8, 8], {"out": [0]}, {"layout": "yolo", "output": "x"}, {}, BadSetting, "output.output is 'x'"),
        ([1, 3, "h", "w"], {"out": [0]}, {"layout": "yolo"}, {}, BadSetting, "any size; give input.size"),
        (
            [1, 3, 8, 8],
            {"out": [0]},
            {"layout": "yolo"},
            {"input": {"size": [8, 16]}},
            BadSetting,
            r"input.size is \[8, 16\], .* takes 8 x 8",
        ),
        ([1, 1, 8, 8], {"out": [0]}, {"layout": "yolo"}, {}, ModelUnavailable, r"accepted: \(1, 3, height, width\)"),
        ([4, 3, 8, 8], {"out": [0]}, {"layout": "yolo"}, {}, ModelUnavailable, r"input of shape \[4, 3, 8, 8\]"),
    ],
)
def test_a_description_that_does_not_fit_is_refused_when_it_is_loaded(
    tmp_path: Path,
    shape: list[int | str],
    outputs: dict[str, Any],
    output: dict[str, Any],
    members: dict[str, Any],
    error: type[Exception],
    says: str,
) -> None:
    save(tmp_path / "tiny.onnx", shape, outputs)
    with pytest.raises(error, match=says):
        load(f"detector:{describe(tmp_path, output, **members)}")


def test_the_fingerprint_is_of_model_and_description(tmp_path: Path) -> None:
    def fingerprint(score: float, name: str = "tiny.json", **members: Any) -> str:
        save(tmp_path / "tiny.onnx", [1, 3, SIDE, SIDE], {"out": [[[32, 16, 32, 16, score, 0.1, 0.5, 1.0]]]})
        path = describe(tmp_path, {"layout": "yolox", "decoded": True}, **members).rename(tmp_path / name)
        return load(f"detector:{path}").fingerprint

    first = fingerprint(0.8)
    assert first == fingerprint(0.8, "other.json") and first.startswith("detector-")
    assert (
        len({first, fingerprint(0.7), fingerprint(0.8, min_score=0.5), fingerprint(0.8, labels=["a", "b", "c"])}) == 4
    )
