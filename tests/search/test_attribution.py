"""Which places answer to each other: parts add up to the likeness, and a thing is found where it was put."""

from __future__ import annotations

import io

import numpy as np
import pytest
from PIL import Image

from vision.search.attribution import attribute
from vision.search.overlay import HEIGHT, draw


def test_what_was_put_somewhere_is_found_there() -> None:
    random = np.random.default_rng(0)
    thing = random.normal(size=16).astype(np.float32) * 5
    asked, found = (random.normal(size=(4, 5, 16)).astype(np.float32) * 0.1 + 1 for _ in range(2))
    asked[1, 3] += thing
    found[2, 0] += thing
    parts = attribute(asked, found)
    assert parts.asked[1, 3] == 1
    assert parts.found[2, 0] == 1 and np.sort(parts.found.ravel())[-2] < 0.5
    one, other, part = parts.pairs[0]
    assert one.box == pytest.approx((0.6, 0.25, 0.2, 0.25)) and other.box == pytest.approx((0.0, 0.5, 0.2, 0.25))
    assert part == 1 and all(weaker[2] < 0.2 for weaker in parts.pairs[1:])


def test_no_place_is_in_two_pairs() -> None:
    random = np.random.default_rng(1)
    parts = attribute(*(random.normal(size=(6, 6, 8)).astype(np.float32) for _ in range(2)))
    assert len({pair[0] for pair in parts.pairs}) == len({pair[1] for pair in parts.pairs}) == len(parts.pairs) == 3
    strengths = [pair[2] for pair in parts.pairs]
    assert strengths == sorted(strengths, reverse=True)


def test_pictures_without_anything_in_common_and_maps_of_one_place() -> None:
    same = attribute(np.ones((2, 2, 3), dtype=np.float32), np.ones((2, 2, 3), dtype=np.float32))
    assert not same.pairs and same.asked.max() == 0
    single = attribute(np.array([[[1.0, 0.0]]], dtype=np.float32), np.array([[[0.0, 1.0]]], dtype=np.float32))
    assert not single.pairs


def test_the_overlay_has_both_pictures_and_warms_where_they_are_alike() -> None:
    asked, found = (np.zeros((4, 4, 2), dtype=np.float32) for _ in range(2))
    asked[0, 0] = found[3, 3] = (5, 0)
    photo, product = Image.new("RGB", (200, 300), (90, 90, 90)), Image.new("RGB", (300, 150), (90, 90, 90))
    with Image.open(io.BytesIO(draw(photo, product, attribute(asked, found)))) as drawn:
        assert drawn.format == "PNG" and drawn.height == HEIGHT
        assert drawn.width == 280 + 12 + 840
        pixels = np.asarray(drawn.convert("RGB")).astype(int)
    warm, cold = pixels[60:100, 40:60].mean(axis=(0, 1)), pixels[300:400, 180:270].mean(axis=(0, 1))
    assert warm[0] > cold[0] + 40 and warm[0] > warm[2] + 30
