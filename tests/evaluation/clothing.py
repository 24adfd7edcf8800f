"""The shared folder's clothing photos as a catalogue, for tests and benchmarks."""

from __future__ import annotations

import csv
from pathlib import Path

NO_CLASS = ("Not sure", "Other", "Skip")
"""Labels that say nothing about what is to be seen."""


def mobilenet(shared: Path) -> str:
    """MobileNetV2 as an extractor's specification."""
    return f"tflite:{shared / 'models/tf2_mobilenet_v2_1.0_224_ptq.tflite'}"


def write_catalogue(shared: Path, folder: Path) -> Path:
    """``clothing.csv`` below ``folder``, each photo with its class as the category."""
    with (shared / "data/clothing/images.csv").open(newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    path = folder / "clothing.csv"
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(("id", "title", "image", "category", "sender", "kids"))
        for row in rows:
            photo = shared / "data/clothing/images" / f"{row['image']}.jpg"
            title = f"{row['label']} {row['sender_id']}"
            writer.writerow((row["image"], title, photo, row["label"], row["sender_id"], row["kids"]))
    return path
