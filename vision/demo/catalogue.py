"""The catalogue as files: catalog.csv, truth.csv, pictures, and about.json once all of it is there."""

from __future__ import annotations

import csv
import json
import os
import re
from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ProcessPoolExecutor
from dataclasses import dataclass, fields
from multiprocessing import get_context
from pathlib import Path

from vision.demo.defects import list_product
from vision.demo.picture import draw_picture
from vision.demo.product import Attributes, Product, sample_product, stream
from vision.demo.vocabulary import ATTRIBUTES
from vision.demo.wording import write_texts

DRAWING_VERSION = 1
"""Raised whenever the same seed would give other words or pictures, so that old catalogues are redrawn."""

SMALLEST, LARGEST = 32, 2048
"""Accepted sides of a picture in pixels."""

COLUMNS = ("id", "product_id", "title", "description", "image", "url", "currency", "in_stock", *ATTRIBUTES)
TRUTH_COLUMNS = ("product_id", *ATTRIBUTES, "defect")

_CHUNK = 16
_QUALITY = 88
_OUR_PICTURE = re.compile(r"p\d{6,}(-[23])?\.jpg(\.part)?")

Progress = Callable[[int, int], None]
"""Called with the number of products drawn so far and the number of all."""


@dataclass(frozen=True)
class DemoCatalogue:
    """A complete demo catalogue: its files, and how many products and pictures it holds."""

    folder: Path
    catalogue: Path
    truth: Path
    products: int
    images: int


def draw_catalogue(
    folder: Path,
    *,
    products: int = 1200,
    seed: int = 7,
    size: int = 320,
    workers: int | None = None,
    progress: Progress | None = None,
) -> DemoCatalogue:
    """Draw a catalogue of invented products into a folder, or find it complete there.

    The same products, seed and size give the same bytes, however many workers draw. An interrupted drawing
    goes on where it stopped; a catalogue with other parameters is replaced.

    Args:
        folder: Made if it does not exist. Files of other names in it are left alone.
        products: Number of products; each has one to three pictures.
        seed: Of everything that is drawn at random.
        size: Side of the square pictures in pixels.
        workers: Processes that draw; None: one for each processor, 1: draw in this process. Processes are
            spawned, so a script that wants several must guard its entry point with ``__main__``.
        progress: Told after every few products.

    Raises:
        ValueError: If a number is outside what is accepted, or the folder is a file.
    """
    _check(folder, products, size, workers)
    about = {"seed": seed, "products": products, "size": size, "drawing_version": DRAWING_VERSION}
    done, begun = folder / "about.json", folder / "about.partial.json"
    images = _complete(folder, about)
    if images is None:
        (folder / "images").mkdir(parents=True, exist_ok=True)
        if _read(begun) != about:
            # Pictures of another drawing must not be taken for finished ones of this.
            done.unlink(missing_ok=True)
            _clear(folder / "images")
            begun.write_text(json.dumps(about), encoding="utf-8")
        images = _write_tables(folder, seed, products)
        _draw_pictures(folder / "images", seed, products, size, workers or os.cpu_count() or 1, progress)
        begun.write_text(json.dumps({**about, "images": images}, indent=2) + "\n", encoding="utf-8")
        os.replace(begun, done)
    return DemoCatalogue(folder, folder / "catalog.csv", folder / "truth.csv", products, images)


def _check(folder: Path, products: int, size: int, workers: int | None) -> None:
    if products < 1:
        raise ValueError(f"products is {products}: give at least 1")
    if not SMALLEST <= size <= LARGEST:
        raise ValueError(f"size is {size} pixels: give {SMALLEST} to {LARGEST}")
    if workers is not None and workers < 1:
        raise ValueError(f"workers is {workers}: give at least 1, or None for one per processor")
    if folder.exists() and not folder.is_dir():
        raise ValueError(f"{folder} is a file: give a folder, or a path where one can be made")


def _complete(folder: Path, about: dict[str, int]) -> int | None:
    """Return the number of pictures if the folder holds this very catalogue in full, else None."""
    found = _read(folder / "about.json")
    if found is None or {name: found.get(name) for name in about} != about:
        return None
    tables = (folder / "catalog.csv").is_file() and (folder / "truth.csv").is_file()
    images = found.get("images", -1)
    return images if tables and sum(1 for _ in _pictures(folder / "images")) == images else None


def _read(path: Path) -> dict[str, int] | None:
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
    return content if isinstance(content, dict) else None


def _pictures(folder: Path) -> Iterator[os.DirEntry[str]]:
    """Yield the finished pictures of a demo catalogue, by the names that it gives them."""
    if folder.is_dir():
        with os.scandir(folder) as entries:
            yield from (entry for entry in entries if _OUR_PICTURE.fullmatch(entry.name))


def _clear(folder: Path) -> None:
    for entry in list(_pictures(folder)):
        os.unlink(entry.path)


def _write_tables(folder: Path, seed: int, products: int) -> int:
    """Write catalog.csv and truth.csv row by row; return the number of pictures they speak of."""
    images = 0
    with (
        (folder / "catalog.csv").open("w", encoding="utf-8", newline="") as catalogue,
        (folder / "truth.csv").open("w", encoding="utf-8", newline="") as truth,
    ):
        rows, truths = csv.writer(catalogue, lineterminator="\n"), csv.writer(truth, lineterminator="\n")
        rows.writerow(COLUMNS)
        truths.writerow(TRUTH_COLUMNS)
        for number in range(1, products + 1):
            product = sample_product(seed, number)
            listing = list_product(product.attributes, stream(seed, number, "defect"))
            # A wrong category told in the text must not be given away by the name of the style.
            style = product.style if listing.told.category == product.attributes.category else ""
            title, description = write_texts(listing.told, style, stream(seed, number, "wording"))
            truths.writerow((product.product_id, *_values(product.attributes), listing.defect))
            stock = "true" if product.in_stock else "false"
            url = f"https://shop.example/p/{product.product_id}"
            for name in _names(product):
                about = (
                    name,
                    product.product_id,
                    title,
                    description,
                    f"images/{name}.jpg",
                    url,
                    "EUR",
                    stock,
                )
                rows.writerow((*about, *_values(listing.listed)))
                images += 1
    return images


def _values(attributes: Attributes) -> tuple[str, ...]:
    return tuple(getattr(attributes, field.name) for field in fields(attributes))


def _names(product: Product) -> list[str]:
    """Return the identifier of each picture: the product's own, then with -2 and -3."""
    return [product.product_id, *(f"{product.product_id}-{view}" for view in range(2, product.views + 1))]


def _draw_pictures(folder: Path, seed: int, products: int, size: int, workers: int, progress: Progress | None) -> None:
    """Draw every picture that is not there yet, a few products at a time."""
    chunks = (range(start, min(start + _CHUNK, products + 1)) for start in range(1, products + 1, _CHUNK))
    for done in _drawn(folder, seed, size, chunks, min(workers, -(-products // _CHUNK))):
        if progress is not None:
            progress(done, products)


def _drawn(folder: Path, seed: int, size: int, chunks: Iterator[range], workers: int) -> Iterator[int]:
    """Draw chunks of products, in this process or in others; yield the number of products done so far."""
    if workers == 1:
        for chunk in chunks:
            yield _draw_chunk(folder, seed, size, chunk)
        return
    waiting: deque[Future[int]] = deque()
    with ProcessPoolExecutor(workers, mp_context=get_context("spawn")) as pool:
        try:
            for chunk in chunks:
                waiting.append(pool.submit(_draw_chunk, folder, seed, size, chunk))
                # Only a few chunks are ever in flight, or a large catalogue would queue up in memory.
                if len(waiting) > 2 * workers:
                    yield waiting.popleft().result()
            while waiting:
                yield waiting.popleft().result()
        except BaseException:
            pool.shutdown(cancel_futures=True)
            raise


def _draw_chunk(folder: Path, seed: int, size: int, numbers: range) -> int:
    """Draw the pictures of some products and return the last one's number; finished ones are kept."""
    for number in numbers:
        product = sample_product(seed, number)
        for view, name in enumerate(_names(product)):
            path = folder / f"{name}.jpg"
            if not path.exists():
                part = folder / f"{name}.jpg.part"
                draw_picture(product, view, seed, size).save(part, "JPEG", quality=_QUALITY)
                os.replace(part, path)
    return numbers[-1]
