"""Cropped queries: a shopper's box, and detectors, on things that are small in the photo or fill it."""

from __future__ import annotations

import io
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from random import Random
from typing import Any

import numpy as np
from PIL import Image

from benchmarks.features.shop import COLUMNS, Scores, Shop, Yard
from benchmarks.features.sources import Picture, Source, some
from benchmarks.report import Table, progress
from vision import images
from vision.demo import backdrops
from vision.detect import WHOLE, Box

AFAR = 0.4
"""Side of the thing's photo, as a part of the scene's."""
LOOSE = 0.15
"""How far each edge of a shopper's loose box is off, at most, as a part of the thing's side."""


@dataclass(frozen=True)
class Scene:
    """A photo as a file, and where the thing is in it."""

    data: bytes
    box: Box


def run(yard: Yard, sources: Sequence[Source], queries: int, detectors: Mapping[str, str]) -> Sequence[Table]:
    """The whole photo against boxes, each in one search with ``crop`` or ``detect``."""
    tables = []
    for source in sources:
        asked = some(source.asked, queries)
        with yard.shop(source.index, source.extractor) as shop:
            tables.append(_compared(shop, source, asked, detectors))
    return tables


def _compared(shop: Shop, source: Source, asked: Sequence[Picture], detectors: Mapping[str, str]) -> Table:
    table = Table(
        f"crop and detect: {source.name}, {len(asked)} asked, {shop.products():,} products indexed whole",
        ("photo", "searched by", *COLUMNS, "overlap", "nothing found"),
    )
    finding = {name: shop.with_finder(specification) for name, specification in detectors.items()}
    random = np.random.default_rng(0)
    scenes: Mapping[str, Callable[[Picture], Scene]] = {
        "as it is": lambda picture: Scene(picture.file.read_bytes(), WHOLE),
        f"at {AFAR:.0%} of its side on a plain wall": lambda picture: afar(picture, random, room=False),
        f"at {AFAR:.0%} of its side in a drawn room": lambda picture: afar(picture, random, room=True),
    }
    for photo, draw in scenes.items():
        progress(f"{source.name} {photo}")
        ways: dict[str, Scores] = {}
        overlaps: dict[str, list[float]] = {}
        missed = dict.fromkeys(finding, 0)

        def add(name: str, at: Shop, members: dict[str, Any], picture: Picture, scene: Scene) -> None:
            found, ranked = at.ranked(members, scene.data)
            ways.setdefault(name, Scores()).add(ranked, at.right(picture))  # noqa: B023
            box = found.region.box if found.region is not None else members.get("crop", WHOLE)
            overlaps.setdefault(name, []).append(overlap(box, scene.box))  # noqa: B023
            if found.region is not None and found.region.label is None:
                missed[name] += 1  # noqa: B023

        for picture in asked:
            scene = draw(picture)
            add("all of it", shop, {}, picture, scene)
            if scene.box != WHOLE:
                add("crop: the box", shop, {"crop": list(scene.box)}, picture, scene)
                add("crop: a loose box", shop, {"crop": list(loosened(scene.box, random))}, picture, scene)
            for name, other in finding.items():
                add(name, other, {"detect": True}, picture, scene)
        for name, scores in ways.items():
            known = f"{np.mean(overlaps[name]):.2f}" if photo != "as it is" else "-"
            table.add(photo, name, *scores.cells(ways["all of it"]), known, missed.get(name))
    table.notes += [
        f"a loose box: each edge up to {LOOSE:.0%} of the thing's side off",
        f"{COLUMNS[2]}: over all of the same photo, ± two standard errors; where nothing is found, all is searched by",
    ]
    return table


def afar(picture: Picture, random: np.random.Generator, *, room: bool) -> Scene:
    """A photo as a small part of a larger one of the same size."""
    image = images.decode(picture.file.read_bytes())
    side = max(image.size)
    if room:
        drawer = Random(int(random.integers(2**31)))
        behind = backdrops.room(side, drawer, drawer.uniform(0.52, 0.6)).crop((0, 0, *image.size))
    else:
        behind = Image.new("RGB", image.size, tuple(int(channel) for channel in random.integers(190, 246, 3)))
    width, height = (max(1, round(AFAR * each)) for each in image.size)
    left, top = int(random.integers(image.width - width + 1)), int(random.integers(image.height - height + 1))
    behind.paste(image.resize((width, height), Image.Resampling.BILINEAR), (left, top))
    stream = io.BytesIO()
    behind.save(stream, "JPEG", quality=92)
    box = (left / image.width, top / image.height, width / image.width, height / image.height)
    return Scene(stream.getvalue(), box)


def loosened(box: Box, random: np.random.Generator) -> Box:
    """A box as somebody in a hurry draws it."""
    left, top, width, height = box
    moved = random.uniform(-LOOSE, LOOSE, 4)
    x0, y0 = max(0.0, left + moved[0] * width), max(0.0, top + moved[1] * height)
    x1, y1 = min(1.0, left + width + moved[2] * width), min(1.0, top + height + moved[3] * height)
    return float(x0), float(y0), float(x1 - x0), float(y1 - y0)


def overlap(one: Sequence[float], other: Sequence[float]) -> float:
    """Intersection over union of two boxes."""
    width = min(one[0] + one[2], other[0] + other[2]) - max(one[0], other[0])
    height = min(one[1] + one[3], other[1] + other[3]) - max(one[1], other[1])
    both = max(0.0, width) * max(0.0, height)
    return both / (one[2] * one[3] + other[2] * other[3] - both)


def detectors(shared: Path | None) -> Mapping[str, str]:
    """Specifications of those that run here, by the name of their row."""
    found = {"detect: saliency": "saliency"}
    if shared is not None:
        found["detect: yolox, nano"] = f"yolox:{shared / 'models/yolox_nano.onnx'}"
    return found
