"""Sixty drawn products whose shapes a histogram tells apart, with known gaps, known faults and one product twice."""

from __future__ import annotations

import csv
import shutil
from pathlib import Path

from tests.api.shop import COLOURS, SHAPES, Shop, draw, index
from vision.catalog.ingest import IndexOptions
from vision.settings import Settings

COLLECTION = "pages-wares"
SIZES = (1, 2, 3)
WRONG = {"red-square-1": "stripes", "green-triangle-2": "square"}
"""What is written about the category of these."""
ROUND = ("circle", "ring")
WITHOUT = tuple(f"yellow-{shape}-{size}" for shape in SHAPES for size in (1, 2))
"""These have no outline."""
LONG = "a-value-of-forty-characters-without-gaps"
COLUMNS = ("id", "title", "image", "category", "color", "outline", "theme", "finish", "season")


def index_wares(solr_url: str, folder: Path) -> Shop:
    """Draw and index them; ``theme``, ``finish`` and ``season`` are known of one product each."""
    settings = Settings(home=folder / "home", solr_url=solr_url, collection=COLLECTION)
    (folder / "images").mkdir()
    with (folder / "catalogue.csv").open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, COLUMNS)
        writer.writeheader()
        for color in COLOURS:
            for shape in SHAPES:
                for size in SIZES:
                    id = f"{color}-{shape}-{size}"
                    draw(color, shape, size).save(folder / "images" / f"{id}.jpg")
                    writer.writerow(
                        {
                            "id": id,
                            "title": f"{color} {shape} {size}",
                            "image": f"images/{id}.jpg",
                            "category": WRONG.get(id, shape),
                            "color": color,
                            "outline": "" if id in WITHOUT else "round" if shape in ROUND else "straight",
                            "theme": LONG if id == "blue-stripes-1" else "",
                            "finish": "matt" if id == "blue-stripes-2" else "",
                            "season": "winter" if id == "blue-stripes-3" else "",
                        }
                    )
        shutil.copy(folder / "images" / "blue-ring-1.jpg", folder / "images" / "twin.jpg")
        writer.writerow({"id": "twin", "title": "the same ring", "image": "images/twin.jpg", "category": "ring"})
    index(settings, folder / "catalogue.csv", IndexOptions())
    return Shop(settings, folder)
