"""Pictures with what is true of them: real clothing photos, real photos of other things, drawn products."""

from __future__ import annotations

import csv
import tarfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from tests.evaluation.clothing import NO_CLASS, TRAINED, mobilenet, write_catalogue
from training import data
from vision.demo import draw_catalogue
from vision.demo.vocabulary import FURNITURE

THINGS = "photos of things"
"""Name of a source whose pictures are too small to be a part of a scene."""
SEED = 11
"""Of the drawn products: another than the demo's 7, on whose pictures constants were chosen."""


@dataclass(frozen=True)
class Picture:
    """One picture and the truth about it.

    Attributes:
        id: its own.
        product: what it shows; real photos are each of a product of its own.
        file: where it is.
        kind: the class or true category that makes another one right.
        alike: what makes another one right by a closer look; empty where that is not known.
        listed: the attributes that the catalogue says, right or wrong.
    """

    id: str
    product: str
    file: Path
    kind: str
    alike: str = ""
    listed: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Source:
    """Pictures to index and pictures to ask with, of other people or other products.

    Attributes:
        name: for the tables.
        extractor: the specification.
        index: what is indexed.
        asked: what is asked; no product of it is indexed.
        maker: the attribute that says who is behind a product: its brand, or who took the photo.
        groups: names of kinds that are told apart in tables, if any are.
    """

    name: str
    extractor: str
    index: Sequence[Picture]
    asked: Sequence[Picture]
    maker: str
    groups: Mapping[str, frozenset[str]] = field(default_factory=dict)


def clothing(shared: Path, folder: Path, extractor: str | None) -> Source:
    """Clothing photos of 17 classes; nobody who took an indexed one took one that is asked."""
    index: list[Picture] = []
    asked: list[Picture] = []
    with write_catalogue(shared, folder).open(newline="", encoding="utf-8") as file:
        for row in csv.DictReader(file):
            if row["category"] not in NO_CLASS:
                listed = {"category": row["category"], "brand": f"by {row['sender']}"}
                picture = Picture(row["id"], row["id"], Path(row["image"]), row["category"], "", listed)
                (index if row["part"] == TRAINED else asked).append(picture)
    return Source("clothing photos", extractor or mobilenet(shared), index, asked, "brand")


def things(shared: Path, folder: Path) -> Source:
    """Photos of the 20 classes of Tiny ImageNet that compact was not trained on, by compact; 200 of each indexed."""
    with tarfile.open(shared / "data/tiny-imagenet/train-250.tar.xz", "r:xz") as archive:
        files = {
            member.name: stream.read()
            for member in archive
            if member.name.endswith(".JPEG") and (stream := archive.extractfile(member)) is not None
        }
    kinds = data.unseen_classes(sorted({name.split("/")[-2] for name in files}))
    pictures: list[Picture] = []
    for name in sorted(files):
        kind = name.split("/")[-2]
        if kind in kinds:
            id = f"{kind}-{Path(name).stem}"
            file = folder / f"{id}.jpg"
            file.write_bytes(files[name])
            pictures.append(Picture(id, id, file, kind, "", {"category": kind}))
    chosen = np.random.default_rng(SEED).permutation(len(pictures))
    index: list[Picture] = []
    asked: list[Picture] = []
    held = dict.fromkeys(kinds, 0)
    for number in chosen:
        picture = pictures[number]
        held[picture.kind] += 1
        (index if held[picture.kind] <= 200 else asked).append(picture)
    groups = {"furniture": frozenset(data.FURNITURE), "other things": frozenset(set(kinds) - set(data.FURNITURE))}
    return Source(THINGS, "compact", index, asked, "", groups)


def drawn(folder: Path, extractor: str, products: int, asked: int) -> Source:
    """Drawn products, fashion and furniture; what is right is decided by the truth behind the catalogue."""
    demo = draw_catalogue(folder, products=products + asked, seed=SEED, size=224)
    with demo.truth.open(newline="", encoding="utf-8") as file:
        truth = {row["product_id"]: row for row in csv.DictReader(file)}
    last = sorted(truth)[products - 1]
    indexed: list[Picture] = []
    others: list[Picture] = []
    with demo.catalogue.open(newline="", encoding="utf-8") as file:
        for row in csv.DictReader(file):
            product, true = row["product_id"], truth[row["product_id"]]
            listed = {name: row[name] for name in ("category", "color", "pattern", "material", "brand")}
            alike = f"{true['category']} {true['color']} {true['pattern']}"
            picture = Picture(row["id"], product, folder / row["image"], true["category"], alike, listed)
            (indexed if product <= last else others).append(picture)
    furniture = frozenset(FURNITURE)
    groups = {
        "fashion": frozenset({each.kind for each in indexed} - furniture),
        "furniture": furniture,
    }
    return Source("drawn products", extractor, indexed, others, "brand", groups)


def some(pictures: Sequence[Picture], count: int, seed: int = 0) -> list[Picture]:
    """At most ``count`` of them by chance, in their order."""
    if len(pictures) <= count:
        return list(pictures)
    chosen = np.sort(np.random.default_rng(seed).choice(len(pictures), count, replace=False))
    return [pictures[row] for row in chosen]


def of_each(pictures: Sequence[Picture], count: int, seed: int = 0) -> list[Picture]:
    """All pictures of at most ``count`` products of each kind by chance."""
    products: dict[str, list[str]] = {}
    for product, kind in sorted({(picture.product, picture.kind) for picture in pictures}):
        products.setdefault(kind, []).append(product)
    random = np.random.default_rng(seed)
    kept = {name for each in products.values() for name in random.permutation(each)[:count].tolist()}
    return [picture for picture in pictures if picture.product in kept]
