"""What the trained file is worth: quality on what it was not trained on, beside other extractors, and speed."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from training import data, prepare
from vision import extractors
from vision.embedding import open_picture
from vision.evaluation import label_quality
from vision.evaluation.timing import interleaved
from vision.extractors import Extractor, canonical
from vision.extractors.base import batches, file_hash

_ROUNDS = 40
_BATCH = 16


@dataclass(frozen=True)
class Gallery:
    """Photos that are ranked among each other, each opened for an extractor as the product does it."""

    name: str
    open: Sequence[Callable[[Extractor], Image.Image]]
    labels: Sequence[str]


def galleries(shared: Path, work: Path) -> tuple[Gallery, Gallery, Gallery]:
    """Clothes that were trained on, clothes that were not, and the unseen classes of Tiny ImageNet."""
    folder = shared / "data/clothing"
    names, labels, senders, classes = data.clothing_rows(folder)
    tiny = prepare.load_photos(work, "tiny")
    parts = data.split(labels, senders)

    def photographed(name: str, chosen: Any) -> Gallery:
        kept = np.flatnonzero(chosen & (labels >= 0))
        files = [folder / "images" / f"{names[row]}.jpg" for row in kept]
        return Gallery(name, [partial(_photo, file) for file in files], [classes[labels[row]] for row in kept])

    unseen = np.flatnonzero(np.isin(tiny.groups, data.unseen_classes(tiny.classes)))[::5]
    small = [partial(_drawn, tiny.pixels[row]) for row in unseen]
    return (
        photographed("clothing, trained on", parts.train),
        photographed("clothing, kept aside", parts.report),
        Gallery("Tiny ImageNet, unseen classes", small, [tiny.groups[row] for row in unseen]),
    )


def quality(gallery: Gallery, extractor: Extractor) -> dict[str, float]:
    """MAP, P@10 and MRR of the same class, every photo a query."""
    vectors = np.concatenate(
        [extractor.extract([open(extractor) for open in part]) for part in batches(gallery.open, 32)]
    )
    found = label_quality(vectors, gallery.labels)
    return {"map": round(found.map, 4), "p@10": round(found.precision, 4), "mrr": round(found.mrr, 4)}


def speed(loaded: Mapping[str, Extractor]) -> dict[str, dict[str, float]]:
    """Pictures a second, one by one and in batches of 16, in turns; decoded pictures of 320 x 256."""
    picture = canonical.picture()
    found: dict[str, dict[str, float]] = {name: {} for name in loaded}
    for label, count, rounds in (("single", 1, _ROUNDS), (f"batch of {_BATCH}", _BATCH, max(4, _ROUNDS // 5))):
        ways = {name: partial(_extract, each, [picture] * count) for name, each in loaded.items()}
        for name, times in interleaved(ways, range(rounds)).items():
            found[name][label] = round(1000 * count / times.p50, 1)
    return found


def write(shared: Path, work: Path, name: str, model: Path, target: Path) -> dict[str, Any]:
    """The report of the run ``name``, whose exported file is ``model``."""
    named = {
        "compact": f"onnx:{model}",
        "histogram": "histogram",
        "MobileNetV2 int8, the teacher": f"tflite:{shared / prepare.TEACHER}",
    }
    loaded = {label: extractors.load(specification) for label, specification in named.items()}
    measured = {
        gallery.name: {"photos": len(gallery.labels), "classes": len(set(gallery.labels))}
        | {label: quality(gallery, each) for label, each in loaded.items()}
        for gallery in galleries(shared, work)
    }
    rates = speed(loaded | {"InceptionV3": extractors.load("inception_v3", weights="random:0")})
    sources = {source: prepare.load_photos(work, source) for source in ("clothing", "tiny")}
    found = {
        "model": {"bytes": model.stat().st_size, "sha256": file_hash(model), "dims": loaded["compact"].info.dims},
        "trained on": {source: {"photos": len(each), "sha256": data.digest(each)} for source, each in sources.items()},
        "teacher sha256": file_hash(shared / prepare.TEACHER),
        "quality": measured,
        "pictures a second": rates,
        "times InceptionV3": {
            way: round(rates["compact"][way] / rates["InceptionV3"][way], 1) for way in rates["compact"]
        },
        "stages": [json.loads((work / name / f"{stage}.json").read_text()) for stage in ("small", "large")],
        "epochs": {
            stage: [json.loads(line) for line in (work / name / f"{stage}.jsonl").read_text().splitlines()]
            for stage in ("small", "large")
        },
    }
    target.write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")
    return found


def _photo(path: Path, extractor: Extractor) -> Image.Image:
    return open_picture(path.read_bytes(), extractor)


def _drawn(pixels: data.Pixels, extractor: Extractor) -> Image.Image:
    return Image.fromarray(pixels)


def _extract(extractor: Extractor, images: list[Image.Image], number: int) -> object:
    return extractor.extract(images)
