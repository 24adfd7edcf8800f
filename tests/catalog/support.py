"""Small catalogues with drawn pictures, and an extractor that writes down what it was given."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from vision.extractors import ExtractorInfo

COLUMNS = ("id", "title", "image", "color", "price")
_INFO = ExtractorInfo("fake", (8, 8), 6, "CC0-1.0", "here", "means and deviations")


class FakeExtractor:
    """Means and deviations of the three channels; ``calls`` has the number of pictures of each call."""

    info = _INFO
    fingerprint = _INFO.fingerprint

    def __init__(self) -> None:
        self.calls: list[int] = []

    def extract(self, images: Sequence[Image.Image]) -> NDArray[np.float32]:
        self.calls.append(len(images))
        arrays = [np.asarray(image, dtype=np.float32) for image in images]
        rows = [np.concatenate([each.mean(axis=(0, 1)), each.std(axis=(0, 1))]) for each in arrays]
        return np.array(rows, dtype=np.float32).reshape(len(rows), 6)


def draw(seed: int, side: int = 16) -> bytes:
    """A PNG of noise in a few large squares, another one for each seed."""
    noise = np.random.default_rng(seed).integers(0, 256, size=(4, 4, 3), dtype=np.uint8)
    buffer = io.BytesIO()
    Image.fromarray(noise).resize((side, side), Image.Resampling.NEAREST).save(buffer, "PNG", compress_level=1)
    return buffer.getvalue()


def row(number: int, **changes: str) -> dict[str, str]:
    """The usual row for the picture ``number``."""
    usual = {
        "id": f"p{number:05d}",
        "title": f"thing {number}",
        "image": f"images/{number}.png",
        "color": ("red", "green", "blue")[number % 3],
        "price": f"{number}.50",
    }
    return usual | changes


def write(path: Path, rows: Iterable[Mapping[str, str]], columns: Sequence[str] = COLUMNS) -> Path:
    """A CSV file of rows."""
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, columns)
        writer.writeheader()
        writer.writerows(rows)
    return path


def catalogue(folder: Path, count: int, first: int = 0) -> Path:
    """``catalogue.csv`` with ``count`` products, each with a picture of its own, below ``folder``."""
    images = folder / "images"
    images.mkdir(parents=True, exist_ok=True)
    for number in range(first, first + count):
        (images / f"{number}.png").write_bytes(draw(number))
    return write(folder / "catalogue.csv", (row(number) for number in range(first, first + count)))
