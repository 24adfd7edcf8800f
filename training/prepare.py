"""Everything that is computed once before training: photos as arrays, views, and what the teacher says of each."""

from __future__ import annotations

import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from training import data
from training.data import Photos
from training.views import Views, cut, draw
from vision import extractors

SEED = 20_26
CLOTHING_VIEWS = 16
TINY_VIEWS = 8
TEACHER = "models/tf2_mobilenet_v2_1.0_224_ptq.tflite"


@dataclass(frozen=True)
class Source:
    """Photos, their views, and the teacher's (n, views, 1280) float16 features of each view."""

    photos: Photos
    views: Views
    teacher: NDArray[np.float16]


def prepare(shared: Path, work: Path, say: Callable[[str], None]) -> None:
    """Fill the work folder; what is there already is kept."""
    work.mkdir(parents=True, exist_ok=True)
    name = f"tflite:{shared / TEACHER}"
    for source, count, smallest in (("clothing", CLOTHING_VIEWS, 0.35), ("tiny", TINY_VIEWS, 0.5)):
        photos = _photos(source, shared, work)
        views = draw(len(photos), count, SEED, smallest)
        for view in range(count):
            file = work / f"{source}-teacher-{view:02}.npy"
            if not file.exists():
                say(f"{source}: teacher, view {view + 1} of {count}")
                _write(file, _teach(name, photos, views, view))


def load(work: Path, source: str) -> Source:
    """What :func:`prepare` wrote of ``clothing`` or ``tiny``."""
    photos = load_photos(work, source)
    count, smallest = (CLOTHING_VIEWS, 0.35) if source == "clothing" else (TINY_VIEWS, 0.5)
    teacher = np.stack([np.load(work / f"{source}-teacher-{view:02}.npy") for view in range(count)], axis=1)
    return Source(photos, draw(len(photos), count, SEED, smallest), teacher)


def load_photos(work: Path, source: str) -> Photos:
    """The photos of ``clothing`` or ``tiny`` alone."""
    return _read(work / f"{source}.npz")


def _photos(source: str, shared: Path, work: Path) -> Photos:
    file = work / f"{source}.npz"
    if not file.exists():
        if source == "clothing":
            photos = data.clothing(shared / "data/clothing")
        else:
            photos = data.tiny_imagenet(shared / "data/tiny-imagenet/train-250.tar.xz")
        aside = file.with_suffix(".part.npz")
        np.savez(
            aside,
            name=photos.name,
            pixels=photos.pixels,
            labels=photos.labels,
            groups=photos.groups,
            classes=np.array(photos.classes),
        )
        aside.replace(file)
    return _read(file)


def _read(file: Path) -> Photos:
    with np.load(file) as kept:
        return Photos(
            str(kept["name"]),
            kept["pixels"],
            kept["labels"],
            kept["groups"],
            tuple(str(each) for each in kept["classes"]),
        )


def _teach(name: str, photos: Photos, views: Views, view: int) -> NDArray[np.float16]:
    """(n, 1280): one teacher for each core, each with its share of the photos."""
    workers = os.cpu_count() or 1

    def some(rows: NDArray[np.intp]) -> NDArray[np.float16]:
        teacher = extractors.load(name)
        parts = []
        for row in rows:
            image = cut(photos.pixels[row], views.boxes[row, view], bool(views.mirrored[row, view]))
            parts.append(teacher.extract([image])[0].astype(np.float16))
        return np.stack(parts)

    with ThreadPoolExecutor(workers) as pool:
        return np.concatenate(list(pool.map(some, np.array_split(np.arange(len(photos)), workers))))


def _write(file: Path, values: NDArray[np.float16]) -> None:
    aside = file.with_suffix(".part.npy")
    np.save(aside, values)
    aside.replace(file)
