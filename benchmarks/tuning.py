"""What fine-tuning `compact` gains on kinds of things that it was not trained on: 20 classes of Tiny ImageNet.

Needs VISUAL_SEARCH_SHARED. A fifth of the classes' 5,000 photos is asked, before and after; of the others half are what
`visual-search models finetune` gets. Minutes.
"""

from __future__ import annotations

import csv
import tempfile
from collections.abc import Sequence
from pathlib import Path

import click
import numpy as np
from PIL import Image

from benchmarks.recall import shared_folder
from benchmarks.report import Table, emit
from training import data
from training.data import Photos
from vision import extractors
from vision.console import progress_bars
from vision.evaluation import label_quality
from vision.finetuning.session import Asked, finetune
from vision.settings import Settings


def run(shared: Path, epochs: int) -> Sequence[Table]:
    """Fine-tune, and rank the photos that were asked among each other before and after."""
    photos = data.tiny_imagenet(shared / "data/tiny-imagenet/train-250.tar.xz")
    unseen = photos.take(np.isin(photos.groups, data.unseen_classes(photos.classes)))
    rows = np.arange(len(unseen))
    asked, own = unseen.take(rows % 5 == 0), unseen.take(np.isin(rows % 5, (1, 3)))
    with tempfile.TemporaryDirectory() as name, progress_bars({"train": "fine-tuning"}) as progress:
        folder = Path(name)
        wanted = Asked(_catalogue(own, folder), "compact", "category", epochs=epochs, out=folder / "tuned.onnx")
        tuned = finetune(Settings.from_environment(), wanted, progress)
        table = Table(
            f"{len(asked):,} photos of {len(set(asked.groups))} classes that compact never saw; fine-tuned on "
            f"{len(own):,} others in {tuned.seconds:.0f} s",
            ("extractor", "mAP", "P@10", "MRR"),
        )
        for label, specification in (("compact", "compact"), ("compact, fine-tuned", tuned.specification)):
            if specification is not None:
                found = _quality(specification, asked)
                table.add(label, *(f"{value:.4f}" for value in found))
    return [table]


def _catalogue(photos: Photos, folder: Path) -> Path:
    path = folder / "catalogue.csv"
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(("id", "title", "image", "category"))
        for number, (pixels, group) in enumerate(zip(photos.pixels, photos.groups, strict=True)):
            Image.fromarray(pixels).save(folder / f"{number}.png")
            writer.writerow((f"t{number}", "thing", f"{number}.png", group))
    return path


def _quality(specification: str, photos: Photos) -> tuple[float, float, float]:
    extractor = extractors.load(specification)
    pictures = [Image.fromarray(pixels) for pixels in photos.pixels]
    found = label_quality(extractor.extract(pictures), list(photos.groups))
    return found.map, found.precision, found.mrr


@click.command(help=__doc__)
@click.option("--epochs", default=8, show_default=True, help="Of the fine-tuning, at most.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def main(epochs: int, as_json: bool) -> None:
    shared = shared_folder()
    if shared is None:
        raise click.ClickException("needs real photos: set VISUAL_SEARCH_SHARED to their folder")
    emit("tuning", run(shared, epochs), as_json=as_json)


if __name__ == "__main__":
    main()
