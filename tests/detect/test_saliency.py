"""Foregrounds of drawn pictures, whose boxes are known."""

from __future__ import annotations

import numpy as np
import pytest
from PIL import Image, ImageDraw

pytest.importorskip("skimage")

from vision.demo.picture import draw_picture, product_box  # noqa: E402
from vision.demo.product import sample_product  # noqa: E402
from vision.detect import Box, load  # noqa: E402
from vision.detect.choice import ordered  # noqa: E402


def overlap(one: Box, other: Box) -> float:
    """Intersection over union."""
    width = min(one[0] + one[2], other[0] + other[2]) - max(one[0], other[0])
    height = min(one[1] + one[3], other[1] + other[3]) - max(one[1], other[1])
    shared = max(0.0, width) * max(0.0, height)
    return shared / (one[2] * one[3] + other[2] * other[3] - shared)


def two_tone() -> Image.Image:
    """A wall and a floor, both of which reach the edge."""
    image = Image.new("RGB", (300, 200), (200, 190, 170))
    ImageDraw.Draw(image).rectangle((0, 120, 300, 200), fill=(90, 60, 40))
    return image


@pytest.mark.parametrize("background", [Image.new("RGB", (300, 200), "white"), two_tone()], ids=["plain", "two tones"])
@pytest.mark.parametrize("color", [(200, 30, 40), (20, 20, 20), (60, 120, 200)])
def test_one_thing(background: Image.Image, color: tuple[int, int, int]) -> None:
    image = background.copy()
    ImageDraw.Draw(image).ellipse((90, 40, 209, 159), fill=color)
    (region,) = load("saliency").detect(image)
    assert region.label == "foreground" and 0.5 < region.score <= 1
    assert overlap(region.box, (0.3, 0.2, 0.4, 0.6)) > 0.9


def test_things_apart_are_several_and_things_together_are_one() -> None:
    for gap, count in ((6, 1), (90, 2)):
        image = Image.new("RGB", (400, 300), (230, 230, 225))
        pen = ImageDraw.Draw(image)
        pen.rectangle((60, 80, 139, 219), fill="navy")
        pen.rectangle((140 + gap, 80, 219 + gap, 219), fill="navy")
        assert len(load("saliency").detect(image)) == count


@pytest.mark.parametrize("size", [(1, 1), (1, 50), (300, 2), (200, 200)])
def test_nothing_stands_out_of_an_empty_picture(size: tuple[int, int]) -> None:
    assert load("saliency").detect(Image.new("RGB", size, (120, 130, 140))) == ()


def test_noise_is_no_thing() -> None:
    noise = np.random.default_rng(0).normal(128, 2, (200, 200, 3))
    assert load("saliency").detect(Image.fromarray(np.clip(noise, 0, 255).astype(np.uint8))) == ()


def test_a_shade_that_nobody_sees_is_no_thing() -> None:
    image = Image.new("RGB", (200, 200), (120, 120, 120))
    ImageDraw.Draw(image).rectangle((50, 50, 149, 149), fill=(122, 122, 122))
    assert load("saliency").detect(image) == ()


@pytest.mark.slow
def test_products_of_the_demo_catalogue() -> None:
    detector = load("saliency")
    found = []
    for number in range(1, 61):
        product = sample_product(7, number)
        regions = ordered(detector.detect(draw_picture(product, 0, 7, 320)))
        assert regions
        found.append(overlap(regions[0].box, product_box(product, 0, 7)))
    print(f"overlap with what was drawn: mean {np.mean(found):.3f}, least {min(found):.3f}")
    assert np.mean(found) > 0.85 and np.mean(np.array(found) > 0.5) > 0.9
