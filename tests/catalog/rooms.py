"""A catalogue of drawn photos, most of which show two things side by side, and what is in each of them."""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping
from pathlib import Path

from PIL import Image, ImageDraw

COLORS = {"red": (200, 30, 40), "green": (30, 150, 60), "blue": (40, 70, 190), "yellow": (220, 180, 30)}
COLUMNS = ("id", "product_id", "title", "image", "category", "color")
# What a photo shows, left to right. r0 and r0-2 are two photos of one product.
THINGS: Mapping[str, tuple[str, ...]] = {
    "r0": ("red", "green"),
    "r0-2": ("green", "red"),
    "r1": ("blue", "yellow"),
    "r2": ("yellow", "red"),
    "r3": ("green", "blue"),
    "r4": ("blue", "red"),
    "r5": ("yellow", "green"),
    "s0": ("red",),
    "s1": ("green",),
    "s2": ("blue",),
    "nothing": (),
}


def photo(*colors: str) -> Image.Image:
    """Things of these colors, apart from each other before one wall; the first is a circle, the second a square."""
    image = Image.new("RGB", (240 * max(1, len(colors)), 260), (240, 240, 236))
    pen = ImageDraw.Draw(image)
    for number, color in enumerate(colors):
        place = (240 * number + 50, 60, 240 * number + 190, 200)
        (pen.rectangle if number else pen.ellipse)(place, fill=COLORS[color])
    return image


def png(image: Image.Image) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, "PNG")
    return buffer.getvalue()


def alone(color: str) -> bytes:
    """A product's own photo: the thing fills it."""
    return png(photo(color).crop((35, 45, 205, 215)))


def row(id: str) -> dict[str, str]:
    things = THINGS[id]
    return {
        "id": id,
        "product_id": id.removesuffix("-2"),
        "title": f"photo of {' and '.join(sorted(things)) or 'nothing'}",
        "image": f"{id}.png",
        "category": "room" if len(things) > 1 else "thing",
        "color": "|".join(sorted(things)),
    }


def catalogue(folder: Path, **images: bytes) -> Path:
    """All photos as a catalogue, and one product without a picture; ``images`` take the place of drawn ones."""
    folder.mkdir(parents=True, exist_ok=True)
    for id, things in THINGS.items():
        (folder / f"{id}.png").write_bytes(images.get(id) or png(photo(*things)))
    words = {**row("nothing"), "id": "words", "product_id": "words", "title": "words alone", "image": ""}
    return write(folder, [row(id) for id in THINGS] + [words])


def write(folder: Path, rows: list[dict[str, str]]) -> Path:
    path = folder / "catalogue.csv"
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, COLUMNS)
        writer.writeheader()
        writer.writerows(rows)
    return path
