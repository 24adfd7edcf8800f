"""Detectors: where they find drawn products, what they cost, and whether their crops help on real clothing photos.

On the demo catalogue, whose boxes are known, always; with VISUAL_SEARCH_SHARED also YOLOX there, and mAP and P@10 of
MobileNetV2's features of real photos: whole, and cropped to each detector's default region, every photo a query once.
`pip install opencv-python-headless` for --grabcut.
"""

from __future__ import annotations

import csv
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import click
import numpy as np
from numpy.typing import NDArray
from PIL import Image

from benchmarks.grabcut import GrabCut
from benchmarks.recall import shared_folder
from benchmarks.regions import run as run_regions
from benchmarks.report import Table, emit, progress
from tests.evaluation.clothing import NO_CLASS, mobilenet, write_catalogue
from vision import detect, extractors, images
from vision.demo.picture import backdrop, draw_picture, product_box
from vision.demo.product import sample_product
from vision.detect import WHOLE, Box, Detector, Finder, Region
from vision.detect.choice import ordered
from vision.errors import ModelUnavailable
from vision.evaluation import average_precision, label_quality, precision_at_k, squared_distances

# Another one than the demo's 7, on whose pictures the constants of saliency were chosen.
_SEED = 11
_AFAR = 0.4
_BACKDROPS = ("paper", "colored", "room")
# What a shop of clothes would drop: COCO has no clothes, and knows what they lie on and who wears them.
_DROPPED = "YOLOX-nano, accessories only"
_KEPT = {"tie", "handbag", "backpack", "umbrella", "suitcase"}


@dataclass
class Way:
    """One way to crop: its regions, what they cost, and the features of what is left."""

    find: Callable[[Image.Image], Sequence[Region]]
    found: Sequence[Region] = ()
    seconds: list[float] = field(default_factory=list)
    labels: Counter[str] = field(default_factory=Counter)
    features: list[NDArray[np.float32]] = field(default_factory=list)

    def box(self, image: Image.Image) -> Box | None:
        """The default region's box, timed."""
        began = time.perf_counter()
        self.found = ordered(self.find(image))
        self.seconds.append(time.perf_counter() - began)
        if not self.found:
            return None
        self.labels[self.found[0].label] += 1
        return self.found[0].box

    @property
    def milliseconds(self) -> float:
        """Median of a photo."""
        return 1000 * float(np.median(self.seconds))


def detectors(shared: Path | None, *, grabcut: bool) -> Mapping[str, Detector]:
    """Those that run here."""
    found: dict[str, Detector] = {"saliency": detect.load("saliency")}
    if grabcut:
        found["GrabCut (OpenCV)"] = GrabCut()
    if shared is not None:
        try:
            found["YOLOX-nano"] = detect.load(f"yolox:{shared / 'models/yolox_nano.onnx'}")
        except ModelUnavailable as error:
            progress(f"YOLOX is left out: {error}")
    return found


def finders(shared: Path | None) -> Mapping[str, Finder]:
    """The same, as an index would use them."""
    found = {"saliency": Finder("saliency")}
    if shared is not None:
        found["YOLOX-nano"] = Finder(f"yolox:{shared / 'models/yolox_nano.onnx'}")
    return {f"with regions by {name}": finder for name, finder in found.items()}


def drawn(loaded: Mapping[str, Detector], products: int) -> Table:
    """How well the default region is where the product was drawn, by what is behind it."""
    progress(f"drawing {products} products")
    ways = {name: Way(detector.detect) for name, detector in loaded.items()}
    overlaps: dict[tuple[str, str], list[float]] = {}
    missed: Counter[str] = Counter()
    counts: Counter[str] = Counter()
    for number in range(1, products + 1):
        product = sample_product(_SEED, number)
        for view in range(product.views):
            image, behind = draw_picture(product, view, _SEED, 320), backdrop(product, view, _SEED)
            truth = product_box(product, view, _SEED)
            counts[behind] += 1
            overlaps.setdefault(("the whole picture", behind), []).append(_overlap(WHOLE, truth))
            for name, way in ways.items():
                box = way.box(image)
                missed[name] += box is None
                overlaps.setdefault((name, behind), []).append(_overlap(box or WHOLE, truth))
    named = tuple(f"{behind} ({counts[behind]})" for behind in _BACKDROPS)
    title = f"{sum(counts.values())} drawn pictures of 320 x 320: overlap (IoU) of the default region with the product"
    table = Table(title, ("detector", *named, "all", "over .5", "nothing found", "p50 ms"))
    for name in ("the whole picture", *ways):
        every = np.concatenate([overlaps[name, behind] for behind in _BACKDROPS if (name, behind) in overlaps])
        means = [f"{np.mean(overlaps[name, behind]):.3f}" if counts[behind] else "-" for behind in _BACKDROPS]
        cost = ways[name].milliseconds if name in ways else None
        table.add(name, *means, f"{every.mean():.3f}", f"{(every > 0.5).mean():.3f}", missed[name], cost)
    return table


def photographed(shared: Path, loaded: Mapping[str, Detector], photos: int | None) -> Sequence[Table]:
    """Quality of whole photos against crops: everything is cropped by the same detector, as an index would be."""
    extractor = extractors.load(mobilenet(shared))
    paths, classes = _labelled(shared, photos)
    ways = {"whole photo": Way(lambda image: ())} | {name: Way(each.detect) for name, each in loaded.items()}
    if "YOLOX-nano" in loaded:
        # It comes after: what was found in this photo is still there.
        yolox = ways["YOLOX-nano"]
        ways[_DROPPED] = Way(lambda image: [region for region in yolox.found if region.label in _KEPT])
    afar = {"whole photo": Way(lambda image: ())} | {name: Way(each.detect) for name, each in loaded.items()}
    random = np.random.default_rng(0)
    for number, path in enumerate(paths, start=1):
        image = images.decode(path.read_bytes())
        whole = extractor.extract([image])[0]
        for way in ways.values():
            box = way.box(image)
            way.features.append(whole if box is None else extractor.extract([images.crop(image, box)])[0])
        far = _from_afar(image, random)
        for way in afar.values():
            box = way.box(far)
            way.features.append(extractor.extract([far if box is None else images.crop(far, box)])[0])
        if number % 200 == 0:
            progress(f"{number:,} of {len(paths):,} photos")
    matrices = {name: np.stack(way.features) for name, way in ways.items()}
    title = f"{len(paths):,} real photos of {len(set(classes))} classes, MobileNetV2: same class is right"
    columns = ("crop", "mAP", "P@10", "photos cropped", "p50 ms", "what was cropped to")
    table = Table(title, columns)
    for name, way in ways.items():
        quality = label_quality(matrices[name], classes)
        told = ", ".join(f"{label} {count:,}" for label, count in way.labels.most_common(4))
        cost = way.milliseconds if name in loaded else None
        table.add(name, f"{quality.map:.4f}", f"{quality.precision:.4f}", way.labels.total(), cost, told or "-")
    table.notes.append("photos in which nothing was found are taken whole")
    query = Table("The same, only the query cropped: an index of whole photos", ("crop", "mAP", "P@10"))
    whole_photos = matrices["whole photo"]
    for name, features in matrices.items():
        scores = _asymmetric(features, whole_photos, classes)
        query.add(name, *(f"{score:.4f}" for score in scores))
    small = Table(f"The same from further away: queries at {_AFAR:.0%} of their side on a plain wall", query.columns)
    for name, way in afar.items():
        scores = _asymmetric(np.stack(way.features), whole_photos, classes)
        small.add(name, *(f"{score:.4f}" for score in scores))
    return table, query, small


def _from_afar(image: Image.Image, random: np.random.Generator) -> Image.Image:
    """A photo as a small part of a larger one of the same size: somewhere on a wall of a light color."""
    wall = Image.new("RGB", image.size, tuple(int(channel) for channel in random.integers(190, 246, 3)))
    width, height = max(1, round(image.width * _AFAR)), max(1, round(image.height * _AFAR))
    left, top = random.integers(image.width - width + 1), random.integers(image.height - height + 1)
    wall.paste(image.resize((width, height), Image.Resampling.BILINEAR), (int(left), int(top)))
    return wall


def _asymmetric(
    queries: NDArray[np.float32], documents: NDArray[np.float32], classes: Sequence[str]
) -> tuple[float, float]:
    """MAP and P@10 of each query against all other documents."""
    _, numbers = np.unique(np.asarray(classes), return_inverse=True)
    maps, precisions = [], []
    for row, distances in enumerate(squared_distances(queries, documents)):
        order = np.argsort(distances, kind="stable")
        right = numbers[order[order != row]] == numbers[row]
        if right.any():
            maps.append(average_precision(right)[0])
            precisions.append(precision_at_k(right, 10)[0])
    return float(np.mean(maps)), float(np.mean(precisions))


def _labelled(shared: Path, photos: int | None) -> tuple[list[Path], list[str]]:
    """Photos that have a class, and their classes; a sample where that many are wanted."""
    with tempfile.TemporaryDirectory() as folder, write_catalogue(shared, Path(folder)).open(newline="") as file:
        rows = [row for row in csv.DictReader(file) if row["category"] not in NO_CLASS]
    if photos is not None and photos < len(rows):
        chosen = np.sort(np.random.default_rng(0).choice(len(rows), photos, replace=False))
        rows = [rows[row] for row in chosen]
    return [Path(row["image"]) for row in rows], [row["category"] for row in rows]


def _overlap(one: Box, other: Box) -> float:
    """Intersection over union."""
    width = min(one[0] + one[2], other[0] + other[2]) - max(one[0], other[0])
    height = min(one[1] + one[3], other[1] + other[3]) - max(one[1], other[1])
    shared = max(0.0, width) * max(0.0, height)
    return shared / (one[2] * one[3] + other[2] * other[3] - shared)


@click.command(help=__doc__)
@click.option("--products", default=160, show_default=True, help="Drawn products, of one to three pictures each.")
@click.option("--photos", type=int, help="Real photos; all of them if left out.")
@click.option("--grabcut", is_flag=True, help="Compare with OpenCV's GrabCut, which must be installed.")
@click.option(
    "--regions", type=int, help="Instead: so many photos of two drawn products each, indexed by their regions."
)
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def main(products: int, photos: int | None, grabcut: bool, regions: int | None, as_json: bool) -> None:
    shared = shared_folder()
    if regions is not None:
        emit("regions", run_regions(regions, finders(shared)), as_json=as_json)
        return
    loaded = detectors(shared, grabcut=grabcut)
    tables = [drawn(loaded, products)]
    if shared is not None:
        tables += photographed(shared, loaded, photos)
    emit("detect", tables, as_json=as_json)


if __name__ == "__main__":
    main()
