from __future__ import annotations

from dataclasses import replace
from random import Random

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from vision.demo.geometry import curve, hull, rounded
from vision.demo.patterns import make_cloth
from vision.demo.picture import draw_picture
from vision.demo.product import Product, sample_product
from vision.demo.scene import bounds
from vision.demo.tiles import KEPT
from vision.demo.vocabulary import COLORS, PATTERNS, STYLES

SEED = 7


def first(category: str, **wanted: str) -> Product:
    """Return the first product of a category, its attributes and style replaced as wanted."""
    product = next(p for p in (sample_product(SEED, n) for n in range(1, 400)) if p.attributes.category == category)
    style = wanted.pop("style", product.style)
    return replace(product, style=style, attributes=replace(product.attributes, **wanted))


def pixels(picture: Image.Image) -> NDArray[np.float64]:
    return np.asarray(picture, dtype=np.float64)


@pytest.mark.parametrize("category", STYLES)
def test_every_style_is_drawn_in_every_view(category: str) -> None:
    for style in STYLES[category]:
        product = first(category, style=style)
        for view in range(3):
            picture = draw_picture(product, view, SEED, 40)
            assert picture.size == (40, 40)
            assert pixels(picture).std() > 4


@pytest.mark.parametrize("size", [32, 96, 320])
def test_any_size_shows_the_same_picture(size: int) -> None:
    product = first("dress")
    large = draw_picture(product, 0, SEED, 256).resize((32, 32), Image.Resampling.BOX)
    other = draw_picture(product, 0, SEED, size).resize((32, 32), Image.Resampling.BOX)
    assert np.abs(pixels(large) - pixels(other)).mean() < 6


@pytest.mark.parametrize("color", COLORS)
def test_a_shirt_has_the_colour_it_is_said_to_have(color: str) -> None:
    shirt = first("shirt", color=color, pattern="plain", material="cotton", style="T-shirt", sleeve="short")
    middle = pixels(draw_picture(shirt, 0, SEED, 64))[28:40, 26:38].reshape(-1, 3)
    distance = {name: np.abs(np.median(middle, axis=0) - rgb).sum() for name, rgb in COLORS.items()}
    assert color in sorted(distance, key=lambda name: float(distance[name]))[:2]


def test_a_longer_hem_reaches_further_down() -> None:
    filled = []
    for length in ("mini", "knee-length", "midi", "maxi"):
        skirt = first("skirt", length=length, style="pencil", color="red", pattern="plain", material="cotton")
        picture = pixels(draw_picture(skirt, 0, SEED, 64))
        filled.append(int((picture[:, :, 0] - picture[:, :, 1] > 80).sum()))
    assert filled == sorted(filled)
    assert filled[-1] > 1.8 * filled[0]


def test_patterns_differ_and_repeat_without_a_seam() -> None:
    seen = []
    for pattern in PATTERNS[1:]:
        tile = make_cloth(pattern, COLORS["blue"], "cotton", Random(3)).tile
        assert tile is not None and tile.shape == (KEPT, KEPT)
        channels = tile.view(np.uint8).reshape(KEPT, KEPT, 4)[:, :, :3].astype(np.float64)
        inside = np.abs(np.diff(channels, axis=0)).mean(axis=(1, 2)).max()
        assert np.abs(channels[0] - channels[-1]).mean() <= inside + 1
        seen.append(channels)
    for index, one in enumerate(seen):
        for other in seen[index + 1 :]:
            assert np.abs(one - other).mean() > 5


def test_a_curve_goes_through_its_points_and_keeps_straight_sides() -> None:
    square = curve([(0, 0, 1), (1, 0, 1), (1, 1, 1), (0, 1, 1)], steps=4)
    assert len(square) == 16
    assert square[:4, 1] == pytest.approx(0)
    bow = curve([(0, 0), (0.5, 0.5), (1, 0)], closed=False, steps=4)
    assert bow[0] == pytest.approx((0, 0)) and bow[4] == pytest.approx((0.5, 0.5)) and bow[-1] == pytest.approx((1, 0))


def test_hull_and_rounding() -> None:
    cloud = np.array([(0, 0), (1, 0), (1, 1), (0, 1), (0.5, 0.5)], dtype=np.float64)
    assert len(hull(cloud)) == 4
    soft = rounded(hull(cloud), 0.2)
    assert soft.min() == pytest.approx(0, abs=0.01) and soft.max() == pytest.approx(1, abs=0.01)


def test_a_scene_without_parts_has_no_bounds() -> None:
    with pytest.raises(ValueError, match="without parts"):
        bounds([])
