"""What a network is fine-tuned on: a catalogue's rows with labels, in three parts that share no product."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageEnhance

from vision.catalog.features import check
from vision.catalog.pictures import Pictures
from vision.catalog.product import Product, Rejected
from vision.embedding import open_picture
from vision.errors import BadCatalogue, BadImage, BadSetting
from vision.evaluation.gallery import values_of
from vision.extractors import Extractor

Rows = NDArray[np.intp]

PARTS: Final = (0.7, 0.15, 0.15)
"""Of the products: to train on, to stop by, to report on."""
SMALLEST: Final = 0.5
"""Least part of a picture's area that a view shows."""
_READERS: Final = 4


@dataclass(frozen=True, eq=False)
class Material:
    """Rows whose pictures can be read.

    Attributes:
        products: the rows, in the catalogue's order.
        labels: each row's values of the label; one or more.
        pictures: reads them.
        train, stop, report: numbers of rows; rows of one group are in one part.
        rejected: why rows are not among them.
    """

    products: tuple[Product, ...]
    labels: tuple[tuple[str, ...], ...]
    pictures: Pictures
    train: Rows
    stop: Rows
    report: Rows
    rejected: tuple[str, ...]

    def whole(self, rows: Rows, extractor: Extractor) -> Iterator[Image.Image]:
        """Pictures as a search sees them, in the order of ``rows``."""
        with ThreadPoolExecutor(_READERS) as pool:
            yield from pool.map(lambda row: self._open(int(row), extractor), rows)

    def views(self, rows: Rows, extractor: Extractor, seed: Sequence[int]) -> list[Image.Image]:
        """A random part of each picture, half of them mirrored, in other light; the same for the same seed."""
        with ThreadPoolExecutor(_READERS) as pool:
            numbered = enumerate(int(row) for row in rows)
            return list(pool.map(lambda pair: self._view(pair[1], extractor, [*seed, pair[0]]), numbered))

    def _open(self, row: int, extractor: Extractor, crop: Sequence[float] | None = None) -> Image.Image:
        return open_picture(self.pictures.read(self.products[row].image), extractor, crop)

    def _view(self, row: int, extractor: Extractor, seed: Sequence[int]) -> Image.Image:
        random = np.random.default_rng(seed)
        area, ratio = random.uniform(SMALLEST, 1), np.exp(random.uniform(np.log(3 / 4), np.log(4 / 3)))
        width, height = min(np.sqrt(area * ratio), 1.0), min(np.sqrt(area / ratio), 1.0)
        left, top = random.uniform(size=2) * (1 - width, 1 - height)
        view = self._open(row, extractor, [float(left), float(top), float(width), float(height)])
        if random.random() < 0.5:
            view = view.transpose(Image.Transpose.FLIP_LEFT_RIGHT)
        for light in (ImageEnhance.Brightness, ImageEnhance.Contrast, ImageEnhance.Color):
            view = light(view).enhance(float(random.uniform(0.75, 1.25)))
        return view


def gather(
    catalogue: Path,
    label: str | None,
    *,
    group: str = "product_id",
    without: Sequence[str] = (),
    most: int = 20_000,
    seed: int = 0,
    allow_urls: bool = False,
) -> Material:
    """Read a catalogue's rows and divide them.

    Args:
        catalogue: CSV, JSONL or Parquet.
        label: the field whose values are the classes; None where every row takes part.
        group: rows with the same value of this field are never in two parts.
        without: rows with one of these labels take no part.
        most: rows, sampled; what is read of the catalogue stays in memory.
        seed: of the sample and of the parts.
        allow_urls: whether pictures may be fetched.

    Raises:
        BadCatalogue: the file cannot be read, or it has too few good rows.
        BadSetting: no row has the label.
    """
    pictures = Pictures(catalogue.parent, allow_urls)
    found: list[Product] = []
    rejected: list[str] = []
    random = np.random.default_rng(seed)
    seen = 0
    for row in check(catalogue):
        if row.product is None:
            rejected.append(f"line {row.line}: {row.reason}")
            continue
        values = values_of(row.product, label) if label is not None else ("",)
        if not values or set(values) & set(without):
            continue
        seen += 1
        if len(found) < most:
            found.append(row.product)
        elif (place := int(random.integers(seen))) < most:  # a reservoir: each row is as likely as any other
            found[place] = row.product
    if label is not None and not found:
        raise BadSetting(f"--label {label}: no row of {catalogue.name} has a value of it that takes part")
    products, unreadable = _readable(found, pictures)
    rejected += unreadable
    labels = tuple(values_of(product, label) if label is not None else () for product in products)
    train, stop, report = _parts([_group(product, group) for product in products], random)
    material = Material(tuple(products), labels, pictures, train, stop, report, tuple(rejected))
    if label is not None:
        _check_labels(material, catalogue.name, label)
    elif min(len(train), len(stop), len(report)) < 2:
        raise BadCatalogue(f"{catalogue.name} has {len(products)} good rows of several products; 20 or more are needed")
    return material


def _readable(products: Sequence[Product], pictures: Pictures) -> tuple[list[Product], list[str]]:
    """Products whose pictures can be decoded, and what is wrong with the others."""

    def problem(product: Product) -> str:
        from vision import images

        try:
            images.decode(pictures.read(product.image), min_side=32)
        except (Rejected, BadImage) as error:
            return str(error) or type(error).__name__
        return ""

    with ThreadPoolExecutor(_READERS) as pool:
        problems = list(pool.map(problem, products))
    good = [product for product, reason in zip(products, problems, strict=True) if not reason]
    return good, [f"{product.id}: {reason}" for product, reason in zip(products, problems, strict=True) if reason]


def _group(product: Product, field: str) -> str:
    values = values_of(product, field)
    return "|".join(values) if values else product.product_id


def _parts(groups: Sequence[str], random: np.random.Generator) -> tuple[Rows, Rows, Rows]:
    """Rows in :data:`PARTS`, whole groups in each."""
    names = sorted(set(groups))
    places = {name: float(place) for name, place in zip(names, random.permutation(len(names)), strict=True)}
    where = np.array([(places[group] + 0.5) / len(names) for group in groups])
    part = np.searchsorted(np.cumsum(PARTS)[:2], where)
    train, stop, report = (np.flatnonzero(part == number) for number in range(3))
    return train, stop, report


def _check_labels(material: Material, name: str, label: str) -> None:
    """Every part needs something to learn or to measure.

    Raises:
        BadCatalogue: too few rows, or one label only.
    """
    classes = {value for row in material.train for value in material.labels[row]}
    if len(classes) < 2:
        raise BadCatalogue(f"{name} has {len(classes)} values of {label} to learn from; 2 or more are needed")
    for part in (material.stop, material.report):
        values = [value for row in part for value in material.labels[row]]
        if len(set(values)) == len(values) or len(set(values)) < 2:
            raise BadCatalogue(
                f"{name} has too few pictures with a {label}: of {len(material.products)}, {len(part)} are kept aside, "
                "and among those no two have the same value and another one a different one; give more rows"
            )
