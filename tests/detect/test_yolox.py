"""The published YOLOX-nano on real photos and on drawn furniture, decoded a second time by loops."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from vision.demo.picture import draw_picture
from vision.demo.product import sample_product
from vision.detect import load
from vision.detect.coco import COCO

pytestmark = pytest.mark.model

SIDE = 416


@pytest.fixture(scope="module")
def models(shared: Path) -> Path:
    pytest.importorskip("onnxruntime")
    return shared / "models"


def by_hand(model: Path, image: Image.Image) -> list[tuple[str, float, tuple[float, ...]]]:
    """Label, score and box of every anchor over .3, as the model's authors describe them; nothing suppressed."""
    import onnxruntime

    scale = min(SIDE / image.width, SIDE / image.height)
    small = image.resize((round(image.width * scale), round(image.height * scale)), Image.Resampling.BILINEAR)
    canvas = Image.new("RGB", (SIDE, SIDE), (114, 114, 114))
    canvas.paste(small, (0, 0))
    values = np.asarray(canvas, dtype=np.float32)[None, :, :, ::-1].transpose(0, 3, 1, 2)
    session = onnxruntime.InferenceSession(str(model), providers=["CPUExecutionProvider"])
    output = session.run(None, {"images": np.ascontiguousarray(values)})[0][0]
    found: list[tuple[str, float, tuple[float, ...]]] = []
    number = 0
    for stride in (8, 16, 32):
        for row in range(SIDE // stride):
            for column in range(SIDE // stride):
                x, y, width, height, objectness, *classes = output[number].tolist()
                number += 1
                best = max(range(80), key=lambda each: classes[each])
                score = objectness * classes[best]
                if score >= 0.3:
                    width, height = math.exp(width) * stride / small.width, math.exp(height) * stride / small.height
                    x, y = (x + column) * stride / small.width, (y + row) * stride / small.height
                    found.append((COCO[best], score, (x - width / 2, y - height / 2, width, height)))
    assert number == len(output) == 3549
    return found


def test_regions_are_what_the_model_says(models: Path, shared: Path) -> None:
    detector = load("yolox", models=models)
    compared = 0
    for path in sorted((shared / "data/clothing/images").glob("*.jpg"))[:12]:
        image = Image.open(path).convert("RGB")
        expected = by_hand(models / "yolox_nano.onnx", image)
        regions = detector.detect(image)
        assert bool(regions) == bool(expected)
        assert [each.score for each in regions] == sorted((each.score for each in regions), reverse=True)
        if regions:
            label, score, _ = max(expected, key=lambda each: each[1])
            assert regions[0].label == label and regions[0].score == pytest.approx(score, abs=1e-4)
        for region in regions:
            x, y, width, height = region.box
            inside = [
                box
                for label, score, box in expected
                if label == region.label and abs(score - region.score) < 1e-4
                # Cut off at the edges; a box is rounded to four digits.
                if max(abs(max(box[0], 0) - x), abs(max(box[1], 0) - y)) < 2e-4
                and max(abs(min(box[0] + box[2], 1) - x - width), abs(min(box[1] + box[3], 1) - y - height)) < 3e-4
            ]
            assert inside, region
            compared += 1
    assert compared >= 5


def test_drawn_chairs_are_chairs(models: Path) -> None:
    detector = load(f"yolox:{models / 'yolox_nano.onnx'}")
    chairs = [
        product for number in range(1, 120) if (product := sample_product(7, number)).attributes.category == "chair"
    ]
    named = [{region.label for region in detector.detect(draw_picture(each, 0, 7, 320))} for each in chairs]
    assert len(named) >= 5 and sum("chair" in labels for labels in named) > len(named) / 2
