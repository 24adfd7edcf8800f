"""The shared folder's clothing photos as a catalogue, for tests and benchmarks."""

from __future__ import annotations

import csv
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from training import data

NO_CLASS = ("Not sure", "Other", "Skip")
"""Labels that say nothing about what is to be seen."""


def mobilenet(shared: Path) -> str:
    """MobileNetV2 as an extractor's specification."""
    return f"tflite:{shared / 'models/tf2_mobilenet_v2_1.0_224_ptq.tflite'}"


TRAINED, OWN, ASKED = "trained", "own", "asked"
"""Parts of the photos: what compact was trained on; of the others, some people's to fine-tune on, and the rest."""


def write_catalogue(shared: Path, folder: Path, only: Sequence[str] = ()) -> Path:
    """``clothing.csv`` below ``folder``, each photo with its class as the category.

    The column ``part`` is empty for photos without a class; ``only`` leaves all but some parts out.
    """
    parts = _parts(shared / "data/clothing")
    with (shared / "data/clothing/images.csv").open(newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    path = folder / "clothing.csv"
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(("id", "title", "image", "category", "sender", "kids", "part"))
        for row in rows:
            part = "" if row["label"] in NO_CLASS else parts[row["image"]]
            if only and part not in only:
                continue
            photo = shared / "data/clothing/images" / f"{row['image']}.jpg"
            title = f"{row['label']} {row['sender_id']}"
            writer.writerow((row["image"], title, photo, row["label"], row["sender_id"], row["kids"], part))
    return path


def _parts(folder: Path) -> dict[str, str]:
    """By the photo's name; nobody's photos are in two parts."""
    names, labels, senders, _ = data.clothing_rows(folder)
    aside = data.split(labels, senders).report
    own = data.by_sender(labels[aside], senders[aside], 0.5, seed=9)
    parts = np.full(len(names), TRAINED, dtype=object)
    parts[aside] = np.where(own, OWN, ASKED)
    return dict(zip(names, parts.tolist(), strict=True))
