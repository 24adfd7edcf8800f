"""The baseline: its parts mean what they say, and it ranks real photos better than colours alone."""

from __future__ import annotations

import csv
import time
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image, ImageDraw

from vision.evaluation import label_quality
from vision.extractors import load
from vision.extractors.histogram import COLOUR_WEIGHT, SIDE, background, colours, edges
from vision.images import decode


def dress(colour: str, ground: str = "white", size: tuple[int, int] = (240, 320)) -> Image.Image:
    image = Image.new("RGB", size, ground)
    w, h = size
    ImageDraw.Draw(image).polygon(
        [(w * 0.4, h * 0.1), (w * 0.6, h * 0.1), (w * 0.8, h * 0.9), (w * 0.2, h * 0.9)], colour
    )
    return image


def shirt(colour: str) -> Image.Image:
    image = Image.new("RGB", (240, 320), "white")
    ImageDraw.Draw(image).rectangle((50, 90, 190, 230), colour)
    return image


def plane(image: Image.Image) -> NDArray[np.float32]:
    return np.asarray(image.resize((SIDE, SIDE)), dtype=np.float32) / np.float32(255)


def test_shape_and_length() -> None:
    extractor = load("histogram")
    vectors = extractor.extract([dress("red"), shirt("blue"), Image.new("RGB", (5, 400), "red")])
    assert vectors.shape == (3, extractor.info.dims) == (3, 704) and vectors.dtype == np.float32
    np.testing.assert_allclose(np.linalg.norm(vectors[:2], axis=1), np.hypot(1, COLOUR_WEIGHT), rtol=1e-5)
    assert np.isfinite(vectors).all() and extractor.extract([]).shape == (0, 704)


def test_the_same_shape_in_a_near_colour_is_nearer_than_another_shape() -> None:
    v = load("histogram").extract([dress("#c02020"), dress("#b82424"), dress("#2020c0"), shirt("#c02020")])
    distances = np.square(v - v[0]).sum(axis=1)
    assert distances[0] == 0 and distances[1] < distances[2] < distances[3]


def test_a_vector_does_not_depend_on_its_batch() -> None:
    extractor, images = load("histogram"), [dress("red"), shirt("green")]
    np.testing.assert_array_equal(extractor.extract(images)[1], extractor.extract(images[1:])[0])


def test_flat_pictures_have_no_edges() -> None:
    for colour in ("black", "white", "red"):
        rgb = plane(Image.new("RGB", (9, 9), colour))
        assert not edges(rgb).any() and np.linalg.norm(colours(rgb)) == pytest.approx(1)


def test_edges_know_their_direction() -> None:
    across, down = np.zeros((SIDE, SIDE, 3), dtype=np.float32), np.zeros((SIDE, SIDE, 3), dtype=np.float32)
    across[:, 20:] = 1
    down[20:] = 1
    by_direction = [edges(each).reshape(-1, 9).sum(axis=0) for each in (across, down)]
    assert set(np.argsort(by_direction[0])[-2:]) == {0, 8} and int(np.argmax(by_direction[1])) == 4


def test_the_background_is_what_looks_like_the_border_and_touches_it() -> None:
    rgb = plane(dress("red"))
    found = background(rgb)
    assert found[0].all() and found[:, 0].all() and not found[SIDE // 2, SIDE // 2]
    ring = np.ones((SIDE, SIDE, 3), dtype=np.float32)
    ring[20:44, 20:44] = 0
    ring[28:36, 28:36] = 1  # like the border, but not connected to it
    assert background(ring)[5, 5] and not background(ring)[32, 32]


def test_the_background_counts_less() -> None:
    red_on_white, red_on_blue = (colours(plane(dress("red", ground))) for ground in ("white", "blue"))
    blue_on_white = colours(plane(dress("blue")))
    assert red_on_white @ red_on_blue > red_on_white @ blue_on_white


@pytest.mark.slow
def test_on_real_photos(shared: Path) -> None:
    folder = shared / "data" / "clothing"
    with (folder / "images.csv").open(newline="") as file:
        rows = [row for row in csv.DictReader(file) if row["label"] not in ("Not sure", "Other", "Skip")][:1200]
    rows = [row for row in rows if (folder / "images" / f"{row['image']}.jpg").exists()]
    images = [decode((folder / "images" / f"{row['image']}.jpg").read_bytes(), min_side=64) for row in rows]
    start = time.process_time()
    vectors = load("histogram").extract(images)
    assert (time.process_time() - start) / len(rows) < 0.02
    quality = label_quality(vectors, [row["label"] for row in rows], [row["image"] for row in rows])
    assert quality.map > 0.18 and quality.precision > 0.30
