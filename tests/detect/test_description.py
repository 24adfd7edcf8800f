"""Description files: what is accepted, and what the errors say."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest

from vision.detect import labels
from vision.detect.coco import COCO
from vision.detect.description import Boxes, Yolox, read
from vision.errors import BadSetting

WHOLE: dict[str, Any] = {"model": "m.onnx", "output": {"layout": "yolox"}, "labels": "coco"}


def write(folder: Path, content: object) -> Path:
    path = folder / "shop.json"
    path.write_text(content if isinstance(content, str) else json.dumps(content), encoding="utf-8")
    return path


def test_what_is_left_out_has_a_default(tmp_path: Path) -> None:
    found = read(write(tmp_path, WHOLE))
    assert found.output == Yolox(strides=(8, 16, 32)) and found.input.resize == "stretch"
    assert (found.min_score, found.max_overlap, found.max_regions) == (0.3, 0.45, 50)
    assert found.names()[0] == "person" and len(found.names()) == len(COCO) == len(set(COCO)) == 80


def test_the_examples_of_the_guide_are_accepted(tmp_path: Path) -> None:
    guide = (Path(__file__).parents[2] / "docs/detect.md").read_text(encoding="utf-8")
    examples = re.findall(r"```json description\n(.*?)```", guide, flags=re.DOTALL)
    layouts = [read(write(tmp_path, each)).output.__struct_config__.tag for each in examples]
    assert layouts == ["yolox", "yolo", "boxes"]
    (mapping,) = re.findall(r"```json\n(.*?)```", guide, flags=re.DOTALL)
    assert labels.read(write(tmp_path, mapping))["person"] is None


def test_labels_with_numbers_of_their_own(tmp_path: Path) -> None:
    output = {"layout": "boxes", "boxes": "b", "scores": "s", "labels": "l", "corners": "yxyx"}
    found = read(write(tmp_path, WHOLE | {"output": output, "labels": {"1": "person", "90": "toothbrush"}}))
    assert found.names() == {1: "person", 90: "toothbrush"}
    assert isinstance(found.output, Boxes) and found.output.units == "fractions"


@pytest.mark.parametrize(
    ("content", "says"),
    [
        ("{", "not understood"),
        ("\xff", "not understood"),
        ({}, "missing required field `model`"),
        (WHOLE | {"output": {}}, "missing required field `layout`"),
        (WHOLE | {"output": {"layout": "ssd"}}, "Invalid value 'ssd'.*output.layout"),
        (WHOLE | {"output": {"layout": "boxes", "boxes": "b"}}, "missing required field `scores`"),
        (WHOLE | {"output": {"layout": "yolo", "decoded": True}}, "unknown field `decoded`"),
        (WHOLE | {"output": {"layout": "yolox", "strides": []}}, "length >= 1"),
        (WHOLE | {"colour": "bgr"}, "unknown field `colour`"),
        (WHOLE | {"input": {"channels": "grb"}}, "Invalid enum value 'grb'.*input.channels"),
        (WHOLE | {"input": {"size": [416]}}, "length 2"),
        (WHOLE | {"input": {"size": [416, 5000]}}, "<= 4096"),
        (WHOLE | {"input": {"std": [1, 0, 1]}}, "input.std of 0"),
        (WHOLE | {"labels": []}, "length >= 1"),
        (WHOLE | {"labels": "voc"}, "Invalid enum value 'voc'"),
        (WHOLE | {"labels": {"one": "person"}}, "labels that are no numbers"),
        (WHOLE | {"labels": {"1": "person"}}, "labels with gaps; the layouts yolox and yolo number them from 0 on"),
        (WHOLE | {"min_score": 2}, "<= 1"),
    ],
)
def test_what_is_not_accepted(tmp_path: Path, content: object, says: str) -> None:
    path = write(tmp_path, content)
    with pytest.raises(BadSetting, match=says) as caught:
        read(path)
    assert str(path) in str(caught.value)


def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(BadSetting, match="cannot be read: No such file"):
        read(tmp_path / "none.json")
