"""Suppression against a loop that anybody can read."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from vision.detect.suppression import overlaps, suppress


def iou(one: NDArray[np.float32], other: NDArray[np.float32]) -> float:
    width = min(one[2], other[2]) - max(one[0], other[0])
    height = min(one[3], other[3]) - max(one[1], other[1])
    shared = max(0.0, float(width)) * max(0.0, float(height))
    areas = [float((each[2] - each[0]) * (each[3] - each[1])) for each in (one, other)]
    return shared / (sum(areas) - shared)


@pytest.mark.parametrize("seed", range(5))
def test_against_a_plain_loop(seed: int) -> None:
    random = np.random.default_rng(seed)
    starts = random.uniform(0, 60, (200, 2))
    corners = np.concatenate([starts, starts + random.uniform(5, 40, (200, 2))], axis=1).astype(np.float32)
    scores = np.round(random.uniform(0, 1, 200), 1).astype(np.float32)
    classes = random.integers(3, size=200)
    kept: list[int] = []
    for row in sorted(range(200), key=lambda row: (-scores[row], row)):
        if all(classes[row] != classes[other] or iou(corners[row], corners[other]) < 0.4 for other in kept):
            kept.append(row)
    assert 3 < len(kept) < 150
    assert suppress(corners, scores, classes, 0.4).tolist() == kept


def test_nothing_and_empty_boxes() -> None:
    none = np.zeros((0, 4), dtype=np.float32)
    assert suppress(none, np.zeros(0, dtype=np.float32), np.zeros(0, dtype=np.intp), 0.5).tolist() == []
    point = np.zeros((1, 4), dtype=np.float32)
    assert overlaps(point[0], point).tolist() == [0.0]
