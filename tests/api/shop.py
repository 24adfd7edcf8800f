"""A catalogue of drawn shapes, indexed for real, and a server of it in a process of its own."""

from __future__ import annotations

import csv
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, fields
from pathlib import Path

from PIL import Image, ImageDraw

from tests.processes import served
from vision import extractors
from vision.catalog.ingest import IndexOptions, Ingest
from vision.settings import Settings
from vision.workspace import Workspace

COLOURS = {"red": (200, 30, 40), "green": (30, 150, 60), "blue": (40, 70, 190), "yellow": (230, 200, 40)}
SHAPES = ("circle", "square", "triangle", "stripes", "ring")
NASTY = "red/circle 1 ü?&#%"
GPS = 0x8825


@dataclass(frozen=True)
class Shop:
    """What was indexed: 40 pictures of 39 products; a red circle has two."""

    settings: Settings
    folder: Path

    def photo(self, name: str) -> bytes:
        return (self.folder / "images" / name).read_bytes()


def index_shop(solr_url: str, folder: Path, *, collection: str = "api-shop", extractor: str = "histogram") -> Shop:
    """Draw the catalogue and index it, by default with the extractor that needs no model."""
    settings = Settings(home=folder / "home", solr_url=solr_url, collection=collection)
    (folder / "images").mkdir()
    with (folder / "catalogue.csv").open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["id", "product_id", "title", "image", "category", "color", "price", "currency", "url"])
        for price, (color, shape, size) in enumerate(
            ((color, shape, size) for color in COLOURS for shape in SHAPES for size in (1, 2)), start=1
        ):
            name = f"{color}-{shape}-{size}.jpg"
            draw(color, shape, size).save(folder / "images" / name, exif=_exif())
            id = NASTY if name == "red-circle-1.jpg" else f"{color}-{shape}-{size}"
            product = "red-circle" if (color, shape) == ("red", "circle") else id
            title = f"{color} {shape}"
            url = "javascript:alert(1)" if price == 3 else f"https://shop.example/{price}"
            writer.writerow([id, product, title, f"images/{name}", shape, color, price, "EUR", url])
    index(settings, folder / "catalogue.csv", IndexOptions(), extractor)
    return Shop(settings, folder)


def index_market(solr_url: str, folder: Path) -> Shop:
    """Seven products: prices in two currencies and in none, in stock, sold out and unsaid, one without a picture."""
    settings = Settings(home=folder / "home", solr_url=solr_url, collection="api-market")
    rows = (
        ("ring", "red", 10, "EUR", "true"),
        ("square", "red", 20, "EUR", "false"),
        ("circle", "blue", 30, "eur", ""),
        ("ring", "blue", 1500, "JPY", "true"),
        ("circle", "green", 2500, "JPY", "no"),
        ("square", "green", 40, "", "yes"),
        ("none", "green", 50, "EUR", "true"),
    )
    (folder / "images").mkdir()
    with (folder / "catalogue.csv").open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["id", "title", "image", "color", "price", "currency", "in_stock"])
        for number, (shape, color, price, currency, in_stock) in enumerate(rows, start=1):
            image = "" if shape == "none" else f"images/{number}.jpg"
            if image:
                draw(color, shape, 1).save(folder / image)
            writer.writerow([f"m{number}", f"{color} {shape}", image, color, price, currency, in_stock])
    index(settings, folder / "catalogue.csv", IndexOptions(allow_missing_images=True))
    return Shop(settings, folder)


def index(settings: Settings, catalogue: Path, options: IndexOptions, extractor: str = "histogram") -> None:
    """Index a catalogue, by default with the extractor that needs no model."""
    workspace = Workspace(settings)
    with workspace.client() as client, workspace.cache() as cache:
        ingest = Ingest(client, workspace.store(), cache, workspace.roots())
        ingest.run(catalogue, extractor, extractors.load(extractor), options)


def draw(color: str, shape: str, size: int) -> Image.Image:
    image = Image.new("RGB", (240, 300), (245, 245, 240))
    pen = ImageDraw.Draw(image)
    inset = 30 + 14 * size
    box = (inset, inset, 240 - inset, 240 - inset)
    fill = COLOURS[color]
    if shape == "circle":
        pen.ellipse(box, fill=fill)
    elif shape == "square":
        pen.rectangle(box, fill=fill)
    elif shape == "triangle":
        pen.polygon([(120, inset), (inset, 240 - inset), (240 - inset, 240 - inset)], fill=fill)
    elif shape == "ring":
        pen.ellipse(box, outline=fill, width=18)
    else:
        for y in range(inset, 240 - inset, 24):
            pen.rectangle((inset, y, 240 - inset, y + 11), fill=fill)
    return image


def _exif() -> Image.Exif:
    exif = Image.Exif()
    exif[0x010F] = "A camera with a serial number"
    exif.get_ifd(GPS)[1] = "N"
    return exif


@contextmanager
def serving(settings: Settings) -> Iterator[str]:
    """The real server on a free port in a process of its own; its URL."""
    with server(settings) as (url, _):
        yield url


@contextmanager
def server(settings: Settings) -> Iterator[tuple[str, int]]:
    """As :func:`serving`, with the process' id."""
    variables = {each.metadata["env"]: getattr(settings, each.name) for each in fields(settings)}
    said = {name: str(value) for name, value in variables.items() if value is not None}
    with served({**os.environ, **said}) as (url, process):
        yield url, process.pid
