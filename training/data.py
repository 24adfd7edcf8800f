"""The photos that ``compact`` is trained on, as arrays, and the splits that keep some of them aside."""

from __future__ import annotations

import csv
import hashlib
import tarfile
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from vision.images import decode, to_array

Pixels = NDArray[np.uint8]

CLOTHING_SIDE = 192
TINY_SIDE = 64
NO_CLASS = ("Not sure", "Other", "Skip")
FURNITURE = ("n03179701", "n03201208", "n04099969")
"""Desk, dining table and rocking chair: with every eleventh other class, what training never sees."""
UNSEEN = 20


@dataclass(frozen=True)
class Photos:
    """Pictures of one source, all of one size, with their classes.

    Attributes:
        pixels: (n, side, side, 3).
        labels: (n,) index into ``classes``; -1 where the label is no class.
        groups: (n,) who took it, or which class folder it came from: what a split must keep together.
    """

    name: str
    pixels: Pixels
    labels: NDArray[np.int64]
    groups: NDArray[np.str_]
    classes: tuple[str, ...]

    def take(self, rows: NDArray[np.intp] | NDArray[np.bool_]) -> Photos:
        """Some of them."""
        return Photos(self.name, self.pixels[rows], self.labels[rows], self.groups[rows], self.classes)

    def __len__(self) -> int:
        """How many."""
        return len(self.pixels)


def clothing(folder: Path) -> Photos:
    """The clothing photos of ``folder`` (``images.csv`` and ``images``), stretched to 192 x 192."""
    names, labels, senders, classes = clothing_rows(folder)
    with ThreadPoolExecutor() as pool:
        read = pool.map(lambda name: _square(folder / "images" / f"{name}.jpg", CLOTHING_SIDE), names)
        pixels = np.stack(list(read))
    return Photos("clothing", pixels, labels, senders, classes)


def clothing_rows(folder: Path) -> tuple[list[str], NDArray[np.int64], NDArray[np.str_], tuple[str, ...]]:
    """Names of the clothing photos, (n,) numbers of their classes or -1, (n,) senders, and the classes."""
    with (folder / "images.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    classes = tuple(sorted({row["label"] for row in rows} - set(NO_CLASS)))
    labels = np.array([classes.index(row["label"]) if row["label"] in classes else -1 for row in rows])
    return [row["image"] for row in rows], labels, np.array([row["sender_id"] for row in rows]), classes


def tiny_imagenet(archive: Path) -> Photos:
    """Tiny ImageNet's training photos, 64 x 64, from an archive of ``WNID/NAME.JPEG``."""
    pixels: list[Pixels] = []
    groups: list[str] = []
    for wnid, data in sorted(_members(archive)):
        pixels.append(np.asarray(Image.open(BytesIO(data)).convert("RGB"), dtype=np.uint8))
        groups.append(wnid)
    classes = tuple(sorted(set(groups)))
    index = {wnid: number for number, wnid in enumerate(classes)}
    labels = np.array([index[wnid] for wnid in groups])
    return Photos("tiny-imagenet", np.stack(pixels), labels, np.array(groups), classes)


def unseen_classes(classes: Sequence[str]) -> tuple[str, ...]:
    """The 20 classes that training leaves out: the furniture, and every eleventh of the others, by WNID."""
    others = sorted(set(classes) - set(FURNITURE))
    return tuple(sorted((*FURNITURE, *others[::11][: UNSEEN - len(FURNITURE)])))


@dataclass(frozen=True)
class Split:
    """Which photos a recipe is chosen on, which its figures are of, and which are trained on: masks of shape (n,)."""

    tune: NDArray[np.bool_]
    report: NDArray[np.bool_]

    @property
    def train(self) -> NDArray[np.bool_]:
        """All but those that the figures are of: once the recipe is chosen, the others teach too."""
        return ~self.report


def split(labels: NDArray[np.int64], groups: NDArray[np.str_]) -> Split:
    """About a fifth to choose a recipe on, another fifth to report, by sender: nobody's photos are in both.

    Args:
        labels: (n,) numbers of classes; -1 for none.
        groups: (n,) who took the photo.
    """
    tune = by_sender(labels, groups, 0.22, seed=7)
    others = np.flatnonzero(~tune)
    report = np.zeros(len(labels), dtype=bool)
    report[others[by_sender(labels[others], groups[others], 0.28, seed=8)]] = True
    return Split(tune, report)


def by_sender(
    labels: NDArray[np.int64], groups: NDArray[np.str_], part: float, seed: int, tries: int = 400
) -> NDArray[np.bool_]:
    """Rows kept aside for validation, all of a sender's or none: about ``part`` of each class.

    Of ``tries`` random choices of senders, the one whose classes come nearest to ``part``.
    """
    random = np.random.default_rng(seed)
    senders = np.unique(groups)
    usable = labels >= 0
    classes = int(labels.max()) + 1
    wanted = part * np.bincount(labels[usable], minlength=classes)
    best, chosen = np.inf, np.zeros(len(labels), dtype=bool)
    for _ in range(tries):
        order = random.permutation(senders)
        sizes = np.cumsum([(groups == sender).sum() for sender in order])
        aside = np.isin(groups, order[: int(np.searchsorted(sizes, part * len(labels))) + 1])
        counts = np.bincount(labels[usable & aside], minlength=classes)
        off = float((np.abs(counts - wanted) / np.sqrt(wanted + 1)).sum())
        if off < best:
            best, chosen = off, aside
    return chosen


def digest(photos: Photos) -> str:
    """SHA-256 over pixels and labels: which data a model was trained on."""
    found = hashlib.sha256(np.ascontiguousarray(photos.pixels).data)
    found.update(photos.labels.astype("<i8").tobytes())
    return found.hexdigest()


def _square(path: Path, side: int) -> Pixels:
    image = decode(path.read_bytes())
    return np.asarray(to_array(image, (side, side)), dtype=np.uint8)


def _members(archive: Path) -> Iterator[tuple[str, bytes]]:
    with tarfile.open(archive) as opened:
        for member in opened:
            file = opened.extractfile(member) if member.isfile() and member.name.endswith(".JPEG") else None
            if file is not None:
                yield Path(member.name).parent.name, file.read()
